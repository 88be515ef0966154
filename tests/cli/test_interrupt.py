"""Ctrl-C: finished files stay, and none is half written."""

import signal
import sys
import time
import wave

import pytest

from subalign.subtitles import SRTWriter


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_finished_files_stay(in_process, folder, clip):
    with wave.open(str(clip), "rb") as short:
        sound, settings = short.readframes(short.getnframes()), short.getparams()
    with wave.open(str(folder / "long.wav"), "wb") as file:
        file.setparams(settings)
        file.writeframes(sound * 100)
    process = in_process("transcribe", "talk.wav", "long.wav")
    deadline = time.monotonic() + 60
    while not (folder / "talk.srt").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    error = process.communicate()[1].decode()
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
