"""The writers against openai-whisper's: equal bytes, and each listed exception.

The exceptions are numbered as in the docstrings of `SubtitlesWriter`, `SRTWriter`, `VTTWriter` and
`TSVWriter`.
"""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subalign.options import LayoutOptions
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import get_writer
from subalign.subtitles.timecode import to_milliseconds

utils = pytest.importorskip("whisper.utils", reason="openai-whisper is a test dependency")

Maker = Callable[..., Transcript]


def ours(format_name: str, transcript: Transcript, options: dict[str, Any] | None = None) -> str:
    layout = LayoutOptions(profile="openai", **(options or {}))
    return "".join(get_writer(format_name, layout).render(transcript))


def openai_result(transcript: Transcript) -> dict[str, Any]:
    """The transcript as openai-whisper's dictionary."""
    segments: list[dict[str, Any]] = []
    for segment in transcript.segments:
        facts: dict[str, Any] = {
            "start": segment.start,
            "end": segment.end,
            "text": segment.text,
        }
        if segment.words is not None:
            facts["words"] = [
                {"word": w.text, "start": w.start, "end": w.end, "probability": w.probability}
                for w in segment.words
            ]
        segments.append(facts)
    return {"text": transcript.text, "segments": segments, "language": transcript.language}


def theirs(format_name: str, transcript: Transcript, options: dict[str, Any] | None = None) -> str:
    file = io.StringIO()
    writer = utils.get_writer(format_name, "")
    writer.write_result(openai_result(transcript), file, options or {})
    return file.getvalue()


# Text in which no exception applies: no markup, no arrow, no line break but a single one within.
LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="&<>")
PLAIN_WORD = st.builds(
    "".join,
    st.tuples(
        st.sampled_from([" ", " ", " ", "", "  "]),
        st.one_of(
            st.sampled_from(["a", "it", "the,", "--", "Donau", "日本", "❤️"]),
            st.text(LETTERS, min_size=1, max_size=12),
        ),
        st.sampled_from(["", "", "", " "]),
    ),
)


@st.composite
def timed_segments(draw: st.DrawFn, *, text: st.SearchStrategy[str] = PLAIN_WORD) -> Transcript:
    """Words that follow one another, each longer than a millisecond; pauses up to 5 s."""
    segments: list[Segment] = []
    now = draw(st.integers(0, 4_000_000))
    for number in range(draw(st.integers(0, 4))):
        words: list[Word] = []
        for _ in range(draw(st.integers(1, 9))):
            now += draw(st.sampled_from([0, 0, 20, 500, 2990, 3010, 5000]))
            start, now = now, now + draw(st.sampled_from([2, 20, 260, 990, 4000]))
            words.append(Word(draw(text), start / 1000, now / 1000, 0.5))
        joined = "".join(word.text for word in words)
        times = words[0].start, words[-1].end
        segments.append(Segment(number, 0, *times, joined, (), 0.0, 0.0, 1.0, 0.0, tuple(words)))
    joined = "".join(segment.text for segment in segments)
    return Transcript(joined, "en", tuple(segments), now / 1000, "m", "0")


def untimed(transcript: Transcript) -> Transcript:
    segments = tuple(replace(segment, words=None) for segment in transcript.segments)
    return replace(transcript, segments=segments)


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "highlight_words": st.booleans(),
        "max_line_width": st.integers(1, 45),
        "max_line_count": st.integers(1, 3),
        "max_words_per_line": st.integers(1, 6),
    },
)
FORMAT = st.sampled_from(["txt", "tsv", "srt", "vtt"])


@given(transcript=timed_segments(), options=OPTIONS, format_name=FORMAT)
@settings(deadline=None, max_examples=250, suppress_health_check=[HealthCheck.too_slow])
def test_timed_words_are_written_byte_for_byte(
    transcript: Transcript, options: dict[str, Any], format_name: str
) -> None:
    expected = theirs(format_name, transcript, options)
    assert ours(format_name, transcript, options) == expected


LINES = st.lists(PLAIN_WORD, min_size=1, max_size=3).map("\n".join)


