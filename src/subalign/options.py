"""Options of every stage: frozen, keyword-only, and valid once they exist.

A combination that cannot be carried out raises `UsageError` when the object is made.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from subalign.errors import UsageError

__all__ = [
    "APPEND_PUNCTUATIONS",
    "PREPEND_PUNCTUATIONS",
    "AlignmentOptions",
    "AudioOptions",
    "Clip",
    "DecodingOptions",
    "KernelChoice",
    "LayoutOptions",
    "Task",
    "TranscriptionOptions",
]

Task = Literal["transcribe", "translate"]
KernelChoice = Literal["auto", "triton", "cpu"]

PREPEND_PUNCTUATIONS = "\"'“¿([{-"
APPEND_PUNCTUATIONS = "\"'.。,，!！?？:：”)]}、"


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise UsageError(message)


def _require_counts(options: object, *names: str) -> None:
    for name in names:
        value = getattr(options, name)
        option = "--" + name.replace("_", "-")
        _require(value is None or value >= 1, f"{option} must be at least 1, not {value}.")


@dataclass(frozen=True, kw_only=True)
class AudioOptions:
    """How a recording is opened. `track` counts audio tracks from 1.

    `stall_timeout` is how many seconds the decoder may stay silent before it is stopped.
    """

    track: int = 1
    stall_timeout: float = 60.0

    def __post_init__(self) -> None:
        _require(self.track >= 1, f"--audio-track counts from 1, not {self.track}.")
        _require(self.stall_timeout > 0, "The decoder's time limit must be above 0 seconds.")


@dataclass(frozen=True, kw_only=True)
class DecodingOptions:
    """How one window becomes tokens (Radford et al. 2022, section 4.5).

    `best_of` applies above temperature 0, `beam_size` and `patience` at 0. `suppress_tokens` None
    suppresses nothing; -1 in it stands for the tokenizer's non-speech tokens. `prompt` is what was
    said before the window, `prefix` how the window's own text begins; both may be text or tokens.
    """

    task: Task = "transcribe"
    language: str | None = None
    temperature: float = 0.0
    sample_len: int | None = None
    best_of: int | None = None
    beam_size: int | None = None
    patience: float | None = None
    length_penalty: float | None = None
    prompt: str | tuple[int, ...] = ()
    prefix: str | tuple[int, ...] = ()
    suppress_tokens: tuple[int, ...] | None = (-1,)
    suppress_blank: bool = True
    without_timestamps: bool = False
    max_initial_timestamp: float | None = 1.0

    def __post_init__(self) -> None:
        _require(
            self.task in ("transcribe", "translate"),
            f"Unknown task {self.task!r}: use transcribe or translate.",
        )
        _require(
            0 <= self.temperature <= 5 and math.isfinite(self.temperature),
            f"--temperature must lie between 0 and 5, not {self.temperature}.",
        )
        for name in ("best_of", "beam_size", "sample_len"):
            value = getattr(self, name)
            _require(
                value is None or value >= 1,
                f"--{name.replace('_', '-')} must be at least 1, not {value}.",
            )
        _require(
            self.beam_size is None or self.best_of is None,
            "--beam-size and --best-of exclude each other within one decoding.",
        )
        _require(
            self.temperature > 0 or self.best_of is None, "--best-of needs a temperature above 0."
        )
        _require(
            self.patience is None or self.beam_size is not None, "--patience needs --beam-size."
        )
        _require(self.patience is None or self.patience > 0, "--patience must be above 0.")
        _require(
            self.length_penalty is None or 0 <= self.length_penalty <= 1,
            "--length-penalty must lie between 0 and 1.",
        )
        _require(
            self.max_initial_timestamp is None or self.max_initial_timestamp >= 0,
            "The first timestamp's limit cannot be negative.",
        )


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of the recording in seconds; `end` None means to the end."""

    start: float
    end: float | None = None

    def __post_init__(self) -> None:
        _require(
            math.isfinite(self.start) and self.start >= 0,
            f"A clip cannot start at {self.start} s: give a time from 0 up.",
        )
        _require(
            self.end is None or (math.isfinite(self.end) and self.end > self.start),
            f"A clip must end after it starts, not from {self.start} s to {self.end} s.",
        )


