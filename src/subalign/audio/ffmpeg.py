"""The ffmpeg program, on PATH or else in imageio-ffmpeg's wheel, and its command lines."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import ffmpeg

from subalign.audio.source import DEMUXERS, MediaSource
from subalign.errors import ToolMissingError

__all__ = [
    "LONGEST_GAP",
    "NO_WINDOW",
    "SAMPLE_RATE",
    "Argument",
    "FfmpegProgram",
    "compile_command",
    "decode_command",
    "demux_command",
    "find_ffmpeg",
    "media_input",
    "on_path",
    "output_of",
    "packet_command",
]

SAMPLE_RATE = 16000
"""Samples per second of everything behind this package (Radford et al. 2022, section 2.2)."""

LONGEST_GAP = 1800
"""Seconds. A longer gap in a recording's clock is a damaged clock and is closed."""

# Keeps Windows from flashing a console window; 0 elsewhere.
NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)

_INSTALL = "install ffmpeg, or reinstall the Python package imageio-ffmpeg"

# The mix is scaled so as not to clip, as for integers: float would make stereo 3 dB louder.
_MONO = f"aresample={SAMPLE_RATE}:rematrix_maxval=1,aformat=sample_fmts=flt:channel_layouts=mono"
# Word times must fit the recording's own clock: gaps (a muted caller) are filled with silence.
# ffmpeg builds its filters anew wherever the rate or the channels change, so what belongs before
# the whole recording is no task for a filter: where the sound begins is only printed into the log
# (as a warning), and so is the sum of the gaps (as information). Registers: 0 seconds cut out of
# the clock, 1 the gap before this frame, 2 the length of the frame before, 3 the sum of the gaps.
_CLOCK = (
    "st(1,if(isnan(PREV_INPTS),0,PTS-PREV_INPTS-ld(2)));st(2,NB_SAMPLES);"
    "if(isnan(PREV_INPTS),print(PTS*TB,24));"
    f"if(gt(ld(1)*TB,{LONGEST_GAP}),st(0,ld(0)+ld(1)),"
    "if(gt(ld(1)*TB,.1),print(st(3,ld(3)+ld(1)*TB))));PTS-ld(0)"
)


@dataclass(frozen=True, slots=True)
class FfmpegProgram:
    """An ffmpeg program and where it was found."""

    path: str
    origin: Literal["PATH", "imageio-ffmpeg"]

    def version(self) -> str:
        """The version that the program reports, such as "7.0.2".

        Raises `ToolMissingError` if it cannot be run.
        """
        try:
            report = subprocess.run(
                [self.path, "-hide_banner", "-version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=30,
                check=True,
                creationflags=NO_WINDOW,
            ).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise ToolMissingError(f"{self.path} does not run: {_INSTALL}.") from error
        words = report.decode("utf-8", "replace").split()
        return words[2] if words[:2] == ["ffmpeg", "version"] and len(words) > 2 else "unknown"


def find_ffmpeg() -> FfmpegProgram:
    """The program to decode with; raises `ToolMissingError` where there is none."""
    found = on_path("ffmpeg")
    if found is not None:
        return FfmpegProgram(found, "PATH")
    bundled = _bundled()
    if bundled is None:
        raise ToolMissingError(f"No ffmpeg was found on PATH or in imageio-ffmpeg: {_INSTALL}.")
    return FfmpegProgram(bundled, "imageio-ffmpeg")


def output_of(command: Sequence[str], time_limit: float) -> bytes | None:
    """What a command of ffmpeg's writes to standard output; None where it does not end in time."""
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=time_limit,
            check=False,
            creationflags=NO_WINDOW,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None


def on_path(name: str) -> str | None:
    """The path of a program that is on PATH."""
    found = shutil.which(name)
    if found is None:
        return None
    # Windows looks into the working folder first: a program lying beside the media is not trusted.
    if os.name == "nt" and Path(found).resolve().parent == Path.cwd().resolve():
        return None
    return os.path.abspath(found)


def _bundled() -> str | None:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError, OSError):
        return None


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
    """Arguments to run for ffmpeg-python's output, with a log that `FfmpegLog` reads."""
    options = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"]
    command: list[str] = ffmpeg.compile(output, cmd=[program.path, *options])
    return command
