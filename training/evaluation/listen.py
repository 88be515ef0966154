"""A model at work on batches of windows: decoding, and word times of known text."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from subalign.alignment.methods import time_texts
from subalign.alignment.script_words import ScriptWord, script_words
from subalign.alignment.segments import keep_order
from subalign.decoding import DecodingResult, decode
from subalign.mel import LogMel, log_mel
from subalign.model import EncodedAudio, Whisper
from subalign.options import AlignmentOptions, DecodingOptions, TranscriptionOptions
from subalign.results import Line, Word
from subalign.tokenizer import Tokenizer
from training.evaluation.material import Clip
from training.model import tokenizer_of_model
from training.synthesis.speech import Span

__all__ = ["BEAMS", "Listener"]

BEAMS = TranscriptionOptions().beam_size

_BATCH = 12


@dataclass(frozen=True)
class Listener:
    """A loaded model; every recording it is given fits into one window."""

    model: Whisper

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own."""
        return tokenizer_of_model(self.model)

    def transcribe(
        self, recordings: Sequence[NDArray[np.float32]], *, beams: int | None = BEAMS
    ) -> list[DecodingResult]:
        """Decode with so many beams, by default as `subalign transcribe`; None decodes greedily."""
        options = DecodingOptions(beam_size=beams)
        found: list[DecodingResult] = []
        for part in _parts(recordings):
            encoded, _ = self._encode(part)
            found += decode(self.model, encoded, options)
        return found

    def align(
        self, clips: Sequence[Clip], options: AlignmentOptions = AlignmentOptions()
    ) -> list[list[Span]]:
        """When each word of the clips' transcripts is heard, as `subalign align` times it.

        By the default method and heads, unless `options` say otherwise.
        """
        found: list[list[Span]] = []
        for part in _parts(clips):
            encoded, lengths = self._encode([clip.samples for clip in part])
            lines = [Line(clip.text, ((0, len(clip.text)),)) for clip in part]
            written = [script_words(line, self.tokenizer) for line in lines]
            texts = [[word.encoded for word in words] for words in written]
            timed = time_texts(self.model, self.tokenizer, encoded, texts, lengths, options)
            for clip, words, timings in zip(part, written, timed, strict=True):
                heard = [Word(t.word, t.start, t.end, t.probability, t.estimated) for t in timings]
                final = keep_order(heard, 0.0, clip.seconds)
                found.append(_by_word(clip.words, words, [(w.start, w.end) for w in final]))
        return found

    @torch.inference_mode()
    def _encode(self, recordings: Sequence[NDArray[np.float32]]) -> tuple[EncodedAudio, list[int]]:
        mels = [log_mel([samples], n_mels=self.model.dims.n_mels) for samples in recordings]
        lengths = [min(mel.n_frames, self.model.dims.window_frames) for mel in mels]
        windows = map(self._window, mels, lengths)
        return self.model.encode(torch.stack(list(windows))), lengths

    def _window(self, mel: LogMel, length: int) -> torch.Tensor:
        return mel.window(0, length, self.model.dims.window_frames)


def _parts(items: Sequence[object]) -> Iterator[Sequence]:  # type: ignore[type-arg]
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _by_word(
    words: Sequence[str], pieces: Sequence[ScriptWord], times: Sequence[Span]
) -> list[Span]:
    """Join timed pieces into the transcript's words, by the letters that they have used up."""
    ends = list(itertools.accumulate(len(word) for word in words))
    spans: list[Span] = []
    used = 0
    start, fresh = 0.0, True
    for piece, (begins, finishes) in zip(pieces, times, strict=True):
        start = begins if fresh else start
        fresh = False
        used += len((piece.before + piece.text + piece.after).replace(" ", ""))
        while len(spans) < len(ends) and used >= ends[len(spans)]:
            spans.append((start, finishes))
            start, fresh = begins, used == ends[len(spans) - 1]
    return spans
