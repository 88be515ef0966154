"""JSON (`.json`): everything that was found, for programs; and the report of an alignment."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import TextIO

from subalign.results import Alignment, Chapter, CueScore, Passage, Segment, Transcript, Word
from subalign.subtitles.formats.base import ResultWriter

__all__ = ["JSONWriter", "escape_controls", "render_report"]


class JSONWriter(ResultWriter):
    """One object with openai-whisper's keys, plus `duration` (seconds), `model` and `version`.

    The layout is for both programs and people: every fact about the recording, every segment and
    every word has a line of its own, so that files can be read, searched and compared line by line.
    Text is UTF-8 in its own letters. `language_probability` is there where the language was
    detected, and `chapters` where the recording has some. A word also has `estimated` and, where a
    given transcript has text beside it that nobody says, `before` and `after`. Where it is known
    who speaks, `speakers` are their names in the order in which they first speak, and words and
    segments have a `speaker`. `words` is absent in segments whose words were not timed. JSON has no
    NaN and no infinity: such numbers are null, while openai-whisper writes what other programs
    refuse to read. Control characters are escaped.
    """

    extension = "json"

    def write(self, transcript: Transcript, file: TextIO) -> None:
        # escaped, nothing is lost and nothing does harm
        file.writelines(self.render(transcript))

    def render(self, transcript: Transcript) -> Iterator[str]:
        yield "{\n"
        likely = transcript.language_probability
        facts: dict[str, object] = {
            "text": transcript.text,
            "language": transcript.language,
            **({} if likely is None else {"language_probability": _number(likely)}),
            "duration": _number(transcript.duration),
            "model": transcript.model,
            "version": transcript.version,
        }
        if transcript.chapters:
            facts["chapters"] = [_chapter_facts(chapter) for chapter in transcript.chapters]
        if transcript.speakers:
            facts["speakers"] = transcript.speakers
        for key, value in facts.items():
            yield f"  {_compact(key)}: {_compact(value)},\n"
        yield '  "segments": [\n'
        last = len(transcript.segments) - 1
        for index, segment in enumerate(transcript.segments):
            yield from _segment_lines(segment, "" if index == last else ",")
        yield "  ]\n}\n"


def _segment_lines(segment: Segment, separator: str) -> Iterator[str]:
    line = "    " + _compact(_segment_facts(segment))
    if segment.words is None:
        yield f"{line}{separator}\n"
        return
    # Words go in before the brace that closes the segment.
    yield f'{line[:-1]}, "words": [\n'
    last = len(segment.words) - 1
    for index, word in enumerate(segment.words):
        yield f"      {_compact(_word_facts(word))}{'' if index == last else ','}\n"
    yield f"    ]}}{separator}\n"


def _chapter_facts(chapter: Chapter) -> dict[str, object]:
    start, end = _number(chapter.start), _number(chapter.end)
    return {"start": start, "end": end, "title": chapter.title}


def _segment_facts(segment: Segment) -> dict[str, object]:
    return {
        "id": segment.id,
        "seek": segment.seek,
        "start": _number(segment.start),
        "end": _number(segment.end),
        "text": segment.text,
        "tokens": segment.tokens,
        "temperature": _number(segment.temperature),
        "avg_logprob": _number(segment.avg_logprob),
        "compression_ratio": _number(segment.compression_ratio),
        "no_speech_prob": _number(segment.no_speech_prob),
        **({} if segment.speaker is None else {"speaker": segment.speaker}),
    }


def _word_facts(word: Word) -> dict[str, object]:
    return {
        "word": word.text,
        "start": _number(word.start),
        "end": _number(word.end),
        "probability": _number(word.probability),
        "estimated": word.estimated,
        **{
            key: text
            for key, text in (
                *(("before", word.before), ("after", word.after)),
                ("speaker", word.speaker),
            )
            if text
        },
    }


def render_report(alignment: Alignment) -> Iterator[str]:
    """The report's text in pieces: each count, passage and cue has a line of its own.

    Shares are of all words, times in seconds of the recording.
    """
    report = alignment.report
    facts = {
        "duration": _rounded(alignment.transcript.duration),
        "model": alignment.transcript.model,
        "version": alignment.transcript.version,
        "words": report.words,
        "heard": report.heard,
        "estimated": report.estimated,
        "missing": report.missing,
        "heard_share": round(report.heard_share, 4),
        "edges_by_sound": report.edges_by_sound,
    }
    yield "{\n"
    for key, value in facts.items():
        yield f'  "{key}": {_compact(value)},\n'
    segments = {segment.id: segment for segment in alignment.transcript.segments}
    yield from _report_list(
        "missing_passages", [_passage_facts(part) for part in report.missing_passages]
    )
    yield ",\n"
    yield from _report_list("unscripted", [_passage_facts(part) for part in report.unscripted])
    yield ",\n"
    yield from _report_list(
        "worst", [_cue_facts(score, segments[score.segment]) for score in report.worst]
    )
    yield "\n}\n"


def _report_list(key: str, entries: Sequence[dict[str, object]]) -> Iterator[str]:
    if not entries:
        yield f'  "{key}": []'
        return
    yield f'  "{key}": [\n'
    yield ",\n".join(f"    {_compact(entry)}" for entry in entries)
    yield "\n  ]"


def _passage_facts(passage: Passage) -> dict[str, object]:
    start, end = _rounded(passage.start), _rounded(passage.end)
    return {"start": start, "end": end, "text": passage.text.strip()}


def _cue_facts(score: CueScore, segment: Segment) -> dict[str, object]:
    return {
        "segment": score.segment,
        "start": _rounded(segment.start),
        "end": _rounded(segment.end),
        "heard": _rounded(score.heard),
        "probability": _rounded(score.probability),
        "text": segment.text.strip(),
    }


def _rounded(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _compact(value: object) -> str:
    return escape_controls(_ENCODER.encode(value))


def escape_controls(text: str) -> str:
    """JSON whose strings hold no DEL, no C1 character and no half of a surrogate pair as such."""
    return _RAW.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


_RAW = re.compile("[\x7f-\x9f\ud800-\udfff]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