@given(
    transcript=timed_segments(text=LINES),
    options=OPTIONS,
    format_name=st.sampled_from(["txt", "srt", "vtt"]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_untimed_segments_are_written_byte_for_byte(
    transcript: Transcript, options: dict[str, Any], format_name: str
) -> None:
    transcript = untimed(transcript)
    assert ours(format_name, transcript, options) == theirs(format_name, transcript, options)


@given(transcript=timed_segments(text=LINES), options=OPTIONS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_line_breaks_within_words_are_written_byte_for_byte_unless_highlighted(
    transcript: Transcript, options: dict[str, Any]
) -> None:
    options = {**options, "highlight_words": False}
    for format_name in ("srt", "vtt"):
        assert ours(format_name, transcript, options) == theirs(format_name, transcript, options)


# Anything at all.
ANY_WORD = st.text(
    st.one_of(st.sampled_from(list(" \n\r\t-><&u/a")), st.characters(exclude_categories=["Cs"])),
    max_size=6,
)
SECONDS = st.floats(-1, 20).map(lambda seconds: round(seconds, 2))


@st.composite
def any_transcript(draw: st.DrawFn) -> Transcript:
    words = st.lists(st.builds(Word, ANY_WORD, SECONDS, SECONDS, st.just(0.5)), max_size=5)
    segments: list[Segment] = []
    for number in range(draw(st.integers(0, 4))):
        timed = draw(st.one_of(st.none(), words.map(tuple)))
        text = "".join(word.text for word in timed) if timed else draw(ANY_WORD)
        times = draw(SECONDS), draw(SECONDS)
        segments.append(Segment(number, 0, *times, text, (), 0.0, 0.0, 1.0, 0.0, timed))
    joined = "".join(segment.text for segment in segments)
    return Transcript(joined, "en", tuple(segments), 20.0, "m", "0")


def milliseconds(timecode: str) -> int:
    hours, minutes, seconds = ["0", *timecode.replace(",", ".").split(":")][-3:]
    return int(hours) * 3_600_000 + int(minutes) * 60_000 + to_milliseconds(float(seconds))


def read_cues(format_name: str, text: str) -> list[tuple[int, int, str]]:
    """Read subtitles back strictly: the grammar of the two formats, as far as it is used."""
    timecode = (
        r"(\d\d:\d\d:\d\d,\d{3})" if format_name == "srt" else r"((?:\d\d:)?\d\d:\d\d\.\d{3})"
    )
    if format_name == "vtt":
        assert text.startswith("WEBVTT\n\n")
        text = text.removeprefix("WEBVTT\n\n")
    assert "\r" not in text
    assert text == "" or text.endswith("\n\n")
    cues = []
    for number, block in enumerate(text.split("\n\n")[:-1], start=1):
        lines = block.split("\n")
        if format_name == "srt":
            assert lines.pop(0) == str(number)
        times = re.fullmatch(f"{timecode} --> {timecode}", lines.pop(0))
        assert times is not None
        assert lines
        assert all(line.strip() and "-->" not in line for line in lines)
        cues.append((milliseconds(times[1]), milliseconds(times[2]), "\n".join(lines)))
    return cues


def letters(text: str) -> str:
    return re.sub(r"[-\s>]", "", text)


@given(transcript=any_transcript(), options=OPTIONS)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_subtitles_of_any_transcript_are_well_formed_and_complete(
    transcript: Transcript, options: dict[str, Any]
) -> None:
    plain = {**options, "highlight_words": False}
    for format_name in ("srt", "vtt"):
        for start, end, _ in read_cues(format_name, ours(format_name, transcript, options)):
            assert 0 <= start < end
        cues = read_cues(format_name, ours(format_name, transcript, plain))
        shown = "".join(text for _, _, text in cues)
        if format_name == "vtt":
            shown = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        assert letters(shown) == letters(transcript.text)


@given(transcript=any_transcript(), options=OPTIONS)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_underlines_of_vtt_are_balanced_and_hold_a_word(
    transcript: Transcript, options: dict[str, Any]
) -> None:
    text = ours("vtt", transcript, {**options, "highlight_words": True})
    for _, _, cue in read_cues("vtt", text):
        tags = re.findall(r"<[^>]*>", cue)
        assert tags in ([], ["<u>", "</u>"])
        if tags:
            underlined = cue.partition("<u>")[2].partition("</u>")[0]
            assert underlined.strip()
            assert not underlined[0].isspace()
        assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt);)*", cue)


@given(transcript=any_transcript())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_tsv_of_any_transcript_has_a_row_of_three_fields_for_each_segment(
    transcript: Transcript,
) -> None:
    rows = re.split(r"\r\n|\r|\n", ours("tsv", transcript))
    assert rows.pop() == ""
    assert len(rows) == 1 + len(transcript.segments)
    assert all(len(row.split("\t")) == 3 for row in rows)


# --- SubtitlesWriter's exceptions -------------------------------------------------------------


def test_exception_1_a_segment_without_words_becomes_a_cue_of_its_own(make: Maker) -> None:
    timed = [(" timed", 1.0, 2.0)]
    mixed = make((0.0, 1.0, " first"), timed, (2.0, 3.0, " last"))
    with pytest.raises(KeyError):
        theirs("srt", make(timed, (2.0, 3.0, " last")))
    for options in ({}, {"max_line_width": 40, "max_line_count": 2}):
        assert read_cues("srt", ours("srt", mixed, options)) == [
            (0, 1000, "first"),
            (1000, 2000, "timed"),
            (2000, 3000, "last"),
        ]


def test_exception_1_text_of_a_segment_with_an_empty_list_of_words_is_kept(make: Maker) -> None:
    transcript = make((0.0, 1.0, " said"))
    transcript = replace(transcript, segments=(replace(transcript.segments[0], words=()),))
    assert theirs("srt", transcript) == ""
    assert ours("srt", transcript) == "1\n00:00:00,000 --> 00:00:01,000\nsaid\n\n"


def test_exception_2_a_segment_without_text_has_no_cue(make: Maker) -> None:
    transcript = make((0.0, 1.0, " a"), (1.0, 2.0, "  "), (2.0, 3.0, " b"))
    assert "2\n00:00:01,000 --> 00:00:02,000\n\n\n" in theirs("srt", transcript)
    assert ours("srt", transcript) == (
        "1\n00:00:00,000 --> 00:00:01,000\na\n\n2\n00:00:02,000 --> 00:00:03,000\nb\n\n"
    )


def test_exception_2_words_without_text_have_no_cue(make: Maker) -> None:
    transcript = make([(" ", 0.0, 1.0), ("", 1.0, 2.0)])
    assert theirs("vtt", transcript) == "WEBVTT\n\n00:00.000 --> 00:02.000\n\n\n"
    for highlight in (False, True):
        assert ours("vtt", transcript, {"highlight_words": highlight}) == "WEBVTT\n\n"


def test_exception_3_blank_lines_within_a_cue_are_left_out(make: Maker) -> None:
    untimed_text = make((0.0, 1.0, " one\n\n \ntwo\r\n\r\nthree\rfour\n"))
    timed_text = make([(" a", 0.0, 0.2), (" one\n\n", 0.2, 0.5), (" two\n", 0.5, 1.0)])
    assert "one\n\n" in theirs("srt", untimed_text)
    assert "one\n\n two\n\n\n" in theirs("srt", timed_text)
    times = "1\n00:00:00,000 --> 00:00:01,000\n"
    assert ours("srt", untimed_text) == f"{times}one\ntwo\nthree\nfour\n\n"
    assert ours("srt", timed_text) == f"{times}a one\n two\n\n"


@pytest.mark.parametrize("end", [1.0, 0.5])
def test_exception_4_a_cue_lasts_a_millisecond_at_least(make: Maker, end: float) -> None:
    for transcript in (make((1.0, end, " now")), make([(" now", 1.0, end)])):
        assert read_cues("vtt", theirs("vtt", transcript)) == [(1000, round(end * 1000), "now")]
        for options in ({}, {"highlight_words": True}):
            assert read_cues("vtt", ours("vtt", transcript, options)) == [(1000, 1001, "now")]


def test_exception_5_a_word_of_no_duration_is_not_highlighted(make: Maker) -> None:
    transcript = make([(" a", 0.0, 1.0), (" b", 1.0, 1.0), (" c", 1.0, 2.0)])
    highlight = {"highlight_words": True}
    assert "00:01.000 --> 00:01.000\na <u>b</u> c\n" in theirs("vtt", transcript, highlight)
    assert read_cues("vtt", ours("vtt", transcript, highlight)) == [
        (0, 1000, "<u>a</u> b c"),
        (1000, 2000, "a b <u>c</u>"),
    ]


def test_exception_5_overlapping_words_make_no_cue_that_runs_backwards(make: Maker) -> None:
    transcript = make([(" a", 0.0, 1.5), (" b", 1.0, 2.0)])
    highlight = {"highlight_words": True}
    assert "00:01.500 --> 00:01.000\na b\n" in theirs("vtt", transcript, highlight)
    assert read_cues("vtt", ours("vtt", transcript, highlight)) == [
        (0, 1500, "<u>a</u> b"),
        (1000, 2000, "a <u>b</u>"),
    ]


def test_exception_6_a_word_with_a_line_break_is_highlighted(make: Maker) -> None:
    transcript = make([(" a\nb", 0.0, 1.0), (" c\n\n", 1.0, 2.0)])
    highlight = {"highlight_words": True}
    assert "<u>" not in theirs("vtt", transcript, highlight)
    assert read_cues("vtt", ours("vtt", transcript, highlight)) == [
        (0, 1000, "<u>a\nb</u> c"),
        (1000, 2000, "a\nb <u>c</u>"),
    ]


def test_exception_6_mere_space_is_not_highlighted(make: Maker) -> None:
    transcript = make([(" a", 0.0, 1.0), (" ", 1.0, 2.0), (" b", 2.0, 3.0)])
    highlight = {"highlight_words": True}
    assert "<u></u>" in theirs("vtt", transcript, highlight)
    assert read_cues("vtt", ours("vtt", transcript, highlight)) == [
        (0, 1000, "<u>a</u>  b"),
        (1000, 2000, "a  b"),
        (2000, 3000, "a  <u>b</u>"),
    ]


def test_exception_7_a_time_before_the_start_is_0(make: Maker) -> None:
    for transcript in (make((-0.5, 1.0, " a")), make([(" a", -0.5, 1.0)])):
        with pytest.raises(AssertionError):
            theirs("srt", transcript)
        assert ours("srt", transcript) == "1\n00:00:00,000 --> 00:00:01,000\na\n\n"


# --- The formats' own exceptions --------------------------------------------------------------


def test_srt_exception_8_no_arrow_is_left_in_text(make: Maker) -> None:
    times = "1\n00:00:00,000 --> 00:00:01,000\n"
    timed = make([(" a", 0.0, 0.5), (" -->", 0.5, 0.75), (" --", 0.75, 0.8), (">b", 0.8, 1.0)])
    assert theirs("srt", timed) == f"{times}a --> -->b\n\n"
    assert ours("srt", timed) == f"{times}a -> ->b\n\n"
    for hyphens in range(1, 5):
        segment = make((0.0, 1.0, f" a {'-' * hyphens}> b"))
        assert ours("srt", segment) == f"{times}a -> b\n\n"
    assert theirs("srt", make((0.0, 1.0, " a ---> b"))) == f"{times}a --> b\n\n"


def test_vtt_exception_8_markup_characters_of_the_text_are_escaped(make: Maker) -> None:
    times = "WEBVTT\n\n00:00.000 --> 00:01.000\n"
    text = " <i>R&D</i> --> &lt;"
    escaped = "&lt;i&gt;R&amp;D&lt;/i&gt; --&gt; &amp;lt;"
    for transcript in (make((0.0, 1.0, text)), make([(text, 0.0, 1.0)])):
        assert "<i>R&D</i>" in theirs("vtt", transcript)
        assert ours("vtt", transcript) == f"{times}{escaped}\n\n"
    highlighted = ours("vtt", make([(text, 0.0, 1.0)]), {"highlight_words": True})
    assert highlighted == f"{times}<u>{escaped}</u>\n\n"


def test_tsv_exception_1_a_line_break_within_text_becomes_a_space(make: Maker) -> None:
    transcript = make((0.0, 1.0, " a\tb\nc\r\nd\re\n"))
    assert theirs("tsv", transcript) == "start\tend\ttext\n0\t1000\ta b\nc\r\nd\re\n"
    assert ours("tsv", transcript) == "start\tend\ttext\n0\t1000\ta b c d e\n"


def test_tsv_exception_2_a_time_before_the_start_is_0(make: Maker) -> None:
    transcript = make((-0.5, 1.0, " a"))
    assert theirs("tsv", transcript) == "start\tend\ttext\n-500\t1000\ta\n"
    assert ours("tsv", transcript) == "start\tend\ttext\n0\t1000\ta\n"
