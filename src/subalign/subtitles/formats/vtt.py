"""WebVTT subtitles (`.vtt`), https://www.w3.org/TR/webvtt1/."""

from collections.abc import Iterator, Sequence

from subalign.results import Transcript
from subalign.subtitles.cue import Cue, CueWord
from subalign.subtitles.formats.base import SubtitlesWriter
from subalign.subtitles.highlight import Highlight, around_word
from subalign.subtitles.tags import vtt_formatting
from subalign.subtitles.timecode import vtt_timecode

__all__ = ["VTTWriter"]

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class VTTWriter(SubtitlesWriter):
    """Cues under a `WEBVTT` header; hours are written only where there are some.

    Differences from openai-whisper's text, after those of `SubtitlesWriter`:

    8. `&`, `<` and `>` of the text are escaped, so that players show them; the `<u>` around a
       highlighted word is markup. An arrow `-->` is kept, escaped, instead of being changed.

    Coloured words are `<c.highlight>`, whose colour a STYLE block says. Karaoke is one cue with a
    time before each word; a time stands only where it is later than all before it and lies within
    the cue, as the format asks (section 6.4, "WebVTT cue timestamp").
    """

    extension = "vtt"

    def render(self, transcript: Transcript) -> Iterator[str]:
        yield "WEBVTT\n\n"
        if self.options.highlight_words:
            yield from self._style()
        yield from super().render(transcript)

    def escape(self, text: str) -> str:
        return text.translate(_ESCAPES)

    def markup(self, text: str) -> str:
        return vtt_formatting(text)

    def highlight_tags(self) -> tuple[str, str]:
        return {
            "underline": ("<u>", "</u>"),
            "bold": ("<b>", "</b>"),
            "color": ("<c.highlight>", "</c>"),
            "karaoke": ("<c.highlight>", "</c>"),
        }[self.options.highlight_style]

    def highlighter(self) -> Highlight:
        return self._karaoke if self.is_karaoke else super().highlighter()

    def block(self, number: int, cue: Cue) -> str:
        return f"{vtt_timecode(cue.start_ms)} --> {vtt_timecode(cue.end_ms)}\n{cue.text}\n\n"

    def _karaoke(self, words: Sequence[CueWord], start_ms: int, end_ms: int) -> Iterator[Cue]:
        parts = []
        last_ms = start_ms
        for word in words:
            opening, closing = self.highlight_tags()
            if last_ms < word.start_ms < end_ms:
                opening = f"<{vtt_timecode(word.start_ms)}>{opening}"
                last_ms = word.start_ms
            parts.append(word.before + around_word(word.text, opening, closing) + word.after)
        yield Cue(start_ms, end_ms, "".join(parts))

    def _style(self) -> Iterator[str]:
        style = self.options.style
        if self.options.highlight_style in ("color", "karaoke"):
            yield f"STYLE\n::cue(.highlight) {{ color: {style.highlight}; }}\n"
            if self.is_karaoke:
                yield f"::cue(.highlight:future) {{ color: {style.color}; }}\n"
            yield "\n"
