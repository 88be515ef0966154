"""The methods that words are timed by, chosen by `AlignmentOptions.method`, and what they share.

A method is a class in a file of its own, such as `viterbi` and `dtw`, and an entry in `METHODS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.alignment.boundaries import edge_time
from subalign.alignment.dtw import Dtw
from subalign.alignment.pauses import cut_long_pauses, restored_time
from subalign.alignment.segments import TimeWords, keep_order, keep_order_in_window
from subalign.alignment.teacher_forcing import TeacherForced, teacher_force
from subalign.alignment.viterbi import Viterbi
from subalign.alignment.words import WordSpans, WordTiming, WordTokens, words_with_punctuation
from subalign.mel.loudness import speech_levels
from subalign.mel.speech import Frames
from subalign.model import EncodedAudio, TimingHeads, Whisper
from subalign.options import AlignmentMethod, AlignmentOptions, KernelChoice
from subalign.results import Segment, Word
from subalign.tokenizer import Tokenizer

__all__ = ["METHODS", "AttentionTimer", "Method", "heads_for", "method_for", "time_texts"]


class Method(Protocol):
    """How the cross-attention of a window becomes the times of its words.

    `uses_sound` says whether loudness counts beside attention: then long pauses are cut out of a
    window before its words are timed, and their edges are refined once all words of the recording
    have times. `words_move_windows` says whether a transcription's next window begins where the
    last timed word ends.
    """

    uses_sound: ClassVar[bool]
    words_move_windows: ClassVar[bool]

    def heads(self, model: Whisper) -> TimingHeads:
        """The heads that are asked where the options name none, and the shift of their times."""
        ...

    def warm_up(self, device: torch.device) -> None:
        """Compile the kernels that a model on this device needs, ahead of their first use."""
        ...

    def attention_map(
        self, forced: TeacherForced, words: Sequence[WordTokens], options: AlignmentOptions
    ) -> Tensor:
        """The heads' common map of one window (rows, positions), as `word_spans` takes it."""
        ...

    def word_spans(
        self,
        maps: Sequence[Tensor],
        texts: Sequence[Sequence[WordTokens]],
        levels: Sequence[NDArray[np.float64]],
        *,
        shift: float = 0.0,
        kernels: KernelChoice = "auto",
    ) -> list[WordSpans]:
        """When the words of each window are spoken, in seconds, in order and without overlap.

        `texts` are the windows' words, `levels` the `speech_levels` (frames,) of their mel frames,
        and `shift` the seconds that are added to the times of the heads' attention.
        """
        ...

    def time_segments(
        self,
        segments: Sequence[Segment],
        tokenizer: Tokenizer,
        time_words: TimeWords,
        last_speech_end: float,
        options: AlignmentOptions,
    ) -> list[Segment]:
        """The segments of one transcribed window with words, and with bounds that go with them.

        `time_words` times words of the window by this method; `last_speech_end` is when the words
        before the window ended, in seconds.
        """
        ...


METHODS: dict[AlignmentMethod, Method] = {"viterbi": Viterbi(), "dtw": Dtw()}


def method_for(options: AlignmentOptions) -> Method:
    """The method that the options name."""
    return METHODS[options.method]


def heads_for(model: Whisper, options: AlignmentOptions) -> TimingHeads:
    """The heads that words are timed by, and their shift.

    Heads that the options name are taken as they are, without a shift: what the model states
    belongs to its own timing heads.
    """
    return TimingHeads(options.heads) if options.heads else method_for(options).heads(model)


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
        model: whose heads are asked, see `heads_for`.
        tokenizer: for the language and task of the text.
        encoded: a batch of windows.
        texts: each window's words; may be empty.
        num_frames: how many mel frames (10 ms) of each window are audio.
        options: method, heads, scale, filter width, kernels.
        cut_pauses: whether a method that uses the sound gets windows with long pauses without
            these, encoded again.

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
    batch = _Batch(model, tokenizer, encoded, texts, num_frames, options)
    if len(filled) < len(texts):
        batch = batch.select(filled)
    cut = cut_pauses and method_for(options).uses_sound
    timed = _timings_without_pauses(batch) if cut else _timings(batch)
    for window, timings in zip(filled, timed, strict=True):
        found[window] = timings
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    """The arguments of `time_texts`."""

    model: Whisper
    tokenizer: Tokenizer
    encoded: EncodedAudio
    texts: Sequence[Sequence[WordTokens]]
    num_frames: Sequence[int]
    options: AlignmentOptions

    def select(self, rows: Sequence[int]) -> "_Batch":
        """Some of the windows."""
        index = torch.tensor(rows, device=self.encoded.features.device)
        return self.replaced(
            rows, self.encoded.select(index), [self.num_frames[row] for row in rows]
        )

    def replaced(
        self, rows: Sequence[int], encoded: EncodedAudio, num_frames: Sequence[int]
    ) -> "_Batch":
        """The texts of some of the windows with other audio."""
        texts = [self.texts[row] for row in rows]
        return replace(self, encoded=encoded, texts=texts, num_frames=num_frames)


