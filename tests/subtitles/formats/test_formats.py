"""The text of ASS, LRC, TTML, labels, TextGrid, CTM and CSV, word for word."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from subalign.errors import UsageError
from subalign.options import LayoutOptions, StyleOptions
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import get_writer

Maker = Callable[..., Transcript]


def written(format_name: str, transcript: Transcript, **options: Any) -> str:
    layout = LayoutOptions(**{"profile": "openai", **options})
    return "".join(get_writer(format_name, layout, recording="my talk").render(transcript))


@pytest.fixture
def talk(make: Maker) -> Transcript:
    """Two words, and a segment whose words were not timed."""
    return make([(" Go", 0.504, 1.0), (" on!", 1.25, 1.5)], (3.0, 4.0, ' "a", b'))


@pytest.fixture
def given() -> Transcript:
    """A label, formatting, a direction and a place on top, in two lines."""
    words = (
        Word(" Is", 0.0, 0.5, 0.5, before="- ANNA:"),
        Word("it", 0.5, 1.0, 0.5, before=" <i>", after="</i>"),
        Word(" so?", 1.25, 1.5, 0.5, after=" [sighs]"),
        Word(" No.", 2.0, 2.5, 0.5, before="\n- BOB:", after="{\\an8}"),
    )
    text = "".join(word.before + word.text + word.after for word in words)
    segment = Segment(0, 0, 0.0, 2.5, text, (), 0.0, 0.0, 1.0, 0.0, words)
    return Transcript(text, "en", (segment,), 3.0, "micro.en", "0.1.0")


ASS_HEAD = """\
[Script Info]
ScriptType: v4.00+
PlayResX: 1920
PlayResY: 1080
WrapStyle: 0
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, \
Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,60,&H00FFFFFF,&H0000FFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,3,0,\
2,60,60,50,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def dialogue(format_name: str, transcript: Transcript, **options: Any) -> list[str]:
    lines = written(format_name, transcript, **options).removeprefix(ASS_HEAD).splitlines()
    return [line.removeprefix("Dialogue: 0,").replace(",Default,,0,0,0,,", "|") for line in lines]


def test_ass(talk: Transcript) -> None:
    assert written("ass", talk) == (
        f"{ASS_HEAD}"
        "Dialogue: 0,0:00:00.50,0:00:01.50,Default,,0,0,0,,Go on!\n"
        'Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,"a", b\n'
    )


def test_ass_formatting(given: Transcript) -> None:
    assert dialogue("ass", given, profile=None, keep_lines=True) == [
        "0:00:00.00,0:00:02.50|- ANNA: Is {\\i1}it{\\i0} so? [sighs]\\N- BOB: No.{\\an8}"
    ]


def test_ass_karaoke(talk: Transcript) -> None:
    assert dialogue("ass", talk, highlight_words=True, highlight_style="karaoke") == [
        "0:00:00.50,0:00:01.50|{\\1c&H00FFFF&\\2c&HFFFFFF&}{\\k50}Go{\\k25} {\\k25}on!",
        '0:00:03.00,0:00:04.00|"a", b',
    ]


@pytest.mark.parametrize("keep_lines", [True, False])
@pytest.mark.parametrize("style", ["karaoke", "underline"])
def test_a_segment_without_timed_words_is_one_cue_that_is_not_highlighted(
    make: Maker, keep_lines: bool, style: str
) -> None:
    untimed = make((1.0, 3.0, " Hello there"))
    lines = dialogue(
        *("ass", untimed), profile="verbatim", keep_lines=keep_lines, highlight_words=True,
        highlight_style=style,
    )  # fmt: skip
    assert lines == ["0:00:01.00,0:00:03.50|Hello there"]  # it lingers for half a second


