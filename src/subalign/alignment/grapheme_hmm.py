"""A hidden Markov model (HMM) of letters, whose states find where each word begins and ends.

Every letter is two states, silence is one that may be left out between words. The model begins as
the one that ships (`assets/grapheme_hmm.npz`, estimated by training/grapheme_hmm.py on many voices)
and is adapted to the recording by maximum a posteriori estimation (Gauvain and Lee 1994) along its
own most probable path (Viterbi training). Letters that it does not know, of other scripts, begin as
the mean of all and are learned from the recording.

Beside its mixtures counts a small net that tells the letters' states from the sound around each
frame, as in a hybrid model (Bourlard and Morgan 1994): the mixtures are adapted to the recording,
while the net has heard its voices in noise and by telephone, and hears 90 ms before and after each
frame. It ships as `assets/letter_net.npz`; training/letter_net.py trains it.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.words import letter_count
from subalign.kernels.hmm import Mixtures, MixtureStatistics, mixture_statistics, state_path

__all__ = [
    "ANY_LETTER",
    "INPUTS",
    "SILENCE",
    "GraphemeHmm",
    "HmmThresholds",
    "LetterNet",
    "SpokenWord",
    "StatePath",
    "read_letter_net",
    "read_prior",
    "spoken_letters",
    "with_neighbours",
]

SILENCE, ANY_LETTER = "", "*"
STATES_A_LETTER = 2


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word's letters, and the frames (10 ms) that attention gives it: `start` to before `end`."""

    letters: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HmmThresholds:
    """How far edges may move, and how the model is adapted to a recording; frames are 10 ms.

    Measured on every second clip of telephone speech (wuw2) and on LJ Speech (bench/README.md):
    edges free to move into pauses by 80 ms took starts within 100 ms from 94.2 to 93.5%; two
    passes are as good as three.
    """

    # frames that an edge may move: into a neighbouring word, and into a pause of `least_pause`
    # frames or more, where loudness has found the edge already; a silence into a word
    word: int = 8
    pause: int = 0
    least_pause: int = 20
    silence: int = 50
    # frames that a word keeps whose one edge is found with the net and the other without
    least_word: int = 4
    # what a word's frame costs (log density) for each frame between it and where attention has the
    # word
    away: float = 1.0
    # how much the net's scores count beside the mixtures' log densities, which are too sure (their
    # features depend on each other), and what silence has besides
    net: float = 3.0
    net_silence: float = 2.0
    # occurrences from which a letter that the model does not know has states of its own
    least_occurrences: int = 20
    # frames of the prior that count beside the recording's, and the least variance of a feature
    prior_frames: float = 40.0
    least_variance: float = 0.05
    # Viterbi searches over the recording, with an adaptation between each two
    passes: int = 3

    def outwards(self, gap: int) -> int:
        """How many frames a word's edge may move away from it, across such a gap."""
        return self.pause if gap >= self.least_pause else self.word

    def beside_pauses(
        self,
        edges: NDArray[np.int64],
        alone: NDArray[np.int64],
        words: Sequence[SpokenWord],
        n_frames: int,
    ) -> NDArray[np.int64]:
        """`edges` (words, 2), but those of `alone` next to pauses, where words keep a length."""
        starts = np.array([word.start for word in words] + [n_frames])
        ends = np.array([0] + [word.end for word in words])
        pauses = starts - ends >= self.least_pause
        chosen = np.where(np.stack([pauses[:-1], pauses[1:]], axis=1), alone, edges)
        lengths = chosen[:, 1] - chosen[:, 0]
        kept = np.minimum(edges[:, 1] - edges[:, 0], self.least_word)
        fits = (lengths >= kept).all() and (chosen[1:, 0] >= chosen[:-1, 1]).all()
        return chosen if fits else edges


