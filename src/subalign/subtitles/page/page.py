"""A page to read, hear and correct a transcript: one file that needs no network.

Nothing in it comes from elsewhere, but for the recording beside it, and its policy lets nothing
else in. Its script and style are the files beside this module.
"""

import base64
import hashlib
import html
import json
import math
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from subalign.options import LayoutOptions
from subalign.results import Transcript
from subalign.subtitles.layout.profiles import PROFILES, chosen_profile
from subalign.subtitles.page.cues import (
    Part,
    PieceShare,
    page_cues,
    piece_texts,
)
from subalign.subtitles.paragraphs import paragraph_starts
from subalign.subtitles.tags import plain_text

__all__ = ["PEAKS_PER_SECOND", "PageMedia", "render_page"]

PEAKS_PER_SECOND = 100

# In this order: each uses what stands in those before it.
_SCRIPTS = (
    "transcript.js",
    "cues.js",
    "exports.js",
    "player.js",
    "words_view.js",
    "marks.js",
    "search.js",
    "cues_view.js",
    "waveform.js",
    "editor.js",
    "keys.js",
    "page.js",
)
_UNSAFE = re.compile("[<\u2028\u2029]")
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<\u2028\u2029"}
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_BLOCK = 3 << 16  # Bytes; a multiple of 3, so that each line of base64 can be read by itself.


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMedia:
    """The recording, as a page has it.

    `name` is shown as the page's title and names what is downloaded. `href` is the recording's
    address, relative to the page; `embedded` is the file to put into the page instead; with
    neither, the page asks for the file. `peaks` are the loudest samples of each 10 ms, as bytes
    from 0 to 255.
    """

    name: str
    href: str | None = None
    embedded: Path | None = None
    peaks: bytes = b""


def render_page(
    transcript: Transcript, options: LayoutOptions, media: PageMedia, result: Iterable[str]
) -> Iterator[str]:
    """The page's text in pieces, each ending with a line break; `result` is that of format json."""
    line = ""
    for part in _parts(transcript, options, media, result):
        line += part
        if line.endswith("\n"):
            yield line
            line = ""


def _parts(
    transcript: Transcript, options: LayoutOptions, media: PageMedia, result: Iterable[str]
) -> Iterator[str]:
    """The template's text, and what stands in its places."""
    style, script = (f"\n{text}\n" for text in (_read("page.css"), _script()))
    facts = json.dumps(_facts(transcript, options, media), ensure_ascii=False)
    heads = {
        "policy": _policy(style, script),
        "title": html.escape(media.name or "Transcript"),
        "style": style.strip("\n"),
        "script": script.strip("\n"),
        "facts": _safe_json(facts),
        "peaks": base64.b64encode(media.peaks).decode(),
    }
    for index, part in enumerate(_PLACE.split(_read("template.html"))):
        if index % 2 == 0:
            yield part
        elif part == "result":
            yield from map(_safe_json, result)
        elif part == "embedded":
            yield from _base64_lines(media.embedded)
        else:
            yield heads[part]
    yield "\n"


def _facts(
    transcript: Transcript, options: LayoutOptions, media: PageMedia
) -> Mapping[str, object]:
    """What the page needs beside the result."""
    fastest, fastest_wide = _reading_speeds(options)
    cues = page_cues(
        transcript.segments,
        options,
        language=transcript.language,
        duration=transcript.duration,
    )
    return {
        "name": media.name,
        "stem": Path(media.name).stem or "transcript",
        "href": None if media.embedded else media.href,
        "embedded": media.embedded is not None,
        "type": _media_type(media.name),
        "fastest": fastest,
        "fastestWide": fastest_wide,
        "paragraphs": paragraph_starts(transcript.segments, transcript.language),
        "asides": _asides(transcript),
        "speakers": transcript.speakers,
        "cues": [
            (cue.start_ms, cue.end_ms, list(map(_as_json, cue.parts)), cue.speaker) for cue in cues
        ],
    }


def _reading_speeds(options: LayoutOptions) -> tuple[float | None, float | None]:
    """Characters a second, and wide characters a second, above which a cue is too fast.

    openai-whisper's layout knows no such limit, so its cues are held to the broadcast profile's.
    """
    profile = chosen_profile(options) if options.base_profile in PROFILES else PROFILES["broadcast"]
    speeds = profile.max_cps, profile.max_wide_cps
    finite = [speed if math.isfinite(speed) else None for speed in speeds]
    return finite[0], finite[1]


def _asides(transcript: Transcript) -> list[tuple[int, str, str]]:
    """What stands beside words, without formatting, with the number of the word's piece."""
    found = []
    piece = 0
    for segment in transcript.segments:
        for number, word in enumerate(segment.words or (), start=piece):
            if word.before or word.after:
                found.append((number, plain_text(word.before), plain_text(word.after)))
        piece += len(piece_texts((segment,)))
    return found


def _as_json(part: Part) -> object:
    if isinstance(part, PieceShare):
        return {"piece": part.piece, "text": part.text, "first": part.is_first}
    return part


def _media_type(name: str) -> str:
    # The built-in table alone: the machine's own would make pages differ.
    return mimetypes.MimeTypes().guess_type(name)[0] or ""


def _safe_json(text: str) -> str:
    """JSON that can stand in a script element: no `<` to end it, no line breaks of JavaScript."""
    return text.translate(_ESCAPES) if _UNSAFE.search(text) else text


def _base64_lines(file: Path | None) -> Iterator[str]:
    if file is None:
        return
    with file.open("rb") as data:
        while block := data.read(_BLOCK):
            yield base64.b64encode(block).decode() + "\n"


@cache
def _read(name: str) -> str:
    page = resources.files("subalign.subtitles") / "page" / name
    return page.read_text(encoding="utf-8").strip("\n")


def _script() -> str:
    return "\n\n".join(map(_read, _SCRIPTS))


def _policy(style: str, script: str) -> str:
    """The page's own style and script, its recording, and nothing else."""
    rules = {
        "default-src": "'none'",
        "style-src": _hash(style),
        "script-src": _hash(script),
        "img-src": "data:",
        "media-src": "'self' file: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