def test_ass_karaoke_lights_up_nothing_that_nobody_says(given: Transcript) -> None:
    lines = dialogue(
        *("ass", given), profile=None, keep_lines=True, highlight_words=True,
        highlight_style="karaoke",
    )  # fmt: skip
    lit, unlit = "{\\1c&H00FFFF&}", "{\\1c}"
    assert lines == [
        "0:00:00.00,0:00:02.50|{\\1c&H00FFFF&\\2c&HFFFFFF&}"
        f"{unlit}- ANNA:{lit} {{\\k50}}Is{unlit} {{\\i1}}{lit}{{\\k50}}it{unlit}{{\\i0}}{lit}"
        f"{{\\k25}} {{\\k25}}so?{unlit} [sighs]{lit}"
        f"{{\\k50}}{unlit}\\N- BOB:{lit} {{\\k50}}No.{unlit}{{\\an8}}{lit}"
    ]


@pytest.mark.parametrize(
    ("style", "opening", "closing"),
    [
        ("underline", "{\\u1}", "{\\u0}"),
        ("bold", "{\\b1}", "{\\b0}"),
        ("color", "{\\1c&H00FFFF&}", "{\\1c}"),
    ],
)
def test_ass_highlighted(talk: Transcript, style: str, opening: str, closing: str) -> None:
    assert dialogue("ass", talk, highlight_words=True, highlight_style=style) == [
        f"0:00:00.50,0:00:01.00|{opening}Go{closing} on!",
        "0:00:01.00,0:00:01.25|Go on!",
        f"0:00:01.25,0:00:01.50|Go {opening}on!{closing}",
        '0:00:03.00,0:00:04.00|"a", b',
    ]


def test_ass_escapes(make: Maker) -> None:
    transcript = make([(" {\\an8}", 0.0, 1.0), (" \\N\x0b", 1.0, 2.0)])
    text = written("ass", transcript).splitlines()[-1].split(",,0,0,0,,")[1]
    assert text == "\uff5b\\\u2060an8\uff5d \\\u2060N"


def test_ass_style(talk: Transcript) -> None:
    style = StyleOptions(
        font="Noto Sans", size=54, color="#102030", highlight="#ff8000", outline=1.5, position="top"
    )
    assert (
        "Style: Default,Noto Sans,54,&H00302010,&H000080FF,&H00000000,&H00000000,"
        "0,0,0,0,100,100,0,0,1,1.5,0,8,60,60,50,1\n"
    ) in written("ass", talk, style=style)


def test_ass_cues_of_a_millisecond_neither_vanish_nor_overlap(make: Maker) -> None:
    transcript = make(
        *([(f" {index}", index / 1000, (index + 1) / 1000)] for index in range(3)),
        [(" later", 36_000.006, 36_000.008)],
    )
    assert dialogue("ass", transcript) == [
        "0:00:00.00,0:00:00.01|0",
        "0:00:00.01,0:00:00.02|1",
        "0:00:00.02,0:00:00.03|2",
        "10:00:00.01,10:00:00.02|later",
    ]


def test_lrc(talk: Transcript) -> None:
    assert written("lrc", talk, highlight_words=True) == (
        "[re:subalign]\n[ve:0.1.0]\n[length:00:12.50]\n"
        '[00:00.50]Go on!\n[00:01.50]\n[00:03.00]"a", b\n[00:04.00]\n'
    )


def test_enhanced_lrc(talk: Transcript) -> None:
    assert written("elrc", talk) == (
        "[re:subalign]\n[ve:0.1.0]\n[length:00:12.50]\n"
        "[00:00.50]<00:00.50>Go <00:01.25>on!<00:01.50>\n[00:01.50]\n"
        '[00:03.00]"a", b\n[00:04.00]\n'
    )


def test_lrc_of_given_lines(given: Transcript) -> None:
    head = "[re:subalign]\n[ve:0.1.0]\n[length:00:03.00]\n"
    assert written("lrc", given, profile=None, keep_lines=True) == (
        f"{head}[00:00.00]- ANNA: Is it so? [sighs] - BOB: No.\n[00:02.50]\n"
    )
    assert written("elrc", given, profile=None, keep_lines=True) == (
        f"{head}[00:00.00]- ANNA: <00:00.00>Is <00:00.50>it <00:01.25>so?<00:01.50> [sighs] "
        "- BOB: <00:02.00>No.<00:02.50>\n[00:02.50]\n"
    )


