"""Ctrl-C, and SIGTERM: finished files stay, and none is half written."""

import importlib
import signal
import sys
import time
import wave

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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_numpy_is_imported_whole(tmp_path, monkeypatch, number):
    text = "import signal, time\nsignal.raise_signal({})\ntime.sleep(0.2)\nwhole = True\n"
    (tmp_path / "numpy.py").write_text(text.format(int(number)))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "numpy")
    before = signal.signal(number, signal.default_int_handler)
    try:
        subalign.cli._take_interrupts()
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012 (it comes when it likes)
            importlib.import_module("numpy")
            time.sleep(10)
    finally:
        signal.signal(number, before)
    assert sys.modules["numpy"].whole


def test_the_command_is_interrupted_while_it_is_imported(monkeypatch, capsys):
    def run(_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(subalign.cli.app, "run", run)
    monkeypatch.setattr(subalign.cli, "_take_interrupts", lambda: None)
    with pytest.raises(SystemExit) as stopped:
        subalign.cli.main()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "Interrupted: finished files stay.\n"
