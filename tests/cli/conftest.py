"""The command in this process or in one of its own, and short recordings to feed it."""

import os
import signal
import subprocess
import sys
import time
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from subalign.audio import find_ffmpeg

# quick and without randomness; one thread, as two that wait for a busy processor are slow
FAST = ("--temperature", "0", "--beam-size", "1", "--threads", "1")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


def write_wav(path: Path, samples, rate: int = 16000) -> Path:
    """Mono 16-bit samples from floats in -1 … 1."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.asarray(samples) * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="session")
def make_wav():
    return write_wav


@pytest.fixture(scope="session")
def ffmpeg():
    """Runs ffmpeg with these arguments."""
    program = find_ffmpeg().path

    def run(*arguments):
        subprocess.run([program, "-y", "-loglevel", "error", *map(str, arguments)], check=True)

    return run


@pytest.fixture(scope="session")
def speech(talk, ffmpeg, tmp_path_factory) -> Path:
    """Four seconds of speech; copy it before you work beside it."""
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    ffmpeg("-i", talk, "-t", "4", "-ac", "1", "-ar", "16000", path)
    return path


@pytest.fixture(autouse=True)
def embedded_by_default(monkeypatch):
    """The model of a command that names none; tests of `--model auto` take this away."""
    monkeypatch.setenv("SUBALIGN_MODEL", "micro.en")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def clip(folder, speech) -> Path:
    """A copy of the speech as talk.wav in the working folder."""
    path = folder / "talk.wav"
    path.write_bytes(speech.read_bytes())
    return path


@pytest.fixture
def subalign(capsysbinary):
    """Carries out a command line in this process, with `main`'s own handling of errors."""
    from subalign.cli.app import run

    def call(*arguments) -> Outcome:
        capsysbinary.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsysbinary.readouterr()
        return Outcome(code, captured.out.decode(), captured.err.decode())

    return call


@pytest.fixture
def transcribe(subalign):
    """`subalign transcribe` with options that make it fast."""
    return lambda *arguments: subalign("transcribe", *FAST, *arguments)


@pytest.fixture
def wait_for():
    """Waits until something is there; a busy machine may take minutes."""

    def wait(found, process, seconds=300):
        end = time.monotonic() + seconds
        while not found():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end, f"nothing after {seconds} s"
            time.sleep(0.02)

    return wait


@pytest.fixture
def in_process(folder, repo_root):
    """Starts the command in a process of its own, in the working folder."""
    started = []

    def start(*arguments, environment=None, **settings):
        path = os.pathsep.join([str(repo_root / "src"), os.environ.get("PYTHONPATH", "")])
        settings.setdefault("stdin", subprocess.DEVNULL)
        settings.setdefault("stdout", subprocess.PIPE)
        settings.setdefault("stderr", subprocess.PIPE)
        # a shell has its background jobs ignore Ctrl-C, which the command would inherit
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(
            [sys.executable, "-m", "subalign", *map(str, arguments)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **(environment or {})},
            **settings,
        )
        signal.signal(signal.SIGINT, before)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
