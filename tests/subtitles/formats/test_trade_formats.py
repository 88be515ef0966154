"""The formats of the trade as `transcribe` and `render` write them: literally, and read back."""

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import ttconv.imsc.reader
from ttconv.isd import ISD

from subalign.errors import OutputError, UsageError
from subalign.options import LayoutOptions
from subalign.results import Chapter, Transcript
from subalign.subtitles import FORMATS, get_writer, resolve_formats
from subalign.subtitles.files import parse_subtitle_file
from subalign.subtitles.files.ebu_stl import parse_stl

Maker = Callable[..., Transcript]
WORDS = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture
def talk(make: Maker) -> Transcript:
    """Two sentences in three segments, under two chapters."""
    transcript = make(
        [(" Well,", 1.0, 1.4), (" she", 1.4, 1.7), (" said", 1.7, 2.0)],
        [(" so.", 2.0, 2.5), (" R&D", 4.0, 4.5)],
        (5.0, 7.0, " isn't *cheap* | <at all>"),
    )
    chapters = (Chapter(0.0, 3.0, "One & two"), Chapter(3.52, 12.5, ""))
    return replace(transcript, chapters=chapters)


def content(name: str, transcript: Transcript, **options: Any) -> bytes:
    file = io.BytesIO()
    layout = LayoutOptions(**options)
    get_writer(name, layout, recording="my talk").write_bytes(transcript, file)
    return file.getvalue()


def text(name: str, transcript: Transcript, **options: Any) -> str:
    return content(name, transcript, **options).decode()


def test_sbv(talk: Transcript) -> None:
    assert text("sbv", talk) == (
        "0:00:01.000,0:00:03.500\nWell, she said so.\n\n"
        "0:00:04.000,0:00:08.000\nR&D isn't *cheap* | <at all>\n\n"
    )


def test_markdown(talk: Transcript) -> None:
    assert text("markdown", talk) == (
        "# my talk\n\n## One \\& two (00:00:00)\n\n**00:00:01** Well, she said so.\n\n"
        "## Chapter (00:00:03)\n\n**00:00:04** R\\&D\n\n"
        "**00:00:05** isn't \\*cheap\\* \\| \\<at all\\>\n"
    )


def test_docx_is_what_an_xml_reader_finds(talk: Transcript) -> None:
    data = content("docx", talk)
    assert data == content("docx", talk)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        parts = {name: ET.fromstring(archive.read(name)) for name in archive.namelist()}
    assert list(parts) == [
        *("[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/styles.xml"),
        "word/_rels/document.xml.rels",
    ]
    styles = {style.get(f"{WORDS}styleId") for style in parts["word/styles.xml"]}
    found = []
    for paragraph in parts["word/document.xml"].iter(f"{WORDS}p"):
        style = paragraph.find(f"{WORDS}pPr/{WORDS}pStyle")
        shown = "".join(
            "\t" if part.tag == f"{WORDS}tab" else part.text or ""
            for part in paragraph.iter()
            if part.tag in (f"{WORDS}t", f"{WORDS}tab")
        )
        found.append(("" if style is None else style.get(f"{WORDS}val"), shown))
    assert found == [
        ("Title", "my talk"),
        ("Heading1", "One & two"),
        ("", "00:00:01\tWell, she said so."),
        ("Heading1", "Chapter"),
        ("", "00:00:04\tR&D"),
        ("", "00:00:05\tisn't *cheap* | <at all>"),
    ]
    assert {style for style, _ in found if style} <= styles
    target = parts["_rels/.rels"][0].get("Target")
    assert target == "word/document.xml"


def test_edl(talk: Transcript) -> None:
    assert text("edl", talk, fps=25) == (
        "TITLE: my talk\nFCM: NON-DROP FRAME\n\n"
        "001  001      V     C        01:00:00:00 01:00:00:01 01:00:00:00 01:00:00:01  \n"
        " |C:ResolveColorRed |M:One & two |D:1\n\n"
        "002  001      V     C        01:00:01:00 01:00:01:01 01:00:01:00 01:00:01:01  \n"
        " |C:ResolveColorBlue |M:Well, she said so. |D:37\n\n"
        "003  001      V     C        01:00:03:13 01:00:03:14 01:00:03:13 01:00:03:14  \n"
        " |C:ResolveColorRed |M:Chapter |D:1\n\n"
        "004  001      V     C        01:00:04:00 01:00:04:01 01:00:04:00 01:00:04:01  \n"
        " |C:ResolveColorBlue |M:R&D |D:12\n\n"
        "005  001      V     C        01:00:05:00 01:00:05:01 01:00:05:00 01:00:05:01  \n"
        " |C:ResolveColorBlue |M:isn't *cheap* / <at all> |D:50\n\n"
    )


