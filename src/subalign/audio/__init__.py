"""Recordings in, blocks of mono 16 kHz samples out: ffmpeg decodes, nothing is held whole.

`open_audio` (stream.py) is the way in. source.py: which files, addresses and containers ffmpeg may
open; ffmpeg.py: the program and its command lines; process.py: the running process; log.py: what it
prints; web_page.py: recordings in pages of the web; channels.py: one channel of many; limits.py:
how much sound a file may hold; truncation.py: what is missing or damaged. What needs NumPy or
ffmpeg-python is imported late.
"""

from typing import TYPE_CHECKING

from subalign.audio.source import MEDIA_SUFFIXES, is_address, is_media_file, looks_like_media
from subalign.lazy import lazy_exports

if TYPE_CHECKING:
    from subalign.audio.ffmpeg import SAMPLE_RATE, FfmpegProgram, find_ffmpeg
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
        "FfmpegProgram": "subalign.audio.ffmpeg",
        "SAMPLE_RATE": "subalign.audio.ffmpeg",
        "find_ffmpeg": "subalign.audio.ffmpeg",
        "open_audio": "subalign.audio.stream",
        "silence_invalid_samples": "subalign.audio.stream",
    },
)
