"""What tools time, brought to the words of the transcript."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["Found", "Piece", "by_match", "by_word"]


@dataclass(frozen=True, slots=True)
class Found:
    """When a tool says that a word is heard, in seconds."""

    start: float
    end: float
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """What a tool times: a word, a part of one, or several, with punctuation."""

    text: str
    start: float
    end: float
    estimated: bool = False


def by_word(words: Sequence[str], pieces: Sequence[Piece]) -> list[Found | None]:
    """A time for each word of the transcript, by the letters and digits that pieces have used up.

    A word that several pieces spell begins with the first and ends with the last; a piece that
    spells several words gives its time to each. None where the pieces end before the word does.

    Raises:
        ValueError: the pieces spell something else.
    """
    spelt = "".join(_letters(word) for word in words)
    heard = "".join(_letters(piece.text) for piece in pieces)
    if not spelt.startswith(heard):
        raise ValueError(f"{heard[:80]!r} are not the letters of {spelt[:80]!r}")
    owners = [piece for piece in pieces for _ in _letters(piece.text)]  # one a letter
    return list(_spans(words, owners))


def _spans(words: Sequence[str], owners: Sequence[Piece]) -> Iterator[Found | None]:
    at = 0
    for word in words:
        mine = owners[at : at + len(_letters(word))]
        at += len(_letters(word))
        if not mine or at > len(owners):
            yield None
        else:
            estimated = any(piece.estimated for piece in mine)
            yield Found(mine[0].start, mine[-1].end, estimated)


def by_match(words: Sequence[str], pieces: Sequence[Piece]) -> list[Found | None]:
    """A time for each word of the transcript, from pieces among which some are lost or others."""
    found: list[Found | None] = [None] * len(words)
    said = [_letters(word).casefold() for word in words]
    heard = [_letters(piece.text).casefold() for piece in pieces]
    matcher = SequenceMatcher(None, said, heard, autojunk=False)
    for first, other, size in matcher.get_matching_blocks():
        for n, piece in enumerate(pieces[other : other + size]):
            found[first + n] = Found(piece.start, piece.end, piece.estimated)
    return found


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))
