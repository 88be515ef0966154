"""A hidden Markov model of letters, whose states find where each word begins and ends.

Every letter is two states, silence is one that may be left out between words. The model begins as
the one that ships (`assets/grapheme_hmm.npz`, estimated by training/grapheme_hmm.py on many voices)
and is adapted to the recording by maximum a posteriori estimation (Gauvain and Lee 1994) along its
own most probable path (Viterbi training). Letters that it does not know, of other scripts, begin as
the mean of all and are learned from the recording.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from subalign.characters import is_wide
from subalign.kernels.hmm import Mixtures, MixtureStatistics, mixture_statistics, state_path

__all__ = [
    "ANY_LETTER",
    "SILENCE",
    "Freedom",
    "GraphemeHmm",
    "Path",
    "SpokenWord",
    "component_weights",
    "mixtures_of",
    "read_prior",
    "spoken_letters",
]

SILENCE, ANY_LETTER = "", "*"

STATES_A_LETTER = 2

# how many letters a digit (read as a word) and a wide character (read as a syllable) stand for
_LETTERS_OF_DIGIT, _LETTERS_OF_WIDE = 4, 3

# how often a letter that the model does not know is said at least before it has states of its own
_LEAST_OCCURRENCES = 20

# frames of the prior that count beside the recording's, and the least variance of a feature
_PRIOR_FRAMES, _LEAST_VARIANCE = 40.0, 0.05

_PASSES = 3


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word's letters, and the frames (10 ms) that attention gives it: `start` to before `end`."""

    letters: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Freedom:
    """How many frames an edge may move.

    `word` is that of a word into its neighbour, `pause` into a pause of `least_pause` frames or
    more, where loudness has found the edge already, and `silence` that of a silence into a word.
    """

    word: int = 8
    pause: int = 0
    least_pause: int = 20
    silence: int = 50

    def outwards(self, gap: int) -> int:
        """How many frames a word's edge may move away from it, across such a gap."""
        return self.pause if gap >= self.least_pause else self.word


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

    def adapted(self, statistics: MixtureStatistics) -> "GraphemeHmm":
        """This model as the prior of one that has these statistics besides."""
        prior, tau = self.mixtures, _PRIOR_FRAMES
        frames = (statistics.counts + tau)[..., None]
        means = (tau * prior.means + statistics.sums) / frames
        squares = tau * (1 / prior.precisions + prior.means**2) + statistics.squares
        variances = np.maximum(squares / frames - means**2, _LEAST_VARIANCE)
        weights = tau * component_weights(prior) + statistics.counts
        return GraphemeHmm(self.units, mixtures_of(weights, means, variances))

    def boundaries(
        self,
        features: Sequence[NDArray[np.float32]],
        stretches: Sequence[Sequence[SpokenWord]],
        freedom: Freedom = Freedom(),
    ) -> list[NDArray[np.int64] | None]:
        """First and end frame of each word (words, 2), of one stretch of speech after another.

        `features` (frames, dimensions) are each stretch's. None where a stretch's words do not fit
        near where attention has them.
        """
        prior = model = self.with_letters(_unknown_letters(self.units, stretches))
        paths = model.paths(features, stretches, freedom)
        for _ in range(_PASSES - 1):
            frames = np.concatenate(features)
            states = np.concatenate([path.states for path in paths])
            model = prior.adapted(mixture_statistics(frames, states, model.mixtures))
            paths = model.paths(features, stretches, freedom)
        return [
            _edges(path.words, len(words)) if path.found else None
            for path, words in zip(paths, stretches, strict=True)
        ]

    def paths(
        self,
        features: Sequence[NDArray[np.float32]],
        stretches: Sequence[Sequence[SpokenWord]],
        freedom: Freedom = Freedom(),
    ) -> list["Path"]:
        """The most probable path through each stretch's words, near where attention has them."""
        return [
            self._path(frames, self._chain(words, len(frames), freedom))
            for frames, words in zip(features, stretches, strict=True)
        ]

    def _chain(self, words: Sequence[SpokenWord], n_frames: int, freedom: Freedom) -> "_Chain":
        """Silence, the first word's states, silence, and so on, each with its bounds."""
        states, owners, first, end = [0], [-1], [0], [n_frames]
        if words:
            end[0] = min(words[0].end, words[0].start + freedom.silence)
        for index, word in enumerate(words):
            own = self._states_of(word, freedom)
            before = word.start - words[index - 1].end if index else word.start
            after = (
                words[index + 1].start - word.end if index + 1 < len(words) else n_frames - word.end
            )
            first += [word.start - freedom.outwards(before)] * len(own)
            end += [word.end + freedom.outwards(after)] * len(own)
            states += [*own, 0]
            owners += [*([index] * len(own)), -1]
            first.append(max(word.start, word.end - freedom.silence))
            end.append(n_frames)
            if index + 1 < len(words):
                following = words[index + 1]
                end[-1] = min(following.end, following.start + freedom.silence)
        lowest = np.maximum.accumulate(np.clip(first, 0, n_frames))
        highest = np.minimum.accumulate(np.clip(end, 0, n_frames)[::-1])[::-1]
        return _Chain(np.array(states), np.array(owners), lowest, highest)

    def _states_of(self, word: SpokenWord, freedom: Freedom) -> list[int]:
        """Two states a letter, or the first of each where a word is said too fast for two."""
        numbers = [
            self.units.index(letter if letter in self.units else ANY_LETTER)
            for letter in word.letters
        ]
        room = word.end - word.start + freedom.word
        if STATES_A_LETTER * len(numbers) > room:
            return [STATES_A_LETTER * number - 1 for number in numbers]
        return [state for n in numbers for state in (2 * n - 1, 2 * n)]

    def _path(self, features: NDArray[np.float32], chain: "_Chain") -> "Path":
        silent = chain.words < 0
        places = state_path(features, chain.states, chain.first, chain.end, silent, self.mixtures)
        if places.size < len(features):
            nothing = np.full(len(features), -1)
            return Path(nothing, nothing, found=False)
        return Path(chain.states[places], chain.words[places], found=True)


