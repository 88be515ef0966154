"""The options that several commands share: names, help, panel, default, and what they stand for.

Each group is a dataclass whose fields are options of the command line (see `subcommand`); a method
gives what the library takes for them. Underscores may stand for dashes in all names.
"""

import json
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from subalign.cli.job import ComputeOptions, Results
from subalign.cli.parsers import parse_channel, parse_pairs
from subalign.errors import UsageError
from subalign.options import (
    AlignmentMethod,
    AlignmentOptions,
    AudioOptions,
    Compute,
    KernelChoice,
)

__all__ = [
    "AlignmentArguments",
    "AudioArguments",
    "AudioTrack",
    "ComputeArguments",
    "Device",
    "Embed",
    "Encoding",
    "Formats",
    "Kernels",
    "Language",
    "MedfiltWidth",
    "Overwrite",
    "QkScale",
    "Quiet",
    "ResultArguments",
    "SubtitleFiles",
    "Threads",
    "chosen_language",
    "complete_model",
]

_output = partial(typer.Option, rich_help_panel="Results")
_compute = partial(typer.Option, rich_help_panel="Model and machine")
_audio = partial(typer.Option, rich_help_panel="Recording")
_words = partial(typer.Option, rich_help_panel="Words")


def complete_model(incomplete: str) -> list[str]:
    """The models known by name that begin so."""
    facts = resources.files("subalign") / "assets" / "whisper_models.json"
    names = ["micro.en", *json.loads(facts.read_text("utf-8"))]
    return [name for name in names if name.startswith(incomplete)]


def _complete_model_or_auto(incomplete: str) -> list[str]:
    return [*(["auto"] if "auto".startswith(incomplete) else []), *complete_model(incomplete)]


def _complete_format(incomplete: str) -> list[str]:
    from subalign.subtitles import FORMATS

    before, comma, last = incomplete.rpartition(",")  # behind a comma too
    return [before + comma + name for name in (*FORMATS, "all") if name.startswith(last)]


Language = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The spoken language: de or german.",
        show_default="detected",
        rich_help_panel="Language and context",
    ),
]
SubtitleFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        help="Subtitle files: .srt, .vtt, .ass or .ssa; - for standard input.",
        show_default=False,
        rich_help_panel="Arguments",
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="The text file's encoding: utf-8, cp1252 (Western European), cp1250, shift_jis …",
        show_default="UTF-8, else the likeliest older one",
        rich_help_panel="Text file",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Show only warnings and errors.", rich_help_panel="On the screen"
    ),
]
Formats = Annotated[
    list[str],
    _output(
        "--format",
        "-f",
        "--output-format",
        metavar="NAME",
        autocompletion=_complete_format,
        help="txt, vtt, srt, tsv, json, ass, lrc, elrc (words too), ttml, labels (Audacity's), "
        "textgrid (Praat's), ctm, rttm (who speaks), csv, html, sbv (YouTube's), scc, stl (EBU's), "
        "itt (Apple's), fcpxml (Final Cut's), edl (Resolve's markers), markdown, docx or all; "
        "repeat it or put commas between.",
    ),
]
Overwrite = Annotated[bool, _output("--overwrite", help="Replace results that are there.")]
Embed = Annotated[
    bool,
    _output("--embed", help="Put the recording into the page of --format html."),
]
Device = Annotated[str, _compute(metavar="NAME", help="auto, cpu, cuda, cuda:N or mps.")]
Threads = Annotated[
    int, _compute(min=0, metavar="N", help="Processor threads; 0 lets PyTorch choose.")
]
AudioTrack = Annotated[int, _audio(metavar="N", help="Which audio track, counted from 1.")]
QkScale = Annotated[
    float, _words(metavar="FACTOR", help="Multiplies attention scores before their softmax.")
]
MedfiltWidth = Annotated[
    int | None,
    _words(
        metavar="FRAMES",
        help="Odd width of the median filter over 20 ms frames; default: 7, and 1 (none) for "
        "the method viterbi.",
    ),
]
Kernels = Annotated[
    KernelChoice,
    _words(help="auto is Triton beside a GPU where it runs, else the processor."),
]


@dataclass(frozen=True, kw_only=True)
class ResultArguments:
    """Which results are written and where."""

    format: Formats = field(default_factory=lambda: ["srt"])
    output_dir: Annotated[
        str | None,
        _output(
            "--output-dir",
            "-o",
            metavar="FOLDER",
            help="Where results go; - writes the one result to standard output.",
            show_default="beside the input; standard output for input -",
        ),
    ] = None
    overwrite: Overwrite = False
    skip_existing: Annotated[
        bool,
        _output("--skip-existing", help="Keep results that are there and write the others."),
    ] = False

    def results(self, *, embed: bool = False, censored: bool = False) -> Results:
        """The formats, where they go, and what happens to files that are there.

        Raises:
            UsageError: an unknown format, options that exclude each other, several results for
                standard output.
        """
        from subalign.subtitles import resolve_formats

        if self.overwrite and self.skip_existing:
            raise UsageError("--overwrite and --skip-existing exclude each other: use one of them.")
        to_stdout = self.output_dir == "-"
        return Results(
            formats=resolve_formats(self.format),
            folder=None if self.output_dir is None or to_stdout else Path(self.output_dir),
            to_stdout=to_stdout,
            existing=(
                "overwrite" if self.overwrite else "skip" if self.skip_existing else "refuse"
            ),
            embed=embed,
            censored=censored,
        )


