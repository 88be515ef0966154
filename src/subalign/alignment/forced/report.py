"""The result: one segment a line of the transcript, and the report on how well it fits."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.recognition import RecognisedWord
from subalign.alignment.forced.thresholds import ReportThresholds
from subalign.mel import FRAMES_PER_SECOND
from subalign.results import AlignmentReport, CueScore, Line, Passage, Segment, Word

__all__ = ["line_segments", "make_report", "missing_words"]


def line_segments(
    lines: Sequence[Line],
    counts: Sequence[int],
    words: Sequence[Word],
    duration: float,
    thresholds: ReportThresholds = ReportThresholds(),
) -> tuple[Segment, ...]:
    """One segment a line, which has so many of the words; lines without any lie between others."""
    segments: list[Segment] = []
    offset = 0
    free = 0.0
    for index, (line, count) in enumerate(zip(lines, counts, strict=True)):
        of_line = tuple(words[offset : offset + count])
        offset += count
        if of_line:
            start, end = of_line[0].start, of_line[-1].end
        else:
            following = words[offset].start if offset < len(words) else duration
            start, end = _silent_line(line, free, following, thresholds.silent_line)
        free = end
        segments.append(
            Segment(
                id=index,
                seek=int(start * FRAMES_PER_SECOND),
                start=start,
                end=end,
                text=line.text,
                tokens=(),
                temperature=0.0,
                avg_logprob=_mean_log(of_line, thresholds.least_probability),
                compression_ratio=1.0,
                no_speech_prob=0.0,
                words=of_line,
            )
        )
    return tuple(segments)


def _silent_line(line: Line, begin: float, end: float, longest: float) -> tuple[float, float]:
    """When to show a line of which nothing is said: as the file has it, where that is free."""
    if line.start is not None and line.end is not None and begin <= line.start < line.end <= end:
        return line.start, line.end
    return begin, min(end, begin + longest)


def _mean_log(words: Sequence[Word], least_probability: float) -> float:
    """The mean logarithm of the words' probabilities; 0 where there are none."""
    logs = [math.log(max(word.probability, least_probability)) for word in words]
    return sum(logs) / len(logs) if logs else 0.0


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
    edges_by_sound: int = 0,
    spaced: bool,
    thresholds: ReportThresholds = ReportThresholds(),
) -> AlignmentReport:
    """The report on timed segments, whose words in order are `verified` or `missing` (words,).

    `edges_by_sound` counts those that `refine_boundaries` gave edges, and `spaced` tells whether
    the language has spaces between words.
    """
    words = [word for segment in segments for word in segment.words or ()]
    said = [word for word, is_said in zip(words, verified, strict=True) if is_said]
    joint = " " if spaced else ""
    return AlignmentReport(
        words=len(words),
        heard=int(verified.sum()),
        estimated=int((~verified & ~missing).sum()),
        missing=int(missing.sum()),
        edges_by_sound=edges_by_sound,
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
