"""WebVTT subtitles (`.vtt`), https://www.w3.org/TR/webvtt1/."""

from collections.abc import Iterator, Mapping

from subalign.results import Transcript
from subalign.subtitles.cue import Cue, TextSpan
from subalign.subtitles.formats.base import SubtitlesWriter
from subalign.subtitles.tags import Tag, escape_vtt, one_line, vtt_tag
from subalign.subtitles.timecode import vtt_timecode

__all__ = ["VTTWriter"]


class VTTWriter(SubtitlesWriter):
    """Cues under a `WEBVTT` header; hours are written only where there are some.

    Differences from openai-whisper's text, after those of `SubtitlesWriter`:

    8. `&`, `<` and `>` of the text are escaped, so that players show them; the `<u>` around a
       highlighted word is markup. An arrow `-->` is kept, escaped, instead of being changed.

    Coloured words are `<c.highlight>`, whose colour a STYLE block says. Karaoke is one cue with a
    time before each word; a time stands only where it is later than all before it and lies within
    the cue, as the format asks (section 6.4, "WebVTT cue timestamp"). Where it is known who speaks,
    that is the voice (`<v Anna>`) of a cue, or of each part of it.
    """

    extension = "vtt"
    has_colours = True
    _has_voices = False  # then those of a given transcript give way

    def render(self, transcript: Transcript) -> Iterator[str]:
        self._has_voices = bool(transcript.speakers)
        yield "WEBVTT\n\n"
        if rules := [*self._highlight_rules(), *_voice_rules(self.colours_of(transcript))]:
            yield "\n".join(["STYLE", *rules]) + "\n\n"
        yield from super().render(transcript)

    def escape(self, text: str) -> str:
        return escape_vtt(text)

    def tag(self, tag: Tag) -> str:
        own = self._has_voices and tag.name.lower() == "v"
        return "" if own else vtt_tag(tag)

    def voice(self, speaker: str, *, alone: bool) -> tuple[str, str]:
        return f"<v {escape_vtt(one_line(speaker))}>", "" if alone else "</v>"

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

    def _highlight_rules(self) -> Iterator[str]:
        style = self.options.style
        if self.highlight in ("color", "karaoke"):
            yield f"::cue(.highlight) {{ color: {style.highlight}; }}"
            if self.highlight == "karaoke":
                yield f"::cue(.highlight:future) {{ color: {style.color}; }}"


def _voice_rules(colours: Mapping[str, str]) -> Iterator[str]:
    for name, colour in colours.items():
        if "-->" not in name:  # which no block of style may hold
            quoted = one_line(name).replace("\\", r"\\").replace('"', r"\"")
            yield f'::cue(v[voice="{quoted}"]) {{ color: {colour}; }}'
