"""How far word times are from the truth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from truth import Span
from word_pieces import Found

__all__ = ["TOLERANCES", "BoundaryErrors", "Scores", "drift", "score"]

TOLERANCES = (0.05, 0.1, 0.2)  # seconds

_INSTANT = 1e-6
_OVERLAP = 1e-3


@dataclass(frozen=True, slots=True)
class BoundaryErrors:
    """Of all starts, or of all ends, in seconds; a bias below 0 is early."""

    mean: float
    median: float
    bias: float


@dataclass(frozen=True, slots=True)
class Scores:
    """One tool on one set.

    `words` have a true time, and errors are those of the `found` ones among them. `within` goes
    with `TOLERANCES`: the share of the words whose start was found that close to the true one.
    `instant` words have no length, `disordered` ones begin before the word before them ends;
    `estimated` is a share; all three count every word that was given a time.
    """

    words: int
    found: int
    starts: BoundaryErrors
    ends: BoundaryErrors
    within: tuple[float, ...]
    instant: int
    disordered: int
    estimated: float


def score(
    truth: Sequence[Sequence[Span | None]], found: Sequence[Sequence[Found | None]]
) -> Scores:
    """Compare the words of every clip with the truth; both hold one entry a word.

    Raises:
        ValueError: they do not.
    """
    pairs = [
        pair
        for true, times in zip(truth, found, strict=True)
        for pair in zip(true, times, strict=True)
    ]
    known = [(true, time) for true, time in pairs if true is not None]
    # (words found, 2): found less true
    errors = np.array(
        [(time.start - true[0], time.end - true[1]) for true, time in known if time is not None]
    ).reshape(-1, 2)
    timed = [time for _, time in pairs if time is not None]
    return Scores(
        words=len(known),
        found=len(errors),
        starts=_boundary_errors(errors[:, 0]),
        ends=_boundary_errors(errors[:, 1]),
        within=tuple(
            int((np.abs(errors[:, 0]) <= tolerance + 1e-9).sum()) / max(1, len(known))
            for tolerance in TOLERANCES
        ),
        instant=sum(bool(time.end - time.start < _INSTANT) for time in timed),
        disordered=int(sum(map(_disordered, found))),
        estimated=float(sum(time.estimated for time in timed)) / max(1, len(timed)),
    )


def _boundary_errors(errors: np.ndarray) -> BoundaryErrors:
    if not errors.size:
        return BoundaryErrors(math.nan, math.nan, math.nan)
    size = np.abs(errors)
    return BoundaryErrors(float(size.mean()), float(np.median(size)), float(errors.mean()))


def _disordered(words: Sequence[Found | None]) -> int:
    timed = [word for word in words if word is not None]
    return sum(after.start < before.end - _OVERLAP for before, after in pairwise(timed))


def drift(
    truth: Sequence[Span | None], found: Sequence[Found | None], every: float
) -> list[float | None]:
    """The median signed error of starts, in seconds, for each stretch of `every` seconds.

    None stands for a stretch without a word.
    """
    stretches: dict[int, list[float]] = {}
    for true, time in zip(truth, found, strict=True):
        if true is not None and time is not None:
            stretches.setdefault(int(true[0] // every), []).append(time.start - true[0])
    last = max(stretches, default=-1)
    return [float(np.median(stretches[n])) if n in stretches else None for n in range(last + 1)]
