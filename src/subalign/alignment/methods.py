"""Times for given words in a batch of windows, by any method."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice

import numpy as np
import torch
from numpy.typing import NDArray

from subalign.alignment.characters import spell
from subalign.alignment.constraints import keep_order
from subalign.alignment.dtw import (
    batch_token_positions,
    in_recording,
    positions_per_second,
    text_tokens,
    time_segments_by_dtw,
    token_boundaries,
    words_by_segment,
)
from subalign.alignment.loudness import speech_levels
from subalign.alignment.norm_heads import candidate_heads, norm_matrix
from subalign.alignment.pauses import cut_long_pauses
from subalign.alignment.punctuation import words_with_punctuation
from subalign.alignment.teacher_forcing import TeacherForced, heads_for, teacher_force, text_room
from subalign.alignment.viterbi import time_words, word_attention
from subalign.alignment.words import WordTiming, WordTokens
from subalign.mel import FRAMES_PER_SECOND
from subalign.model import EncodedAudio, TimingHeads, Whisper
from subalign.options import AlignmentOptions
from subalign.results import Segment, Word
from subalign.tokenizer import Tokenizer

__all__ = [
    "WordTimer",
    "time_texts",
    "with_words",
]


@dataclass(frozen=True, slots=True)
class _Span:
    """Seconds from the window's start."""

    start: float
    end: float
    estimated: bool = False


def time_texts(
    model: Whisper,
    tokenizer: Tokenizer,
    encoded: EncodedAudio,
    texts: Sequence[Sequence[WordTokens]],
    num_frames: Sequence[int],
    options: AlignmentOptions = AlignmentOptions(),
    *,
    cut_pauses: bool = True,
) -> list[list[WordTiming]]:
    """One timing for each given word of every window, in seconds from the window's start.

    Words keep their order and do not overlap. Some may be empty, by method viterbi only where
    there are more words than positions.

    Args:
        model: whose timing heads are asked, by method dtw its alignment heads.
        tokenizer: for the language and task of the text.
        encoded: a batch of windows.
        texts: each window's words; may be empty.
        num_frames: how many mel frames (10 ms) of each window are audio.
        options: method, heads, scale, filter width, kernels.
        cut_pauses: whether method viterbi hears windows with long pauses again without these.

    Raises:
        ValueError: the arguments do not hold equally many windows, or a text is too long for the
            decoder.
    """
    if not encoded.windows == len(texts) == len(num_frames):
        raise ValueError(
            f"{encoded.windows} encoded windows, {len(texts)} texts and {len(num_frames)} "
            "lengths cannot be aligned with each other"
        )
    found: list[list[WordTiming]] = [[] for _ in texts]
    filled = [window for window, words in enumerate(texts) if words]
    if not filled:
        return found
    if len(filled) < len(texts):
        encoded = encoded.select(torch.tensor(filled, device=encoded.features.device))
    batch = _Batch(
        model,
        tokenizer,
        encoded,
        [texts[window] for window in filled],
        [num_frames[window] for window in filled],
        options,
    )
    again = cut_pauses and options.method == "viterbi"
    timed = _timings_without_pauses(batch) if again else _timings(batch)
    for window, timings in zip(filled, timed, strict=True):
        found[window] = timings
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    """The arguments of `time_texts`, of windows that all have words."""

    model: Whisper
    tokenizer: Tokenizer
    encoded: EncodedAudio
    texts: Sequence[Sequence[WordTokens]]
    num_frames: Sequence[int]
    options: AlignmentOptions

    @property
    def heads(self) -> TimingHeads:
        if self.options.method in ("norms", "characters"):
            return TimingHeads(candidate_heads(self.model.dims))
        return heads_for(self.model, self.options)

    def part(
        self, rows: Sequence[int], encoded: EncodedAudio, num_frames: Sequence[int]
    ) -> "_Batch":
        """Some of the windows, as `encoded`."""
        texts = [self.texts[row] for row in rows]
        return replace(self, encoded=encoded, texts=texts, num_frames=num_frames)

    def force(self, texts: Sequence[Sequence[WordTokens]]) -> list[TeacherForced]:
        return teacher_force(
            self.model,
            self.tokenizer,
            self.encoded,
            [[token for word in words for token in word.tokens] for words in texts],
            self.num_frames,
            self.heads.pairs,
        )


