"""A transcript to read and edit, as Markdown (`.md`): https://spec.commonmark.org."""

import re
from collections.abc import Iterator

from subalign.results import Chapter, Transcript
from subalign.subtitles.formats.base import ResultWriter
from subalign.subtitles.paragraphs import paragraphs
from subalign.subtitles.timecode import clock_time

__all__ = ["MarkdownWriter"]

# what would be markup
_MARKUP = re.compile(r"[\\`*_\[\]<>#|~&]")


class MarkdownWriter(ResultWriter):
    """A paragraph for each sentence, behind its time; chapters and the recording are headings.

    Where it is known who speaks, the speaker's name stands before what they begin with.
    """

    name = "markdown"
    extension = "md"

    def render(self, transcript: Transcript) -> Iterator[str]:
        yield f"# {_escaped(self.recording or 'Transcript')}\n"
        for part in paragraphs(transcript):
            if isinstance(part, Chapter):
                time = clock_time(round(part.start * 1000)).partition(".")[0]
                yield f"\n## {_escaped(part.title or 'Chapter')} ({time})\n"
            else:
                time = clock_time(part.start_ms).partition(".")[0]
                speaker = "" if part.speaker is None else f"**{_escaped(part.speaker)}:** "
                yield f"\n**{time}** {speaker}{_escaped(part.text)}\n"


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))