@dataclass(frozen=True, kw_only=True)
class AlignmentOptions:
    """How cross-attention becomes word times.

    `qk_scale` multiplies the raw scores before the softmax; `medfilt_width` is the odd number of
    frames (20 ms each) of the median filter. `kernels` says what filters and finds the path: auto
    is Triton beside a GPU where it runs, and the CPU elsewhere.
    """

    qk_scale: float = 1.0
    medfilt_width: int = 7
    prepend_punctuations: str = PREPEND_PUNCTUATIONS
    append_punctuations: str = APPEND_PUNCTUATIONS
    kernels: KernelChoice = "auto"

    def __post_init__(self) -> None:
        _require(self.qk_scale > 0 and math.isfinite(self.qk_scale), "--qk-scale must be above 0.")
        _require(
            self.medfilt_width >= 1 and self.medfilt_width % 2 == 1,
            f"--medfilt-width must be an odd number from 1 up, not {self.medfilt_width}.",
        )
        _require(
            self.kernels in get_args(KernelChoice),
            f"--kernels must be auto, triton or cpu, not {self.kernels!r}.",
        )


@dataclass(frozen=True, kw_only=True)
class TranscriptionOptions:
    """How a long recording is transcribed window by window (Radford et al. 2022, section 4.5).

    A threshold of None switches its check off. Temperatures are tried in order until a decoding
    passes the checks. `condition_on_previous_text` None leaves it to the model: yes, unless it
    cannot use that text. `hallucination_silence_threshold` (seconds) needs timed words.
    """

    task: Task = "transcribe"
    language: str | None = None
    temperatures: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    best_of: int | None = 5
    beam_size: int | None = 5
    patience: float | None = None
    length_penalty: float | None = None
    suppress_tokens: tuple[int, ...] | None = (-1,)
    compression_ratio_threshold: float | None = 2.4
    logprob_threshold: float | None = -1.0
    no_speech_threshold: float | None = 0.6
    condition_on_previous_text: bool | None = None
    initial_prompt: str | None = None
    carry_initial_prompt: bool = False
    clips: tuple[Clip, ...] = ()
    word_timestamps: bool = True
    hallucination_silence_threshold: float | None = None

    def __post_init__(self) -> None:
        _require(len(self.temperatures) > 0, "At least one temperature is needed.")
        for index in range(len(self.temperatures)):
            self.decoding(index)
        _require(
            self.hallucination_silence_threshold is None or self.word_timestamps,
            "--hallucination-silence-threshold needs timed words: leave --no-word-timestamps out.",
        )
        _require(
            not self.carry_initial_prompt or self.initial_prompt is not None,
            "--carry-initial-prompt needs --initial-prompt.",
        )

    def decoding(
        self, attempt: int, prompt: tuple[int, ...] = (), language: str | None = None
    ) -> DecodingOptions:
        """Options of one attempt at a window: beams at temperature 0, samples above it."""
        temperature = self.temperatures[attempt]
        sampled = temperature > 0
        return DecodingOptions(
            task=self.task,
            language=language or self.language,
            temperature=temperature,
            best_of=self.best_of if sampled else None,
            beam_size=None if sampled else self.beam_size,
            patience=None if sampled or self.beam_size is None else self.patience,
            length_penalty=self.length_penalty,
            prompt=prompt,
            suppress_tokens=self.suppress_tokens,
        )


@dataclass(frozen=True, kw_only=True)
class LayoutOptions:
    """How timed words become subtitle cues; widths are in characters, None means no limit."""

    highlight_words: bool = False
    max_line_width: int | None = None
    max_line_count: int | None = None
    max_words_per_line: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_line_width", "max_line_count", "max_words_per_line"):
            value = getattr(self, name)
            _require(
                value is None or value >= 1,
                f"--{name.replace('_', '-')} must be at least 1, not {value}.",
            )
