"""Cues for the page, in which each word keeps its place, so that it can be changed there."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from subalign.options import LayoutOptions
from subalign.results import Segment
from subalign.subtitles.layout.cues import lay_out
from subalign.subtitles.tags import plain_text, srt_formatting, vtt_formatting

__all__ = ["PageCue", "Part", "PieceShare", "page_cues", "piece_texts"]

# Marks around a word and around the number of a text beside words, in cues that are laid out.
_WORD, _WORD_END, _BESIDE, _BESIDE_END = "\x02", "\x03", "\x04", "\x05"
_MARKED = re.compile(f"{_WORD}([^{_WORD_END}]*){_WORD_END}|{_BESIDE}([0-9]+){_BESIDE_END}")
_MARKS = re.compile(f"[{_WORD}-{_BESIDE_END}]")

# What JavaScript's trim() takes for space: Python takes a few characters more and one less.
_JS_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NOT_JS_SPACE = re.compile(f"[^{_JS_SPACE}]")


@dataclass(frozen=True, slots=True)
class PieceShare:
    """A share of a piece's text, where a segment without timed words is laid out in several."""

    piece: int
    text: str
    is_first: bool


# A piece's number, a share of one, text, or text as plain text, SubRip and WebVTT have it.
Part = int | PieceShare | str | tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class PageCue:
    """What is shown from `start_ms` to `end_ms`."""

    start_ms: int
    end_ms: int
    parts: tuple[Part, ...]


def piece_texts(segments: Sequence[Segment]) -> list[str]:
    """The texts of all pieces: each word, and each segment that has text but no words."""
    return [text for text, _ in _pieces(segments)]


def _pieces(segments: Iterable[Segment]) -> Iterator[tuple[str, bool]]:
    """Each piece's text, and whether it is a word."""
    for segment in segments:
        if segment.words:
            yield from ((word.text, True) for word in segment.words)
        elif _NOT_JS_SPACE.search(segment.text):
            yield segment.text, False


def page_cues(
    segments: Sequence[Segment],
    options: LayoutOptions,
    *,
    language: str | None = None,
    duration: float | None = None,
) -> Iterator[PageCue]:
    """The cues of `lay_out`, never highlighted, each as the parts of which its text is made."""
    beside: list[str] = []

    def mark_word(text: str) -> str:
        said = text.strip()
        lead, _, tail = text.partition(said) if said else (text, "", "")
        return f"{lead}{_WORD}{_MARKS.sub('', said)}{_WORD_END}{tail}" if said else text

    def mark_beside(text: str) -> str:
        if not text.strip():
            return text
        beside.append(text)
        return f"{_BESIDE}{len(beside) - 1}{_BESIDE_END}"

    walk = _PieceWalk(_pieces(segments))
    plain = replace(options, highlight_words=False)
    for cue in lay_out(
        segments,
        plain,
        language=language,
        duration=duration,
        escape=mark_word,
        markup=mark_beside,
    ):
        yield PageCue(cue.start_ms, cue.end_ms, tuple(_parts(cue.text, walk, beside)))


def _parts(text: str, walk: "_PieceWalk", beside: Sequence[str]) -> Iterator[Part]:
    at = 0
    for found in _MARKED.finditer(text):
        if found.start() > at:
            yield text[at : found.start()]
        if found[2] is None:
            yield from walk.take(found[1])
        else:
            yield _in_all_forms(beside[int(found[2])])
        at = found.end()
    if at < len(text):
        yield text[at:]


def _in_all_forms(text: str) -> Part:
    forms = plain_text(text), srt_formatting(text), vtt_formatting(text)
    return text if set(forms) == {text} else forms


class _PieceWalk:
    """Goes through the pieces in step with the laid-out words, by their letters.

    Segments without words may be passed over: what nobody says stands beside words.
    """

    def __init__(self, pieces: Iterable[tuple[str, bool]]) -> None:
        self._pieces = [
            ("".join(_MARKS.sub("", text).split()), is_word) for text, is_word in pieces
        ]
        self._piece = 0
        self._offset = 0  # letters of the piece that are taken already

    def take(self, text: str) -> Iterator[Part]:
        """The parts that stand for a laid-out text: mostly one piece, or more, or a share."""
        for word in re.split(r"(\s+)", text):
            yield from self._take_word(word) if word.strip() else (word,) if word else ()

    def _take_word(self, word: str) -> Iterator[Part]:
        while word:
            rest = self._rest(word)
            if rest and not self._offset and word.startswith(rest):
                yield self._piece
                self._piece += 1
                word = word[len(rest) :]
            elif rest.startswith(word):
                yield PieceShare(self._piece, word, not self._offset)
                self._offset += len(word)
                word = ""
            elif rest and word.startswith(rest):
                yield PieceShare(self._piece, rest, is_first=False)
                self._piece, self._offset = self._piece + 1, 0
                word = word[len(rest) :]
            else:  # a text that no piece has: it stays as it is
                yield word
                return

    def _rest(self, wanted: str) -> str:
        """What is left of the piece; goes on where nothing is, or past what nobody says."""
        while self._piece < len(self._pieces):
            text, is_word = self._pieces[self._piece]
            rest = text[self._offset :]
            fits = rest.startswith(wanted) or wanted.startswith(rest)
            if rest and (is_word or fits):
                return rest
            self._piece, self._offset = self._piece + 1, 0
        return ""
