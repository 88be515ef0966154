"""A glossary: names and terms as they are written, found where something like them was heard."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from math import isnan, nan

from subalign.errors import UsageError
from subalign.options import Term
from subalign.results import Transcript, Word
from subalign.wording.edits import Change, Edit, edit_transcript
from subalign.wording.lists import literal, read_entries
from subalign.wording.sounds import first_sound, likeness, plain_letters

__all__ = ["CorrectionThresholds", "NearMiss", "correct", "near_misses", "read_glossary"]

_WORD = re.compile(r"\w+")
# A term may be heard as so many more words, and with so many more or fewer letters (shares).
_MORE_WORDS = 2
_SHORTEST, _LONGEST = 0.6, 1.5
_INFLECTED = 3  # letters behind a term that make it another form of it


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionThresholds:
    """When words become a term; chosen on one half of the names of bench/glossary.py."""

    # likeness (0 to 1) from which on, of words whose mean probability is at most so high
    alike: float = 0.9
    doubtful: float = 0.7
    # likeness from which on where no probability is known
    alike_at_least: float = 0.95


def read_glossary(text: str, label: str) -> tuple[Term, ...]:
    """The terms of a list, one a line: `term`, or `heard as => term`.

    Raises:
        UsageError: a line has no term; `label` names the list.
    """
    terms = []
    for entry in read_entries(text):
        heard, written = (None, entry.text) if entry.other is None else (entry.text, entry.other)
        if not plain_letters(written) or heard == "":
            raise UsageError(f"{label}, line {entry.line} has no term: write a name or a word.")
        terms.append(Term(written, heard))
    return tuple(dict.fromkeys(terms))


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Characters from `first` to before `end` that sound like a term, from 0 to 1."""

    first: int
    end: int
    term: str
    likeness: float


def near_misses(text: str, terms: Iterable[Term], least: float) -> Iterator[NearMiss]:
    """Where words of a text, or several together, sound like a term; those that are it too."""
    words = [match.span() for match in _WORD.finditer(text)]
    heard: dict[str, list[tuple[int, int, str, int]]] = {}  # by the first sound
    for n, (first, _) in enumerate(words):
        for count, (_, end) in enumerate(words[n : n + 2 + _MORE_WORDS], start=1):
            letters = plain_letters(text[first:end])
            heard.setdefault(first_sound(letters), []).append((first, end, letters, count))
    for written in dict.fromkeys(term.written for term in terms):
        wanted = plain_letters(written)
        most = len(_WORD.findall(written)) + _MORE_WORDS
        for first, end, letters, count in heard.get(first_sound(wanted), ()):
            long_enough = _SHORTEST * len(wanted) <= len(letters) <= _LONGEST * len(wanted)
            if count <= most and long_enough and (found := likeness(letters, wanted)) >= least:
                yield NearMiss(first, end, written, found)


def correct(
    transcript: Transcript,
    terms: Sequence[Term],
    thresholds: CorrectionThresholds = CorrectionThresholds(),
) -> tuple[Transcript, tuple[Change, ...]]:
    """The transcript with the terms' spellings, and what was changed.

    What the glossary says a term is heard as becomes the term. Then words become a term that sound
    like it, where the model was not sure of them.
    """
    changes: list[Change] = []
    for term in terms:
        if term.heard is not None:
            pattern = re.compile(literal(term.heard), re.IGNORECASE)
            spelt = partial(_spelt, pattern=pattern, written=term.written)
            transcript, found = edit_transcript(transcript, spelt)
            changes += found
    corrections = partial(_corrections, terms=terms, thresholds=thresholds)
    transcript, found = edit_transcript(transcript, corrections)
    return transcript, (*changes, *found)


def _spelt(
    text: str, _words: Sequence[Word], *, pattern: re.Pattern[str], written: str
) -> Iterator[Edit]:
    for match in pattern.finditer(text):
        if match[0] != written:
            yield Edit(match.start(), match.end(), written)


def _corrections(
    text: str,
    words: Sequence[Word],
    *,
    terms: Sequence[Term],
    thresholds: CorrectionThresholds,
) -> list[Edit]:
    """The likest first, and nothing twice."""
    taken: list[NearMiss] = []
    misses = near_misses(text, terms, thresholds.alike)
    for miss in sorted(misses, key=lambda miss: (-miss.likeness, miss.first)):
        free = all(miss.end <= other.first or other.end <= miss.first for other in taken)
        if free and _is_believed(miss, text, words, thresholds):
            taken.append(miss)
    taken.sort(key=lambda miss: miss.first)
    return [
        Edit(miss.first, miss.end, miss.term)
        for miss in taken
        if _is_wrong(text[miss.first : miss.end], miss.term)
    ]


def _is_believed(
    miss: NearMiss, text: str, words: Sequence[Word], thresholds: CorrectionThresholds
) -> bool:
    """Whether the term was said rather than what was heard; its own letters are it in any case."""
    if plain_letters(text[miss.first : miss.end]) == plain_letters(miss.term):
        return True
    ends = accumulate(len(word.text) for word in words)
    probabilities = [
        word.probability
        for word, end in zip(words, ends, strict=True)
        if end > miss.first and end - len(word.text) < miss.end
    ]
    mean = sum(probabilities) / len(probabilities) if probabilities else nan
    if isnan(mean):
        return miss.likeness >= thresholds.alike_at_least
    return mean <= thresholds.doubtful


def _is_wrong(heard: str, written: str) -> bool:
    """Not where it is the term already, another form of it, or a common word in its letters."""
    if heard == written:
        return False
    if heard.casefold() == written.casefold():
        return not (heard.islower() and written.istitle())
    letters, term = plain_letters(heard), plain_letters(written)
    return not (letters.startswith(term) and 0 < len(letters) - len(term) <= _INFLECTED)
