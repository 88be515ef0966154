"""Word error rates, of texts that are normalised alike whoever wrote them."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import jiwer
from whisper.normalizers import BasicTextNormalizer, EnglishTextNormalizer

__all__ = ["WordErrors", "normaliser", "word_errors"]


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Over all texts of a set: `words` were said, so many of them `wrong` or `missing`."""

    words: int
    wrong: int
    missing: int
    added: int

    @property
    def rate(self) -> float:
        """Word error rate; may exceed 1."""
        return (self.wrong + self.missing + self.added) / max(1, self.words)


@cache
def normaliser(english: bool) -> Callable[[str], str]:
    """Whisper's normaliser of texts, of English or of any language."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the English one leaves a file open
        return EnglishTextNormalizer() if english else BasicTextNormalizer()


def word_errors(pairs: Iterable[tuple[str, str]], language: str) -> WordErrors:
    """Errors of (said, heard) texts, by Whisper's normaliser for the language.

    It takes away case, punctuation and hesitations, and writes English numbers and spellings in
    one way.
    """
    normalised = normaliser(language == "en")
    texts = [(normalised(said), normalised(heard)) for said, heard in pairs]
    out = jiwer.process_words([said for said, _ in texts], [heard for _, heard in texts])
    words = out.hits + out.substitutions + out.deletions
    return WordErrors(words, out.substitutions, out.deletions, out.insertions)
