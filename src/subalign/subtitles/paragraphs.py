"""The transcript as text to read: a paragraph for each sentence, under the recording's chapters."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from subalign.results import Chapter, Segment, Transcript, Word
from subalign.subtitles.layout.break_costs import SENTENCE, break_cost
from subalign.subtitles.tags import one_line, plain_text, written_text
from subalign.subtitles.timecode import to_milliseconds

__all__ = ["Paragraph", "has_text", "paragraph_starts", "paragraphs"]

# Where no sentence ends, a paragraph ends with a segment, once it has so many characters or a
# silence of so many seconds follows.
_LONG_PARAGRAPH = 300
_LONG_SILENCE = 2.0

# What JavaScript's trim() takes for space: Python takes a few characters more and one less.
_JS_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NOT_JS_SPACE = re.compile(f"[^{_JS_SPACE}]")


def has_text(segment: Segment) -> bool:
    """Whether a segment without words has text to show."""
    return _NOT_JS_SPACE.search(segment.text) is not None


def paragraph_starts(segments: Sequence[Segment], language: str) -> list[int]:
    """The pieces with which paragraphs begin, by their numbers.

    A piece is a word, or a segment that has text but no words; that is a paragraph of its own.
    `language` is Whisper's code. What begins with something that nobody says, such as a speaker's
    name, begins a paragraph too, and so does another speaker.
    """
    starts: list[int] = []
    piece = length = 0
    last: Word | None = None
    speaker: str | None = None
    for segment in segments:
        for index, word in enumerate(segment.words or ()):
            begins = last is None or _ends_sentence(last.text, word.text, language)
            if index == 0 and last is not None and not begins:
                silence = word.start - last.end >= _LONG_SILENCE
                begins = silence or length >= _LONG_PARAGRAPH or bool(word.before.strip())
            begins |= None not in (speaker, word.speaker) and word.speaker != speaker
            speaker = word.speaker or speaker
            if begins:
                starts.append(piece)
                length = 0
            length += len(word.text)
            last = word
            piece += 1
        if not segment.words and has_text(segment):
            starts.append(piece)
            last, speaker = None, segment.speaker or speaker
            piece += 1
    return starts


class Paragraph(NamedTuple):
    """Text on one line and when it is said; `speaker` is who begins to speak with it."""

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None


def paragraphs(transcript: Transcript) -> Iterator[Paragraph | Chapter]:
    """The paragraphs of a transcript, and its chapters before what they begin."""
    chapters = list(transcript.chapters)
    for paragraph in _paragraphs(transcript):
        middle = (paragraph.start_ms + paragraph.end_ms) / 2000
        while chapters and chapters[0].start <= middle:
            yield chapters.pop(0)
        yield paragraph
    yield from chapters


def _paragraphs(transcript: Transcript) -> Iterator[Paragraph]:
    pieces: list[tuple[float, float, str, str | None]] = []
    for segment in transcript.segments:
        for word in segment.words or ():
            written = plain_text(word.before) + word.text + plain_text(word.after)
            pieces.append((word.start, word.end, written, word.speaker))
        if not segment.words and has_text(segment):
            text = written_text(segment, keep_lines=segment.words is not None)
            pieces.append((segment.start, segment.end, text, segment.speaker))
    starts = paragraph_starts(transcript.segments, transcript.language)
    last_speaker: str | None = None
    for first, end in pairwise((*starts, len(pieces))):
        own = pieces[first:end]
        if text := one_line("".join(text for _, _, text, _ in own)):
            start = to_milliseconds(own[0][0])
            last = max(to_milliseconds(stop) for _, stop, _, _ in own)
            speaker = next((name for *_, name in own if name is not None), last_speaker)
            begins = None if speaker == last_speaker else speaker
            yield Paragraph(start, max(start + 1, last), text, begins)
            last_speaker = speaker


def _ends_sentence(before: str, after: str, language: str) -> bool:
    before, after = before.strip(), after.strip()
    return bool(before and after) and break_cost(before, after, language, True) == SENTENCE
