"""The transcript as text to read: a paragraph for each sentence, under the recording's chapters."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from subalign.results import Chapter, Segment, Transcript, Word
from subalign.subtitles.cue import TextSpan
from subalign.subtitles.layout.break_costs import SENTENCE, break_cost
from subalign.subtitles.tags import one_line, plain_text, written_text
from subalign.subtitles.timecode import to_milliseconds

__all__ = ["has_text", "paragraph_starts", "paragraphs"]

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
    name, begins a paragraph too.
    """
    starts: list[int] = []
    piece = length = 0
    last: Word | None = None
    for segment in segments:
        for index, word in enumerate(segment.words or ()):
            begins = last is None or _ends_sentence(last.text, word.text, language)
            if index == 0 and last is not None and not begins:
                silence = word.start - last.end >= _LONG_SILENCE
                begins = silence or length >= _LONG_PARAGRAPH or bool(word.before.strip())
            if begins:
                starts.append(piece)
                length = 0
            length += len(word.text)
            last = word
            piece += 1
        if not segment.words and has_text(segment):
            starts.append(piece)
            last = None
            piece += 1
    return starts


def paragraphs(transcript: Transcript) -> Iterator[TextSpan | Chapter]:
    """The paragraphs of a transcript on one line each, and its chapters before what they begin."""
    chapters = list(transcript.chapters)
    for span in _spans(transcript):
        middle = (span.start_ms + span.end_ms) / 2000
        while chapters and chapters[0].start <= middle:
            yield chapters.pop(0)
        yield span
    yield from chapters


def _spans(transcript: Transcript) -> Iterator[TextSpan]:
    pieces: list[tuple[float, float, str]] = []
    for segment in transcript.segments:
        for word in segment.words or ():
            written = plain_text(word.before) + word.text + plain_text(word.after)
            pieces.append((word.start, word.end, written))
        if not segment.words and has_text(segment):
            text = written_text(segment, keep_lines=segment.words is not None)
            pieces.append((segment.start, segment.end, text))
    starts = paragraph_starts(transcript.segments, transcript.language)
    for first, end in pairwise((*starts, len(pieces))):
        own = pieces[first:end]
        if text := one_line("".join(text for _, _, text in own)):
            start = to_milliseconds(own[0][0])
            last = max(to_milliseconds(stop) for _, stop, _ in own)
            yield TextSpan(start, max(start + 1, last), text)


def _ends_sentence(before: str, after: str, language: str) -> bool:
    before, after = before.strip(), after.strip()
    return bool(before and after) and break_cost(before, after, language, True) == SENTENCE
