"""WebVTT subtitles (`.vtt`), https://www.w3.org/TR/webvtt1/."""

from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.cues import Cue
from subalign.subtitles.timecode import vtt_timecode
from subalign.subtitles.writer import SubtitlesWriter

__all__ = ["VTTWriter"]

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class VTTWriter(SubtitlesWriter):
    """Cues under a `WEBVTT` header; hours are written only where there are some.

    Differences from openai-whisper's text, after those of `SubtitlesWriter`:

    8. `&`, `<` and `>` of the text are escaped, so that players show them; the `<u>` around a
       highlighted word is markup. An arrow `-->` is kept, escaped, instead of being changed.
    """

    extension = "vtt"

    def render(self, transcript: Transcript) -> Iterator[str]:
        yield "WEBVTT\n\n"
        yield from super().render(transcript)

    def escape(self, text: str) -> str:
        return text.translate(_ESCAPES)

    def block(self, number: int, cue: Cue) -> str:
        return f"{vtt_timecode(cue.start_ms)} --> {vtt_timecode(cue.end_ms)}\n{cue.text}\n\n"
