"""Words that nobody shall read: bleeped in the text, with their times for the sound's editor."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from subalign.errors import UsageError
from subalign.results import Transcript, Word
from subalign.wording.edits import Change, Edit, edit_transcript
from subalign.wording.lists import literal, read_entries

__all__ = ["BLEEP", "Censored", "censor", "read_censored", "render_labels"]

BLEEP = "[bleep]"


@dataclass(frozen=True, slots=True)
class Censored:
    """What `pattern` finds is shown as `shown`."""

    pattern: re.Pattern[str]
    shown: str


def read_censored(text: str, label: str) -> tuple[Censored, ...]:
    """The words of a list, one a line; a star stands for any letters, `word => text` shows a text.

    Raises:
        UsageError: a line would censor every word; `label` names the list.
    """
    found = []
    for entry in read_entries(text):
        if not any(map(str.isalnum, entry.text)):
            raise UsageError(
                f"{label}, line {entry.line} names no word: write words, with * for any letters."
            )
        pattern = re.compile(literal(entry.text, wildcard=True), re.IGNORECASE)
        found.append(Censored(pattern, BLEEP if entry.other is None else entry.other or BLEEP))
    return tuple(found)


def censor(
    transcript: Transcript, words: Sequence[Censored]
) -> tuple[Transcript, tuple[Change, ...]]:
    """The transcript with the words bleeped, and what they were, with their times."""

    def edits(text: str, _words: Sequence[Word]) -> Iterator[Edit]:
        end = 0
        found = [
            (match.span(), word.shown) for word in words for match in word.pattern.finditer(text)
        ]
        for (first, after), shown in sorted(found, key=lambda one: (one[0][0], -one[0][1])):
            if first >= end:
                yield Edit(first, after, shown)
                end = after

    return edit_transcript(transcript, edits)


def render_labels(changes: Iterable[Change]) -> str:
    """Audacity labels, a line for each: start and end in seconds, and the word that was said."""
    lines = (f"{change.start:.3f}\t{change.end:.3f}\t{change.before}\n" for change in changes)
    return "".join(lines)
