"""Recordings in, blocks of mono 16 kHz samples out: ffmpeg decodes, nothing is held whole.

`open_audio` is the way in. `source` says what ffmpeg may open, `formats` which containers,
`command` how it is called, `decoder` runs it, `log` reads what it says, `stream` joins them.
"""

from subalign.audio.command import SAMPLE_RATE
from subalign.audio.ffmpeg import FfmpegProgram, find_ffmpeg
from subalign.audio.formats import MEDIA_SUFFIXES, is_media_file
from subalign.audio.source import is_address
from subalign.audio.stream import AudioStream, open_audio, silence_invalid_samples

__all__ = [
    "MEDIA_SUFFIXES",
    "SAMPLE_RATE",
    "AudioStream",
    "FfmpegProgram",
    "find_ffmpeg",
    "is_address",
    "is_media_file",
    "open_audio",
    "silence_invalid_samples",
]
