"""Transcripts for the page's tests, and waiting for what a page does."""

import time
from dataclasses import replace

from subalign.results import Segment, Transcript, Word

__all__ = ["timed_segment", "transcript_of", "until"]

PATIENCE = 30.0  # seconds


def timed_segment(number: int, *words: tuple[str, float, float], **facts: object) -> Segment:
    timed = tuple(Word(text, start, end, 0.9) for text, start, end in words)
    text = "".join(word.text for word in timed)
    segment = Segment(
        number, 0, timed[0].start, timed[-1].end, text, (50364, 11), 0.0, -0.25, 1.5, 3.2e-05, timed
    )
    return replace(segment, **facts)


def transcript_of(*segments: Segment, duration: float = 4.0, language: str = "en") -> Transcript:
    text = "".join(segment.text for segment in segments)
    return Transcript(text, language, segments, duration, "micro.en", "0.1.0")


def until(page, condition: str, argument: object = None) -> None:
    """Wait until JavaScript is true; Playwright's own waiting is against the page's policy."""
    end = time.monotonic() + PATIENCE
    while not page.evaluate(condition, argument):
        assert time.monotonic() < end, f"waited {PATIENCE:g} s for {condition}"
        page.wait_for_timeout(10)
