"""Every format read back by a program that is not ours, with text of all kinds.

What is checked is the same for all: no text is lost, added or moved, and times are in order.
"""

import csv
import html
import io
import logging
import re
import tempfile
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pysubs2
import pytest
import ttconv.imsc.reader
import ttconv.model
import webvtt
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from ttconv.isd import ISD
from ttconv.style_properties import NamedColors, StyleProperties

from subalign.errors import OutputError
from subalign.heads.reference_words import read_reference_words
from subalign.options import HighlightStyle, LayoutOptions
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import FORMATS, get_writer

TEXT_FORMATS = [name for name in FORMATS if name not in ("html", "stl", "docx")]

_MARKUP = ["<i>", "</i>", "&amp;", "{", "}", "\\N", "\\", '"', '""', ",", ";;", "-->", "[00:01.00]"]
_MARKUP += ["\t", "\n", "\r\n", "\n\n", "\0", "\x0b", "\x1f", "\x85", "\u2028", "\ufeff", "\ufffe"]
_MARKUP += [
    "item [1]:",
    "intervals [1]:",
    "xmin = 1",
    "]]>",
    "<!--",
    "مرحبا",
    "שלום",
    "今日は",
    "👩‍👩‍👧",
]
_TEXT = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | st.sampled_from(_MARKUP),
    max_size=3,
).map("".join)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Segments of words as the aligners give them: in order, 20 ms or longer, no overlap."""
    at = draw(st.integers(0, 40_000_000))
    segments: list[Segment] = []
    for number in range(draw(st.integers(0, 3))):
        words = []
        for _ in range(draw(st.integers(0, 4))):
            start = at + draw(st.integers(0, 3000))
            at = start + draw(st.integers(20, 700))
            words.append(Word(" " + draw(_TEXT), start / 1000, at / 1000, draw(st.floats(0, 1))))
        if words:
            text = "".join(word.text for word in words)
            times = (words[0].start, words[-1].end)
        else:
            text, times = draw(_TEXT), (at / 1000, (at + 100) / 1000)
            at += 100
        timed = tuple(words) if words else None
        segments.append(Segment(number, 0, *times, text, (), 0, 0, 1, 0, timed))
    joined = "".join(segment.text for segment in segments)
    return Transcript(joined, "en", tuple(segments), at / 1000 + 1, "micro.en", "0.1.0")


def rendered(format_name: str, transcript: Transcript, **options: Any) -> str:
    layout = LayoutOptions(**{"profile": "openai", **options})
    return "".join(get_writer(format_name, layout, recording="a b").render(transcript))


def bare(text: str) -> str:
    """Text without white space and control characters, which formats may change."""
    return "".join(char for char in text if char > "\x20" and not char.isspace())


def all_text(transcript: Transcript) -> str:
    return bare("".join(segment.text for segment in transcript.segments))


def words_text(transcript: Transcript) -> list[str]:
    return [text for word in transcript.words if (text := bare(word.text))]


def in_order(spans: list[tuple[float, float]]) -> bool:
    """Whether spans have a length and none begins before the one before it ends."""
    joined = all(first[1] <= second[0] for first, second in pairwise(spans))
    return joined and all(start < end for start, end in spans)


styles = st.sampled_from((None, *get_args(HighlightStyle)))


def highlighting(style: str | None) -> dict[str, Any]:
    return {} if style is None else {"highlight_words": True, "highlight_style": style}


@examples(transcripts(), styles)
def test_pysubs2_reads_ass(transcript: Transcript, style: str | None) -> None:
    text = rendered("ass", transcript, **highlighting(style))
    if transcript.duration > 35_990:
        text = re.sub(r"(?<=[ ,])1\d:(?=\d\d:\d\d\.)", "9:", text)  # pysubs2 reads one digit
    events = pysubs2.SSAFile.from_string(text, format_="ass").events
    assert text.count("\nDialogue: ") == len(events)
    if style in (None, "karaoke"):
        found = "".join(event.plaintext for event in events)
        wanted = all_text(transcript).translate({0x7B: 0xFF5B, 0x7D: 0xFF5D})
        assert bare(found.replace("\\\u2060", "\\")) == wanted
    if transcript.duration < 35_990:
        assert in_order([(event.start, event.end) for event in events])
    for event in events:
        durations = sum(map(int, re.findall(r"\{\\k(\d+)\}", event.text)))
        assert durations * 10 <= event.duration


@examples(transcripts(), styles)
def test_an_xml_parser_and_ttconv_read_ttml(transcript: Transcript, style: str | None) -> None:
    root = ET.fromstring(rendered("ttml", transcript, **highlighting(style)))
    namespace = {"tt": "http://www.w3.org/ns/ttml"}
    paragraphs = root.findall(".//tt:p", namespace)
    if style in (None, "karaoke"):
        found = "".join("".join(paragraph.itertext()) for paragraph in paragraphs)
        assert bare(found) == all_text(transcript).replace("\ufffe", "").replace("\uffff", "")
    document = ttconv.imsc.reader.to_model(ET.ElementTree(root))
    spans = [
        (element.get_begin() or 0, element.get_end())
        for element in document.get_body().dfs_iterator()
        if isinstance(element, ttconv.model.P)
    ]
    assert len(spans) == len(paragraphs)
    assert in_order(spans)


def test_ttconv_finds_nothing_wrong(caplog: pytest.LogCaptureFixture) -> None:
    words = (Word("Go", 0.5, 1.0, 0.5, before="<i>", after="</i>"), Word("\non!", 1.25, 1.5, 0.5))
    segment = Segment(0, 0, 0.5, 1.5, "Go\non!", (), 0, 0, 1, 0, words)
    transcript = Transcript("Go\non!", "en", (segment,), 2.0, "micro.en", "0.1.0")
    options = {"profile": None, "keep_lines": True, **highlighting("karaoke")}
    root = ET.fromstring(rendered("ttml", transcript, **options))
    with caplog.at_level(logging.WARNING):
        document = ttconv.imsc.reader.to_model(ET.ElementTree(root))
    assert not caplog.records
    assert list(ISD.significant_times(document)) == [
        Fraction(0), Fraction("0.5"), Fraction("1.25"), Fraction("1.5"),
    ]  # fmt: skip

    def shown(at: str) -> list[tuple[str, Any]]:
        scene = ISD.from_model(document, Fraction(at))
        return [
            (part.get_text(), part.parent().get_style(StyleProperties.Color))
            for region in scene.iter_regions()
            for part in region.dfs_iterator()
            if isinstance(part, ttconv.model.Text)
        ]

    yellow, white = NamedColors.yellow.value, NamedColors.white.value
    assert shown("0.6") == [("Go", yellow), ("on!", white)]
    assert shown("1.3") == [("Go", yellow), ("on!", yellow)]
    assert shown("1.6") == []


# webvtt-py takes these for line breaks, which they are not (WebVTT, section 4.1)
_OTHER_BREAKS = dict.fromkeys(map(ord, "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), "")


@examples(transcripts(), styles)
def test_webvtt_py_reads_vtt(transcript: Transcript, style: str | None) -> None:
    text = rendered("vtt", transcript, **highlighting(style)).translate(_OTHER_BREAKS)
    captions = webvtt.from_string(text).captions
    if style in (None, "karaoke"):
        found = html.unescape("".join(caption.text for caption in captions))
        assert bare(found) == all_text(transcript)
    assert in_order(
        [(_milliseconds(caption.start), _milliseconds(caption.end)) for caption in captions]
    )


def _milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3_600_000 + int(minutes) * 60_000 + int(seconds.replace(".", ""))


@examples(transcripts(), styles)
def test_pysubs2_reads_srt(transcript: Transcript, style: str | None) -> None:
    text = rendered("srt", transcript, **highlighting(style))
    assert text.count(" --> ") == len(re.findall(r"(?m)^\d+\n[\d:,]{12} --> [\d:,]{12}$", text))
    blocks = [block.split("\n", 2) for block in text.split("\n\n")[:-1]]
    assert [int(number) for number, _, _ in blocks] == list(range(1, len(blocks) + 1))
    spans = []
    for _, times, _ in blocks:
        event = pysubs2.SSAFile.from_string(f"1\n{times}\nx\n", format_="srt").events[0]
        spans.append((event.start, event.end))
    assert in_order(spans)
    if style is None:
        found = "".join(said for _, _, said in blocks)
        assert bare(found) == re.sub("-{2,}>", "->", all_text(transcript))


_LRC_LINE = re.compile(r"\[(\d{2,}):([0-5]\d)\.(\d\d)\](.*)", re.DOTALL)
_LRC_WORD = re.compile(r"<(\d{2,}):([0-5]\d)\.(\d\d)>")
_LRC_TAG = re.compile(r"\[[a-z]+:[^\]\n]*\]")


def lyrics(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their times in centiseconds, by a strict reading."""
    head, lines = text.split("\n")[:3], text.split("\n")[3:-1]
    assert all(_LRC_TAG.fullmatch(line) for line in head)
    for line in lines:
        minutes, seconds, hundredths, said = _LRC_LINE.fullmatch(line).groups()
        assert not _LRC_LINE.match(said)
        yield int(minutes) * 6000 + int(seconds) * 100 + int(hundredths), said


