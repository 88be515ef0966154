"""Checking and fixing: fixing loses no word, finds an end, and leaves nothing mechanical."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.subtitles.check import check_file, fix_file
from subalign.subtitles.check.tags import MatchedTags, match_tags
from subalign.subtitles.files import FileCue, parse_subtitle_file, render_subtitle_file
from subalign.subtitles.files.subtitle_file import SubtitleFile
from subalign.subtitles.layout.profiles import PROFILES

FIXED_KINDS = {
    *("encoding", "line-breaks", "controls", "header", "numbering", "time-format", "negative"),
    *("order", "empty", "blank-line", "open-tag", "stray-tag"),
}

TEXTS = st.lists(
    st.sampled_from(["word", "<i>open", "shut</i>", "<b>", "</b>", "", " ", "你好", "9", "a & b"]),
    max_size=4,
).map("\n".join)


@st.composite
def files(draw):
    form = draw(st.sampled_from(["srt", "vtt"]))
    cues = draw(
        st.lists(
            st.tuples(st.integers(-500, 9000), st.integers(-500, 9000), TEXTS, st.booleans()),
            min_size=1,
            max_size=7,
        )
    )
    parts = tuple(
        FileCue(
            id=number,
            line=1,
            identifier="1" if numbered else "",
            times="",
            start_ms=start,
            end_ms=end,
            settings=" line:0" if form == "vtt" and start % 3 == 0 else "",
            text=text,
        )
        for number, (start, end, text, numbered) in enumerate(cues)
    )
    return SubtitleFile(format=form, parts=parts, is_utf8=draw(st.booleans()))


def words(file):
    """The words of all cues, without tags."""
    return sorted(
        word
        for cue in file.cues
        for word in cue.text.replace("<", " <").replace(">", "> ").split()
        if not word.startswith("<")
    )


@given(files(), st.sampled_from(sorted(PROFILES)))
def test_fixing(file, name):
    profile = PROFILES[name]
    fixed = fix_file(file, profile)
    assert fix_file(fixed, profile) == fixed
    # copies go whole, with all their words
    assert set(words(fixed)) == set(words(file))
    assert len({cue.text for cue in fixed.cues}) <= len({cue.text for cue in file.cues})
    if fixed.cues:
        again = parse_subtitle_file(render_subtitle_file(fixed), "talk", file.format)
        left = {problem.kind for problem in check_file(again, profile)}
        assert left & FIXED_KINDS == set()
    starts = [cue.start_ms for cue in fixed.cues]
    assert starts == sorted(starts)
    assert min(starts, default=0) >= 0
    # what still overlaps starts together, or before a cue without any duration
    for cue, after in zip(fixed.cues, list(fixed.cues)[1:], strict=False):
        if cue.settings == after.settings and cue.start_ms < after.start_ms:
            assert cue.start_ms < cue.end_ms <= after.start_ms


@given(files())
def test_a_file_without_problems_is_left_alone(file):
    profile = PROFILES["verbatim"]
    fixed = fix_file(file, profile)
    if check_file(file, profile) == []:
        assert fixed == file


@pytest.mark.parametrize(
    ("text", "form", "opened", "stray", "fixed"),
    [
        ("<i>a", "srt", ("i",), (), "<i>a</i>"),
        ("<b><I>a</b>", "srt", ("I",), (), "<b><I>a</b></I>"),
        ("a</i>", "srt", (), ("i",), "a"),
        ('<font color="red">a', "srt", ("font",), (), '<font color="red">a</font>'),
        ("<b><i>a", "srt", ("b", "i"), (), "<b><i>a</i></b>"),
        ("<laugh>a", "srt", (), (), "<laugh>a"),
        ("<v Anna>a", "vtt", (), (), "<v Anna>a"),
        ("<c.loud>a", "vtt", ("c",), (), "<c.loud>a</c>"),
        ("1 < 2 > 0", "srt", (), (), "1 < 2 > 0"),
        ("{\\i1}a<i>", "ass", (), (), "{\\i1}a<i>"),
        # stray tags within stray tags
        ("a<</i>/i> b</i</b>>", "srt", (), ("i", "i", "b", "i"), "a b"),
        ("a<b</i>>c</b>", "srt", (), ("i",), "a<b>c</b>"),
        ("<i</i>\n>", "srt", (), ("i",), "<i\n>"),
    ],
)
def test_tags(text, form, opened, stray, fixed):
    found = match_tags(text, form)
    assert (found.opened, found.stray, found.fixed) == (opened, stray, fixed)


@given(
    st.lists(st.sampled_from("< > </ / i b <i> </i> </b> laugh a {\\an8} \n".split(" "))).map(
        "".join
    ),
    st.sampled_from(["srt", "vtt"]),
)
def test_matched_tags_match(text, form):
    fixed = match_tags(text, form).fixed
    assert match_tags(fixed, form) == MatchedTags((), (), fixed)


@pytest.mark.parametrize("nested", [11, 300])
def test_one_fix_ends_whatever_is_nested(nested):
    within = "a" + "</i" * nested + ">" * nested + "b"
    # each becomes a cue where the one before does: its tag is open in the text until then
    after = "".join(
        f"<{'ib'[n % 2]}>x\n00:00:0{n % 5 + 2},000 --</{'bi'[n % 2]}>> 00:00:0{n % 5 + 3},000\n"
        for n in range(nested)
    )
    file = parse_subtitle_file(f"1\n00:00:01,000 --> 00:00:02,000\n{within}\n{after}", "talk")
    fixed = render_subtitle_file(fix_file(file, PROFILES["broadcast"]))
    again = parse_subtitle_file(fixed, "talk")
    assert "ab\n" in fixed
    assert not {problem.kind for problem in check_file(again, PROFILES["verbatim"])} & FIXED_KINDS
    assert render_subtitle_file(fix_file(again, PROFILES["broadcast"])) == fixed


def times(text):
    file = fix_file(parse_subtitle_file(text, "talk", "srt"), PROFILES["broadcast"])
    return [(cue.start_ms, cue.end_ms) for cue in file.cues]


def cues(*spans):
    return "".join(
        f"{n}\n00:00:{start:06.3f} --> 00:00:{end:06.3f}\nText {n}\n\n"
        for n, (start, end) in enumerate(spans, start=1)
    )


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        # trimmed to the gap, or where that leaves too little, to the next start
        ([(1, 3), (2.5, 4)], [(1000, 2420), (2500, 4000)]),
        ([(1, 3), (1.5, 4)], [(1000, 1500), (1500, 4000)]),
        # too small a gap
        ([(1, 2.49), (2.5, 4)], [(1000, 2420), (2500, 4000)]),
        # two voices at once stay
        ([(1, 3), (1, 4)], [(1000, 3000), (1000, 4000)]),
        # reversed: swapped where there is room, else shown until the next one lets it
        ([(1, 2), (4, 3), (5, 6)], [(1000, 2000), (3000, 4000), (5000, 6000)]),
        ([(1, 3.5), (4, 3), (5, 6)], [(1000, 3500), (4000, 5000), (5000, 6000)]),
        # without duration
        ([(1, 1)], [(1000, 2000)]),
        ([(1, 1), (1.4, 3)], [(1000, 1400), (1400, 3000)]),
        # out of order
        ([(5, 6), (1, 2)], [(1000, 2000), (5000, 6000)]),
    ],
)
def test_times_are_fixed(spans, expected):
    assert times(cues(*spans)) == expected


def test_copies_go():
    text = "1\n00:00:01,000 --> 00:00:02,000\nTwice\n\n" * 2
    file = fix_file(parse_subtitle_file(text, "talk"), PROFILES["broadcast"])
    assert render_subtitle_file(file) == "1\n00:00:01,000 --> 00:00:02,000\nTwice\n\n"


def test_encoding_alone_is_fixed():
    file = parse_subtitle_file("1\n00:00:01,000 --> 00:00:03,000\nText\n", "talk")
    profile = PROFILES["broadcast"]
    assert fix_file(replace(file, is_utf8=False), profile) == file


ROLLING = "".join(
    f"{at + 1}\n00:00:0{at},000 --> 00:00:0{at + 1},000\n{before}\n<i>{after}</i>\n\n"
    for at, (before, after) in enumerate(["xa", "ab", "bc", "cd", "de"])
)


def test_rolling_captions_are_told_and_fixed():
    profile = PROFILES["verbatim"]
    file = parse_subtitle_file(ROLLING, "talk")
    (problem,) = [found for found in check_file(file, profile) if found.kind == "rolling"]
    assert problem.is_error
    fixed = fix_file(file, profile)
    assert [cue.text for cue in fixed.cues] == [
        "x\n<i>a</i>",
        *(f"<i>{letter}</i>" for letter in "bcde"),
    ]
    assert "rolling" not in {found.kind for found in check_file(fixed, profile)}


# what looks like the beginning of a cue within a text, and cues that come in each other's way
PIECES = st.sampled_from(
    [
        *("1", "2", "3", "", "", "Yes", "No", "<i>a", "b</i>", " ", "NOTE hi", "WEBVTT", "intro"),
        *("00:00:01,000 --> 00:00:02,500", "00:00:06,000 --> 00:00:05,500", "00:00:06,000 --"),
        *("00:01.000 --> 00:00:02.500 line:0%", "00:00:03.000 --> 00:00:05.500", "> 00:00:05,500"),
        *("00:00:05,500 --> 00:00:06,000", "00:00:06 -> 00:00:06", "\u200f4"),
    ]
)


@settings(max_examples=200)
@given(st.lists(PIECES, min_size=2, max_size=40), st.sampled_from(["srt", "vtt"]))
def test_fixing_twice_changes_nothing_more(pieces, form):
    profile = PROFILES["broadcast"]
    text = "\n".join(["00:00:00,500 --> 00:00:01,500", *pieces])
    fixed_file = fix_file(parse_subtitle_file(text, "talk", form), profile)
    fixed = render_subtitle_file(fixed_file)
    if fixed_file.cues:
        again = fix_file(parse_subtitle_file(fixed, "talk", fixed_file.format), profile)
        assert render_subtitle_file(again) == fixed


def test_cues_that_are_free_once_copies_are_gone_are_turned_round_at_once():
    backwards = "00:00:06,000 --> 00:00:05,500\nLa la\n\n"
    text = f"1\n00:00:01,000 --> 00:00:02,500\nHello\n\n2\n{backwards}3\n{backwards}"
    fixed = fix_file(parse_subtitle_file(text, "talk"), PROFILES["broadcast"])
    assert [(cue.start_ms, cue.end_ms) for cue in fixed.cues] == [(1000, 2500), (5500, 6000)]


@pytest.mark.parametrize(
    ("more", "written"),
    [
        ("00:00:02,2,2,2", "00:00:02,200 ,2"),
        ("00:00:02.5x", "00:00:02,500 x"),
        ("00:00:02,500X1:0", "00:00:02,500X1:0"),
    ],
)
def test_what_stands_behind_a_time_is_no_part_of_it(more, written):
    file = parse_subtitle_file(f"1\n00:00:01,000 --> {more}\nwords\n", "x.srt")
    fixed = render_subtitle_file(fix_file(file, PROFILES["broadcast"]))
    assert fixed.split("\n")[1] == f"00:00:01,000 --> {written}"
    again = fix_file(parse_subtitle_file(fixed, "x.srt"), PROFILES["broadcast"])
    assert render_subtitle_file(again) == fixed


def test_parts_of_a_time_have_their_digits():
    text = "1\n00:00:0100000000000000000,000 --> 00:00:02,500\nwords\n"
    (cue,) = parse_subtitle_file(text, "x.srt").cues
    assert cue.start_ms == 10


@pytest.mark.parametrize(("start", "end"), [("2.00", "1.00"), ("2.00", "2.00")])
def test_signs_get_a_duration_whatever_stands_beside_them(start, end):
    head = "[Events]\nFormat: Layer, Start, End, Style, Text\n"
    line = "Dialogue: 0,0:00:01.50,0:00:02.50,Default,words\n"
    sign = f"Dialogue: 0,0:00:0{start},0:00:0{end},Sign,{{\\pos(1,2)}}sign\n"
    file = parse_subtitle_file(head + line + sign, "x.ass")
    fixed = fix_file(file, PROFILES["broadcast"]).cues[1]
    assert fixed.end_ms > fixed.start_ms
    assert fixed.text == file.cues[1].text
