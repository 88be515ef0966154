"""`subalign render`: any layout and format again from saved results, without a model."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from subalign.cli import options as cli
from subalign.cli.arguments import Only, subcommand
from subalign.cli.console import Session
from subalign.cli.job import Results, write_results
from subalign.cli.layout_options import LayoutArguments, warn_of_limits
from subalign.cli.messages import each_file, exit_code_after, say_skipped, shown_warnings
from subalign.cli.speakers import SpeakerArguments, tell_speakers
from subalign.cli.wording import WordingArguments, reword
from subalign.errors import UsageError
from subalign.speakers.turns import rename_speakers

if TYPE_CHECKING:
    from subalign.pipeline.outputs import Output

__all__ = ["render"]

_Saved = Annotated[
    list[str],
    typer.Argument(
        metavar="RESULT",
        help="JSON of subalign, openai-whisper, stable-ts or WhisperX, or subtitle files (SubRip, "
        "WebVTT, SubStation Alpha, TTML, SBV, SCC, EBU STL); - for standard input.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]

_Media = Annotated[
    str | None,
    typer.Option(
        "--media",
        metavar="RECORDING",
        help="The recording that the page of --format html plays; without, it asks for the file.",
        show_default=False,
        rich_help_panel="Results",
    ),
]
_KeepLines = Annotated[
    bool | None,
    typer.Option(
        "--keep-lines/--no-keep-lines",
        help="Each segment is a cue with its text as written; else they are laid out anew.",
        show_default="yes for subtitle files without a limit on text, else no",
        rich_help_panel="Layout of cues",
    ),
]


@subcommand
def render(
    session: Session,
    sources: _Saved,
    *,
    results: cli.ResultArguments,
    media: _Media = None,
    embed: cli.Embed = False,
    keep_lines: _KeepLines = None,
    layout: LayoutArguments,
    words: WordingArguments,
    speakers: Annotated[SpeakerArguments, Only("speaker_names")],
    encoding: cli.Encoding = None,
    quiet: cli.Quiet = False,
) -> int:
    """Write saved results, or subtitle files, in any format and layout, without a model."""
    profiles = session.settings.profiles
    given = not layout.breaks_lines_anew if keep_lines is None else keep_lines
    cues = layout.options(profiles, keep_lines=bool(keep_lines))
    captions = cues if given == bool(keep_lines) else layout.options(profiles, keep_lines=given)
    warn_of_limits(cues, session)
    wording = words.wording()
    renamed = speakers.renamed()
    wanted = results.results(embed=embed, censored=bool(wording.censored))
    _check_one_result(len(sources), wanted, media)
    taken: dict[Path, str] = {}
    skipped: list[str] = []

    def render_one(source: str) -> None:
        from subalign.subtitles.captions import read_saved

        started = time.perf_counter()
        transcript, is_captions = read_saved(source, encoding=encoding)
        printed = wanted.printed(source)
        outputs = () if printed else _outputs(source, wanted, taken)
        if outputs or printed:
            edited = rename_speakers(transcript, dict(renamed.speaker_names))
            tell_speakers(edited, renamed, source, session, quiet=True)
            edited, censored = reword(edited, wording, source, session, quiet=quiet)
            written = write_results(
                *(edited, outputs, wanted, captions if is_captions else cues),
                recording=media,
                censored=censored,
            )
        seconds = time.perf_counter() - started
        if outputs and not quiet:
            session.say(f"{source} {session.arrow} {', '.join(written)} ({seconds:.2f} s)")
        elif not printed:
            skipped.append(source)

    with shown_warnings(session):
        failed = each_file(sources, render_one, session)
    if not quiet:
        say_skipped(skipped, session)
    return exit_code_after(failed, len(sources), session)


def _check_one_result(count: int, results: Results, media: str | None) -> None:
    if results.to_stdout and count > 1:
        raise UsageError(
            "Standard output takes the result of one file: give a folder as --output-dir."
        )
    if media is not None and count > 1:
        raise UsageError("--media is the recording of one result: give the others their own call.")
    if results.embed and media is None:
        raise UsageError("--embed puts the recording into the page: name it with --media.")


def _outputs(source: str, results: Results, taken: dict[Path, str]) -> "tuple[Output, ...]":
    from subalign.pipeline.outputs import Input, plan_outputs, prepare_outputs, refuse_given

    item = Input(source, Path() if source == "-" else Path(source).parent)
    outputs = plan_outputs(
        *(item, results.formats, results.folder, taken),
        replaceable=True,
        censored=results.censored,
    )
    refuse_given(outputs, source, "given result", results.existing)
    return prepare_outputs(outputs, results.existing)