def without_times(text: str) -> str:
    return re.sub(r"[\[<](\s*\d+\s*:\s*\d+(?:\s*[.:]\s*\d+)?\s*)[\]>]", r"(\1)", text)


@examples(transcripts())
def test_a_strict_reader_reads_lrc(transcript: Transcript) -> None:
    lines = list(lyrics(rendered("lrc", transcript)))
    times = [time for time, _ in lines]
    assert times == sorted(times)
    assert len(set(times)) >= len([said for _, said in lines if said])
    text = bare("".join(said for _, said in lines))
    assert text.replace("(", "[").replace(")", "]").replace("<", "[").replace(">", "]") == (
        all_text(transcript).translate(str.maketrans("()<>", "[][]"))
    )


@examples(transcripts())
def test_a_strict_reader_reads_enhanced_lrc(transcript: Transcript) -> None:
    lines = list(lyrics(rendered("elrc", transcript)))
    stamped = 0
    for start, said in lines:
        found = _LRC_WORD.findall(said)
        times = [int(m) * 6000 + int(s) * 100 + int(c) for m, s, c in found]
        assert times == sorted(times)
        assert all(time >= start for time in times)
        stamped += max(0, len(times) - 1)
    text = bare("".join(_LRC_WORD.sub("", said) for _, said in lines))
    assert text.translate(str.maketrans("()<>", "[][]")) == (
        all_text(transcript).translate(str.maketrans("()<>", "[][]"))
    )
    assert stamped >= len(words_text(transcript))


