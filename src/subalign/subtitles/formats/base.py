"""What every result writer does, and what the formats of cues share."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, TextIO

from subalign.options import LayoutOptions
from subalign.results import Segment, Transcript, Word
from subalign.subtitles.controls import without_controls
from subalign.subtitles.cue import Cue
from subalign.subtitles.highlight import Highlight, word_by_word
from subalign.subtitles.layout.cues import lay_out
from subalign.subtitles.tags import one_line, written_text
from subalign.subtitles.timecode import to_milliseconds

__all__ = [
    "CueWriter",
    "ResultWriter",
    "Span",
    "SubtitlesWriter",
    "apart",
    "segment_span",
    "word_span",
]


class ResultWriter(ABC):
    """Turns a transcript into one text format.

    `extension` is the file name's, without a dot, and `name` what the parameter `format` calls it, where that
    is another word. `recording` is the recording's name, for formats that hold it.
    """

    extension: ClassVar[str]
    name: ClassVar[str]

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "name") and hasattr(cls, "extension"):
            cls.name = cls.extension

    def __init__(self, options: LayoutOptions | None = None, *, recording: str = "") -> None:
        self.options = options or LayoutOptions()
        self.recording = recording

    @abstractmethod
    def render(self, transcript: Transcript) -> Iterator[str]:
        """The file's text in pieces, each ending with a line break."""

    def write(self, transcript: Transcript, file: TextIO) -> None:
        """Write to a text file that was opened with UTF-8, without the text's control characters.

        Raises:
            OSError: the file cannot be written.
        """
        file.writelines(self.render(without_controls(transcript)))


class CueWriter(ResultWriter):
    """A format of cues: words laid out by `LayoutOptions`, optionally highlighted one by one."""

    def cues(self, transcript: Transcript) -> Iterator[Cue]:
        """The cues, with their text as it stands in the file but for line breaks."""
        return lay_out(
            transcript.segments,
            self.options,
            language=transcript.language,
            duration=transcript.duration,
            escape=self.escape,
            markup=self.markup,
            highlight=self.highlighter(),
        )

    @property
    def is_karaoke(self) -> bool:
        """Whether words are lit up within their cue."""
        return self.options.highlight_words and self.options.highlight_style == "karaoke"

    def highlighter(self) -> Highlight:
        """How words are lit up: a cue for each, but where a format has times inside a cue."""
        return word_by_word(*self.highlight_tags())

    def escape(self, text: str) -> str:
        """Make text safe where the format gives characters a meaning."""
        return text

    @abstractmethod
    def markup(self, text: str) -> str:
        """Text of a given transcript that nobody says, with the formatting the format carries."""

    @abstractmethod
    def highlight_tags(self) -> tuple[str, str]:
        """What stands before and after the word that is spoken."""


class SubtitlesWriter(CueWriter):
    """SubRip or WebVTT: a block of text for each cue.

    Under the profile openai, for the same transcript and options, the text is openai-whisper's,
    byte for byte, with these exceptions, where its text is wrong:

    1. A segment without timed words becomes a cue of its own, whatever the other segments have;
       openai-whisper fails or leaves its text out.
    2. No empty cue is written for a segment or words without text.
    3. Blank lines in a cue's text are left out, as they would end the cue, and each line ends with
       a line feed alone.
    4. A cue lasts at least 1 ms: WebVTT forbids a cue that ends when it starts, or before.
    5. A word of no duration gets no highlighted cue, unless its cue has no other; time that
       overlapping words went past gets no cue that runs backwards.
    6. A word with a line break in it is highlighted too, and a word of mere space is not.
       A line break before a word is a space.
    7. A time before the recording's start counts as 0; openai-whisper fails.

    The formats add their own, numbered on.
    """

    def render(self, transcript: Transcript) -> Iterator[str]:
        for number, cue in enumerate(self.cues(transcript), start=1):
            yield self.block(number, cue)

    @abstractmethod
    def block(self, number: int, cue: Cue) -> str:
        """One cue as it stands in the file, with the blank line after it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Text on one line, from `start_ms` to `end_ms`."""

    start_ms: int
    end_ms: int
    text: str


def word_span(word: Word) -> Span:
    """What is said, without what stands beside it."""
    return _span(word.start, word.end, word.text)


def segment_span(segment: Segment) -> Span:
    """A segment's text as written, without a given transcript's formatting tags."""
    given = segment.words is not None  # text of which nothing is said
    return _span(segment.start, segment.end, written_text(segment, keep_lines=given))


def apart(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans in order that do not overlap, each of a millisecond or more; none without text."""
    until = 0
    for span in spans:
        if span.text:
            start = max(until, span.start_ms)
            until = max(start + 1, span.end_ms)
            yield Span(start, until, span.text)


def _span(start: float, end: float, text: str) -> Span:
    start_ms = to_milliseconds(start)
    return Span(start_ms, max(start_ms + 1, to_milliseconds(end)), one_line(text))
