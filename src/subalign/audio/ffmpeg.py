"""Which ffmpeg program is used: the one on PATH, else the one in imageio-ffmpeg's wheel."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from subalign.errors import ToolMissingError

__all__ = ["NO_WINDOW", "FfmpegProgram", "find_ffmpeg", "output_of"]

# Keeps Windows from flashing a console window; 0 elsewhere.
NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)

_INSTALL = "install ffmpeg, or reinstall the Python package imageio-ffmpeg"


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
    found = _on_path()
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


def _on_path() -> str | None:
    found = shutil.which("ffmpeg")
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
