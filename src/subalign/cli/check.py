"""`subalign check`: subtitle files against their format's rules and a profile's limits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, cast

import typer

from subalign.cli import options as cli
from subalign.cli.check_report import FileReport, report_json, report_text
from subalign.cli.console import Session, shown_warnings
from subalign.cli.messages import errors_reported, report
from subalign.cli.standard_output import print_line
from subalign.errors import InputError, OutputExistsError, UsageError
from subalign.options import LayoutOptions, ProfileName, check_encoding

__all__ = ["check"]

_Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        help="Subtitle files: .srt, .vtt, .ass or .ssa; - for standard input.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]


def _fixing(name: str, help: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        name, help=help, show_default=False, rich_help_panel="Mending"
    )
    return option


_Json = Annotated[bool, typer.Option("--json", help="Write JSON.", show_default=False)]
_Fix = Annotated[
    bool,
    _fixing("--fix", "Mend what is mechanical, write it as NAME.fixed.srt and show what changes."),
]
_InPlace = Annotated[bool, _fixing("--in-place", "With --fix: write into the file itself.")]
_Overwrite = Annotated[bool, _fixing("--overwrite", "With --fix: replace NAME.fixed.srt.")]


def check(
    context: typer.Context,
    files: _Files,
    profile: cli.Profile = None,
    max_line_width: cli.MaxLineWidth = None,
    max_line_count: cli.MaxLineCount = None,
    max_cps: cli.MaxCps = None,
    min_duration: cli.MinDuration = None,
    max_duration: cli.MaxDuration = None,
    min_gap: cli.MinGap = None,
    fps: cli.Fps = None,
    encoding: cli.Encoding = None,
    as_json: _Json = False,
    fix: _Fix = False,
    in_place: _InPlace = False,
    overwrite: _Overwrite = False,
) -> None:
    """Find what is wrong with subtitle files; exit code 1 if there is an error."""
    session: Session = context.obj
    with errors_reported(session), shown_warnings(session):
        if (in_place or overwrite) and not fix:
            raise UsageError("--in-place and --overwrite need --fix.")
        if profile == "openai":
            raise UsageError(
                "--profile openai is a layout without limits: check against netflix, bbc, "
                "broadcast, social or verbatim."
            )
        limits = LayoutOptions(
            profile=cast(ProfileName | None, profile),  # the options refuse any other name
            max_line_width=max_line_width,
            max_line_count=max_line_count,
            max_cps=max_cps,
            min_duration=min_duration,
            max_duration=max_duration,
            min_gap=min_gap,
            fps=fps,
        )
        target = "source" if in_place else "beside" if fix else None
        encoding = None if encoding is None else check_encoding(encoding)
        wanted = _Wanted(limits, encoding, target, overwrite)
        reports, failed = _check_all(files, wanted, session)
        if as_json:
            print_line(report_json(reports))
        else:
            report_text(reports)
        raise typer.Exit(1 if failed or any(found.remaining_errors for found in reports) else 0)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the options say; `target` is "source", "beside", or None where nothing is mended."""

    limits: LayoutOptions
    encoding: str | None
    target: str | None
    overwrite: bool


def _check_all(
    files: Sequence[str], wanted: _Wanted, session: Session
) -> tuple[list[FileReport], bool]:
    """The report of each file that could be read, and whether one could not be read or written."""
    reports: list[FileReport] = []
    failed = False
    for source in dict.fromkeys(files):
        try:
            reports.append(_check_one(source, wanted))
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001 (the other files go on)
            report(error, session, source=source)
            failed = True
    return reports, failed


def _check_one(source: str, wanted: _Wanted) -> FileReport:
    from subalign.pipeline.subtitle_files import write_cue_file
    from subalign.subtitles.checking import check_file, mend_file
    from subalign.subtitles.cue_files import (
        check_certain,
        parse_cue_file,
        read_cue_file,
        render_cue_file,
    )
    from subalign.subtitles.layout.profiles import chosen_profile

    profile = chosen_profile(wanted.limits)
    file = read_cue_file(source, encoding=wanted.encoding)
    found = FileReport(source, file.format, profile.name, tuple(check_file(file, profile)))
    if wanted.target is None:
        return found
    check_certain(file, source)
    mended = mend_file(file, profile)
    if mended == file:
        return found
    if not any(True for _ in mended.cues):
        raise InputError(f"{source} has no cue with text: there is nothing to keep in it.")
    path = _target(source, file.format, wanted)
    write_cue_file(mended, path, overwrite=wanted.overwrite or wanted.target == "source")
    after = render_cue_file(mended)
    return replace(
        found,
        fixed=str(path),
        before=file.original,
        after=after,
        remaining=tuple(check_file(parse_cue_file(after, source, file.format), profile)),
    )


def _target(source: str, form: str, wanted: _Wanted) -> Path:
    """Where the mended file goes."""
    path = Path(f"stdin.{form}" if source == "-" else source)
    if wanted.target == "source":
        if source == "-":
            raise UsageError("--in-place needs a file: leave it out for standard input.")
        return path
    beside = path.with_name(f"{path.stem}.fixed{path.suffix or f'.{form}'}")
    if beside.exists() and not wanted.overwrite:
        raise OutputExistsError(
            f"{beside} is there already: add --overwrite to replace it, or --in-place to mend "
            f"{path} itself."
        )
    return beside
