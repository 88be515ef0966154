"""Speech that the transcript leaves out, put between its words as it was recognised.

The time of a sentence that nobody wrote down would otherwise go to the words beside it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.coarse import expected_seconds
from subalign.alignment.forced.matching import Anchors, Matching, letter_counts
from subalign.alignment.forced.recognition import RecognisedWord
from subalign.alignment.forced.thresholds import ForcedThresholds, UntranscribedThresholds
from subalign.alignment.script_words import script_words
from subalign.alignment.words import WordTokens
from subalign.results import Line
from subalign.tokenizer import Tokenizer

__all__ = ["ExtendedText", "insert_untranscribed"]


@dataclass(frozen=True, eq=False)
class ExtendedText:
    """A transcript's words with recognised ones between them.

    `transcribed` (words,) marks those of the transcript; `anchors` are numbered as `words`.
    """

    words: list[WordTokens]
    transcribed: NDArray[np.bool_]
    anchors: Anchors

    @cached_property
    def letters(self) -> NDArray[np.int64]:
        """How many letters (words,) each word has."""
        return letter_counts([word.text for word in self.words])

    @cached_property
    def n_tokens(self) -> NDArray[np.int64]:
        """How many tokens (words,) each word has."""
        return np.array([len(word.tokens) for word in self.words], np.int64)


def insert_untranscribed(
    words: Sequence[WordTokens],
    matching: Matching,
    recognised: Sequence[RecognisedWord],
    tokenizer: Tokenizer,
    thresholds: ForcedThresholds = ForcedThresholds(),
) -> ExtendedText:
    """Put between a transcript's words the speech that they leave out."""
    limits = thresholds.untranscribed
    anchors = Anchors.from_matching(matching, thresholds.matching.confidence)
    needs = expected_seconds(
        anchors, letter_counts([word.text for word in words]), thresholds.coarse
    )
    passages: defaultdict[int, list[RecognisedWord]] = defaultdict(list)
    for run in _unused(matching, recognised, limits):
        index = _insertion_index(run, anchors, needs, matching, limits)
        if index is not None:
            passages[index] += _ends(run, limits.shield)
    extended: list[WordTokens] = []
    transcribed: list[bool] = []
    rows: list[tuple[int, float, float, float]] = []
    columns = (anchors.words, anchors.starts, anchors.ends, anchors.weights)
    known = {word: times for word, *times in zip(*(c.tolist() for c in columns), strict=True)}
    for number in range(len(words) + 1):
        for word in passages[number]:
            tokens = _single_word(word.text, tokenizer)
            if tokens is not None:
                rows.append((len(extended), word.start, word.end, limits.weight))
                extended.append(tokens)
                transcribed.append(False)
        if number in known:
            rows.append((len(extended), *known[number]))
        if number < len(words):
            extended.append(words[number])
            transcribed.append(True)
    table = np.array(rows, float).reshape(-1, 4)
    merged = Anchors.in_order(table[:, 0].astype(np.int64), *table[:, 1:].T)
    return ExtendedText(extended, np.array(transcribed, bool), merged)


def _unused(
    matching: Matching, recognised: Sequence[RecognisedWord], limits: UntranscribedThresholds
) -> Iterator[list[RecognisedWord]]:
    """Runs of recognised words with evidence that the transcript does not have."""
    unused = [
        used < limits.matched_share and word.evidence >= limits.evidence
        for used, word in zip(matching.used.tolist(), recognised, strict=True)
    ]
    for is_unused, run in groupby(zip(unused, recognised, strict=True), key=lambda pair: pair[0]):
        if is_unused:
            yield [word for _, word in run]


def _insertion_index(
    run: Sequence[RecognisedWord],
    anchors: Anchors,
    needs: NDArray[np.float64],
    matching: Matching,
    limits: UntranscribedThresholds,
) -> int | None:
    """The word of the transcript that a passage comes before; None if the words there need it."""
    begin, end = run[0].start, run[-1].end
    at = int(np.searchsorted(anchors.starts, begin))
    first = int(anchors.words[at - 1]) + 1 if at else 0
    last = int(anchors.words[at]) if at < anchors.words.size else needs.size
    if len(run) < limits.words and not _is_apart(run, anchors, at, matching, limits.likeness):
        return None
    if end - begin < limits.times_need * float(needs[first:last].sum()) + limits.slack:
        return None
    earlier = np.flatnonzero(matching.starts[first:last] < begin)
    if earlier.size:
        return first + int(earlier[-1]) + 1
    before = begin - float(anchors.ends[at - 1]) if at else np.inf
    after = float(anchors.starts[at]) - end if at < anchors.words.size else np.inf
    # words of unknown place lie where there is more time
    return last if before > after else first


def _is_apart(
    run: Sequence[RecognisedWord], anchors: Anchors, at: int, matching: Matching, likeness: float
) -> bool:
    """Whether recognised words lie between two of the transcript that were rightly recognised.

    `at` is the number of the anchor after them. Else they may be a part of a word beside them.
    """
    beside = anchors.words[max(0, at - 1) : at + 1]
    return (
        0 < at < anchors.words.size
        and beside[1] == beside[0] + 1
        and bool((matching.likeness[beside] >= likeness).all())
        and float(anchors.starts[at]) >= run[-1].end
    )


def _ends(run: Sequence[RecognisedWord], seconds: float) -> list[RecognisedWord]:
    """The words in the first and in the last seconds of a passage."""
    first, last = run[0].start + seconds, run[-1].end - seconds
    return [word for word in run if word.start < first or word.end > last]


def _single_word(text: str, tokenizer: Tokenizer) -> WordTokens | None:
    words = script_words(Line(text, ((0, len(text)),)), tokenizer)
    return words[0].encoded if len(words) == 1 else None
