"""SBV, SCC and EBU STL: read as SubRip is, written as they were; ttconv reads what is written."""

import io
from fractions import Fraction
from itertools import pairwise

import pytest
import ttconv.scc.reader
import ttconv.stl.iso6937
import ttconv.stl.reader
from hypothesis import given, settings
from hypothesis import strategies as st
from ttconv.isd import ISD

from subalign.errors import InputError, OutputError
from subalign.options import LayoutOptions
from subalign.subtitles.check import check_file
from subalign.subtitles.files import (
    parse_subtitle_file,
    read_subtitle_file,
    subtitle_file_bytes,
)
from subalign.subtitles.files.ebu_stl import StlCue, parse_stl, render_stl, stl_header
from subalign.subtitles.files.scc import parse_scc, render_scc
from subalign.subtitles.files.smpte import frames_of, smpte_time, time_of_frames
from subalign.subtitles.layout.profiles import chosen_profile
from subalign.subtitles.retiming import TimeMap, retime
from subalign.subtitles.script import read_script

NTSC = Fraction(30000, 1001)
WORDS = "Été façade “quoted” don't Ñandú 50% ♪ naïve Straße smørbrød a.b, (well) what?".split()


def shown_by_ttconv(document) -> list[tuple[float, str]]:
    """From when on which text is shown, its rows parted by a bar, without spaces."""
    found = []
    for offset in ISD.significant_times(document):
        rows = []
        for region in ISD.from_model(document, offset).iter_regions():
            for element in region.dfs_iterator():
                kind = type(element).__name__
                rows.append("|" if kind == "Br" else element.get_text() if kind == "Text" else "")
        text = "".join("".join(rows).split())
        if not found or found[-1][1] != text:
            found.append((float(offset), text))
    return [pair for pair in found if pair[1] or pair[0]]


def bare(text: str) -> str:
    for tag in ("<i>", "</i>", "<u>", "</u>", r"{\an8}"):
        text = text.replace(tag, "")
    return "".join(text.replace("\n", "|").split())


# ---- time codes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code"),
    [(0, "00:00:00;00"), (1799, "00:00:59;29"), (1800, "00:01:00;02"), (17982, "00:10:00;00")],
)
def test_dropped_numbers(frame, code):
    assert smpte_time(frame, NTSC, drop=True) == code
    assert frames_of(code, NTSC) == frame


@given(st.integers(0, 2_589_407), st.sampled_from([Fraction(25), NTSC, Fraction(24000, 1001)]))
def test_time_codes_come_back(frame, rate):
    frame %= 24 * 3600 * round(rate)
    assert frames_of(smpte_time(frame, rate), rate) == frame
    if rate == NTSC:
        assert frames_of(smpte_time(frame, rate, drop=True), rate) == frame


@pytest.mark.parametrize("code", ["", "1:00:00:00", "00:00:00.000", "aa:bb:cc:dd"])
def test_what_is_no_time_code(code):
    with pytest.raises(ValueError, match="no time code"):
        frames_of(code, NTSC)


# ---- SCC ---------------------------------------------------------------------------------------


def test_scc_word_for_word():
    """By the tables of CEA-608: 9420 resume loading, 942f show, 942c erase, 94ae clear.

    94f4 is row 15 from column 8 and 91d6 row 1 from column 12, 9723 three columns more, 91ae and
    9120 italics on and off, 9137 a note; each control code comes twice, and the eighth bit of a
    byte makes its ones odd.
    """
    cues = [(2000, 3000, "Hi <i>you</i> é♪"), (3100, 4500, "{\\an8}Ab")]
    assert "".join(render_scc(cues)) == (
        "Scenarist_SCC V1.0\n\n"
        "00:00:01;12\t94ae 94ae 9420 9420 94f4 94f4 9723 9723 c8e9 91ae 91ae 79ef 7580 9120 9120 "
        "dc80 9137 9137 942f 942f\n\n"
        "00:00:02;22\t94ae 94ae 9420 9420 91d6 91d6 9723 9723 942c 942c c162 942f 942f\n\n"
        "00:00:04;15\t942c 942c\n\n"
    )


