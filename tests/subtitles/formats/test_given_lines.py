"""Given transcripts as subtitles: lines kept as written or laid out anew, markup, the report."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from subalign.errors import UsageError
from subalign.options import LayoutOptions
from subalign.results import (
    Alignment,
    AlignmentReport,
    CueScore,
    Passage,
    Segment,
    Transcript,
    Word,
)
from subalign.subtitles import get_writer
from subalign.subtitles.formats.json import render_report
from subalign.subtitles.tags import (
    escape_vtt,
    plain_text,
    render_runs,
    split_tags,
    srt_tag,
    vtt_tag,
)

Maker = Callable[..., Transcript]


def segment(number: int, *words: Word, text: str = "") -> Segment:
    text = text or "".join(word.before + word.text + word.after for word in words)
    start, end = (words[0].start, words[-1].end) if words else (9.0, 9.5)
    return Segment(number, 0, start, end, text, (), 0.0, 0.0, 1.0, 0.0, words)


@pytest.fixture
def given() -> Transcript:
    """Two people, a direction, formatting, `<` and `&` that are said, and a cue without words."""
    segments = (
        segment(
            0,
            Word(" Is", 0.0, 0.5, 0.5, before=" - ANNA:"),
            Word("a<b", 0.5, 1.0, 0.5, before=" <i>", after="</i>"),
            Word(" &", 1.0, 1.25, 0.5),
            Word(" c?", 1.25, 1.5, 0.5, after=" [sighs]"),
            Word(" No.", 2.0, 2.5, 0.5, before="\n- BOB:", after=" {\\an8}{\\k20}"),
        ),
        segment(1, text=' <b>♪</b> <font color="red">music</font> <laugh>'),
        segment(2, Word(" Then", 10.0, 10.5, 0.5, before=" <v Bob>"), Word("\nwe", 10.5, 11, 0.5)),
    )
    text = "".join(part.text for part in segments)
    return Transcript(text, "en", segments, 12.5, "micro.en", "0.1.0")


def written(format_name: str, transcript: Transcript, **options: object) -> str:
    layout = LayoutOptions(**{"profile": "openai", **options})  # type: ignore[arg-type]
    return "".join(get_writer(format_name, layout).render(transcript))


def test_srt_keeps_lines(given: Transcript) -> None:
    assert written("srt", given, keep_lines=True) == (
        "1\n00:00:00,000 --> 00:00:02,500\n"
        "- ANNA: Is <i>a<b</i> & c? [sighs]\n- BOB: No. {\\an8}\n\n"
        "2\n00:00:09,000 --> 00:00:09,500\n"
        '<b>♪</b> <font color="red">music</font> <laugh>\n\n'
        "3\n00:00:10,000 --> 00:00:11,000\nThen\nwe\n\n"
    )


def test_vtt_keeps_lines(given: Transcript) -> None:
    assert written("vtt", given, keep_lines=True) == (
        "WEBVTT\n\n"
        "00:00.000 --> 00:02.500\n"
        "- ANNA: Is <i>a&lt;b</i> &amp; c? [sighs]\n- BOB: No.\n\n"
        "00:09.000 --> 00:09.500\n<b>♪</b> music &lt;laugh&gt;\n\n"
        "00:10.000 --> 00:11.000\n<v Bob> Then\nwe\n\n"
    )


def test_kept_lines_light_up(given: Transcript) -> None:
    text = written(
        "vtt", replace(given, segments=given.segments[:1]), keep_lines=True, highlight_words=True
    )
    assert text == (
        "WEBVTT\n\n"
        "00:00.000 --> 00:00.500\n"
        "- ANNA: <u>Is</u> <i>a&lt;b</i> &amp; c? [sighs]\n- BOB: No.\n\n"
        "00:00.500 --> 00:01.000\n"
        "- ANNA: Is <i><u>a&lt;b</u></i> &amp; c? [sighs]\n- BOB: No.\n\n"
        "00:01.000 --> 00:01.250\n"
        "- ANNA: Is <i>a&lt;b</i> <u>&amp;</u> c? [sighs]\n- BOB: No.\n\n"
        "00:01.250 --> 00:01.500\n"
        "- ANNA: Is <i>a&lt;b</i> &amp; <u>c?</u> [sighs]\n- BOB: No.\n\n"
        "00:01.500 --> 00:02.000\n"
        "- ANNA: Is <i>a&lt;b</i> &amp; c? [sighs]\n- BOB: No.\n\n"
        "00:02.000 --> 00:02.500\n"
        "- ANNA: Is <i>a&lt;b</i> &amp; c? [sighs]\n- BOB: <u>No.</u>\n\n"
    )


def test_txt_and_tsv_leave_formatting_out(given: Transcript) -> None:
    assert written("txt", given, keep_lines=True) == (
        "- ANNA: Is a<b & c? [sighs]\n- BOB: No.\n♪ music <laugh>\nThen\nwe\n"
    )
    assert written("tsv", given, keep_lines=True) == (
        "start\tend\ttext\n"
        "0\t2500\t- ANNA: Is a<b & c? [sighs] - BOB: No.\n"
        "9000\t9500\t♪ music <laugh>\n"
        "10000\t11000\tThen we\n"
    )


def test_laid_out_anew_text_flows_without_formatting(given: Transcript) -> None:
    spoken = replace(given, segments=(given.segments[0], given.segments[2]))
    assert written("vtt", spoken) == (
        "WEBVTT\n\n"
        "00:00.000 --> 00:02.500\n- ANNA: Is a&lt;b &amp; c? [sighs] - BOB: No.\n\n"
        "00:10.000 --> 00:11.000\nThen we\n\n"
    )
    assert written("srt", spoken, max_line_width=20, max_line_count=2) == (
        "1\n00:00:00,000 --> 00:00:01,500\n- ANNA: Is a<b &\nc? [sighs]\n\n"
        "2\n00:00:02,000 --> 00:00:02,500\n- BOB: No.\n\n"
        "3\n00:00:10,000 --> 00:00:11,000\nThen we\n\n"
    )


def test_highlighting_reaches_no_label_in_a_new_layout(given: Transcript) -> None:
    text = written(
        "srt",
        replace(given, segments=given.segments[:1]),
        highlight_words=True,
        max_words_per_line=4,
    )
    assert "- ANNA: <u>Is</u> a<b & c? [sighs]\n" in text
    assert "- ANNA: Is a<b & <u>c?</u> [sighs]\n" in text
    assert "\n- BOB: <u>No.</u>\n" in text


def test_a_new_layout_puts_no_space_between_japanese_lines() -> None:
    words = (Word("はい。", 0.0, 1.0, 0.5), Word("\nいいえ。", 1.0, 2.0, 0.5))
    transcript = Transcript("", "ja", (segment(0, *words),), 2.0, "m", "0")
    assert written("txt", transcript, keep_lines=True) == "はい。\nいいえ。\n"
    assert "\nはい。いいえ。\n" in written("srt", transcript)


def test_a_transcription_keeps_its_signs_where_lines_are_kept(make: Maker) -> None:
    transcript = make([(" <i>", 0.0, 1.0), (" a & b", 1.0, 2.0)], (2.0, 3.0, " <b>x</b>"))
    assert written("vtt", transcript, keep_lines=True) == (
        "WEBVTT\n\n00:00.000 --> 00:02.000\n&lt;i&gt; a &amp; b\n\n"
        "00:02.000 --> 00:03.000\n&lt;b&gt;x&lt;/b&gt;\n\n"
    )


def test_limits_and_kept_lines_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="leave `keep_lines` out"):
        LayoutOptions(keep_lines=True, max_words_per_line=3)


@pytest.mark.parametrize(
    ("text", "srt", "vtt", "plain"),
    [
        ("<i>a</i>", "<i>a</i>", "<i>a</i>", "a"),
        ("<S>a</S>", "<S>a</S>", "a", "a"),
        ("<c.red>a</c> <v X>", "a ", "<c.red>a</c> <v X>", "a "),
        ("{\\an8}a{\\fad(1,2)}", "{\\an8}a", "a", "a"),
        ("<unk> & {x}", "<unk> & {x}", "&lt;unk&gt; &amp; {x}", "<unk> & {x}"),
        ("1 < 2 > 0", "1 < 2 > 0", "1 &lt; 2 &gt; 0", "1 < 2 > 0"),
    ],
)
def test_formatting_that_each_format_carries(text: str, srt: str, vtt: str, plain: str) -> None:
    runs = split_tags(text)
    assert render_runs(runs, tag=srt_tag) == srt
    assert render_runs(runs, escape_vtt, vtt_tag) == vtt
    assert plain_text(text) == plain


def test_json_tells_what_is_estimated_and_what_stands_beside_words(given: Transcript) -> None:
    first, *others = given.segments
    words = (replace(first.words[0], estimated=True), *first.words[1:])  # type: ignore[index]
    given = replace(given, segments=(replace(first, words=words), *others))
    lines = written("json", given).splitlines()
    assert lines[8:10] == [
        '      {"word": " Is", "start": 0.0, "end": 0.5, "probability": 0.5, "estimated": true, '
        '"before": " - ANNA:"},',
        '      {"word": "a<b", "start": 0.5, "end": 1.0, "probability": 0.5, "estimated": false, '
        '"before": " <i>", "after": "</i>"},',
    ]


def test_the_report_in_json(given: Transcript) -> None:
    report = AlignmentReport(
        words=7,
        heard=4,
        estimated=2,
        missing=1,
        edges_by_sound=3,
        missing_passages=(Passage(1.0, 1.25, " &"),),
        unscripted=(),
        worst=(CueScore(2, 0.5, 1 / 3),),
    )
    text = "".join(render_report(Alignment(given, report)))
    assert text == (
        "{\n"
        '  "duration": 12.5,\n'
        '  "model": "micro.en",\n'
        '  "version": "0.1.0",\n'
        '  "words": 7,\n'
        '  "heard": 4,\n'
        '  "estimated": 2,\n'
        '  "missing": 1,\n'
        '  "heard_share": 0.5714,\n'
        '  "edges_by_sound": 3,\n'
        '  "missing_passages": [\n'
        '    {"start": 1.0, "end": 1.25, "text": "&"}\n'
        "  ],\n"
        '  "unscripted": [],\n'
        '  "worst": [\n'
        '    {"segment": 2, "start": 10.0, "end": 11, "heard": 0.5, "probability": 0.3333, '
        '"text": "<v Bob> Then\\nwe"}\n'
        "  ]\n"
        "}\n"
    )
    assert json.loads(text)["worst"][0]["segment"] == 2
