"""A page to read, hear and correct a transcript: one file that needs no network.

Nothing in it comes from elsewhere, but for the recording beside it, and its policy lets nothing
else in. Its script and style are the files beside this module.
"""

import base64
import hashlib
import html
import json
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from subalign.options import LayoutOptions
from subalign.results import Transcript
from subalign.subtitles.page.cues import page_cues
from subalign.subtitles.page.rules import TagForm, editing_rules
from subalign.subtitles.paragraphs import paragraph_starts

__all__ = ["PEAKS_PER_SECOND", "PageMedia", "render_page"]

PEAKS_PER_SECOND = 100

# In this order: each uses what stands in those before it.
_SCRIPTS = (
    "text.js",
    "wrapping.js",
    "limits.js",
    "typed.js",
    "edits.js",
    "labels.js",
    "transcript.js",
    "exports.js",
    "kept_edits.js",
    "player.js",
    "windowed.js",
    "words_view.js",
    "cues_view.js",
    "cue_form.js",
    "captions.js",
    "speakers.js",
    "search.js",
    "word_form.js",
    "waveform.js",
    "keys.js",
    "page.js",
)
_UNSAFE = re.compile("[<\u2028\u2029]")
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<\u2028\u2029"}
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_DIGITS = 32  # of a fingerprint
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
    transcript: Transcript,
    options: LayoutOptions,
    media: PageMedia,
    *,
    result: Iterable[str],
    tag_forms: Sequence[TagForm],
    ass_header: str,
) -> Iterator[str]:
    """The page's text in pieces, each ending with a line break.

    `result` is that of format json, `tag_forms` are those of SubRip, WebVTT and SubStation Alpha,
    and `ass_header` is what stands before the last one's dialogue.
    """
    found = list(result)
    facts = {**_facts(transcript, options, media, tag_forms), "assHeader": ass_header}
    digest = hashlib.sha256("".join(found).encode())
    digest.update(json.dumps(facts["cues"]).encode())
    facts["fingerprint"] = digest.hexdigest()[:_DIGITS]
    line = ""
    for part in _parts(facts, media, found):
        line += part
        if line.endswith("\n"):
            yield line
            line = ""


def _parts(facts: Mapping[str, object], media: PageMedia, result: Iterable[str]) -> Iterator[str]:
    """The template's text, and what stands in its places."""
    style, script = (f"\n{text}\n" for text in (_read("page.css"), _script()))
    heads = {
        "policy": _policy(style, script),
        "title": html.escape(media.name or "Transcript"),
        "style": style.strip("\n"),
        "script": script.strip("\n"),
        "facts": _safe_json(json.dumps(facts, ensure_ascii=False, separators=(",", ":"))),
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
    transcript: Transcript,
    options: LayoutOptions,
    media: PageMedia,
    tag_forms: Sequence[TagForm],
) -> Mapping[str, object]:
    """What the page needs beside the result."""
    language, duration = transcript.language, transcript.duration
    cues = list(page_cues(transcript.segments, options, language=language, duration=duration))
    style = options.style
    return {
        "name": media.name,
        "stem": Path(media.name).stem or "transcript",
        "href": None if media.embedded else media.href,
        "embedded": media.embedded is not None,
        "type": _media_type(media.name),
        "style": {
            **asdict(style),
            "words": options.highlight_style if options.highlight_words else None,
        },
        "paragraphs": paragraph_starts(transcript.segments, language),
        "cues": [(cue.start_ms, cue.end_ms, *cue.parts) for cue in cues],
        "rules": editing_rules(transcript, options, cues, tag_forms),
    }


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
