"""The ffmpeg commands: one audio track as mono 16 kHz float32 on a pipe, or only demuxed.

`media_input` and `compile_command` serve whoever else runs ffmpeg.
"""

from typing import Any

import ffmpeg

from subalign.audio.ffmpeg import FfmpegProgram
from subalign.audio.formats import DEMUXERS
from subalign.audio.source import MediaSource

__all__ = [
    "SAMPLE_RATE",
    "compile_command",
    "decode_command",
    "demux_command",
    "media_input",
]

SAMPLE_RATE = 16000
"""Samples per second of everything behind this package (Radford et al. 2022, section 2.2)."""

_LONGEST_GAP = 1800  # seconds

# Word times must fit the recording's own clock: sound that begins after the picture, and gaps
# (a muted caller), are filled with silence. A longer gap is a damaged clock and is closed.
_GAP = "if(isnan(PREV_INPTS),PTS,PTS-PREV_INPTS)"
# The mix is scaled so as not to clip, as for integers: float would make stereo 3 dB louder.
_FILTERS = (
    f"aresample={SAMPLE_RATE}:rematrix_maxval=1,aformat=sample_fmts=flt:channel_layouts=mono,"
    f"asetpts='st(0,ld(0)+if(gt({_GAP}*TB,{_LONGEST_GAP}),{_GAP},0));PTS-ld(0)',"
    "aresample=async=1:first_pts=0"
)


def decode_command(program: FfmpegProgram, source: MediaSource, track: int) -> list[str]:
    """Arguments to run; `track` counts audio tracks from 1. Samples come on standard output.

    The log is at level info with the level in each line: durations and tracks are read from it.
    """
    samples = ffmpeg.output(
        media_input(source)[f"a:{track - 1}"],
        "pipe:1",
        format="f32le",
        acodec="pcm_f32le",
        ac=1,
        ar=SAMPLE_RATE,
        af=_FILTERS,
        vn=None,
        sn=None,
        dn=None,
    )
    return compile_command(program, samples)


def demux_command(program: FfmpegProgram, source: MediaSource) -> list[str]:
    """Arguments to read all pictures and sound without decoding; progress on standard output."""
    media = media_input(source)
    nothing = ffmpeg.output(
        media["V?"], media["a?"], "-", format="null", codec="copy", progress="pipe:1"
    )
    return compile_command(program, nothing)


def media_input(source: MediaSource) -> Any:
    """ffmpeg-python's input of a recording, which may only read its own bytes."""
    return ffmpeg.input(
        source.address,
        format_whitelist=",".join(DEMUXERS),
        protocol_whitelist=",".join(source.protocols),
    )


def compile_command(program: FfmpegProgram, output: Any) -> list[str]:
    """Arguments to run for ffmpeg-python's output, with a log that `DecoderLog` reads."""
    options = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"]
    command: list[str] = ffmpeg.compile(output, cmd=[program.path, *options])
    return command
