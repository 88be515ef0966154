"""Speech that the transcript does not have, put between its words as it was decoded.

The time of a sentence that nobody wrote down would otherwise go to the words beside it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.coarse import Anchors, letter_seconds
from subalign.alignment.forced.matching import Matching, plain_letters
from subalign.alignment.forced.recognition import HeardWord
from subalign.alignment.script_words import script_words
from subalign.alignment.words import WordTokens
from subalign.results import Line
from subalign.tokenizer import Tokenizer

__all__ = ["FilledText", "fill"]

# decoded words of which less is matched, with at least this evidence (nats a token), are speech
# that was not written down
_UNUSED, _LEAST_EVIDENCE = 0.5, 2.5

# unless the transcript has words there that need a good part of their time: then those were
# misheard; fewer words than this are so too, but between two words that are just as alike
_LEAST_WORDS, _ALIKE = 3, 0.9
_TIMES_NEED, _SLACK = 2.0, 0.3

# seconds of long passages at each end that are put in: these shield the words beside them
_SHIELD = 4.0

# how sure it is where decoded words are
_WEIGHT = 0.5


@dataclass(frozen=True, eq=False)
class FilledText:
    """A transcript's words with decoded ones between them.

    `own` (words,) marks those of the transcript; `anchors` are numbered as `words`.
    """

    words: list[WordTokens]
    own: NDArray[np.bool_]
    anchors: Anchors


def fill(
    words: Sequence[WordTokens],
    matching: Matching,
    decoded: Sequence[HeardWord],
    tokenizer: Tokenizer,
) -> FilledText:
    """Put between a transcript's words the speech that they leave out."""
    anchors = Anchors.from_matching(matching)
    letters = np.array([len(plain_letters(word.text)) for word in words], np.int64)
    needs = (letters + 1).astype(np.float64) * letter_seconds(anchors, letters)
    passages: defaultdict[int, list[HeardWord]] = defaultdict(list)
    for run in _unused(matching, decoded):
        place = _place(run, anchors, needs, matching)
        if place is not None:
            passages[place] += _shielding(run)
    filled: list[WordTokens] = []
    own: list[bool] = []
    times: list[tuple[int, float, float, float]] = []
    known = dict(zip(anchors.words.tolist(), _rows(anchors), strict=True))
    for number in range(len(words) + 1):
        for heard in passages[number]:
            encoded = _encoded(heard.text, tokenizer)
            if encoded is not None:
                times.append((len(filled), heard.start, heard.end, _WEIGHT))
                filled.append(encoded)
                own.append(False)
        if number in known:
            times.append((len(filled), *known[number]))
        if number < len(words):
            filled.append(words[number])
            own.append(True)
    rows = np.array(times, float).reshape(-1, 4)
    merged = Anchors.in_order(rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2], rows[:, 3])
    return FilledText(filled, np.array(own, bool), merged)


def _rows(anchors: Anchors) -> list[tuple[float, float, float]]:
    """Start, end and weight of each."""
    columns = anchors.starts.tolist(), anchors.ends.tolist(), anchors.weights.tolist()
    return list(zip(*columns, strict=True))


def _unused(matching: Matching, decoded: Sequence[HeardWord]) -> Iterator[list[HeardWord]]:
    """Runs of well heard words that the transcript does not have."""
    free = [
        used < _UNUSED and word.evidence >= _LEAST_EVIDENCE
        for used, word in zip(matching.used.tolist(), decoded, strict=True)
    ]
    for is_free, run in groupby(zip(free, decoded, strict=True), key=lambda pair: pair[0]):
        words = [word for _, word in run]
        if is_free:
            yield words


def _place(
    run: Sequence[HeardWord],
    anchors: Anchors,
    needs: NDArray[np.float64],
    matching: Matching,
) -> int | None:
    """The word of the transcript that a passage comes before; None if the words there need it."""
    begin, end = run[0].start, run[-1].end
    at = int(np.searchsorted(anchors.starts, begin))
    first = int(anchors.words[at - 1]) + 1 if at else 0
    last = int(anchors.words[at]) if at < anchors.words.size else needs.size
    if len(run) < _LEAST_WORDS and not _is_apart(run, anchors, at, matching):
        return None
    if end - begin < _TIMES_NEED * float(needs[first:last].sum()) + _SLACK:
        return None
    earlier = np.flatnonzero(matching.starts[first:last] < begin)
    if earlier.size:
        return first + int(earlier[-1]) + 1
    before = begin - float(anchors.ends[at - 1]) if at else np.inf
    after = float(anchors.starts[at]) - end if at < anchors.words.size else np.inf
    # words of unknown place lie where there is more time
    return last if before > after else first


def _is_apart(run: Sequence[HeardWord], anchors: Anchors, at: int, matching: Matching) -> bool:
    """Whether decoded words lie between two of the transcript that were rightly decoded.

    `at` is the number of the anchor after them. Else they may be a part of a word beside them.
    """
    beside = anchors.words[max(0, at - 1) : at + 1]
    return (
        0 < at < anchors.words.size
        and beside[1] == beside[0] + 1
        and bool((matching.likeness[beside] >= _ALIKE).all())
        and float(anchors.starts[at]) >= run[-1].end
    )


def _shielding(run: Sequence[HeardWord]) -> list[HeardWord]:
    first, last = run[0].start + _SHIELD, run[-1].end - _SHIELD
    return [word for word in run if word.start < first or word.end > last]


def _encoded(text: str, tokenizer: Tokenizer) -> WordTokens | None:
    [*words] = script_words(Line(text, ((0, len(text)),)), tokenizer)
    return words[0].encoded if len(words) == 1 else None