def test_lrc_takes_no_time_in_the_text_for_a_tag(make: Maker) -> None:
    transcript = make((100 * 60.0, 100 * 60.0 + 1, " [00:12.07] at <1:30>\tsharp"))
    line = written("lrc", transcript).splitlines()[3]
    assert line == "[100:00.00](00:12.07) at (1:30) sharp"


def test_lrc_puts_no_space_between_japanese_lines(make: Maker) -> None:
    transcript = make([("今日", 0.0, 0.5), ("は", 0.5, 1.0), ("晴れ", 1.0, 1.5)])
    options = {"max_line_width": 3}
    assert "[00:00.00]今日は晴れ\n" in written("lrc", transcript, **options)
    assert "<00:00.50>は<00:01.00>晴れ<00:01.50>\n" in written("elrc", transcript, **options)


TTML_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" \
xmlns:tts="http://www.w3.org/ns/ttml#styling" ttp:timeBase="media" \
ttp:profile="http://www.w3.org/ns/ttml/profile/imsc1/text" ttp:cellResolution="32 15" \
xml:lang="en">
  <head>
    <styling>
      <style xml:id="text" tts:fontFamily="Arial, proportionalSansSerif" tts:fontSize="83.33%" \
tts:color="#ffffff" tts:textOutline="#000000 5%" tts:lineHeight="125%" tts:textAlign="center"/>
    </styling>
    <layout>
      <region xml:id="bottom" tts:origin="10% 50%" tts:extent="80% 45%" tts:displayAlign="after" \
tts:showBackground="whenActive"/>
      <region xml:id="top" tts:origin="10% 5%" tts:extent="80% 45%" tts:displayAlign="before" \
tts:showBackground="whenActive"/>
    </layout>
  </head>
  <body style="text">
    <div>
