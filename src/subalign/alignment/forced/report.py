"""How well a transcript fits its recording."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.recognition import HeardWord
from subalign.results import AlignmentReport, CueScore, Passage, Segment, Word

__all__ = ["make_report", "missing_words"]

_WORST = 10

# missing words in a row that make a passage
_PASSAGE_WORDS = 4

# a word that was not heard has room where the time is this share of what it should take
_LEAST_ROOM = 0.4

# speech that the transcript does not have: decoded words in a row that lie outside all words by
# this share of their length, that many, with that much evidence (nats a token) on average
_OUTSIDE, _UNSCRIPTED_WORDS, _UNSCRIPTED_EVIDENCE = 0.7, 4, 2.5

# decoded words further apart (seconds) are told of apart
_APART = 2.0


def missing_words(
    heard: NDArray[np.bool_],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    needs: NDArray[np.float64],
    duration: float,
) -> NDArray[np.bool_]:
    """Which words (words,) were not heard and have no room between those that were.

    `needs` is how long (seconds) each word should take.
    """
    missing = np.zeros(heard.size, bool)
    at = 0
    for is_heard, run in groupby(heard.tolist()):
        first, at = at, at + len(list(run))
        if is_heard:
            continue
        begin = ends[first - 1] if first else 0.0
        end = starts[at] if at < heard.size else duration
        missing[first:at] = end - begin < _LEAST_ROOM * needs[first:at].sum()
    return missing


def make_report(
    segments: Sequence[Segment],
    heard: NDArray[np.bool_],
    missing: NDArray[np.bool_],
    decoded: Sequence[HeardWord],
    *,
    spaced: bool,
) -> AlignmentReport:
    """The report on timed segments, whose words in order are `heard` or `missing` (words,).

    `spaced` tells whether the language has spaces between words.
    """
    words = [word for segment in segments for word in segment.words or ()]
    return AlignmentReport(
        words=len(words),
        heard=int(heard.sum()),
        estimated=int((~heard & ~missing).sum()),
        missing=int(missing.sum()),
        missing_passages=tuple(_missing_passages(words, missing, " " if spaced else "")),
        unscripted=tuple(_unscripted([w for w, h in zip(words, heard, strict=True) if h], decoded)),
        worst=tuple(_worst(segments, heard)),
    )


def _missing_passages(
    words: Sequence[Word], missing: NDArray[np.bool_], joint: str
) -> list[Passage]:
    passages = []
    at = 0
    for is_missing, run in groupby(missing.tolist()):
        first, at = at, at + len(list(run))
        if is_missing and at - first >= _PASSAGE_WORDS:
            text = joint.join(word.text.strip() for word in words[first:at])
            passages.append(Passage(words[first].start, words[at - 1].end, text))
    return passages


def _unscripted(words: Sequence[Word], decoded: Sequence[HeardWord]) -> list[Passage]:
    """Runs of decoded words that lie where no word of the transcript was heard."""
    spans = np.array([(word.start, word.end) for word in words]).reshape(-1, 2)
    passages: list[Passage] = []
    run: list[HeardWord] = []
    for word in [*decoded, None]:
        outside = word is not None and _share_outside(word, spans) >= _OUTSIDE
        if run and (word is None or not outside or word.start - run[-1].end > _APART):
            evidence = float(np.mean([heard.evidence for heard in run]))
            if len(run) >= _UNSCRIPTED_WORDS and evidence >= _UNSCRIPTED_EVIDENCE:
                text = "".join(heard.text for heard in run).strip()
                passages.append(Passage(round(run[0].start, 3), round(run[-1].end, 3), text))
            run = []
        if word is not None and outside:
            run.append(word)
    return passages


def _share_outside(word: HeardWord, spans: NDArray[np.float64]) -> float:
    """The share of a decoded word's time that is not within `spans` (words, 2), in order."""
    length = word.end - word.start
    if length <= 0:
        return 0.0
    first = int(np.searchsorted(spans[:, 1], word.start))
    end = int(np.searchsorted(spans[:, 0], word.end))
    begins = np.maximum(spans[first:end, 0], word.start)
    ends = np.minimum(spans[first:end, 1], word.end)
    return 1.0 - float(np.maximum(ends - begins, 0.0).sum()) / length


def _worst(segments: Sequence[Segment], heard: NDArray[np.bool_]) -> list[CueScore]:
    scores = []
    at = 0
    for segment in segments:
        words = segment.words or ()
        of_segment = heard[at : at + len(words)]
        at += len(words)
        if words and not of_segment.all():
            probability = float(np.mean([word.probability for word in words]))
            share = float(of_segment.mean())
            scores.append(CueScore(segment.id, round(share, 3), round(probability, 3)))
    return sorted(scores, key=lambda score: (score.heard, score.probability))[:_WORST]
