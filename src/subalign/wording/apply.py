"""All that changes the words of a finished transcript, in one order."""

from dataclasses import dataclass

from subalign.options import Term
from subalign.results import Transcript
from subalign.wording.censoring import Censored, censor
from subalign.wording.edits import Change
from subalign.wording.fillers import remove_fillers
from subalign.wording.glossary import correct
from subalign.wording.replacements import Replacement, replace_words

__all__ = ["Reworded", "Wording", "apply_wording"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """The glossary's terms, what is replaced, whether fillers are removed, what is censored."""

    terms: tuple[Term, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    without_fillers: bool = False
    censored: tuple[Censored, ...] = ()

    @property
    def facts(self) -> dict[str, object]:
        """All that results depend on, by name; nothing where nothing is changed."""
        facts = {
            "replace": [(rule.pattern.pattern, rule.written) for rule in self.replacements],
            "remove_fillers": self.without_fillers,
            "censor": [(word.pattern.pattern, word.shown) for word in self.censored],
        }
        return {name: value for name, value in facts.items() if value}


@dataclass(frozen=True, slots=True)
class Reworded:
    """A transcript with what was corrected, replaced, left out as a filler, and censored."""

    transcript: Transcript
    corrected: tuple[Change, ...] = ()
    replaced: tuple[Change, ...] = ()
    fillers: tuple[Change, ...] = ()
    censored: tuple[Change, ...] = ()


def apply_wording(transcript: Transcript, wording: Wording) -> Reworded:
    """Correct by the glossary, then replace, remove fillers, and censor."""
    fillers: tuple[Change, ...] = ()
    transcript, corrected = correct(transcript, wording.terms)
    transcript, replaced = replace_words(transcript, wording.replacements)
    if wording.without_fillers:
        transcript, fillers = remove_fillers(transcript)
    transcript, censored = censor(transcript, wording.censored)
    return Reworded(transcript, corrected, replaced, fillers, censored)
