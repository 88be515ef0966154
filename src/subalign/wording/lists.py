"""Lists of words that users write: a line each, `this => that` where one becomes another."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from subalign.characters import is_unspaced

__all__ = ["Entry", "literal", "read_entries"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list: `text`, or `text => other`; `line` is its number."""

    text: str
    other: str | None
    line: int


def read_entries(text: str) -> Iterator[Entry]:
    """The entries of a list; empty lines and those that begin with # are none."""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        this, arrow, that = stripped.partition("=>")
        yield Entry(this.strip(), that.strip() if arrow else None, number)


def literal(text: str, *, wildcard: bool = False) -> str:
    """A regular expression of whole words, with any space between them.

    In scripts without spaces words have no ends, and the text is found anywhere. With `wildcard` a
    star stands for any letters.
    """
    pattern = r"\s+".join(re.escape(word) for word in text.split())
    if wildcard:
        pattern = pattern.replace(r"\*", r"\w*")
    before = r"(?<!\w)" if _ends_word(text[:1]) else ""
    after = r"(?!\w)" if _ends_word(text[-1:]) else ""
    return f"{before}{pattern}{after}"


def _ends_word(char: str) -> bool:
    return (char.isalnum() or char in "_*") and not is_unspaced(char)
