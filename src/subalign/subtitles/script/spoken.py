r"""Which parts of a transcript's text are spoken; the others are kept, but not aligned.

Never spoken:

- tags: `<i>`, `<v Mary>`, `<laugh>`, `{\an8}`;
- everything in square brackets: `[door slams]`, `[00:12:07]`, `【…】`;
- music marks: `♪`, and `#` that stands alone; addresses (`https://…`);
- `>>` where a speaker changes, and the dash or bullet that opens a line of dialogue;
- a time as in `0:12:07` at the start of a line, but not `10:30`, which is read aloud, unless most
  lines begin so;
- how ruby is read: `<rt>…</rt>`, kana in brackets after Chinese characters; bold marks (`**`);
- a speaker's name before a colon at the start of a line: see `labels`;
- directions in round brackets. As prose has round brackets too, these count: a time; up to six
  words with a sound or manner of the list below (`(laughs)`, `(audience laughing)`, `(笑)`); words
  in capitals; up to four words that have the line to themselves; and in subtitle files, where
  prose is rare, up to three words in small letters (`(door opens)`);
- whatever a pattern of the user matches.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from subalign.subtitles.script.labels import Label, find_labels, label_at
from subalign.subtitles.tags import INNER_TIME, TAG

__all__ = ["spoken_ranges", "trimmed_ranges"]

_UNSPOKEN = re.compile(
    "|".join(
        (
            # how ruby is read, as an element and as kana in brackets after Chinese characters
            r"<r[tp](?:[.\s][^<>\n]{0,300})?>(?:(?!</r)[^\n]){0,300}",
            r"(?<=[\u4e00-\u9fff々])[《（(][\u3041-\u30ff]{1,20}[》）)]",
            TAG.pattern,
            INNER_TIME.pattern,
            r"\[[^][]{0,400}\]|［[^［］]{0,400}］|【[^【】]{0,400}】",
            r"[♩♪♫♬🎵🎶]|(?<!\S)#+(?!\S)",
            r"https?://[^\s<>\"\[\]{}]{1,2000}",
            r"\*{2,3}|(?<!\w)__|__(?!\w)",  # bold in Markdown
        )
    )
)
_TURN = re.compile(r"(?<!\S)>{2,3}")
# not the "(s)" of "word(s)"; scripts without spaces, from Thai on, have no other place for brackets
_ROUND = re.compile(r"(?<![^\W\u0e00-\U0010ffff])[(（]([^()（）]{1,100})[)）]")

# a dash before a digit is a minus, and two dashes are no dialogue
_DASH = r"[-–—‐‑](?![-–—\d])|[•‣·](?=\s)|\*(?=\s)"
_LINE_OPENING = re.compile(rf"{_DASH}|\d{{1,2}}:\d\d:\d\d(?:[.,]\d{{1,3}})?(?=\s|$)", re.MULTILINE)
_TIMED_OPENING = re.compile(
    rf"{_DASH}|(?:\d{{1,3}}:)?\d{{1,2}}:\d\d(?:[.,]\d{{1,3}})?(?=\s|$)", re.MULTILINE
)

_TIME = re.compile(r"\d{1,2}(?::\d\d){1,2}(?:[.,]\d{1,3})?")
_SOUNDS = re.compile(
    r"""(?<!\w)(?:
      (?:laugh|chuckl|giggl|snicker|sigh|sob|weep|cough|sneez|sniff|gasp|groan|grunt|moan|scream
        |whisper|mutter|mumbl|whistl|appla|cheer|inaudibl|unintelligibl|indistinct|crosstalk
        |exhal|inhal|lach|seufz|aplauso)\w*
    | cr(?:ies|ying) | hum(?:s|ming) | sing(?:s|ing) | clap(?:s|ping) | claps | beep(?:s|ing)?
    | music | musik | musique | música | musica | silence | pauses? | beat | static
    | clears\ (?:his\ |her\ |their\ )?throat | footsteps | rires? | risas | risate
    | v\.?\s?o\.? | o\.\s?[sc]\.? | cont[’']d
    )(?!\w) | 笑 | 拍手 | 音楽 | 掌声 | 音乐 | 音樂 | 笑声""",
    re.VERBOSE | re.IGNORECASE,
)


def spoken_ranges(
    texts: Sequence[str],
    *,
    ignore: Sequence[re.Pattern[str]] = (),
    captions: bool = False,
    timed: bool = False,
) -> list[tuple[tuple[int, int], ...]]:
    """The ranges (first, end) of each text that are spoken, without the space around them.

    The texts are the lines of one transcript, in order: what is a speaker's name shows in all of
    them together. `captions` says that they come from a subtitle file, `timed` that a time as in
    `0:12` at the start of a line is the time of that line.
    """
    opening = _TIMED_OPENING if timed else _LINE_OPENING
    marked = [_mark(text, opening) for text in texts]
    names = find_labels([place.label for text in marked for place in text.places])
    return [_finish(text, names, ignore, captions=captions) for text in marked]


def trimmed_ranges(text: str, spoken: Sequence[int | bool]) -> tuple[tuple[int, int], ...]:
    """The ranges of a text whose characters are `spoken`, without the space around them."""
    ranges = []
    for run in re.finditer(rb"\x01+", bytes(map(bool, spoken))):
        part = text[run.start() : run.end()]
        first = run.start() + len(part) - len(part.lstrip())
        if part.strip():
            ranges.append((first, first + len(part.strip())))
    return tuple(ranges)


@dataclass(frozen=True, slots=True)
class _LabelPlace:
    """What could be a speaker's name, and where it begins."""

    at: int
    label: Label


@dataclass(frozen=True, slots=True)
class _MarkedText:
    """A text with a byte for each character: 1 where it is spoken."""

    text: str
    spoken: bytearray
    places: tuple[_LabelPlace, ...]


def _mark(text: str, opening: re.Pattern[str]) -> _MarkedText:
    spoken = bytearray(b"\x01" * len(text))
    for found in (*_UNSPOKEN.finditer(text), *_TURN.finditer(text)):
        _exclude(spoken, found.start(), found.end())
    for found in _ROUND.finditer(text):
        if _TIME.fullmatch(found[1]) or _names_sound(found[1]):
            _exclude(spoken, found.start(), found.end())
    starts = [line.start() for line in re.finditer(r"^", text, re.MULTILINE)]
    starts += [turn.end() for turn in _TURN.finditer(text)]
    places = []
    at = -1
    label: Label | None = None
    for start in sorted(starts):
        # what opens a line may be many marks, each of which begins a turn
        if start > at:
            at = _skip_opening(text, spoken, start, opening)
            label = label_at(text, at)
        if label is not None:
            places.append(_LabelPlace(at, label))
    return _MarkedText(text, spoken, tuple(places))


def _skip_opening(text: str, spoken: bytearray, at: int, opening: re.Pattern[str]) -> int:
    """Where the line's own text begins; a dash and the like are left out on the way."""
    while at < len(text) and text[at] not in "\r\n":
        found = opening.match(text, at)
        if found:
            _exclude(spoken, *found.span())
            at = found.end()
        elif text[at].isspace() or not spoken[at]:
            at += 1
        else:
            break
    return at


def _finish(
    marked: _MarkedText,
    names: frozenset[str],
    ignore: Sequence[re.Pattern[str]],
    *,
    captions: bool,
) -> tuple[tuple[int, int], ...]:
    text, spoken = marked.text, marked.spoken
    for place in marked.places:
        if place.label.name in names:
            _exclude(spoken, place.at, place.at + place.label.length)
    rest = _RestOfLine(text, spoken)
    for found in _ROUND.finditer(text):
        if _is_direction(found[1], captions=captions) or (
            _is_short(found[1]) and rest.is_silent(found.start(), found.end())
        ):
            _exclude(spoken, found.start(), found.end())
    for pattern in ignore:
        for found in pattern.finditer(text):
            _exclude(spoken, found.start(), found.end())
    return trimmed_ranges(text, spoken)


def _exclude(spoken: bytearray, start: int, end: int) -> None:
    spoken[start:end] = bytes(end - start)


def _names_sound(content: str) -> bool:
    return len(content.split()) <= 6 and _SOUNDS.search(content) is not None


def _is_direction(content: str, *, captions: bool) -> bool:
    words = content.split()
    shouted = content.isupper() and (captions or len(words) > 1)
    quiet = captions and content.islower() and len(words) <= 3
    return shouted or quiet


def _is_short(content: str) -> bool:
    return len(content.split()) <= 4 and not content.rstrip().endswith(("?", "!"))


@dataclass(slots=True)
class _RestOfLine:
    """What is spoken in a line beside a bracket; brackets are asked about in their order.

    Each character is looked at twice at most, however many brackets a line has.
    """

    text: str
    spoken: bytearray
    _at: int = 0
    _letter_before: bool = False
    _stop: int = 0  # the first spoken letter, or line's end, behind the last bracket

    def is_silent(self, start: int, end: int) -> bool:
        """Whether no letter is spoken in the line before `start` nor from `end` on."""
        for at in range(self._at, start):
            if self.text[at] in "\r\n":
                self._letter_before = False
            elif self._is_letter(at):
                self._letter_before = True
        self._at = start
        if self._letter_before:
            return False
        self._stop = max(self._stop, end)
        while not self._is_line_end(self._stop) and not self._is_letter(self._stop):
            self._stop += 1
        return self._is_line_end(self._stop)

    def _is_letter(self, at: int) -> bool:
        return bool(self.spoken[at]) and self.text[at].isalnum()

    def _is_line_end(self, at: int) -> bool:
        return at >= len(self.text) or self.text[at] in "\r\n"
