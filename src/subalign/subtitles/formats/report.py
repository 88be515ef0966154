"""The report of forced alignment as JSON."""

import json
import math
from collections.abc import Iterator, Sequence

from subalign.results import Alignment, CueScore, Passage, Segment
from subalign.subtitles.formats.json import escape_controls

__all__ = ["render_report"]


def render_report(alignment: Alignment) -> Iterator[str]:
    """The report's text in pieces: each count, passage and cue has a line of its own.

    Shares are of all words, times in seconds of the recording.
    """
    report = alignment.report
    facts = {
        "duration": _number(alignment.transcript.duration),
        "model": alignment.transcript.model,
        "version": alignment.transcript.version,
        "words": report.words,
        "heard": report.heard,
        "estimated": report.estimated,
        "missing": report.missing,
        "heard_share": round(report.heard_share, 4),
    }
    yield "{\n"
    for key, value in facts.items():
        yield f'  "{key}": {_compact(value)},\n'
    segments = {segment.id: segment for segment in alignment.transcript.segments}
    yield from _list("missing_passages", [_passage(part) for part in report.missing_passages])
    yield ",\n"
    yield from _list("unscripted", [_passage(part) for part in report.unscripted])
    yield ",\n"
    yield from _list("worst", [_cue(score, segments[score.segment]) for score in report.worst])
    yield "\n}\n"


def _list(key: str, entries: Sequence[dict[str, object]]) -> Iterator[str]:
    if not entries:
        yield f'  "{key}": []'
        return
    yield f'  "{key}": [\n'
    yield ",\n".join(f"    {_compact(entry)}" for entry in entries)
    yield "\n  ]"


def _passage(passage: Passage) -> dict[str, object]:
    start, end = _number(passage.start), _number(passage.end)
    return {"start": start, "end": end, "text": passage.text.strip()}


def _cue(score: CueScore, segment: Segment) -> dict[str, object]:
    return {
        "segment": score.segment,
        "start": _number(segment.start),
        "end": _number(segment.end),
        "heard": _number(score.heard),
        "probability": _number(score.probability),
        "text": segment.text.strip(),
    }


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _compact(value: object) -> str:
    return escape_controls(json.dumps(value, ensure_ascii=False, allow_nan=False))