def test_scc_of_ours_is_shown_by_ttconv_when_it_should_be():
    cues = [
        (2000, 3500, "Hello <i>big</i> world\nit's été, ñ “quoted” À"),
        (3600, 5000, "<i>All italics in this row.</i>"),
        (5000, 7000, "{\\an8}A row of thirty-two characters!"),
        (9000, 9800, "<u>A row of thirty-two characters!</u>"),
    ]
    text = "".join(render_scc(cues))
    found = shown_by_ttconv(ttconv.scc.reader.to_model(text))
    assert [text for _, text in found] == [
        *map(bare, (cues[0][2], "", cues[1][2], cues[2][2], "", cues[3][2], ""))
    ]
    times = [time for time, _ in found]
    # frames are half a frame off at most
    assert times == pytest.approx([2, 3.5, 3.6, 5, 7, 9, 9.8], abs=0.018)
    assert [cue[2] for cue in parse_scc(text)] == [cue[2] for cue in cues]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 4000),
            st.integers(500, 4000),
            st.lists(
                st.lists(st.sampled_from([*WORDS, "<i>so</i>"]), min_size=1, max_size=3),
                min_size=1,
                max_size=4,
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_scc_comes_back_also_where_captions_follow_closely(parts):
    cues, now = [], 5000
    for pause, length, rows in parts:
        text = "\n".join(" ".join((*row, str(len(cues)))) for row in rows)
        cues.append((now + pause, now + pause + length, text))
        now += pause + length
    text = "".join(render_scc(cues))
    found = list(parse_scc(text))
    assert [cue[2] for cue in found] == [cue[2] for cue in cues]
    assert all(a[0] < a[1] <= b[0] for a, b in pairwise(found))
    shown = [text for _, text in shown_by_ttconv(ttconv.scc.reader.to_model(text)) if text]
    assert shown == [bare(cue[2]) for cue in cues]
    for one, cue in zip(found, cues, strict=True):
        # codes take a frame each: what cannot be sent in time comes late
        late = one[0] - cue[0]
        assert late >= -17
    codes = [frames_of(line.split("\t")[0], NTSC) for line in text.splitlines()[2::2]]
    lengths = [len(line.split("\t")[1].split()) for line in text.splitlines()[2::2]]
    assert all(a + n <= b for a, n, b in zip(codes, lengths, codes[1:], strict=False))


def test_scc_of_other_kinds_is_read():
    """Roll-up: each row once; paint-on; channel 2 and damaged lines' rests are passed over."""
    text = (
        "Scenarist_SCC V1.0\n\n"
        "00:00:01:00\t9425 9425 94ad 94ad 9470 9470 c1c2\n\n"
        "00:00:02:00\t94ad 94ad 9470 9470 4380 1c20 1c20 4545\n\n"
        "00:00:03:00\t942c 942c\n\n"
        "00:00:04:00\t9429 9429 9470 9470 c4c4 94a1 94a1\n\n"
        "00:00:05:00\t942c\n"
    )
    assert list(parse_scc(text)) == [(1201, 2002, "AB"), (2135, 3003, "C"), (4137, 5005, "D")]


def test_scc_refuses_letters_that_it_has_not():
    with pytest.raises(ValueError, match="there is no 'я' in it"):
        list(render_scc([(0, 1000, "я")]))
    ((_, _, text),) = parse_scc("".join(render_scc([(0, 1000, "☃ a")])))
    assert text == "? a"


# ---- EBU STL -----------------------------------------------------------------------------------


def test_stl_byte_for_byte():
    """By EBU Tech 3264: header fields at their offsets, and a block of 128 bytes for a subtitle."""
    cues = [StlCue(1000, 2480, "Été <i>à</i>\n$5"), StlCue(3_600_000, 3_601_000, "{\\an8}x")]
    data = render_stl(cues, stl_header("fr", "Le film"))
    assert len(data) == 1024 + 2 * 128
    assert data[:16] == b"850STL25.010000F"  # open subtitles in ISO 6937, French
    assert data[16:48] == b"Le film".ljust(32)
    assert data[238:256] == b"000020000200140231"
    assert data[256:272] == b"0000000000000100"
    first = bytes((0, 0, 0, 0xFF, 0, 0, 0, 1, 0, 0, 0, 2, 12, 21, 2, 0))
    text = b"\xc2Et\xc2e \x80\xc1a\x81\x8a$5"
    assert data[1024:1152] == first + text.ljust(112, b"\x8f")
    second = bytes((0, 1, 0, 0xFF, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 2, 0))
    assert data[1152:] == second + b"x".ljust(112, b"\x8f")


@pytest.mark.parametrize("ntsc", [False, True])
def test_stl_of_ours_is_shown_by_ttconv_when_it_should_be(ntsc):
    long = "A text that takes more than one block of bytes. " * 5
    cues = [
        StlCue(1000, 2480, "Hello <i>big</i> world\nit's été, ñ “quoted” À — Łódź"),
        StlCue(2600, 4000, "<i>All italics <u>in</u> this row.</i>"),
        StlCue(4000, 5000, f"{long[:95].strip()}\n{long[:80].strip()}"),
    ]
    data = render_stl(cues, stl_header("en", ntsc=ntsc))
    found = shown_by_ttconv(ttconv.stl.reader.to_model(io.BytesIO(data)))
    assert [text for _, text in found] == [
        *map(bare, (cues[0].text, "", cues[1].text, cues[2].text, ""))
    ]
    assert [time for time, _ in found] == pytest.approx([1, 2.48, 2.6, 4, 5], abs=0.018)
    assert [cue.text for cue in parse_stl(data)] == [cue.text for cue in cues]


def test_iso_6937_is_that_of_ttconv():
    """Every byte, and every accent before every letter that has one."""
    from subalign.subtitles.files.ebu_stl import _decoded, _encoded

    # where they part: the currency sign and the number sign of 1983, and the soft hyphen's kin
    for code in (*range(0x20, 0x7F), *range(0xA0, 0xC0), *range(0xD0, 0x100)):
        try:
            theirs, _ = ttconv.stl.iso6937.decode(bytes((code,)))
        except UnicodeDecodeError:
            continue
        if code not in (0x24, 0xA4, 0xA6, 0xE0):
            assert _decoded(bytes((code,)), b"00") == theirs
    for char in "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝàáâãäåçèéêëìíîïñòóôõöùúûüýÿĀăĄćčďĘęěğĢŃňőřşŠťůűźŻž":
        assert ttconv.stl.iso6937.decode(_encoded(char, b"00"))[0] == char
        assert _decoded(_encoded(char, b"00"), b"00") == char


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("Привет, мир!", b"01"),
        ("مرحبا؟", b"02"),
        ("Γειά σου", b"03"),
        ("שלום", b"04"),
        ("é", b"00"),
    ],
)
def test_stl_takes_the_code_table_that_has_all_letters(text, table):
    data = render_stl([StlCue(0, 1000, text)], stl_header())
    assert data[12:14] == table
    assert [cue.text for cue in parse_stl(data)] == [text]


