"""Where words begin and end, by the sound: attention tells where a word is, the sound its edges.

Right after a window's words are found, edges beside pauses go to where loudness sets in or dies
away (`settle_edges`). Once all words of a recording have times, `refine_boundaries` takes two more
steps: a hidden Markov model of letters, adapted to the recording, moves the edges of all words at
once (`grapheme_hmm`), then each edge goes to the largest change of the spectrum near it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.grapheme_hmm import (
    HmmThresholds,
    SpokenWord,
    read_letter_net,
    read_prior,
    spoken_letters,
)
from subalign.alignment.segments import keep_order, with_words
from subalign.mel import FRAMES_PER_SECOND, LogMel
from subalign.results import Segment, Word

__all__ = [
    "BoundaryThresholds",
    "EdgeThresholds",
    "RefinedWords",
    "edge_frame",
    "edge_time",
    "refine_boundaries",
    "refine_segments",
    "settle_edges",
    "spectral_features",
]


def edge_time(frame: int) -> float:
    """When a frame begins, in seconds: frame n of the log-mel is centred on n / 100 s."""
    return max(0.0, (frame - 0.5) / FRAMES_PER_SECOND)


def edge_frame(time: float) -> int:
    """The frame that begins at an `edge_time`."""
    # rounding errors are far below a millionth of a frame
    return math.ceil(time * FRAMES_PER_SECOND - 1e-6)


# by loudness, beside pauses


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeThresholds:
    """Where loudness makes an edge; frames are 10 ms.

    Chosen by `bench/accuracy.py` on 140 clean clips of four synthetic voices, where settled edges
    brought 2 ms of mean error (bench/README.md).
    """

    # loudness (0 to 1) that speech has when it sets in, and until it dies away
    onset: float = 0.12
    offset: float = 0.2
    # frames: an edge moves by less than this away from its word, by this at most into it
    outwards: int = 12
    inwards: int = 6
    # frames that a word keeps, and that lie between words whose edges are free to move
    least_word: int = 4
    least_gap: int = 3


def settle_edges(
    spans: Sequence[tuple[int, int]],
    levels: NDArray[np.float64],
    thresholds: EdgeThresholds = EdgeThresholds(),
) -> list[tuple[int, int]]:
    """Move words' edges beside gaps to the next change between sound and silence.

    `spans` and the result are (start, end) in frames of 10 ms, in order and without overlap;
    `levels` is `speech_levels` (frames,). No word gets shorter than `least_word` or over its
    neighbour.
    """
    settled = list(spans)
    for index, (start, end) in enumerate(settled):
        following = settled[index + 1][0] if index + 1 < len(settled) else levels.size
        if following - end >= thresholds.least_gap:
            level = thresholds.offset
            settled[index] = start, _settled_end(start, end, following, levels, level, thresholds)
    for index, (start, end) in enumerate(settled):
        before = settled[index - 1][1] if index else 0
        if start - before >= thresholds.least_gap:
            # the same, looked at from the other end of the recording
            size, level = levels.size, thresholds.onset
            mirrored = _settled_end(
                size - end, size - start, size - before, levels[::-1], level, thresholds
            )
            settled[index] = size - mirrored, end
    return settled


def _settled_end(
    start: int,
    end: int,
    following: int,
    levels: NDArray[np.float64],
    level: float,
    thresholds: EdgeThresholds,
) -> int:
    if end < 1 or end >= levels.size:
        return end
    if levels[end - 1] >= level and levels[end] >= level:
        limit = min(following, end + thresholds.outwards, levels.size)
        quiet = np.flatnonzero(levels[end:limit] < level)
        return end + int(quiet[0]) if quiet.size else end
    lowest = max(start + thresholds.least_word, end - thresholds.inwards)
    loud = np.flatnonzero(levels[lowest - 1 : end] >= level) if lowest <= end else np.empty(0)
    return lowest + int(loud[-1]) if loud.size else end


# by letters and the spectrum, for all words of a recording


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryThresholds:
    """Numbers of the refinement; all but `weight` and those of the features are seconds.

    Chosen on half of the telephone words (wuw2) and on the first half of LJ Speech, where 3, 5 and
    10 s of normalisation were as good (bench/README.md, "Edges from the sound").
    """

    # before and after a frame, where its cepstra's usual values are taken from
    normalisation: float = 3.0
    # a pause that ends an utterance, whose words share the sound, and the sound around one; longer
    # ones end in their longest pause, as memory grows with them
    pause: float = 1.0
    margin: float = 0.3
    longest: float = 60.0
    # the spectrum's change is that between the means of so much before and after an edge
    side: float = 0.025
    # how far an edge may go, what the change (in the utterance's median) counts against the squared
    # distance, and the distance's unit
    reach: float = 0.03
    weight: float = 0.5
    distance: float = 0.02
    # the prior was estimated with these: cepstra, and the weight of each derivative
    cepstra: int = 13
    derivative_weight: float = 2.0


# the log-mel's unit is 4 decades; natural logarithms are what the model was estimated with
_NEPERS = np.float32(4.0 * np.log(10.0))

_BLOCK = 6000  # frames that are transformed at once
_SLOPE = 2  # frames before and after one that its slope is taken over
_LEAST_DEVIATION = 1e-3  # of a cepstrum that does not change
_LEAST_CHANGE = 1e-6  # of a spectrum that does not change


@dataclass(frozen=True, eq=False)
class RefinedWords:
    """Words, and which of them (words,) have their edges `by_sound`.

    The others keep attention's: those that are `estimated`, and those of an utterance whose letters
    do not fit near where attention has them.
    """

    words: list[Word]
    by_sound: NDArray[np.bool_]


def refine_boundaries(
    mel: LogMel,
    words: Sequence[Word],
    *,
    first: float = 0.0,
    last: float | None = None,
    thresholds: BoundaryThresholds = BoundaryThresholds(),
    hmm: HmmThresholds = HmmThresholds(),
) -> RefinedWords:
    """The same words with edges from the sound.

    Words are in order, do not overlap and lie between `first` and `last` (seconds; None is the
    recording's end), before and after.
    """
    last = mel.duration if last is None else last
    by_sound = np.zeros(len(words), bool)
    utterances = _utterances(words, first, last, thresholds)
    if not utterances:
        return RefinedWords(list(words), by_sound)
    features = spectral_features(mel, thresholds)
    spoken, sounds = [], []
    for utterance in utterances:
        spoken.append([_spoken(words[n], utterance.first) for n in utterance.words])
        sounds.append(features[utterance.first : utterance.end])
    found = read_prior().boundaries(sounds, spoken, read_letter_net(), thresholds=hmm)
    del features, sounds
    edges = np.array([(word.start, word.end) for word in words])
    for utterance, frames in zip(utterances, found, strict=True):
        if frames is None:
            continue
        by_sound[list(utterance.words)] = True
        # frame n is centred on n / 100 s
        edges[list(utterance.words)] = (frames + utterance.first - 0.5) / FRAMES_PER_SECOND
        change = _spectral_change(_log_power(mel, utterance.first, utterance.end), thresholds)
        for n in utterance.words:
            edges[n] = _largest_change(edges[n], change, utterance.first, thresholds)
    refined = [
        replace(word, start=start, end=max(start, end))
        for word, (start, end) in zip(words, edges.tolist(), strict=True)
    ]
    return RefinedWords(keep_order(refined, first, last), by_sound)


def refine_segments(
    mel: LogMel, segments: Sequence[Segment], *, first: float = 0.0, last: float | None = None
) -> list[Segment]:
    """Segments whose words have edges from the sound, and which begin and end with these."""
    words = [word for segment in segments for word in segment.words or ()]
    refined = iter(refine_boundaries(mel, words, first=first, last=last).words)
    return [
        with_words(segment, list(islice(refined, len(segment.words)))) if segment.words else segment
        for segment in segments
    ]


@dataclass(frozen=True, slots=True)
class _Utterance:
    """Words that follow each other without a long pause, and the frames around them."""

    words: range
    first: int
    end: int


def _utterances(
    words: Sequence[Word], start: float, end: float, thresholds: BoundaryThresholds
) -> list[_Utterance]:
    """Runs of words that are not estimated, which share the sound between them."""
    runs: list[list[int]] = []
    for n, word in enumerate(words):
        if word.estimated:
            continue
        joins = runs and runs[-1][-1] == n - 1 and word.start - words[n - 1].end < thresholds.pause
        if joins:
            runs[-1].append(n)
        else:
            runs.append([n])
    utterances = []
    for run in [part for whole in runs for part in _parts(whole, words, thresholds.longest)]:
        first, last = words[run[0]], words[run[-1]]
        # half of a pause is the neighbour's margin
        before = (words[run[0] - 1].end + first.start) / 2 if run[0] else start
        after = (words[run[-1] + 1].start + last.end) / 2 if run[-1] + 1 < len(words) else end
        begin = round(max(first.start - thresholds.margin, before) * FRAMES_PER_SECOND)
        stop = round(min(last.end + thresholds.margin, after) * FRAMES_PER_SECOND)
        utterances.append(_Utterance(range(run[0], run[-1] + 1), begin, stop))
    return utterances


def _parts(run: list[int], words: Sequence[Word], longest: float) -> Iterator[list[int]]:
    """The run, cut in the longest pause of its middle half until no part is longer."""
    if len(run) < 2 or words[run[-1]].end - words[run[0]].start <= longest:
        yield run
        return
    quarter = len(run) // 4
    inner = range(max(1, quarter), max(2, len(run) - quarter))
    cut = max(inner, key=lambda n: words[run[n]].start - words[run[n - 1]].end)
    yield from _parts(run[:cut], words, longest)
    yield from _parts(run[cut:], words, longest)


def _spoken(word: Word, first_frame: int) -> SpokenWord:
    start = round(word.start * FRAMES_PER_SECOND) - first_frame
    end = round(word.end * FRAMES_PER_SECOND) - first_frame
    return SpokenWord(spoken_letters(word.text), start, max(end, start + 1))


def spectral_features(
    mel: LogMel, thresholds: BoundaryThresholds = BoundaryThresholds()
) -> NDArray[np.float32]:
    """Cepstra, normalised by those around them, with two derivatives (frames, 39)."""
    around = round(thresholds.normalisation * FRAMES_PER_SECOND)
    basis = _cosines(thresholds.cepstra, mel.n_mels)
    weight = thresholds.derivative_weight
    features = np.empty((mel.n_frames, 3 * thresholds.cepstra), np.float32)
    for first in range(0, mel.n_frames, _BLOCK):
        end = min(first + _BLOCK, mel.n_frames)
        begin = max(first - around - 2 * _SLOPE, 0)
        stop = min(end + around + 2 * _SLOPE, mel.n_frames)
        cepstra = _normalised((basis @ _log_power(mel, begin, stop)).T, around)
        speed = _derivative(cepstra)
        parts = cepstra, weight * speed, weight * _derivative(speed)
        features[first:end] = np.concatenate(parts, axis=1)[first - begin : end - begin]
    return features


def _cosines(n_cepstra: int, n_mels: int) -> NDArray[np.float64]:
    """The orthonormal discrete cosine transform (type II) of log-mel bands (n_cepstra, n_mels)."""
    angles = np.pi * np.arange(n_cepstra)[:, None] * (2 * np.arange(n_mels) + 1) / (2 * n_mels)
    basis = np.cos(angles) * np.sqrt(2 / n_mels)
    basis[0] /= np.sqrt(2)
    return basis  # type: ignore[no-any-return]


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
    return (values - mean) / (np.sqrt(np.maximum(variance, 0.0)) + _LEAST_DEVIATION)  # type: ignore[no-any-return]


def _sums(
    values: NDArray[np.float64], first: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.float64]:
    running = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return running[end] - running[first]  # type: ignore[no-any-return]


def _derivative(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The slope over five frames (Furui 1986) of (frames, values)."""
    padded = np.pad(values, ((_SLOPE, _SLOPE), (0, 0)), mode="edge")
    return (2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10


def _spectral_change(
    log_power: NDArray[np.float32], thresholds: BoundaryThresholds
) -> NDArray[np.float64]:
    """How much the spectrum changes at each half frame (5 ms), over the median (2 * frames - 1,).

    The distance of the mean spectra before and after; `log_power` is (n_mels, frames).
    """
    n_frames = log_power.shape[1]
    spectra = np.empty((2 * n_frames - 1, log_power.shape[0]))
    spectra[::2] = log_power.T
    spectra[1::2] = (spectra[:-1:2] + spectra[2::2]) / 2
    step = np.arange(len(spectra))
    side = round(thresholds.side * 2 * FRAMES_PER_SECOND)
    first, end = np.maximum(step - side, 0), np.minimum(step + side, len(spectra))
    before = _sums(spectra, first, step) / np.maximum(step - first, 1)[:, None]
    after = _sums(spectra, step, end) / (end - step)[:, None]
    change = np.linalg.norm(after - before, axis=1)
    change[:2] = 0.0
    change[-2:] = 0.0
    return change / max(float(np.median(change)), _LEAST_CHANGE)  # type: ignore[no-any-return]


def _largest_change(
    edges: NDArray[np.float64],
    change: NDArray[np.float64],
    first_frame: int,
    thresholds: BoundaryThresholds,
) -> NDArray[np.float64]:
    """Each of some edges (seconds) where the spectrum changes most, the nearer the better."""
    steps_a_second = 2 * FRAMES_PER_SECOND
    reach = round(thresholds.reach * steps_a_second)
    moved = edges.copy()
    for index, time in enumerate(edges.tolist()):
        centre = round((time - first_frame / FRAMES_PER_SECOND) * steps_a_second)
        near = np.arange(max(centre - reach, 0), min(centre + reach + 1, change.size))
        if near.size:
            away = (near - centre) / steps_a_second / thresholds.distance
            best = near[np.argmax(thresholds.weight * change[near] - away**2)]
            moved[index] = first_frame / FRAMES_PER_SECOND + best / steps_a_second
    return moved
