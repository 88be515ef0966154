# ruff: noqa: RUF001 (punctuation of many scripts)
"""What a break between two words costs, by what stands on either side of it.

The costs are on the scale of the segmenter's balance of lines, which is in squared columns: two
lines that differ by 10 columns cost 25, by 20 columns 100.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from subalign.characters import is_unspaced
from subalign.subtitles.layout.function_words import FUNCTION_WORDS, FunctionWords

__all__ = ["SENTENCE", "BreakCosts", "break_cost", "can_break"]

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
_INITIALS = re.compile(r"(?:[^\W\d_]\.){1,}", re.UNICODE)
_NO_SPACE_BEFORE = re.compile(r"[?!:;%»›\u2026,.)\]}”’]+$")
_GRAMMAR_TAILS = frozenset("的了吗呢吧啊着过们地得嘛呀")  # Chinese: lean on what is before them
_CHINESE_LINKS = frozenset("和与或但而因所如虽在从把被对为跟")
_ABBREVIATIONS_OF_ALL = frozenset().union(
    *(words.abbreviations for words in FUNCTION_WORDS.values())
)
_NO_WORDS = FunctionWords()


def can_break(before: str, after: str, *, spaced: bool) -> bool:
    """Whether a line may end between two words, `spaced` where a space stands there.

    Words of scripts without spaces part anywhere that kinsoku allows; Thai and Lao vowels stay
    with their consonants.
    """
    last, first = before[-1:], after[:1]
    if spaced:
        attaches = not first.isalnum() and _NO_SPACE_BEFORE.match(after)
        return not (attaches or (len(before) == 1 and last in _NO_END))
    if first in _NO_START or last in _NO_END:
        return False
    if is_unspaced(first) or is_unspaced(last):
        return not (
            unicodedata.category(first).startswith("M")
            or (first in _CLOSERS or last in _OPENERS)
            or "\u200d" in (first, last)
            or first == "\ufe0f"
        )
    return last == "—"


@lru_cache(200_000)
def break_cost(before: str, after: str, language: str, spaced: bool) -> int:
    """What ending a line between two words costs, `SENTENCE` after the end of a sentence.

    `language` is Whisper's code; of an unknown language only punctuation, numbers and names count.
    """
    words = FUNCTION_WORDS.get(language, _NO_WORDS)
    ending = before.rstrip(_CLOSERS) or before
    beginning = after.lstrip(_OPENERS) or after
    last, first = ending[-1:], beginning[:1]
    lowered = ending.lower().lstrip(_OPENERS)
    if last in _SENTENCE_ENDS:
        return _after_full_stop(lowered, first, words)
    if last == "," and _INITIALS.match(beginning):  # "Washington, D.C."
        return _COSTS.in_name
    if last in _CLAUSE_ENDS or (last and ending != before and before[-1] not in "'’"):
        return _COSTS.in_number if last == ":" and first.isdigit() and not spaced else _COSTS.clause
    if last.isdigit() and (first.isdigit() or not first.isalnum() or not spaced):
        return _COSTS.in_number
    if not spaced and (is_unspaced(first) or is_unspaced(last)):
        return _unspaced_cost(last, first)
    if lowered in words.articles:
        return _COSTS.after_article
    if lowered in words.links:
        return _COSTS.after_link
    if last.isdigit():  # a unit, or what is counted
        return _COSTS.after_link
    if lowered in words.leads or lowered.endswith(("'", "’")):
        return _COSTS.after_lead
    if language != "de" and first.isupper() and ending.lstrip(_OPENERS)[:1].isupper():
        return _COSTS.in_name if lowered not in ("i", "ok", "okay", "yes", "no") else _COSTS.neutral
    if beginning.lower().rstrip(".,;:?!") in words.links or first in "(（[«“":
        return _COSTS.before_link
    return _COSTS.neutral


def _after_full_stop(lowered: str, first: str, words: FunctionWords) -> int:
    """A full stop may belong to an abbreviation, three to a sentence that goes on."""
    if lowered.endswith("."):
        known = words.abbreviations or _ABBREVIATIONS_OF_ALL
        if lowered in known or (_INITIALS.fullmatch(lowered) and lowered != "i."):
            return _COSTS.after_abbreviation
        if lowered[:-1].isdigit() and first.islower():  # "am 3. mai"
            return _COSTS.in_number
    if first.islower() and lowered.endswith(("...", "…", ".")):
        return _COSTS.clause
    return SENTENCE


def _unspaced_cost(last: str, first: str) -> int:
    """Between characters of Chinese, Japanese, Thai: phrases begin with kanji or katakana.

    Japanese particles and endings are hiragana, so a phrase mostly ends with one.
    """
    before, after = _script(last), _script(first)
    if first == "ん":
        return _COSTS.in_number
    if first in _GRAMMAR_TAILS or (last in "おご" and after == "kanji"):
        return _COSTS.after_article
    if last in _CHINESE_LINKS and after == "kanji":
        return _COSTS.after_link
    if first in _CHINESE_LINKS and before == "kanji":
        return _COSTS.before_link
    if before == "hiragana" and after in ("kanji", "katakana", "latin"):
        return _COSTS.before_link
    if before == after == "katakana" or "latin" in (before, after):
        return _COSTS.in_name
    if after == "hiragana":
        return _COSTS.after_link
    return _COSTS.neutral * 2


def _script(char: str) -> str:
    code = ord(char) if char else 0
    if 0x3040 <= code <= 0x309F:
        return "hiragana"
    if 0x30A0 <= code <= 0x30FF:
        return "katakana"
    if 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or code >= 0x20000:
        return "kanji"
    return "other" if is_unspaced(char) else "latin"