@dataclass(frozen=True, eq=False)
class GraphemeHmm:
    """The states of silence, of any letter, and of known letters, and their emissions.

    `units` names them in order: `SILENCE` has state 0, the letter with number n > 0 the states
    2n - 1 and 2n.
    """

    units: tuple[str, ...]
    mixtures: Mixtures

    def with_letters(self, letters: Iterable[str]) -> "GraphemeHmm":
        """The same with those letters that it does not know, as any letter."""
        new = tuple(letter for letter in letters if letter not in self.units)
        first = STATES_A_LETTER * self.units.index(ANY_LETTER) - 1
        rows = list(range(self.mixtures.constants.shape[0]))
        rows += [first, first + 1] * len(new)
        mixtures = Mixtures(
            self.mixtures.means[rows], self.mixtures.precisions[rows], self.mixtures.constants[rows]
        )
        return GraphemeHmm((*self.units, *new), mixtures)

    def adapted(
        self, statistics: MixtureStatistics, thresholds: HmmThresholds = HmmThresholds()
    ) -> "GraphemeHmm":
        """This model as the prior of one that has these statistics besides."""
        prior, tau = self.mixtures, thresholds.prior_frames
        frames = (statistics.counts + tau)[..., None]
        means = (tau * prior.means + statistics.sums) / frames
        squares = tau * (1 / prior.precisions + prior.means**2) + statistics.squares
        variances = np.maximum(squares / frames - means**2, thresholds.least_variance)
        weights = tau * prior.weights + statistics.counts
        return GraphemeHmm(self.units, Mixtures.of(weights, means, variances))

    def boundaries(
        self,
        features: Sequence[NDArray[np.float32]],
        utterances: Sequence[Sequence[SpokenWord]],
        net: "LetterNet | None" = None,
        *,
        thresholds: HmmThresholds = HmmThresholds(),
    ) -> list[NDArray[np.int64] | None]:
        """First and end frame of each word (words, 2), of one utterance after another.

        `features` (frames, dimensions) are each utterance's. What `net` finds in them counts
        between words without a pause between them. None where the words do not fit near where
        attention has them.
        """
        prior = model = self.with_letters(_unknown_letters(self.units, utterances, thresholds))
        paths = model.paths(features, utterances, thresholds=thresholds)
        for _ in range(thresholds.passes - 1):
            model = prior.adapted(_statistics(features, paths, model.mixtures), thresholds)
            paths = model.paths(features, utterances, thresholds=thresholds)
        # beside pauses, where the net takes breath and decay for letters, the mixtures decide alone
        alone = paths
        if net is not None:
            paths = model.paths(features, utterances, net, thresholds=thresholds)
        return [
            thresholds.beside_pauses(_edges(own, words), _edges(other, words), words, len(frames))
            if own.found
            else None
            for own, other, words, frames in zip(paths, alone, utterances, features, strict=True)
        ]

    def paths(
        self,
        features: Sequence[NDArray[np.float32]],
        utterances: Sequence[Sequence[SpokenWord]],
        net: "LetterNet | None" = None,
        *,
        thresholds: HmmThresholds = HmmThresholds(),
    ) -> list["StatePath"]:
        """The most probable path through each utterance's words, near where attention has them."""
        return [
            self._path(frames, self._chain(words, len(frames), thresholds), net, thresholds)
            for frames, words in zip(features, utterances, strict=True)
        ]

    def _chain(
        self, words: Sequence[SpokenWord], n_frames: int, thresholds: HmmThresholds
    ) -> "_Chain":
        """Silence, the first word's states, silence, and so on, each with its bounds."""
        states, owners, first, end = [0], [-1], [0], [n_frames]
        spans = [(0, n_frames)]
        if words:
            end[0] = min(words[0].end, words[0].start + thresholds.silence)
        for index, word in enumerate(words):
            own = self._states_of(word, thresholds)
            before = word.start - words[index - 1].end if index else word.start
            after = (
                words[index + 1].start - word.end if index + 1 < len(words) else n_frames - word.end
            )
            first += [word.start - thresholds.outwards(before)] * len(own)
            end += [word.end + thresholds.outwards(after)] * len(own)
            spans += [*([(word.start, word.end)] * len(own)), (0, n_frames)]
            states += [*own, 0]
            owners += [*([index] * len(own)), -1]
            first.append(max(word.start, word.end - thresholds.silence))
            end.append(n_frames)
            if index + 1 < len(words):
                following = words[index + 1]
                end[-1] = min(following.end, following.start + thresholds.silence)
        lowest = np.maximum.accumulate(np.clip(first, 0, n_frames))
        highest = np.minimum.accumulate(np.clip(end, 0, n_frames)[::-1])[::-1]
        return _Chain(np.array(states), np.array(owners), lowest, highest, np.array(spans))

    def _states_of(self, word: SpokenWord, thresholds: HmmThresholds) -> list[int]:
        """Two states a letter, or the first of each where a word is spoken too fast for two."""
        numbers = [
            self.units.index(letter if letter in self.units else ANY_LETTER)
            for letter in word.letters
        ]
        room = word.end - word.start + thresholds.word
        if STATES_A_LETTER * len(numbers) > room:
            return [STATES_A_LETTER * number - 1 for number in numbers]
        return [state for n in numbers for state in (2 * n - 1, 2 * n)]

    def _path(
        self,
        features: NDArray[np.float32],
        chain: "_Chain",
        net: "LetterNet | None",
        thresholds: HmmThresholds,
    ) -> "StatePath":
        places = state_path(
            *(features, chain.states, chain.first, chain.end, chain.words < 0, self.mixtures),
            spans=chain.spans,
            away=thresholds.away,
            scores=None if net is None else self._weighted(net.scores(features), thresholds),
        )
        if places.size < len(features):
            nothing = np.full(len(features), -1)
            return StatePath(nothing, nothing, found=False)
        return StatePath(chain.states[places], chain.words[places], found=True)

    def _weighted(
        self, scores: NDArray[np.float32], thresholds: HmmThresholds
    ) -> NDArray[np.float32]:
        """The net's scores for all states, letters that it does not know as any letter."""
        first = STATES_A_LETTER * self.units.index(ANY_LETTER) - 1
        n_new = (len(self.mixtures.constants) - len(scores)) // STATES_A_LETTER
        new = np.tile(scores[first : first + STATES_A_LETTER], (n_new, 1))
        weighted = np.float32(thresholds.net) * np.concatenate([scores, new])
        weighted[0] += thresholds.net_silence
        return weighted