@examples(transcripts())
def test_labels_are_three_fields(transcript: Transcript) -> None:
    rows = [row.split("\t") for row in rendered("labels", transcript).split("\n")[:-1]]
    assert all(len(row) == 3 for row in rows)
    assert in_order([(float(start), float(end)) for start, end, _ in rows])
    assert bare("".join(text for _, _, text in rows)) == all_text(transcript)


_FREE_STANDING = re.compile(r'"((?:[^"]|"")*)"|<exists>|(?<![^\s])-?\d+(?:\.\d+)?(?![^\s])|\S+')


def praat_values(text: str) -> Iterator[float | str]:
    """The numbers and strings that Praat reads; all else is there for people.

    https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html, "the shortest text format"
    """
    for found in _FREE_STANDING.finditer(text):
        token = found[0]
        if token.startswith('"'):
            yield found[1].replace('""', '"')
        elif re.fullmatch(r"-?\d+(\.\d+)?", token):
            yield float(token)


def tiers(text: str) -> Iterator[tuple[str, list[tuple[float, float, str]]]]:
    values = praat_values(text)
    assert (next(values), next(values)) == ("ooTextFile", "TextGrid")
    assert next(values) == 0
    end, count = next(values), next(values)
    for _ in range(int(count)):
        kind, name, tier_start, tier_end, size = (next(values) for _ in range(5))
        assert (kind, tier_start, tier_end) == ("IntervalTier", 0, end)
        entries = [(next(values), next(values), next(values)) for _ in range(int(size))]
        # a tier is filled from its start to its end, without gaps
        assert [entry[0] for entry in entries] == [0, *(entry[1] for entry in entries[:-1])]
        assert entries[-1][1] == end
        assert all(start < stop for start, stop, _ in entries)
        yield name, entries
    assert list(values) == []


