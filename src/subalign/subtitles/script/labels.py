"""Speakers' names before a colon: `ANNA:`, `Dr. Smith (whispering):`, `Speaker 1:`, `田中：`.

A colon also ends spoken phrases ("Remember: …", "At 10:30 …"), so a name must look
like one:

- in capitals, up to five words;
- each word with a capital, up to four words, if it has a number, or stands before two or more
  lines, or is one of three or more such names;
- in scripts without capitals, short, before two or more lines, and without a verb of speaking.

A single capital counts too (`Q:` and `A:`); words that open sentences and headings never do.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Label", "find_labels", "label_at"]

_LABEL = re.compile(
    r"""(?P<name>[^\W\d_][^:：\n\r<>[\](){}"“”?!♪,;*]{0,39}?)[*_]{0,3}
        (?:\s*\([^()\n]{1,30}\)|\s*\[[^][\n]{1,30}\])?     # how it is spoken
        \s*(?: :(?=\s|$|["“”'‘«([♪<*_]) | ： )""",
    re.VERBOSE,
)

# what stands before a colon and is spoken, or is a heading
_NO_NAMES = frozenset(
    """
    note notes nb ps warning caution remember reminder question questions answer answers example
    first second third fourth finally lastly next last result results conclusion yes no ok okay
    look listen so and but or then also however therefore because today tomorrow tonight now here
    there this that these those it what why how who when where which tip hint important fact facts
    problem solution step part chapter section figure lesson unit episode rule verse number title
    summary date time subject to from re i we you he she they my our your if as in on at for with
    """.split()
)
_PARTICLES = frozenset("de da di du la le van von der den del dos bin al el ibn of the".split())
_SPEAKING = ("说", "說", "道", "问", "問", "答", "是", "は", "曰")


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before a colon: the name, and the length of all up to the colon."""

    name: str
    length: int


def label_at(text: str, at: int) -> Label | None:
    """What could be a speaker's name at this place of a text."""
    found = _LABEL.match(text, at)
    if found is None or _kind(found["name"]) is None:
        return None
    return Label(found["name"], found.end() - at)


def find_labels(candidates: Sequence[Label]) -> frozenset[str]:
    """The names among what stands before colons, given once for each line that it opens."""
    counts = Counter(label.name for label in candidates)
    names = set()
    for name, count in counts.items():
        kind = _kind(name)
        certain = kind == "capitals" or (kind == "titled" and any(map(str.isdigit, name)))
        if certain or count > 1:
            names.add(name)
    # a play with many people, each with one line
    titled = [name for name in counts if _kind(name) == "titled"]
    if len(titled) >= 3:
        names.update(titled)
    return frozenset(names)


def _kind(name: str) -> str | None:
    """`capitals`, `titled`, `uncased`, or None for what is no name."""
    words = re.split(r"[\s_]+", name.strip())
    if words[0].rstrip(".").lower() in _NO_NAMES:
        return None
    letters = [char for char in name if char.isalpha()]
    if not any(char.isupper() or char.islower() for char in letters):
        short = len(name) <= 6 or (len(words) <= 3 and len(name) <= 20 and name[0] < "\u0e00")
        return "uncased" if short and not name.endswith(_SPEAKING) else None
    if name.isupper():
        return "capitals" if len(words) <= 5 else None
    titled = all(
        word[:1].isupper() or word[:1].isdigit() or word in _PARTICLES or word[:1] in "&#-"
        for word in words
    )
    return "titled" if titled and words[0][:1].isupper() and len(words) <= 4 else None