"""
TTML_TAIL = "    </div>\n  </body>\n</tt>\n"


def paragraphs(transcript: Transcript, **options: Any) -> list[str]:
    text = written("ttml", transcript, **options)
    lines = text.removeprefix(TTML_HEAD).removesuffix(TTML_TAIL).splitlines()
    return [line.strip().replace(' xml:space="preserve"', "") for line in lines]


def test_ttml(talk: Transcript) -> None:
    assert written("ttml", talk) == (
        f"{TTML_HEAD}"
        '      <p xml:id="cue1" region="bottom" begin="00:00:00.504" end="00:00:01.500" '
        'xml:space="preserve">Go on!</p>\n'
        '      <p xml:id="cue2" region="bottom" begin="00:00:03.000" end="00:00:04.000" '
        'xml:space="preserve">"a", b</p>\n'
        f"{TTML_TAIL}"
    )


def test_ttml_formatting(given: Transcript) -> None:
    assert paragraphs(given, profile=None, keep_lines=True) == [
        '<p xml:id="cue1" region="top" begin="00:00:00.000" end="00:00:02.500">- ANNA: Is '
        '<span tts:fontStyle="italic">it</span> so? [sighs]<br/>- BOB: No.</p>'
    ]


def test_ttml_karaoke(talk: Transcript) -> None:
    assert paragraphs(talk, highlight_words=True, highlight_style="karaoke")[0] == (
        '<p xml:id="cue1" region="bottom" begin="00:00:00.504" end="00:00:01.500">'
        '<span><set begin="0.000s" tts:color="#ffff00"/>Go</span> '
        '<span><set begin="0.746s" tts:color="#ffff00"/>on!</span></p>'
    )


@pytest.mark.parametrize(
    ("style", "attribute"),
    [
        ("underline", 'tts:textDecoration="underline"'),
        ("bold", 'tts:fontWeight="bold"'),
        ("color", 'tts:color="#ffff00"'),
    ],
)
def test_ttml_highlighted(talk: Transcript, style: str, attribute: str) -> None:
    found = paragraphs(talk, highlight_words=True, highlight_style=style)
    texts = [paragraph.partition(">")[2] for paragraph in found]
    assert texts == [
        f"<span {attribute}>Go</span> on!</p>",
        "Go on!</p>",
        f"Go <span {attribute}>on!</span></p>",
        '"a", b</p>',
    ]


def test_ttml_closes_what_a_transcript_leaves_open_or_crosses(given: Transcript) -> None:
    words = (
        Word(" a", 0.0, 0.5, 0.5, before="<i>"),
        Word(" b", 0.5, 1.0, 0.5, before=" <b>", after="</i></u>"),
    )
    given = replace(given, segments=(replace(given.segments[0], words=words),))
    assert paragraphs(given, profile=None, keep_lines=True)[0].partition(">")[2] == (
        '<span tts:fontStyle="italic"> a <span tts:fontWeight="bold"> b</span></span>'
        '<span tts:fontWeight="bold"></span></p>'
    )


@pytest.mark.parametrize(
    ("words", "direction"),
    [
        (" שלום לכולם.", "rtl"),
        (" 12 مارس 2024، Whisper.", "rtl"),
        (" Whisper: שלום.", None),
        (" 2024.", None),
    ],
)
@pytest.mark.parametrize("highlight", [False, True])
def test_direction_of_writing(
    make: Maker, words: str, direction: str | None, highlight: bool
) -> None:
    given = make([(f" {word}", at, at + 0.9) for at, word in enumerate(words.split())])
    lines = paragraphs(given, highlight_words=highlight)
    assert len(lines) >= 1
    assert {'tts:direction="rtl"' in line for line in lines} == {direction is not None}
    script = written("ass", given, highlight_words=highlight)
    style = next(line for line in script.splitlines() if line.startswith("Style: "))
    assert style.rpartition(",")[2] == ("1" if direction is None else "-1")


def test_ttml_style(talk: Transcript) -> None:
    style = StyleOptions(font="Arial", size=36, color="#102030", outline=9, position="top")
    text = written("ttml", talk, style=style)
    assert 'tts:fontSize="50%" tts:color="#102030" tts:textOutline="#000000 10%"' in text
    assert text.count('region="top"') == 2


@pytest.mark.parametrize(("language", "code"), [("jw", "jv"), ("", ""), ('a"<b', "ab")])
def test_ttml_language(talk: Transcript, language: str, code: str) -> None:
    assert f' xml:lang="{code}">\n' in written("ttml", replace(talk, language=language))


def test_labels(talk: Transcript) -> None:
    assert written("labels", talk) == '0.504\t1.000\tGo\n1.250\t1.500\ton!\n3.000\t4.000\t"a", b\n'


def test_text_grid(talk: Transcript) -> None:
    lines = [line.strip() for line in written("textgrid", talk).splitlines()]
    assert lines[:7] == [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        "xmax = 12.5",
        "tiers? <exists>",
        "size = 2",
    ]
    assert [line for line in lines[7:] if "=" in line] == [
        *('class = "IntervalTier"', 'name = "words"', "xmin = 0", "xmax = 12.5"),
        "intervals: size = 5",
        *("xmin = 0", "xmax = 0.504", 'text = ""'),
        *("xmin = 0.504", "xmax = 1", 'text = "Go"'),
        *("xmin = 1", "xmax = 1.25", 'text = ""'),
        *("xmin = 1.25", "xmax = 1.5", 'text = "on!"'),
        *("xmin = 1.5", "xmax = 12.5", 'text = ""'),
        *('class = "IntervalTier"', 'name = "segments"', "xmin = 0", "xmax = 12.5"),
        "intervals: size = 5",
        *("xmin = 0", "xmax = 0.504", 'text = ""'),
        *("xmin = 0.504", "xmax = 1.5", 'text = "Go on!"'),
        *("xmin = 1.5", "xmax = 3", 'text = ""'),
        *("xmin = 3", "xmax = 4", 'text = """a"", b"'),
        *("xmin = 4", "xmax = 12.5", 'text = ""'),
    ]


