"""Captions for Final Cut Pro (`.fcpxml`), version 1.8 of its XML.

https://developer.apple.com/documentation/professional-video-applications/fcpxml-reference
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from math import ceil, isfinite
from xml.sax.saxutils import escape, quoteattr

from subalign.results import Transcript
from subalign.subtitles.cue import TextSpan
from subalign.subtitles.formats.base import UnlitCueWriter
from subalign.subtitles.layout.frame_rates import frame_rate
from subalign.subtitles.tags import plain_text, split_tags

__all__ = ["FCPXMLWriter"]

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TOP = re.compile(r"\{\\an[789]\}")
_LOOKS = {"i": ' italic="1"', "b": ' bold="1"', "u": ' underline="1"'}


class FCPXMLWriter(UnlitCueWriter):
    """A project with a caption (iTT) for each cue over an empty gap; italics and bold are kept.

    Times are whole frames of `fps` (25 where none is given): give it that of the video.
    """

    extension = "fcpxml"

    def render(self, transcript: Transcript) -> Iterator[str]:
        rate = Fraction(25) if self.options.fps is None else frame_rate(self.options.fps)
        spans = list(self.rendered(transcript))
        length = transcript.duration if isfinite(transcript.duration) else 0.0
        frames = max(
            [1, ceil(Fraction(length) * rate), *(_frame(span.end_ms, rate) + 1 for span in spans)]
        )
        language = re.sub("[^A-Za-z-]", "", transcript.language) or "en"
        name = quoteattr(_clean(self.recording or "Transcript"))
        whole = _seconds(frames, rate)
        yield '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n<fcpxml version="1.8">\n'
        yield (
            f'  <resources>\n    <format id="r1" frameDuration="{_seconds(1, rate)}" width="1920" '
            'height="1080"/>\n  </resources>\n'
        )
        yield (
            f"  <library>\n    <event name={name}>\n      <project name={name}>\n"
            f'        <sequence format="r1" duration="{whole}" tcStart="0s" tcFormat="NDF">\n'
            f'          <spine>\n            <gap name="Gap" offset="0s" start="0s" '
            f'duration="{whole}">\n'
        )
        free = 0  # no two captions of a language may overlap
        for number, span in enumerate(spans, start=1):
            first = max(free, _frame(span.start_ms, rate))
            free = max(first + 1, _frame(span.end_ms, rate))
            times = f'offset="{_seconds(first, rate)}" duration="{_seconds(free - first, rate)}"'
            yield from _caption(number, span, times, language)
        yield (
            "            </gap>\n          </spine>\n        </sequence>\n      </project>\n"
            "    </event>\n  </library>\n</fcpxml>\n"
        )


def _caption(number: int, span: TextSpan, times: str, language: str) -> Iterator[str]:
    title = quoteattr(_clean(" ".join(plain_text(span.text).split())))
    yield (
        f'              <caption lane="1" name={title} {times} '
        f'role="iTT?captionFormat=ITT.{language}">\n'
    )
    place = "top" if _TOP.search(span.text) else "bottom"
    looks: dict[str, str] = {}
    parts = []
    for look, text in _parts(span.text):
        style = looks.setdefault(look, f"ts{number}-{len(looks) + 1}")
        parts.append(f'<text-style ref="{style}">{escape(_clean(text))}</text-style>')
    yield f'                <text placement="{place}">{"".join(parts)}</text>\n'
    for look, style in looks.items():
        yield (
            f'                <text-style-def id="{style}"><text-style font=".SF NS Text" '
            f'fontSize="13" fontFace="Regular" fontColor="1 1 1 1"{look}/></text-style-def>\n'
        )
    yield "              </caption>\n"


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """The texts of a cue, each with the attributes of its look."""
    opened: list[str] = []
    for run in split_tags(text):
        if isinstance(run, str):
            yield "".join(_LOOKS[style] for style in "ibu" if style in opened), run
        elif run.style in _LOOKS and not run.closing:
            opened.append(run.style)
        elif run.style in opened:
            opened.remove(run.style)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)


def _frame(milliseconds: int, rate: Fraction) -> int:
    return round(milliseconds * rate / 1000)


def _seconds(frames: int, rate: Fraction) -> str:
    """Frames as seconds, in the form `1001/30000s`."""
    time = frames / rate
    return (
        f"{time.numerator}s" if time.denominator == 1 else f"{time.numerator}/{time.denominator}s"
    )
