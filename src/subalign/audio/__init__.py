"""Recordings in, blocks of mono 16 kHz samples out: ffmpeg decodes, nothing is held whole.

`open_audio` is the way in. `source` says what ffmpeg may open, `formats` which containers,
`command` how it is called, `decoder` runs it, `log` reads what it says, `mix` makes one channel of
two, `limits` refuses days of sound in a small file, `completeness` finds what is missing, `stream`
joins them.
What needs NumPy is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from subalign.audio.ffmpeg import FfmpegProgram, find_ffmpeg
from subalign.audio.formats import MEDIA_SUFFIXES, is_media_file, looks_like_media
from subalign.audio.source import is_address

if TYPE_CHECKING:
    from subalign.audio.command import SAMPLE_RATE
    from subalign.audio.stream import AudioStream, open_audio, silence_invalid_samples

__all__ = [
    "MEDIA_SUFFIXES",
    "SAMPLE_RATE",
    "AudioStream",
    "FfmpegProgram",
    "find_ffmpeg",
    "is_address",
    "is_media_file",
    "looks_like_media",
    "open_audio",
    "silence_invalid_samples",
]

_LAZY = {
    "SAMPLE_RATE": "command",
    "AudioStream": "stream",
    "open_audio": "stream",
    "silence_invalid_samples": "stream",
}


def __getattr__(name: str) -> Any:
    """Import a name of `_LAZY` on its first use (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value
