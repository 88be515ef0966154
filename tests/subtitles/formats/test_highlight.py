"""Words that light up in SubRip and WebVTT: literal text, and tags that are always closed."""

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from subalign.errors import UsageError
from subalign.options import HighlightStyle, LayoutOptions, StyleOptions
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import Cue, CueWord, SRTWriter, get_writer

Maker = Callable[..., Transcript]


def written(format_name: str, transcript: Transcript, **options: Any) -> str:
    layout = LayoutOptions(profile="openai", highlight_words=True, **options)
    return "".join(get_writer(format_name, layout).render(transcript))


@pytest.fixture
def talk(make: Maker) -> Transcript:
    return make([(" Go", 0.5, 1.0), (" on!", 1.25, 1.5)])


@pytest.mark.parametrize(
    ("style", "opening", "closing"),
    [
        ("underline", "<u>", "</u>"),
        ("bold", "<b>", "</b>"),
        ("color", '<font color="#00ff00">', "</font>"),
        ("karaoke", "<u>", "</u>"),
    ],
)
def test_srt(talk: Transcript, style: str, opening: str, closing: str) -> None:
    green = StyleOptions(highlight="#00ff00")
    assert written("srt", talk, highlight_style=style, style=green) == (
        f"1\n00:00:00,500 --> 00:00:01,000\n{opening}Go{closing} on!\n\n"
        "2\n00:00:01,000 --> 00:00:01,250\nGo on!\n\n"
        f"3\n00:00:01,250 --> 00:00:01,500\nGo {opening}on!{closing}\n\n"
    )


@pytest.mark.parametrize(
    ("style", "head", "opening", "closing"),
    [
        ("underline", "", "<u>", "</u>"),
        ("bold", "", "<b>", "</b>"),
        (
            *("color", "STYLE\n::cue(.highlight) { color: #ffff00; }\n\n"),
            *("<c.highlight>", "</c>"),
        ),
    ],
)
def test_vtt(talk: Transcript, style: str, head: str, opening: str, closing: str) -> None:
    assert written("vtt", talk, highlight_style=style) == (
        f"WEBVTT\n\n{head}"
        f"00:00.500 --> 00:01.000\n{opening}Go{closing} on!\n\n"
        "00:01.000 --> 00:01.250\nGo on!\n\n"
        f"00:01.250 --> 00:01.500\nGo {opening}on!{closing}\n\n"
    )


def test_vtt_karaoke(talk: Transcript) -> None:
    assert written("vtt", talk, highlight_style="karaoke") == (
        "WEBVTT\n\n"
        "STYLE\n"
        "::cue(.highlight) { color: #ffff00; }\n"
        "::cue(.highlight:future) { color: #ffffff; }\n\n"
        "00:00.500 --> 00:01.500\n"
        "<c.highlight>Go</c> <00:01.250><c.highlight>on!</c>\n\n"
    )


def test_vtt_karaoke_writes_no_time_that_the_format_forbids(make: Maker) -> None:
    transcript = make([(" a", 1.0, 1.0), (" b", 1.0, 2.0), (" c", 1.5, 3.0), (" d", 3.0, 3.0)])
    assert written("vtt", transcript, highlight_style="karaoke").splitlines()[-2] == (
        "<c.highlight>a</c> <c.highlight>b</c> <00:01.500><c.highlight>c</c> <c.highlight>d</c>"
    )


def test_a_style_without_highlighting_changes_nothing(talk: Transcript) -> None:
    layout = LayoutOptions(profile="openai", highlight_style="karaoke")
    assert "".join(get_writer("vtt", layout).render(talk)) == (
        "WEBVTT\n\n00:00.500 --> 00:01.500\nGo on!\n\n"
    )


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(
        UsageError,
        match=r"^`highlight_style` must be underline, karaoke, color or bold, not 'blink'\.$",
    ):
        LayoutOptions(highlight_style="blink")  # type: ignore[arg-type]


def test_a_cue_that_outlasts_its_words_is_plain_before_and_after() -> None:
    cue = Cue(800, 3000, (CueWord("Go", 1000, 1500), CueWord(" on", 1500, 2000)))
    writer = SRTWriter(LayoutOptions(highlight_words=True))
    assert list(writer.shown(cue)) == [
        (800, 1000, "Go on"),
        (1000, 1500, "<u>Go</u> on"),
        (1500, 2000, "Go <u>on</u>"),
        (2000, 3000, "Go on"),
    ]


@pytest.mark.parametrize(
    ("text", "marked"),
    [(" a", " <a>"), ("\na\n", "\n<a>\n"), ("a b", "<a b>"), (" ", " "), ("", "")],
)
def test_around_a_word(text: str, marked: str) -> None:
    assert "".join(SRTWriter().word(CueWord(text, 0, 1), "<", ">")) == marked


_ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<"), max_size=6)


@st.composite
def _transcripts(draw: st.DrawFn) -> Transcript:
    """Words of any text and any times, overlapping and reversed ones too."""
    words = []
    for text in draw(st.lists(_ANY_TEXT, min_size=1, max_size=6)):
        start, end = draw(st.integers(0, 5000)), draw(st.integers(0, 5000))
        words.append(Word(f" {text}", start / 1000, end / 1000, 0.5))
    text = "".join(word.text for word in words)
    segment = Segment(0, 0, words[0].start, words[-1].end, text, (), 0, 0, 1, 0, tuple(words))
    return Transcript(text, "en", (segment,), 5.0, "micro.en", "0.1.0")


@examples(
    _transcripts(),
    st.sampled_from(["srt", "vtt", "ass", "ttml"]),
    st.sampled_from(get_args(HighlightStyle)),
    st.sampled_from([None, 8]),
)
def test_no_tag_is_ever_left_open(
    transcript: Transcript, format_name: str, style: str, width: int | None
) -> None:
    text = written(format_name, transcript, highlight_style=style, max_line_width=width)
    unit = {"srt": "\n\n", "vtt": "\n\n"}.get(format_name, "\n")
    for block in text.split(unit):
        if format_name == "ass":
            for tag, plain in ((r"\\u1", r"\\u0"), (r"\\b1", r"\\b0")):
                assert len(re.findall(tag, block)) == len(re.findall(plain, block))
        else:
            opened = re.findall(r"<(u|b|c|font|span)[ .>]", block)
            assert opened == re.findall(r"</(u|b|c|font|span)>", block)
