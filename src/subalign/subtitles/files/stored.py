"""Formats that are read as SubRip is, and written back as they were: SBV, SCC, EBU STL, TTML.

Their cues become those of a SubRip file, with tags for what the format can show; so whatever is
done with subtitle files is done with these too.
"""

from collections.abc import Iterable, Mapping

from subalign.subtitles.files.ebu_stl import (
    HEADER_BYTES,
    StlCue,
    is_stl,
    parse_stl,
    rate_of,
    render_stl,
)
from subalign.subtitles.files.sbv import begins_as_sbv, parse_sbv, render_sbv
from subalign.subtitles.files.scc import FRAME_MS, begins_as_scc, parse_scc, render_scc
from subalign.subtitles.files.srt_vtt import is_line_of_times
from subalign.subtitles.files.subtitle_file import FileCue, StoredFormat, SubtitleFile
from subalign.subtitles.files.ttml import begins_as_ttml, frame_ms, parse_ttml, retimed_ttml

__all__ = [
    "STORED_NAMES",
    "parse_stored",
    "parse_stored_bytes",
    "resolution_ms",
    "stored_bytes",
    "stored_format",
]

STORED_NAMES: Mapping[StoredFormat, str] = {
    "sbv": "SBV",
    "scc": "SCC",
    "stl": "EBU STL",
    "ttml": "TTML",
}


def stored_format(text: str) -> StoredFormat | None:
    """The format if a text, line breaks LF, begins as such a file does, else None."""
    if begins_as_scc(text):
        return "scc"
    if begins_as_ttml(text):
        return "ttml"
    return "sbv" if begins_as_sbv(text) else None


def parse_stored(text: str, stored: StoredFormat) -> list[FileCue]:
    """The cues of a text, line breaks LF, with times as SubRip writes them.

    Raises:
        ValueError: it is not of this format.
    """
    if stored == "ttml":
        return _cues(
            StlCue(round(part.start * 1000), round(part.end * 1000), part.text, f" P:{part.number}")
            for part in parse_ttml(text)
        )
    found = parse_scc(text) if stored == "scc" else parse_sbv(text)
    return _cues(StlCue(*cue) for cue in found)


def parse_stored_bytes(data: bytes) -> tuple[list[FileCue], bytes] | None:
    """The cues of a file that is no text, and its header; None where it is of no such format.

    Raises:
        ValueError: it is damaged.
    """
    return (_cues(parse_stl(data)), data[:HEADER_BYTES]) if is_stl(data) else None


def stored_bytes(file: SubtitleFile) -> bytes:
    """The bytes of a file in the format that it is stored in.

    Raises:
        ValueError: the format has no letters for its text.
    """
    cues = sorted(file.cues, key=lambda cue: cue.start_ms)
    spans = [StlCue(cue.start_ms, cue.end_ms, cue.text, cue.settings) for cue in cues]
    if file.stored == "stl":
        return render_stl(spans, file.head)
    if file.stored == "ttml":
        times = {int(cue.place[3:]): cue[:2] for cue in spans if cue.place.startswith(" P:")}
        return retimed_ttml(file.head.decode(), times).replace("\n", file.newline).encode()
    render = render_scc if file.stored == "scc" else render_sbv
    text = "".join(render(span[:3] for span in spans))
    return text.replace("\n", file.newline).encode()


def resolution_ms(file: SubtitleFile) -> int | None:
    """The step in which the stored times count, in milliseconds; None where the format says it."""
    if file.stored == "scc":
        return FRAME_MS
    if file.stored == "ttml":
        return frame_ms(file.head.decode())
    return None if file.stored != "stl" else int(-(-1000 // rate_of(file.head)))


def _cues(found: Iterable[StlCue]) -> list[FileCue]:
    """Cues in the order of their starts, numbered as in SubRip; without those of no text."""
    read = (cue._replace(text=_as_subrip(cue.text)) for cue in found)
    kept = sorted((cue for cue in read if cue.text.strip()), key=lambda cue: cue.start_ms)
    return [
        FileCue(
            id=number,
            line=4 * number + 2,
            identifier=str(number + 1),
            start_ms=cue.start_ms,
            end_ms=cue.end_ms,
            settings=cue.place,
            text=cue.text,
        )
        for number, cue in enumerate(kept)
    ]


def _as_subrip(text: str) -> str:
    """A text no line of which reads as times, as these would begin another cue."""
    lines = (line.strip() for line in text.split("\n"))
    return "\n".join(
        line.replace(">", "\u203a") if is_line_of_times(line) else line for line in lines if line
    )
