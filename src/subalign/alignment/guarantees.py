"""What every word's time fulfils, whatever method found it."""

from collections.abc import Sequence
from dataclasses import replace

from subalign.results import Word

__all__ = ["LEAST_DURATION", "keep_order"]

LEAST_DURATION = 0.02
"""Seconds that a word lasts at least."""


def keep_order(words: Sequence[Word], first: float, last: float) -> list[Word]:
    """The same words, each of `LEAST_DURATION` or more, in order and without overlap.

    All lie between `first` and `last` (seconds), in whole milliseconds; what fulfils this already
    is left as it is. A word that had no time of its own, or cannot keep any of it, takes it from
    its neighbours and becomes `estimated`. Where the words cannot all have their least duration,
    they share the time evenly.
    """
    room = round(last - first, 3)
    if room < LEAST_DURATION * len(words):
        step = max(0.0, room) / max(1, len(words))
        return [
            replace(word, start=first + step * n, end=first + step * (n + 1), estimated=True)
            for n, word in enumerate(words)
        ]
    spans: list[tuple[float, float]] = []
    free = first
    for word in words:
        start = max(word.start, free)
        free = max(word.end, start + LEAST_DURATION)
        spans.append((start, free))
    free = last
    for n in range(len(spans) - 1, -1, -1):
        start, end = spans[n]
        end = min(end, free)
        free = max(first, min(start, end - LEAST_DURATION))
        spans[n] = free, end
    return [_moved(word, *span) for word, span in zip(words, spans, strict=True)]


def _moved(word: Word, start: float, end: float) -> Word:
    kept = min(end, word.end) - max(start, word.start)
    return replace(
        word,
        start=round(start, 3),
        end=round(end, 3),
        estimated=word.estimated or kept < LEAST_DURATION / 2,
    )
