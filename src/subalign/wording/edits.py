"""Text of timed words exchanged: they keep their times, or share those of what they replace.

Edits are made of a segment's text without what stands beside words and nobody says: no edit
reaches across a speaker's name or a stage direction.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from subalign.results import Segment, Transcript, Word

__all__ = ["Change", "Edit", "Finder", "edit_transcript"]


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters from `first` to before `end` of a text become `text`."""

    first: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed: the text before and after, and when the words were said (seconds)."""

    start: float
    end: float
    before: str
    after: str


# Which edits a text, of these words or of untimed ones, needs, in order and not overlapping.
Finder = Callable[[str, Sequence[Word]], Iterable[Edit]]


def edit_transcript(transcript: Transcript, find: Finder) -> tuple[Transcript, tuple[Change, ...]]:
    """The transcript with what `find` changes in each segment; empty segments are left out."""
    changes: list[Change] = []
    segments: list[Segment] = []
    for segment in transcript.segments:
        found: list[Change] = []
        edited = _edited(segment, find, found)
        changes += found
        if not found or edited.text.strip() or edited.words:
            segments.append(edited)
    if not changes:
        return transcript, ()
    numbered = tuple(replace(segment, id=number) for number, segment in enumerate(segments))
    text = "".join(segment.text for segment in numbered)
    return replace(transcript, text=text, segments=numbered), tuple(changes)


def _edited(segment: Segment, find: Finder, changes: list[Change]) -> Segment:
    if segment.words is None:
        text = segment.text
        for edit in reversed(list(find(text, ()))):
            before = text[edit.first : edit.end]
            changes.append(Change(segment.start, segment.end, before.strip(), edit.text.strip()))
            text = text[: edit.first] + edit.text + text[edit.end :]
        return replace(segment, text=text)
    words: list[Word] = []
    beside = ""  # what stood beside words that are gone, before the first that stays
    for run in _runs(segment.words):
        edited = list(run)
        for edit in reversed(list(find("".join(word.text for word in run), run))):
            edited, change = _edit(edited, edit)
            changes.append(change)
        if edited:
            edited[0] = replace(edited[0], before=beside + edited[0].before)
            words, beside = words + edited, ""
        elif words:
            words[-1] = replace(words[-1], after=words[-1].after + run[0].before + run[-1].after)
        else:
            beside += run[0].before + run[-1].after
    changes.sort(key=lambda change: change.start)
    if tuple(words) == segment.words:
        return segment
    text = "".join(word.before + word.text + word.after for word in words) or beside
    start, end = segment.start, segment.end
    if words:  # still those of the outer words, where they were
        start = words[0].start if start == segment.words[0].start else start
        end = words[-1].end if end == segment.words[-1].end else end
    return replace(segment, text=text, words=tuple(words), start=start, end=end)


def _runs(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """The words between things that nobody says."""
    first = 0
    for n in range(1, len(words)):
        if words[n].before or words[n - 1].after:
            yield words[first:n]
            first = n
    if words:
        yield words[first:]


def _edit(words: Sequence[Word], edit: Edit) -> tuple[list[Word], Change]:
    ends = list(accumulate(len(word.text) for word in words))
    first = next(n for n, end in enumerate(ends) if end > edit.first)
    last = next(n for n, end in enumerate(ends) if end >= edit.end)
    old = words[first : last + 1]
    begin = ends[first] - len(words[first].text)
    text = "".join(word.text for word in old)
    change = Change(
        old[0].start,
        old[-1].end,
        text[edit.first - begin : edit.end - begin].strip(),
        edit.text.strip(),
    )
    text = text[: edit.first - begin] + edit.text + text[edit.end - begin :]
    new = _with_times(old, re.findall(r"\s*\S+", text))
    if new:
        trailing = text[len(text.rstrip()) :]
        new[0] = replace(new[0], before=old[0].before)
        new[-1] = replace(new[-1], text=new[-1].text + trailing, after=old[-1].after)
        return [*words[:first], *new, *words[last + 1 :]], change
    return _without(words, first, last), change


def _without(words: Sequence[Word], first: int, last: int) -> list[Word]:
    """The words but some; what stood beside those goes to their neighbours."""
    left, right = list(words[:first]), list(words[last + 1 :])
    before, after = words[first].before, words[last].after
    if right:
        right[0] = replace(right[0], before=before + right[0].before)
    if left:
        left[-1] = replace(left[-1], after=left[-1].after + after)
    return left + right


def _with_times(old: Sequence[Word], texts: Sequence[str]) -> list[Word]:
    """New words in the time of old ones: one for one, else by their letters."""
    if len(texts) == len(old):
        return [replace(word, text=text) for word, text in zip(old, texts, strict=True)]
    if not texts:
        return []
    probability = sum(word.probability for word in old) / len(old)
    estimated = any(word.estimated for word in old)
    return [
        Word(text, start, end, probability, estimated, speaker=old[0].speaker)
        for text, (start, end) in zip(texts, _shared(old, texts), strict=True)
    ]


def _shared(old: Sequence[Word], texts: Sequence[str]) -> Iterator[tuple[float, float]]:
    """Times of new words that divide those of the old ones by letters; pauses stay between."""
    lengths = [max(1, len(word.text.strip())) for word in old]
    ends = list(accumulate(lengths))
    scale = ends[-1] / sum(len(text.strip()) for text in texts)

    def moment(place: float, *, begins: bool) -> float:
        n = next(n for n, end in enumerate(ends) if (place < end if begins else place <= end))
        within = (place - (ends[n] - lengths[n])) / lengths[n]
        return old[n].start + within * (old[n].end - old[n].start)

    place = 0.0
    for number, text in enumerate(texts, start=1):
        start = moment(place, begins=True)
        place += len(text.strip()) * scale
        end = old[-1].end if number == len(texts) else moment(place, begins=False)
        yield round(start, 3), round(end, 3)
