"""WebVTT subtitles (`.vtt`), https://www.w3.org/TR/webvtt1/."""

from collections.abc import Iterator

from subalign.results import Transcript
from subalign.subtitles.cue import Cue, TextSpan
from subalign.subtitles.formats.base import SubtitlesWriter
from subalign.subtitles.tags import Tag, escape_vtt, vtt_tag
from subalign.subtitles.timecode import vtt_timecode

__all__ = ["VTTWriter"]


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
        return escape_vtt(text)

    def tag(self, tag: Tag) -> str:
        return vtt_tag(tag)

    def highlight_tags(self) -> tuple[str, str]:
        return {
            "underline": ("<u>", "</u>"),
            "bold": ("<b>", "</b>"),
            "color": ("<c.highlight>", "</c>"),
            "karaoke": ("<c.highlight>", "</c>"),
        }[self.options.highlight_style]

    def karaoke(self, cue: Cue) -> Iterator[str]:
        last_ms = cue.start_ms
        for word in cue.words:
            opening, closing = self.highlight_tags()
            if last_ms < word.start_ms < cue.end_ms:
                opening = f"<{vtt_timecode(word.start_ms)}>{opening}"
                last_ms = word.start_ms
            yield from self.word(word, opening, closing)

    def block(self, number: int, span: TextSpan) -> str:
        times = f"{vtt_timecode(span.start_ms)} --> {vtt_timecode(span.end_ms)}"
        return f"{times}\n{span.text}\n\n"

    def _style(self) -> Iterator[str]:
        style = self.options.style
        if self.options.highlight_style in ("color", "karaoke"):
            yield f"STYLE\n::cue(.highlight) {{ color: {style.highlight}; }}\n"
            if self.highlight == "karaoke":
                yield f"::cue(.highlight:future) {{ color: {style.color}; }}\n"
            yield "\n"