def test_stl_refuses_letters_that_it_has_not():
    with pytest.raises(ValueError, match="there is no '今' in it"):
        render_stl([StlCue(0, 1000, "今")], stl_header())
    data = render_stl([StlCue(0, 1000, "☃ a")], stl_header())
    assert [cue.text for cue in parse_stl(data)] == ["? a"]


def test_a_stl_file_keeps_its_places_comments_aside(tmp_path):
    data = bytearray(render_stl([StlCue(0, 1000, "a"), StlCue(2000, 3000, "b")], stl_header()))
    data[1024 + 13 : 1024 + 15] = bytes((12, 1))  # row 12, to the left
    data[1024 + 128 + 15] = 1  # a comment
    path = tmp_path / "a.stl"
    path.write_bytes(data)
    file = read_subtitle_file(path)
    assert (file.suffix, [cue.text for cue in file.cues]) == ("stl", ["a"])
    later = subtitle_file_bytes(retime(file, TimeMap(offset=Fraction(10))).file)
    assert later[1024 + 5 : 1024 + 15] == bytes((0, 0, 10, 0, 0, 0, 11, 0, 12, 1))


@pytest.mark.parametrize("size", [10, 1023])
def test_a_stl_file_that_is_cut_short(size, tmp_path):
    path = tmp_path / "a.stl"
    path.write_bytes(render_stl([StlCue(0, 1000, "a")], stl_header())[:size])
    with pytest.raises(InputError, match=r"a\.stl cannot be read, as its header is cut short"):
        read_subtitle_file(path)


