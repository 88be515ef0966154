"""`subalign retime`: subtitle files with new times, by arithmetic or by the recording."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from subalign.cli import options as cli
from subalign.cli.arguments import Only, subcommand
from subalign.cli.console import Session
from subalign.cli.job import AlignJob, Results
from subalign.cli.messages import each_file, exit_code_after, shown_warnings
from subalign.cli.parsers import parse_fraction, parse_moment, parse_point
from subalign.errors import UsageError
from subalign.options import AlignmentOptions, LayoutOptions, ScriptOptions

if TYPE_CHECKING:
    from subalign.subtitles.retiming import Retimed, TimeMap

__all__ = ["retime"]


def _times(*names: str, metavar: str, help: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        *names, metavar=metavar, help=help, show_default=False, rich_help_panel="Times"
    )
    return option


_Shift = Annotated[
    str | None,
    _times(
        "--shift",
        metavar="TIME",
        help="Move all cues: seconds, m:ss or h:mm:ss, later, or earlier with - before it. After "
        "all stretching.",
    ),
]
_Scale = Annotated[
    str | None,
    _times("--scale", metavar="FACTOR", help="Stretch all times from 0: 1.001 or 25/24."),
]
_FpsFrom = Annotated[
    float | None,
    _times(
        "--fps-from",
        metavar="RATE",
        help="The frame rate that the file was made for; 23.976 is exactly 24000/1001.",
    ),
]
_FpsTo = Annotated[
    float | None,
    _times("--fps-to", metavar="RATE", help="The frame rate at which the same frames are shown."),
]
_At = Annotated[
    list[str] | None,
    _times(
        "--at",
        metavar="OLD=NEW",
        help="What stands at OLD belongs to NEW. Twice: all between and around is stretched.",
    ),
]
_Audio = Annotated[
    str | None,
    _times("--audio", metavar="RECORDING", help="Time the cues by the speech in this recording."),
]
_Language = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="NAME",
        help="The spoken language, for --audio.",
        show_default="the file's, else detected",
        rich_help_panel="Model and machine",
    ),
]


@dataclass(frozen=True, kw_only=True)
class _Results(cli.ResultArguments):
    output_dir: Annotated[
        str | None,
        typer.Option(
            "--output-dir",
            "-o",
            metavar="FOLDER",
            help="Where the files go, under their own names; - writes the one file to standard "
            "output.",
            show_default="in place of the files, with --overwrite",
            rich_help_panel="Results",
        ),
    ] = None
    # a setting for results must not replace given files
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace files that are there.",
            rich_help_panel="Results",
            allow_from_autoenv=False,
        ),
    ] = False


@subcommand
def retime(
    session: Session,
    files: cli.SubtitleFiles,
    *,
    shift: _Shift = None,
    scale: _Scale = None,
    fps_from: _FpsFrom = None,
    fps_to: _FpsTo = None,
    at: _At = None,
    audio: _Audio = None,
    results: Annotated[_Results, Only("output_dir", "overwrite", "skip_existing")],
    encoding: cli.Encoding = None,
    language: _Language = None,
    compute: Annotated[cli.ComputeArguments, Only("model", "device", "threads")],
    recording: Annotated[cli.AudioArguments, Only("audio_track")],
    quiet: cli.Quiet = False,
) -> int:
    """Give the cues of subtitle files new times; everything else in them stays."""
    wanted = results.results()
    if wanted.to_stdout and len(files) > 1:
        raise UsageError("Standard output takes one file: give a folder as --output-dir.")
    script = ScriptOptions(language=cli.chosen_language(language), encoding=encoding)
    if audio is None:
        times = _chosen_times(shift, scale, fps_from, fps_to, at or ())
        taken: dict[Path, str] = {}

        def retime_one(file: str) -> None:
            _retime_one(file, times, wanted, encoding, taken, session, quiet=quiet)

        with shown_warnings(session):
            return exit_code_after(each_file(files, retime_one, session), len(files), session)
    if any(value is not None for value in (shift, scale, fps_from, fps_to, at or None)):
        raise UsageError(
            "--audio gives every cue its own time: leave --shift, --scale, --fps-from, "
            "--fps-to and --at out."
        )
    if len(files) > 1:
        raise UsageError("--audio takes one subtitle file: give the others their own call.")

    from subalign.cli.align_run import run_align

    return run_align(
        _align_job(audio, files[0], wanted, script, compute, recording, quiet), session
    )


def _align_job(
    audio: str,
    file: str,
    results: Results,
    script: ScriptOptions,
    compute: cli.ComputeArguments,
    recording: cli.AudioArguments,
    quiet: bool,
) -> AlignJob:
    return AlignJob(
        source=audio,
        transcript=file,
        results=results,
        layout=LayoutOptions(keep_lines=True),
        compute=compute.options(),
        audio=recording.options(),
        script=script,
        alignment=AlignmentOptions(),
        report=None,
        min_heard=0.5,
        quiet=quiet,
        keep_file=True,
    )


def _chosen_times(
    shift: str | None,
    scale: str | None,
    fps_from: float | None,
    fps_to: float | None,
    at: Sequence[str],
) -> "TimeMap":
    """The map that the options name together: stretched first, then shifted."""
    from subalign.subtitles.retiming import TimeMap, through_points

    if (fps_from is None) != (fps_to is None):
        raise UsageError("--fps-from and --fps-to belong together: give both.")
    if at:
        if any(value is not None for value in (shift, scale, fps_from)):
            raise UsageError(
                "--at says all about the times: leave --shift, --scale, --fps-from and "
                "--fps-to out."
            )
        return through_points([parse_point(text) for text in at])
    if shift is None and scale is None and fps_from is None:
        raise UsageError(
            "Nothing says how the times change: give --shift, --scale, --fps-from with --fps-to, "
            "--at or --audio."
        )
    factor = Fraction(1) if scale is None else parse_fraction(scale, "--scale")
    if fps_from is not None and fps_to is not None:
        factor *= _rate(fps_from, "--fps-from") / _rate(fps_to, "--fps-to")
    offset = Fraction(0) if shift is None else parse_moment(shift, "--shift")
    return TimeMap(factor, offset)


def _rate(fps: float, option: str) -> Fraction:
    from subalign.subtitles.layout.frame_rates import frame_rate

    if not 1 <= fps <= 1000:
        raise UsageError(f"{option} takes a frame rate such as 23.976 or 25, not {fps:g}.")
    return frame_rate(fps)


def _retime_one(
    source: str,
    times: "TimeMap",
    results: Results,
    encoding: str | None,
    taken: dict[Path, str],
    session: Session,
    *,
    quiet: bool,
) -> None:
    from subalign.cli.console import print_bytes
    from subalign.pipeline.outputs import plan_subtitle_file, write
    from subalign.subtitles.files import (
        check_certain,
        file_label,
        read_subtitle_file,
        subtitle_file_bytes,
    )
    from subalign.subtitles.retiming import retime as move

    file = read_subtitle_file(source, encoding=encoding)
    check_certain(file, file_label(source))
    moved = move(file, times)
    _warn(moved, file_label(source), session)
    if results.to_stdout or (source == "-" and results.folder is None):
        print_bytes(subtitle_file_bytes(replace(moved.file, marked=False, newline="\n")))
        return
    path = plan_subtitle_file(source, f".{file.suffix}", results.folder, results.existing, taken)
    if path is None:
        if not quiet:
            session.say(f"{source} is skipped: its result is there.")
        return
    write(moved.file, path, overwrite=results.overwrite)
    if not quiet:
        session.say(f"{source} {session.arrow} {path} ({_cues(len(file.cues))})")


def _warn(moved: "Retimed", label: str, session: Session) -> None:
    lost = sum(1 for part in moved.file.parts if getattr(part, "lost", False))
    if lost:
        session.warn(
            f"{label} has {lost} {'passages' if lost > 1 else 'passage'} without readable times, "
            "left as they are: see `subalign check`."
        )
    if moved.vanished:
        session.warn(
            f"{label}: {_cues(moved.vanished)} would end before 0 and now flash at 0: shift less, "
            "or delete them."
        )
    if moved.clamped > moved.vanished:
        session.warn(
            f"{label}: {_cues(moved.clamped - moved.vanished)} would start before 0 and now "
            f"{'start' if moved.clamped - moved.vanished > 1 else 'starts'} at 0."
        )


def _cues(count: int) -> str:
    return f"{count} {'cue' if count == 1 else 'cues'}"
