"""Saved results in JSON: ours, openai-whisper's, stable-ts's, WhisperX's, faster-whisper's.

All hold `segments` with `text`, `start` and `end`; with `words`, each has `word`, `start` and
`end`. WhisperX's words come without the space before them, and without times where it found none.
"""

import json
import logging
import math
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from subalign.characters import is_unspaced
from subalign.errors import InputError
from subalign.results import Chapter, Segment, Transcript, Word
from subalign.subtitles.files.encodings import file_label, read_text_file

__all__ = [
    "LATEST",
    "RESULTS_ADVICE",
    "finite_number",
    "finite_seconds",
    "parse_json",
    "parse_result",
    "read_result",
]

_logger = logging.getLogger("subalign")

LATEST = 1e10  # seconds; beyond it no clock counts, and milliseconds would lose their exactness

_MAYBE_SURROGATE = re.compile(r"\\ud[89a-f]", re.IGNORECASE)
RESULTS_ADVICE = "give JSON as subalign, openai-whisper, stable-ts or WhisperX write it"
"""What to give instead of a file that holds no result."""


def read_result(path: str | os.PathLike[str], *, encoding: str | None = None) -> Transcript:
    """The transcript that a JSON file holds; "-" is standard input.

    `encoding` is the file's where it is not what the file itself shows.

    Words without times, or with impossible ones, are placed between their neighbours and
    `estimated`; a warning gives their number. The recording's duration is NaN where the file lacks
    it, as are numbers of segments and words.

    Raises:
        InputError: the file cannot be read, is no JSON, or holds no segments with times.
        UsageError: standard input is closed.
    """
    label = file_label(path)
    found = read_text_file(
        path, noun="transcript", endings=".json", advice=RESULTS_ADVICE, encoding=encoding
    )
    return parse_result(found.text.removeprefix("\ufeff"), label)


def parse_result(text: str, label: str) -> Transcript:
    """The transcript in a JSON text; `label` is its file's name.

    Raises:
        InputError: as `read_result`.
    """
    try:
        content = parse_json(text)
    except ValueError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{label} is not valid JSON ({reason}): {RESULTS_ADVICE}.") from error
    facts: Mapping[str, Any] = content if isinstance(content, dict) else {}
    entries = facts.get("segments", content)
    if not isinstance(entries, list):
        raise InputError(f"{label} holds no segments: {RESULTS_ADVICE}.")
    reader = _Reader(label)
    segments = tuple(reader.segment(number, entry) for number, entry in enumerate(entries))
    if reader.estimated:
        _logger.warning(
            "%s has no times that can be for %d of its words: they stand between their neighbours.",
            label,
            reader.estimated,
        )
    whole = facts.get("text")
    likely = finite_number(facts.get("language_probability"))
    duration = finite_seconds(facts.get("duration"))
    return Transcript(
        text=whole if isinstance(whole, str) else "".join(segment.text for segment in segments),
        language=_text(facts.get("language")),
        segments=segments,
        duration=math.nan if duration is None else duration,
        model=_text(facts.get("model")),
        version=_text(facts.get("version")),
        language_probability=likely,
        chapters=tuple(_chapters(facts.get("chapters"))),
    )


def _chapters(entries: object) -> Iterator[Chapter]:
    """The chapters, without those whose times cannot be."""
    for entry in entries if isinstance(entries, list) else ():
        times = _times(entry) if isinstance(entry, dict) else None
        if times is not None:
            yield Chapter(*times, _text(entry.get("title")))


