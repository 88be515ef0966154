"""Where somebody speaks, by loudness alone."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["loudness", "speech_levels", "speech_probability"]

# The quietest and the loudest frames of a window: what is louder still, or quieter, is rare.
_QUIET, _LOUD = 5.0, 98.0

# Of a window between its quiet and its loud frames. Measured by bench/accuracy.py.
_THRESHOLD, _SLOPE = 0.2, 0.05

# The log-mel's unit is 40 dB: below 6 dB between quiet and loud frames all sound alike.
_LEAST_RANGE = 0.15

# Ranges of 8 and 28 dB, as with much noise and with little, and the powers of loudness for them.
# Measured by bench/accuracy.py; by a power of 0.6 noise in pauses would be taken for speech.
_NOISY_RANGE, _CLEAN_RANGE = 0.2, 0.7
_NOISY_POWER, _CLEAN_POWER = 0.75, 1.0


def loudness(mel: NDArray[np.floating]) -> NDArray[np.float64]:
    """How loud each frame of `mel` (n_mels, frames) is: 0 the quietest, 1 the loudest (frames,).

    The mean of the log-mel's bands, so that a fricative counts as much as a vowel. Where all
    frames are about equally loud, all are at the threshold between silence and speech.
    """
    return _measured(mel)[0]


def speech_levels(mel: NDArray[np.floating]) -> NDArray[np.float64]:
    """`loudness` (frames,), raised in noise, which hides how words die away.

    The less there is between quiet and loud frames, the more it is raised.
    """
    levels, spread = _measured(mel)
    if not spread >= _LEAST_RANGE:
        return levels
    ranges, powers = (_NOISY_RANGE, _CLEAN_RANGE), (_NOISY_POWER, _CLEAN_POWER)
    return levels ** np.interp(spread, ranges, powers)


def _measured(mel: NDArray[np.floating]) -> tuple[NDArray[np.float64], float]:
    """`loudness` (frames,), and how far quiet and loud frames lie apart."""
    levels = mel.mean(axis=0, dtype=np.float64)
    if levels.size == 0:
        return np.zeros(0), 0.0
    quiet, loud = np.percentile(levels, (_QUIET, _LOUD))
    if not loud - quiet >= _LEAST_RANGE:
        return np.full(levels.size, _THRESHOLD), 0.0
    return np.clip((levels - quiet) / (loud - quiet), 0.0, 1.0), float(loud - quiet)


def speech_probability(levels: NDArray[np.float64], n_positions: int) -> NDArray[np.float64]:
    """The probability of speech at each position (n_positions,), by `speech_levels` (frames,)."""
    each = max(1, levels.size // max(1, n_positions))
    usable = min(levels.size // each, n_positions)
    by_position = np.full(n_positions, _THRESHOLD)
    by_position[:usable] = levels[: usable * each].reshape(usable, each).mean(axis=1)
    return 1.0 / (1.0 + np.exp((_THRESHOLD - by_position) / _SLOPE))
