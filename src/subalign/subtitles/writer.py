"""What every result writer does, and what the two subtitle formats share."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, TextIO

from subalign.options import LayoutOptions
from subalign.results import Transcript
from subalign.subtitles.cues import Cue, lay_out

__all__ = ["ResultWriter", "SubtitlesWriter"]


class ResultWriter(ABC):
    """Turns a transcript into one text format; `extension` is the file name's, without a dot."""

    extension: ClassVar[str]

    def __init__(self, options: LayoutOptions | None = None) -> None:
        self.options = options or LayoutOptions()

    @abstractmethod
    def render(self, transcript: Transcript) -> Iterator[str]:
        """The file's text in pieces, each ending with a line break."""

    def write(self, transcript: Transcript, file: TextIO) -> None:
        """Write to a text file that was opened with UTF-8.

        Raises:
            OSError: the file cannot be written.
        """
        file.writelines(self.render(transcript))


class SubtitlesWriter(ResultWriter):
    """A format of cues: words laid out by `LayoutOptions`, optionally highlighted one by one.

    For the same transcript and options the text is openai-whisper's, byte for byte, with these
    exceptions, where its text is wrong:

    1. A segment without timed words becomes a cue of its own, whatever the other segments have;
       openai-whisper fails or leaves its text out.
    2. No empty cue is written for a segment or words without text.
    3. Blank lines in a cue's text are left out, as they would end the cue, and each line ends with
       a line feed alone.
    4. A cue lasts at least 1 ms: WebVTT forbids a cue that ends when it starts, or before.
    5. A word of no duration gets no highlighted cue, unless its cue has no other; time that
       overlapping words went past gets no cue that runs backwards.
    6. A word with a line break in it is highlighted too, and a word of mere space is not.
    7. A time before the recording's start counts as 0; openai-whisper fails.

    The formats add their own, numbered on.
    """

    def render(self, transcript: Transcript) -> Iterator[str]:
        cues = lay_out(transcript.segments, self.options, escape=self.escape)
        for number, cue in enumerate(cues, start=1):
            yield self.block(number, cue)

    def escape(self, text: str) -> str:
        """Make text safe where the format gives characters a meaning."""
        return text

    @abstractmethod
    def block(self, number: int, cue: Cue) -> str:
        """One cue as it stands in the file, with the blank line after it."""
