"""A subtitle file against its format's rules and a profile's limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from subalign.subtitles.check.screen_positions import cues_by_position
from subalign.subtitles.check.tags import match_tags
from subalign.subtitles.files import FileCue, OtherLines, SubtitleFile
from subalign.subtitles.files.reading import has_header
from subalign.subtitles.files.rolling import are_rolling, unrolled
from subalign.subtitles.files.stored import resolution_ms
from subalign.subtitles.files.subtitle_file import shown_text
from subalign.subtitles.files.times import RESOLUTION_MS, are_exact
from subalign.subtitles.layout.limits import find_breaches
from subalign.subtitles.layout.profiles import Profile

__all__ = [
    "WARNINGS",
    "Problem",
    "ProblemKind",
    "check_file",
]


_SHOWN = 40  # characters of a file's own text


ProblemKind = Literal[
    "encoding",
    "line-breaks",
    "controls",
    "header",
    "rolling",
    "lost-text",
    "numbering",
    "time-format",
    "negative",
    "order",
    "empty",
    "blank-line",
    "open-tag",
    "stray-tag",
    "reversed",
    "zero",
    "overlap",
    "gap",
    "short",
    "long",
    "speed",
    "width",
    "lines",
    "words",
]

WARNINGS: frozenset[ProblemKind] = frozenset(
    ("line-breaks", "controls", "numbering", "time-format", "order", "empty", "stray-tag")
)
"""What players tolerate; everything else is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    `line` is the file's, from 1, and `cue` counts cues from 1; both are None for what the whole
    file has. `start_ms` is the cue's. `value` is what was found and `allowed` what may be, in the
    unit of the kind: seconds, columns, lines, words, characters a second; or words that name it.
    """

    kind: ProblemKind
    line: int | None = None
    cue: int | None = None
    start_ms: int | None = None
    value: float | str | None = None
    allowed: float | str | None = None

    @property
    def is_error(self) -> bool:
        """Whether it is worse than a warning."""
        return self.kind not in WARNINGS


def check_file(file: SubtitleFile, profile: Profile) -> list[Problem]:
    """Everything that is wrong, the whole file's problems first, then in the order of its lines.

    Cues at different positions on the screen, or in different layers, may overlap.
    """
    found = [*_lost_text(file), *_cues(file), *_limits(file, profile)]
    return [*_whole(file), *sorted(found, key=lambda problem: problem.line or 0)]


def _whole(file: SubtitleFile) -> Iterator[Problem]:
    if not file.is_utf8:
        yield Problem(kind="encoding", value=file.guess or "another encoding", allowed="UTF-8")
    if file.mixed:
        yield Problem(kind="line-breaks", value="mixed", allowed="one kind")
    if file.controls:
        yield Problem(kind="controls")
    cues = sorted(file.cues, key=lambda cue: cue.start_ms)
    if file.format != "ass" and are_rolling(cues):
        yield Problem(kind="rolling", value=f"{unrolled(cues).count(None)} cues add nothing")
    if not has_header(file):
        yield Problem(kind="header", value="none", allowed="WEBVTT")


def _lost_text(file: SubtitleFile) -> Iterator[Problem]:
    for part in file.parts:
        if isinstance(part, OtherLines) and part.lost:
            yield Problem(kind="lost-text", line=part.line, value=_short(part.text))


def _cues(file: SubtitleFile) -> Iterator[Problem]:
    latest = 0
    for number, cue in enumerate(file.cues, start=1):
        yield from _cue(cue, number, file)
        if cue.start_ms < latest and number > 1:
            yield _problem("order", cue, number, cue.start_ms / 1000, latest / 1000)
        latest = max(latest, cue.start_ms) if number > 1 else cue.start_ms


def _cue(cue: FileCue, number: int, file: SubtitleFile) -> Iterator[Problem]:
    problem = partial(_problem, cue=cue, number=number)
    if file.format == "srt" and cue.identifier != str(number):
        yield problem("numbering", value=cue.identifier or "none", allowed=str(number))
    if cue.start_ms < 0 or cue.end_ms < 0:
        yield problem("negative", value=min(cue.start_ms, cue.end_ms) / 1000, allowed=0)
    elif not are_exact(cue.times, file.format):
        yield problem("time-format", value=_short(cue.times))
    if not cue.text.strip():
        yield problem("empty")
        return
    if file.format != "ass" and any(not line.strip() for line in cue.text.split("\n")):
        yield problem("blank-line")
    tags = match_tags(cue.text, file.format)
    if tags.opened:
        yield problem("open-tag", value="".join(f"<{name}>" for name in tags.opened))
    if tags.stray:
        yield problem("stray-tag", value="".join(f"</{name}>" for name in tags.stray))
    if not shown_text(cue, file.format).strip() and cue.end_ms <= cue.start_ms:
        return
    if cue.end_ms < cue.start_ms:
        yield problem("reversed", value=(cue.end_ms - cue.start_ms) / 1000, allowed=0)
    elif cue.end_ms == cue.start_ms:
        yield problem("zero", value=0, allowed=0)


def _limits(file: SubtitleFile, profile: Profile) -> Iterator[Problem]:
    step = resolution_ms(file) or RESOLUTION_MS[file.format]
    numbers = {cue.id: number for number, cue in enumerate(file.cues, start=1)}
    for shown in cues_by_position(file):
        for breach in find_breaches(shown, profile, rounding_ms=step):
            if breach.limit != "reversed":  # `_cue` tells these
                cue = shown[breach.cue].cue
                yield _problem(breach.limit, cue, numbers[cue.id], breach.value, breach.allowed)


def _problem(
    kind: ProblemKind,
    cue: FileCue,
    number: int,
    value: float | str | None = None,
    allowed: float | str | None = None,
) -> Problem:
    return Problem(
        kind=kind,
        line=cue.line,
        cue=number,
        start_ms=cue.start_ms,
        value=value,
        allowed=allowed,
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
