"""What a voice sounds like, as 256 numbers: Resemblyzer's encoder (Resemble AI 2019, Apache 2.0).

It is the speaker encoder of Jia et al. 2018 ("Transfer Learning from Speaker Verification to
Multispeaker Text-To-Speech Synthesis", section 2.1; loss by Wan et al. 2018): three LSTMs hear
1.6 s of a spectrogram of 40 mel bands. Two stretches of one voice have a cosine near 1.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.audio import SAMPLE_RATE
from subalign.mel.filters import mel_filters

__all__ = ["FRAMES_PER_SECOND", "WINDOW_FRAMES", "VoiceEncoder", "VoiceSpectrogram"]

FRAMES_PER_SECOND = 100
WINDOW_FRAMES = 160
"""Frames that the network was trained to hear at once."""

_HOP = SAMPLE_RATE // FRAMES_PER_SECOND
_FFT = 400  # samples
_BANDS = 40
_SIZE = 256
_LAYERS = 3
_BATCH = 64  # windows; what the network keeps of them takes 50 MB
_LOUDNESS = 10 ** (-30 / 20)  # to which quieter recordings are made louder, as in training


class VoiceSpectrogram:
    """Hears a recording block by block, and gives the power of each 10 ms in 40 mel bands."""

    def __init__(self) -> None:
        self._filters = torch.from_numpy(mel_filters(_BANDS, sample_rate=SAMPLE_RATE, n_fft=_FFT))
        self._window = torch.hann_window(_FFT)
        self._samples = np.zeros(_FFT // 2, np.float32)  # frames are centred
        self._found: list[NDArray[np.float32]] = []
        self._power = 0.0
        self._count = 0

    def listen(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The same blocks of mono samples at 16 kHz, heard on their way."""
        for block in blocks:
            self._hear(block)
            self._power += float(np.square(block, dtype=np.float64).sum())
            self._count += block.size
            yield block

    def frames(self) -> NDArray[np.float32]:
        """All frames (frames, 40), of a recording that is as loud as the network expects."""
        self._hear(np.zeros(_FFT // 2, np.float32))
        self._samples = self._samples[:0]
        loudness = (self._power / max(1, self._count)) ** 0.5
        gain = max(1.0, _LOUDNESS / loudness) if loudness > 0 else 1.0
        found = np.concatenate([np.zeros((0, _BANDS), np.float32), *self._found])
        found *= gain**2
        return found

    def _hear(self, block: NDArray[np.float32]) -> None:
        self._samples = np.concatenate([self._samples, block])
        count = (self._samples.size - _FFT) // _HOP + 1
        if count < 1:
            return
        samples = torch.from_numpy(self._samples[: (count - 1) * _HOP + _FFT].copy())
        spectrum = torch.fft.rfft(samples.unfold(0, _FFT, _HOP) * self._window)
        self._found.append((spectrum.abs().square() @ self._filters.T).numpy())
        self._samples = self._samples[count * _HOP :]


class VoiceEncoder:
    """The network, with the weights of Resemblyzer's `pretrained.pt`."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._lstm = torch.nn.LSTM(_BANDS, _SIZE, _LAYERS, batch_first=True)
        self._linear = torch.nn.Linear(_SIZE, _SIZE)
        for part, name in ((self._lstm, "lstm."), (self._linear, "linear.")):
            own = {key: value for key, value in weights.items() if key.startswith(name)}
            part.load_state_dict({key.removeprefix(name): value for key, value in own.items()})

    @torch.inference_mode()
    def embed(self, windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """The embeddings (windows, 256), of length 1, of windows of (WINDOW_FRAMES, 40)."""
        found = [np.zeros((0, _SIZE), np.float32)]
        for start in range(0, len(windows), _BATCH):
            batch = torch.from_numpy(np.stack(windows[start : start + _BATCH]))
            _, (hidden, _) = self._lstm(batch)
            raw = torch.relu(self._linear(hidden[-1]))
            found.append((raw / raw.norm(dim=1, keepdim=True).clamp_min(1e-9)).numpy())
        return np.concatenate(found)
