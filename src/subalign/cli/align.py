"""`subalign align`: from the command line to a checked job, which `align_run` carries out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from subalign.cli import options as cli
from subalign.cli.arguments import Only, subcommand
from subalign.cli.console import Session
from subalign.cli.job import AlignJob
from subalign.cli.layout_options import LayoutArguments, warn_of_limits
from subalign.cli.speakers import SpeakerArguments
from subalign.cli.wording import WordingArguments
from subalign.options import ScriptOptions

__all__ = ["align"]

_Audio = Annotated[
    str,
    typer.Argument(
        metavar="AUDIO",
        help="The recording: a file, an http(s) address, - for standard input.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]
_Transcript = Annotated[
    str,
    typer.Argument(
        metavar="TRANSCRIPT",
        help="What is said in it: .txt (each line becomes a cue), .srt, .vtt, .ass, .sbv, "
        ".tsv or .ttml (the cues keep their text and get new times), .json of subalign or "
        "openai-whisper; - for standard input.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]
_Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE",
        help="Write how well the transcript fits, as JSON.",
        show_default=False,
        rich_help_panel="Results",
    ),
]
_KeepLines = Annotated[
    bool | None,
    typer.Option(
        "--keep-lines/--no-keep-lines",
        help="Each line or cue of the transcript is a cue; else they are laid out anew.",
        show_default="yes, but no with a profile or a limit on text",
        rich_help_panel="Layout of cues",
    ),
]
_Language = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="NAME",
        help="The spoken language: de or german.",
        show_default="the transcript's, else detected",
        rich_help_panel="Transcript",
    ),
]
_Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="PATTERN",
        help="A regular expression of what is written and not said, beside [directions], "
        "(laughs), NAME:, >> and music marks. Repeatable.",
        show_default=False,
        rich_help_panel="Transcript",
    ),
]
_MinHeard = Annotated[
    float,
    typer.Option(
        "--min-heard",
        metavar="SHARE",
        help="Where fewer of the words are heard, the exit code is 4; results are written.",
        rich_help_panel="Transcript",
    ),
]


@dataclass(frozen=True, kw_only=True)
class _Results(cli.ResultArguments):
    format: cli.Formats = field(default_factory=lambda: ["srt,json"])


@subcommand
def align(
    session: Session,
    audio: _Audio,
    transcript: _Transcript,
    *,
    results: _Results,
    embed: cli.Embed = False,
    report: _Report = None,
    keep_lines: _KeepLines = None,
    layout: LayoutArguments,
    words: Annotated[WordingArguments, Only("replace", "remove_fillers", "censor")],
    speakers: SpeakerArguments,
    language: _Language = None,
    ignore: _Ignore = None,
    encoding: cli.Encoding = None,
    min_heard: _MinHeard = 0.5,
    compute: cli.ComputeArguments,
    recording: cli.AudioArguments,
    alignment: cli.AlignmentArguments,
    quiet: cli.Quiet = False,
) -> int:
    """Time every word of a given transcript: subtitles whose cues sit on the words."""
    kept = not layout.breaks_lines_anew if keep_lines is None else keep_lines
    cues = layout.options(session.settings.profiles, keep_lines=kept)
    warn_of_limits(cues, session)
    wording = words.wording()
    job = AlignJob(
        source=audio,
        transcript=transcript,
        results=results.results(embed=embed, censored=bool(wording.censored)),
        layout=cues,
        compute=compute.options(),
        audio=recording.options(),
        script=ScriptOptions(
            language=cli.chosen_language(language), ignore=tuple(ignore or ()), encoding=encoding
        ),
        alignment=alignment.options(),
        report=report,
        min_heard=min_heard,
        quiet=quiet,
        speakers=speakers.options(transcript_has_voices=True),
        wording=wording,
    )

    from subalign.cli.align_run import run_align

    return run_align(job, session)
