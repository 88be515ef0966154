"""The bar on a terminal, and plain lines elsewhere."""

import io
import os
import re
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from subalign.cli.progress import ManyProgress, RunProgress, audio_done, clock
from subalign.options import Clip


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.9, "0:59"), (600, "10:00"), (3723, "1:02:03")]
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("clips", "position", "done"),
    [
        ((), 30, 30),
        ((), 200, 100),
        ((Clip(20, 40),), 10, 0),
        ((Clip(20, 40),), 30, 10),
        ((Clip(20, 40), Clip(90)), 95, 25),
        ((Clip(20, 400),), 100, 80),
    ],
)
def test_audio_done_counts_what_was_to_be_heard(clips, position, done):
    assert audio_done(clips, 100.0, position) == done


def test_the_bar_follows_the_running_transcription():
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=True, width=100, color_system=None, _environ={"TERM": "xterm"}
    )
    running = SimpleNamespace(duration=100.0, position=0.0)
    with RunProgress(console, shown=True) as progress:
        progress.open("[b]talk.wav")
        progress.read(10.0, None)
        progress.read(20.0, 100.0)
        progress._bars.refresh()
        assert "Reading [b]talk.wav" in file.getvalue()
        assert "0:20 of 1:40" in file.getvalue()
        progress.follow("[b]talk.wav", running, ())
        assert " left" not in file.getvalue()
        running.position = 50.0
        progress._bars.refresh()
        assert "0:50 of 1:40" in file.getvalue()
        assert re.search(r"\d\.\dx, 0:00 left", file.getvalue())
        progress.finish()


def test_nothing_is_drawn_where_it_is_not_shown():
    file = io.StringIO()
    with RunProgress(Console(file=file), shown=False) as progress:
        progress.open("talk.wav")
        progress.read(10.0, None)
        progress.finish()
    assert file.getvalue() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_shows_the_bar_and_keeps_the_line(in_process, clip):
    import pty

    ours, theirs = pty.openpty()
    process = in_process(
        *("transcribe", "talk.wav", "--temperature", "0"),
        environment={"TERM": "xterm"},
        stdout=theirs,
        stdin=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert "Reading talk.wav" in text
    assert "of 0:04" in text
    assert "talk.wav → talk.srt (4.0 s of audio in " in text


def test_the_bars_of_many_recordings(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("subalign.cli.progress.time.monotonic", lambda: now[0])
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=True, width=100, color_system=None, _environ={"TERM": "xterm"}
    )
    with ManyProgress(console, total=4, shown=True) as progress:
        progress.moved(0, "[b]a.wav", 0.0, None)
        progress.moved(1, "b.wav", 30.0, 60.0)
        now[0] += 10
        progress.moved(0, "[b]a.wav", 20.0, 40.0)
        progress._bars.refresh()
        assert "[b]a.wav" in file.getvalue()
        assert "0:30 of 1:00" in file.getvalue()
        assert "0 of 4, 5.0x, 0:30 left" in file.getvalue()  # one recording's worth in 10 s
        progress.ended(0)
        progress.ended(1)
        progress.lost(2)  # it had nothing to do
        progress._bars.refresh()
        assert "2 of 4, 10.0x, 0:10 left" in file.getvalue()
        assert progress.summary() == "2 recordings: 100 s of audio in 10 s, 10.0x"
