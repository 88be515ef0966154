"""`subalign render`: any layout and format again from saved results, without a model."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from subalign.cli import options as cli
from subalign.cli.choices import chosen_results, warn_of_limits
from subalign.cli.console import Session
from subalign.cli.job import Results
from subalign.cli.messages import errors_reported, report, shown_warnings
from subalign.cli.parsers import parse_highlight_style, parse_style
from subalign.errors import OutputExistsError, UsageError
from subalign.options import LayoutOptions, ProfileName

if TYPE_CHECKING:
    from subalign.pipeline import Output
    from subalign.subtitles import PageMedia

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


def render(
    context: typer.Context,
    results: _Saved,
    format: cli.Formats = ["srt"],  # noqa: B006 (Typer copies it)
    output_dir: cli.OutputDir = None,
    overwrite: cli.Overwrite = False,
    skip_existing: cli.SkipExisting = False,
    media: _Media = None,
    embed: cli.Embed = False,
    keep_lines: _KeepLines = False,
    highlight_words: cli.HighlightWords = False,
    highlight_style: cli.HighlightStyle = None,
    style: cli.Style = None,
    profile: cli.Profile = None,
    max_line_width: cli.MaxLineWidth = None,
    max_line_count: cli.MaxLineCount = None,
    max_words_per_line: cli.MaxWordsPerLine = None,
    max_cps: cli.MaxCps = None,
    min_duration: cli.MinDuration = None,
    max_duration: cli.MaxDuration = None,
    min_gap: cli.MinGap = None,
    linger: cli.Linger = None,
    fps: cli.Fps = None,
    csv_formulas: cli.CsvFormulas = False,
    encoding: cli.Encoding = None,
    quiet: cli.Quiet = False,
) -> None:
    """Write saved results in any format and layout, without a model."""
    session: Session = context.obj
    with errors_reported(session):
        layout = LayoutOptions(
            profile=cast(ProfileName | None, profile),  # the options refuse any other name
            keep_lines=keep_lines,
            highlight_words=highlight_words,
            highlight_style=parse_highlight_style(highlight_style, highlight_words=highlight_words),
            style=parse_style(style),
            max_line_width=max_line_width,
            max_line_count=max_line_count,
            max_words_per_line=max_words_per_line,
            max_cps=max_cps,
            min_duration=min_duration,
            max_duration=max_duration,
            min_gap=min_gap,
            linger=linger,
            fps=fps,
            csv_formulas=csv_formulas,
        )
        warn_of_limits(layout, session)
        wanted = chosen_results(
            format,
            output_dir,
            overwrite=overwrite,
            skip_existing=skip_existing,
            embed=embed,
        )
        if wanted.to_stdout and len(results) > 1:
            raise UsageError(
                "Standard output takes the result of one file: give a folder as --output-dir."
            )
        if media is not None and len(results) > 1:
            raise UsageError(
                "--media is the recording of one result: give the others their own call."
            )
        if embed and media is None:
            raise UsageError("--embed puts the recording into the page: name it with --media.")
        with shown_warnings(session):
            failed = _render_all(results, wanted, layout, media, encoding, session, quiet=quiet)
            raise typer.Exit(failed)


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
    from subalign.cli.standard_output import print_transcript
    from subalign.pipeline.outputs import Output, write_transcript
    from subalign.subtitles.saved_results import read_result

    transcript = read_result(source, encoding=encoding)
    if results.printed(source):
        printed = Output(results.formats[0], Path("-"))
        print_transcript(transcript, printed.format, layout, _recording(media, printed, results))
        return []
    outputs = _outputs(source, results, taken)
    for output in outputs:
        write_transcript(
            transcript,
            output.path,
            format=output.format,
            layout=layout,
            media=_recording(media, output, results),
            overwrite=results.overwrite,
        )
    return [str(output.path) for output in outputs]


def _recording(media: str | None, output: "Output", results: Results) -> "PageMedia | None":
    """What a page has of the recording."""
    if media is None:
        return None
    from subalign.pipeline.page_media import media_of_output

    return media_of_output(media, output, embed=results.embed)


def _outputs(source: str, results: Results, taken: dict[Path, str]) -> "tuple[Output, ...]":
    from subalign.pipeline.outputs import Input, plan_outputs, prepare_outputs

    path = Path(source)
    item = Input(source, Path() if source == "-" else path.parent)
    outputs = plan_outputs(item, results.formats, results.folder, taken, replaceable=True)
    for output in outputs:
        same = source != "-" and output.path.exists() and output.path.samefile(path)
        if same and results.existing == "refuse":
            raise OutputExistsError(
                f"{output.path} is the given result itself: add --overwrite to replace it, or give "
                "another --output-dir."
            )
    return prepare_outputs(outputs, results.existing)
