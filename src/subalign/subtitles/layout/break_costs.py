# ruff: noqa: RUF001 (punctuation of many scripts)
"""What a break between two words costs, by what stands on either side of it.

The costs are on the scale of the segmenter's balance of lines, which is in squared columns: two
lines that differ by 10 columns cost 25, by 20 columns 100.

Both questions, whether a line may break and what that costs, are tables of rules, of which the
first that holds is taken. The page's script has the same tables, as JSON (`rules_for_page`), so
that what is edited there is wrapped as here.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

from subalign.characters import UNSPACED_RANGES, is_unspaced
from subalign.subtitles.layout.function_words import FUNCTION_WORDS, FunctionWords

__all__ = ["SENTENCE", "BreakCosts", "break_cost", "can_break", "rules_for_page"]

SENTENCE = 0  # The cost after the end of a sentence, and of nothing else.


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakCosts:
    """What other breaks cost; chosen on cases (tests/subtitles/layout), not measured."""

    clause: int = 12
    before_link: int = 30
    neutral: int = 80
    after_lead: int = 180
    after_link: int = 280
    after_article: int = 340
    in_name: int = 300
    in_number: int = 380
    after_abbreviation: int = 420


_COSTS = BreakCosts()

# Kinsoku (JIS X 4051, JLREQ 3.1.7): what no line begins with, and what none ends with. Small kana,
# the prolonged sound mark, iteration marks and closing punctuation; opening brackets.
_NO_START = frozenset(
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿーゝゞヽヾ々〻"
    "、。，．・：；？！‼⁇⁈⁉…‥〜～゠ゟヿ）］｝」』】〕〉》〗〙〟’”｠»›)]}%％°‰℃,.:;?!"
    "ๆฯะาำๅฺ์็่้๊๋"
)
_NO_END = frozenset("（［｛「『【〔〈《〖〘〝‘“｟«‹([{¿¡$€£¥￥＄№เแโใไ")
_CLOSERS = "\"'”’»›)]}）］｝」』】〕〉》♪"
_OPENERS = "\"'“‘«‹([{（［「『【¿¡♪"
_SENTENCE_ENDS = frozenset(".?!…。？！؟۔।॥።።‼⁇⁈⁉")
_CLAUSE_ENDS = frozenset(",;:—–、，；：،؛・")
_GRAMMAR_TAILS = frozenset("的了吗呢吧啊着过们地得嘛呀")  # Chinese: lean on what is before them
_CHINESE_LINKS = frozenset("和与或但而因所如虽在从把被对为跟")
_ABBREVIATIONS_OF_ALL = frozenset().union(
    *(words.abbreviations for words in FUNCTION_WORDS.values())
)
_NO_WORDS = FunctionWords()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """A value, and what has to hold for it: of each side named, a test by its name.

    Of what stands before the break, `tail` is the last character and `before` all. Without closing
    quotes and brackets, `last` is the last character, `end` the rest in lower case without opening
    ones and `begin` its first character as written; `closed` is the closing mark that was left off.
    Of what stands after the break, `head` is the first character and `after` all. Without opening
    quotes and brackets, `first` is the first character, `beginning` the rest, and `next` that in
    lower case and without its closing punctuation. `gap` is "space" between the two, else "script"
    where one of them is of a script without spaces, else "none".
    """

    value: int
    gap: str = ""
    tail: str = ""
    before: str = ""
    last: str = ""
    end: str = ""
    begin: str = ""
    closed: str = ""
    head: str = ""
    after: str = ""
    first: str = ""
    beginning: str = ""
    next: str = ""


# Characters one by one.
_SETS: Mapping[str, frozenset[str]] = {
    "no start": _NO_START,
    "no end": _NO_END,
    "closer": frozenset(_CLOSERS),
    "closer but apostrophes": frozenset(_CLOSERS) - frozenset("'’"),
    "opener": frozenset(_OPENERS),
    "bracket": frozenset("(（[«“"),
    "sentence end": _SENTENCE_ENDS,
    "clause end": _CLAUSE_ENDS,
    "comma": frozenset(","),
    "colon": frozenset(":"),
    "dash": frozenset("—"),
    "joiner": frozenset("\u200d"),
    "joiner or selector": frozenset("\u200d\ufe0f"),
    "grammar tail": _GRAMMAR_TAILS,
    "Chinese link": _CHINESE_LINKS,
    "honorific": frozenset("おご"),
    "hatsuon": frozenset("ん"),
    "not spaced": frozenset(("none", "script")),
    "space": frozenset(("space",)),
    "script": frozenset(("script",)),
    "lone capital": frozenset(("i", "ok", "okay", "yes", "no")),
}

# Kinds of characters: the test, and the same as a class of JavaScript's regular expressions.
_KINDS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "digit": (str.isdecimal, r"\p{Nd}"),
    "letter or digit": (str.isalnum, r"\p{L}\p{N}"),
    "capital": (str.isupper, r"\p{Uppercase}"),
    "small": (str.islower, r"\p{Lowercase}"),
    "mark": (lambda char: char != "" and unicodedata.category(char)[0] == "M", r"\p{M}"),
}

_HIRAGANA = ((0x3040, 0x309F),)
_KATAKANA = ((0x30A0, 0x30FF),)
_KANJI = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_RANGES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "unspaced": UNSPACED_RANGES,
    "hiragana": _HIRAGANA,
    "katakana": _KATAKANA,
    "kanji": _KANJI,
}

# Of whole words; {letter} and {digit} are what either language writes for them.
_PATTERNS: Mapping[str, str] = {
    "initials": r"^(?:{letter}\.)+",
    "only initials": r"^(?!i\.$)(?:{letter}\.)+$",
    "number with a stop": r"^{digit}+\.$",
    "may go on": r"[.…]$",
    "apostrophe": r"['’]$",
    "one character": r"^.$",
    "closing": r"^[?!:;%»›\u2026,.)\]}”’]+$",
}

_PARTS = (
    _Rule(gap="space", head="not letter or digit", after="closing", value=False),
    _Rule(gap="space", before="one character", tail="no end", value=False),
    _Rule(gap="space", value=True),
    _Rule(head="no start", value=False),
    _Rule(tail="no end", value=False),
    _Rule(gap="script", head="mark", value=False),
    _Rule(gap="script", head="closer", value=False),
    _Rule(gap="script", tail="opener", value=False),
    _Rule(gap="script", head="joiner or selector", value=False),
    _Rule(gap="script", tail="joiner", value=False),
    _Rule(gap="script", value=True),
    _Rule(tail="dash", value=True),
    _Rule(value=False),
)

# A full stop may belong to an abbreviation, three to a sentence that goes on.
_AFTER_STOPS = (
    _Rule(last="sentence end", end="abbreviations", value=_COSTS.after_abbreviation),
    _Rule(last="sentence end", end="only initials", value=_COSTS.after_abbreviation),
    _Rule(last="sentence end", end="number with a stop", first="small", value=_COSTS.in_number),
    _Rule(last="sentence end", end="may go on", first="small", value=_COSTS.clause),
    _Rule(last="sentence end", value=SENTENCE),
)
_AFTER_CLAUSES = (
    _Rule(last="comma", beginning="initials", value=_COSTS.in_name),  # "Washington, D.C."
    _Rule(last="colon", first="digit", gap="not spaced", value=_COSTS.in_number),
    _Rule(last="clause end", value=_COSTS.clause),
    _Rule(closed="closer but apostrophes", value=_COSTS.clause),
)
_IN_NUMBERS = (
    _Rule(last="digit", first="digit", value=_COSTS.in_number),
    _Rule(last="digit", first="not letter or digit", value=_COSTS.in_number),
    _Rule(last="digit", gap="not spaced", value=_COSTS.in_number),
)
# Between characters of Chinese, Japanese, Thai: phrases begin with kanji or katakana. Japanese
# particles and endings are hiragana, so a phrase mostly ends with one.
_UNSPACED = (
    _Rule(gap="script", first="hatsuon", value=_COSTS.in_number),
    _Rule(gap="script", first="grammar tail", value=_COSTS.after_article),
    _Rule(gap="script", last="honorific", first="kanji", value=_COSTS.after_article),
    _Rule(gap="script", last="Chinese link", first="kanji", value=_COSTS.after_link),
    _Rule(gap="script", last="kanji", first="Chinese link", value=_COSTS.before_link),
    _Rule(gap="script", last="hiragana", first="kanji", value=_COSTS.before_link),
    _Rule(gap="script", last="hiragana", first="katakana", value=_COSTS.before_link),
    _Rule(gap="script", last="hiragana", first="not unspaced", value=_COSTS.before_link),
    _Rule(gap="script", last="katakana", first="katakana", value=_COSTS.in_name),
    _Rule(gap="script", last="not unspaced", value=_COSTS.in_name),
    _Rule(gap="script", first="not unspaced", value=_COSTS.in_name),
    _Rule(gap="script", first="hiragana", value=_COSTS.after_link),
    _Rule(gap="script", value=2 * _COSTS.neutral),
)
_LEANING = (
    _Rule(end="articles", value=_COSTS.after_article),
    _Rule(end="links", value=_COSTS.after_link),
    _Rule(last="digit", value=_COSTS.after_link),  # a unit, or what is counted
    _Rule(end="leads", value=_COSTS.after_lead),
    _Rule(end="apostrophe", value=_COSTS.after_lead),
)
_IN_NAMES = (
    _Rule(begin="capital", first="capital", end="lone capital", value=_COSTS.neutral),
    _Rule(begin="capital", first="capital", value=_COSTS.in_name),
)
_OTHERS = (
    _Rule(next="links", value=_COSTS.before_link),
    _Rule(first="bracket", value=_COSTS.before_link),
    _Rule(value=_COSTS.neutral),
)


def can_break(before: str, after: str, *, spaced: bool) -> bool:
    """Whether a line may end between two words, `spaced` where a space stands there.

    Words of scripts without spaces part anywhere that kinsoku allows; Thai and Lao vowels stay
    with their consonants.
    """
    tail, head = before[-1:], after[:1]
    sides = {
        "gap": _gap(tail, head, spaced), "tail": tail, "head": head,
        "before": before, "after": after,
    }  # fmt: skip
    return bool(_first(_PART_TESTS, sides))


@lru_cache(200_000)
def break_cost(before: str, after: str, language: str, spaced: bool) -> int:
    """What ending a line between two words costs, `SENTENCE` after the end of a sentence.

    `language` is Whisper's code; of an unknown language only punctuation, numbers and names count.
    """
    ending = before.rstrip(_CLOSERS) or before
    beginning = after.lstrip(_OPENERS) or after
    last, first = ending[-1:], beginning[:1]
    sides = {
        "gap": _gap(last, first, spaced),
        "last": last,
        "end": ending.lower().lstrip(_OPENERS),
        "begin": ending.lstrip(_OPENERS)[:1],
        "closed": before[-1:] if ending != before else "",
        "first": first,
        "beginning": beginning,
        "next": beginning.lower().rstrip(".,;:?!"),
    }
    return _first(_cost_tests(language), sides)


def rules_for_page(language: str) -> Mapping[str, object]:
    """Everything that `can_break` and `break_cost` go by, for JSON.

    Regular expressions are JavaScript's, with its flag u.
    """
    ranges = {name: _class_of(found) for name, found in _RANGES.items()}
    kinds = {name: pattern for name, (_, pattern) in _KINDS.items()}
    words = _word_sets(language)
    return {
        "parts": list(map(_as_json, _PARTS)),
        "costs": list(map(_as_json, _cost_rules(language))),
        "sets": {name: sorted(values) for name, values in {**_SETS, **words}.items()},
        "patterns": {
            **{name: f"^[{found}]$" for name, found in (kinds | ranges).items()},
            **{name: _pattern(name, r"\p{L}", r"\p{Nd}") for name in _PATTERNS},
        },
        "closers": _CLOSERS,
        "openers": _OPENERS,
        "sentence": SENTENCE,
    }


_Test = Callable[[str], object]
_Tests = Sequence[tuple[int, Sequence[tuple[str, _Test]]]]


def _gap(last: str, first: str, spaced: bool) -> str:
    if spaced:
        return "space"
    return "script" if (first and is_unspaced(first)) or (last and is_unspaced(last)) else "none"


def _first(rules: _Tests, sides: Mapping[str, str]) -> int:
    """The value of the first rule that holds."""
    for value, tests in rules:
        for side, test in tests:
            if not test(sides[side]):
                break
        else:
            return value
    raise AssertionError("the last rule always holds")


def _cost_rules(language: str) -> tuple[_Rule, ...]:
    names = () if language == "de" else _IN_NAMES  # German nouns have capitals
    return _AFTER_STOPS + _AFTER_CLAUSES + _IN_NUMBERS + _UNSPACED + _LEANING + names + _OTHERS


def _word_sets(language: str) -> dict[str, frozenset[str]]:
    words = FUNCTION_WORDS.get(language, _NO_WORDS)
    return {
        "articles": words.articles,
        "links": words.links,
        "leads": words.leads,
        "abbreviations": words.abbreviations or _ABBREVIATIONS_OF_ALL,
    }


@lru_cache
def _cost_tests(language: str) -> _Tests:
    return _tests(_cost_rules(language), _word_sets(language))


def _tests(rules: Iterable[_Rule], words: Mapping[str, frozenset[str]]) -> _Tests:
    sets = {**_SETS, **words}
    return [
        (int(rule.value), [(side, _test(name, sets)) for side, name in _conditions(rule)])
        for rule in rules
    ]


def _conditions(rule: _Rule) -> list[tuple[str, str]]:
    return [(side, name) for side, name in asdict(rule).items() if side != "value" and name]


def _test(name: str, sets: Mapping[str, frozenset[str]]) -> _Test:
    if name.startswith("not ") and name not in sets:
        positive = _test(name.removeprefix("not "), sets)
        return lambda text: not positive(text)
    if name in sets:
        return sets[name].__contains__
    if name in _KINDS:
        return _KINDS[name][0]
    if name in _RANGES:
        return re.compile(f"[{_class_of(_RANGES[name])}]").match
    return re.compile(_pattern(name, r"[^\W\d_]", r"\d")).search


def _pattern(name: str, letter: str, digit: str) -> str:
    return _PATTERNS[name].replace("{letter}", letter).replace("{digit}", digit)


def _class_of(ranges: Iterable[tuple[int, int]]) -> str:
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


def _as_json(rule: _Rule) -> object:
    return [int(rule.value), dict(_conditions(rule))]


_PART_TESTS = _tests(_PARTS, {})
