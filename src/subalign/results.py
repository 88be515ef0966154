"""What subalign finds in a recording: words, segments, the transcript.

Times are seconds from the start of the recording, as floats; they become integer
milliseconds only in the layout of subtitles.
"""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Segment", "Transcript", "Word"]


@dataclass(frozen=True, slots=True)
class Word:
    """One timed word, with the space before it and the punctuation that clings to it."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech between two of the decoder's timestamps.

    `seek` is the mel frame (10 ms) at which the segment's window begins. `words` is None where
    words were not timed, and empty where the segment holds none.
    """

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    words: tuple[Word, ...] | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole recording. `duration` is in seconds; `language` is Whisper's code ("en")."""

    text: str
    language: str
    segments: tuple[Segment, ...]
    duration: float
    model: str
    version: str

    @property
    def words(self) -> Iterator[Word]:
        """All timed words in order; empty where words were not timed."""
        for segment in self.segments:
            yield from segment.words or ()
