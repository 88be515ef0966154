"""Who speaks in a recording: what is asked for, found while it is read, and told of its words."""

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from subalign.audio import is_address
from subalign.audio.source import address_name, resolve_source
from subalign.errors import InputError, UsageError
from subalign.options import AudioOptions, SpeakerOptions, SpeakerTurn, TurnFile
from subalign.results import Segment, Transcript
from subalign.speakers.turns import assign_speakers, default_name, rename_speakers
from subalign.speakers.voices import Voices, check_voices, hear_voices
from subalign.subtitles.tags import one_voice, without_voices

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from subalign.audio.voice_activity import SpeechDetector

__all__ = ["SpeakerFinder", "SpeakerNames", "Speakers", "speaker_options"]

_logger = logging.getLogger("subalign")

# who speaks: what `speaker_options` knows
Speakers = str | int | os.PathLike[str] | None

# what speakers are called, by the names that they have without
SpeakerNames = Mapping[str, str] | Sequence[tuple[str, str]]


def speaker_options(speakers: Speakers, speaker_names: SpeakerNames = ()) -> SpeakerOptions:
    """What `speakers` asks for: `auto`, a number, `channels`, or a file of RTTM, which is read.

    Raises:
        InputError: the file cannot be read, or holds no turns.
        UsageError: it is none of these, or nothing here tells voices apart.
    """
    pairs = tuple(dict(speaker_names).items())
    asked = str(speakers) if isinstance(speakers, (str, int)) else ""
    if speakers is None:
        return SpeakerOptions(speaker_names=pairs)
    if asked == "channels":
        return SpeakerOptions(speakers="channels", speaker_names=pairs)
    if asked == "auto" or re.fullmatch("-?[0-9]{1,9}", asked):
        check_voices()
        by_voice: Literal["auto"] | int = "auto" if asked == "auto" else int(asked)
        return SpeakerOptions(speakers=by_voice, speaker_names=pairs)
    if isinstance(speakers, int) or not str(speakers).lower().endswith(".rttm"):
        raise UsageError(
            "`speakers` takes auto, a number, channels, or a file of RTTM (NAME.rttm), not "
            f"{str(speakers)!r}."
        )
    from subalign.speakers.rttm import parse_rttm
    from subalign.subtitles.files.encodings import file_label, read_text_file

    advice = "give turns of speakers as RTTM"
    found = read_text_file(speakers, noun="file of speakers", endings=".rttm", advice=advice)
    return SpeakerOptions(
        speakers=parse_rttm(found.text, file_label(speakers)), speaker_names=pairs
    )


def speakers_of_voices(transcript: Transcript) -> Transcript:
    """The transcript in which the voices of a given WebVTT file are the words' speakers.

    Their tags go; of a segment with several voices they stay.
    """
    segments = tuple(map(_of_its_voice, transcript.segments))
    text = "".join(segment.text for segment in segments)
    return replace(transcript, text=text, segments=segments)


def _of_its_voice(segment: Segment) -> Segment:
    voice, text = one_voice(segment.text)
    if voice is None:
        return segment
    words = tuple(
        replace(
            word,
            before=without_voices(word.before),
            after=without_voices(word.after),
            speaker=voice,
        )
        for word in segment.words or ()
    )
    space = segment.text[: len(segment.text) - len(segment.text.lstrip())]
    return replace(segment, text=space + text, words=words, speaker=voice)


class SpeakerFinder:
    """Finds who speaks in one recording, `source`; it may be asked once that has been read.

    A `detector` is what hears speech in it anyway; `device` is where networks may compute.
    """

    def __init__(
        self,
        options: SpeakerOptions,
        source: Any,
        audio: AudioOptions,
        device: "torch.device",
        detector: "SpeechDetector | None" = None,
    ) -> None:
        self._options = options
        self._source = source
        self._audio = audio
        self._turns: Sequence[SpeakerTurn] = ()
        self._voices: Voices | None = None
        if options.speakers == "channels":
            self._check_channels()
        elif options.by_voice:
            self._voices = hear_voices(device, detector, self._label())

    def listen(self, blocks: "Iterator[NDArray[np.float32]]") -> "Iterator[NDArray[np.float32]]":
        """The same blocks of mono samples at 16 kHz, heard on their way."""
        return blocks if self._voices is None else self._voices.listen(blocks)

    def prepare(self, duration: float) -> None:
        """Look for what can be known before there are words; `duration` is in seconds.

        Raises:
            InputError: the recording has one channel alone, the given turns are not its, or its
                voices cannot be heard.
        """
        from subalign.speakers.rttm import turns_of_recording

        if self._voices is not None:
            self._turns = self._by_voice(self._voices)
        elif self._options.speakers == "channels":
            self._turns = self._by_channel()
        elif isinstance(file := self._options.speakers, TurnFile):
            stem, label = self._stem(), self._label()
            self._turns = turns_of_recording(file, stem, duration, label)

    def label(self, transcript: Transcript) -> Transcript:
        """The transcript with the speakers of its words, under the names that are wanted."""
        names = dict(self._options.speaker_names)
        if self._options.speakers is None:
            return rename_speakers(transcript, names)
        if transcript.segments and not self._turns:
            _logger.warning("No voice is heard in %s: its words are nobody's.", self._label())
        found = assign_speakers(transcript, self._turns)
        if self._options.by_voice:  # whoever has the first word is A
            letters = map(default_name, range(len(found.speakers)))
            found = rename_speakers(found, dict(zip(found.speakers, letters, strict=True)))
        return rename_speakers(found, names)

    def _check_channels(self) -> None:
        if self._audio.channel is not None:
            raise UsageError("`speakers=channels` hears all channels: leave `channel` out.")
        if not isinstance(self._source, (str, os.PathLike)) or self._source == "-":
            raise UsageError(
                "`speakers=channels` reads the recording once for each channel: name a file."
            )

    def _by_voice(self, voices: Voices) -> list[SpeakerTurn]:
        wanted = self._options.speakers if isinstance(self._options.speakers, int) else None
        turns = voices.turns(wanted)
        found = len({turn.speaker for turn in turns})
        if wanted is not None and 0 < found < wanted:
            _logger.warning(
                "Of the %d speakers asked for only %d are heard in %s.",
                *(wanted, found, self._label()),
            )
        return turns

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
