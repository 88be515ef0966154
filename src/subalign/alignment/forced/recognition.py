"""Recognition: every window of a recording is decoded, and the words found get rough times.

`SpanEncoder` encodes spans of the recording for this stage and all others, `Context` is what they
work with: the encoder, the tokenizer, options and thresholds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import TypeVar

import torch
from torch import Tensor

from subalign.alignment.forced.thresholds import ForcedThresholds, RecognitionThresholds
from subalign.alignment.methods import time_texts
from subalign.alignment.pauses import FrameSpan
from subalign.alignment.script_words import script_words
from subalign.alignment.teacher_forcing import text_room
from subalign.alignment.words import WordTokens
from subalign.decoding import DecodingResult, decode
from subalign.mel import FRAMES_PER_SECOND, LogMel
from subalign.model import EncodedAudio, Whisper
from subalign.model.devices import give_back_memory
from subalign.options import AlignmentOptions, DecodingOptions
from subalign.results import Line
from subalign.tokenizer import Tokenizer

__all__ = [
    "Context",
    "RecognisedSpan",
    "RecognisedWord",
    "SpanEncoder",
    "batched",
    "recognise",
    "words_of",
]


T = TypeVar("T")

_BLOCK_BYTES = 64 << 20  # so many the system gives apart from the heap


@dataclass(frozen=True, eq=False)
class SpanEncoder:
    """Encodes spans of a recording, each as the beginning of a whole window, and each once.

    What was encoded is kept for whoever asks for it again.
    """

    model: Whisper
    mel: LogMel
    _kept: dict[tuple[FrameSpan, bool], Tensor] = field(
        default_factory=dict, init=False, repr=False
    )
    _blocks: list[Tensor] = field(default_factory=list, init=False, repr=False)

    @torch.inference_mode()
    def encode(self, spans: Sequence[FrameSpan], *, backwards: bool = False) -> EncodedAudio:
        """Encode spans; `backwards` reverses the sound of each."""
        windows = self._windows(spans, backwards)
        keys = [(span, backwards) for span in spans]
        missing = [row for row, key in enumerate(keys) if key not in self._kept]
        if missing:
            encoded = self.model.encode(windows[missing])
            # an hour is much memory
            is_all = list(spans) == [FrameSpan(0, self.mel.n_frames)]
            dtype = encoded.features.dtype if is_all else torch.float16
            for row, features in zip(missing, encoded.features, strict=True):
                self._kept[keys[row]] = self._room(features, dtype).copy_(features)
            if len(missing) == len(keys):
                return encoded
        kept = torch.stack([self._kept[key] for key in keys])
        features = kept.to(self.model.device, self.model.dtype)
        return EncodedAudio(features, self.model.decoder.cross_attention_kv(features), windows)

    def _room(self, features: Tensor, dtype: torch.dtype) -> Tensor:
        """Where one window's features are kept: large pieces do not scatter the heap."""
        rows = max(1, _BLOCK_BYTES // (2 * features.numel()))
        if len(self._kept) % rows == 0 or self._blocks[-1].dtype != dtype:
            self._blocks.append(torch.empty((rows, *features.shape), dtype=dtype))
        return self._blocks[-1][len(self._kept) % rows]

    def _windows(self, spans: Sequence[FrameSpan], backwards: bool) -> Tensor:
        width = self.model.dims.window_frames
        windows = [self.mel.window(span.start, span.length, width) for span in spans]
        if backwards:
            for window, span in zip(windows, spans, strict=True):
                window[:, : span.length] = window[:, : span.length].flip(1)
        return torch.stack(windows)


@dataclass(frozen=True, eq=False)
class Context:
    """One recording's encoder, the tokenizer for its language, and how its words are timed.

    `fullest` is the span with the most words, which verification hears backwards.
    """

    encoder: SpanEncoder
    tokenizer: Tokenizer
    options: AlignmentOptions = field(default_factory=AlignmentOptions)
    thresholds: ForcedThresholds = field(default_factory=ForcedThresholds)
    fullest: FrameSpan = field(default_factory=lambda: FrameSpan(0, 0))

    @property
    def model(self) -> Whisper:
        """The model of the encoder."""
        return self.encoder.model

    @property
    def text_room(self) -> int:
        """How many text tokens the decoder can read at once."""
        return text_room(self.model, self.tokenizer)

    def batched(self, items: Sequence[T]) -> Iterator[list[T]]:
        """Runs of as many windows as are encoded at once; what each took of memory goes back."""
        for batch in batched(items, self.thresholds.recognition.batch):
            yield batch
            give_back_memory()


def batched(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Runs of at most `size` items."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


@dataclass(frozen=True, slots=True)
class RecognisedWord:
    """A decoded word; times are seconds of the recording, `evidence` as in `forced.verification`.

    `text` has the space before the word.
    """

    text: str
    start: float
    end: float
    evidence: float


@dataclass(frozen=True, slots=True)
class RecognisedSpan:
    """A span, the words that were decoded in it, and the tokens of each."""

    span: FrameSpan
    words: list[RecognisedWord]
    tokens: list[WordTokens]


def words_of(recognised: Sequence[RecognisedSpan]) -> list[RecognisedWord]:
    """The words of all spans, in order."""
    return [word for item in recognised for word in item.words]


def recognise(
    context: Context,
    spans: Sequence[FrameSpan],
    on_window: Callable[[FrameSpan], None] = lambda _span: None,
) -> list[RecognisedSpan]:
    """Decode every span, which is not longer than a window, without timestamps, and time its words.

    Silent spans give no words. The others' words have the evidence of such as were said, until
    `verify_recognised`.
    """
    model, tokenizer, room = context.model, context.tokenizer, context.text_room
    thresholds = context.thresholds.recognition
    # fast speech takes more than the half of the context that a prompt would leave
    decoding = DecodingOptions(
        language=tokenizer.language or "en", without_timestamps=True, sample_len=room
    )
    recognised: list[RecognisedSpan] = []
    for batch in context.batched(spans):
        encoded = context.encoder.encode(batch)
        texts = [
            [] if _is_silence(result, thresholds) else _words(result.text, tokenizer, room)
            for result in decode(model, encoded, decoding)
        ]
        # near enough to look for the transcript's words, which are timed later
        timed = time_texts(
            model,
            tokenizer,
            encoded,
            texts,
            [span.length for span in batch],
            context.options,
            cut_pauses=False,
        )
        for span, tokens, timings in zip(batch, texts, timed, strict=True):
            offset = span.start / FRAMES_PER_SECOND
            words = [
                RecognisedWord(
                    word.word, offset + word.start, offset + word.end, thresholds.assumed_evidence
                )
                for word in timings
            ]
            recognised.append(RecognisedSpan(span, words, tokens))
            on_window(span)
    return recognised


def _is_silence(result: DecodingResult, thresholds: RecognitionThresholds) -> bool:
    """Whether the model takes a span for silence; noise before clear speech does not count."""
    return (
        result.no_speech_prob >= thresholds.no_speech
        and result.avg_logprob < thresholds.avg_logprob
    )


def _words(text: str, tokenizer: Tokenizer, room: int) -> list[WordTokens]:
    """The words of a decoded text, as many as fit into the decoder."""
    line = Line(text, ((0, len(text)),))
    words = [word.encoded for word in script_words(line, tokenizer)]
    lengths = accumulate(len(word.tokens) for word in words)
    return [word for word, length in zip(words, lengths, strict=True) if length <= room]
