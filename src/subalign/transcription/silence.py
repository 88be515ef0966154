"""Windows without speech, and segments that the model hallucinates over silence.

A segment is anomalous where many of its first words are improbable, very short or very long. An
anomalous segment with silence on both sides is dropped, and decoding goes on at its start.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from subalign.decoding import DecodingResult
from subalign.mel import FRAMES_PER_SECOND
from subalign.options import APPEND_PUNCTUATIONS, PREPEND_PUNCTUATIONS, TranscriptionOptions
from subalign.results import Segment, Word
from subalign.transcription.windows import MelWindow

__all__ = ["SilenceSkip", "SilenceThresholds", "is_silence", "skip_silence"]

_PUNCTUATION = frozenset(PREPEND_PUNCTUATIONS + APPEND_PUNCTUATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceThresholds:
    """When a segment is anomalous, and alone; openai-whisper's numbers (`transcribe.py` there)."""

    # words of a segment that are judged, and the sum of their scores that is anomalous; or so
    # nearly one a word
    words: int = 8
    anomaly: float = 3.0
    rounding: float = 0.01
    # a word below this probability scores 1
    probability: float = 0.15
    # seconds: a shorter word scores `short_rate` for each that it lacks, a longer one 1 for each
    # that it has more
    short_word: float = 0.133
    short_rate: float = 15.0
    long_word: float = 2.0
    # seconds from an edge of the window within which a segment has silence on that side
    window_edge: float = 2.0


@dataclass(frozen=True, slots=True)
class SilenceSkip:
    """What is left of a window's segments, and the frame to go on at (None: as before)."""

    segments: tuple[Segment, ...]
    next_seek: int | None


def is_silence(result: DecodingResult, options: TranscriptionOptions) -> bool:
    """Whether the window holds no speech: no-speech is likely, and its text is improbable."""
    probable = (
        options.logprob_threshold is not None and result.avg_logprob > options.logprob_threshold
    )
    return (
        options.no_speech_threshold is not None
        and result.no_speech_prob > options.no_speech_threshold
        and not probable
    )


def skip_silence(
    segments: Sequence[Segment],
    window: MelWindow,
    *,
    threshold: float,
    last_speech_end: float,
    n_frames: int,
    limits: SilenceThresholds = SilenceThresholds(),
) -> SilenceSkip:
    """Drop anomalous segments between silences longer than `threshold` seconds."""
    first = _next_with_words(segments)
    if (
        first is not None
        and _is_anomalous(first, limits)
        and first.start - window.offset > threshold
    ):
        gap = first.start - window.offset
        return SilenceSkip((), window.seek + round(gap * FRAMES_PER_SECOND))
    speech_end = last_speech_end
    for index, segment in enumerate(segments):
        if not segment.words:
            continue
        following = _next_with_words(segments[index + 1 :])
        if _is_anomalous(segment, limits) and _alone(
            segment, following, window, threshold, speech_end, limits
        ):
            restart = max(window.offset + 1, segment.start)
            at_end = n_frames / FRAMES_PER_SECOND - segment.end < threshold
            next_seek = n_frames if at_end else round(restart * FRAMES_PER_SECOND)
            return SilenceSkip(tuple(segments[:index]), next_seek)
        speech_end = segment.end
    return SilenceSkip(tuple(segments), None)


def _alone(
    segment: Segment,
    following: Segment | None,
    window: MelWindow,
    threshold: float,
    speech_end: float,
    limits: SilenceThresholds,
) -> bool:
    next_start = window.offset + window.duration
    if following is not None and following.words:
        next_start = following.words[0].start
    silence_before = (
        segment.start - speech_end > threshold
        or segment.start < threshold
        or segment.start - window.offset < limits.window_edge
    )
    silence_after = (
        next_start - segment.end > threshold
        or (following is not None and _is_anomalous(following, limits))
        or window.end - segment.end < limits.window_edge
    )
    return silence_before and silence_after


def _is_anomalous(segment: Segment, limits: SilenceThresholds) -> bool:
    words = [word for word in segment.words or () if word.text.strip() not in _PUNCTUATION]
    words = words[: limits.words]
    score = sum(_anomaly(word, limits) for word in words)
    return bool(segment.words) and (
        score >= limits.anomaly or score + limits.rounding >= len(words)
    )


def _anomaly(word: Word, limits: SilenceThresholds) -> float:
    duration = word.end - word.start
    score = 1.0 if word.probability < limits.probability else 0.0
    score += max(0.0, limits.short_word - duration) * limits.short_rate
    return score + max(0.0, duration - limits.long_word)


def _next_with_words(segments: Sequence[Segment]) -> Segment | None:
    return next((segment for segment in segments if segment.words), None)