@dataclass(frozen=True, kw_only=True)
class ComputeArguments:
    """Which model computes where, and how."""

    model: Annotated[
        str | None,
        _compute(
            "--model",
            metavar="NAME",
            autocompletion=_complete_model_or_auto,
            help="A name of `subalign models list`, a checkpoint's folder or .pt file, or a "
            "Hugging Face repository; auto is what `subalign doctor` shows.",
            show_default="$SUBALIGN_MODEL, else auto",
        ),
    ] = None
    model_dir: Annotated[
        Path | None,
        _compute(
            metavar="FOLDER",
            help="Where fetched models are kept.",
            show_default="the user's caches",
        ),
    ] = None
    device: Device = "auto"
    compute: Annotated[
        Compute | None,
        _compute(
            "--compute",
            "--dtype",
            help="The number type; int8 is for processors. auto is what `subalign doctor` shows.",
            show_default="auto",
        ),
    ] = None
    fp16: Annotated[
        bool | None,
        _compute(
            "--fp16/--no-fp16",
            help="As --compute float16 (on a processor float32) or --compute float32.",
            show_default=False,
        ),
    ] = None
    no_sdpa: Annotated[
        bool, _compute("--no-sdpa", help="Compute all attention explicitly instead of fused.")
    ] = False
    threads: Threads = 0

    def options(self) -> ComputeOptions:
        """The same, checked.

        Raises:
            UsageError: --compute and --fp16 at once.
        """
        if self.compute is not None and self.fp16 is not None:
            raise UsageError("--compute and --fp16 exclude each other: use one of them.")
        half = {None: self.compute or "auto", True: "float16", False: "float32"}
        return ComputeOptions(
            model=self.model,
            model_dir=self.model_dir,
            device=self.device,
            compute=half[self.fp16],
            half_precision=bool(self.fp16),
            sdpa=not self.no_sdpa,
            threads=self.threads,
        )


@dataclass(frozen=True, kw_only=True)
class AudioArguments:
    """What of a recording is read."""

    audio_track: AudioTrack = 1
    channel: Annotated[
        str,
        _audio(
            metavar="NAME",
            help="Which channel of the track: mix (all of them), left, right, or a number from 1, "
            "for calls with a speaker on each side.",
        ),
    ] = "mix"
    max_recording: Annotated[
        float | None,
        _audio(
            metavar="SECONDS",
            help="The longest recording that is taken. Without, one is refused that gives more "
            "than an hour and 0.1 s for each byte of its file, or has gaps of over 4 hours.",
            show_default=False,
        ),
    ] = None

    def options(self) -> AudioOptions:
        """The same for the library."""
        return AudioOptions(
            track=self.audio_track,
            channel=parse_channel(self.channel),
            max_seconds=self.max_recording,
        )


@dataclass(frozen=True, kw_only=True)
class AlignmentArguments:
    """How words are timed."""

    method: Annotated[
        AlignmentMethod,
        _words(
            help="viterbi: words and pauses by attention, loudness and length; dtw: as "
            "openai-whisper.",
        ),
    ] = AlignmentOptions.method
    heads: Annotated[
        str | None,
        _words(
            metavar="PAIRS",
            help="Attention heads to use in place of the model's timing heads, by method dtw of "
            "its alignment heads: LAYER:HEAD pairs between commas, both from 0. Their times are "
            "not shifted.",
        ),
    ] = None
    qk_scale: QkScale = AlignmentOptions.qk_scale
    medfilt_width: MedfiltWidth = None
    kernels: Kernels = AlignmentOptions.kernels

    def options(
        self,
        *,
        prepend_punctuations: str = AlignmentOptions.prepend_punctuations,
        append_punctuations: str = AlignmentOptions.append_punctuations,
    ) -> AlignmentOptions:
        """The same for the library."""
        return AlignmentOptions(
            method=self.method,
            heads=parse_pairs(self.heads) if self.heads else (),
            qk_scale=self.qk_scale,
            medfilt_width=self.medfilt_width,
            prepend_punctuations=prepend_punctuations,
            append_punctuations=append_punctuations,
            kernels=self.kernels,
        )


def chosen_language(language: str | None) -> str | None:
    """Whisper's code of the language.

    Raises:
        UsageError: no language is called so.
    """
    if language is None:
        return None
    from subalign.tokenizer import to_language_code

    return to_language_code(language)
