"""From turns of speakers to who says which word."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from subalign.options import SpeakerTurn
from subalign.results import Segment, Transcript, Word

__all__ = ["assign_speakers", "default_name", "rename_speakers"]


_NOTHING = 1e-6  # seconds


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
    """Turns, asked for who speaks at a time."""

    def __init__(self, turns: Iterable[SpeakerTurn]) -> None:
        own: dict[str, list[SpeakerTurn]] = {}
        for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
            own.setdefault(turn.speaker, []).append(turn)
        self._speech = {name: _Speech(found) for name, found in own.items()}

    def __bool__(self) -> bool:
        return bool(self._speech)

    def speaker(self, start: float, end: float, preferred: str | None = None) -> str:
        """Who speaks most from `start` to `end`, else who is nearest; `preferred` if equal."""
        shares = {name: speech.within(start, end) for name, speech in self._speech.items()}
        most = max(shares.values())
        if most <= _NOTHING:
            middle = (start + end) / 2
            return min(self._speech, key=lambda name: self._speech[name].distance(middle))
        names = [name for name, share in shares.items() if share >= most - _NOTHING]
        return preferred if preferred in names else names[0]


class _Speech:
    """When one speaker speaks: turns in order, those that overlap made one."""

    def __init__(self, turns: Iterable[SpeakerTurn]) -> None:
        self._starts: list[float] = []
        self._ends: list[float] = []
        for turn in turns:
            if self._ends and turn.start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], turn.end)
            else:
                self._starts.append(turn.start)
                self._ends.append(turn.end)
        lengths = (end - start for start, end in zip(self._starts, self._ends, strict=True))
        self._sums = list(accumulate(lengths, initial=0.0))

    def within(self, start: float, end: float) -> float:
        """Seconds of speech between two times."""
        return self._until(end) - self._until(start)

    def _until(self, time: float) -> float:
        begun = bisect_left(self._starts, time)
        return self._sums[begun] - (max(0.0, self._ends[begun - 1] - time) if begun else 0.0)

    def distance(self, time: float) -> float:
        """Seconds from a time to the nearest speech."""
        begun = bisect_left(self._starts, time)
        around = range(max(0, begun - 1), min(len(self._starts), begun + 1))
        return min(max(self._starts[at] - time, time - self._ends[at]) for at in around)


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
