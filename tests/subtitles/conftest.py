"""Transcripts for the writers' tests."""

from collections.abc import Callable, Sequence

import pytest

from subalign.results import Segment, Transcript, Word

TimedWord = tuple[str, float, float]
Maker = Callable[..., Transcript]


def _segment(
    number: int, start: float, end: float, text: str, words: Sequence[TimedWord] | None
) -> Segment:
    timed = None if words is None else tuple(Word(*word, 0.5) for word in words)
    return Segment(number, 0, start, end, text, (50364, 11, 50414), 0.0, -0.25, 1.5, 0.125, timed)


@pytest.fixture
def make() -> Maker:
    """Makes a transcript: a list of words is a timed segment, (start, end, text) an untimed one."""

    def transcript(*parts: list[TimedWord] | tuple[float, float, str]) -> Transcript:
        segments = []
        for number, part in enumerate(parts):
            if isinstance(part, tuple):
                segments.append(_segment(number, *part, None))
            else:
                text = "".join(word for word, _, _ in part)
                segments.append(_segment(number, part[0][1], part[-1][2], text, part))
        text = "".join(segment.text for segment in segments)
        return Transcript(text, "en", tuple(segments), 12.5, "micro.en", "0.1.0")

    return transcript


@pytest.fixture
def spoken(make: Maker) -> Transcript:
    """Two timed segments with a pause between them."""
    return make(
        [(" The", 0.0, 0.24), (" quick", 0.24, 0.5), (" fox,", 0.5, 1.0), (" it", 1.2, 1.32)],
        [(" jumps", 3600.5, 3601.0), (" high.", 3601.0, 3601.08)],
    )