@pytest.mark.parametrize("fps", [None, 23.976, 30])
def test_fcpxml_has_whole_frames_and_nested_captions(talk: Transcript, fps: float | None) -> None:
    root = ET.fromstring(text("fcpxml", talk, fps=fps))
    rate = {None: Fraction(25), 23.976: Fraction(24000, 1001), 30: Fraction(30)}[fps]
    assert (root.tag, root.get("version")) == ("fcpxml", "1.8")
    assert root.find("resources/format").get("frameDuration") == f"{1 / rate}s"
    gap = root.find("library/event/project/sequence/spine/gap")
    now = Fraction(0)
    for caption, span in zip(gap, ((1, 3.5), (4, 8)), strict=True):
        offset, duration = (Fraction(caption.get(key)[:-1]) for key in ("offset", "duration"))
        assert (offset * rate).denominator == (duration * rate).denominator == 1
        assert abs(float(offset) - span[0]) <= 0.5 / rate
        assert offset >= now
        now = offset + duration
        assert abs(float(now) - span[1]) <= 1.5 / rate
        assert [child.tag for child in caption] == ["text", "text-style-def"]
        assert caption[0][0].get("ref") == caption[1].get("id")
        assert caption.get("role") == "iTT?captionFormat=ITT.en"
    assert now <= Fraction(gap.get("duration")[:-1])
    assert gap[1][0][0].text == gap[1].get("name") == "R&D isn't *cheap* | <at all>"


@pytest.mark.parametrize(("fps", "step"), [(None, 0.02), (29.97, 0.017), (24, 0.021)])
def test_itt_is_read_by_ttconv(talk: Transcript, fps: float | None, step: float) -> None:
    written = text("itt", talk, fps=fps)
    assert 'ttp:timeBase="smpte"' in written
    assert re.search(r'begin="00:00:01:00" end="00:00:03:\d\d"', written)
    document = ttconv.imsc.reader.to_model(ET.ElementTree(ET.fromstring(written)))
    times = [float(offset) for offset in ISD.significant_times(document)]
    # time codes of 29.97 frames run behind the clock by a thousandth
    assert times == pytest.approx([0, 1, 3.5, 4, 8], abs=step + 0.017)


def test_itt_highlights_words(talk: Transcript) -> None:
    written = text("itt", talk, highlight_words=True, highlight_style="karaoke")
    assert '<span tts:textDecoration="underline">Well,</span> she said so.' in written
    assert "<set" not in written


def test_stl(talk: Transcript) -> None:
    data = content("stl", talk)
    assert data[:16] == b"850STL25.0100009"
    assert data[16:23] == b"my talk"
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in parse_stl(data)] == [
        (1000, 3520, "Well, she said so."),
        (4000, 8000, "R&D isn't *cheap* | <at all>"),
    ]
    for fps, code in ((29.97, b"STL30.01"), (59.94, b"STL30.01"), (24, b"STL25.01")):
        assert content("stl", talk, fps=fps)[3:11] == code


def test_scc_has_rows_of_32_columns(make: Maker) -> None:
    said = " we keep the light on until the morning and wait".split(" ")[1:]
    words = [(f" {word}", 3 + n * 0.4, 3.3 + n * 0.4) for n, word in enumerate(said)]
    for options in ({}, {"profile": "openai"}, {"keep_lines": True}):
        file = parse_subtitle_file(text("scc", make(words), **options), "a.scc")
        lines = [line for cue in file.cues for line in cue.text.split("\n")]
        assert " ".join(lines).split() == said
        assert max(map(len, lines)) <= 32


@pytest.mark.parametrize("name", ["scc", "stl"])
def test_a_text_whose_letters_a_format_has_not_is_refused(make: Maker, name: str) -> None:
    with pytest.raises(OutputError) as caught:
        content(name, make([("今日", 1.0, 2.0)]))
    title = {"scc": "SCC", "stl": "EBU STL"}[name]
    assert str(caught.value) == (
        f"my talk cannot be written as {title}, as there is no '今' in it: choose another "
        "`format`, such as `format=ttml`."
    )


@pytest.mark.parametrize("name", ["stl", "docx"])
def test_what_is_no_text_is_not_rendered_as_one(talk: Transcript, name: str) -> None:
    with pytest.raises(UsageError, match=f"`format={name}` is no text: write it to a file"):
        get_writer(name).render(talk)


@pytest.mark.parametrize("name", ["sbv", "scc", "stl", "fcpxml"])
def test_words_are_not_highlighted_where_there_is_no_way(talk: Transcript, name: str) -> None:
    assert content(name, talk, highlight_words=True) == content(name, talk)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        *(("subrip", "srt"), ("webvtt", "vtt"), ("ssa", "ass"), ("dfxp", "ttml"), ("608", "scc")),
        *(("youtube", "sbv"), ("ebu", "stl"), ("premiere", "srt"), ("resolve", "edl")),
        *(("word", "docx"), ("md", "markdown"), ("sub", "srt"), ("praat", "textgrid")),
        *(("fcpx", "fcpxml"), (".docx", "docx"), ("excel", "csv"), ("srtt", "srt")),
    ],
)
def test_formats_are_suggested_by_what_is_meant(asked: str, meant: str) -> None:
    with pytest.raises(UsageError, match=rf"did you mean {meant}\?$"):
        resolve_formats([asked])


def test_no_format_is_taken_for_another() -> None:
    from subalign.subtitles.formats.registry import _MEANT

    assert not _MEANT.keys() & set(FORMATS)
    assert set(_MEANT.values()) <= set(FORMATS)
