"""Who speaks in a recording: what is asked for, found while it is read, and told of its words."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from subalign.audio import is_address
from subalign.audio.source import address_name, resolve_source
from subalign.errors import InputError, UsageError
from subalign.options import AudioOptions, SpeakerOptions, SpeakerTurn
from subalign.results import Transcript
from subalign.speakers.turns import assign_speakers, rename_speakers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SpeakerFinder", "SpeakerNames", "Speakers", "speaker_options"]

# who speaks: what `speaker_options` knows
Speakers = str | os.PathLike[str] | None

# what speakers are called, by the names that they have without
SpeakerNames = Mapping[str, str] | Sequence[tuple[str, str]]


def speaker_options(speakers: Speakers, speaker_names: SpeakerNames = ()) -> SpeakerOptions:
    """What `speakers` asks for: `channels`, or a file of RTTM, which is read.

    Raises:
        InputError: the file cannot be read, or holds no turns.
        UsageError: it is none of these.
    """
    pairs = tuple(dict(speaker_names).items())
    if speakers is None:
        return SpeakerOptions(speaker_names=pairs)
    if speakers == "channels":
        return SpeakerOptions(speakers="channels", speaker_names=pairs)
    if not str(speakers).lower().endswith(".rttm"):
        raise UsageError(
            f"`speakers` takes channels or a file of RTTM (NAME.rttm), not {str(speakers)!r}."
        )
    from subalign.speakers.rttm import parse_rttm
    from subalign.subtitles.files.encodings import file_label, read_text_file

    advice = "give turns of speakers as RTTM"
    found = read_text_file(speakers, noun="file of speakers", endings=".rttm", advice=advice)
    return SpeakerOptions(
        speakers=parse_rttm(found.text, file_label(speakers)), speaker_names=pairs
    )


class SpeakerFinder:
    """Finds who speaks in one recording, `source`; it may be asked once that has been read."""

    def __init__(self, options: SpeakerOptions, source: Any, audio: AudioOptions) -> None:
        self._options = options
        self._source = source
        self._audio = audio
        self._turns: Sequence[SpeakerTurn] = ()
        if options.speakers == "channels":
            self._check_channels()

    def listen(self, blocks: "Iterator[NDArray[np.float32]]") -> "Iterator[NDArray[np.float32]]":
        """The same blocks of mono samples at 16 kHz, heard on their way."""
        return blocks

    def prepare(self, duration: float) -> None:
        """Look for what can be known before there are words; `duration` is in seconds.

        Raises:
            InputError: the recording has one channel alone, or the given turns are not its.
        """
        from subalign.speakers.rttm import turns_of_recording

        if self._options.speakers == "channels":
            self._turns = self._by_channel()
        elif self._options.speakers is not None:
            file = self._options.speakers
            stem, label = self._stem(), self._label()
            self._turns = turns_of_recording(file, stem, duration, label)

    def label(self, transcript: Transcript) -> Transcript:
        """The transcript with the speakers of its words, under the names that are wanted."""
        if self._options.speakers is None:
            return transcript
        found = assign_speakers(transcript, self._turns)
        return rename_speakers(found, dict(self._options.speaker_names))

    def _check_channels(self) -> None:
        if self._audio.channel is not None:
            raise UsageError("`speakers=channels` hears all channels: leave `channel` out.")
        if not isinstance(self._source, (str, os.PathLike)) or self._source == "-":
            raise UsageError(
                "`speakers=channels` reads the recording once for each channel: name a file."
            )

    def _by_channel(self) -> list[SpeakerTurn]:
        from subalign.audio import open_audio
        from subalign.speakers.channels import channel_levels, turns_by_channel

        levels: list[NDArray[np.float32]] = []
        count = 1
        while len(levels) < count:
            options = replace(self._audio, channel=len(levels) + 1)
            with open_audio(self._source, options=options) as stream:
                count = stream.n_channels or count
                if count == 1:
                    raise InputError(
                        f"{stream.label} has one channel, so that `speakers=channels` cannot tell "
                        "its speakers apart."
                    )
                levels.append(channel_levels(stream))
        return turns_by_channel(levels)

    def _label(self) -> str:
        if isinstance(self._source, (str, os.PathLike)):
            return resolve_source(self._source).label if self._source != "-" else "Standard input"
        return str(getattr(self._source, "name", "the recording"))

    def _stem(self) -> str:
        if not isinstance(self._source, (str, os.PathLike)):
            return ""
        name = os.fspath(self._source)
        if is_address(name):
            name = address_name(name)[0]
        return PurePath(name).stem
