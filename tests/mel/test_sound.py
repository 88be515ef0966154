"""Silence, hiss and hum are no sound; quiet speech, and speech in as much noise, are."""

import numpy as np
import pytest

from subalign.audio import SAMPLE_RATE, open_audio
from subalign.mel import has_sound, log_mel

WINDOW = 3000
SECONDS = np.arange(30 * SAMPLE_RATE) / SAMPLE_RATE


def hiss(color: float, seed: int = 1) -> np.ndarray:
    """30 s of noise of power 1 that falls with frequency: 0 is white, 1 pink, 2 brown."""
    white = np.random.default_rng(seed).standard_normal(SECONDS.size)
    frequencies = np.fft.rfftfreq(white.size, 1 / SAMPLE_RATE).clip(30)
    noise = np.fft.irfft(np.fft.rfft(white) * frequencies ** (-color / 2))
    return noise / noise.std()


def dither() -> np.ndarray:
    return np.random.default_rng(2).integers(-1, 2, SECONDS.size) / 32768


def hum(hertz: float) -> np.ndarray:
    return sum(np.sin(2 * np.pi * hertz * n * SECONDS + n) / n for n in (1, 2, 3, 5, 7)) / 30


def heard(samples, start=0, length=WINDOW) -> bool:
    return has_sound(log_mel([np.asarray(samples, np.float32)], n_mels=80), start, length)


@pytest.fixture(scope="module")
def word(repo_root) -> np.ndarray:
    """Half a second of the talk, of power 1."""
    with open_audio(repo_root / "examples" / "talk.mp4") as stream:
        speech = np.concatenate(list(stream))[int(1.2 * SAMPLE_RATE) : int(1.7 * SAMPLE_RATE)]
    return speech / speech.std()


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(SECONDS.size),
        np.full(SECONDS.size, 0.1),
        dither(),
        hiss(0) / 10,
        hiss(1) / 100,
        hiss(2) / 10000,
        hiss(1.5) / 300 + hiss(0, seed=3) / 2000,
        hum(50),
        hum(60) + hiss(0) / 1000,
        np.where(SECONDS < 17, 0, hiss(1) / 100),
        hiss(0)[:12345] / 100 * (np.arange(12345) < 0),
    ],
    ids="zeros offset dither white pink brown room hum50 hum60 gated short".split(),
)
def test_noise_is_no_sound(samples):
    assert not heard(samples)


@pytest.mark.parametrize("color", [0, 1, 2])
def test_one_word_in_as_much_noise_is_sound(word, color):
    samples = hiss(color)
    samples[: word.size] += word
    assert heard(samples / 100)
    samples = hiss(color)
    samples[-word.size :] += word
    assert heard(samples / 100)


@pytest.mark.parametrize("level", [0.1, 1e-3])
def test_one_word_in_silence_is_sound_be_it_quiet(word, level):
    samples = np.zeros(SECONDS.size)
    samples[7 * SAMPLE_RATE :][: word.size] = word * level
    assert heard(samples)
    assert heard(samples + dither())
    assert heard(word * level)


def test_only_the_window_counts_but_its_noise_is_known_from_before(word):
    samples = hiss(1) / 100
    samples[20 * SAMPLE_RATE :][: word.size] = word / 10
    assert heard(samples, 1900, WINDOW)
    assert not heard(samples, 0, 1900)
    assert not heard(samples, 2100, WINDOW)
    assert not heard(samples, 2960, 40)
    assert not heard(samples, 3000, 40)


def test_frames_without_end_are_only_those_of_the_recording(word):
    assert heard(word / 10, 0, 10**6)
    assert not heard(np.zeros(160), 0, 1)
