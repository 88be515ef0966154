"""openai-whisper's booleans and spellings."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from subalign.cli.arguments import (
    OPENAI_BOOLEANS,
    Only,
    PanelledCommand,
    spell_booleans,
    subcommand,
)
from subalign.cli.console import Session
from subalign.errors import UsageError


@pytest.mark.parametrize(
    ("given_", "spelled"),
    [
        ("--word_timestamps True a.wav", "--word-timestamps a.wav"),
        ("--word_timestamps False a.wav", "--no-word-timestamps a.wav"),
        ("--highlight_words=False", "--no-highlight-words"),
        ("--fp16 False --verbose True", "--no-fp16 --verbose"),
        ("--condition_on_previous_text False", "--no-condition-on-previous-text"),
        ("--carry-initial-prompt True", "--carry-initial-prompt"),
        # not a boolean literal: the file is a file
        ("--word-timestamps true", "--word-timestamps true"),
        ("--verbose a.wav", "--verbose a.wav"),
        ("--verbose", "--verbose"),
        # other options keep their values
        ("--initial_prompt True", "--initial_prompt True"),
        ("--no-verbose True", "--no-verbose True"),
        ("-- --verbose True", "-- --verbose True"),
    ],
)
def test_booleans_are_spelled_as_flags(given_, spelled):
    assert spell_booleans(given_.split()) == spelled.split()


_words = st.text().filter(
    lambda word: word.partition("=")[0].removeprefix("--").replace("_", "-") not in OPENAI_BOOLEANS
)


@given(st.lists(_words))
def test_other_arguments_are_left_alone(arguments):
    assert spell_booleans(arguments) == arguments


@dataclass(frozen=True, kw_only=True)
class Group:
    names: Annotated[list[str], typer.Option("--name")] = field(default_factory=lambda: ["a"])
    colour: Annotated[Literal["red", "blue"], typer.Option()] = "red"
    size: Annotated[int, typer.Option()] = 3


def carry_out(function, *arguments):
    app = typer.Typer()
    app.command(cls=PanelledCommand)(subcommand(function))
    return CliRunner().invoke(app, arguments, obj=Session())


def test_a_group_is_an_option_for_each_field():
    seen = []

    def paint(session: Session, what: str, *, group: Group, quick: bool = False) -> int:
        seen.append((what, group, quick))
        return 7

    assert carry_out(paint, "wall", "--name", "b", "--size", "4", "--quick").exit_code == 7
    assert carry_out(paint, "door", "--colour", "blue").exit_code == 7
    assert seen == [
        ("wall", Group(names=["b"], size=4), True),
        ("door", Group(colour="blue"), False),
    ]


def test_a_command_may_take_some_of_a_group():
    seen = []

    def paint(session: Session, *, group: Annotated[Group, Only("size")]) -> None:
        seen.append(group)

    assert carry_out(paint, "--size", "5").exit_code == 0
    assert seen == [Group(size=5)]
    assert carry_out(paint, "--colour", "blue").exit_code == 2


def test_errors_of_a_command_are_reported():
    def fail(session: Session) -> None:
        raise UsageError("`track` counts from 1.")

    outcome = carry_out(fail)
    assert outcome.exit_code == 2
    assert outcome.stderr == "Error: --audio-track counts from 1.\n"


def test_a_wrong_choice_is_one_sentence():
    def paint(session: Session, *, group: Group) -> None:
        raise AssertionError

    outcome = carry_out(paint, "--colour", "green")
    assert outcome.exit_code == 2
    assert outcome.stderr == "Error: --colour must be red or blue, not 'green'.\n"
