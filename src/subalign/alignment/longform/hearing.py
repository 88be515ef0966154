"""What the model takes a recording for: words with times, decoded window by window."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import TypeVar

import torch

from subalign.alignment.forcing import text_room
from subalign.alignment.longform.evidence import smoothed, word_evidence
from subalign.alignment.longform.loudness import Loudness
from subalign.alignment.script_words import script_words
from subalign.alignment.windows import time_texts
from subalign.alignment.words import WordTokens
from subalign.decoding import DecodingResult, decode
from subalign.mel import FRAMES_PER_SECOND, LogMel
from subalign.model import EncodedAudio, Whisper
from subalign.options import AlignmentOptions, DecodingOptions
from subalign.script import Line
from subalign.tokenizer import Tokenizer

__all__ = ["BATCH", "HeardWord", "Span", "SpanEncoder", "batched", "cut_at_pauses", "hear"]

BATCH = 4
"""Windows that are encoded at once: more gain little time and take memory."""

# frames: the least silence after what is heard in a short window, and what its length is a
# multiple of, since memory that was taken for one length is not used again for another
_MARGIN, _STEP = 100, 200

# windows are silent from this probability on, if the mean log probability of their tokens is lower
# than this: clear speech after noise has been seen with 0.74 and -0.2, noise with 1.0 and -0.8
_SILENCE, _UNSURE = 0.6, -0.5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Span:
    """Mel frames of a recording, from `start` to before `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The number of frames."""
        return self.end - self.start


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

    A recording that is one span is encoded once, whoever asks for it, and as a whole window.
    """

    model: Whisper
    mel: LogMel
    _kept: dict[bool, EncodedAudio] = field(default_factory=dict, init=False, repr=False)

    @torch.inference_mode()
    def encode(
        self, spans: Sequence[Span], *, backwards: bool = False, whole: bool = False
    ) -> EncodedAudio:
        """Encode spans; `backwards` lets each sound from its end.

        A model that hears short windows gets no `whole` ones, but about as long as the longest
        span.
        """
        if list(spans) != [Span(0, self.mel.n_frames)]:
            return self._encoded(spans, backwards, whole)
        if backwards not in self._kept:
            self._kept[backwards] = self._encoded(spans, backwards, whole=True)
        return self._kept[backwards]

    def _encoded(self, spans: Sequence[Span], backwards: bool, whole: bool) -> EncodedAudio:
        width = self.model.dims.window_frames
        if self.model.short_windows and not whole:
            longest = max(span.length for span in spans)
            width = min(width, -(-(longest + _MARGIN) // _STEP) * _STEP)
        windows = [self.mel.window(span.start, span.length, width) for span in spans]
        if backwards:
            for window, span in zip(windows, spans, strict=True):
                window[:, : span.length] = window[:, : span.length].flip(1)
        return self.model.encode(torch.stack(windows))


def hear(
    encoder: SpanEncoder,
    tokenizer: Tokenizer,
    spans: Sequence[Span],
    options: AlignmentOptions,
    on_window: Callable[[Span], None] = lambda _span: None,
) -> list[HeardWord]:
    """Decode every span, which is not longer than a window, without timestamps, and time it.

    Spans that the model takes for silence give no words.
    """
    model = encoder.model
    room = text_room(model, tokenizer)
    # fast speech takes more than the half of the context that a prompt would leave
    decoding = DecodingOptions(
        language=tokenizer.language or "en", without_timestamps=True, sample_len=room
    )
    heard: list[HeardWord] = []
    for batch in batched(spans, BATCH):
        # from short windows a sentence may be left out
        encoded = encoder.encode(batch, whole=True)
        texts = [
            [] if _is_silence(result) else _words(result.text, tokenizer, room)
            for result in decode(model, encoded, decoding)
        ]
        lengths = [span.length for span in batch]
        # near enough to look for the transcript's words, which are timed later
        timed = time_texts(model, tokenizer, encoded, texts, lengths, options, cut_pauses=False)
        backwards = encoder.encode(batch, backwards=True)
        evidence = word_evidence(model, tokenizer, encoded, backwards, texts)
        for span, words, values in zip(batch, timed, evidence, strict=True):
            offset = span.start / FRAMES_PER_SECOND
            heard += [
                HeardWord(word.word, offset + word.start, offset + word.end, value)
                for word, value in zip(words, smoothed(values).tolist(), strict=True)
            ]
            on_window(span)
    return heard


def _is_silence(result: DecodingResult) -> bool:
    """Whether the model takes a span for silence; noise before clear speech does not count."""
    return result.no_speech_prob >= _SILENCE and result.avg_logprob < _UNSURE


def _words(text: str, tokenizer: Tokenizer, room: int) -> list[WordTokens]:
    """The words of a decoded text, as many as fit into the decoder."""
    line = Line(text, ((0, len(text)),))
    words = [word.encoded for word in script_words(line, tokenizer)]
    lengths = accumulate(len(word.tokens) for word in words)
    return [word for word, length in zip(words, lengths, strict=True) if length <= room]


def cut_at_pauses(loudness: Loudness, longest: int) -> list[Span]:
    """Cut a recording into spans of at most `longest` frames, each where its end is quiet."""
    spans: list[Span] = []
    start, n_frames = 0, loudness.frames.size
    while n_frames - start > longest:
        cut = loudness.quietest(start + 2 * longest // 3, start + longest)
        spans.append(Span(start, cut))
        start = cut
    if n_frames > start:
        spans.append(Span(start, n_frames))
    return spans


def batched(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Runs of at most `size` items."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
