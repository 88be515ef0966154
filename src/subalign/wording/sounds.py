"""How alike two words sound: by Lawrence Philips' Metaphone, and by their letters."""

import unicodedata
from functools import lru_cache

__all__ = ["first_sound", "likeness", "plain_letters"]

# First sounds that are taken for each other; all others are vowels, or h, w and y.
_FIRST = {sound: sounds[0] for sounds in ("SXJ", "T0FP", "K", "LR", "MNB") for sound in sounds}


@lru_cache(65_536)
def plain_letters(text: str) -> str:
    """The letters and digits alone, small, without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if char.isalnum())


@lru_cache(65_536)
def _sound(letters: str) -> str:
    from jellyfish import metaphone

    # it knows no digits, and no other letters than Latin ones
    return (metaphone(letters) if letters.isascii() else "") or letters


def first_sound(letters: str) -> str:
    """A letter for all beginnings that are taken for each other."""
    return _FIRST.get(_sound(letters)[:1], "")


@lru_cache(65_536)
def likeness(one: str, other: str) -> float:
    """From 0 to 1, of the letters of `plain_letters`: the mean of sounds' and of letters'."""
    from jellyfish import jaro_winkler_similarity

    sounds = jaro_winkler_similarity(_sound(one), _sound(other))
    return (sounds + jaro_winkler_similarity(one, other)) / 2
