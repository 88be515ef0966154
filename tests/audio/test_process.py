"""A program that decodes never outlives an interrupt, whenever that comes."""

import signal
import sys
import threading

import pytest

from subalign.audio import process as process_module
from subalign.audio.log import FfmpegLog
from subalign.audio.process import FfmpegProcess

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def started(monkeypatch):
    """The programs that are started."""
    programs = []
    start = process_module._start

    def kept(command, **settings):
        programs.append(start(command, **settings))
        return programs[-1]

    monkeypatch.setattr(process_module, "_start", kept)
    return programs


def _interrupting(call):
    def then_interrupt(*arguments, **settings):
        result = call(*arguments, **settings)
        signal.raise_signal(signal.SIGINT)
        return result

    return then_interrupt


@pytest.mark.parametrize("moment", ["program", "threads", "reading"])
def test_an_interrupt_ends_the_program(monkeypatch, started, moment):
    if moment == "program":
        monkeypatch.setattr(process_module, "_start", _interrupting(process_module._start))
    if moment == "threads":
        monkeypatch.setattr(threading.Thread, "start", _interrupting(threading.Thread.start))
    log = FfmpegLog(address="talk.wav", label="talk.wav")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with (
            pytest.raises(KeyboardInterrupt),
            FfmpegProcess(SLEEPER, log=log, data=None, stall_timeout=60),
        ):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    (program,) = started
    assert program.poll() is not None
