r"""SubStation Alpha 4+ subtitles (`.ass`).

Its description is "Sub Station Alpha v4.00+ Script Format" (moodub.free.fr/video/ass-specs.doc),
that of its override tags Aegisub's manual (https://aegisub.org/docs/latest/ass_tags).
"""

from collections.abc import Iterable, Iterator, Sequence

from subalign.characters import is_right_to_left
from subalign.options import StyleOptions
from subalign.results import Transcript
from subalign.subtitles.cue import Cue, split_word
from subalign.subtitles.formats.base import CueWriter
from subalign.subtitles.tags import OVERRIDES, Run, Tag, one_line
from subalign.subtitles.timecode import ass_timecode, in_units, to_units

__all__ = ["ASSWriter"]

_CENTISECOND = 10  # milliseconds
_WORD_JOINER = "\u2060"

# The format has no escapes. A backslash before a word joiner begins nothing, and full-width braces
# open no override. Control characters have no place in a line of text.
_ESCAPES: dict[int, str] = {
    **dict.fromkeys((code for code in range(32) if chr(code) not in "\t\n\r"), ""),
    ord("\\"): "\\" + _WORD_JOINER,
    ord("{"): "\uff5b",
    ord("}"): "\uff5d",
}
_STYLE_FIELDS = (
    "Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, "
    "Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, "
    "Alignment, MarginL, MarginR, MarginV, Encoding"
)
_DEFAULT, _BY_TEXT = 1, -1  # encodings; libass takes the second for "direction by the text"
_EVENT_FIELDS = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"


class ASSWriter(CueWriter):
    r"""A script of one style and a line of dialogue for each cue; times in centiseconds.

    Sizes are those of a picture of 1920 × 1080, which players scale. Rounding makes no cues overlap
    and none vanish. Karaoke is `\k`: each word's duration, in which the colour changes from
    `style.color` to `style.highlight`; durations add up to the words' rounded times. The text's
    braces are written full-width, and its backslashes before a word joiner (U+2060), which no
    player shows. Where text is written from right to left, players that draw with libass are told
    to look at each line for its direction: its last full stop would stand on the wrong side. The
    name of a line is who speaks, where that is known; coloured speakers have styles of their own.
    """

    extension = "ass"
    has_colours = True

    def render(self, transcript: Transcript) -> Iterator[str]:
        shown = [(span, cue.speaker) for cue in self.cues(transcript) for span in self.shown(cue)]
        turned = any(is_right_to_left(OVERRIDES.sub("", span.text)) for span, _ in shown)
        looks = {
            name: (_style_name(number), colour)
            for number, (name, colour) in enumerate(self.colours.items(), start=1)
        }
        encoding = _BY_TEXT if turned else _DEFAULT
        yield self.header(encoding, looks.values())
        times = in_units(((span.start_ms, span.end_ms) for span, _ in shown), _CENTISECOND)
        for (span, speaker), (start, end) in zip(shown, times, strict=True):
            text = span.text.replace("\n", r"\N")
            style, _ = looks.get(speaker or "", ("Default", ""))
            name = _field(speaker or "")
            yield (
                f"Dialogue: 0,{ass_timecode(start)},{ass_timecode(end)},{style},{name},0,0,0,,"
                f"{text}\n"
            )

    def header(self, encoding: int | str, looks: Iterable[tuple[str, str]] = ()) -> str:
        """What stands before the dialogue; `looks` are names and colours of styles of speakers."""
        return _header(self.options.style, encoding, looks)

    def escape(self, text: str) -> str:
        return text.translate(_ESCAPES)

    def tag(self, tag: Tag) -> str:
        if tag.style:
            return rf"{{\{tag.style}{0 if tag.closing else 1}}}"
        return tag.written if tag.is_position else ""

    def beside(self, runs: Sequence[Run]) -> list[str]:
        text = "".join(super().beside(runs))
        if self.highlight == "karaoke" and text.strip():
            # in the text's colour before and after its syllable
            text = rf"{{\1c}}{text}{{\1c{_bgr(self.options.style.highlight)}}}"
        return [text]

    def highlight_tags(self) -> tuple[str, str]:
        match self.highlight:
            case "bold":
                return r"{\b1}", r"{\b0}"
            case "color":
                return rf"{{\1c{_bgr(self.options.style.highlight)}}}", r"{\1c}"
            case _:
                return r"{\u1}", r"{\u0}"

    def karaoke(self, cue: Cue) -> Iterator[str]:
        style = self.options.style
        # \k goes from the second colour to the first
        yield rf"{{\1c{_bgr(style.highlight)}\2c{_bgr(style.color)}}}"
        at = to_units(cue.start_ms, _CENTISECOND)
        for word in cue.words:
            pause = to_units(word.start_ms, _CENTISECOND) - at
            if pause > 0:
                yield rf"{{\k{pause}}}"
                at += pause
            length = max(0, to_units(word.end_ms, _CENTISECOND) - at)
            space, said, rest = split_word(self.escape(word.text))
            yield from self.beside(word.before)
            yield rf"{space}{{\k{length}}}{said}{rest}"
            yield from self.beside(word.after)
            at += length


def _style_name(number: int) -> str:
    return f"Speaker {number}"


def _field(text: str) -> str:
    """A name without the comma that would end its field."""
    return one_line(text).replace(",", " ")


def _header(style: StyleOptions, encoding: int | str, looks: Iterable[tuple[str, str]]) -> str:
    alignment = 8 if style.position == "top" else 2
    styles = "".join(
        f"Style: {name},{style.font},{style.size:g},{_bgra(colour)},{_bgra(style.highlight)},"
        f"&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,{style.outline:g},0,{alignment},60,60,50,"
        f"{encoding}\n"
        for name, colour in (("Default", style.color), *looks)
    )
    return (
        "[Script Info]\nScriptType: v4.00+\nPlayResX: 1920\nPlayResY: 1080\n"
        "WrapStyle: 0\nScaledBorderAndShadow: yes\n\n"
        f"[V4+ Styles]\nFormat: {_STYLE_FIELDS}\n{styles}\n"
        f"[Events]\nFormat: {_EVENT_FIELDS}\n"
    )


def _bgr(color: str) -> str:
    return f"&H{color[5:7]}{color[3:5]}{color[1:3]}&".upper()


def _bgra(color: str) -> str:
    return f"&H00{color[5:7]}{color[3:5]}{color[1:3]}".upper()
