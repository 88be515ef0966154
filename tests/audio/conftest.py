"""Small media, made by the ffmpeg that subalign itself finds: PATH need not have one."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from subalign.audio import SAMPLE_RATE, find_ffmpeg

MakeMedia = Callable[..., Path]


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    return find_ffmpeg().path


@pytest.fixture
def make_media(ffmpeg: str, tmp_path: Path) -> MakeMedia:
    """`make_media("a.mp3", *ffmpeg_arguments)` writes a file into the test's folder."""

    def make(name: str, *arguments: str) -> Path:
        path = tmp_path / name
        command = [ffmpeg, "-nostdin", "-v", "error", "-y", *arguments, f"file:{path}"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return path

    return make


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 s of mono 16 kHz 16-bit sound: a gliding tone with noise, no two seconds alike."""
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    wavfile.write(path, SAMPLE_RATE, (tone_samples() * 32767).astype(np.int16))
    return path


def tone_samples() -> np.ndarray:
    time = np.arange(12 * SAMPLE_RATE) / SAMPLE_RATE
    noise = np.random.default_rng(1).normal(0.0, 0.02, time.size)
    return 0.5 * np.sin(2 * np.pi * (200 + 60 * time) * time) + noise
