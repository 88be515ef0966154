"""From turns of speakers to who says which word."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from subalign.options import SpeakerTurn
from subalign.results import Segment, Transcript, Word

__all__ = ["assign_speakers", "default_name", "rename_speakers"]


def default_name(number: int) -> str:
    """What the speaker of this number, from 0, is called: A to Z, then AA."""
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def assign_speakers(transcript: Transcript, turns: Iterable[SpeakerTurn]) -> Transcript:
    """The transcript with the speaker of each word, and of each segment.

    A word is said by who speaks most of its time; between turns, by who is nearest. A segment has
    the speaker who says most of it, by the time that the words take.
    """
    found = _Turns(turns)
    if not found:
        return transcript
    segments = tuple(_with_speakers(segment, found) for segment in transcript.segments)
    return replace(transcript, segments=segments)


def _with_speakers(segment: Segment, turns: "_Turns") -> Segment:
    if segment.words is None:
        return replace(segment, speaker=turns.speaker(segment.start, segment.end))
    words: list[Word] = []
    times: defaultdict[str, float] = defaultdict(float)
    for word in segment.words:
        last = words[-1].speaker if words else None
        speaker = turns.speaker(word.start, word.end, preferred=last)
        times[speaker] += max(0.001, word.end - word.start)
        words.append(replace(word, speaker=speaker))
    most = max(times, key=lambda name: times[name]) if times else None
    return replace(segment, words=tuple(words), speaker=most)


class _Turns:
    """Turns by their starts, asked for those at a time."""

    def __init__(self, turns: Iterable[SpeakerTurn]) -> None:
        self._turns = sorted(turns, key=lambda turn: (turn.start, turn.end))
        self._starts = [turn.start for turn in self._turns]
        # of each turn and all before it, the one that ends last
        self._latest = list(accumulate(self._turns, _later))
        self._ends = [turn.end for turn in self._latest]  # never fall

    def __bool__(self) -> bool:
        return bool(self._turns)

    def speaker(self, start: float, end: float, preferred: str | None = None) -> str:
        """Who speaks most from `start` to `end`, else who is nearest; `preferred` if equal."""
        first = bisect_left(self._ends, start)
        last = max(first, bisect_left(self._starts, end))
        shares: defaultdict[str, float] = defaultdict(float)
        for turn in self._turns[first:last]:
            shares[turn.speaker] += max(0.0, min(end, turn.end) - max(start, turn.start))
        most = max(shares.values(), default=0.0)
        if most > 0:
            names = [name for name, share in shares.items() if share >= most - 1e-6]
            return preferred if preferred in names else names[0]
        return self._nearest((start + end) / 2, first)

    def _nearest(self, time: float, place: int) -> str:
        around = [*self._latest[:place][-1:], *self._turns[place : place + 1]]
        return min(around, key=lambda turn: max(turn.start - time, time - turn.end)).speaker


def _later(one: SpeakerTurn, other: SpeakerTurn) -> SpeakerTurn:
    return other if other.end >= one.end else one


def rename_speakers(transcript: Transcript, names: Mapping[str, str]) -> Transcript:
    """The transcript with other names; speakers that `names` does not have keep theirs."""
    if not names:
        return transcript

    def renamed(speaker: str | None) -> str | None:
        return None if speaker is None else names.get(speaker, speaker)

    def segment_of(segment: Segment) -> Segment:
        words: Sequence[Word] | None = segment.words
        if words is not None:
            words = tuple(replace(word, speaker=renamed(word.speaker)) for word in words)
        return replace(segment, words=words, speaker=renamed(segment.speaker))

    return replace(transcript, segments=tuple(map(segment_of, transcript.segments)))
