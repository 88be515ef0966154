"""PocketSphinx's word times, which ours are measured beside."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluation.material import Clip
from training.synthesis.speech import Span
from training.synthesis.sphinx import Sphinx

__all__ = ["SphinxTimes", "is_installed", "sphinx_times"]


@dataclass(frozen=True, slots=True)
class SphinxTimes:
    """When PocketSphinx hears the words of each clip, None for a clip that it cannot align.

    `unknown` counts the words that its dictionary lacks: a clip with one cannot be aligned.
    """

    spans: tuple[tuple[Span, ...] | None, ...]
    unknown: int


def is_installed() -> bool:
    """Whether there is something to compare with."""
    return importlib.util.find_spec("pocketsphinx") is not None


def sphinx_times(clips: Sequence[Clip]) -> SphinxTimes:
    """Align every clip's transcript."""
    sphinx = Sphinx()
    return SphinxTimes(
        spans=tuple(sphinx.align(clip.samples, clip.words) for clip in clips),
        unknown=sum(sphinx.unknown(clip.words) for clip in clips),
    )