@dataclass(slots=True)
class _Reader:
    """Reads segments of one file and counts the words whose times it had to estimate."""

    label: str
    estimated: int = 0

    def segment(self, number: int, entry: object) -> Segment:
        facts: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
        text = facts.get("text")
        if not isinstance(text, str):
            raise InputError(f"{self.label} has no text in segment {number + 1}: {RESULTS_ADVICE}.")
        start, end = finite_seconds(facts.get("start")), finite_seconds(facts.get("end"))
        listed = facts.get("words")
        entries = listed if isinstance(listed, list) else None
        if not all(map(_has_text, entries or ())):
            raise InputError(
                f"{self.label} has a word without text in segment {number + 1}: {RESULTS_ADVICE}."
            )
        timed = [_times(word) for word in entries or ()]
        known = [times for times in timed if times is not None]
        if start is None:
            start = known[0][0] if known else None
        if end is None:
            end = known[-1][1] if known else None
        if start is None or end is None or end < start:
            raise InputError(
                f"{self.label} has no times that can be in segment {number + 1}: {RESULTS_ADVICE}."
            )
        tokens = facts.get("tokens")
        return Segment(
            id=_whole(facts.get("id"), number),
            seek=_whole(facts.get("seek"), 0),
            start=start,
            end=end,
            text=text,
            tokens=tuple(_whole(token, 0) for token in tokens) if isinstance(tokens, list) else (),
            temperature=_number(facts.get("temperature"), 0.0),
            avg_logprob=_number(facts.get("avg_logprob"), math.nan),
            compression_ratio=_number(facts.get("compression_ratio"), math.nan),
            no_speech_prob=_number(facts.get("no_speech_prob"), math.nan),
            words=None if entries is None else self._words(facts, entries, timed, start, end),
            speaker=_name(facts.get("speaker")),
        )

    def _words(
        self,
        segment: Mapping[str, Any],
        entries: Sequence[Mapping[str, Any]],
        timed: Sequence[tuple[float, float] | None],
        start: float,
        end: float,
    ) -> tuple[Word, ...]:
        text = segment["text"]
        # WhisperX's words without times have no speaker of their own
        speaker = _name(segment.get("speaker"))
        texts = [word.get("word", word.get("text")) for word in entries]
        beside = [(_text(word.get("before")), _text(word.get("after"))) for word in entries]
        written = "".join(
            before + word + after for word, (before, after) in zip(texts, beside, strict=True)
        )
        if written.split() != text.split():
            texts = _spaced(texts, text)
        spans = _filled(timed, [len(word.strip()) for word in texts], start, end)
        self.estimated += sum(times is None for times in timed)
        return tuple(
            Word(
                text=word,
                start=span[0],
                end=span[1],
                probability=_number(entry.get("probability", entry.get("score")), math.nan),
                estimated=entry.get("estimated") is True or times is None,
                before=before,
                after=after,
                speaker=_name(entry.get("speaker")) or speaker,
            )
            for word, span, entry, times, (before, after) in zip(
                texts, spans, entries, timed, beside, strict=True
            )
        )


def _spaced(words: Sequence[str], text: str) -> list[str]:
    """The words with what stands before each in the text, as WhisperX leaves it out.

    Where the words are not those of the text, each gets a space if its script has spaces.
    """
    found = []
    at = 0
    for word in words:
        place = text.find(word.strip(), at) if word.strip() else -1
        if place < 0:
            break
        found.append(text[at:place] + word.strip())
        at = place + len(word.strip())
    if len(found) == len(words):
        return [*found[:-1], found[-1] + text[at:].rstrip()] if found else found
    if any(word[:1].isspace() for word in words[1:]):
        return list(words)
    return [
        word if not word or is_unspaced(word[0]) or index == 0 else f" {word}"
        for index, word in enumerate(words)
    ]


def _filled(
    timed: Sequence[tuple[float, float] | None],
    lengths: Sequence[int],
    start: float,
    end: float,
) -> list[tuple[float, float]]:
    """Times for all words: runs without any share the time between their neighbours by letters."""
    spans = list(timed)
    at = 0
    while at < len(spans):
        if spans[at] is not None:
            at += 1
            continue
        stop = next((i for i in range(at, len(spans)) if spans[i] is not None), len(spans))
        before, after = spans[at - 1] if at else None, spans[stop] if stop < len(spans) else None
        first = before[1] if before else start
        last = max(first, after[0] if after else end)
        total = sum(lengths[at:stop]) or 1
        moment = first
        for index in range(at, stop):
            until = moment + (last - first) * lengths[index] / total
            spans[index] = (round(moment, 3), round(until, 3))
            moment = until
        at = stop
    return [span for span in spans if span is not None]


def _has_text(word: object) -> bool:
    return isinstance(word, dict) and isinstance(word.get("word", word.get("text")), str)


def _times(word: Mapping[str, Any]) -> tuple[float, float] | None:
    start, end = finite_seconds(word.get("start")), finite_seconds(word.get("end"))
    return None if start is None or end is None or end < start else (start, end)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _name(value: object) -> str | None:
    """A speaker's name on one line; None for what is none."""
    return " ".join(_text(value).split()) or None


def _number(value: object, otherwise: float) -> float:
    number = finite_number(value)
    return otherwise if number is None else number


def _whole(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def parse_json(text: str) -> Any:
    """What a JSON text holds.

    Raises:
        ValueError: it is no JSON, or holds half a surrogate pair, which no file can be written
            with.
    """
    try:
        content = json.loads(text)
        if _MAYBE_SURROGATE.search(text):
            json.dumps(content, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("half a surrogate pair, which is no character") from error
    return content


def finite_number(value: object) -> float | None:
    """A number that floats can hold, as it stands; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if abs(value) <= sys.float_info.max else None


def finite_seconds(value: object) -> float | None:
    """A time in seconds, or None for what is none."""
    number = finite_number(value)
    return float(number) if number is not None and 0 <= number < LATEST else None
