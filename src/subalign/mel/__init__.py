"""Samples in, log-mel spectrogram out: 80 or 128 bands, a frame every 10 ms, half precision."""

from subalign.mel.filters import mel_filters
from subalign.mel.sound import has_sound
from subalign.mel.spectrogram import FRAMES_PER_SECOND, HOP_LENGTH, N_FFT, LogMel, log_mel

__all__ = [
    "FRAMES_PER_SECOND",
    "HOP_LENGTH",
    "N_FFT",
    "LogMel",
    "has_sound",
    "log_mel",
    "mel_filters",
]
