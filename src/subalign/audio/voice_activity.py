"""Where a recording has speech, by Silero VAD (Silero Team 2021, MIT licence).

The wheel `silero-vad` carries the weights; importing its package would set PyTorch's threads for
the whole process, so that only its file of weights is read. The network hears 32 ms at a time, with
4 ms before them: a short-time Fourier transform, four convolutions and an LSTM. Convolutions take
all chunks of a block at once here, and the LSTM runs over them in one call.
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from subalign.errors import UsageError
from subalign.options import VoiceDetection

__all__ = ["CHUNK_SAMPLES", "SpeechDetector", "detector_weights", "speech_detector"]

CHUNK_SAMPLES = 512
"""Samples at 16 kHz that get one probability: 32 ms."""

_CONTEXT = 64
_MIRRORED = 64  # samples that the transform reflects at a chunk's end
_CHUNKS_AT_ONCE = 1000  # 32 s: the convolutions' memory stays below 200 MB
_HOP = 128
_STRIDES = (1, 2, 2, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelThresholds:
    """How loud sound has to be for the network, as root mean square of full scale.

    60 dB below its own level speech was not heard at all (bench/speech_detection.py).
    """

    # of the chunks louder than most: what is below is made louder, but no more than from there
    least: float = 0.01
    faintest: float = 1e-5
    # the share of chunks that are at most so loud
    share: float = 0.95


@cache
def detector_weights() -> dict[str, Tensor]:
    """The weights of the wheel `silero-vad`.

    Raises:
        UsageError: it is not installed, or holds something else.
    """
    found = find_spec("silero_vad")
    path = Path(found.origin if found and found.origin else "").parent / "data" / "silero_vad.jit"
    if not path.is_file():
        raise UsageError(
            "`vad` silero needs the package silero-vad: install it, or use `vad=loudness`."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the wheel's newest weights come so
        network = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    return network._model.state_dict()  # type: ignore[no-any-return]


def speech_detector(kind: VoiceDetection) -> "SpeechDetector | None":
    """What hears speech in samples; None for `loudness` and `none`, which ask the log-mel."""
    if kind != "silero":
        return None
    return SpeechDetector(detector_weights())


class SpeechDetector:
    """Hears a recording block by block, and gives the probability of speech of each 32 ms."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self._weights = weights
        self._lstm = torch.nn.LSTM(128, 128)
        self._lstm.load_state_dict(
            {
                f"{name}_l0": weights[f"decoder.rnn.{name}"]
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            }
        )
        self._state: tuple[Tensor, Tensor] | None = None
        self._samples = np.zeros(_CONTEXT, np.float32)
        self._found: list[NDArray[np.float32]] = []

    def listen(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The same blocks of mono samples at 16 kHz, heard on their way."""
        for block in blocks:
            self._hear(block)
            yield block

    def probabilities(self) -> NDArray[np.float32]:
        """The probability of speech in each chunk (chunks,); the last is filled with silence."""
        waiting = self._samples.size - _CONTEXT
        if waiting:
            self._hear(np.zeros(-waiting % CHUNK_SAMPLES, np.float32))
            self._take()
        return np.concatenate([np.zeros(0, np.float32), *self._found])

    def _hear(self, block: NDArray[np.float32]) -> None:
        self._samples = np.concatenate([self._samples, block])
        while self._samples.size - _CONTEXT >= CHUNK_SAMPLES * _CHUNKS_AT_ONCE:
            self._take()

    @torch.inference_mode()
    def _take(self) -> None:
        count = min(_CHUNKS_AT_ONCE, (self._samples.size - _CONTEXT) // CHUNK_SAMPLES)
        used = count * CHUNK_SAMPLES
        samples = torch.from_numpy(self._samples[: used + _CONTEXT].copy())
        # (chunks, context + chunk)
        chunks = samples.unfold(0, _CONTEXT + CHUNK_SAMPLES, CHUNK_SAMPLES)
        self._found.append(self._forward(_audible(chunks)).numpy())
        self._samples = self._samples[used:]

    def _forward(self, chunks: Tensor) -> Tensor:
        weights = self._weights
        padded = functional.pad(chunks[:, None], (0, _MIRRORED), mode="reflect")[:, 0]
        basis = weights["stft.forward_basis_buffer"][:, 0]
        # (chunks, 4, bins) of real and of imaginary parts
        real, imaginary = (padded.unfold(1, basis.shape[1], _HOP) @ basis.T).chunk(2, dim=2)
        x = torch.sqrt(real.square() + imaginary.square())
        for n, stride in enumerate(_STRIDES):
            layer = f"encoder.{n}.reparam_conv"
            # (chunks, positions, channels, 3)
            around = functional.pad(x, (0, 0, 1, 1)).unfold(1, 3, stride)
            kernel = weights[f"{layer}.weight"].flatten(1)
            x = functional.linear(around.flatten(2), kernel, weights[f"{layer}.bias"]).relu_()
        hidden, self._state = self._lstm(x, self._state)  # (chunks, 1, 128)
        out = "decoder.decoder.2"
        x = functional.linear(hidden[:, 0].relu(), weights[f"{out}.weight"][:, :, 0])
        return (x + weights[f"{out}.bias"]).sigmoid()[:, 0]


def _audible(chunks: Tensor, limits: LevelThresholds = LevelThresholds()) -> Tensor:
    """The chunks, made louder where even the loud ones are too quiet for the network."""
    level = float(chunks.square().mean(dim=1).quantile(limits.share).sqrt())
    return chunks * (limits.least / max(level, limits.faintest)) if level < limits.least else chunks
