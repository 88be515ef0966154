"""TTML subtitles (`.ttml`) in the Text Profile of IMSC 1.0.1.

TTML1, https://www.w3.org/TR/ttml1/; IMSC 1.0.1, https://www.w3.org/TR/ttml-imsc1.0.1/.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape as escape_html

from subalign.options import StyleOptions
from subalign.results import Transcript
from subalign.subtitles.cue import Cue, CueWord
from subalign.subtitles.formats.base import CueWriter
from subalign.subtitles.highlight import Highlight, around_word
from subalign.subtitles.tags import convert_formatting
from subalign.subtitles.timecode import clock_time, seconds_text

__all__ = ["TTMLWriter"]

# Characters that no XML 1.0 document may hold (https://www.w3.org/TR/xml/#charsets). As the text
# is free of them, two of them stand around tags until a cue is complete and its tags are balanced.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TAG = re.compile("\x01([^\x02]*)\x02")

_LINE_HEIGHT = 1080 / 15  # lines of a picture in a cell, whose height is 100 % of a font's size
_SPANS = {
    "i": 'tts:fontStyle="italic"',
    "b": 'tts:fontWeight="bold"',
    "u": 'tts:textDecoration="underline"',
    "s": 'tts:textDecoration="lineThrough"',
}


class TTMLWriter(CueWriter):
    """A paragraph for each cue in media time, at the bottom or the top of the picture.

    Karaoke is an animation (`<set>`) in each word's span, which changes its colour from
    `style.color` to `style.highlight` when the word begins; the other ways of highlighting make a
    paragraph for each word. Control characters, which XML forbids, are left out.
    """

    extension = "ttml"

    def render(self, transcript: Transcript) -> Iterator[str]:
        yield from _head(transcript.language, self.options.style)
        for number, cue in enumerate(self.cues(transcript), start=1):
            yield _paragraph(number, cue, self.options.style.position)
        yield "    </div>\n  </body>\n</tt>\n"

    def escape(self, text: str) -> str:
        return escape_html(_NOT_XML.sub("", text), quote=False)

    def markup(self, text: str) -> str:
        return convert_formatting(text, escape=self.escape, tag=_private_tag)

    def highlight_tags(self) -> tuple[str, str]:
        match self.options.highlight_style:
            case "bold":
                return _open("h", _SPANS["b"]), _CLOSE
            case "color":
                return _open("h", f'tts:color="{self.options.style.highlight}"'), _CLOSE
            case _:
                return _open("h", _SPANS["u"]), _CLOSE

    def highlighter(self) -> Highlight:
        return self._karaoke if self.is_karaoke else super().highlighter()

    def _karaoke(self, words: Sequence[CueWord], start_ms: int, end_ms: int) -> Iterator[Cue]:
        color = self.options.style.highlight
        parts = []
        for word in words:
            begin = seconds_text(max(0, word.start_ms - start_ms))  # from the paragraph's begin
            opening = f'\x01k begin="{begin}s" tts:color="{color}"\x02'
            parts.append(word.before + around_word(word.text, opening, "\x01/k\x02") + word.after)
        yield Cue(start_ms, end_ms, "".join(parts))


_CLOSE = "\x01/h\x02"


def _open(name: str, attributes: str) -> str:
    return f"\x01{name} {attributes}\x02"


def _private_tag(tag: str) -> str:
    r"""A tag of a given transcript in private signs: `<i>`, `</i>`, and `{\an8}` for the top."""
    if tag.startswith("{"):
        return "\x01top\x02" if re.fullmatch(r"\{\\an[789]\}", tag) else ""
    name = tag.strip("</>").split()[0].lower()
    if name not in _SPANS:
        return ""
    return f"\x01/{name}\x02" if tag.startswith("</") else _open(name, _SPANS[name])


def _paragraph(number: int, cue: Cue, position: str) -> str:
    text = cue.text
    region = "top" if "\x01top\x02" in text else position
    times = f'begin="{clock_time(cue.start_ms)}" end="{clock_time(cue.end_ms)}"'
    content = _balanced(text.replace("\x01top\x02", "")).replace("\n", "<br/>")
    look = f'region="{region}" {times} xml:space="preserve"'
    return f'      <p xml:id="cue{number}" {look}>{content}</p>\n'


def _balanced(text: str) -> str:
    """Spans for private tags: those left open are closed, and what closes nothing is dropped.

    A tag within its like adds nothing, so that few are open at a time.
    """
    if "\x01" not in text:
        return text
    parts = []
    opened: list[tuple[str, str]] = []  # names and start tags
    depths: Counter[str] = Counter()
    for index, part in enumerate(_TAG.split(text)):
        if index % 2 == 0:
            parts.append(part)
            continue
        name, _, attributes = part.partition(" ")
        kind = name.removeprefix("/")
        if kind == name:
            depths[kind] += 1
            if depths[kind] > 1:
                continue
            start = f"<span><set {attributes}/>" if name == "k" else f"<span {attributes}>"
            opened.append((name, start))
            parts.append(start)
            continue
        depths[kind] = max(0, depths[kind] - 1)
        if not depths[kind] and kind in [other for other, _ in opened]:
            at = [other for other, _ in opened].index(kind)
            inner = opened[at + 1 :]
            # spans that were opened within it go on behind it
            parts += ["</span>"] * (len(inner) + 1) + [start for _, start in inner]
            opened[at:] = inner
    return "".join(parts) + "</span>" * len(opened)


def _head(language: str, style: StyleOptions) -> Iterator[str]:
    code = re.sub("[^A-Za-z0-9-]", "", {"jw": "jv"}.get(language, language))
    size = style.size / _LINE_HEIGHT * 100
    outline = min(style.outline / style.size * 100, 10)  # IMSC allows no more
    look = (
        f'tts:fontFamily="{style.font}, proportionalSansSerif" tts:fontSize="{size:.4g}%" '
        f'tts:color="{style.color}" tts:textOutline="#000000 {outline:.4g}%" '
        'tts:lineHeight="125%" tts:textAlign="center"'
    )
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
        'xmlns:tts="http://www.w3.org/ns/ttml#styling" ttp:timeBase="media" '
        'ttp:profile="http://www.w3.org/ns/ttml/profile/imsc1/text" '
        f'ttp:cellResolution="32 15" xml:lang="{code}">\n'
    )
    yield f'  <head>\n    <styling>\n      <style xml:id="text" {look}/>\n    </styling>\n'
    yield "    <layout>\n"
    for name, origin, align in (("bottom", "10% 50%", "after"), ("top", "10% 5%", "before")):
        yield (
            f'      <region xml:id="{name}" tts:origin="{origin}" tts:extent="80% 45%" '
            f'tts:displayAlign="{align}" tts:showBackground="whenActive"/>\n'
        )
    yield "    </layout>\n  </head>\n"
    yield '  <body style="text">\n    <div>\n'
