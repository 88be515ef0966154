"""What subalign finds in a recording: words, segments, the transcript.

Times are seconds from the start of the recording, as floats; they become integer
milliseconds only in the layout of subtitles.
"""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "Alignment",
    "AlignmentReport",
    "Chapter",
    "CueScore",
    "Line",
    "Passage",
    "Script",
    "Segment",
    "Transcript",
    "Word",
]


@dataclass(frozen=True, slots=True)
class Word:
    """One timed word, with the space before it and the punctuation attached to it.

    `estimated` is true where the time is interpolated because the word was not heard. `before` and
    `after` hold what stands beside the word in a given transcript and is not spoken: a speaker's
    name, a stage direction, markup. The text as written is `before + text + after`. `speaker` is
    the name of who says it, None where that is not known.
    """

    text: str
    start: float
    end: float
    probability: float
    estimated: bool = False
    before: str = ""
    after: str = ""
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech between two of the decoder's timestamps.

    `seek` is the mel frame (10 ms) at which the segment's window begins. `words` is None where
    words were not timed, and empty where the segment holds none. `speaker` is who says most of it.
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
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the recording as its file names it; times in seconds, `title` may be empty."""

    start: float
    end: float
    title: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole recording.

    `duration` is in seconds, NaN where a saved result does not tell it; `language` is Whisper's
    code ("en"), and `language_probability` how likely it is where it was detected. `chapters` are
    those that the recording's file has.
    """

    text: str
    language: str
    segments: tuple[Segment, ...]
    duration: float
    model: str
    version: str
    language_probability: float | None = None
    chapters: tuple[Chapter, ...] = ()

    @property
    def words(self) -> Iterator[Word]:
        """All timed words in order; empty where words were not timed."""
        for segment in self.segments:
            yield from segment.words or ()

    @property
    def speakers(self) -> tuple[str, ...]:
        """The names of all who speak, in the order in which they first do."""
        found = dict.fromkeys(
            piece.speaker for segment in self.segments for piece in segment.words or (segment,)
        )
        return tuple(name for name in found if name is not None)


@dataclass(frozen=True, slots=True)
class Passage:
    """Text and the time (seconds) at which it is, or would be."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class CueScore:
    """How much of a segment was heard: the share of its words, and their mean probability."""

    segment: int
    heard: float
    probability: float


@dataclass(frozen=True, slots=True)
class AlignmentReport:
    """How well a given transcript fits its recording.

    Every word is heard, estimated (not heard, but there is room for it in the audio) or missing
    (there is none). `edges_by_sound` of the heard words begin and end where the sound has it, the
    others where attention has it, because their letters do not fit there. `missing_passages` are
    runs of missing words, `unscripted` stretches of speech that the transcript does not have, with
    what the model takes them for, and `worst` the segments that fit least, worst first.
    """

    words: int
    heard: int
    estimated: int
    missing: int
    edges_by_sound: int
    missing_passages: tuple[Passage, ...]
    unscripted: tuple[Passage, ...]
    worst: tuple[CueScore, ...]

    @property
    def heard_share(self) -> float:
        """The share of the words that were heard; 1 where there is none."""
        return self.heard / self.words if self.words else 1.0


@dataclass(frozen=True, slots=True)
class Alignment:
    """What forced alignment gives."""

    transcript: Transcript
    report: AlignmentReport


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text, or a cue of a subtitle file.

    `text` is as written, with line breaks where a cue has them. `spoken` are the ranges of
    characters (first, end) that somebody says; what lies between them is kept and not aligned:
    speakers' names, stage directions, markup. `start` and `end` are the times (seconds) that a
    subtitle file gave, `cues` the ids of its cues that show the line.
    """

    text: str
    spoken: tuple[tuple[int, int], ...]
    start: float | None = None
    end: float | None = None
    cues: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A whole transcript; `language` is Whisper's code where the file states it."""

    lines: tuple[Line, ...]
    language: str | None = None
