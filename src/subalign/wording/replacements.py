"""Words replaced by a list of the user's: literally, or by regular expressions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from subalign.errors import UsageError
from subalign.results import Transcript, Word
from subalign.wording.edits import Change, Edit, edit_transcript
from subalign.wording.lists import Entry, literal, read_entries

__all__ = ["Replacement", "read_replacements", "replace_words"]

_REGULAR = re.compile(r"/(?P<pattern>.+)/(?P<flags>[a-z]*)")
_FLAGS = {"i": re.IGNORECASE, "x": re.VERBOSE}


@dataclass(frozen=True, slots=True)
class Replacement:
    """What `pattern` finds becomes `written`, of a `regular` one with its groups put in."""

    pattern: re.Pattern[str]
    written: str
    regular: bool

    def edits(self, text: str, _words: Sequence[Word] = ()) -> Iterator[Edit]:
        """The edits of a text; nothing is found in no text."""
        for match in self.pattern.finditer(text):
            if match[0]:
                yield Edit(match.start(), match.end(), self._new(match))

    def _new(self, match: re.Match[str]) -> str:
        if self.regular:
            return match.expand(self.written)
        found = match[0]
        if self.written.islower():
            # a word's capital at the start of a sentence, and words in capitals, stay so
            if len(found) > 1 and found.isupper():
                return self.written.upper()
            if found[0].isupper():
                return self.written[0].upper() + self.written[1:]
        return self.written


def read_replacements(text: str, label: str) -> tuple[Replacement, ...]:
    """The replacements of a list, each `this => that` or `/regular expression/ => that`.

    Literal text is found as whole words, in capitals or not. A regular expression may have the flag
    i (capitals or not) or x (with comments). Nothing after the arrow deletes what is found.

    Raises:
        UsageError: a line is none of these; `label` names the list.
    """
    return tuple(_replacement(entry, label) for entry in read_entries(text))


def _replacement(entry: Entry, label: str) -> Replacement:
    where = f"{label}, line {entry.line}"
    if entry.other is None or not entry.text:
        raise UsageError(f"{where} replaces nothing: write this => that.")
    regular = _REGULAR.fullmatch(entry.text)
    if regular is None:
        pattern = re.compile(literal(entry.text), re.IGNORECASE)
        return Replacement(pattern, entry.other, regular=False)
    unknown = set(regular["flags"]) - set(_FLAGS)
    if unknown:
        raise UsageError(f"{where} has the flag {min(unknown)}: the flags are i and x.")
    try:
        pattern = re.compile(
            regular["pattern"], sum(_FLAGS[flag] for flag in set(regular["flags"]))
        )
        pattern.sub(entry.other, "")  # refuses groups that are not there
    except (re.error, IndexError) as error:
        raise UsageError(f"{where} is no regular expression with its groups: {error}.") from error
    return Replacement(pattern, entry.other, regular=True)


def replace_words(
    transcript: Transcript, replacements: Sequence[Replacement]
) -> tuple[Transcript, tuple[Change, ...]]:
    """The transcript with the replacements, each after those before it, and what was changed."""
    changes: list[Change] = []
    for replacement in replacements:
        transcript, found = edit_transcript(transcript, replacement.edits)
        changes += found
    return transcript, tuple(changes)
