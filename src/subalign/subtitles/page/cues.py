"""Cues for the page, in which each word keeps its place, so that it can be changed there."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from subalign.options import LayoutOptions
from subalign.results import Segment
from subalign.subtitles.cue import CueWord
from subalign.subtitles.layout.cues import lay_out
from subalign.subtitles.layout.speakers import Labeller, chosen_labels
from subalign.subtitles.paragraphs import has_text
from subalign.subtitles.tags import TAG, Run

__all__ = ["PageCue", "Part", "Token", "page_cues", "piece_texts"]

_SPACE = re.compile(r"(\s+)")
_TAG_OR_SPACE = re.compile(rf"{TAG.pattern}|\s+")


class Token(NamedTuple):
    """Text without space in it: a piece, a share of one, or what stands beside it as written.

    `before` and `after` have nothing but marks and tags; what is a word of its own beside the piece
    is a token without `text`.
    """

    piece: int
    text: str
    before: str = ""
    after: str = ""


# A piece's number stands for a token of its whole text; a string is the space before a token, or at
# the end. Without one a space stands between tokens, and nothing before the first.
Part = int | str | Token


class PageCue(NamedTuple):
    """What is shown from `start_ms` to `end_ms`."""

    start_ms: int
    end_ms: int
    parts: tuple[Part, ...]


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
    """The cues of `lay_out`, each as the parts of which its text is made.

    Without the labels of speakers: the page makes them anew, as speakers may be changed there.
    """
    sources = list(_source_texts(segments))
    numbers = _numbers(sources)
    labels = _labels(segments, options, numbers)
    wholes = [text.strip() for text in sources if text is not None]
    for cue in lay_out(segments, options, language=language, duration=duration):
        runs = [run for word in cue.words for run in _runs(word, numbers)]
        runs = list(_without_labels(runs, labels))
        if parts := tuple(_parts(runs, wholes)):
            yield PageCue(cue.start_ms, cue.end_ms, parts)


def _source_texts(segments: Iterable[Segment]) -> Iterator[str | None]:
    """The texts that `CueWord.source` numbers; None for what is no piece of the page."""
    for segment in segments:
        if segment.words:
            yield from (word.text for word in segment.words)
        else:
            yield segment.text if has_text(segment) else None


def _numbers(sources: Sequence[str | None]) -> list[int]:
    """The piece of each source; of what is none, the one before."""
    numbers: list[int] = []
    count = 0
    for text in sources:
        count += text is not None
        numbers.append(max(0, count - 1))
    return numbers


def _runs(word: CueWord, numbers: Sequence[int]) -> Iterator[str | Token]:
    """A word as tokens and the space between them; of no length where there is none."""
    piece = numbers[word.source]
    beside = [("before", part) for part in _at_spaces(_written(word.before))]
    said = [("text", part) for part in _SPACE.split(word.text)]
    beside_after = [("after", part) for part in _at_spaces(_written(word.after))]
    token = Token(piece, "")
    for kind, part in (*beside, *said, *beside_after):
        if part.isspace():
            if any(token[1:]):
                yield token
                token = Token(piece, "")
            yield part
        elif part:
            # what is said is one token with the marks that touch it
            token = token._replace(**{kind: getattr(token, kind) + part})
    if any(token[1:]):
        yield token


def _labels(
    segments: Sequence[Segment], options: LayoutOptions, numbers: Sequence[int]
) -> dict[int, str]:
    """The labels that layout puts before pieces."""
    labeller = Labeller(chosen_labels(options), keeps_segments=options.keep_lines)
    given, labelled = _written_sources(segments), _written_sources(labeller.segments(segments))
    return {
        number: text.strip().removesuffix(own.strip()).strip()
        for number, own, text in zip(numbers, given, labelled, strict=True)
        if own != text
    }


def _written_sources(segments: Iterable[Segment]) -> Iterator[str]:
    for segment in segments:
        if segment.words:
            yield from (word.before + word.text for word in segment.words)
        else:
            yield segment.text


def _without_labels(runs: Iterable[str | Token], labels: dict[int, str]) -> Iterator[str | Token]:
    """Runs without the labels before pieces and the space behind them; each is taken once."""
    is_after_label = False
    for run in runs:
        if isinstance(run, str):
            if not is_after_label:
                yield run
            continue
        is_after_label = False
        first, _, rest = labels.pop(run.piece, "").partition(" ")
        written = run.before or run.text
        if first and written == first:
            is_after_label = True
            if rest:
                labels[run.piece] = rest
        elif first and not rest and run.before.startswith(first):
            yield run._replace(before=run.before.removeprefix(first))
        else:
            yield run


def _written(runs: Sequence[Run]) -> str:
    return "".join(run if isinstance(run, str) else run.written for run in runs)


def _at_spaces(text: str) -> list[str]:
    """Text in parts, of which each is space or none of it; tags stay whole."""
    parts: list[str] = []
    at = 0
    for found in _TAG_OR_SPACE.finditer(text):
        parts += [text[at : found.start()], found[0]]
        at = found.end()
    parts.append(text[at:])
    return parts


def _parts(runs: Iterable[str | Token], wholes: Sequence[str]) -> Iterator[Part]:
    """Runs without what goes without saying; `wholes` are the texts of pieces."""
    gap, usual = "", ""
    for run in runs:
        if isinstance(run, str):
            gap += run
            continue
        if gap != usual:
            yield gap
        gap, usual = "", " "
        is_whole = run.text and run == Token(run.piece, wholes[run.piece])
        yield run.piece if is_whole else run
    if gap.strip("\n"):
        yield gap
