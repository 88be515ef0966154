"""The aligned words as segments of a transcript: one a line of the script."""

import math
from collections.abc import Sequence

from subalign.alignment.forced.thresholds import ReportThresholds
from subalign.mel import FRAMES_PER_SECOND
from subalign.results import Line, Segment, Word

__all__ = ["line_segments"]


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