def test_ctm(talk: Transcript) -> None:
    assert written("ctm", talk) == (
        "my_talk 1 0.504 0.496 Go 0.5000\n"
        "my_talk 1 1.250 0.250 on 0.5000\n"
        ';; my_talk 1 3.000 4.000 "a", b\n'
    )


def test_ctm_without_a_recordings_name_and_without_a_probability(make: Maker) -> None:
    transcript = make([(" New  York;;", 0.0, 0.5)])
    word = Word(" New  York;;", 0.0, 0.5, float("nan"))
    transcript = replace(transcript, segments=(replace(transcript.segments[0], words=(word,)),))
    assert list(get_writer("ctm").render(transcript)) == ["recording 1 0.000 0.500 New_York NA\n"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (" «Well,", "Well"),
        (" don't...\"", "don't"),
        (" (e.g.", "e.g."),
        (" 50%.", "50%"),
        (" —", None),
        (" $5", "$5"),
        (" well-known!?", "well-known"),
        ("今日。", "今日"),
        (" ;;", None),
        (" C#,", "C#"),
    ],
)
def test_ctm_has_words_without_the_punctuation_around_them(
    make: Maker, said: str, field: str | None
) -> None:
    rows = list(get_writer("ctm").render(make([(said, 0.0, 0.5)])))
    expected = [] if field is None else [f"recording 1 0.000 0.500 {field} 0.5000\n"]
    assert rows == expected


def test_csv(given: Transcript, talk: Transcript) -> None:
    head = "segment,start,end,text,probability,estimated,before,after\r\n"
    assert written("csv", talk) == (
        f"{head}0,0.504,1.000,Go,0.5000,false,,\r\n0,1.250,1.500,on!,0.5000,false,,\r\n"
        '1,3.000,4.000,"""a"", b",,,,\r\n'
    )
    assert written("csv", given) == (
        f"{head}0,0.000,0.500,Is,0.5000,false,'- ANNA:,\r\n"
        "0,0.500,1.000,it,0.5000,false,<i>,</i>\r\n"
        "0,1.250,1.500,so?,0.5000,false,,[sighs]\r\n"
        "0,2.000,2.500,No.,0.5000,false,'- BOB:,{\\an8}\r\n"
    )


@pytest.mark.parametrize(
    ("format_name", "text"),
    [
        ("ass", ASS_HEAD),
        ("lrc", "[re:subalign]\n[ve:0.1.0]\n[length:00:12.50]\n"),
        ("ttml", TTML_HEAD + TTML_TAIL),
        ("labels", ""),
        ("ctm", ""),
        ("csv", "segment,start,end,text,probability,estimated,before,after\r\n"),
    ],
)
def test_nothing_said(make: Maker, format_name: str, text: str) -> None:
    assert written(format_name, make()) == text


def test_nothing_said_is_a_grid_of_silence(make: Maker) -> None:
    text = written("textgrid", replace(make(), duration=0.0))
    assert text.count("xmax = 0.001 \n") == 5
    assert text.count('text = "" \n') == 2


@pytest.mark.parametrize(
    ("style", "sentence"),
    [
        ({"font": "Arial,Bold"}, "`font=Arial,Bold` is no font's name"),
        ({"font": ""}, "`font=` is no font's name"),
        ({"color": "red"}, "`color=red` is no colour: write #rrggbb"),
        ({"highlight": "#ff"}, "`highlight=#ff` is no colour"),
        ({"size": 0}, "`size=0` must lie between 1 and 1080"),
        ({"size": float("nan")}, "`size=nan` must lie"),
        ({"outline": -1}, "`outline=-1` must lie between 0 and 100"),
        ({"position": "left"}, "`position` must be bottom or top, not 'left'"),
    ],
)
def test_a_style_that_makes_no_sense_is_refused(style: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        StyleOptions(**style)
    assert str(error.value).startswith(sentence)
