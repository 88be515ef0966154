"""`subalign render`: any layout and format again from saved results, without a model."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from subalign.cli import options as cli
from subalign.cli.arguments import subcommand
from subalign.cli.console import Session
from subalign.cli.job import Results, write_results
from subalign.cli.layout_options import LayoutArguments, warn_of_limits
from subalign.cli.messages import report, shown_warnings
from subalign.errors import UsageError
from subalign.options import LayoutOptions

if TYPE_CHECKING:
    from subalign.pipeline.outputs import Output

__all__ = ["render"]

_Saved = Annotated[
    list[str],
    typer.Argument(
        metavar="RESULT",
        help="JSON of subalign, openai-whisper, stable-ts or WhisperX; - for standard input.",
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
    bool,
    typer.Option(
        "--keep-lines/--no-keep-lines",
        help="Each segment is a cue with its text as written; else they are laid out anew.",
        show_default="no",
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
    keep_lines: _KeepLines = False,
    layout: LayoutArguments,
    encoding: cli.Encoding = None,
    quiet: cli.Quiet = False,
) -> int:
    """Write saved results in any format and layout, without a model."""
    cues = layout.options(keep_lines=keep_lines)
    warn_of_limits(cues, session)
    wanted = results.results(embed=embed)
    if wanted.to_stdout and len(sources) > 1:
        raise UsageError(
            "Standard output takes the result of one file: give a folder as --output-dir."
        )
    if media is not None and len(sources) > 1:
        raise UsageError("--media is the recording of one result: give the others their own call.")
    if embed and media is None:
        raise UsageError("--embed puts the recording into the page: name it with --media.")
    with shown_warnings(session):
        return _render_all(sources, wanted, cues, media, encoding, session, quiet=quiet)


def _render_all(
    sources: Sequence[str],
    results: Results,
    layout: LayoutOptions,
    media: str | None,
    encoding: str | None,
    session: Session,
    *,
    quiet: bool,
) -> int:
    """Returns the exit code; what is wrong with one file never stops the others."""
    taken: dict[Path, str] = {}
    failed = 0
    for source in dict.fromkeys(sources):
        started = time.perf_counter()
        try:
            written = _render_one(source, results, layout, media, encoding, taken)
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001 (the other files go on)
            report(error, session, source=source)
            failed += 1
            continue
        if quiet or results.printed(source):
            continue
        seconds = time.perf_counter() - started
        session.say(
            f"{source} {session.arrow} {', '.join(written)} ({seconds:.2f} s)"
            if written
            else f"{source} is skipped: its results are there."
        )
    if failed and len(sources) > 1:
        session.say(f"{failed} of {len(sources)} inputs failed.")
    return 1 if failed else 0


def _render_one(
    source: str,
    results: Results,
    layout: LayoutOptions,
    media: str | None,
    encoding: str | None,
    taken: dict[Path, str],
) -> list[str]:
    """Read a result and write what is wanted of it; returns the files."""
    from subalign.subtitles.saved_results import read_result

    transcript = read_result(source, encoding=encoding)
    outputs = () if results.printed(source) else _outputs(source, results, taken)
    if not (outputs or results.printed(source)):
        return []
    return write_results(transcript, outputs, results, layout, recording=media)


def _outputs(source: str, results: Results, taken: dict[Path, str]) -> "tuple[Output, ...]":
    from subalign.pipeline.outputs import Input, plan_outputs, prepare_outputs, refuse_given

    item = Input(source, Path() if source == "-" else Path(source).parent)
    outputs = plan_outputs(item, results.formats, results.folder, taken, replaceable=True)
    refuse_given(outputs, source, "given result", results.existing)
    return prepare_outputs(outputs, results.existing)
