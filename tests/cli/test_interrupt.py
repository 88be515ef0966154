"""Ctrl-C, and SIGTERM: finished files stay, and none is half written."""

import importlib
import os
import signal
import subprocess
import sys
import time
import wave
from contextlib import contextmanager

import pytest

import subalign.cli.app
from subalign.subtitles import SRTWriter


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_finished_files_stay(in_process, wait_for, folder, clip, number):
    with wave.open(str(clip), "rb") as short:
        sound, settings = short.readframes(short.getnframes()), short.getparams()
    with wave.open(str(folder / "long.wav"), "wb") as file:
        file.setparams(settings)
        file.writeframes(sound * 100)
    process = in_process("transcribe", "talk.wav", "long.wav")
    wait_for((folder / "talk.srt").exists, process)
    process.send_signal(number)
    error = process.communicate(timeout=300)[1].decode()
    assert process.returncode == 130
    assert error.splitlines()[-1] == "Interrupted: finished files stay."
    assert "Traceback" not in error
    assert sorted(path.name for path in folder.iterdir()) == ["long.wav", "talk.srt", "talk.wav"]
    assert (folder / "talk.srt").read_text("utf-8").endswith("\n\n")


def test_no_file_is_half_written(transcribe, folder, clip, monkeypatch):
    def render(self, transcript):
        yield "1\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(SRTWriter, "render", render)
    outcome = transcribe("talk.wav", "-f", "txt,srt", "-q")
    assert (outcome.code, outcome.err) == (130, "Interrupted: finished files stay.\n")
    assert sorted(path.name for path in folder.iterdir()) == ["talk.txt", "talk.wav"]


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_compiled_modules_are_imported_whole(tmp_path, monkeypatch, number, name):
    text = "import signal, time\nsignal.raise_signal({})\ntime.sleep(0.2)\nwhole = True\n"
    (tmp_path / f"{name}.py").write_text(text.format(int(number)))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, name, None)  # what it was comes back
    del sys.modules[name]
    with taken(number), pytest.raises(KeyboardInterrupt):  # noqa: PT012 (it comes when it likes)
        importlib.import_module(name)
        time.sleep(10)
    assert sys.modules[name].whole


@contextmanager
def taken(number=signal.SIGINT):
    """Signals as the command takes them, for a while."""
    before, hook = signal.signal(number, signal.default_int_handler), sys.unraisablehook
    try:
        # the test's own frame, behind contextlib's and this one
        subalign.cli.take_interrupts(sys._getframe(2))
        yield
    finally:
        signal.signal(number, before)
        sys.unraisablehook = hook


def test_an_interrupt_that_python_ignores_comes_again(capsys):
    class Dying:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    with taken(), pytest.raises(KeyboardInterrupt):  # noqa: PT012 (it comes when it likes)
        Dying()
        time.sleep(10)
    assert capsys.readouterr().err == ""


def test_other_errors_that_python_ignores_are_shown(capsys):
    class Dying:
        def __del__(self):
            raise ValueError("lost")

    with taken():
        Dying()
    assert "ValueError: lost" in capsys.readouterr().err


ENDS = """
import signal
import time
from subalign.cli import app, main

def run(arguments):
    {}

app.run = run
signal.signal(signal.SIGINT, signal.default_int_handler)  # what started the tests may ignore it
main()
"""


def ended_after(work, folder):
    (folder / "ends.py").write_text(ENDS.format(work))
    command = [sys.executable, "-m", "ends"]
    return subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=300
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
@pytest.mark.parametrize(
    "work",
    [
        "signal.raise_signal(signal.SIGINT)",
        # as dataclasses make their methods; a signal right before a long sleep would wait for it
        "exec('signal.raise_signal(signal.SIGINT)'); [time.sleep(0.1) for _ in range(600)]",
    ],
)
def test_the_exit_code_is_the_commands_own(folder, work):
    ended = ended_after(work, folder)
    assert (ended.returncode, ended.stderr) == (130, "Interrupted: finished files stay.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_a_second_interrupt_at_the_very_end_shows_no_traceback(folder):
    late = "import atexit; atexit.register(signal.raise_signal, signal.SIGINT); return 0"
    ended = ended_after(late, folder)
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")


def test_little_is_imported_before_interrupts_are_taken(repo_root):
    show = "import sys, subalign.cli; print({'dataclasses', 're', 'typing'} & sys.modules.keys())"
    shown = subprocess.run(
        [sys.executable, "-S", "-c", show],
        env={**os.environ, "PYTHONPATH": str(repo_root / "src")},
        capture_output=True,
        check=True,
        text=True,
    )
    assert shown.stdout == "set()\n"


def test_an_interrupt_outside_the_commands_work_is_told(subalign, monkeypatch):
    def interrupted(_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("subalign.cli.arguments.spell_booleans", interrupted)
    outcome = subalign("check", "talk.srt")
    assert (outcome.code, outcome.err) == (130, "Interrupted: finished files stay.\n")


def test_the_command_is_interrupted_while_it_is_imported(monkeypatch, capsys):
    def run(_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(subalign.cli.app, "run", run)
    monkeypatch.setattr(subalign.cli, "take_interrupts", lambda _outermost: ())
    with pytest.raises(SystemExit) as stopped:
        subalign.cli.main()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "Interrupted: finished files stay.\n"
