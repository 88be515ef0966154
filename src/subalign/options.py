"""Options of every stage: frozen, keyword-only, and valid once they exist.

A combination that cannot be carried out raises `UsageError` when the object is made.
"""

import codecs
import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from subalign.errors import UsageError

__all__ = [
    "APPEND_PUNCTUATIONS",
    "DEFAULT_PROFILE",
    "FRAME_RATES",
    "PREPEND_PUNCTUATIONS",
    "AlignmentMethod",
    "AlignmentOptions",
    "AudioOptions",
    "Clip",
    "Compute",
    "DecodingOptions",
    "HighlightStyle",
    "KernelChoice",
    "LayoutOptions",
    "OwnProfile",
    "Position",
    "ProfileName",
    "ScriptOptions",
    "SpeakerLabels",
    "SpeakerOptions",
    "SpeakerTurn",
    "StyleOptions",
    "Task",
    "Term",
    "TranscriptionOptions",
    "TurnFile",
    "VoiceDetection",
    "check_encoding",
    "compile_ignored",
    "require_kind",
]

Compute = Literal["auto", "float32", "int8", "bfloat16", "float16"]
Task = Literal["transcribe", "translate"]
KernelChoice = Literal["auto", "triton", "cpu"]
VoiceDetection = Literal["silero", "loudness", "none"]
HighlightStyle = Literal["underline", "karaoke", "color", "bold"]
Position = Literal["bottom", "top"]
SpeakerLabels = Literal["dash", "name", "colour", "none"]
AlignmentMethod = Literal["viterbi", "dtw"]
ProfileName = Literal["netflix", "bbc", "broadcast", "social", "verbatim", "openai"]

PREPEND_PUNCTUATIONS = "\"'“¿([{-"
MOST_SPEAKERS = 50
DEFAULT_PROFILE: ProfileName = "broadcast"
FRAME_RATES = (23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 59.94)
APPEND_PUNCTUATIONS = "\"'.。,，!！?？:：”)]}、"


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise UsageError(message)


def _check(options: object, names: str, valid: Callable[[Any], bool], sentence: str) -> None:
    """Refuse values that are not `valid`; None always is. {} in the sentence is the value."""
    for name in names.split():
        value = getattr(options, name)
        _require(value is None or valid(value), f"`{name}` {sentence.format(value)}")


def _check_choice(options: object, name: str, literal: object) -> None:
    choices, value = get_args(literal), getattr(options, name)
    default = getattr(type(options), name)
    _require(
        value in choices or value is default, f"`{name}` must be {_listed(choices)}, not {value!r}."
    )


def _listed(values: Sequence[object]) -> str:
    *others, last = map(str, values)
    return f"{', '.join(others)} or {last}"


def _at_least_1(value: float) -> bool:
    return value >= 1


def _check_limits(options: "OwnProfile | LayoutOptions") -> None:
    counts = "max_line_width max_line_count max_words_per_line"
    _check(options, counts, _at_least_1, "must be at least 1, not {}.")
    _check(options, "max_cps", lambda speed: speed > 0, "must be above 0, not {}.")
    from_0_up = "takes seconds from 0 up, not {}."
    _check(options, "min_duration min_gap linger", lambda s: 0 <= s < math.inf, from_0_up)
    _check(options, "max_duration", lambda s: s >= 0, from_0_up)
    least = max(options.min_duration or 0.0, 0.1)
    too_short = "must be at least 0.1 s and `min_duration`, not {} s."
    _check(options, "max_duration", lambda s: s >= least, too_short)
    rates = _listed([f"{rate:g}" for rate in FRAME_RATES])
    _check(options, "fps", FRAME_RATES.__contains__, f"must be {rates}, not {{}}.")


def require_kind(name: str, value: object, kind: type) -> None:
    """Check that a parameter that takes options is given options of its kind.

    Raises:
        UsageError: they are of another kind.
    """
    _require(
        isinstance(value, kind), f"`{name}` takes {kind.__name__}, not {type(value).__name__}."
    )


@dataclass(frozen=True, kw_only=True)
class AudioOptions:
    """How a recording is opened. `track` counts audio tracks from 1, `channel` its channels.

    Without a channel they are mixed. `max_seconds` is the most sound that is decoded; None leaves
    it to the size of the file. `stall_timeout` is how many seconds the decoder may stay silent
    before it is stopped.
    """

    track: int = 1
    channel: int | None = None
    max_seconds: float | None = None
    stall_timeout: float = 60.0

    def __post_init__(self) -> None:
        _check(self, "track", _at_least_1, "counts from 1, not {}.")
        _check(self, "channel", lambda n: 1 <= n <= 64, "must be a number from 1 to 64, not {}.")
        _check(self, "max_seconds stall_timeout", lambda n: n > 0, "takes seconds above 0, not {}.")


