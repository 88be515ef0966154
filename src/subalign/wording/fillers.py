"""Fillers ("um", "äh"), which say nothing and may be left out of subtitles."""

import logging
import re
from collections.abc import Iterator
from functools import cache

from subalign.results import Transcript
from subalign.wording.edits import Change, Edit, edit_transcript

__all__ = ["FILLERS", "remove_fillers"]

_logger = logging.getLogger("subalign")

# What people say while they think, as Whisper writes it; never a word that may mean something.
FILLERS = {
    "cs": "e+h+m+|h+m+|é{2,}",
    "da": "ø+h+m*|æ+h+m*|ø{2,}|h+m+",
    "de": "ä+h+m*|ö+h+m*|ä{2,}|h+m+",
    "en": "u+h+|u+m+|u+h+m+|e+r+m+|er|h+m+|m{2,}",
    "es": "e+h+m+|e+m+|h+m+|m{2,}",
    "fi": "ö{2,}|öh+|ö+m+|ä{2,}|äm+|h+m+",
    "fr": "e+u+h+|heu+|h+u+m+|h+m+|m{2,}",
    "hi": "उम+|अं+|हम्म+",
    "hu": "ö{2,}|öh+m*|ő{2,}|hm+",
    "id": "e+m+|e+h+m*|h+m+",
    "it": "e+h+m+|m+h+|h+m+|m{2,}",
    "ja": "えー+っ?と|え[えぇ]*っと|ええと|えと|あのー+|うーん+と?|えー+|あー+|んー+",
    "ko": "음+|으음|어어+|에에+|흠+",
    "nl": "e+h+m*|u+h+m*|e+u+h+|h+m+",
    "no": "ø+h+m*|e+h+m*|ø{2,}|h+m+",
    "pl": "y{2,}|y+m+|e{3,}|e+m+|h+m+|m{2,}",
    "pt": "h+u+m+|h+ã+|ah+n+|h+m+|e+h+m+",
    "ru": "э+|э+м+|м{2,}|х+м+|э+-э+",  # noqa: RUF001
    "sv": "ö+h+m*|ä+h+m*|e+h+m*|ö{2,}|h+m+",
    "tr": "ı{2,}|e{3,}|ı+m+|h+m+",  # noqa: RUF001
    "uk": "е{2,}|е+м+|е+-е+|м{2,}|х+м+",  # noqa: RUF001
    "zh": "呃+",
}
_UNSPACED = frozenset({"ja", "zh"})
_ENDS = ".?!…。？！"
_PAUSES = ",，、"


@cache
def _pattern(language: str) -> re.Pattern[str]:
    filler = rf"(?:{FILLERS[language]})"
    # no part of uh-huh; where no spaces are, fillers stand before a pause or between two
    before, after = r"(?<![\w'’-])", r"(?![\w'’]|-\w)"
    if language in _UNSPACED:
        before, after = rf"(?:^|(?<=[\s{_PAUSES}{_ENDS}]))", rf"(?=[\s{_PAUSES}{_ENDS}]|$)"
    several = rf"{filler}{after}(?:[\s{_PAUSES}]+{before}{filler}{after})*"
    return re.compile(
        rf"(?P<lead>[{_PAUSES}]?)(?P<gone>\s*{before}(?P<filler>{several})"
        rf"(?P<trail>(?:[{_PAUSES}{_ENDS}]|-+(?=\s|$))*))",
        re.IGNORECASE,
    )


def remove_fillers(transcript: Transcript) -> tuple[Transcript, tuple[Change, ...]]:
    """The transcript without its language's fillers, and what was left out.

    Their commas go too, the end of a sentence stays, and the next word takes over a capital.
    """
    if transcript.language not in FILLERS:
        _logger.warning(
            "No fillers are known of the language %s: none is removed.", transcript.language
        )
        return transcript, ()
    pattern = _pattern(transcript.language)
    edited, changes = edit_transcript(transcript, lambda text, _: _edits(text, pattern))
    return edited, tuple(change for change in changes if pattern.search(change.before))


def _edits(text: str, pattern: re.Pattern[str]) -> Iterator[Edit]:
    for match in pattern.finditer(text):
        before = text[: match.start()].rstrip()
        begins = not match["lead"] and (not before or before[-1] in _ENDS)
        ending = "".join(char for char in match["trail"] if char in _ENDS)
        if not begins and match["lead"]:
            yield Edit(match.start("lead"), match.end("lead"), ending)
        elif not begins and ending:
            yield Edit(len(before) - 1, len(before), before[-1] + ending)
        yield Edit(match.start("gone"), match.end("gone"), "")
        following = text[match.end() :].lstrip()
        if begins and following[:1].islower() and match["filler"][0].isupper():
            at = len(text) - len(following)
            yield Edit(at, at + 1, following[0].upper())
