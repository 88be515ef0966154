"""True word times that heads are measured against: JSON, Praat TextGrids, NIST's CTM."""

import codecs
import json
import os
import re
import reprlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from subalign.errors import InputError
from subalign.results import Word
from subalign.subtitles.saved_results import LATEST, finite_number, parse_json

__all__ = ["TIMED_SUFFIXES", "ReferenceWords", "read_reference_words"]

TIMED_SUFFIXES = (".json", ".textgrid", ".ctm")

# What aligners write where nobody speaks: silence (sp, sil, pau), noise (spn), and all in brackets
_NO_WORD = re.compile(r"sp|sil|spn|pau|#|<.*>|\[.*\]|\(.*\)", re.IGNORECASE | re.DOTALL)

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TEXT_GRID_VALUE = re.compile(
    r""""(?P<text>[^"]*(?:""[^"]*)*)"|(?<!\S)(?P<number>[-+]?\d[\d.]*(?:[eE][-+]?\d+)?)(?!\S)
    |<(?P<flag>exists|absent)>""",
    re.VERBOSE,
)
_WORD_TIER = re.compile(r"\bwords?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReferenceWords:
    """Words in the order of their starts (seconds from the recording's start).

    `words` is empty where a JSON file holds none; `language` is Whisper's code where the file
    states it.
    """

    words: tuple[Word, ...]
    language: str | None = None


def read_reference_words(path: str | os.PathLike[str], *, recording: str = "") -> ReferenceWords:
    """The words of a `.json`, `.TextGrid` or `.ctm` file.

    JSON is openai-whisper's form (`segments` with `words`), an object with `words`, or a list of
    words, each with `word`, `start` and `end`. Of a TextGrid the interval tiers whose name ends
    with "word" or "words" are read, or its only one. A CTM file may hold several recordings: the
    one named `recording` is read.

    Raises:
        InputError: the file cannot be read, is of another form, or is a TextGrid or CTM file
            without words.
    """
    file = Path(path)
    readers = {".json": _read_json, ".textgrid": _read_text_grid}
    suffix = file.suffix.lower()
    if suffix not in TIMED_SUFFIXES:
        raise InputError(f"{file} is no file of timed words: give .json, .TextGrid or .ctm.")
    try:
        found = readers[suffix](file) if suffix in readers else _read_ctm(file, recording)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{file} cannot be read ({reason}): check the name.") from error
    except UnicodeError as error:
        raise InputError(f"{file} is no text in UTF-8 or UTF-16: save it as UTF-8.") from error
    if not found.words and suffix != ".json":
        raise InputError(f"{file} holds no words: give the transcript of the recording.")
    for word in found.words:
        if not 0 <= word.start <= word.end < LATEST:
            raise InputError(
                f"{file} times {reprlib.repr(word.text.strip())} from {word.start:g} s to "
                f"{word.end:g} s: correct the file."
            )
    return ReferenceWords(tuple(sorted(found.words, key=lambda word: word.start)), found.language)


def _read_json(path: Path) -> ReferenceWords:
    try:
        data = path.read_bytes()
        content = parse_json(data.decode(json.detect_encoding(data)))
    except UnicodeError:
        raise
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: write it anew.") from error
    facts = content if isinstance(content, dict) else {}
    language = facts.get("language")
    words = (_word(entry, path) for entry in _json_words(content))
    return ReferenceWords(
        tuple(word for word in words if word.text.strip()),
        language if isinstance(language, str) else None,
    )


def _json_words(content: object) -> Iterator[object]:
    """The word objects of any of the three forms."""
    if isinstance(content, list):
        yield from content
    elif isinstance(content, dict):
        for holder in (content, *_objects(content.get("segments"))):
            words = holder.get("words")
            yield from words if isinstance(words, list) else ()


def _objects(value: object) -> Iterator[dict[str, Any]]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield item


def _word(entry: object, path: Path) -> Word:
    facts = entry if isinstance(entry, dict) else {}
    text = facts.get("word", facts.get("text"))
    start, end = _number(facts.get("start")), _number(facts.get("end"))
    if not isinstance(text, str) or start is None or end is None:
        raise InputError(
            f"{path} holds a word without its text, start or end ({_shown(entry)}): give every "
            "word all three."
        )
    probability = finite_number(facts.get("probability"))
    return Word(
        text=text,
        start=float(start),
        end=float(end),
        probability=1.0 if probability is None else float(probability),
        estimated=facts.get("estimated") is True,
    )


def _number(value: object) -> float | None:
    """A number; those without end and NaN stay, so that the message can show them."""
    return value if isinstance(value, float) else finite_number(value)


def _shown(entry: object) -> str:
    try:
        text = json.dumps(entry, ensure_ascii=False)
    except RecursionError:
        text = str(type(entry).__name__)
    return text if len(text) <= 60 else text[:59] + "…"


def _read_text_grid(path: Path) -> ReferenceWords:
    data = path.read_bytes()
    text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    try:
        tiers = list(_interval_tiers(text))
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path} is no Praat TextGrid: save it with Praat again.") from error
    named = [words for name, words in tiers if _WORD_TIER.search(name.strip())]
    if not named and len(tiers) > 1:
        names = reprlib.repr([name for name, _ in tiers])[1:-1]
        raise InputError(f"{path} has the tiers {names}: name that of the words 'words'.")
    labels = (word for words in named or [words for _, words in tiers] for word in words)
    return ReferenceWords(tuple(_spoken(labels)))