@dataclass(frozen=True, kw_only=True)
class DecodingOptions:
    """How one window becomes tokens (Radford et al. 2022, section 4.5).

    `best_of` applies above temperature 0, `beam_size` and `patience` at 0. `suppress_tokens` None
    suppresses nothing; -1 in it stands for the tokenizer's non-speech tokens. `prompt` is what was
    spoken before the window, `prefix` how the window's own text begins; both may be text or tokens.
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
        _check_choice(self, "task", Task)
        _check(self, "best_of beam_size sample_len", _at_least_1, "must be at least 1, not {}.")
        _check(self, "temperature", lambda t: 0 <= t <= 5, "must lie between 0 and 5, not {}.")
        _check(self, "patience", lambda factor: factor > 0, "must be above 0.")
        _check(self, "length_penalty", lambda alpha: 0 <= alpha <= 1, "must lie between 0 and 1.")
        _check(self, "max_initial_timestamp", lambda s: s >= 0, "cannot be negative.")
        _require(
            self.beam_size is None or self.best_of is None,
            "`beam_size` and `best_of` exclude each other within one decoding.",
        )
        _require(
            self.temperature > 0 or self.best_of is None, "`best_of` needs a temperature above 0."
        )
        _require(
            self.patience is None or self.beam_size is not None, "`patience` needs `beam_size`."
        )


@dataclass(frozen=True, slots=True)
class Term:
    """A name or term as it is `written`, and what may be `heard` in its place, as text."""

    written: str
    heard: str | None = None


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

    `method` is one of

    - viterbi: the best segmentation of the window into words and silences, by attention, loudness
      and how long words of so many letters take;
    - dtw: openai-whisper's, the best path through the attention.

    `heads` are (layer, head) pairs; without any, the model's timing heads with their shift,
    by method dtw its alignment heads. `qk_scale` multiplies the raw scores before the softmax;
    `medfilt_width` is the odd number of positions (20 ms each) of the median filter: None is the
    method's own, 1 for viterbi and 7 for dtw. `kernels` says what filters and finds the path: auto
    is Triton beside a GPU where it runs, and the CPU elsewhere.
    """

    method: AlignmentMethod = "viterbi"
    heads: tuple[tuple[int, int], ...] = ()
    qk_scale: float = 1.0
    medfilt_width: int | None = None
    prepend_punctuations: str = PREPEND_PUNCTUATIONS
    append_punctuations: str = APPEND_PUNCTUATIONS
    kernels: KernelChoice = "auto"

    def __post_init__(self) -> None:
        _check_choice(self, "method", AlignmentMethod)
        _check_choice(self, "kernels", KernelChoice)
        _require(
            all(layer >= 0 and head >= 0 for layer, head in self.heads),
            "`heads` counts layers and heads from 0.",
        )
        _check(self, "qk_scale", lambda scale: 0 < scale < math.inf, "must be above 0.")
        odd = "must be an odd number from 1 up, not {}."
        _check(self, "medfilt_width", lambda width: width >= 1 and width % 2 == 1, odd)


