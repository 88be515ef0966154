"""Turns of speakers by how their voices sound.

Every fifth of a second a window of 1.6 s of speech gets an embedding. Windows that lie within one
voice are clustered (agglomerative, average linkage, by cosine); the mean of a cluster is a speaker.
Then each tenth of a second is given to the speaker whom the windows around it resemble most, by a
Viterbi path on which a change of speakers costs something, less in a pause.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from subalign.audio import SAMPLE_RATE
from subalign.audio.voice_activity import CHUNK_SAMPLES, SpeechDetector, detector_weights
from subalign.options import SpeakerTurn
from subalign.speakers.embedding import (
    FRAMES_PER_SECOND,
    WINDOW_FRAMES,
    VoiceEncoder,
    VoiceSpectrogram,
)
from subalign.speakers.turns import default_name

__all__ = ["DiarisationThresholds", "HeardByClustering", "find_turns"]

Numbers = NDArray[np.float32]

_STEP = FRAMES_PER_SECOND // 10  # frames that are given to one speaker
_HOP = 2 * _STEP  # frames between two windows


@dataclass(frozen=True, slots=True, kw_only=True)
class DiarisationThresholds:
    """When sound is speech, when voices are one, and what a change of speakers costs.

    Chosen on the half "choose" of `bench/speakers.py`, by human voices; times are seconds.
    """

    # the probability of speech, the longest pause within it, and the shortest stretch of it
    speech: float = 0.5
    pause: float = 0.15
    shortest: float = 0.1
    # the share of speech in a window that is heard at all, and in one that is clustered
    heard: float = 0.3
    clustered: float = 0.8
    # the cosine of the windows before and after, below which a window has two voices
    calm: float = 0.65
    # the mean cosine distance of the windows of two voices
    apart: float = 0.34
    # how long somebody must speak, but for the 1.6 s of a window, and as a share of all speech
    least: float = 1.0
    least_share: float = 0.005
    # what a change costs, in cosines over tenths of a second: in speech and in pauses
    change: float = 0.6
    change_in_pause: float = 0.18
    # a longer pause ends a turn
    turn_pause: float = 1.0
    # windows that are clustered: their distances take 50 MB
    most_windows: int = 2500


class HeardByClustering:
    """Tells the voices of one recording apart; a `detector` is what hears speech in it anyway."""

    def __init__(self, encoder: VoiceEncoder, detector: SpeechDetector | None = None) -> None:
        self._encoder = encoder
        self._spectrogram: VoiceSpectrogram | None = VoiceSpectrogram()
        self._hears_speech = detector is None
        self._detector = detector or SpeechDetector(detector_weights())

    def listen(self, blocks: Iterator[Numbers]) -> Iterator[Numbers]:
        """The same blocks of mono samples at 16 kHz, heard on their way."""
        assert self._spectrogram is not None
        blocks = self._spectrogram.listen(blocks)
        return self._detector.listen(blocks) if self._hears_speech else blocks

    def turns(self, n_speakers: int | None) -> list[SpeakerTurn]:
        """Who speaks when, of `n_speakers`; None to find out how many."""
        assert self._spectrogram is not None
        frames, self._spectrogram = self._spectrogram.frames(), None
        return find_turns(frames, self._detector.probabilities(), self._encoder, n_speakers)


def find_turns(
    frames: Numbers,
    speech: Numbers,
    encoder: VoiceEncoder,
    n_speakers: int | None = None,
    limits: DiarisationThresholds = DiarisationThresholds(),
) -> list[SpeakerTurn]:
    """The turns of speakers A, B … by who speaks first.

    Args:
        frames: the spectrogram, as `VoiceSpectrogram` gives it.
        speech: the probability of speech in each chunk of `CHUNK_SAMPLES`.
        encoder: what embeds windows.
        n_speakers: how many speak; None to find out. It may be that fewer are found.
        limits: thresholds.
    """
    is_speech = _speech_frames(speech, len(frames), limits)
    if not is_speech.any():
        return []
    starts = np.arange(0, max(1, len(frames) - WINDOW_FRAMES + 1), _HOP)
    sums = np.concatenate([[0], np.cumsum(is_speech)])
    ends = np.minimum(starts + WINDOW_FRAMES, len(frames))
    shares = ((sums[ends] - sums[starts]) / (ends - starts)).astype(np.float32)
    heard = np.flatnonzero(shares >= min(limits.heard, float(shares.max())))
    shares[np.setdiff1d(np.arange(starts.size), heard)] = 0
    embeddings = np.zeros((starts.size, 256), np.float32)
    embeddings[heard] = encoder.embed([_window(frames, int(start)) for start in starts[heard]])
    voices = _voices(embeddings, shares, n_speakers, limits)
    steps = is_speech[::_STEP]
    path = np.zeros(steps.size, np.int64)
    for _ in range(2):  # the second time by voices that the first has cleaned
        path = _path(_scores(embeddings @ voices.T, shares, steps.size), steps, limits)
        voices = _cleaned(voices, embeddings, shares, path, limits)
    return _turns(path, is_speech, limits)


def _speech_frames(speech: Numbers, count: int, limits: DiarisationThresholds) -> NDArray[np.bool_]:
    """Which frames are speech, short pauses included."""
    chunk = CHUNK_SAMPLES / SAMPLE_RATE
    found: list[list[float]] = []
    at = 0
    for is_speech, group in groupby((speech >= limits.speech).tolist()):
        length = len(list(group))
        start, end = at * chunk, (at + length) * chunk
        at += length
        if not is_speech:
            continue
        if found and start - found[-1][1] <= limits.pause:
            found[-1][1] = end
        else:
            found.append([start, end])
    frames = np.zeros(count, bool)
    for start, end in found:
        if end - start >= limits.shortest:
            frames[round(start * FRAMES_PER_SECOND) : round(end * FRAMES_PER_SECOND)] = True
    return frames


def _window(frames: Numbers, start: int) -> Numbers:
    """The frames of a window; of a shorter recording all, repeated."""
    window = frames[start : start + WINDOW_FRAMES]
    return window if len(window) == WINDOW_FRAMES else np.resize(window, (WINDOW_FRAMES, 40))


def _voices(
    embeddings: Numbers, shares: Numbers, n_speakers: int | None, limits: DiarisationThresholds
) -> Numbers:
    """What each speaker sounds like (speakers, 256), by clusters of windows of one voice."""
    reach = WINDOW_FRAMES // 2 // _HOP
    padded = np.pad(embeddings, ((reach, reach), (0, 0)), mode="edge")
    calm = (padded[: -2 * reach] * padded[2 * reach :]).sum(axis=1)
    full = np.flatnonzero(shares >= min(limits.clustered, float(shares.max())))
    pure = full[calm[full] >= limits.calm]
    chosen = pure if pure.size > 1 else full
    step = max(1, -(-chosen.size // limits.most_windows))
    chosen = chosen[::step]
    seconds = step * _HOP / FRAMES_PER_SECOND  # that a window stands for
    least = max(limits.least, limits.least_share * chosen.size * seconds) / seconds
    given = embeddings[chosen]
    labels = _clusters(given, n_speakers, least, limits)
    found = np.stack([given[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def _clusters(
    given: Numbers, n_speakers: int | None, least: float, limits: DiarisationThresholds
) -> NDArray[np.int64]:
    """Each window's cluster, from 0, none of fewer than `least` windows; -1 for windows of none."""
    from sklearn.cluster import AgglomerativeClustering

    if len(given) == 1:
        return np.zeros(1, np.int64)

    def large(**how: object) -> tuple[NDArray[np.int64], list[int]]:
        clustering = AgglomerativeClustering(metric="cosine", linkage="average", **how)
        labels: NDArray[np.int64] = clustering.fit_predict(given)
        sizes = np.bincount(labels)
        order = np.argsort(-sizes, kind="stable").tolist()
        return labels, [label for label in order if sizes[label] >= least] or order[:1]

    if n_speakers is None:
        labels, kept = large(n_clusters=None, distance_threshold=limits.apart)
    else:
        labels, kept = np.zeros(len(given), np.int64), [0]
        # more clusters than speakers, as what is heard once (a laugh) may be one; else fewer
        for count in (*range(n_speakers, 4 * n_speakers + 8), *range(n_speakers - 1, 1, -1)):
            if len(kept) < n_speakers and count <= len(given):
                others = large(n_clusters=count)
                labels, kept = others if len(others[1]) > len(kept) else (labels, kept)
        kept = kept[:n_speakers]
    renamed = np.full(labels.max() + 1, -1)
    renamed[kept] = np.arange(len(kept))
    return renamed[labels]


