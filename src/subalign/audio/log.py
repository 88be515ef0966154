"""ffmpeg's standard error, read line by line: tracks, chapters, durations, problems.

There is no ffprobe in imageio-ffmpeg's wheel, so the decoding run's own log is the source.
"""

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from subalign.audio.source import printable
from subalign.results import Chapter

__all__ = ["FfmpegLog", "Track"]

_LINE = re.compile(r"^(?:\[[^\]]*\] )*?\[(?P<level>panic|fatal|error|warning|info)\] (?P<text>.*)$")
# no number has more digits, whatever a file's own text looks like
_SECONDS = r"-?\d{1,18}(?:\.\d{1,18})?"
_CLOCK = r"(\d{1,12}):(\d\d):(\d\d(?:\.\d{1,9})?)"
_DURATION = re.compile(rf"^  Duration: {_CLOCK}(?:, start: ({_SECONDS}))?")
_CONTAINER = re.compile(r"^Input #0, (\S+), from ")
_TRACK = re.compile(r"^ +Stream #0:(\d{1,9})(?:\[\w+\])?(?:\(([^)]*)\))?: (\w+): (.*)$")
# What the filter of ffmpeg.py prints: where the sound begins, or the sum of gaps so far.
_CLOCK_VALUE = re.compile(rf"^\[Eval @ \w+\] \[(warning|info)\] ({_SECONDS}|-?nan|-?inf)$")
_LAYOUT = re.compile(r", \d+ Hz, (?:(\d{1,9}) channels|(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?|(\w+))")
_LAYOUT_SIZES = {"mono": 1, "stereo": 2, "downmix": 2, "binaural": 2, "quad": 4, "octagonal": 8}
_TRACK_DURATION = re.compile(rf"^ +DURATION(?:-\w+)? *: {_CLOCK}")
_CHAPTER = re.compile(rf"^ +Chapter #\d{{1,9}}[:.]\d{{1,9}}: start ({_SECONDS}), end ({_SECONDS})$")
_TITLE = re.compile(r"^ +title +: (.*)$", re.IGNORECASE)
_MORE_TITLE = re.compile(r"^ +: (.*)$")  # a title's next line, which has no level
_REPEATED = re.compile(r"Last message repeated (\d{1,9}) times")
_OPENING = re.compile(r"^Error opening input(?: file.*|: )")
_DAMAGED = re.compile(r"^Packet corrupt \(stream")
# In these ffmpeg counts from the first of what it decodes, so that a later beginning is not seen.
_CLOCK_OF_TRACK = re.compile(r"(?:mpegts|mpeg|ogg)\b")
_START = re.compile(rf", start ({_SECONDS})")
# Their durations are times of the end on the file's own clock, wherever that begins.
_DURATION_IS_END = re.compile(r"(?:matroska|nut|asf|ogg)\b")
# What ffmpeg says of a page instead of a recording, and of servers that want a browser.
_NO_MEDIA = re.compile(
    r"Invalid data found|Stream ends prematurely|Server returned (?:40[013]|4XX)[ \w]*"
)
# Their last packet counts as corrupt in every recording whose header leaves the length open.
_ODD_ENDS = ("wav", "au")


@dataclass(slots=True)
class Track:
    """One track of the container; `duration` in seconds where the track itself declares it.

    `n_channels` is None for pictures and for rare layouts, `language` is what the file states.
    `start` is its beginning on the file's clock, which old versions of ffmpeg do not print.
    """

    index: int
    kind: str
    picture: bool
    n_channels: int | None = None
    language: str | None = None
    start: float | None = None
    duration: float | None = None


