"""Subtitle files as they stand: what is read is what is written, whatever people make of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.errors import InputError
from subalign.subtitles.files import FileCue, OtherLines, parse_subtitle_file, render_subtitle_file
from subalign.subtitles.files.times import milliseconds, written_time
from subalign.subtitles.script import script_of_file

LINES = st.text(
    st.sampled_from("abc xyz éß你好ก👍<>/i&;{}\\N,.:-0123456789"), min_size=1, max_size=20
).map(str.strip)
TEXTS = st.lists(LINES.filter(bool), min_size=1, max_size=3).map("\n".join)
TIMES = st.integers(0, 360_000_000)


def parsed(text, form="srt"):
    return [
        (part.identifier, part.start_ms, part.end_ms, part.settings, part.text)
        if isinstance(part, FileCue)
        else (part.lost, part.text)
        for part in parse_subtitle_file(text, "talk", form).parts
    ]


@given(TIMES, st.sampled_from(["srt", "vtt", "ass"]))
def test_times_are_read_as_written(time, form):
    exact = time if form != "ass" else (time + 5) // 10 * 10
    assert milliseconds(written_time(time, form)) == exact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:01.5", 1500),
        ("00:00:01:250", 1250),
        ("-00:00:01,000", -1000),
        ("1:02:03", 3_723_000),
        ("100:00:00.000", 360_000_000),
    ],
)
def test_times_of_other_programs(text, expected):
    assert milliseconds(text) == expected


@given(st.lists(st.tuples(TIMES, TIMES, TEXTS), min_size=1, max_size=6), st.integers(1, 3))
def test_srt_comes_back(cues, blank_lines):
    text = "".join(
        f"{n}\n{written_time(start, 'srt')} --> {written_time(end, 'srt')}\n{said}\n\n"
        for n, (start, end, said) in enumerate(cues, start=1)
    ).rstrip("\n")
    text += "\n" * blank_lines
    file = parse_subtitle_file(text, "talk")
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in file.cues] == cues
    assert render_subtitle_file(file) == text


@given(st.text(st.sampled_from("0123:,.->\n\r abWEBVTTNOTE[Events]Dialogue"), max_size=200))
def test_nothing_breaks_the_reader(text):
    for form in ("srt", "vtt", "ass", None):
        try:
            file = parse_subtitle_file(text, "talk", form)
        except InputError:
            continue
        once = render_subtitle_file(file)
        shown = "".join(once.split())
        # no letter is lost
        assert sorted(shown) == sorted("".join(text.replace("\ufeff", "").split()))


def test_blank_lines_that_are_missing_or_too_many():
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n\nmore\n\n\n"
        "4\n00:00:04,000 --> 00:00:05,000\nIn 1999\n00:00:06,000 --> 00:00:07,000\nLast\n"
    )
    assert parsed(text) == [
        ("1", 1000, 2000, "", "One"),
        ("2", 2000, 3000, "", "Two\n\nmore"),
        ("4", 4000, 5000, "", "In 1999"),
        ("", 6000, 7000, "", "Last"),
    ]


def test_a_number_at_the_end_of_a_text_is_text():
    text = "1\n00:00:01,000 --> 00:00:02,000\nIn\n1999\n00:00:06,000 --> 00:00:07,000\nLast\n"
    assert parsed(text)[0] == ("1", 1000, 2000, "", "In\n1999")


def test_arrows_in_speech():
    text = "1\n00:00:01,000 --> 00:00:02,000\nfrom a --> b\n12:30 -> 13:30 it is\n"
    assert parsed(text) == [("1", 1000, 2000, "", "from a --> b\n12:30 -> 13:30 it is")]


def test_odd_srt_times():
    text = "1\n0:0:1.5 -> 0:00:02,25 X1:10 Y1:20\nOne\n\n2\n00:00:0a,000 --> 00:00:03,000\nTwo\n"
    assert parsed(text) == [
        ("1", 1500, 2250, " X1:10 Y1:20", "One"),
        (True, "2\n00:00:0a,000 --> 00:00:03,000\nTwo"),
    ]


def test_the_blocks_of_web_vtt():
    text = (
        "WEBVTT - title\nKind: captions\n\nSTYLE\n::cue {}\n\n"
        "NOTE 00:01.000 --> 00:02.000\nno cue\n"
        "\na name\n00:01.000 --> 00:02.000 line:0\nOne\n\nmore\n\nNOTE between\n\nstray\n\n"
        "00:02.000 --> 01:00:03.000\nTwo\n"
    )
    assert parsed(text) == [
        (False, "WEBVTT - title\nKind: captions"),
        (False, "STYLE\n::cue {}"),
        (False, "NOTE 00:01.000 --> 00:02.000\nno cue"),
        ("a name", 1000, 2000, " line:0", "One\n\nmore"),
        (False, "NOTE between"),
        (True, "stray"),
        ("", 2000, 3_603_000, "", "Two"),
    ]
    assert render_subtitle_file(parse_subtitle_file(text, "talk")) == text


def test_events_of_sub_station_alpha():
    text = (
        "[Script Info]\nTitle: x\n\n[Events]\nFormat: Marked, Start, End, Style, Text\n"
        "Dialogue: Marked=0,0:00:01.00,0:00:02.50,Main,One, two\n"
        "Dialogue: broken\nComment: Marked=0,0:00:03.00,0:00:04.00,Main,note\n\n[Fonts]\nx"
    )
    file = parse_subtitle_file(text, "talk")
    assert parsed(text)[1:4] == [
        ("Dialogue: Marked=0", 1000, 2500, "Main,", "One, two"),
        (True, "Dialogue: broken"),
        ("Comment: Marked=0", 3000, 4000, "Main,", "note"),
    ]
    assert [cue.text for cue in file.cues] == ["One, two"]
    assert isinstance(file.parts[0], OtherLines)
    assert render_subtitle_file(file) == text


@pytest.mark.parametrize(
    ("written", "found_ms"),
    [
        ("00:00:01 --> 00:00:02", (1000, 2000)),
        ("00:00:01,5 --> 0:00:02.25", (1500, 2250)),
        ("00:00:00,000.0000000000582 --> 00:00:04,200.0000000000582", (0, 4200)),
        ("00:00:01.2345678901234 --> 00:00:02.9996", (1235, 3000)),
        ("\u200e00:00:01,000 --> \u200f00:00:02,000\u202c", (1000, 2000)),
        ("00:00:01,000\u200f --> 00:00:02,000", (1000, 2000)),
        ("00:00:01:500 --> 00:00:02:500", (1500, 2500)),
    ],
)
@pytest.mark.parametrize("number", ["1", "\u200e1", "\ufeff\u202b1\u202c"])
def test_times_however_they_are_written(written, found_ms, number):
    """One reader: the same cues for what is fixed and for what is aligned."""
    text = f"{number}\n{written}\nOne\n\n\u200f2\n00:00:05,000 --> 00:00:06,000\nTwo\n"
    file = parse_subtitle_file(text, "a.txt")
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in file.cues] == [
        (*found_ms, "One"),
        (5000, 6000, "Two"),
    ]
    lines = script_of_file(file, "a.txt").lines
    assert [(line.start * 1000, line.end * 1000, line.text) for line in lines] == [
        (*found_ms, "One"),
        (5000, 6000, "Two"),
    ]