def _scores(likeness: Numbers, shares: Numbers, n_steps: int) -> Numbers:
    """How much each step is like each speaker (steps, speakers): the mean of the windows over it.

    A window counts the more, the nearer its middle, and the more speech it has.
    """
    half = WINDOW_FRAMES // 2 // _STEP
    near = np.concatenate([np.arange(1, half + 1), np.arange(half - 1, 0, -1)]) / half
    middles = half + np.arange(shares.size) * (_HOP // _STEP)
    size = max(n_steps, int(middles[-1]) + 1)
    spread = np.zeros((likeness.shape[1] + 1, size), np.float32)
    spread[0, middles] = shares
    spread[1:, middles] = (likeness * shares[:, None]).T
    summed = np.stack([np.convolve(row, near, "same")[:n_steps] for row in spread])
    scores: Numbers = (summed[1:] / np.maximum(summed[0], 1e-6)).T.astype(np.float32)
    return scores


def _path(
    scores: Numbers, steps: NDArray[np.bool_], limits: DiarisationThresholds
) -> NDArray[np.int64]:
    """The best speaker of each step (Viterbi 1967)."""
    costs = np.where(steps, limits.change, limits.change_in_pause).tolist()
    gains = scores * steps[:, None]
    best = gains[0].copy()
    came = np.zeros(scores.shape, np.int64)
    same = np.arange(scores.shape[1])
    for step in range(1, len(scores)):
        leader = int(best.argmax())
        changed = best[leader] - costs[step]
        stays = best >= changed
        came[step] = np.where(stays, same, leader)
        best = np.where(stays, best, changed) + gains[step]
    path = np.empty(len(scores), np.int64)
    speaker = int(best.argmax())
    for step in range(len(scores) - 1, -1, -1):
        path[step] = speaker
        speaker = int(came[step, speaker])
    return path


def _cleaned(
    voices: Numbers,
    embeddings: Numbers,
    shares: Numbers,
    path: NDArray[np.int64],
    limits: DiarisationThresholds,
) -> Numbers:
    """The voices as the windows have them that the path gives to one speaker."""
    first = np.arange(shares.size) * (_HOP // _STEP)
    last = np.minimum(first + WINDOW_FRAMES // _STEP - 1, path.size - 1)
    owner = path[np.minimum(first, path.size - 1)]
    pure = (owner == path[last]) & (shares >= limits.clustered)
    found = voices.copy()
    for speaker in range(len(voices)):
        own = embeddings[pure & (owner == speaker)]
        if len(own):
            mean = own.mean(axis=0)
            found[speaker] = mean / np.linalg.norm(mean)
    return found


def _turns(
    path: NDArray[np.int64], is_speech: NDArray[np.bool_], limits: DiarisationThresholds
) -> list[SpeakerTurn]:
    speakers = np.where(is_speech, np.repeat(path, _STEP)[: is_speech.size], -1)
    names: dict[int, str] = {}
    turns: list[SpeakerTurn] = []
    at = 0
    for speaker, group in groupby(speakers.tolist()):
        start = at / FRAMES_PER_SECOND
        at += len(list(group))
        if speaker < 0:
            continue
        name = names.setdefault(speaker, default_name(len(names)))
        end = at / FRAMES_PER_SECOND
        before = turns[-1] if turns else None
        if before and before.speaker == name and start - before.end <= limits.turn_pause:
            turns[-1] = SpeakerTurn(before.start, end, name)
        else:
            turns.append(SpeakerTurn(start, end, name))
    return turns
