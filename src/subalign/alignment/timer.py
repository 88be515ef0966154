"""Words with times for the segments of a window."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from subalign.alignment.dtw_segments import (
    in_recording,
    text_tokens,
    time_segments_by_dtw,
    words_by_segment,
)
from subalign.alignment.guarantees import keep_order
from subalign.alignment.punctuation import words_with_punctuation
from subalign.alignment.windows import time_texts
from subalign.mel import FRAMES_PER_SECOND
from subalign.model import EncodedAudio, Whisper
from subalign.options import AlignmentOptions
from subalign.results import Segment, Word
from subalign.tokenizer import Tokenizer

__all__ = ["WordTimer", "with_words"]


@dataclass(frozen=True)
class WordTimer:
    """Finds the words' times of one window's segments after another.

    `tokenizer` is the one for the recording's language and task.
    """

    model: Whisper
    tokenizer: Tokenizer
    options: AlignmentOptions = field(default_factory=AlignmentOptions)

    def __call__(
        self,
        segments: Sequence[Segment],
        encoded: EncodedAudio,
        num_frames: int,
        last_speech_end: float,
    ) -> list[Segment]:
        """The same segments with words, and with start and end moved to them.

        `encoded` is the one window that the segments were decoded from, `num_frames` how many mel
        frames of it are audio, and `last_speech_end` when the words before the window ended, in
        seconds. Words are in order, do not overlap, and last 20 ms or more. Segments without text
        get no words and keep their bounds.
        """
        if self.options.method == "dtw":
            timed = time_segments_by_dtw(
                self.model,
                self.tokenizer,
                segments,
                encoded,
                num_frames,
                last_speech_end,
                self.options,
            )
        else:
            timed = self._by_method(segments, encoded, num_frames)
        return _in_order(timed, num_frames, last_speech_end)

    def _by_method(
        self, segments: Sequence[Segment], encoded: EncodedAudio, num_frames: int
    ) -> list[Segment]:
        texts = [text_tokens(segment, self.tokenizer) for segment in segments]
        words = words_with_punctuation(
            self.tokenizer,
            [token for text in texts for token in text],
            self.options.prepend_punctuations,
            self.options.append_punctuations,
        )
        [timings] = time_texts(
            self.model, self.tokenizer, encoded, [words], [num_frames], self.options
        )
        own_words = words_by_segment(timings, [len(text) for text in texts])
        return [
            with_words(segment, in_recording(of_segment, segment))
            for segment, of_segment in zip(segments, own_words, strict=True)
        ]


def with_words(segment: Segment, words: Sequence[Word]) -> Segment:
    """The segment with these words, from the start of the first to the end of the last."""
    if not words:
        return replace(segment, words=())
    return replace(segment, words=tuple(words), start=words[0].start, end=words[-1].end)


def _in_order(
    segments: Sequence[Segment], num_frames: int, last_speech_end: float
) -> list[Segment]:
    """Give the words of a window's segments what every word has: time of its own, in order."""
    if not segments:
        return []
    window_start = segments[0].seek / FRAMES_PER_SECOND
    window_end = window_start + num_frames / FRAMES_PER_SECOND
    words = [word for segment in segments for word in segment.words or ()]
    ordered = iter(keep_order(words, min(last_speech_end, window_end), window_end))
    return [
        _moved(segment, list(islice(ordered, len(segment.words or ())))) for segment in segments
    ]


def _moved(segment: Segment, words: Sequence[Word]) -> Segment:
    """The bounds go with the words that they were at."""
    if not words or segment.words is None:
        return segment
    first, last = segment.words[0], segment.words[-1]
    start = words[0].start if segment.start == first.start else segment.start
    end = words[-1].end if segment.end == last.end else segment.end
    return replace(
        segment,
        words=tuple(words),
        start=min(start, words[0].start),
        end=max(end, words[-1].end),
    )
