"""The sentences: which are trained on and which held out."""

import gzip
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["HELD_OUT", "RareWords", "Sentences", "least_said", "plain", "read_sentences"]

HELD_OUT = 2000

# how often rare words are said in all texts, and the letters of words that may be exchanged
_RARE, _LONG = 20, 4

_WORD = re.compile(r"[A-Za-z']+")
_NOT_SPOKEN = re.compile(r"[^a-z' ]+")
_SPEAKABLE = re.compile(r"[A-Za-z][A-Za-z' ,.;:?!\"()-]*")


@dataclass(frozen=True, slots=True)
class Sentences:
    """Disjoint sentences to train on and to evaluate with, in the file's order.

    `forbidden` are the plain texts that must not be trained on.
    """

    trained: tuple[str, ...]
    held_out: tuple[str, ...]
    forbidden: frozenset[str]


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
    forbidden = held_out | {
        plain(line) for file in exclude if file.is_file() for line in _read(file).splitlines()
    }
    return Sentences(
        trained=tuple(text for words, text in by_plain.items() if words not in forbidden),
        held_out=tuple(text for words, text in by_plain.items() if words in held_out),
        forbidden=forbidden,
    )


class RareWords:
    """The rare words of some texts, to be put in the place of others.

    Nothing before such a word foretells it, so its spelling is learned from its sound.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = Counter(word for text in texts for word in _WORD.findall(text))
        self._alike: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
        for word, count in sorted(counts.items()):
            if count <= _RARE and len(word) >= _LONG:
                self._alike[_shape(word)].append(word)

    def exchanged(self, text: str, share: float, rng: np.random.Generator) -> str:
        """A text of which this share of the longer words gave way to rare ones of like ending."""

        def exchange(match: re.Match[str]) -> str:
            word = match.group()
            if len(word) < _LONG or rng.random() >= share:
                return word
            return str(rng.choice(self._alike.get(_shape(word), [word])))

        return _WORD.sub(exchange, text) if share else text


def _shape(word: str) -> tuple[str, bool]:
    return word[-2:], word[0].isupper()


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