def _interval_tiers(text: str) -> Iterator[tuple[str, list[Word]]]:
    """Name and labels of each interval tier of a TextGrid, in the long form or the short one.

    As Praat does, it takes quoted texts, numbers that stand alone, and flags, in their order, and
    passes over everything else: that is all by which the forms differ.

    Raises:
        ValueError: the text is no TextGrid.
    """
    values = _TEXT_GRID_VALUE.finditer(text)

    def value(kind: str) -> str:
        found = next(values, None)
        if found is None or found[kind] is None:
            raise ValueError(f"no {kind}")
        return found[kind]

    def string() -> str:
        return value("text").replace('""', '"')

    def number() -> float:
        return float(value("number"))

    if not string().startswith("ooTextFile") or string() != "TextGrid":
        raise ValueError("another kind of file")
    number(), number()
    for _ in range(int(number()) if value("flag") == "exists" else 0):
        kind, name = string(), string()
        number(), number()
        count = int(number())
        if kind == "IntervalTier":
            entries = ((number(), number(), string().strip()) for _ in range(count))
            yield name, [Word(label, start, end, 1.0) for start, end, label in entries]
        else:
            for _ in range(count):
                number(), string()


def _read_ctm(path: Path, recording: str) -> ReferenceWords:
    by_recording: dict[str, list[Word]] = {}
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), start=1):
        fields = line.partition(";;")[0].split()
        if not fields:
            continue
        try:
            name, _channel, start, duration, text, *more = fields
            word = Word(
                text,
                float(start),
                round(float(start) + float(duration), 6),
                float(more[0]) if more and more[0] != "NA" else 1.0,
            )
        except ValueError as error:
            raise InputError(
                f"{path} is no CTM file, see line {number}: each line holds recording, channel, "
                "start, duration and word."
            ) from error
        by_recording.setdefault(name, []).append(word)
    if len(by_recording) > 1 and recording not in by_recording:
        raise InputError(
            f"{path} holds {len(by_recording)} recordings, but not {recording or 'a named one'}: "
            "name the audio file as the recording in it."
        )
    words = by_recording.get(recording) or next(iter(by_recording.values()), [])
    return ReferenceWords(tuple(_spoken(words)))


def _spoken(words: Iterable[Word]) -> Iterator[Word]:
    return (word for word in words if word.text and not _NO_WORD.fullmatch(word.text))
