"""A small net that tells the letters' states from the sound around each frame.

It counts beside the mixtures of the letters' hidden Markov model (`grapheme_hmm`), as in a hybrid
model (Bourlard and Morgan 1994): these are adapted to the recording, while the net has heard its
voices in noise and by telephone, and hears 90 ms before and after each frame. It ships as
`assets/letter_net.npz`; training/letter_net.py trains it.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

__all__ = ["INPUTS", "LetterNet", "read_letter_net", "with_neighbours"]

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
