"""Text in capitals, as broadcast captions have it, as a model reads it: in sentence case.

A model has seen hardly any speech written in capitals, and finds such words unlikely.
"""

import re
from collections.abc import Sequence

from subalign.script import Line

__all__ = ["read_as"]

# so much of a text in capitals makes all of its lines be so: a few "Mc" and "iPhone" are in it
_SHARE, _LEAST_LETTERS = 0.9, 12

# elsewhere a line of so many words is shouted, and no name
_LEAST_WORDS = 4

_SENTENCE_ENDS = frozenset(".?!…。？！")
_PRONOUN = re.compile(r"\bi\b")
_TURKISH = str.maketrans("Iİ", "ıi")  # noqa: RUF001


def read_as(lines: Sequence[Line], language: str) -> list[str]:
    """Each line's text as the model reads it, of the same length; `language` is Whisper's code."""
    letters = [char for line in lines for char in _said(line) if char.isupper() or char.islower()]
    capitals = sum(map(str.isupper, letters))
    everywhere = len(letters) >= _LEAST_LETTERS and capitals >= _SHARE * len(letters)
    texts = []
    begins = True  # a sentence, with the next letter
    for line in lines:
        if everywhere or _is_shouted(line):
            texts.append(_sentence_case(line, language, begins=begins))
        else:
            texts.append(line.text)
        said = _said(line).rstrip("\"'”’)] ")
        begins = said[-1] in _SENTENCE_ENDS if said else begins
    return texts


def _said(line: Line) -> str:
    return " ".join(line.text[first:end] for first, end in line.spoken)


def _is_shouted(line: Line) -> bool:
    said = _said(line)
    return said.isupper() and len(said.split()) >= _LEAST_WORDS


def _sentence_case(line: Line, language: str, *, begins: bool) -> str:
    text = list(_lower(line.text, language))
    for first, end in line.spoken:
        for at in range(first, end):
            if text[at].isalnum():
                text[at] = line.text[at] if begins else text[at]
                begins = False
            elif text[at] in _SENTENCE_ENDS:
                begins = True
    read = "".join(text)
    return _PRONOUN.sub("I", read) if language == "en" else read


def _lower(text: str, language: str) -> str:
    """The text in small letters, each where its capital is."""
    if language in ("tr", "az"):
        text = text.translate(_TURKISH)
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
