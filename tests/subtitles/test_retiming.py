"""New times for cues: exact maps, and back again."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.errors import UsageError
from subalign.subtitles.files import parse_subtitle_file, read_subtitle_file
from subalign.subtitles.retiming import TimeMap, retime, retime_by_speech, through_points
from subalign.subtitles.script import script_of_file

SPANS = st.lists(
    st.tuples(st.integers(0, 36_000_000), st.integers(1, 10_000)), min_size=1, max_size=5
)
FACTORS = st.fractions(Fraction(1, 2), Fraction(2), max_denominator=1001)


def srt(spans):
    def clock(time):
        seconds, fraction = divmod(time, 1000)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{fraction:03}"

    return "".join(
        f"{n}\n{clock(start)} --> {clock(start + length)}\nText\n\n"
        for n, (start, length) in enumerate(spans, start=1)
    )


@given(SPANS, st.integers(-36_000_000, 36_000_000))
def test_a_shift_and_back(spans, shift):
    file = parse_subtitle_file(srt(spans), "talk")
    move = Fraction(shift, 1000)
    there = retime(file, TimeMap(offset=move))
    back = retime(there.file, TimeMap(offset=-move))
    for cue, moved, again in zip(file.cues, there.file.cues, back.file.cues, strict=True):
        assert moved.start_ms == max(0, cue.start_ms + shift)
        assert moved.end_ms > moved.start_ms
        if cue.start_ms + shift >= 0:
            assert (again.start_ms, again.end_ms) == (cue.start_ms, cue.end_ms)
    starts = [cue.start_ms + shift for cue in file.cues]
    assert there.clamped == sum(start < 0 for start in starts)


@given(SPANS, FACTORS)
def test_a_stretch_is_exact_to_the_millisecond(spans, factor):
    file = parse_subtitle_file(srt(spans), "talk")
    for cue, moved in zip(file.cues, retime(file, TimeMap(factor)).file.cues, strict=True):
        assert abs(moved.start_ms - cue.start_ms * factor) <= Fraction(1, 2)


@given(FACTORS, st.fractions(-100, 100, max_denominator=1000), st.integers(0, 99))
def test_two_points_give_their_map(factor, offset, first):
    points = [(Fraction(at), factor * at + offset) for at in (first, first + 50)]
    assert through_points(points) == TimeMap(factor, offset)


def test_time_never_runs_back():
    with pytest.raises(UsageError, match="cannot be turned round"):
        TimeMap(Fraction(-1))
    with pytest.raises(UsageError, match="lie apart"):
        through_points([(Fraction(1), Fraction(1)), (Fraction(1), Fraction(2))])


def test_signs_move_with_what_is_said_before_them(tmp_path, make):
    """They are lines of the script without words; where these would be shown is not for them."""
    path = tmp_path / "a.ass"
    event = "Dialogue: 0,0:00:0{}.00,0:00:0{}.00,Default,,0,0,0,,{}\n"
    path.write_text(
        "[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        + event.format(1, 3, "One")
        + event.format(2, 6, r"{\pos(1,2)}Open daily")
        + event.format(1, 3, r"{\pos(3,4)}Closed")
        + event.format(4, 5, "two")
        + event.format(7, 8, "three")
    )
    transcript = make(
        [(" One", 2.0, 3.5)],
        (3.5, 3.6, " Closed"),
        (3.5, 3.6, " Open daily"),
        [(" two", 6.0, 6.5)],
        [(" three", 7.0, 7.5)],
    )
    file = read_subtitle_file(path)
    moved = retime_by_speech(file, script_of_file(file, "a.ass"), transcript)
    assert [(cue.start_ms, cue.end_ms) for cue in moved.cues] == [
        (2000, 3500),
        (3000, 7000),
        (2000, 4000),
        (6000, 6500),
        (7000, 7500),
    ]


def spoken_lines(file, make):
    """The script of a file, and a transcript in which its lines are spoken 10 s apart."""
    script = script_of_file(file, "a")
    spans = [(10.0 * n, 10.0 * n + 1) for n in range(1, len(script.lines) + 1)]
    return script, make(*[[(" x", start, end)] for start, end in spans])


def test_cues_with_the_same_times_are_told_apart(make):
    """Also where a cue without text stands between them, or one begins before 0."""
    at_one = "00:00:01,000 --> 00:00:02,000\n"
    file = parse_subtitle_file(
        f"1\n{at_one}\n2\n{at_one}One\n\n3\n{at_one}two\n\n4\n-00:00:01,000 --> {at_one[:12]}\nNo",
        "a",
    )
    script, transcript = spoken_lines(file, make)
    assert [line.cues for line in script.lines] == [(3,), (1,), (2,)]
    moved = retime_by_speech(file, script, transcript)
    assert [(cue.start_ms, cue.end_ms) for cue in moved.cues[1:]] == [
        (20_000, 21_000),
        (30_000, 31_000),
        (10_000, 11_000),
    ]


def test_copies_of_a_cue_and_drawings_behind_it_stay_together(make):
    event = "Dialogue: 0,0:00:0{}.00,0:00:0{}.00,Default,,0,0,0,,{}\n"
    events = [(1, 3, r"{\p1}m 0 0 l 9 9{\p0}"), (1, 3, r"{\i1}One"), (1, 3, "One"), (4, 5, "two")]
    file = parse_subtitle_file(
        "[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        + "".join(event.format(*fields) for fields in events),
        "a",
    )
    moved = retime_by_speech(file, *spoken_lines(file, make))
    assert [(cue.start_ms, cue.end_ms) for cue in moved.cues] == [
        *[(10_000, 11_000)] * 3,
        (30_000, 31_000),
    ]


def test_times_within_a_cue_that_no_clock_has_stay():
    digits = "9" * 5000
    text = f"WEBVTT\n\n00:01.000 --> 00:02.000\na <00:01.500>b <1:1.{digits}>c\n"
    (cue,) = retime(parse_subtitle_file(text, "x.vtt"), TimeMap(offset=Fraction(1))).file.cues
    assert cue.text == f"a <00:00:02.500>b <1:1.{digits}>c"
