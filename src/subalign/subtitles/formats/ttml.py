"""TTML subtitles (`.ttml`) in the Text Profile of IMSC 1.0.1.

TTML1, https://www.w3.org/TR/ttml1/; IMSC 1.0.1, https://www.w3.org/TR/ttml-imsc1.0.1/.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import ClassVar

from subalign.characters import is_right_to_left
from subalign.options import StyleOptions
from subalign.results import Transcript
from subalign.subtitles.cue import Cue, TextSpan, visible_parts
from subalign.subtitles.formats.base import CueWriter
from subalign.subtitles.tags import Tag, escape_vtt, one_line
from subalign.subtitles.timecode import clock_time, seconds_text

__all__ = ["TTMLWriter"]

# Characters that no XML 1.0 document may hold (https://www.w3.org/TR/xml/#charsets).
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_LINE_HEIGHT = 1080 / 15  # lines of a picture in a cell, whose height is 100 % of a font's size
_STYLES = {
    "i": 'tts:fontStyle="italic"',
    "b": 'tts:fontWeight="bold"',
    "u": 'tts:textDecoration="underline"',
    "s": 'tts:textDecoration="lineThrough"',
}
_TAG = re.compile("<[^<>]*>")
_TOP = re.compile(r"\{\\an[789]\}")
_HIGHLIGHT, _SPEAKER = "h", "v"


class _Mark(str):
    """Where a span begins (`start` is what opens it) or ends, by the name that the string is.

    It stands in the text until the paragraph is complete, as spans have to be nested.
    """

    __slots__ = ("start",)
    start: str

    def __new__(cls, name: str, start: str = "") -> "_Mark":
        mark = super().__new__(cls, name)
        mark.start = start
        return mark


class TTMLWriter(CueWriter):
    """A paragraph for each cue in media time, at the bottom or the top of the picture.

    Karaoke is an animation (`<set>`) in each word's span, which changes its colour from
    `style.color` to `style.highlight` when the word begins; the other ways of highlighting make a
    paragraph for each word. Control characters, which XML forbids, are left out. Where it is known
    who speaks, that is a paragraph's agent, whose name stands in the head.
    """

    extension = "ttml"
    has_colours = True
    has_agents: ClassVar[bool] = True

    def render(self, transcript: Transcript) -> Iterator[str]:
        code = re.sub(
            "[^A-Za-z0-9-]", "", {"jw": "jv"}.get(transcript.language, transcript.language)
        )
        yield '<?xml version="1.0" encoding="UTF-8"?>\n'
        agents = {name: f"speaker{n}" for n, name in enumerate(transcript.speakers, start=1)}
        yield from self.head(code, agents if self.has_agents else {})
        numbers = count(1)
        for cue in self.cues(transcript):
            look = f'region="{"top" if _is_on_top(cue) else self.options.style.position}"'
            if self.has_agents and cue.speaker:
                look += f' ttm:agent="{agents[cue.speaker]}"'
            for span in self.shown(cue):
                yield self._paragraph(next(numbers), span, look)
        yield "    </div>\n  </body>\n</tt>\n"

    def head(self, language: str, agents: Mapping[str, str]) -> Iterator[str]:
        """The document's element and all before its first paragraph; `agents` are speakers' ids."""
        yield from _head(language, self.options.style, "".join(self._agents(agents)))

    def _agents(self, agents: Mapping[str, str]) -> Iterator[str]:
        if agents:
            yield "    <metadata>\n"
            for name, identifier in agents.items():
                shown = self.escape(one_line(name))
                yield (
                    f'      <ttm:agent xml:id="{identifier}" type="person"><ttm:name type="full">'
                    f"{shown}</ttm:name></ttm:agent>\n"
                )
            yield "    </metadata>\n"

    def time(self, milliseconds: int) -> str:
        """A time as the document counts it."""
        return clock_time(milliseconds)

    def _paragraph(self, number: int, span: TextSpan, look: str) -> str:
        times = f'begin="{self.time(span.start_ms)}" end="{self.time(span.end_ms)}"'
        # players take text for left-to-right unless they are told, and set its last full stop so
        direction = ' tts:direction="rtl"' if is_right_to_left(_TAG.sub("", span.text)) else ""
        attributes = f'{look} {times} xml:space="preserve"{direction}'
        return f'      <p xml:id="cue{number}" {attributes}>{span.text}</p>\n'

    def escape(self, text: str) -> str:
        return escape_vtt(_NOT_XML.sub("", text))

    def tag(self, tag: Tag) -> str:
        if tag.style:
            return _Mark(tag.style, "" if tag.closing else f"<span {_STYLES[tag.style]}>")
        return _Mark("") if _TOP.fullmatch(tag.written) else ""

    def voice(self, speaker: str, *, alone: bool) -> tuple[str, str]:
        colour = self.colours.get(speaker)
        if colour is None:
            return "", ""
        return _Mark(_SPEAKER, f'<span tts:color="{colour}">'), _Mark(_SPEAKER)

    def highlight_tags(self) -> tuple[str, str]:
        match self.highlight:
            case "bold":
                look = _STYLES["b"]
            case "color":
                look = f'tts:color="{self.options.style.highlight}"'
            case _:
                look = _STYLES["u"]
        return _Mark(_HIGHLIGHT, f"<span {look}>"), _Mark(_HIGHLIGHT)

    def karaoke(self, cue: Cue) -> Iterator[str]:
        color = self.options.style.highlight
        for word in cue.words:
            begin = seconds_text(max(0, word.start_ms - cue.start_ms))  # from the paragraph's begin
            start = f'<span><set begin="{begin}s" tts:color="{color}"/>'
            yield from self.word(word, _Mark(_HIGHLIGHT, start), _Mark(_HIGHLIGHT))

    def join(self, parts: Iterable[str], *, strip: bool) -> str:
        return _nested(visible_parts(parts, strip=strip)).replace("\n", "<br/>")


def _is_on_top(cue: Cue) -> bool:
    runs = (run for word in cue.words for run in (*word.before, *word.after))
    return any(isinstance(run, Tag) and _TOP.fullmatch(run.written) for run in runs)


def _nested(parts: Iterable[str]) -> str:
    """Text with its spans: those left open are closed, and what closes nothing is dropped.

    A span within its like adds nothing, so that few are open at a time.
    """
    found: list[str] = []
    opened: list[_Mark] = []
    depths: Counter[str] = Counter()
    for part in parts:
        if not isinstance(part, _Mark):
            found.append(part)
        elif part.start:
            depths[part] += 1
            if depths[part] == 1:
                opened.append(part)
                found.append(part.start)
        else:
            depths[part] = max(0, depths[part] - 1)
            if not depths[part] and part in opened:
                at = opened.index(part)
                inner = opened[at + 1 :]
                # spans that were opened within it go on behind it
                found += ["</span>"] * (len(inner) + 1) + [mark.start for mark in inner]
                opened[at:] = inner
    return "".join(found) + "</span>" * len(opened)


def _head(language: str, style: StyleOptions, metadata: str) -> Iterator[str]:
    size = style.size / _LINE_HEIGHT * 100
    outline = min(style.outline / style.size * 100, 10)  # IMSC allows no more
    look = (
        f'tts:fontFamily="{style.font}, proportionalSansSerif" tts:fontSize="{size:.4g}%" '
        f'tts:color="{style.color}" tts:textOutline="#000000 {outline:.4g}%" '
        'tts:lineHeight="125%" tts:textAlign="center"'
    )
    named = ' xmlns:ttm="http://www.w3.org/ns/ttml#metadata"' if metadata else ""
    yield (
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
        f'xmlns:tts="http://www.w3.org/ns/ttml#styling"{named} ttp:timeBase="media" '
        'ttp:profile="http://www.w3.org/ns/ttml/profile/imsc1/text" '
        f'ttp:cellResolution="32 15" xml:lang="{language}">\n'
    )
    yield f"  <head>\n{metadata}    <styling>\n"
    yield f'      <style xml:id="text" {look}/>\n    </styling>\n'
    yield "    <layout>\n"
    for name, origin, align in (("bottom", "10% 50%", "after"), ("top", "10% 5%", "before")):
        yield (
            f'      <region xml:id="{name}" tts:origin="{origin}" tts:extent="80% 45%" '
            f'tts:displayAlign="{align}" tts:showBackground="whenActive"/>\n'
        )
    yield "    </layout>\n  </head>\n"
    yield '  <body style="text">\n    <div>\n'
