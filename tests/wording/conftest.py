"""Transcripts in which each word lasts 0.4 s and is followed by 0.1 s of silence."""

import pytest

from subalign.results import Segment, Transcript, Word


def _segment(number, first, text, before):
    pieces = text.split(" ")
    words = tuple(
        Word(
            f" {piece}",
            (first + n) / 2,
            (first + n) / 2 + 0.4,
            0.5,
            before=before if n == 0 else "",
        )
        for n, piece in enumerate(pieces)
    )
    joined = "".join(word.before + word.text for word in words)
    return Segment(number, 0, words[0].start, words[-1].end, joined, (), 0, 0, 1, 0, words)


@pytest.fixture(scope="session")
def spoken():
    """A transcript of segments, each given by its text."""

    def make(*texts, language="en", before=""):
        segments, first = [], 0
        for text in texts:
            segments.append(_segment(len(segments), first, text, before))
            first += len(text.split(" "))
        text = "".join(segment.text for segment in segments)
        return Transcript(text, language, tuple(segments), first / 2, "m", "0")

    return make


@pytest.fixture(scope="session")
def timed():
    """The words of a transcript with their times."""
    return lambda transcript: [(word.text, word.start, word.end) for word in transcript.words]
