"""The log-mel spectrogram of a recording, computed as its samples come.

Radford et al. 2022, section 2.2: 25 ms windows every 10 ms, mel bands, logarithm. The values
are those of openai-whisper: log10 of the power, at least 1e-10; nothing lower than 8 below the
recording's maximum; then (x + 4) / 4. The recording is reflected before its first sample
and followed by silence.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray

from subalign.audio import SAMPLE_RATE
from subalign.mel.filters import mel_filters

__all__ = ["FRAMES_PER_SECOND", "HOP_LENGTH", "N_FFT", "LogMel", "log_mel"]

N_FFT = 400
"""Samples in a window: 25 ms."""

HOP_LENGTH = 160
"""Samples between frames: 10 ms."""

FRAMES_PER_SECOND = SAMPLE_RATE // HOP_LENGTH

_MARGIN = N_FFT // 2  # a frame is centred on its time
_STRETCH_FRAMES = 500  # computed at once: few enough for the processor's cache
_STRETCH_SAMPLES = (_STRETCH_FRAMES - 1) * HOP_LENGTH + N_FFT
_CHUNK_FRAMES = 120 * _STRETCH_FRAMES  # kept in one piece of memory: ten minutes
_LEAST_POWER = 1e-10
_DYNAMIC_RANGE = 8.0


@dataclass(frozen=True, eq=False)
class LogMel:
    """A recording's log-mel spectrogram; read by `window`.

    `chunks` hold (n_mels, frames) each, a minute all but the last, before the floor
    is applied; `floor` is the lowest value that a frame may have, `silence` what silence gives.
    """

    n_mels: int
    n_samples: int
    chunks: tuple[torch.Tensor, ...]
    floor: float
    silence: float

    @property
    def n_frames(self) -> int:
        """Whole frames of 10 ms in the recording."""
        return self.n_samples // HOP_LENGTH

    @property
    def duration(self) -> float:
        """Length of the recording in seconds."""
        return self.n_samples / SAMPLE_RATE

    def selected(self, frames: NDArray[np.int64]) -> "LogMel":
        """A recording of these frames alone (their numbers, rising), one after the other."""
        if frames.size == self.n_frames:
            return self
        chunks = []
        for first in range(0, frames.size, _CHUNK_FRAMES):
            wanted = torch.from_numpy(frames[first : first + _CHUNK_FRAMES])
            pieces = [
                chunk[:, wanted[(wanted >= start) & (wanted < start + _CHUNK_FRAMES)] - start]
                for start, chunk in zip(count(0, _CHUNK_FRAMES), self.chunks)
            ]
            chunks.append(torch.cat(pieces, dim=1))
        return replace(self, n_samples=frames.size * HOP_LENGTH, chunks=tuple(chunks))

    def window(self, start: int, length: int, width: int) -> torch.Tensor:
        """Frames `start` to `start + length`, then zeros: float32 (n_mels, width).

        Frames beyond the recording's end are those of silence, as openai-whisper pads it; the
        zeros are plain 0.0, as it pads a window.
        """
        if start < 0 or not 0 <= length <= width:
            raise ValueError(f"No window has {length} of {width} frames from frame {start}.")
        window = torch.zeros(self.n_mels, width)
        window[:, :length] = self.silence
        for index in range(start // _CHUNK_FRAMES, len(self.chunks)):
            first = index * _CHUNK_FRAMES
            if first >= start + length:
                break
            chunk = self.chunks[index][:, max(start - first, 0) : start + length - first]
            offset = max(first - start, 0)
            window[:, offset : offset + chunk.shape[1]] = chunk  # (n_mels, frames)
        window[:, :length].clamp_(min=self.floor)
        return window


def log_mel(
    blocks: Iterable[NDArray[np.float32]], *, n_mels: int, dtype: torch.dtype = torch.float16
) -> LogMel:
    """The log-mel spectrogram of a recording given as blocks of mono 16 kHz samples.

    How the samples are cut into blocks does not matter. Kept are only the frames, in `dtype`:
    58 MB an hour with 80 bands in half precision, 92 MB with 128.
    """
    filters = torch.from_numpy(mel_filters(n_mels, sample_rate=SAMPLE_RATE, n_fft=N_FFT))
    hann = torch.hann_window(N_FFT)
    framer = _Framer()
    store = _Store(n_mels, dtype)
    # Silence follows every recording, so the maximum is at least that of silence.
    maximum = torch.tensor(_LEAST_POWER).log10()
    for samples in framer.stretches(blocks):
        logarithms = _log_power(samples, filters, hann)  # (n_mels, frames)
        maximum = torch.maximum(maximum, logarithms.max())
        store.append(_normalised(logarithms))
    floor = maximum - _DYNAMIC_RANGE
    silence = torch.tensor(_LEAST_POWER).log10()
    return LogMel(
        n_mels=n_mels,
        n_samples=framer.n_samples,
        chunks=store.chunks(),
        floor=float(_normalised(floor)),
        silence=float(_normalised(silence)),
    )


class _Store:
    """Keeps frames in few large pieces, which do not scatter the heap as many small ones do."""

    def __init__(self, n_mels: int, dtype: torch.dtype) -> None:
        self._n_mels = n_mels
        self._dtype = dtype
        self._chunks: list[torch.Tensor] = []
        self._used = _CHUNK_FRAMES

    def append(self, frames: torch.Tensor) -> None:
        """Adds (n_mels, frames): a whole stretch, or fewer frames as the last."""
        if self._used == _CHUNK_FRAMES:
            self._chunks.append(torch.empty(self._n_mels, _CHUNK_FRAMES, dtype=self._dtype))
            self._used = 0
        n_frames = frames.shape[1]
        self._chunks[-1][:, self._used : self._used + n_frames] = frames
        self._used += n_frames

    def chunks(self) -> tuple[torch.Tensor, ...]:
        """What was added; the last piece only as far as it is filled."""
        if not self._chunks:
            return ()
        return (*self._chunks[:-1], self._chunks[-1][:, : self._used].clone())


class _Framer:
    """Cuts a stream of samples into overlapping stretches of frames, in one buffer."""

    def __init__(self) -> None:
        self.n_samples = 0
        self._buffer = np.zeros(_STRETCH_SAMPLES, np.float32)
        self._filled = _MARGIN  # room for the reflection
        self._n_frames = 0

    def stretches(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Stretches of samples, valid until the next is asked for.

        The last ends with the last frame that has a sample of the recording in it.
        """
        for block in blocks:
            taken = 0
            while taken < block.size:
                taken += self._take(block[taken:])
                if self._filled == _STRETCH_SAMPLES:
                    self._reflect()
                    yield self._buffer
                    self._shift()
        # Frame f begins at sample f * hop - margin of the recording.
        n_frames = -(-(self.n_samples + _MARGIN) // HOP_LENGTH) if self.n_samples else 0
        while (n_left := min(n_frames - self._n_frames, _STRETCH_FRAMES)) > 0:
            self._buffer[self._filled :] = 0.0
            self._reflect()
            yield self._buffer[: (n_left - 1) * HOP_LENGTH + N_FFT]
            self._shift()

    def _take(self, samples: NDArray[np.float32]) -> int:
        n = min(samples.size, _STRETCH_SAMPLES - self._filled)
        self._buffer[self._filled : self._filled + n] = samples[:n]
        self._filled += n
        self.n_samples += n
        return n

    def _shift(self) -> None:
        """Moves what the next stretch needs of the full buffer to its front."""
        overlap = N_FFT - HOP_LENGTH
        self._buffer[:overlap] = self._buffer[-overlap:]
        self._filled = overlap
        self._n_frames += _STRETCH_FRAMES

    def _reflect(self) -> None:
        # Around sample 0, which is not repeated; a shorter recording has its silence reflected.
        if self._n_frames == 0:
            self._buffer[:_MARGIN] = self._buffer[2 * _MARGIN : _MARGIN : -1]


def _log_power(
    samples: NDArray[np.float32], filters: torch.Tensor, hann: torch.Tensor
) -> torch.Tensor:
    spectrum = torch.stft(
        torch.from_numpy(samples), N_FFT, HOP_LENGTH, window=hann, center=False, return_complex=True
    )  # (bins, frames)
    power = torch.view_as_real(spectrum).square().sum(dim=-1)  # (bins, frames)
    return (filters @ power).clamp_(min=_LEAST_POWER).log10_()  # (n_mels, frames)


def _normalised(logarithms: torch.Tensor) -> torch.Tensor:
    return (logarithms + 4.0) / 4.0
