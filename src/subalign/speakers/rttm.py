"""Turns of speakers as RTTM has them, NIST's format that tools for diarisation write.

"The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", appendix A.
"""

import math

from subalign.errors import InputError
from subalign.options import SpeakerTurn, TurnFile

__all__ = ["parse_rttm", "turns_of_recording"]

_FIELDS = "SPEAKER, recording, channel, start, duration, <NA>, <NA> and the speaker's name"
_BEYOND = 1.0  # seconds after the recording's end in which a turn may begin, as clocks differ
_NAMED = 3  # recordings in a message


def parse_rttm(text: str, label: str) -> TurnFile:
    """The turns of a file's text by recording; `label` is the file's name for messages.

    Rows of other kinds than SPEAKER, comments (;;) and turns without duration are passed over.

    Raises:
        InputError: a row makes no sense, or there is no turn.
    """
    found: dict[str, list[SpeakerTurn]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        turn = _turn(fields)
        if turn is None:
            raise InputError(
                f"{label} has no turn of a speaker in line {number}: a row of RTTM is {_FIELDS}."
            )
        if turn.end > turn.start:
            found.setdefault(fields[1], []).append(turn)
    if not found:
        raise InputError(f"{label} holds no turns of speakers: a row of RTTM is {_FIELDS}.")
    return TurnFile(label, tuple((name, tuple(turns)) for name, turns in found.items()))


def _turn(fields: list[str]) -> SpeakerTurn | None:
    try:
        start, duration = float(fields[3]), float(fields[4])
        speaker = fields[7]
    except (IndexError, ValueError):
        return None
    if not (0 <= start < math.inf and 0 <= duration < math.inf):
        return None
    return SpeakerTurn(start, start + duration, speaker)


def turns_of_recording(
    file: TurnFile, stem: str, duration: float, label: str
) -> tuple[SpeakerTurn, ...]:
    """The turns of the recording whose name without its ending is `stem`, or of the only one.

    `duration` is in seconds, `label` the recording's name for messages.

    Raises:
        InputError: the file is of other recordings, or of a longer one.
    """
    recordings = dict(file.recordings)
    if len(recordings) > 1 and stem not in recordings:
        names = ", ".join(list(recordings)[:_NAMED])
        more = " and others" if len(recordings) > _NAMED else ""
        raise InputError(
            f"{file.label} is of the recordings {names}{more}, none of which is {stem}: name the "
            "recording as the file does."
        )
    turns = recordings[stem] if stem in recordings else file.recordings[0][1]
    last = max(turn.start for turn in turns)
    if last > duration + _BEYOND:
        raise InputError(
            f"{file.label} has a turn at {last:.1f} s, but {label} lasts {duration:.1f} s: check "
            "that the two belong together."
        )
    return turns
