"""Windows of a recording: where they lie, their tokens to segments, and where the next begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from subalign.decoding import DecodingResult
from subalign.errors import InputError
from subalign.mel import FRAMES_PER_SECOND
from subalign.mel.speech import Frames
from subalign.model import EncodedAudio
from subalign.options import Clip
from subalign.results import Segment, Word
from subalign.tokenizer import SECONDS_PER_TIMESTAMP, Tokenizer

__all__ = [
    "MelWindow",
    "SegmentTimer",
    "TimedWord",
    "WindowSplit",
    "frame_ranges",
    "last_word_end",
    "split_window",
]

TimedWord = tuple[Word, tuple[int, ...]]
"""A word and its tokens."""

_FRAMES_PER_TIMESTAMP = 2


class SegmentTimer(Protocol):
    """Times the words of transcribed windows."""

    def __call__(
        self,
        segments: Sequence[Segment],
        encoded: EncodedAudio,
        num_frames: int,
        last_speech_end: float,
    ) -> list[Segment]:
        """The same segments with words, and with start and end moved to them.

        `num_frames` is how many mel frames of the window are content, and `last_speech_end` when
        the words before the window ended, in seconds.
        """
        ...

    def time_windows(
        self,
        texts: Sequence[Sequence[int]],
        encoded: EncodedAudio,
        frames: Sequence[Frames],
    ) -> list[list[TimedWord]]:
        """The words of each window of a batch, in the recording's seconds.

        `texts` are the windows' tokens without special ones, and `frames` the recording's mel
        frames that each window was made of.
        """
        ...


@dataclass(frozen=True, slots=True)
class MelWindow:
    """A stretch of the recording in mel frames: where it starts and how much of it is content.

    `width` is the model's window; `length` is less at the end of the recording or of a clip.
    """

    seek: int
    length: int
    width: int

    @classmethod
    def at(cls, seek: int, end: int, width: int) -> "MelWindow":
        """The window from a frame on, in a stretch that ends before another."""
        return cls(seek, min(width, end - seek), width)

    @property
    def offset(self) -> float:
        """Start in seconds."""
        return self.seek / FRAMES_PER_SECOND

    @property
    def duration(self) -> float:
        """Seconds of content."""
        return self.length / FRAMES_PER_SECOND

    @property
    def end(self) -> float:
        """End of the model's window in seconds, which may lie after the content."""
        return (self.seek + self.width) / FRAMES_PER_SECOND


@dataclass(frozen=True, slots=True)
class WindowSplit:
    """Segments of one window, the frame at which the next begins, and how the window ended.

    `speech_ended` is true where the last token is a lone timestamp: no speech follows it.
    """

    segments: tuple[Segment, ...]
    next_seek: int
    speech_ended: bool


def split_window(result: DecodingResult, tokenizer: Tokenizer, window: MelWindow) -> WindowSplit:
    """Cut a window's tokens between paired timestamps.

    Text after the last pair is cut off by the window's end, so the next window begins there.
    """
    tokens = result.tokens
    begin = tokenizer.timestamp_begin
    stamped = [token >= begin for token in tokens]
    speech_ended = stamped[-2:] == [False, True]
    cuts = [i for i in range(1, len(tokens)) if stamped[i - 1] and stamped[i]]
    whole_window = window.seek + window.length

    def segment(start: float, end: float, part: Sequence[int]) -> Segment:
        text = tokenizer.decode([token for token in part if token < tokenizer.eot])
        return Segment(
            id=0,
            seek=window.seek,
            start=window.offset + start,
            end=window.offset + end,
            text=text,
            tokens=tuple(part),
            temperature=result.temperature,
            avg_logprob=result.avg_logprob,
            compression_ratio=result.compression_ratio,
            no_speech_prob=result.no_speech_prob,
        )

    if not cuts:
        steps = [token - begin for token in tokens if token >= begin]
        end = steps[-1] * SECONDS_PER_TIMESTAMP if steps and steps[-1] else window.duration
        return WindowSplit((segment(0.0, end, tokens),), whole_window, speech_ended)
    if speech_ended:
        cuts.append(len(tokens))
    parts = [tokens[first:last] for first, last in zip([0, *cuts[:-1]], cuts, strict=True)]
    segments = tuple(
        segment(
            (part[0] - begin) * SECONDS_PER_TIMESTAMP,
            (part[-1] - begin) * SECONDS_PER_TIMESTAMP,
            part,
        )
        for part in parts
    )
    last_step = parts[-1][-1] - begin
    next_seek = whole_window if speech_ended else window.seek + last_step * _FRAMES_PER_TIMESTAMP
    return WindowSplit(segments, next_seek, speech_ended)


def frame_ranges(clips: Sequence[Clip], n_frames: int) -> list[tuple[int, int]]:
    """First frame and end frame of each clip, in the order given; without clips, of everything.

    Raises:
        InputError: a clip starts at or after the end of the recording.
    """
    ranges = []
    for clip in clips or (Clip(0.0),):
        start = round(clip.start * FRAMES_PER_SECOND)
        end = n_frames if clip.end is None else round(clip.end * FRAMES_PER_SECOND)
        if start >= n_frames and clips:
            raise InputError(
                f"A clip starts at {clip.start:g} s, but the recording ends at "
                f"{n_frames / FRAMES_PER_SECOND:g} s: give a clip inside it."
            )
        ranges.append((start, min(end, n_frames)))
    return ranges


def last_word_end(segments: Sequence[Segment]) -> float | None:
    """The end of the last word, or of the last segment where none has words."""
    for segment in reversed(segments):
        for word in reversed(segment.words or ()):
            return word.end
    return segments[-1].end if segments else None
