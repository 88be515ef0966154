"""Old single-byte encodings of Latin script, told apart by the letters of the languages they serve.

In the right encoding the letters beyond ASCII are all of one language's alphabet; in a wrong one
they are letters of several, signs within words, or capitals after small letters.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["LatinGuess", "guess_latin", "is_latin"]

_WESTERN = (
    *("àâæçéèêëîïôœùûüÿ", "äöüß", "áéíñóúü", "àáâãçéêíóôõú", "àèéìíîòóùú", "áèéêëïóöü"),
    *("æøåéèêóô", "åäöé", "áéíóöúýæðþ", "õäöüšž", "àçèéíïòóúü", "çë"),
)
_CENTRAL = (
    *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ"),
    *("čćđšž", "äöüß", "çë"),
)
# Windows' Western encoding is first: it is chosen wherever no other fits better
_LANGUAGES = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1254": ("âçğıiîöşûü",),  # noqa: RUF001 (and "i" is what İ is made of)
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "õäöüšž"),
    "iso8859_2": _CENTRAL,
    "mac_roman": _WESTERN,
}

# how much larger the share of a language's letters must be to choose another encoding than Windows'
# Western one
_BETTER = 0.1

# by what share, or by what share and how many letters, all other texts fit worse than a certain one
_CERTAIN, _CERTAIN_SHARE, _CERTAIN_LETTERS = 0.15, 0.05, 3

# with a smaller share of letters that any language has it is no Latin script
_LEAST = 0.7

_FIRST_OTHER = "\u0250"  # letters of Latin script come before it

# what stands beside words in any language
_SIGNS = frozenset("“”„‘’‚«»‹›–—…•·¡¿€£©®™°§ªº½¼¾\xa0\xad")  # noqa: RUF001
_APART = frozenset("¡¿·°§©®½¼¾")  # but never after a letter


@dataclass(frozen=True, slots=True)
class LatinGuess:
    """The likeliest encoding, and whether all others that give another text fit clearly worse."""

    encoding: str
    certain: bool


def guess_latin(data: bytes, beside: str) -> LatinGuess | None:
    """The encoding of a text in Latin script; None where it is in another one.

    `beside` is other text of the same file, whose letters are known.
    """
    beside = "".join(char for char in beside if char < _FIRST_OTHER)
    texts = {name: data.decode(name, errors="replace") for name in _LANGUAGES}
    fits = {name: _fit(f"{text}\n{beside}", _LANGUAGES[name]) for name, text in texts.items()}
    best = max(fits, key=lambda name: fits[name].share)
    if fits[best].share < fits["cp1252"].share + _BETTER:
        best = "cp1252"
    if fits[best].share < _LEAST or _is_dense(data):
        return None
    rivals = [fits[name] for name in texts if texts[name] != texts[best]]
    return LatinGuess(best, all(fits[best].is_clear_of(rival) for rival in rivals))


def is_latin(encoding: str) -> bool:
    """Whether it is one of the encodings that are told apart here, or nearly one."""
    return encoding in _LANGUAGES or encoding in (
        "iso8859-1",
        "iso8859-2",
        "iso8859-15",
        "mac-roman",
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    """How many letters beyond ASCII there are, and how many of them one language has at most."""

    letters: int
    known: int

    @property
    def share(self) -> float:
        return self.known / self.letters if self.letters else 1.0

    def is_clear_of(self, other: "_Fit") -> bool:
        gap = self.share - other.share
        more = (other.letters - other.known) - (self.letters - self.known)
        return gap >= _CERTAIN or (gap >= _CERTAIN_SHARE and more >= _CERTAIN_LETTERS)


def _fit(text: str, alphabets: Iterable[str]) -> _Fit:
    found = Counter(_beyond_ascii(text))
    known = max(sum(found[char] for char in alphabet) for alphabet in alphabets)
    return _Fit(found.total(), known)


def _beyond_ascii(text: str) -> Iterator[str]:
    """Small letters for what is not ASCII, "?" for what stands wrongly; without usual signs."""
    for before, char in pairwise(f" {text}"):
        if char <= "\x7f":
            continue
        if char < "\xa0" or char == "\ufffd":
            yield from "???"  # no text has controls, nor bytes that mean nothing
        elif char.isupper() and before.islower():
            yield "?"
        elif char not in _SIGNS or (char in _APART and before.isalpha()):
            yield char.lower()[:1]


def _is_dense(data: bytes) -> bool:
    """Whether most letters are beyond ASCII, as in no language of Latin script."""
    beyond = sum(byte > 0x7F for byte in data)
    letters = sum(chr(byte).isalpha() for byte in data if byte < 0x80)
    return beyond > letters