# ---- TTML --------------------------------------------------------------------------------------

TTML = """<?xml version="1.0" encoding="utf-16"?>
<tt:tt xmlns:tt="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling"
    xmlns:ttp="http://www.w3.org/ns/ttml#parameter" {rates}>
  <!-- <tt:p begin="1s"> -->
  <tt:body><tt:div begin="1s">
    <tt:p begin='{first}' tts:color="red" end="{second}">One
      <tt:span tts:fontStyle="italic">two</tt:span></tt:p>
    <tt:p begin="9s" dur = "2s">Three<tt:br/>four</tt:p><tt:p/>
  </tt:div></tt:body>
</tt:tt>
"""


@pytest.mark.parametrize(
    ("rates", "first", "second", "later"),
    [
        ("", "00:00:01.500", "3s", ("00:00:11.500", "13.000s")),
        ('ttp:frameRate="25"', "00:00:01:12", "75f", ("00:00:11:12", "325f")),
        ('ttp:tickRate="100"', "150t", "00:00:03", ("1150t", "00:00:13.000")),
        (
            'ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001"',
            *("00:00:01:15", "00:00:03:00", ("00:00:11:15", "00:00:13:00")),
        ),
    ],
)
def test_ttml_has_new_times_and_nothing_else_changed(rates, first, second, later, tmp_path):
    text = TTML.format(rates=rates, first=first, second=second)
    path = tmp_path / "a.itt"
    path.write_bytes(text.encode("utf-16"))
    file = read_subtitle_file(path)
    assert (file.format, file.suffix) == ("srt", "ttml")
    assert [cue.text for cue in file.cues] == ["One <i>two</i>", "Three\nfour"]
    assert [cue.start_ms for cue in file.cues] == pytest.approx([2500, 10000], abs=21)
    assert [cue.end_ms for cue in file.cues] == pytest.approx([4000, 12000], abs=21)
    moved = subtitle_file_bytes(retime(file, TimeMap(offset=Fraction(10))).file).decode()
    expected = TTML.format(rates=rates, first=later[0], second=later[1])
    expected = expected.replace("utf-16", "UTF-8").replace('"9s"', '"19.000s"')
    assert moved == expected.replace('dur = "2s"', 'dur = "2.000s"')
    path.write_text(moved, encoding="utf-8")
    again = read_subtitle_file(path)
    for before, after in zip(file.cues, again.cues, strict=True):
        assert after.start_ms == pytest.approx(before.start_ms + 10_000, abs=34)


def test_ttml_whose_times_stand_within_paragraphs_is_checked_and_not_written():
    text = "<tt><body><p><span begin='1s' end='3s'>Hello there.</span></p></body></tt>"
    file = parse_subtitle_file(text, "a.ttml")
    assert [(cue.start_ms, cue.end_ms) for cue in file.cues] == [(1000, 3000)]
    assert check_file(file, chosen_profile(LayoutOptions())) == []
    with pytest.raises(OutputError, match="cannot be written as TTML, as a paragraph has no times"):
        subtitle_file_bytes(file)


