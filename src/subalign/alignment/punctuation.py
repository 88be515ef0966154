"""Punctuation clings to the word that it belongs to."""

from collections.abc import Sequence
from dataclasses import replace

from subalign.alignment.words import WordTiming

__all__ = ["merge_punctuation"]


def merge_punctuation(
    words: Sequence[WordTiming], prepended: str, appended: str
) -> list[WordTiming]:
    """Join opening marks to the next word, closing marks to the word before.

    `prepended` and `appended` list single characters. A mark is a word that is exactly one of
    them; openai-whisper takes any substring of the lists, so `"'` or `)]` too. The joined word
    keeps the times and the probability of the word proper. A prepended mark has a space before it
    (`a "b"`, but not `a"b"`); a word of spaces alone goes to the next word as well.
    """
    return _append(_prepend(words, frozenset(prepended)), frozenset(appended))


def _prepend(words: Sequence[WordTiming], marks: frozenset[str]) -> list[WordTiming]:
    merged: list[WordTiming] = []
    for timing in reversed(words):
        mark = timing.word.strip()
        if merged and timing.word.startswith(" ") and (not mark or mark in marks):
            merged[-1] = _join(timing, merged[-1], times=merged[-1])
        else:
            merged.append(timing)
    return merged[::-1]


def _append(words: Sequence[WordTiming], marks: frozenset[str]) -> list[WordTiming]:
    merged: list[WordTiming] = []
    for timing in words:
        if merged and not merged[-1].word.endswith(" ") and timing.word in marks:
            merged[-1] = _join(merged[-1], timing, times=merged[-1])
        else:
            merged.append(timing)
    return merged


def _join(first: WordTiming, second: WordTiming, *, times: WordTiming) -> WordTiming:
    return replace(times, word=first.word + second.word, tokens=first.tokens + second.tokens)
