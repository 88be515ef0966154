"""Errors name parameters in the library, and options on the command line."""

import ast
import io
import re
from dataclasses import fields
from pathlib import Path

import pytest
from rich.console import Console
from typer.main import get_command

import subalign as package
from subalign.cli.app import app
from subalign.cli.console import Session
from subalign.cli.messages import each_file, exit_code_of, with_options
from subalign.errors import (
    InputError,
    ModelError,
    OutputError,
    SubalignError,
    ToolMissingError,
    UsageError,
)
from subalign.options import OwnProfile

SOURCES = sorted(
    path
    for path in Path(package.__file__).parent.rglob("*.py")
    # those that call pip and yt-dlp name the options of these
    if "cli" not in path.parts and path.name not in ("package_index.py", "web_page.py")
)
_REPORTERS = re.compile(r"(Error|warning|_require|_unknown|_no_text)$")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("`beam_size` and `best_of` exclude", "--beam-size and --best-of exclude"),
        ("use `device=cpu`, or else", "use --device cpu, or else"),
        ("so `track=3` does not exist", "so --audio-track 3 does not exist"),
        ("leave `word_timestamps=False` out", "leave --no-word-timestamps out"),
        ("`color=red` is no colour", "--style color=red is no colour"),
        ("`position` must be top", "--style position must be top"),
        ("`subalign models get base` fetches it", "`subalign models get base` fetches it"),
    ],
)
def test_parameters_become_options(message, shown):
    assert with_options(message) == shown


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SubalignError("a"), 1),
        (InputError("a"), 1),
        (ToolMissingError("a"), 1),
        (UsageError("a"), 2),
        (ModelError("a"), 3),
        (KeyboardInterrupt(), 130),
        (ValueError("a"), 1),
    ],
)
def test_every_error_has_an_exit_code(error, code):
    assert exit_code_of(error) == code


@pytest.mark.parametrize("error", [UsageError("a"), ModelError("a"), ToolMissingError("a")])
def test_what_is_wrong_for_every_file_stops_the_others(error):
    done = []

    def work(file):
        done.append(file)
        raise error

    with pytest.raises(type(error)):
        each_file(["one", "two"], work, Session())
    assert done == ["one"]


@pytest.mark.parametrize("error", [InputError("a"), OutputError("a"), ValueError("a")])
def test_what_is_wrong_with_a_file_does_not_stop_the_others(error, capsys):
    def work(_file):
        raise error

    failed = each_file(["one", "two", "one"], work, Session())
    assert [name for name, _ in failed] == ["one", "two"]
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_narrow_terminal_gets_lines_that_end_between_words():
    file = io.StringIO()
    session = Session()
    # a session's console is made when it is first asked for
    vars(session)["console"] = Console(
        file=file, force_terminal=True, width=24, color_system=None, _environ={"TERM": "xterm"}
    )
    session.warn("talk.wav is cut short: /a/very/long-path/that/no/line/holds.wav is a copy.")
    assert file.getvalue().splitlines() == [
        *("Warning: talk.wav is cut", "short:", "/a/very/long-path/that/no/line/holds.wav"),
        "is a copy.",
    ]


def _texts(node):
    return [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def _messages(path):
    """The texts of errors and warnings in a module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if _REPORTERS.search(name):
                yield from _texts(node)


def test_no_option_is_named_outside_the_command_line():
    option = re.compile(r"(?<![\w<!-])--[a-z]")
    texts = [text for path in SOURCES for text in _texts(ast.parse(path.read_text("utf-8")))]
    assert len(texts) > 1000
    assert [text for text in texts if option.search(text)] == []


def _options(command):
    for option in command.params:
        yield from (*option.opts, *option.secondary_opts)
    for inner in getattr(command, "commands", {}).values():
        yield from _options(inner)


def test_every_parameter_that_a_message_names_is_an_option():
    # or a key of a profile of one's own
    known = {*_options(get_command(app)), *(f"--{field.name}" for field in fields(OwnProfile))}
    named = {
        match[0]
        for path in SOURCES
        for text in _messages(path)
        for match in re.finditer("`[a-z_]+(?:=[^`]*)?`", text)
    }
    assert len(named) > 30
    assert {text for text in named if with_options(text).split()[0] not in known} == set()