class FfmpegLog:
    """Reads the log; `opened` is set once the container has been described.

    `read` runs in a thread of its own; other attributes are for reading after `opened`, and the
    problems after the end. `gaps` (seconds) sums up the gaps in the sound so far; `lead` is for
    asking after `started`. `no_media` is what ffmpeg says of what is no recording. Where ffmpeg
    repeats `address`, `label` is kept instead.
    """

    def __init__(self, *, address: str, label: str) -> None:
        self._address = address
        self._label = label
        self.opened = threading.Event()
        self.started = threading.Event()
        self.gaps = 0.0
        self.container: str | None = None
        self.duration: float | None = None
        self.estimated = False
        self.tracks: list[Track] = []
        self._chapters: list[Chapter] = []
        self._in_title = False
        self.refused = False
        self.no_media: str | None = None
        self.n_problems = 0
        self.first_problem: str | None = None
        self.reason: str | None = None
        self._decoding = False
        self._last_was_problem = False
        self._gaps_before = 0.0
        self._clock_start = 0.0
        self._lead = 0.0

    def read(self, lines: Iterable[bytes]) -> None:
        """Reads to the end of `lines`."""
        try:
            for line in lines:
                self.read_line(line.decode("utf-8", "replace").rstrip("\r\n"))
        except (OSError, ValueError):
            pass  # the pipe was closed: the program has been stopped
        finally:
            self.opened.set()
            self.started.set()

    def read_line(self, line: str) -> None:
        """Takes in one line of the log."""
        repeated = _REPEATED.search(line)
        if repeated is not None:
            self.n_problems += int(repeated[1]) if self._last_was_problem else 0
            return
        if (value := _CLOCK_VALUE.match(line)) is not None:
            self._read_clock(float(value[2]), beginning=value[1] == "warning")
            return
        match = _LINE.match(line)
        if match is None:
            if self._in_title and (more := _MORE_TITLE.match(line)) is not None:
                self._add_title(more[1])
            return
        self._in_title = False
        level, text = match["level"], match["text"]
        self._last_was_problem = False
        if level == "info":
            self._read_info(text)
        elif level == "warning":
            self._read_warning(text)
        else:
            self._read_error(text)

    @property
    def audio_tracks(self) -> list[Track]:
        """The audio tracks in the order in which `track` counts them."""
        return sorted((t for t in self.tracks if t.kind == "Audio"), key=lambda t: t.index)

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """The container's chapters in their order, in seconds from its beginning."""
        first = self._clock_start
        ordered = sorted(self._chapters, key=lambda chapter: (chapter.start, chapter.end))
        return tuple(
            Chapter(
                round(max(0.0, one.start - first), 3),
                round(max(0.0, one.end - first), 3),
                one.title,
            )
            for one in ordered
        )

    def lead(self, track: int) -> float:
        """How many seconds after the container's beginning the sound of an audio track begins."""
        tracks = self.audio_tracks
        start = tracks[track - 1].start if len(tracks) >= track else None
        if start is not None and _CLOCK_OF_TRACK.match(self.container or ""):
            return start - self._clock_start
        return self._lead

    @property
    def only_audio(self) -> bool:
        """Whether there is one audio track and at most still pictures (a cover) beside it."""
        return sum(1 for track in self.tracks if not track.picture) == 1

    def _read_clock(self, seconds: float, *, beginning: bool) -> None:
        if not beginning:
            self.gaps = self._gaps_before + seconds
        elif self.started.is_set():
            self._gaps_before = self.gaps  # the filter was built anew and counts from 0
        else:
            self._lead = seconds if isfinite(seconds) else 0.0
            self.started.set()

    def _read_info(self, text: str) -> None:
        if self._decoding:
            return
        if (container := _CONTAINER.match(text)) is not None:
            self.container = container[1]
        elif text.startswith(("Stream mapping:", "Output #0")):
            self._decoding = True
            self.opened.set()
        elif (duration := _DURATION.match(text)) is not None and self.duration is None:
            self._clock_start = float(duration[4] or 0)
            self.duration = self._length(_seconds(duration))
        elif (chapter := _CHAPTER.match(text)) is not None and not self.tracks:
            self._chapters.append(Chapter(float(chapter[1]), float(chapter[2]), ""))
        elif self._chapters and not self.tracks and (title := _TITLE.match(text)) is not None:
            self._add_title(title[1])
            self._in_title = True
        elif (track := _TRACK.match(text)) is not None:
            picture = "(attached pic)" in track[4]
            language = None if track[2] in (None, "und") else printable(track[2], 20)
            start = _START.search(track[4])
            self.tracks.append(
                Track(
                    int(track[1]),
                    track[3],
                    picture,
                    n_channels=_n_channels(track[4]),
                    language=language,
                    start=None if start is None else float(start[1]),
                )
            )
        elif (declared := _TRACK_DURATION.match(text)) is not None and self.tracks:
            self.tracks[-1].duration = self._length(_seconds(declared))

    def _add_title(self, text: str) -> None:
        last = self._chapters[-1]
        title = printable(f"{last.title} {text}".strip(), 200)
        self._chapters[-1] = Chapter(last.start, last.end, title)

    def _length(self, duration: float) -> float:
        """What the container declares, without the time before its clock's beginning."""
        by_clock = _DURATION_IS_END.match(self.container or "") is not None
        return (
            duration - self._clock_start
            if by_clock and 0 < self._clock_start < duration
            else duration
        )

    def _read_warning(self, text: str) -> None:
        if text.startswith("Estimating duration from bitrate"):
            self.estimated = True
        elif _DAMAGED.match(text) and self._decoding and self.container not in _ODD_ENDS:
            self._count_problem(text)

    def _read_error(self, text: str) -> None:
        if "not on whitelist" in text or "m3u8/hls" in text:
            self.refused = True
        if self.no_media is None and (found := _NO_MEDIA.search(text)) is not None:
            self.no_media = found[0].rstrip()
        text = text.removeprefix(f"{self._address}: ").replace(self._address, self._label)
        reason = _OPENING.sub("", text)
        if self.reason is None and reason:
            self.reason = printable(reason, 200)
        if self._decoding:
            self._count_problem(text)

    def _count_problem(self, text: str) -> None:
        self.n_problems += 1
        self._last_was_problem = True
        if self.first_problem is None:
            self.first_problem = printable(text, 200)


def _n_channels(description: str) -> int | None:
    layout = _LAYOUT.search(description)
    if layout is None:
        return None
    if layout[5] is not None:
        return _LAYOUT_SIZES.get(layout[5])
    return sum(int(part) for part in layout.groups()[:4] if part is not None)


def _seconds(clock: re.Match[str]) -> float:
    return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])
