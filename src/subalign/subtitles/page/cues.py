"""Cues for the page, in which each word keeps its place, so that it can be changed there."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from subalign.options import LayoutOptions
from subalign.results import Segment
from subalign.subtitles.cue import CueWord, visible_parts
from subalign.subtitles.layout.cues import lay_out, packs_words
from subalign.subtitles.paragraphs import has_text
from subalign.subtitles.tags import Run, escape_vtt, render_runs, srt_tag, vtt_tag

__all__ = ["PageCue", "Part", "PieceShare", "page_cues", "piece_texts"]

_SPACE = re.compile(r"(\s+)")


@dataclass(frozen=True, slots=True)
class PieceShare:
    """A share of a piece's text, where the piece is laid out in several words."""

    piece: int
    text: str
    is_first: bool


# A piece's number, a share of one, text, or text as plain text, SubRip and WebVTT have it.
Part = int | PieceShare | str | tuple[str, str, str]


class PageCue(NamedTuple):
    """What is shown from `start_ms` to `end_ms`; `speaker` is its one speaker."""

    start_ms: int
    end_ms: int
    parts: tuple[Part, ...]
    speaker: str | None


class _Aside(str):
    """Text beside a word, which the space around it does not become a part of."""

    __slots__ = ()


def piece_texts(segments: Iterable[Segment]) -> list[str]:
    """The texts of all pieces: each word, and each segment that has text but no words."""
    return [text for text in _source_texts(segments) if text is not None]


def page_cues(
    segments: Sequence[Segment],
    options: LayoutOptions,
    *,
    language: str | None = None,
    duration: float | None = None,
) -> Iterator[PageCue]:
    """The cues of `lay_out`, each as the parts of which its text is made."""
    pieces = _Pieces(segments)
    for cue in lay_out(segments, options, language=language, duration=duration):
        parts: Iterator[Part] = (part for word in cue.words for part in _parts(word, pieces))
        if shown := visible_parts(parts, strip=not packs_words(options)):
            yield PageCue(cue.start_ms, cue.end_ms, tuple(shown), cue.speaker)


def _source_texts(segments: Iterable[Segment]) -> Iterator[str | None]:
    """The texts that `CueWord.source` numbers; None for what is no piece of the page."""
    for segment in segments:
        if segment.words:
            yield from (word.text for word in segment.words)
        else:
            yield segment.text if has_text(segment) else None


def _parts(word: CueWord, pieces: "_Pieces") -> Iterator[Part]:
    yield from _beside(word.before)
    said = word.text.strip()
    lead, _, tail = word.text.partition(said) if said else (word.text, "", "")
    yield lead
    yield from pieces.take(word.source, said)
    yield tail
    yield from _beside(word.after)


def _beside(runs: Sequence[Run]) -> Iterator[Part]:
    """Text that nobody says: one string where all forms have it as it is written."""
    written = "".join(run if isinstance(run, str) else run.written for run in runs)
    if not written.strip():
        yield written
        return
    forms = (
        render_runs(runs),
        render_runs(runs, tag=srt_tag),
        render_runs(runs, escape_vtt, vtt_tag),
    )
    yield _Aside(written) if set(forms) == {written} else forms


class _Pieces:
    """The pieces, and how much of each is laid out already."""

    def __init__(self, segments: Iterable[Segment]) -> None:
        texts = list(_source_texts(segments))
        self._letters = ["".join((text or "").split()) for text in texts]
        self._taken = [0] * len(texts)  # letters
        self._numbers: list[int | None] = []
        count = 0
        for text in texts:
            self._numbers.append(None if text is None else count)
            count += text is not None

    def take(self, source: int, said: str) -> Iterator[Part]:
        """The parts that stand for a laid-out text of a source: a piece, or shares of it."""
        number = self._numbers[source]
        for text in _SPACE.split(said):
            taken = self._taken[source]
            if number is None or not text.strip():
                yield text
            elif not taken and text == self._letters[source]:
                yield number
            else:
                self._taken[source] += len(text)
                yield PieceShare(number, text, not taken)