@dataclass(frozen=True, eq=False)
class StatePath:
    """Each frame's state and word (frames,); -1 is no state, or silence.

    `found` is False where the words do not fit.
    """

    states: NDArray[np.int64]
    words: NDArray[np.int64]
    found: bool


@dataclass(frozen=True, eq=False)
class _Chain:
    """The states of an utterance, the word of each (-1 is silence), their bounds and spans."""

    states: NDArray[np.int64]
    words: NDArray[np.int64]
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    spans: NDArray[np.int64]


def spoken_letters(text: str) -> tuple[str, ...]:
    """What a word is pronounced by: its letters in lower case, without marks.

    A digit or a wide character (Chinese, Japanese, Korean) stands for several of `ANY_LETTER`, as
    `letter_count` has it, as does a word without any letter for one.
    """
    letters: list[str] = []
    for character in unicodedata.normalize("NFKD", text.casefold()):
        count = letter_count(character)
        letters += [character] if count == 1 else [ANY_LETTER] * count
    return tuple(letters) or (ANY_LETTER,)


@lru_cache(maxsize=1)
def read_prior() -> GraphemeHmm:
    """The model that ships with the package."""
    path = resources.files("subalign") / "assets" / "grapheme_hmm.npz"
    with path.open("rb") as file, np.load(file) as arrays:
        weights, means, variances = (
            arrays[name].astype(np.float64) for name in ("weights", "means", "variances")
        )
        return GraphemeHmm(
            (SILENCE, ANY_LETTER, *str(arrays["letters"])), Mixtures.of(weights, means, variances)
        )


def _unknown_letters(
    units: Sequence[str],
    utterances: Sequence[Sequence[SpokenWord]],
    thresholds: HmmThresholds,
) -> tuple[str, ...]:
    counts: Mapping[str, int] = Counter(
        letter for words in utterances for word in words for letter in word.letters
    )
    return tuple(
        sorted(
            letter
            for letter, count in counts.items()
            if count >= thresholds.least_occurrences and letter not in units
        )
    )


