"""`--manifest`: recordings listed as JSON lines, each with a name and options of its own.

{"path": "tapes/1.wav", "id": "interview-1", "language": "de", "clip": ["0:10-5:00"]}
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from subalign.audio.source import printable
from subalign.cli.parsers import parse_channel, parse_clip, parse_names
from subalign.errors import InputError, UsageError
from subalign.options import AudioOptions, SpeakerOptions, TranscriptionOptions

__all__ = ["ManifestEntry", "read_manifest"]

_MOST_BYTES = 1 << 30
_LONGEST_WORD = 100


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A recording: `name` is what its results are called, `own` are its options by their names."""

    path: str
    name: str | None
    own: Mapping[str, object]

    def transcription(self, usual: TranscriptionOptions) -> TranscriptionOptions:
        """How it is transcribed, where nothing else is told as usual."""
        return replace(usual, **self._values(_TRANSCRIPTION))

    def audio(self, usual: AudioOptions) -> AudioOptions:
        """What of it is read."""
        return replace(usual, **self._values(_AUDIO))

    def speakers(self, usual: SpeakerOptions) -> SpeakerOptions:
        """How it is found out who speaks."""
        return replace(usual, **self._values(_SPEAKERS))

    def _values(self, kinds: Mapping[str, tuple[str, Callable[[Any], Any]]]) -> dict[str, Any]:
        return {
            field: parse(self.own[name])
            for name, (field, parse) in kinds.items()
            if name in self.own
        }


def _shown(value: object) -> str:
    return printable(json.dumps(value, ensure_ascii=False), limit=60)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"takes a text, not {_shown(value)}.")
    return value


def _word(value: object) -> str:
    if len(_text(value)) > _LONGEST_WORD:
        raise UsageError(f"takes at most {_LONGEST_WORD} characters, not {_shown(value)}.")
    return _text(value)


def _language(value: object) -> str:
    from subalign.tokenizer import to_language_code

    return to_language_code(_word(value))


def _clips(value: object) -> tuple[object, ...]:
    texts = value if isinstance(value, list) else [value]
    return tuple(parse_clip(_word(text)) for text in texts)


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"takes a whole number, not {_shown(value)}.")
    return value


def _speakers(value: object) -> object:
    from subalign.pipeline.speakers import speaker_options

    asked = value if isinstance(value, int) and not isinstance(value, bool) else _word(value)
    if str(asked).lower().endswith(".rttm"):
        raise UsageError('"speakers" takes auto, a number or channels: give --speakers a file.')
    return speaker_options(asked).speakers


# the fields of the options, and what makes their values, by the names of the command's options
_TRANSCRIPTION: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "language": ("language", _language),
    "task": ("task", _word),
    "initial_prompt": ("initial_prompt", _text),
    "clip": ("clips", _clips),
}
_AUDIO: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "audio_track": ("track", _number),
    "channel": ("channel", lambda value: parse_channel(_word(str(value)))),
}
_SPEAKERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "speakers": ("speakers", _speakers),
    "speaker_names": ("speaker_names", lambda value: tuple(parse_names(_text(value)).items())),
}


def read_manifest(
    path: str,
    transcription: TranscriptionOptions,
    audio: AudioOptions,
    speakers: SpeakerOptions = SpeakerOptions(),
) -> tuple[ManifestEntry, ...]:
    """The recordings of a manifest; "-" is standard input.

    Raises:
        InputError: it cannot be read.
        UsageError: a line is no JSON object with a path, has an option that there is not, or one
            that makes no sense beside those of the command.
    """
    entries = []
    seen: dict[str, int] = {}
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        label = f"Line {number} of {'standard input' if path == '-' else path}"
        try:
            entry = _entry(line)
            entry.transcription(transcription)
            entry.audio(audio)
            entry.speakers(speakers)
        except ValueError as error:
            raise UsageError(f'{label} is no JSON object: give such as {{"path": "a.wav"}}.') from (
                error
            )
        except UsageError as error:
            raise UsageError(f"{label}: {error}") from error
        if entry.path in seen:
            raise UsageError(f"{label} has the path of line {seen[entry.path]}: name it once.")
        seen[entry.path] = number
        entries.append(entry)
    return tuple(entries)


def _entry(line: str) -> ManifestEntry:
    from subalign.subtitles.saved_results import parse_json

    facts = parse_json(line)
    if not isinstance(facts, dict):
        raise ValueError("no object")
    path, name = facts.pop("path", None), facts.pop("id", None)
    if not isinstance(path, str) or not path or path == "-":
        raise UsageError('"path" takes the name of a file or an address.')
    if name is not None and not isinstance(name, str | int):
        raise UsageError('"id" takes a text or a number.')
    known = [*_TRANSCRIPTION, *_AUDIO, *_SPEAKERS]
    others = [key for key in facts if key not in known]
    if others:
        raise UsageError(f"{_shown(others[0])} is none of path, id, {', '.join(known)}.")
    return ManifestEntry(path, None if name is None else str(name), facts)


def _lines(path: str) -> list[str]:
    try:
        if path == "-":
            content = sys.stdin.buffer.read(_MOST_BYTES)
        else:
            with Path(path).open("rb") as file:
                content = file.read(_MOST_BYTES)
        return content.decode("utf-8-sig").splitlines()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path} cannot be read ({reason}): name a manifest.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no UTF-8: name a manifest.") from error