@dataclass(frozen=True, kw_only=True)
class TranscriptionOptions:
    """How a long recording is transcribed.

    Speech is found by `vad` (silero, loudness, or none: all is heard), where its probability is
    `vad_threshold` or more, cut into windows in pauses, and decoded in batches of `batch_size`
    (None: by model and device), with `each_language` each in the language that is detected in it.
    With `sequential` windows follow each other as in openai-whisper
    (Radford et al. 2022, section 4.5), each told of the text before it:
    `condition_on_previous_text` None leaves that to the model: yes, unless it cannot use that text.
    Then `hallucination_silence_threshold` (seconds) may skip silence; it needs timed words. The
    initial prompt is given to every window of a batch, but to the first alone of a sequence,
    without `carry_initial_prompt`. The terms of `glossary` are likelier where something like them
    is heard, and words that sound like them become them.

    A threshold of None switches its check off. Temperatures are tried in order until a decoding
    passes the checks.
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
    glossary: tuple[Term, ...] = ()
    clips: tuple[Clip, ...] = ()
    word_timestamps: bool = True
    hallucination_silence_threshold: float | None = None
    sequential: bool = False
    batch_size: int | None = None
    each_language: bool = False
    vad: VoiceDetection = "silero"
    vad_threshold: float = 0.5

    def __post_init__(self) -> None:
        threshold = self.hallucination_silence_threshold
        _require(len(self.temperatures) > 0, "At least one temperature is needed.")
        for index in range(len(self.temperatures)):
            self.decoding(index)
        _require(
            threshold is None or self.word_timestamps,
            "`hallucination_silence_threshold` needs timed words: leave `word_timestamps=False` "
            "out.",
        )
        for name, given in (
            ("condition_on_previous_text", self.condition_on_previous_text is True),
            ("hallucination_silence_threshold", threshold is not None),
        ):
            _require(
                self.sequential or not given,
                f"`{name}` needs `sequential`: windows of a batch do not follow each other.",
            )
        _require(
            not self.each_language or (self.language is None and not self.sequential),
            "`each_language` detects the language of each window: leave `language` and "
            "`sequential` out.",
        )
        _check_choice(self, "vad", VoiceDetection)
        _check(self, "batch_size", _at_least_1, "must be at least 1, not {}.")
        _check(self, "vad_threshold", lambda p: 0 < p < 1, "must lie between 0 and 1, not {}.")
        _require(
            not self.carry_initial_prompt or self.initial_prompt is not None,
            "`carry_initial_prompt` needs `initial_prompt`.",
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
            without_timestamps=not self.sequential,
        )


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """A stretch of the recording (seconds) in which a speaker speaks."""

    start: float
    end: float
    speaker: str


@dataclass(frozen=True, slots=True)
class TurnFile:
    """Who speaks when in some recordings, each by its name without an ending; `label` names it."""

    label: str
    recordings: tuple[tuple[str, tuple[SpeakerTurn, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class SpeakerOptions:
    """How it is found out who speaks; `speaker_names` are pairs of an old name and a new one.

    `speakers` is `auto` where voices tell, or how many there are, `channels`, where each has a
    channel of their own, or the turns themselves; None asks for nothing.
    """

    speakers: Literal["auto", "channels"] | int | TurnFile | None = None
    speaker_names: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        _require(
            not isinstance(self.speakers, int) or 1 <= self.speakers <= MOST_SPEAKERS,
            f"`speakers` must be from 1 to {MOST_SPEAKERS}, not {self.speakers}.",
        )

    @property
    def by_voice(self) -> bool:
        """Whether speakers are told apart by their voices."""
        return self.speakers == "auto" or isinstance(self.speakers, int)

    @property
    def facts(self) -> dict[str, object]:
        """All that results depend on, by name; nothing where nothing is asked for."""
        speakers: object = self.speakers
        if isinstance(self.speakers, TurnFile):
            digest = hashlib.sha256(repr(self.speakers.recordings).encode()).hexdigest()
            speakers = f"{self.speakers.label} ({digest[:12]})"
        facts = {"speakers": speakers, "speaker_names": [list(pair) for pair in self.speaker_names]}
        return {name: value for name, value in facts.items() if value}


@dataclass(frozen=True, kw_only=True)
class StyleOptions:
    """How text looks, in the formats that say so: ASS and TTML; `highlight` in SRT and WebVTT too.

    Colours are #rrggbb. `size` (of the letters) and `outline` (the dark line around them) are in
    lines of a picture with 1080.
    """

    font: str = "Arial"
    size: float = 60.0
    color: str = "#ffffff"
    highlight: str = "#ffff00"
    outline: float = 3.0
    position: Position = "bottom"

    def __post_init__(self) -> None:
        _require(
            re.fullmatch(r"[^\W_](?:[\w .-]*[\w.])?", self.font) is not None,
            f"`font={self.font}` is no font's name: use letters, digits, spaces and hyphens.",
        )
        for name, color in (("color", self.color), ("highlight", self.highlight)):
            _require(
                re.fullmatch("#[0-9A-Fa-f]{6}", color) is not None,
                f"`{name}={color}` is no colour: write #rrggbb, such as #ffff00.",
            )
        for name, value, least, most in (
            ("size", self.size, 1, 1080),
            ("outline", self.outline, 0, 100),
        ):
            _require(
                least <= value <= most, f"`{name}={value:g}` must lie between {least} and {most}."
            )
        _check_choice(self, "position", Position)


@dataclass(frozen=True, kw_only=True)
class OwnProfile:
    """Limits and times of cues of a house of one's own: those of the profile `base`, but these.

    Numbers as in `LayoutOptions`, infinity where there is no limit. `max_wide_line_width` and
    `max_wide_cps` are for lines and cues of wide characters (Chinese, Japanese, Korean); without
    them `max_line_width` and `max_cps` hold there too. `gap_frames` is the least number of frames
    between cues, `chain_gap` a gap in seconds that is too short to be left open.
    """

    name: str
    base: ProfileName = DEFAULT_PROFILE
    max_line_width: float | None = None
    max_wide_line_width: float | None = None
    max_line_count: int | None = None
    max_words_per_line: float | None = None
    max_cps: float | None = None
    max_wide_cps: float | None = None
    min_duration: float | None = None
    max_duration: float | None = None
    gap_frames: int | None = None
    min_gap: float | None = None
    linger: float | None = None
    chain_gap: float | None = None
    fps: float | None = None

    def __post_init__(self) -> None:
        names = get_args(ProfileName)
        _require(
            self.name not in names, f"{self.name} is a profile already: choose another `name`."
        )
        bases = [name for name in names if name != "openai"]
        _require(self.base in bases, f"`base` must be {_listed(bases)}, not {self.base!r}.")
        _check_limits(self)
        wide = "max_wide_line_width max_wide_cps"
        _check(self, wide, lambda limit: limit > 0, "must be above 0, not {}.")
        _check(self, "gap_frames chain_gap", lambda gap: gap >= 0, "takes a number from 0 up.")


@dataclass(frozen=True, kw_only=True)
class LayoutOptions:
    """How timed words become subtitle cues.

    `profile` names limits and times of cues (None is broadcast), or is an `OwnProfile`; the numbers
    below it replace its own, and None leaves them: widths in columns, speed in characters a second,
    times in seconds, `fps` a video's frame rate, on whose frames cues then start and end. `linger`
    is how long a cue stays after its last word. The profile openai is openai-whisper's layout: it
    knows no limits but the first three, and there None means no limit.

    With `keep_lines` each segment is one cue with its text as written, line breaks and formatting
    too, and no limit on text may be set. Its time is its words', on whole frames with `fps`, unless
    a profile or another time is given. With `csv_formulas` the format csv leaves text as it is that
    spreadsheets calculate.

    Where words have speakers, cues break between them. `speaker_labels` says how else they are told
    apart: by a dash where two share a cue, by a name where another begins, by a colour (a dash in
    formats without colours), or not; None leaves it to the profile.
    """

    profile: ProfileName | OwnProfile | None = None
    keep_lines: bool = False
    highlight_words: bool = False
    highlight_style: HighlightStyle = "underline"
    style: StyleOptions = StyleOptions()
    max_line_width: int | None = None
    max_line_count: int | None = None
    max_words_per_line: int | None = None
    max_cps: float | None = None
    min_duration: float | None = None
    max_duration: float | None = None
    min_gap: float | None = None
    linger: float | None = None
    fps: float | None = None
    csv_formulas: bool = False
    speaker_labels: SpeakerLabels | None = None

    def __post_init__(self) -> None:
        _check_choice(self, "speaker_labels", SpeakerLabels)
        if not isinstance(self.profile, OwnProfile):
            _check_choice(self, "profile", ProfileName)
        _check_choice(self, "highlight_style", HighlightStyle)
        _check_limits(self)
        counts = "max_line_width max_line_count max_words_per_line"
        _require(
            not self.keep_lines or all(getattr(self, name) is None for name in counts.split()),
            "`max_line_width`, `max_line_count` and `max_words_per_line` break lines anew: leave "
            "`keep_lines` out.",
        )
        _require(
            self.profile != "openai" or not self.times_are_set,
            "`max_cps`, `min_duration`, `max_duration`, `min_gap`, `linger` and `fps` need another "
            "profile than openai.",
        )

    @property
    def base_profile(self) -> ProfileName:
        """The profile, where none is given the default one, of an own one its base."""
        named = self.profile.base if isinstance(self.profile, OwnProfile) else self.profile
        return named or DEFAULT_PROFILE

    @property
    def times_are_set(self) -> bool:
        """Whether an option is given that moves starts or ends of cues off their words."""
        times = (self.min_duration, self.max_duration, self.min_gap, self.linger, self.fps)
        return any(value is not None for value in (self.max_cps, *times))


@dataclass(frozen=True, kw_only=True)
class ScriptOptions:
    """How a given transcript is read. `language` None is the transcript's own, else detected.

    `ignore` are regular expressions of what is kept and not spoken, beside what `subalign` knows.
    `encoding` is that of the file, where it is not what the file itself shows.
    """

    language: str | None = None
    ignore: tuple[str, ...] = ()
    encoding: str | None = None

    def __post_init__(self) -> None:
        compile_ignored(self.ignore)
        if self.encoding is not None:
            check_encoding(self.encoding)


def check_encoding(name: str) -> str:
    """Python's name of an encoding of text.

    Raises:
        UsageError: Python knows none of this name.
    """
    try:
        found = codecs.lookup(name)
        b"a\0\0\0".decode(name)  # refuses those that are of no text
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"`encoding` {name!r} is not known: name one such as utf-8, cp1252 or shift_jis."
        ) from error
    return found.name


def compile_ignored(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """The patterns of `ignore`, compiled; `^` and `$` are the ends of a line.

    Raises:
        UsageError: a pattern is no regular expression.
    """
    try:
        return tuple(re.compile(pattern, re.MULTILINE) for pattern in patterns)
    except re.error as error:
        raise UsageError(
            f"`ignore` {error.pattern!r} is no regular expression ({error}): put \\ before signs "
            "that stand for themselves."
        ) from error
