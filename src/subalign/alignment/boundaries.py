"""Word boundaries from the sound: attention tells where a word is, the sound where it begins.

Two steps. A hidden Markov model of letters, adapted to the recording, moves the edges of all words
at once (`grapheme_hmm`). Then each edge goes to the largest change of the spectrum near it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.constraints import keep_order
from subalign.alignment.grapheme_hmm import SpokenWord, read_prior, spoken_letters
from subalign.alignment.methods import with_words
from subalign.mel import FRAMES_PER_SECOND, LogMel
from subalign.results import Segment, Word

__all__ = ["BoundaryLimits", "refine_boundaries", "refine_segments", "spectral_features"]

# the log-mel's unit is 4 decades; natural logarithms are what the model was estimated with
_NEPERS = np.float32(4.0 * np.log(10.0))

_CEPSTRA = 13
_BLOCK = 6000  # frames
_DERIVATIVE_WEIGHT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryLimits:
    """Limits of the refinement, chosen on half of the telephone words and of LJ Speech.

    `normalisation` seconds before and after a frame tell what cepstra are usual there. A stretch of
    speech ends at a pause of `pause` seconds or at a word that was not heard, and has `margin`
    seconds of sound around it. The spectrum's change is that between the mean of `side` seconds
    before and after; an edge goes at most `reach` seconds for it, and the change counts `weight`
    (of the stretch's median change) against the squared distance in units of `distance` seconds.
    """

    normalisation: float = 3.0
    pause: float = 1.0
    margin: float = 0.3
    side: float = 0.025
    reach: float = 0.03
    weight: float = 0.5
    distance: float = 0.02


def refine_boundaries(
    mel: LogMel,
    words: Sequence[Word],
    limits: BoundaryLimits = BoundaryLimits(),
    *,
    first: float = 0.0,
    last: float | None = None,
) -> list[Word]:
    """The same words with edges from the sound; those that are `estimated` keep theirs.

    Words are in order, do not overlap and lie between `first` and `last` (seconds; None is the
    recording's end), before and after. Where words do not fit near where attention has them, they
    keep their edges.
    """
    last = mel.duration if last is None else last
    stretches = _stretches(words, first, last, limits)
    if not stretches:
        return list(words)
    features = spectral_features(mel, limits)
    spoken, sounds = [], []
    for stretch in stretches:
        spoken.append([_spoken(words[n], stretch.first) for n in stretch.words])
        sounds.append(features[stretch.first : stretch.end])
    found = read_prior().boundaries(sounds, spoken)
    del features, sounds
    edges = np.array([(word.start, word.end) for word in words])
    for stretch, frames in zip(stretches, found, strict=True):
        if frames is not None:
            # frame n is centred on n / 100 s
            edges[list(stretch.words)] = (frames + stretch.first - 0.5) / FRAMES_PER_SECOND
        change = _spectral_change(_log_power(mel, stretch.first, stretch.end), limits)
        for n in stretch.words:
            edges[n] = _largest_change(edges[n], change, stretch.first, limits)
    refined = [
        replace(word, start=start, end=max(start, end))
        for word, (start, end) in zip(words, edges.tolist(), strict=True)
    ]
    return keep_order(refined, first, last)


def refine_segments(
    mel: LogMel, segments: Sequence[Segment], *, first: float = 0.0, last: float | None = None
) -> list[Segment]:
    """Segments whose words have edges from the sound, and which begin and end with these."""
    words = [word for segment in segments for word in segment.words or ()]
    refined = iter(refine_boundaries(mel, words, first=first, last=last))
    return [
        with_words(segment, list(islice(refined, len(segment.words)))) if segment.words else segment
        for segment in segments
    ]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Words that follow each other without a long pause, and the frames around them."""

    words: range
    first: int
    end: int


def _stretches(
    words: Sequence[Word], start: float, end: float, limits: BoundaryLimits
) -> list[_Stretch]:
    """Runs of words that were heard, which share the sound between them."""
    runs: list[list[int]] = []
    for n, word in enumerate(words):
        if word.estimated:
            continue
        joins = runs and runs[-1][-1] == n - 1 and word.start - words[n - 1].end < limits.pause
        if joins:
            runs[-1].append(n)
        else:
            runs.append([n])
    stretches = []
    for run in runs:
        first, last = words[run[0]], words[run[-1]]
        # half of a pause is the neighbour's margin
        before = (words[run[0] - 1].end + first.start) / 2 if run[0] else start
        after = (words[run[-1] + 1].start + last.end) / 2 if run[-1] + 1 < len(words) else end
        begin = round(max(first.start - limits.margin, before) * FRAMES_PER_SECOND)
        stop = round(min(last.end + limits.margin, after) * FRAMES_PER_SECOND)
        stretches.append(_Stretch(range(run[0], run[-1] + 1), begin, stop))
    return stretches


def _spoken(word: Word, first_frame: int) -> SpokenWord:
    start = round(word.start * FRAMES_PER_SECOND) - first_frame
    end = round(word.end * FRAMES_PER_SECOND) - first_frame
    return SpokenWord(spoken_letters(word.text), start, max(end, start + 1))


def spectral_features(
    mel: LogMel, limits: BoundaryLimits = BoundaryLimits()
) -> NDArray[np.float32]:
    """Cepstra, normalised by those around them, with two derivatives (frames, 39)."""
    cepstra = _normalised(_cepstra(mel), round(limits.normalisation * FRAMES_PER_SECOND))
    speed = _derivative(cepstra)
    parts = cepstra, _DERIVATIVE_WEIGHT * speed, _DERIVATIVE_WEIGHT * _derivative(speed)
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _cepstra(mel: LogMel) -> NDArray[np.float64]:
    """The discrete cosine transform (type II, orthonormal) of log-mel frames (frames, 13)."""
    bands = np.arange(mel.n_mels)
    angles = np.pi * np.arange(_CEPSTRA)[:, None] * (2 * bands + 1) / (2 * mel.n_mels)
    basis = np.cos(angles) * np.sqrt(2 / mel.n_mels)
    basis[0] /= np.sqrt(2)
    cepstra = np.empty((mel.n_frames, _CEPSTRA))
    for first in range(0, mel.n_frames, _BLOCK):
        end = min(first + _BLOCK, mel.n_frames)
        cepstra[first:end] = (basis @ _log_power(mel, first, end)).T
    return cepstra


def _log_power(mel: LogMel, first: int, end: int) -> NDArray[np.float32]:
    """Natural logarithms of the mel bands' power, but for a constant (n_mels, frames)."""
    return _NEPERS * mel.window(first, end - first, end - first).numpy()


def _normalised(values: NDArray[np.float64], around: int) -> NDArray[np.float64]:
    """Mean 0 and deviation 1 over the frames `around` before and after each (frames, values)."""
    frame = np.arange(len(values))
    first, end = np.maximum(frame - around, 0), np.minimum(frame + around + 1, len(values))
    count = (end - first)[:, None]
    mean = _sums(values, first, end) / count
    variance = _sums(values**2, first, end) / count - mean**2
    return (values - mean) / (np.sqrt(np.maximum(variance, 0.0)) + 1e-3)  # type: ignore[no-any-return]


def _sums(
    values: NDArray[np.float64], first: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.float64]:
    running = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return running[end] - running[first]  # type: ignore[no-any-return]


def _derivative(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The slope over five frames (Furui 1986) of (frames, values)."""
    padded = np.pad(values, ((2, 2), (0, 0)), mode="edge")
    return (2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10


def _spectral_change(log_power: NDArray[np.float32], limits: BoundaryLimits) -> NDArray[np.float64]:
    """How much the spectrum changes at each half frame (5 ms), over the median (2 * frames - 1,).

    The distance of the mean spectra before and after; `log_power` is (n_mels, frames).
    """
    n_frames = log_power.shape[1]
    spectra = np.empty((2 * n_frames - 1, log_power.shape[0]))
    spectra[::2] = log_power.T
    spectra[1::2] = (spectra[:-1:2] + spectra[2::2]) / 2
    step = np.arange(len(spectra))
    side = round(limits.side * 2 * FRAMES_PER_SECOND)
    first, end = np.maximum(step - side, 0), np.minimum(step + side, len(spectra))
    before = _sums(spectra, first, step) / np.maximum(step - first, 1)[:, None]
    after = _sums(spectra, step, end) / (end - step)[:, None]
    change = np.linalg.norm(after - before, axis=1)
    change[:2] = 0.0
    change[-2:] = 0.0
    return change / max(float(np.median(change)), 1e-6)  # type: ignore[no-any-return]


def _largest_change(
    edges: NDArray[np.float64],
    change: NDArray[np.float64],
    first_frame: int,
    limits: BoundaryLimits,
) -> NDArray[np.float64]:
    """Each of some edges (seconds) where the spectrum changes most, the nearer the better."""
    steps_a_second = 2 * FRAMES_PER_SECOND
    reach = round(limits.reach * steps_a_second)
    moved = edges.copy()
    for index, time in enumerate(edges.tolist()):
        centre = round((time - first_frame / FRAMES_PER_SECOND) * steps_a_second)
        near = np.arange(max(centre - reach, 0), min(centre + reach + 1, change.size))
        if near.size:
            away = (near - centre) / steps_a_second / limits.distance
            best = near[np.argmax(limits.weight * change[near] - away**2)]
            moved[index] = first_frame / FRAMES_PER_SECOND + best / steps_a_second
    return moved