# ---- all of them -------------------------------------------------------------------------------

SBV = "0:00:01.000,0:00:03.000\nHello there,[br]you.\n\n0:00:04.000,0:00:06.000\nAgain & again\n\n"
FILES = {
    "sbv": SBV.encode(),
    "scc": "".join(
        render_scc([(2000, 4000, "Hello there,\nyou."), (5000, 7000, "<i>Again</i> and again")])
    ).encode(),
    "stl": render_stl(
        [StlCue(1000, 3000, "Hello there,\nyou."), StlCue(4000, 6000, "<i>Again</i> and again")],
        stl_header("en"),
    ),
}


@pytest.mark.parametrize("form", FILES)
def test_they_are_read_checked_aligned_and_retimed(form, tmp_path):
    path = tmp_path / f"talk.{form}"
    path.write_bytes(FILES[form])
    file = read_subtitle_file(path)
    assert (file.format, file.suffix) == ("srt", form)
    assert [cue.identifier for cue in file.cues] == ["1", "2"]
    assert file.cues[0].text == "Hello there,\nyou."
    assert check_file(file, chosen_profile(LayoutOptions())) == []
    assert [line.text for line in read_script(path).lines] == [cue.text for cue in file.cues]
    moved = retime(file, TimeMap(offset=Fraction(100))).file
    path.write_bytes(subtitle_file_bytes(moved))
    again = read_subtitle_file(path)
    step = {"sbv": 0, "scc": 34, "stl": 40}[form]
    for before, after in zip(file.cues, again.cues, strict=True):
        assert after.text == before.text
        assert after.start_ms == pytest.approx(before.start_ms + 100_000, abs=step)
        assert after.end_ms == pytest.approx(before.end_ms + 100_000, abs=step)


def test_sbv_has_no_tags_and_no_line_that_reads_as_times():
    file = parse_subtitle_file(SBV, "a.sbv")
    tagged = file.with_cues(
        lambda cue: (
            cue
            if cue.id
            else type(cue)(
                id=0, line=2, start_ms=0, end_ms=1, text="<i>a</i>\n\n0:00:09.000,0:00:10.000"
            )
        )
    )
    assert subtitle_file_bytes(tagged).decode() == (
        "0:00:00.000,0:00:00.001\na\n0:00:09.000, 0:00:10.000\n\n"
        "0:00:04.000,0:00:06.000\nAgain & again\n\n"
    )


def test_text_of_them_that_reads_as_times_begins_no_cue():
    file = parse_subtitle_file(SBV.replace("Again", "00:00:01,000 --> 00:00:02,000\nx"), "a.sbv")
    assert [cue.text for cue in file.cues][1].splitlines()[1] == "x & again"
    assert len(parse_subtitle_file(file.original, "a.srt").cues) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Scenarist_SCC V1.0\n\nnonsense\n", "line 3 is no time with codes"),
        ("Scenarist_SCC V1.0\n\n00:00:01:00 94zz\n", "line 3 is no time with codes"),
    ],
)
def test_scc_that_is_none(text, reason):
    with pytest.raises(InputError, match=rf"a\.scc cannot be read, as {reason}: save it anew"):
        parse_subtitle_file(text, "a.scc")


def test_files_without_cues():
    with pytest.raises(InputError, match=r"a\.scc holds no cues"):
        parse_subtitle_file("Scenarist_SCC V1.0\n\n", "a.scc")


def test_frames_as_milliseconds():
    assert [time_of_frames(frame, Fraction(25)) for frame in (0, 1, 25)] == [0, 40, 1000]
    assert time_of_frames(30, NTSC) == 1001