@torch.inference_mode()
def _timings_without_pauses(batch: _Batch) -> list[list[WordTiming]]:
    """As `_timings`; windows with long pauses are heard again without these."""
    mels = batch.encoded.mel.numpy()
    cut = [cut_long_pauses(mel, frames) for mel, frames in zip(mels, batch.num_frames, strict=True)]
    shortened = {row: window for row, window in enumerate(cut) if window is not None}
    if not shortened:
        return _timings(batch)
    flowing = [row for row, window in enumerate(cut) if window is None]
    found: dict[int, list[WordTiming]] = {}
    if flowing:
        rows = torch.tensor(flowing, device=batch.encoded.features.device)
        lengths = [batch.num_frames[row] for row in flowing]
        part = batch.part(flowing, batch.encoded.select(rows), lengths)
        found.update(zip(flowing, _timings(part), strict=True))
    again = np.stack([window.mel for window in shortened.values()])  # (windows, n_mels, frames)
    lengths = [window.frames.size for window in shortened.values()]
    part = batch.part(list(shortened), batch.model.encode(torch.from_numpy(again)), lengths)
    for (row, window), timings in zip(shortened.items(), _timings(part), strict=True):
        found[row] = [window.restored(timing) for timing in timings]
    return [found[row] for row in range(len(cut))]


def _timings(batch: _Batch) -> list[list[WordTiming]]:
    forced = batch.force(batch.texts)
    match batch.options.method:
        case "viterbi":
            spans = _divided(batch, forced)
        case "dtw":
            boundaries = token_boundaries(forced, batch.model.dims, batch.options)
            spans = _along_path(batch.texts, boundaries)
        case "norms":
            spans = _along_path(batch.texts, _sharpest_boundaries(batch, forced))
        case "characters":
            spelled = [_spell(words, batch) for words in batch.texts]
            spans = _along_path(spelled, _sharpest_boundaries(batch, batch.force(spelled)))
    return [
        _with_probabilities(words, of_window, text.probabilities)
        for words, of_window, text in zip(batch.texts, spans, forced, strict=True)
    ]


def _divided(batch: _Batch, forced: Sequence[TeacherForced]) -> list[list[_Span]]:
    """Method viterbi."""
    mels = batch.encoded.mel.numpy()
    return [
        _divide(batch, words, text, mels[row, :, :frames])
        for row, (words, text, frames) in enumerate(
            zip(batch.texts, forced, batch.num_frames, strict=True)
        )
    ]


def _divide(
    batch: _Batch, words: Sequence[WordTokens], text: TeacherForced, mel: NDArray[np.float32]
) -> list[_Span]:
    attention = word_attention(text.scores[:, text.text_rows], words, batch.options)
    found = time_words(
        attention,
        speech_levels(mel),
        words,
        batch.model.dims.position_seconds,
        batch.heads.shift,
    )
    return [
        _Span(start, end, estimated=not heard)
        for (start, end), heard in zip(found.spans.tolist(), found.heard, strict=True)
    ]


@torch.inference_mode()
def _sharpest_boundaries(batch: _Batch, forced: Sequence[TeacherForced]) -> list[list[float]]:
    """Methods norms and characters: as `token_boundaries`, through the sharpest heads."""
    rows = [
        norm_matrix(
            text.scores[:, text.text_rows],
            qk_scale=batch.options.qk_scale,
            medfilt_width=batch.options.filter_width,
            kernels=batch.options.kernels,
        )
        for text in forced
    ]
    rate = positions_per_second(batch.model.dims)
    return [
        [position / rate for position in positions.tolist()]
        for positions in batch_token_positions(rows, batch.options.kernels)
    ]


def _spell(words: Sequence[WordTokens], batch: _Batch) -> Sequence[WordTokens]:
    """The words letter by letter, unless the decoder cannot read so many tokens at once."""
    spelled = spell(words, batch.tokenizer)
    fits = sum(len(word.tokens) for word in spelled) <= text_room(batch.model, batch.tokenizer)
    return spelled if fits else words


def _along_path(
    texts: Sequence[Sequence[WordTokens]], boundaries: Sequence[Sequence[float]]
) -> list[list[_Span]]:
    """Each word from where its first spoken token begins to where its last one ends."""
    spans: list[list[_Span]] = []
    for words, of_window in zip(texts, boundaries, strict=True):
        offsets = accumulate((len(word.tokens) for word in words), initial=0)
        spans.append(
            [
                _Span(of_window[offset + word.spoken[0]], of_window[offset + word.spoken[1]])
                for word, offset in zip(words, offsets, strict=False)
            ]
        )
    return spans


def _with_probabilities(
    words: Sequence[WordTokens], spans: Sequence[_Span], probabilities: Sequence[float]
) -> list[WordTiming]:
    timings = []
    offset = 0
    for word, span in zip(words, spans, strict=True):
        first, end = word.spoken
        of_word = probabilities[offset + first : offset + max(end, first + 1)]
        timings.append(
            WordTiming(
                word=word.text,
                tokens=word.tokens,
                start=span.start,
                end=span.end,
                probability=float(np.mean(of_word)),
                estimated=span.estimated,
            )
        )
        offset += len(word.tokens)
    return timings


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
