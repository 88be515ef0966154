"""The sentences: which are trained on and which held out."""

import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["HELD_OUT", "Sentences", "least_said", "plain", "read_sentences"]

HELD_OUT = 2000

_NOT_SPOKEN = re.compile(r"[^a-z' ]+")
_SPEAKABLE = re.compile(r"[A-Za-z][A-Za-z' ,.;:?!\"()-]*")


@dataclass(frozen=True, slots=True)
class Sentences:
    """Disjoint sentences to train on and to evaluate with, in the file's order."""

    trained: tuple[str, ...]
    held_out: tuple[str, ...]


def plain(text: str) -> str:
    """Lower-case words of letters and apostrophes, one space apart."""
    return " ".join(_NOT_SPOKEN.sub(" ", text.lower()).replace(" '", " ").split())


def read_sentences(path: Path, exclude: Iterable[Path] = ()) -> Sentences:
    """Sentences of a file: one a line, or the last column of a tab-separated one; `.gz` or not.

    Held out are the 2,000 (at most a tenth) whose digests come first, so that the choice depends
    on the sentences alone. Whatever reads like a held-out sentence, or like a line of the
    files `exclude`, is not trained on. Sentences with digits or other unspoken signs are left out.
    """
    lines = _read(path).splitlines()
    texts = dict.fromkeys(" ".join(line.rpartition("\t")[2].split()) for line in lines)
    by_plain = {plain(text): text for text in texts if _SPEAKABLE.fullmatch(text)}
    by_digest = sorted(by_plain, key=lambda words: hashlib.sha256(words.encode()).digest())
    held_out = frozenset(by_digest[: min(HELD_OUT, len(by_digest) // 10)])
    taboo = held_out | {
        plain(line) for file in exclude if file.is_file() for line in _read(file).splitlines()
    }
    return Sentences(
        trained=tuple(text for words, text in by_plain.items() if words not in taboo),
        held_out=tuple(text for words, text in by_plain.items() if words in held_out),
    )


def least_said(
    texts: Sequence[str], said: Mapping[str, int], count: int, rng: np.random.Generator
) -> list[str]:
    """Sentences said least often so far, in random order; among equals chance decides."""
    order = rng.permutation(len(texts)).tolist()
    order.sort(key=lambda n: said.get(texts[n], 0))
    return [texts[n] for n in rng.permutation(order[:count])]


def _read(path: Path) -> str:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return file.read()
    return path.read_text(encoding="utf-8")
