"""The ffmpeg commands: one audio track as 16 kHz float32 on a pipe, or only demuxed.

`media_input` and `compile_command` serve whoever else runs ffmpeg.
"""

from typing import Any

import ffmpeg

from subalign.audio.ffmpeg import FfmpegProgram
from subalign.audio.formats import DEMUXERS
from subalign.audio.source import MediaSource

__all__ = [
    "LONGEST_GAP",
    "SAMPLE_RATE",
    "Argument",
    "compile_command",
    "decode_command",
    "demux_command",
    "media_input",
    "packet_command",
]

SAMPLE_RATE = 16000
"""Samples per second of everything behind this package (Radford et al. 2022, section 2.2)."""

LONGEST_GAP = 1800
"""Seconds. A longer gap in a recording's clock is a damaged clock and is closed."""

# The mix is scaled so as not to clip, as for integers: float would make stereo 3 dB louder.
_MONO = f"aresample={SAMPLE_RATE}:rematrix_maxval=1,aformat=sample_fmts=flt:channel_layouts=mono"
# Word times must fit the recording's own clock: gaps (a muted caller) are filled with silence.
# ffmpeg builds its filters anew wherever the rate or the channels change, so what belongs before
# the whole recording is no task for a filter: where the sound begins is only told in the log (as
# a warning), and so is the sum of the gaps (as information). Registers: 0 seconds cut out of the
# clock, 1 the gap before this frame, 2 the length of the frame before, 3 the sum of the gaps.
_CLOCK = (
    "st(1,if(isnan(PREV_INPTS),0,PTS-PREV_INPTS-ld(2)));st(2,NB_SAMPLES);"
    "if(isnan(PREV_INPTS),print(PTS*TB,24));"
    f"if(gt(ld(1)*TB,{LONGEST_GAP}),st(0,ld(0)+ld(1)),"
    "if(gt(ld(1)*TB,.1),print(st(3,ld(3)+ld(1)*TB))));PTS-ld(0)"
)


def decode_command(
    program: FfmpegProgram, source: MediaSource, track: int, channel: int | None
) -> list[str]:
    """Arguments to run; `track` and `channel` count from 1. Samples come on standard output.

    Without a channel they come in pairs: of the mix of all channels and of the first channel.
    The log is at level info with the level in each line: durations and tracks are read from it.
    """
    if channel is None:
        chosen = (
            f"asplit[all][one];[all]{_MONO}[mix];[one]pan=mono|c0=c0,{_MONO}[first];"
            "[mix][first]join=inputs=2:channel_layout=stereo"
        )
    else:
        chosen = f"pan=mono|c0=c{channel - 1},{_MONO}"
    samples = ffmpeg.output(
        media_input(source)[f"a:{track - 1}"],
        "pipe:1",
        format="f32le",
        acodec="pcm_f32le",
        ac=2 if channel is None else 1,
        ar=SAMPLE_RATE,
        af=f"{chosen},asetpts='{_CLOCK}',aresample=async=1",
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


def packet_command(program: FfmpegProgram, source: MediaSource, track: int) -> list[str]:
    """Arguments to list the times of a track's packets on standard output (framecrc's rows)."""
    sound = media_input(source)[f"a:{track - 1}"]
    packets = ffmpeg.output(sound, "pipe:1", format="framecrc", codec="copy")
    return compile_command(program, packets)


def media_input(source: MediaSource) -> Any:
    """ffmpeg-python's input of a recording, which may only read its own bytes."""
    return ffmpeg.input(
        Argument(source.address),
        format_whitelist=",".join(DEMUXERS),
        protocol_whitelist=",".join(source.protocols),
    )


class Argument(str):
    """A text of any bytes for ffmpeg-python, which hashes `str()` of its arguments as UTF-8."""

    __slots__ = ()

    def __str__(self) -> str:
        return ascii(self)


def compile_command(program: FfmpegProgram, output: Any) -> list[str]:
    """Arguments to run for ffmpeg-python's output, with a log that `DecoderLog` reads."""
    options = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"]
    command: list[str] = ffmpeg.compile(output, cmd=[program.path, *options])
    return command
