"""Standard output that is full, closed or no longer read: one sentence, or none, and no traceback.

Standard error that cannot be written does not stop the work.
"""

import errno
import io
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from subalign.cli.app import run

COMMANDS = {
    "help": ["--help"],
    "version": ["--version"],
    "models": ["models", "list"],
    "models as JSON": ["models", "list", "--json"],
    "where": ["models", "where", "micro.en"],
    "heads": ["heads", "list"],
    "decode": ["heads", "decode", "tiny.en"],
    "encode": ["heads", "encode", "1:1", "--layers", "2", "--heads", "2"],
    "check": ["check", "a.srt"],
    "check as JSON": ["check", "a.srt", "--json"],
    "render": ["render", "a.json", "-o", "-"],
    "retime": ["retime", "a.srt", "--shift", "1", "-o", "-"],
}
each_command = pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.json").write_text('{"segments":[{"start":0,"end":1,"text":" fine"}]}')
    Path("a.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nwords\n\n")


@pytest.fixture
def run_into(monkeypatch, capsys):
    """Carries out a command with this standard output; returns the exit code and the messages."""

    def call(output, arguments):
        monkeypatch.setattr(sys, "stdout", output)
        code = run(arguments)
        return code, capsys.readouterr().err

    return call


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full here")
@each_command
def test_full(run_into, arguments):
    with open("/dev/full", "w", encoding="utf-8") as output:  # noqa: PTH123
        code, messages = run_into(output, arguments)
    assert code == 1
    assert messages.startswith("Error: Standard output cannot be written (the disk is full): ")
    assert messages.count("\n") == 1


@each_command
def test_closed(run_into, arguments):
    code, messages = run_into(None, arguments)
    assert (code, messages.count("\n")) in ((0, 0), (1, 1))
    assert code == 0 or messages.startswith("Error: Standard output is closed: ")


@each_command
def test_nobody_reads(run_into, arguments):
    reader, writer = os.pipe()
    os.close(reader)
    output = os.fdopen(writer, "w", encoding="utf-8")
    code, messages = run_into(output, arguments)
    with suppress(BrokenPipeError):  # as Click lets the interpreter pass over it
        output.close()
    assert code == 1
    assert messages in (
        "",
        "Error: Standard output cannot be written (its reader has gone): "
        "give a folder as --output-dir.\n",
    )


class Full(io.StringIO):
    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_messages_that_cannot_be_written(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Full())
    assert run(["render", "a.json", "--overwrite"]) == 0
    assert run(["render", "absent.json"]) == 1
    assert "fine" in Path("a.srt").read_text()


def test_text_goes_through(run_into):
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    assert run_into(output, ["models", "where", "micro.en"]) == (0, "")
    assert output.buffer.getvalue().endswith(b"micro.en\n")
