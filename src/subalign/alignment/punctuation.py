"""Punctuation is joined to the word that it belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from subalign.alignment.words import WordTiming, WordTokens
from subalign.tokenizer import Tokenizer

__all__ = ["merge_punctuation", "words_with_punctuation"]


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring pieces of text that form one word; `proper` is the piece that is spoken."""

    text: str
    first: int
    end: int
    proper: int


def merge_punctuation(
    words: Sequence[WordTiming], prepended: str, appended: str
) -> list[WordTiming]:
    """Join opening marks to the next word, closing marks to the word before.

    `prepended` and `appended` list single characters. A mark is a word that is exactly one of
    them; openai-whisper takes any substring of the lists, so `"'` or `)]` too. The joined word
    keeps the times and the probability of the word proper. A prepended mark has a space before it
    (`a "b"`, but not `a"b"`); a word of spaces alone goes to the next word as well.
    """
    groups = _group([timing.word for timing in words], frozenset(prepended), frozenset(appended))
    return [
        replace(
            words[group.proper],
            word=group.text,
            tokens=_joined(timing.tokens for timing in words[group.first : group.end]),
        )
        for group in groups
    ]


def words_with_punctuation(
    tokenizer: Tokenizer, tokens: Sequence[int], prepended: str, appended: str
) -> list[WordTokens]:
    """The words of a text with the marks that belong to them, as `merge_punctuation` joins them.

    What has neither letter nor digit and is no mark attaches to the word before it too, or to the
    next if there is none: nobody speaks it.
    """
    pieces, piece_tokens = tokenizer.split_to_word_tokens(tokens)
    groups = _group(pieces, frozenset(prepended), frozenset(appended))
    words = []
    for group in _join_unspoken(groups):
        own = piece_tokens[group.first : group.end]
        offsets = list(accumulate(map(len, own), initial=0))
        proper = group.proper - group.first
        spoken = offsets[proper], offsets[proper + 1]
        words.append(WordTokens(group.text, _joined(own), spoken))
    return words


def _group(pieces: Sequence[str], opening: frozenset[str], closing: frozenset[str]) -> list[_Group]:
    """Groups of pieces, in order; every piece is in one of them."""
    opened: list[_Group] = []
    for index in range(len(pieces) - 1, -1, -1):
        piece = pieces[index]
        mark = piece.strip()
        if opened and piece.startswith(" ") and (not mark or mark in opening):
            following = opened[-1]
            opened[-1] = replace(following, text=piece + following.text, first=index)
        else:
            opened.append(_Group(piece, index, index + 1, index))
    closed: list[_Group] = []
    for group in reversed(opened):
        if closed and not closed[-1].text.endswith(" ") and group.text in closing:
            closed[-1] = _after(closed[-1], group)
        else:
            closed.append(group)
    return closed


def _join_unspoken(groups: Sequence[_Group]) -> list[_Group]:
    joined: list[_Group] = []
    for group in groups:
        if joined and not _is_spoken(group.text):
            joined[-1] = _after(joined[-1], group)
        elif joined and not _is_spoken(joined[-1].text):
            # only the first can be unspoken: all others are joined to the word before them
            joined[-1] = replace(_after(joined[-1], group), proper=group.proper)
        else:
            joined.append(group)
    return joined


def _after(group: _Group, other: _Group) -> _Group:
    return replace(group, text=group.text + other.text, end=other.end)


def _is_spoken(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _joined(tokens: Iterable[Sequence[int]]) -> tuple[int, ...]:
    return tuple(token for part in tokens for token in part)