@dataclass(frozen=True, eq=False)
class Path:
    """Each frame's state and word (frames,); -1 is no state, or silence.

    `found` is False where the words do not fit.
    """

    states: NDArray[np.int64]
    words: NDArray[np.int64]
    found: bool


@dataclass(frozen=True, eq=False)
class _Chain:
    """The states of a stretch of speech, the word of each (-1 is silence), and their bounds."""

    states: NDArray[np.int64]
    words: NDArray[np.int64]
    first: NDArray[np.int64]
    end: NDArray[np.int64]


def spoken_letters(text: str) -> tuple[str, ...]:
    """What a word is said by: its letters in lower case, without marks.

    A digit or a wide character (Chinese, Japanese, Korean) stands for several of `ANY_LETTER`, as
    does a word without any letter for one.
    """
    letters: list[str] = []
    for character in unicodedata.normalize("NFKD", text.casefold()):
        if character.isdigit():
            letters += [ANY_LETTER] * _LETTERS_OF_DIGIT
        elif character.isalpha():
            wide = is_wide(character)
            letters += [ANY_LETTER] * _LETTERS_OF_WIDE if wide else [character]
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
            (SILENCE, ANY_LETTER, *str(arrays["letters"])), mixtures_of(weights, means, variances)
        )


def mixtures_of(
    weights: NDArray[np.float64], means: NDArray[np.float64], variances: NDArray[np.float64]
) -> Mixtures:
    """Mixtures with weights in any unit (states, components), 0 for a component not used."""
    precisions = 1 / variances
    shares = weights / weights.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        constants = np.log(shares) + _normalisation(precisions)
    return Mixtures(means, precisions, constants)


def component_weights(mixtures: Mixtures) -> NDArray[np.float64]:
    """The components' weights (states, components), which sum to 1 in each state."""
    return np.exp(mixtures.constants - _normalisation(mixtures.precisions))


def _normalisation(precisions: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (np.log(precisions) - np.log(2 * np.pi)).sum(axis=-1)  # type: ignore[no-any-return]


def _unknown_letters(
    units: Sequence[str], stretches: Sequence[Sequence[SpokenWord]]
) -> tuple[str, ...]:
    counts: Mapping[str, int] = Counter(
        letter for words in stretches for word in words for letter in word.letters
    )
    return tuple(
        sorted(
            letter
            for letter, count in counts.items()
            if count >= _LEAST_OCCURRENCES and letter not in units
        )
    )


def _edges(words: NDArray[np.int64], n_words: int) -> NDArray[np.int64]:
    """First and end frame (words, 2) of each word, from the word of every frame (-1 is silence)."""
    spoken = np.flatnonzero(words >= 0)
    numbers = np.arange(n_words)
    first = spoken[np.searchsorted(words[spoken], numbers, "left")]
    last = spoken[np.searchsorted(words[spoken], numbers, "right") - 1]
    return np.stack([first, last + 1], axis=1)
