"""`subalign mux`: subtitles into a video, as tracks or burnt into its picture."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from subalign.cli import options as cli
from subalign.cli.arguments import subcommand
from subalign.cli.console import Session
from subalign.cli.messages import shown_warnings
from subalign.errors import UsageError

if TYPE_CHECKING:
    from subalign.pipeline.mux import SubtitleTrack

__all__ = ["mux"]

_Video = Annotated[
    str,
    typer.Argument(
        metavar="VIDEO", help="The video.", show_default=False, rich_help_panel="Arguments"
    ),
]
_Subtitles = Annotated[
    list[Path],
    typer.Argument(
        metavar="SUBTITLES",
        help="Subtitle files: .srt, .vtt, .ass or .ssa; each becomes a track, the first is shown.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]
_Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The new video: .mkv, .mp4, .m4v or .webm.",
        show_default=False,
        rich_help_panel="Results",
    ),
]
_Language = Annotated[
    list[str] | None,
    typer.Option(
        "--language",
        metavar="TAG",
        help="The language of a track: de, ger, german or pt-BR. Repeat it for each file in turn.",
        show_default="from names such as talk.de.srt",
        allow_from_autoenv=False,
        rich_help_panel="Tracks",
    ),
]
_Title = Annotated[
    list[str] | None,
    typer.Option(
        "--title",
        metavar="TEXT",
        help="What players call a track. Repeat it for each file in turn.",
        show_default=False,
        rich_help_panel="Tracks",
    ),
]
_Default = Annotated[
    bool,
    typer.Option(
        "--default/--no-default",
        help="Whether players show the first track unasked.",
        rich_help_panel="Tracks",
    ),
]
_Burn = Annotated[
    bool,
    typer.Option(
        "--burn",
        help="Draw the subtitles into the picture, which is encoded anew.",
        show_default=False,
        rich_help_panel="Results",
    ),
]


@subcommand
def mux(
    session: Session,
    video: _Video,
    subtitles: _Subtitles,
    *,
    output: _Output,
    burn: _Burn = False,
    overwrite: cli.Overwrite = False,
    language: _Language = None,
    title: _Title = None,
    default: _Default = True,
    quiet: cli.Quiet = False,
) -> None:
    """Put subtitles into a copy of a video: as tracks, or with --burn into the picture."""
    from subalign.cli.progress import RunProgress
    from subalign.pipeline import mux as muxing

    if video == "-":
        raise UsageError("A video cannot come from standard input: name a file.")
    if burn and (len(subtitles) > 1 or language or title):
        raise UsageError(
            "--burn draws one subtitle file, without --language and --title: leave the others out."
        )
    started = time.perf_counter()
    with shown_warnings(session):
        muxing.check_target(output, [video, *subtitles], overwrite=overwrite)
        tracks = _tracks(subtitles, language or (), title or ())
        shown = session.console.is_terminal and not quiet
        with RunProgress(session.console, shown=shown) as progress:
            progress.open(video)
            show = progress.follower(output.name)
            if burn:
                muxing.burn(video, subtitles[0], output, overwrite=overwrite, on_progress=show)
            else:
                muxing.mux(
                    *(video, tracks, output),
                    default=default,
                    overwrite=overwrite,
                    on_progress=show,
                )
    if not quiet:
        names = ", ".join([video, *map(str, subtitles)])
        seconds = time.perf_counter() - started
        session.say(f"{names} {session.arrow} {output} ({seconds:.1f} s)")


def _tracks(
    files: Sequence[Path], languages: Sequence[str], titles: Sequence[str]
) -> "list[SubtitleTrack]":
    from subalign.pipeline.language_tags import guess_language
    from subalign.pipeline.mux import SubtitleTrack

    for option, values in (("--language", languages), ("--title", titles)):
        if len(values) > len(files):
            raise UsageError(f"There are more {option} than subtitle files: leave one out.")
    return [
        SubtitleTrack(
            path=path,
            language=_tag(languages[index]) if index < len(languages) else guess_language(path),
            title=titles[index] if index < len(titles) else None,
        )
        for index, path in enumerate(files)
    ]


def _tag(language: str) -> str:
    """A tag as given, or Whisper's code for an English name."""
    if len(language.partition("-")[0]) <= 3:
        return language
    from subalign.tokenizer import to_language_code

    return to_language_code(language)
