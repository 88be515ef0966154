"""Cues as every program reads them."""

from dataclasses import replace

from subalign.subtitles.cue_files.cue_file import Aside, CueFile, FileCue, FileFormat
from subalign.subtitles.cue_files.times import are_exact

__all__ = ["tidy_cue", "tidy_cue_file"]


def tidy_cue(cue: FileCue, format: FileFormat) -> FileCue:
    """The cue without blank lines in its text, from 0 on, with times as the format writes them."""
    text = cue.text
    if format != "ass":
        text = "\n".join(line for line in text.split("\n") if line.strip())
    start, end = max(0, cue.start_ms), max(0, cue.end_ms)
    kept = (start, end) == (cue.start_ms, cue.end_ms) and are_exact(cue.times, format)
    return replace(cue, text=text, start_ms=start, end_ms=end, times=cue.times if kept else "")


def tidy_cue_file(file: CueFile) -> CueFile:
    """The file with its cues tidied and what players make nothing of left out, under a header."""
    parts = [
        part if isinstance(part, Aside) else tidy_cue(part, file.format)
        for part in file.parts
        if not (isinstance(part, Aside) and part.lost)
    ]
    if file.format == "vtt" and not (
        isinstance(parts[0], Aside) and parts[0].text.startswith("WEBVTT")
    ):
        parts.insert(0, Aside(line=1, text="WEBVTT"))
    return replace(file, parts=tuple(parts))
