"""From the text behind an option to its value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.cli.parsers import (
    parse_clip,
    parse_clip_timestamps,
    parse_clips,
    parse_count,
    parse_number,
    parse_temperatures,
    parse_tokens,
)
from subalign.errors import UsageError
from subalign.options import Clip


@pytest.mark.parametrize(
    ("text", "clip"),
    [
        ("0-10", Clip(0, 10)),
        ("1.5-2.25", Clip(1.5, 2.25)),
        ("90-", Clip(90)),
        ("-90", Clip(0, 90)),
        ("1:30-2:05", Clip(90, 125)),
        ("1:02:03.250-2:00:00", Clip(3723.25, 7200)),
        ("0:01,5 - 3", Clip(1.5, 3)),
        ("75:00-", Clip(4500)),
    ],
)
def test_clips_are_read_in_every_form(text, clip):
    assert parse_clip(text) == clip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "5",
        "a-b",
        "1:2:3:4-9",
        "1--2",
        "1e3-2e3",
        "nan-inf",
        "9" * 5000 + "-",
        "-0." + "9" * 5000,
    ],
)
def test_what_is_no_clip_is_refused_with_the_form(text):
    with pytest.raises(UsageError, match=r"^--clip .* is no stretch of time: write START-END"):
        parse_clip(text)


def test_a_clip_runs_forward():
    message = "--clip 9-3 is no stretch of time: a clip must end after it starts."
    with pytest.raises(UsageError) as caught:
        parse_clip("9-3")
    assert str(caught.value) == message


def test_minutes_and_seconds_stay_below_sixty():
    with pytest.raises(UsageError, match="60 or more"):
        parse_clip("1:75-3:00")


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_clock_and_seconds_mean_the_same(start, length):
    def clock(seconds):
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    end = start + length
    assert parse_clip(f"{clock(start)}-{clock(end)}") == parse_clip(f"{start}-{end}")


@pytest.mark.parametrize(
    ("text", "clips"),
    [
        ("0,10,20,30", (Clip(0, 10), Clip(20, 30))),
        ("0,10,20", (Clip(0, 10), Clip(20))),
        ("5.5", (Clip(5.5),)),
        ("0", ()),
        ("", ()),
    ],
)
def test_clip_timestamps_are_pairs(text, clips):
    assert parse_clip_timestamps(text) == clips


@pytest.mark.parametrize("text", ["a", "1,,2", "10,5", "-1,5", "nan,3", "3,inf", "1,1"])
def test_bad_clip_timestamps_are_refused(text):
    with pytest.raises(UsageError, match=r"^--clip-timestamps .*: "):
        parse_clip_timestamps(text)


def test_both_forms_of_clips_at_once_are_refused():
    with pytest.raises(UsageError, match="exclude each other"):
        parse_clips(["1-2"], "1,2")


@pytest.mark.parametrize(
    ("temperature", "increment", "temperatures"),
    [
        (None, None, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (0.0, None, (0.0,)),
        (0.7, None, (0.7,)),
        (0.0, "0.5", (0.0, 0.5, 1.0)),
        (0.5, "0.2", (0.5, 0.7, 0.9)),
        (None, "none", (0.0,)),
        (None, "None", (0.0,)),
        (1.5, "0.2", (1.5,)),
    ],
)
def test_temperatures(temperature, increment, temperatures):
    assert parse_temperatures(temperature, increment) == pytest.approx(temperatures)


@pytest.mark.parametrize(
    ("temperature", "increment"),
    [(-1.0, None), (float("nan"), None), (0.0, "0"), (0.0, "-1"), (0.0, "inf"), (None, "x")],
)
def test_bad_temperatures_are_refused(temperature, increment):
    with pytest.raises(UsageError, match="--temperature"):
        parse_temperatures(temperature, increment)


def test_none_switches_off():
    assert parse_number("None", "--x") is None
    assert parse_number("-1.5", "--x") == -1.5
    assert parse_count("none", "--x") is None
    assert parse_count("3", "--x") == 3
    assert parse_tokens("none", "--x") is None
    assert parse_tokens("", "--x") is None
    assert parse_tokens("-1, 5,7", "--x") == (-1, 5, 7)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_number, "x"),
        (parse_number, "nan"),
        (parse_count, "0"),
        (parse_count, "1.5"),
        (parse_count, "9" * 5000),
        (parse_tokens, "1,x"),
        (parse_tokens, "-2"),
        (parse_tokens, "9" * 5000),
    ],
)
def test_errors_name_the_option_and_the_text(parse, text):
    with pytest.raises(UsageError, match=rf"^--some-option takes .* not '{text}'\.$"):
        parse(text, "--some-option")
