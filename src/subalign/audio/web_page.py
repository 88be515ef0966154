"""A recording in a web page, such as a video of YouTube's: yt-dlp fetches it, where installed.

It runs as a program of its own, so that its settings, its output and its faults stay apart.
"""

import json
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from subalign.audio.ffmpeg import NO_WINDOW, find_ffmpeg, on_path
from subalign.audio.log import FfmpegLog
from subalign.audio.source import MediaSource, printable
from subalign.errors import MediaReadError
from subalign.results import Chapter

__all__ = ["FetchedRecording", "WebPageError", "check_web_page", "fetched", "yt_dlp_command"]

_ERROR = re.compile(r"^ERROR: (?:\[[^\]]*\] )?(.*)$", re.MULTILINE)

# One recording, and one that has ended. The user's own configuration (cookies, a proxy) counts too.
_OPTIONS = (
    *("--quiet", "--no-warnings", "--no-progress", "--no-simulate", "--abort-on-error"),
    *("--no-playlist", "--playlist-items", ":1", "--match-filters", "playlist_count<?2 & !is_live"),
    *("--no-download-archive", "--force-overwrites", "--no-exec", "--default-search", "error"),
    *("--format", "bestaudio/best", "--write-info-json", "--no-write-playlist-metafiles"),
)


class WebPageError(MediaReadError):
    """The address leads to no recording, but perhaps to a page that has one."""


@dataclass(frozen=True, slots=True)
class FetchedRecording:
    """The file of a page's recording, and the chapters that the page tells."""

    path: str
    chapters: tuple[Chapter, ...]


def check_web_page(source: MediaSource, log: FfmpegLog) -> None:
    """Raise `WebPageError` for an address of which ffmpeg could read nothing, as of a page."""
    if source.is_web and log.container is None and (log.refused or log.no_media):
        reason = "a playlist or a script" if log.refused else log.no_media
        raise WebPageError(
            f"{source.label} is no recording (ffmpeg: {reason}): give the address of the file "
            "itself, or have yt-dlp find it in the page: pip install 'subalign[web]'."
        )


def yt_dlp_command() -> list[str] | None:
    """How yt-dlp is run, on PATH or else as Python's package; None where there is none."""
    program = on_path("yt-dlp")
    if program is not None:
        return [program]
    return [sys.executable, "-m", "yt_dlp"] if find_spec("yt_dlp") is not None else None


@contextmanager
def fetched(
    source: MediaSource, command: Sequence[str], time_limit: float
) -> Iterator[FetchedRecording]:
    """A page's recording as a file, gone on any exit.

    `command` runs yt-dlp, which waits `time_limit` seconds for an answer of a server.

    Raises:
        MediaReadError: it finds no recording.
    """
    with tempfile.TemporaryDirectory(prefix="subalign-", ignore_cleanup_errors=True) as folder:
        output = str(Path(folder.replace("%", "%%")) / "recording.%(ext)s")
        arguments = [
            *(*command, *_OPTIONS, *_ffmpeg_location()),
            *("--socket-timeout", f"{time_limit:g}", "--output", output, "--", source.address),
        ]
        try:
            run = subprocess.run(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                check=False,
                creationflags=NO_WINDOW,
            )
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise _not_read(source, f"does not run, {reason}") from error
        files = [path for path in Path(folder).iterdir() if path.stem == "recording"]
        if run.returncode or len(files) != 1:
            told = _ERROR.search(run.stderr.decode("utf-8", "replace"))
            if told is None and run.returncode == 0:
                raise MediaReadError(
                    f"{source.label} is a list or a live broadcast: give the address of one "
                    "recording that has ended."
                )
            raise _not_read(source, told[1] if told else f"exit status {run.returncode}")
        yield FetchedRecording(str(files[0]), _chapters(Path(folder) / "recording.info.json"))


def _not_read(source: MediaSource, reason: str) -> MediaReadError:
    reason = reason.replace(source.address, source.label)
    return MediaReadError(
        f"{source.label} cannot be read (yt-dlp: {printable(reason, 200).rstrip('.')}): check the "
        "address, and that yt-dlp is up to date."
    )


def _ffmpeg_location() -> list[str]:
    """yt-dlp finds by itself what is on PATH."""
    program = find_ffmpeg()
    return [] if program.origin == "PATH" else ["--ffmpeg-location", program.path]


def _chapters(file: Path) -> tuple[Chapter, ...]:
    """The chapters in what yt-dlp tells of a recording; none where it tells none that can be."""
    try:
        facts = json.loads(file.read_text("utf-8"))
        found = [
            Chapter(
                float(one["start_time"]),
                float(one["end_time"]),
                printable(str(one.get("title") or ""), 200),
            )
            for one in facts.get("chapters") or ()
        ]
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return ()
    sound = (one for one in found if math.isfinite(one.end) and 0 <= one.start <= one.end)
    return tuple(sorted(sound, key=lambda one: (one.start, one.end)))
