"""What the model takes a recording for: words with times, decoded window by window."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.alignment.forced.verification import smoothed, word_evidence
from subalign.alignment.methods import time_texts
from subalign.alignment.pauses import FrameSpan
from subalign.alignment.script_words import script_words
from subalign.alignment.teacher_forcing import text_room
from subalign.alignment.words import WordTokens
from subalign.decoding import DecodingResult, decode
from subalign.mel import FRAMES_PER_SECOND, LogMel
from subalign.model import EncodedAudio, Whisper
from subalign.options import AlignmentOptions, DecodingOptions
from subalign.results import Line
from subalign.tokenizer import Tokenizer

__all__ = [
    "BATCH",
    "HeardSpan",
    "HeardWord",
    "SpanEncoder",
    "batched",
    "hear",
    "verify",
]

BATCH = 4
"""Windows that are encoded at once: more gain little time and take memory."""

# frames: the least silence after what is heard in a short window, and what its length is a
# multiple of, since memory that was taken for one length is not used again for another
_MARGIN, _STEP = 100, 200

# windows are silent from this probability on, if the mean log probability of their tokens is lower
# than this: clear speech after noise has been seen with 0.74 and -0.2, noise with 1.0 and -0.8
_SILENCE, _UNSURE = 0.6, -0.5

# decoded speech of which the transcript has this share was said: the evidence (nats a token) of its
# words, which the transcript may lack here and there
_LEAST_USED, _BELIEVED = 0.8, 6.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A decoded word; times are seconds of the recording.

    `evidence` is what the audio says for it and the words around it (see `word_evidence`).
    """

    text: str
    start: float
    end: float
    evidence: float


@dataclass(frozen=True, eq=False)
class SpanEncoder:
    """Encodes spans of a recording, each as the beginning of a window.

    What it is told to keep is encoded once, whoever asks for it, and as a whole window. So is a
    recording that is one span.
    """

    model: Whisper
    mel: LogMel
    _kept: dict[tuple[FrameSpan, bool], Tensor] = field(
        default_factory=dict, init=False, repr=False
    )

    @torch.inference_mode()
    def encode(
        self,
        spans: Sequence[FrameSpan],
        *,
        backwards: bool = False,
        whole: bool = False,
        keep: bool = False,
    ) -> EncodedAudio:
        """Encode spans; `backwards` lets each sound from its end.

        A model that hears short windows gets no `whole` ones, but about as long as the longest
        span.
        """
        is_all = list(spans) == [FrameSpan(0, self.mel.n_frames)]
        keys = [(span, backwards) for span in spans]
        if not is_all and not keep and not all(key in self._kept for key in keys):
            return self.model.encode(self._windows(spans, backwards, whole))
        windows = self._windows(spans, backwards, whole=True)
        missing = [row for row, key in enumerate(keys) if key not in self._kept]
        if missing:
            encoded = self.model.encode(windows[missing])
            # an hour of whole windows is much memory
            dtype = encoded.features.dtype if is_all else torch.float16
            for row, features in zip(missing, encoded.features, strict=True):
                self._kept[keys[row]] = features.to("cpu", dtype, copy=True)
            if len(missing) == len(keys):
                return encoded
        kept = torch.stack([self._kept[key] for key in keys])
        features = kept.to(self.model.device, self.model.dtype)
        return EncodedAudio(features, self.model.decoder.cross_attention_kv(features), windows)

    def _windows(self, spans: Sequence[FrameSpan], backwards: bool, whole: bool) -> Tensor:
        width = self.model.dims.window_frames
        if self.model.short_windows and not whole:
            longest = max(span.length for span in spans)
            width = min(width, -(-(longest + _MARGIN) // _STEP) * _STEP)
        windows = [self.mel.window(span.start, span.length, width) for span in spans]
        if backwards:
            for window, span in zip(windows, spans, strict=True):
                window[:, : span.length] = window[:, : span.length].flip(1)
        return torch.stack(windows)


@dataclass(frozen=True, slots=True)
class HeardSpan:
    """A span, the words that were decoded there, and the same as the decoder reads them."""

    span: FrameSpan
    words: list[HeardWord]
    encoded: list[WordTokens]


def hear(
    encoder: SpanEncoder,
    tokenizer: Tokenizer,
    spans: Sequence[FrameSpan],
    options: AlignmentOptions,
    on_window: Callable[[FrameSpan], None] = lambda _span: None,
) -> list[HeardSpan]:
    """Decode every span, which is not longer than a window, without timestamps, and time it.

    Spans that the model takes for silence give no words. That the audio speaks for the others is
    believed until `verify`.
    """
    model = encoder.model
    room = text_room(model, tokenizer)
    # fast speech takes more than the half of the context that a prompt would leave
    decoding = DecodingOptions(
        language=tokenizer.language or "en", without_timestamps=True, sample_len=room
    )
    heard: list[HeardSpan] = []
    for batch in batched(spans, BATCH):
        # from short windows a sentence may be left out
        encoded = encoder.encode(batch, whole=True, keep=True)
        texts = [
            [] if _is_silence(result) else _words(result.text, tokenizer, room)
            for result in decode(model, encoded, decoding)
        ]
        lengths = [span.length for span in batch]
        # near enough to look for the transcript's words, which are timed later
        timed = time_texts(model, tokenizer, encoded, texts, lengths, options, cut_pauses=False)
        for span, words, timings in zip(batch, texts, timed, strict=True):
            offset = span.start / FRAMES_PER_SECOND
            found = [
                HeardWord(word.word, offset + word.start, offset + word.end, _BELIEVED)
                for word in timings
            ]
            heard.append(HeardSpan(span, found, words))
            on_window(span)
    return heard


def verify(
    encoder: SpanEncoder,
    tokenizer: Tokenizer,
    heard: Sequence[HeardSpan],
    used: NDArray[np.float64],
) -> list[HeardSpan]:
    """The same with the evidence of words in spans that are not much like the transcript.

    `used` (words,) is the share of each word's letters that the transcript has, for all in order.
    """
    verified = list(heard)
    edges = np.cumsum([0, *(len(item.words) for item in heard)])
    doubted = [
        row
        for row, item in enumerate(heard)
        if item.words and used[edges[row] : edges[row + 1]].mean() < _LEAST_USED
    ]
    for rows in batched(doubted, BATCH):
        spans = [heard[row].span for row in rows]
        texts = [heard[row].encoded for row in rows]
        forwards, backwards = (encoder.encode(spans), encoder.encode(spans, backwards=True))
        evidence = word_evidence(encoder.model, tokenizer, forwards, backwards, texts)
        for row, values in zip(rows, evidence, strict=True):
            words = [
                replace(word, evidence=value)
                for word, value in zip(heard[row].words, smoothed(values).tolist(), strict=True)
            ]
            verified[row] = replace(heard[row], words=words)
    return verified


def _is_silence(result: DecodingResult) -> bool:
    """Whether the model takes a span for silence; noise before clear speech does not count."""
    return result.no_speech_prob >= _SILENCE and result.avg_logprob < _UNSURE


def _words(text: str, tokenizer: Tokenizer, room: int) -> list[WordTokens]:
    """The words of a decoded text, as many as fit into the decoder."""
    line = Line(text, ((0, len(text)),))
    words = [word.encoded for word in script_words(line, tokenizer)]
    lengths = accumulate(len(word.tokens) for word in words)
    return [word for word, length in zip(words, lengths, strict=True) if length <= room]


def batched(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Runs of at most `size` items."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