def _statistics(
    features: Sequence[NDArray[np.float32]], paths: Sequence[StatePath], mixtures: Mixtures
) -> MixtureStatistics:
    """Those of all utterances."""
    found = [
        mixture_statistics(frames, path.states, mixtures)
        for frames, path in zip(features, paths, strict=True)
    ]
    return MixtureStatistics(
        np.sum([one.counts for one in found], axis=0),
        np.sum([one.sums for one in found], axis=0),
        np.sum([one.squares for one in found], axis=0),
    )


def _edges(path: StatePath, spoken_words: Sequence[SpokenWord]) -> NDArray[np.int64]:
    """First and end frame (words, 2) of each word on a path that was found."""
    words = path.words
    spoken = np.flatnonzero(words >= 0)
    numbers = np.arange(len(spoken_words))
    first = spoken[np.searchsorted(words[spoken], numbers, "left")]
    last = spoken[np.searchsorted(words[spoken], numbers, "right") - 1]
    return np.stack([first, last + 1], axis=1)


# the net that counts beside the mixtures

_CEPSTRA = 13
_AROUND = 9  # frames before and after each

INPUTS = _CEPSTRA * (2 * _AROUND + 1)

_FIRST_LETTER = 3  # state, after silence and any letter's two

_BLOCK = 3000  # frames that are scored at once


@dataclass(frozen=True, eq=False)
class LetterNet:
    """A feed-forward net with rectified units, over the states that the shipped model has.

    `layers` are weights (outputs, inputs) and biases (outputs,), `log_priors` (states,) the
    logarithms of how often each state is heard.
    """

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    log_priors: NDArray[np.float32]

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """How much better each state explains a frame than any (states, frames), by Bayes.

        Log likelihood ratios of `spectral_features` (frames, 39). `ANY_LETTER`, the states 1 and 2,
        is all letters' states together.
        """
        scores = np.empty((self.log_priors.size, len(features)), np.float32)
        any_prior = _log_sum(self.log_priors[_FIRST_LETTER:])
        for first in range(0, len(features), _BLOCK):
            begin = max(0, first - _AROUND)
            inputs = with_neighbours(features[begin : first + _BLOCK + _AROUND])
            found = self._log_posteriors(inputs[first - begin : first - begin + _BLOCK])
            block = scores[:, first : first + _BLOCK]
            block[:] = found - self.log_priors[:, None]
            block[1:_FIRST_LETTER] = _log_sum(found[_FIRST_LETTER:]) - any_prior
        return scores

    def _log_posteriors(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(states, frames) of inputs (frames, INPUTS)."""
        for number, (weight, bias) in enumerate(self.layers):
            values = values @ weight.T + bias
            if number + 1 < len(self.layers):
                values = np.maximum(values, 0.0)
        return values.T - _log_sum(values.T)


def _log_sum(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logarithm of the sum of the first axis, whose logarithms are given."""
    highest = values.max(axis=0)
    return highest + np.log(np.exp(values - highest).sum(axis=0))  # type: ignore[no-any-return]


def with_neighbours(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each frame's cepstra beside those of the frames around it (frames, INPUTS)."""
    padded = np.pad(features[:, :_CEPSTRA], ((_AROUND, _AROUND), (0, 0)), mode="edge")
    shifted = [padded[n : n + len(features)] for n in range(2 * _AROUND + 1)]
    return np.concatenate(shifted, axis=1)


@lru_cache(maxsize=1)
def read_letter_net() -> LetterNet:
    """The net that ships with the package."""
    path = resources.files("subalign") / "assets" / "letter_net.npz"
    with path.open("rb") as file, np.load(file) as arrays:
        single = {name: arrays[name].astype(np.float32) for name in arrays.files}
    n_layers = sum(name.startswith("weight") for name in single)
    layers = tuple((single[f"weight{n}"], single[f"bias{n}"]) for n in range(n_layers))
    return LetterNet(layers, single["log_priors"])
