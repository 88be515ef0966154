"""`subalign align`: from the command line to a checked job, which `align_run` carries out."""

from pathlib import Path
from typing import Annotated, cast

import typer

from subalign.cli import options as cli
from subalign.cli.choices import (
    chosen_language,
    chosen_machine,
    chosen_results,
    warn_of_limits,
)
from subalign.cli.console import Session
from subalign.cli.job import AlignJob
from subalign.cli.messages import errors_reported
from subalign.cli.parsers import parse_channel, parse_highlight_style, parse_pairs, parse_style
from subalign.options import (
    AlignmentMethod,
    AlignmentOptions,
    AudioOptions,
    KernelChoice,
    LayoutOptions,
    ProfileName,
    ScriptOptions,
)

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
_KeepLines = Annotated[
    bool | None,
    typer.Option(
        "--keep-lines/--no-keep-lines",
        help="Each line or cue of the transcript is a cue; else they are laid out anew.",
        show_default="yes, but no with a profile or a limit on text",
        rich_help_panel="Layout of cues",
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
_MinHeard = Annotated[
    float,
    typer.Option(
        "--min-heard",
        metavar="SHARE",
        help="Where fewer of the words are heard, the exit code is 4; results are written.",
        rich_help_panel="Transcript",
    ),
]


def align(
    context: typer.Context,
    audio: _Audio,
    transcript: _Transcript,
    format: cli.Formats = ["srt,json"],  # noqa: B006 (Typer copies it)
    output_dir: cli.OutputDir = None,
    overwrite: cli.Overwrite = False,
    skip_existing: cli.SkipExisting = False,
    embed: cli.Embed = False,
    report: _Report = None,
    keep_lines: _KeepLines = None,
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
    language: _Language = None,
    ignore: _Ignore = None,
    encoding: cli.Encoding = None,
    min_heard: _MinHeard = 0.5,
    model: cli.ModelName = None,
    model_dir: cli.ModelDir = None,
    device: cli.Device = "auto",
    dtype: cli.Dtype = None,
    fp16: cli.HalfPrecision = None,
    no_sdpa: cli.NoSdpa = False,
    threads: cli.Threads = 0,
    audio_track: cli.AudioTrack = 1,
    channel: cli.Channel = "mix",
    max_recording: cli.MaxRecording = None,
    method: cli.Method = "viterbi",
    heads: cli.Heads = None,
    qk_scale: cli.QkScale = 1.0,
    medfilt_width: cli.MedfiltWidth = None,
    kernels: cli.Kernels = "auto",
    quiet: cli.Quiet = False,
) -> None:
    """Time every word of a given transcript: subtitles whose cues sit on the words."""
    session: Session = context.obj
    with errors_reported(session):
        anew = (profile, max_line_width, max_line_count, max_words_per_line, max_cps)
        layout = LayoutOptions(
            profile=cast(ProfileName | None, profile),  # the options refuse any other name
            keep_lines=anew == (None,) * 5 if keep_lines is None else keep_lines,
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
        job = AlignJob(
            source=audio,
            transcript=transcript,
            results=chosen_results(
                format,
                output_dir,
                overwrite=overwrite,
                skip_existing=skip_existing,
                embed=embed,
            ),
            layout=layout,
            machine=chosen_machine(
                model=model,
                model_dir=model_dir,
                device=device,
                dtype=dtype,
                fp16=fp16,
                no_sdpa=no_sdpa,
                threads=threads,
            ),
            audio=AudioOptions(
                track=audio_track, channel=parse_channel(channel), max_seconds=max_recording
            ),
            script=ScriptOptions(
                language=chosen_language(language),
                ignore=tuple(ignore or ()),
                encoding=encoding,
            ),
            alignment=AlignmentOptions(
                method=cast(AlignmentMethod, method),  # the options refuse any other name
                heads=parse_pairs(heads) if heads else (),
                qk_scale=qk_scale,
                medfilt_width=medfilt_width,
                kernels=cast(KernelChoice, kernels),
            ),
            report=report,
            min_heard=min_heard,
            quiet=quiet,
        )

        from subalign.cli.align_run import run_align

        raise typer.Exit(run_align(job, session))
