"""The report: how well a transcript fits its recording."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.recognition import RecognisedWord
from subalign.alignment.forced.thresholds import ReportThresholds
from subalign.results import AlignmentReport, CueScore, Passage, Segment, Word

__all__ = ["make_report", "missing_words"]


def missing_words(
    verified: NDArray[np.bool_],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    needs: NDArray[np.float64],
    duration: float,
    thresholds: ReportThresholds = ReportThresholds(),
) -> NDArray[np.bool_]:
    """Which words (words,) were not verified and have no room between those that were.

    `needs` is how long (seconds) each word should take.
    """
    missing = np.zeros(verified.size, bool)
    for first, end in _runs(~verified):
        begin = ends[first - 1] if first else 0.0
        stop = starts[end] if end < verified.size else duration
        missing[first:end] = stop - begin < thresholds.least_room * needs[first:end].sum()
    return missing


def _runs(marked: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Runs of marked words: the first, and one past the last."""
    edges = np.flatnonzero(np.diff(marked, prepend=False, append=False)).tolist()
    return zip(edges[::2], edges[1::2], strict=True)


def make_report(
    segments: Sequence[Segment],
    verified: NDArray[np.bool_],
    missing: NDArray[np.bool_],
    recognised: Sequence[RecognisedWord],
    *,
    spaced: bool,
    thresholds: ReportThresholds = ReportThresholds(),
) -> AlignmentReport:
    """The report on timed segments, whose words in order are `verified` or `missing` (words,).

    `spaced` tells whether the language has spaces between words.
    """
    words = [word for segment in segments for word in segment.words or ()]
    said = [word for word, is_said in zip(words, verified, strict=True) if is_said]
    joint = " " if spaced else ""
    return AlignmentReport(
        words=len(words),
        heard=int(verified.sum()),
        estimated=int((~verified & ~missing).sum()),
        missing=int(missing.sum()),
        missing_passages=tuple(
            Passage(
                words[first].start,
                words[end - 1].end,
                joint.join(word.text.strip() for word in words[first:end]),
            )
            for first, end in _runs(missing)
            if end - first >= thresholds.passage_words
        ),
        unscripted=tuple(_unscripted(said, recognised, thresholds)),
        worst=tuple(_worst(segments, verified)[: thresholds.worst]),
    )


def _unscripted(
    said: Sequence[Word], recognised: Sequence[RecognisedWord], thresholds: ReportThresholds
) -> Iterator[Passage]:
    """Runs of recognised words that lie where no word of the transcript was said."""
    spans = np.array([(word.start, word.end) for word in said]).reshape(-1, 2)
    run: list[RecognisedWord] = []
    for word in [*recognised, None]:
        outside = word is not None and _share_outside(word, spans) >= thresholds.outside
        if run and (word is None or not outside or word.start - run[-1].end > thresholds.apart):
            evidence = float(np.mean([item.evidence for item in run]))
            enough = len(run) >= thresholds.unscripted_words
            if enough and evidence >= thresholds.unscripted_evidence:
                text = "".join(item.text for item in run).strip()
                yield Passage(round(run[0].start, 3), round(run[-1].end, 3), text)
            run = []
        if word is not None and outside:
            run.append(word)


def _share_outside(word: RecognisedWord, spans: NDArray[np.float64]) -> float:
    """The share of a recognised word's time that is not within `spans` (words, 2), in order."""
    length = word.end - word.start
    if length <= 0:
        return 0.0
    first = int(np.searchsorted(spans[:, 1], word.start))
    end = int(np.searchsorted(spans[:, 0], word.end))
    begins = np.maximum(spans[first:end, 0], word.start)
    ends = np.minimum(spans[first:end, 1], word.end)
    return 1.0 - float(np.maximum(ends - begins, 0.0).sum()) / length


def _worst(segments: Sequence[Segment], verified: NDArray[np.bool_]) -> list[CueScore]:
    """The segments with words that were not verified, those with most of them first."""
    scores = []
    at = 0
    for segment in segments:
        words = segment.words or ()
        of_segment = verified[at : at + len(words)]
        at += len(words)
        if words and not of_segment.all():
            probability = float(np.mean([word.probability for word in words]))
            share = float(of_segment.mean())
            scores.append(CueScore(segment.id, round(share, 3), round(probability, 3)))
    return sorted(scores, key=lambda score: (score.heard, score.probability))
