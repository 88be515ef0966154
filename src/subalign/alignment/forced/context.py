"""What every stage of forced alignment works with: the recording's encoder, tokenizer, options."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import torch
from torch import Tensor

from subalign.alignment.forced.thresholds import ForcedThresholds, RecognitionThresholds
from subalign.alignment.pauses import FrameSpan
from subalign.alignment.teacher_forcing import text_room
from subalign.mel import LogMel
from subalign.model import EncodedAudio, Whisper
from subalign.options import AlignmentOptions
from subalign.tokenizer import Tokenizer

__all__ = ["Context", "SpanEncoder", "batched"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class SpanEncoder:
    """Encodes spans of a recording, each as the beginning of a window.

    What it is told to keep is encoded once, whoever asks for it, and as a whole window. So is a
    recording that is one span.
    """

    model: Whisper
    mel: LogMel
    thresholds: RecognitionThresholds = field(default_factory=RecognitionThresholds)
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
        """Encode spans; `backwards` reverses the sound of each.

        A model that was trained on short windows gets no `whole` ones, but about as long as the
        longest span.
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
            step = self.thresholds.length_step
            longest = max(span.length for span in spans) + self.thresholds.trailing_silence
            width = min(width, -(-longest // step) * step)
        windows = [self.mel.window(span.start, span.length, width) for span in spans]
        if backwards:
            for window, span in zip(windows, spans, strict=True):
                window[:, : span.length] = window[:, : span.length].flip(1)
        return torch.stack(windows)


@dataclass(frozen=True, eq=False)
class Context:
    """One recording's encoder, the tokenizer for its language, and how its words are timed."""

    encoder: SpanEncoder
    tokenizer: Tokenizer
    options: AlignmentOptions = field(default_factory=AlignmentOptions)
    thresholds: ForcedThresholds = field(default_factory=ForcedThresholds)

    @property
    def model(self) -> Whisper:
        """The model of the encoder."""
        return self.encoder.model

    @property
    def text_room(self) -> int:
        """How many text tokens the decoder can read at once."""
        return text_room(self.model, self.tokenizer)

    def batched(self, items: Sequence[T]) -> Iterator[list[T]]:
        """Runs of as many windows as are encoded at once."""
        return batched(items, self.thresholds.recognition.batch)


def batched(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Runs of at most `size` items."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
