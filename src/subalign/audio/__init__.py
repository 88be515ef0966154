"""Recordings in, blocks of mono 16 kHz samples out: ffmpeg decodes, nothing is held whole.

`open_audio` is the way in. `source` says what ffmpeg may open, `formats` which containers,
`command` how it is called, `decoder` runs it, `log` reads what it says, `mix` makes one channel of
two, `limits` refuses days of sound in a small file, `completeness` finds what is missing, `stream`
joins them.
What needs NumPy is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from subalign.audio.ffmpeg import FfmpegProgram, find_ffmpeg
from subalign.audio.source import MEDIA_SUFFIXES, is_address, is_media_file, looks_like_media
from subalign.lazy import lazy_exports

if TYPE_CHECKING:
    from subalign.audio.ffmpeg import SAMPLE_RATE
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

__getattr__ = lazy_exports(
    __name__,
    {
        "AudioStream": "subalign.audio.stream",
        "SAMPLE_RATE": "subalign.audio.ffmpeg",
        "open_audio": "subalign.audio.stream",
        "silence_invalid_samples": "subalign.audio.stream",
    },
)