@examples(transcripts())
def test_a_strict_reader_reads_text_grids(transcript: Transcript) -> None:
    found = dict(tiers(rendered("textgrid", transcript)))
    assert list(found) == ["words", "segments"]
    assert [bare(label) for _, _, label in found["words"] if bare(label)] == (
        words_text(transcript)
    )
    assert bare("".join(label for _, _, label in found["segments"])) == all_text(transcript)


_PLAIN_WORD = st.text("abcäß今日мир'\"-", min_size=1, max_size=5)


@examples(st.lists(st.tuples(_PLAIN_WORD, st.integers(0, 900), st.integers(20, 900)), min_size=1))
@settings(max_examples=30)
def test_our_own_reader_reads_text_grids_and_ctm(parts: list[tuple[str, int, int]]) -> None:
    words = []
    at = 0
    for text, pause, length in parts:
        words.append(Word(f" {text}", (at + pause) / 1000, (at + pause + length) / 1000, 0.25))
        at += pause + length
    segment = Segment(0, 0, 0.0, at / 1000, "", (), 0, 0, 1, 0, tuple(words))
    transcript = Transcript("", "en", (segment,), at / 1000 + 1, "micro.en", "0.1.0")
    with tempfile.TemporaryDirectory() as folder:
        for format_name, ending in (("textgrid", "TextGrid"), ("ctm", "ctm")):
            path = Path(folder) / f"talk.{ending}"
            path.write_text(rendered(format_name, transcript), "utf-8")
            found = read_reference_words(path).words
            # CTM has no punctuation around words
            kept = [word for word in words if format_name != "ctm" or letters(word.text)]
            assert [(letters(word.text), word.start, word.end) for word in found] == [
                (letters(word.text), word.start, word.end) for word in kept
            ]


def letters(text: str) -> str:
    """All but space and punctuation."""
    return "".join(char for char in bare(text) if not unicodedata.category(char).startswith("P"))


_CTM_ROW = re.compile(r"a_b 1 (\d+\.\d{3}) (\d+\.\d{3}) (\S+) (0\.\d{4}|1\.0000)")


@examples(transcripts())
def test_a_strict_reader_reads_ctm(transcript: Transcript) -> None:
    rows = rendered("ctm", transcript).split("\n")[:-1]
    found = [_CTM_ROW.fullmatch(row).groups() for row in rows if not row.startswith(";;")]
    spans = [(int(s.replace(".", "")), int(d.replace(".", ""))) for s, d, _, _ in found]
    assert in_order([(start, start + duration) for start, duration in spans])
    texts = [letters(text) for _, _, text, _ in found]
    assert [text for text in texts if text] == [
        text for text in map(letters, words_text(transcript)) if text
    ]
    assert not any(";;" in row for row in rows if not row.startswith(";;"))


@examples(transcripts())
def test_the_csv_module_reads_csv(transcript: Transcript) -> None:
    text = rendered("csv", transcript, csv_formulas=True)
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header == "segment start end text probability estimated before after".split()
    assert all(len(row) == len(header) for row in rows)
    assert text.count("\r\n") == len(rows) + 1
    assert bare("".join(row[3] for row in rows)) == all_text(transcript)
    timed = [row for row in rows if row[5]]
    assert [round(float(row[4]), 4) for row in timed] == [
        round(word.probability, 4) for word in transcript.words
    ]


@examples(transcripts(), st.sampled_from(TEXT_FORMATS))
def test_every_piece_ends_its_line_and_is_utf_8(transcript: Transcript, format_name: str) -> None:
    with suppress(OutputError):  # SCC has letters of Western Europe alone
        for piece in get_writer(format_name, LayoutOptions(profile="openai")).render(transcript):
            assert piece.endswith("\n")
            assert piece.encode().decode() == piece
