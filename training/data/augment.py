"""Changes of the sound that leave the words as they are; speed alone moves their times."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

from training.config import AugmentationConfig
from training.data.shards import Utterance
from training.signal import SAMPLE_RATE, fft_filter, resample_fast

__all__ = ["augment_window", "change_speed", "coloured_noise", "hesitate", "tones"]

_BANDS = 12

_MOST_PAUSES = 3
_PAUSE = (0.3, 2.5)  # seconds
_FADE = round(0.005 * SAMPLE_RATE)


def change_speed(utterance: Utterance, speed: float) -> Utterance:
    """Faster and higher by about `speed`, as a tape played faster."""
    if not utterance.samples.size:
        return utterance
    samples = resample_fast(utterance.samples, 1.0 / speed)
    factor = samples.size / utterance.samples.size
    spans = tuple(None if s is None else (s[0] * factor, s[1] * factor) for s in utterance.spans)
    return Utterance(utterance.text, samples, spans)


def hesitate(utterance: Utterance, rng: np.random.Generator) -> Utterance:
    """With silence between some words: synthesisers pause only where a sentence does."""
    spans = utterance.spans
    places = {
        n: round((before[1] + after[0]) / 2 * SAMPLE_RATE)
        for n, (before, after) in enumerate(pairwise(spans), start=1)
        if before is not None and after is not None
    }
    if not places:
        return utterance
    count = min(len(places), int(rng.integers(1, _MOST_PAUSES + 1)))
    chosen = sorted(rng.choice([*places], size=count, replace=False).tolist())
    pauses = rng.uniform(*_PAUSE, count).tolist()
    parts = [_faded(part) for part in np.split(utterance.samples, [places[n] for n in chosen])]
    pieces = parts[:1]
    moves = np.zeros(len(spans))
    for number, pause, part in zip(chosen, pauses, parts[1:], strict=True):
        silence = np.zeros(round(pause * SAMPLE_RATE), np.float32)
        pieces += [silence, part]
        moves[number:] += silence.size / SAMPLE_RATE
    moved = tuple(
        span and (span[0] + move, span[1] + move)
        for span, move in zip(spans, moves.tolist(), strict=True)
    )
    return Utterance(utterance.text, np.concatenate(pieces), moved)


def _faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without clicks at its ends."""
    faded = samples.copy()
    slope = np.linspace(0.0, 1.0, min(_FADE, samples.size), dtype=np.float32)
    faded[: slope.size] *= slope
    faded[faded.size - slope.size :] *= slope[::-1]
    return faded


def augment_window(
    samples: NDArray[np.float32],
    rng: np.random.Generator,
    config: AugmentationConfig,
    others: Sequence[Utterance],
) -> NDArray[np.float32]:
    """Reverberation, filter, noise, babble of `others`, and gain, each in a share of windows."""
    if rng.random() < config.reverberation_share:
        samples = _reverberated(samples, rng)
    if rng.random() < config.filter_share:
        samples = fft_filter(samples, _response(rng))
    level = float(np.sqrt(np.square(samples).mean())) + 1e-5
    if others and rng.random() < config.babble_share:
        samples = samples + _babble(samples.size, rng, others, level)
    if rng.random() < config.noise_share:
        noise = coloured_noise(samples.size, rng)
        samples = samples + noise * (level * 10 ** (-rng.uniform(8.0, 45.0) / 20))
    gain = 10 ** (rng.uniform(-22.0, 2.0) / 20)
    return np.clip(samples * gain, -1.0, 1.0).astype(np.float32)


def coloured_noise(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of root mean square 1 whose power falls with frequency to a random exponent."""
    n = fft.next_fast_len(length, real=True)
    spectrum = fft.rfft(rng.standard_normal(n, dtype=np.float32))
    tilt = np.arange(1, spectrum.size + 1, dtype=np.float32) ** np.float32(-rng.uniform(0.0, 1.0))
    noise = fft.irfft(spectrum * tilt, n)[:length]
    return (noise / (noise.std() + 1e-9)).astype(np.float32)


def tones(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Something like music: chords of harmonic notes, of root mean square about 1."""
    music = np.zeros(length, np.float32)
    start = 0
    while start < length:
        n = min(length - start, int(rng.uniform(0.15, 1.2) * SAMPLE_RATE))
        time = np.arange(n, dtype=np.float32) / SAMPLE_RATE
        envelope = np.minimum(time / 0.02, 1.0) * np.exp(-time * rng.uniform(0.3, 5.0))
        for _ in range(rng.integers(1, 5)):
            pitch = 55.0 * 2 ** (rng.integers(0, 48) / 12)
            for harmonic in range(1, int(rng.integers(2, 9))):
                if pitch * harmonic < SAMPLE_RATE / 2:
                    wave = np.sin(2 * np.pi * pitch * harmonic * time + rng.uniform(0, 6.28))
                    music[start : start + n] += (wave * envelope / harmonic).astype(np.float32)
        start += n
    return music / (float(music.std()) + 1e-9)


def _reverberated(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A room: the direct sound, then noise that falls by 60 dB within the reverberation time."""
    seconds = rng.uniform(0.1, 0.7)
    time = np.arange(int(seconds * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE
    tail = rng.standard_normal(time.size, dtype=np.float32) * np.exp(-6.9 * time / seconds)
    tail[: int(rng.uniform(0.001, 0.01) * SAMPLE_RATE)] = 0.0
    tail *= 10 ** (-rng.uniform(0.0, 15.0) / 20) / (np.sqrt(np.square(tail).sum()) + 1e-9)
    tail[0] = 1.0
    return signal.fftconvolve(samples, tail)[: samples.size].astype(np.float32)


def _response(rng: np.random.Generator) -> NDArray[np.float32]:
    """Gains of a microphone or a line: gently uneven, often without the lowest or highest."""
    at = np.linspace(0.0, 1.0, 257)
    gains = np.interp(at, np.linspace(0.0, 1.0, _BANDS), rng.normal(0.0, 3.0, _BANDS))
    response = 10 ** (gains / 20)
    hertz = at * SAMPLE_RATE / 2
    if rng.random() < 0.4:
        response *= 1.0 / (1.0 + (rng.uniform(60.0, 350.0) / np.maximum(hertz, 1.0)) ** 4)
    if rng.random() < 0.4:
        response *= 1.0 / (1.0 + (hertz / rng.uniform(3000.0, 7500.0)) ** 8)
    return response.astype(np.float32)


def _babble(
    length: int, rng: np.random.Generator, others: Sequence[Utterance], level: float
) -> NDArray[np.float32]:
    babble = np.zeros(length, np.float32)
    for n in rng.integers(len(others), size=rng.integers(3, 7)).tolist():
        voice = np.resize(others[n].samples, length)
        babble += np.roll(voice, int(rng.integers(length)))
    decibels = -rng.uniform(12.0, 30.0)
    return babble * np.float32(level * 10 ** (decibels / 20) / (babble.std() + 1e-9))
