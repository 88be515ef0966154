"""Reading the corpus that `training.synthesis.corpus` writes, also while it grows."""

import json
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.synthesis.corpus import finished_shards
from training.synthesis.speech import Span
from training.synthesis.text import plain

__all__ = ["Corpus", "Utterance"]

_SHARDS_IN_MEMORY = 256  # their texts and times; the samples are mapped
_CHOICES_BETWEEN_LOOKS = 200


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech with the time of each word of `text.split()` in seconds, None where unknown."""

    text: str
    samples: NDArray[np.float32]
    spans: tuple[Span | None, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    weight: float
    start: int
    length: int
    spans: tuple[Span | None, ...]


@dataclass(frozen=True, slots=True)
class _Shard:
    samples: NDArray[np.int16]  # mapped, not read
    rows: tuple[_Row, ...]


class Corpus:
    """Random utterances out of the shards that are there."""

    def __init__(
        self, folder: Path, forbidden: Collection[str], weights: Mapping[str, float] | None = None
    ) -> None:
        """`forbidden` holds plain texts never to be given, `weights` how often by engine."""
        self._folder = folder
        self._weights = weights or {}
        self._forbidden = frozenset(forbidden)
        self._loaded: OrderedDict[int, _Shard] = OrderedDict()
        self._numbers: list[int] = []
        self._choices = 0

    def choose(self, rng: np.random.Generator, count: int, shards: int = 3) -> list[Utterance]:
        """`count` utterances out of a few shards.

        Raises:
            FileNotFoundError: there is no shard yet.
        """
        if self._choices % _CHOICES_BETWEEN_LOOKS == 0:
            self._numbers = finished_shards(self._folder)
        self._choices += 1
        if not self._numbers:
            raise FileNotFoundError(
                f"{self._folder} holds no speech: run python -m training.synthesis.corpus first"
            )
        rows = []
        for number in rng.choice(self._numbers, size=shards).tolist():
            shard = self._shard(number)
            rows += [(shard, row) for row in shard.rows]
        weights = np.array([row.weight for _, row in rows])
        picked = rng.choice(len(rows), size=count, p=weights / weights.sum()).tolist()
        return [_utterance(*rows[n]) for n in picked]

    def _shard(self, number: int) -> _Shard:
        if number in self._loaded:
            self._loaded.move_to_end(number)
            return self._loaded[number]
        stored = json.loads((self._folder / f"{number:05}.json").read_text(encoding="utf-8"))
        rows = (
            _Row(
                row["text"],
                self._weights.get(row["engine"], 1.0),
                row["start"],
                row["length"],
                tuple(s and tuple(s) for s in row["words"]),
            )
            for row in stored["utterances"]
        )
        samples = np.load(self._folder / f"{number:05}.npy", mmap_mode="r")
        shard = _Shard(
            samples, tuple(row for row in rows if plain(row.text) not in self._forbidden)
        )
        self._loaded[number] = shard
        if len(self._loaded) > _SHARDS_IN_MEMORY:
            self._loaded.popitem(last=False)
        return shard


def _utterance(shard: _Shard, row: _Row) -> Utterance:
    samples = shard.samples[row.start : row.start + row.length].astype(np.float32) / 32768.0
    return Utterance(row.text, samples, row.spans)