@torch.inference_mode()
def _timings_without_pauses(batch: _Batch) -> list[list[WordTiming]]:
    """As `_timings`; windows with long pauses are encoded again without these."""
    mels = batch.encoded.mel.numpy()
    cut = [cut_long_pauses(mel, frames) for mel, frames in zip(mels, batch.num_frames, strict=True)]
    shortened = {row: window for row, window in enumerate(cut) if window is not None}
    if not shortened:
        return _timings(batch)
    whole = [row for row, window in enumerate(cut) if window is None]
    found: dict[int, list[WordTiming]] = {}
    if whole:
        found.update(zip(whole, _timings(batch.select(whole)), strict=True))
    again = np.stack([window.mel for window in shortened.values()])  # (windows, n_mels, frames)
    lengths = [window.frames.size for window in shortened.values()]
    encoded = batch.model.encode(torch.from_numpy(again))
    part = batch.replaced(list(shortened), encoded, lengths)
    for (row, window), timings in zip(shortened.items(), _timings(part), strict=True):
        found[row] = [window.restored(timing) for timing in timings]
    return [found[row] for row in range(len(cut))]


@torch.inference_mode()
def _timings(batch: _Batch) -> list[list[WordTiming]]:
    options, texts = batch.options, batch.texts
    method, heads = method_for(options), heads_for(batch.model, options)
    forced = teacher_force(
        batch.model,
        batch.tokenizer,
        batch.encoded,
        [[token for word in words for token in word.tokens] for words in texts],
        batch.num_frames,
        heads.pairs,
    )
    maps = [
        method.attention_map(window, words, options)
        for window, words in zip(forced, texts, strict=True)
    ]
    levels = [
        speech_levels(mel[:, :frames])
        for mel, frames in zip(batch.encoded.mel.numpy(), batch.num_frames, strict=True)
    ]
    spans = method.word_spans(maps, texts, levels, shift=heads.shift, kernels=options.kernels)
    return [
        _with_probabilities(words, of_window, window.probabilities)
        for words, of_window, window in zip(texts, spans, forced, strict=True)
    ]


def _with_probabilities(
    words: Sequence[WordTokens], found: WordSpans, probabilities: Sequence[float]
) -> list[WordTiming]:
    """Times with the mean of the probabilities of each word's spoken tokens."""
    timings = []
    offset = 0
    spans = zip(found.spans.tolist(), found.estimated.tolist(), strict=True)
    for word, ((start, end), estimated) in zip(words, spans, strict=True):
        first, last = word.spoken
        of_word = probabilities[offset + first : offset + max(last, first + 1)]
        probability = float(np.mean(of_word))
        timings.append(WordTiming(word.text, word.tokens, start, end, probability, estimated))
        offset += len(word.tokens)
    return timings


@dataclass(frozen=True)
class AttentionTimer:
    """Times the words of one transcribed window's segments after another by cross-attention.

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

        def time_words(words: Sequence[WordTokens]) -> list[WordTiming]:
            [timings] = time_texts(
                self.model, self.tokenizer, encoded, [words], [num_frames], self.options
            )
            return timings

        timed = method_for(self.options).time_segments(
            segments, self.tokenizer, time_words, last_speech_end, self.options
        )
        return keep_order_in_window(timed, num_frames, last_speech_end)

    def time_windows(
        self,
        texts: Sequence[Sequence[int]],
        encoded: EncodedAudio,
        frames: Sequence[Frames],
    ) -> list[list[tuple[Word, tuple[int, ...]]]]:
        """The words of each window of a batch with their tokens, in the recording's seconds.

        `texts` are the windows' tokens without special ones, and `frames` the recording's mel
        frames that each window is made of, without long pauses. Words are in order, do not overlap,
        and last 20 ms or more.
        """
        options = self.options
        marks = options.prepend_punctuations, options.append_punctuations
        timed = time_texts(
            self.model,
            self.tokenizer,
            encoded,
            [words_with_punctuation(self.tokenizer, text, *marks) for text in texts],
            [window.size for window in frames],
            options,
            cut_pauses=False,
        )
        return [_in_recording(own, window) for own, window in zip(timed, frames, strict=True)]


def _in_recording(
    timings: Sequence[WordTiming], frames: Frames
) -> list[tuple[Word, tuple[int, ...]]]:
    kept = [restored_time(timing, frames) for timing in timings if timing.word]
    words = [Word(t.word, t.start, t.end, t.probability, t.estimated) for t in kept]
    first, last = edge_time(int(frames[0])), edge_time(int(frames[-1]) + 1)
    ordered = keep_order(words, first, last)
    return [(word, tuple(t.tokens)) for word, t in zip(ordered, kept, strict=True)]
