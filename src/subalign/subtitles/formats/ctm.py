"""Time-marked conversations (`.ctm`), as NIST's scoring tool SCTK reads them.

https://github.com/usnistgov/SCTK/blob/master/doc/infmts.htm; with speakers as in "The 2009 (RT-09)
Rich Transcription Meeting Recognition Evaluation Plan", appendix C.
"""

import math
import re
import unicodedata
from collections.abc import Iterator

from subalign.results import Transcript, Word
from subalign.subtitles.formats.base import ResultWriter, segment_span, word_span
from subalign.subtitles.timecode import seconds_text

__all__ = ["CTMWriter"]

_CHANNEL = "1"
_SAID = "%‰#&@§"  # punctuation by Unicode's word, but said
_COMMENT = re.compile(";{2,}")


class CTMWriter(ResultWriter):
    """A row for each word: recording, channel, start, duration, word, confidence.

    Times are seconds; the confidence is the word's probability, NA where there is none. Words stand
    without the punctuation around them, as scoring compares words; that of abbreviations stays.
    Fields are parted by spaces, so that a space within a word or the recording's name is written
    `_`. Two semicolons, which begin a comment, become one. A segment whose words were not timed is
    a comment. Where it is known who speaks, the word's kind (`lex`) and speaker follow, as NIST's
    evaluations have them.
    """

    extension = "ctm"

    def render(self, transcript: Transcript) -> Iterator[str]:
        recording = _field(self.recording) or "recording"
        for segment in transcript.segments:
            if segment.words:
                for word in segment.words:
                    yield from _rows(recording, word)
            else:
                span = segment_span(segment)
                times = f"{seconds_text(span.start_ms)} {seconds_text(span.end_ms)}"
                if span.text:
                    yield f";; {recording} {_CHANNEL} {times} {span.text}\n"


def _rows(recording: str, word: Word) -> Iterator[str]:
    span = word_span(word)
    if text := _field(_bare(span.text)):
        times = f"{seconds_text(span.start_ms)} {seconds_text(span.end_ms - span.start_ms)}"
        sure = f"{word.probability:.4f}" if math.isfinite(word.probability) else "NA"
        speaker = f" lex {_field(word.speaker)}" if word.speaker else ""
        yield f"{recording} {_CHANNEL} {times} {text} {sure}{speaker}\n"


def _bare(text: str) -> str:
    """A word without the punctuation around it, "" for what is nothing else."""
    first = next((at for at, char in enumerate(text) if not _is_punctuation(char)), len(text))
    end = next(
        (at for at in range(len(text), first, -1) if not _is_punctuation(text[at - 1])), first
    )
    word = text[first:end]
    return text[first : end + 1] if "." in word and text[end : end + 1] == "." else word


def _is_punctuation(char: str) -> bool:
    return unicodedata.category(char).startswith("P") and char not in _SAID


def _field(text: str) -> str:
    return "_".join(_COMMENT.sub(";", text).split())
