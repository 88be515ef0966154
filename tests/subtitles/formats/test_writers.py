"""The text of each format, word for word, and the registry."""

import io
import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from subalign.errors import UsageError
from subalign.options import LayoutOptions
from subalign.results import Chapter, Transcript
from subalign.subtitles import (
    FORMATS,
    ResultWriter,
    SubtitlesWriter,
    file_name,
    format_of,
    get_writer,
    resolve_formats,
)
from subalign.subtitles.saved_results import parse_result

TEXT_FORMATS = [name for name in FORMATS if name not in ("stl", "docx")]

Maker = Callable[..., Transcript]


def written(format_name: str, transcript: Transcript, **options: Any) -> str:
    file = io.StringIO()
    layout = LayoutOptions(**{"profile": "openai", **options})
    get_writer(format_name, layout).write(transcript, file)
    return file.getvalue()


def test_txt(spoken: Transcript) -> None:
    assert written("txt", spoken) == "The quick fox, it\njumps high.\n"


def test_tsv(spoken: Transcript) -> None:
    assert written("tsv", spoken) == (
        "start\tend\ttext\n0\t1320\tThe quick fox, it\n3600500\t3601080\tjumps high.\n"
    )


def test_srt(spoken: Transcript) -> None:
    assert written("srt", spoken) == (
        "1\n00:00:00,000 --> 00:00:01,320\nThe quick fox, it\n\n"
        "2\n01:00:00,500 --> 01:00:01,080\njumps high.\n\n"
    )


def test_srt_highlighted(make: Maker) -> None:
    transcript = make([(" Go", 0.5, 1.0), (" on!", 1.25, 1.5)])
    assert written("srt", transcript, highlight_words=True) == (
        "1\n00:00:00,500 --> 00:00:01,000\n<u>Go</u> on!\n\n"
        "2\n00:00:01,000 --> 00:00:01,250\nGo on!\n\n"
        "3\n00:00:01,250 --> 00:00:01,500\nGo <u>on!</u>\n\n"
    )


def test_vtt(spoken: Transcript) -> None:
    assert written("vtt", spoken) == (
        "WEBVTT\n\n"
        "00:00.000 --> 00:01.320\nThe quick fox, it\n\n"
        "01:00:00.500 --> 01:00:01.080\njumps high.\n\n"
    )


def test_json(make: Maker) -> None:
    transcript = make([(" Grüß", 0.5, 1.0), (' "Gott"', 1.25, 1.5)], (2.0, 3.0, " 你好\n"))
    facts = (
        '"tokens": [50364, 11, 50414], "temperature": 0.0, "avg_logprob": -0.25, '
        '"compression_ratio": 1.5, "no_speech_prob": 0.125'
    )
    assert written("json", transcript) == (
        "{\n"
        '  "text": " Grüß \\"Gott\\" 你好\\n",\n'
        '  "language": "en",\n'
        '  "duration": 12.5,\n'
        '  "model": "micro.en",\n'
        '  "version": "0.1.0",\n'
        '  "segments": [\n'
        '    {"id": 0, "seek": 0, "start": 0.5, "end": 1.5, "text": " Grüß \\"Gott\\"", '
        f'{facts}, "words": [\n'
        '      {"word": " Grüß", "start": 0.5, "end": 1.0, "probability": 0.5, '
        '"estimated": false},\n'
        '      {"word": " \\"Gott\\"", "start": 1.25, "end": 1.5, "probability": 0.5, '
        '"estimated": false}\n'
        "    ]},\n"
        '    {"id": 1, "seek": 0, "start": 2.0, "end": 3.0, "text": " 你好\\n", '
        f"{facts}}}\n"
        "  ]\n"
        "}\n"
    )


def test_json_keeps_openai_whispers_keys_in_order(spoken: Transcript) -> None:
    result = json.loads(written("json", spoken))
    assert [key for key in result if key in ("text", "language", "segments")] == [
        "text",
        "language",
        "segments",
    ]
    assert list(result["segments"][0]) == (
        "id seek start end text tokens temperature avg_logprob compression_ratio "
        "no_speech_prob words".split()
    )
    assert list(result["segments"][0]["words"][0]) == [
        *("word", "start", "end", "probability"),
        "estimated",
    ]


def test_json_words_are_absent_where_untimed_and_empty_where_there_are_none(make: Maker) -> None:
    transcript = make((0.0, 1.0, " a"), (1.0, 2.0, " b"))
    none, empty = transcript.segments
    transcript = replace(transcript, segments=(none, replace(empty, words=())))
    first, second = json.loads(written("json", transcript))["segments"]
    assert "words" not in first
    assert second["words"] == []


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_json_writes_null_for_what_is_no_number(spoken: Transcript, number: float) -> None:
    segment = spoken.segments[0]
    words = tuple(replace(word, probability=number) for word in segment.words or ())
    segment = replace(
        segment, avg_logprob=number, no_speech_prob=number, compression_ratio=number, words=words
    )

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    transcript = replace(spoken, segments=(segment,), duration=number)
    result = json.loads(written("json", transcript), parse_constant=refuse)
    assert result["duration"] is None
    assert result["segments"][0]["avg_logprob"] is None
    assert result["segments"][0]["compression_ratio"] is None
    assert result["segments"][0]["no_speech_prob"] is None
    assert result["segments"][0]["words"][0]["probability"] is None


@pytest.mark.parametrize(
    ("format_name", "text"),
    [("txt", ""), ("srt", ""), ("vtt", "WEBVTT\n\n"), ("tsv", "start\tend\ttext\n")],
)
def test_nothing_said(make: Maker, format_name: str, text: str) -> None:
    assert written(format_name, make()) == text


def test_nothing_said_is_json(make: Maker) -> None:
    assert json.loads(written("json", make()))["segments"] == []


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
def test_each_piece_and_so_each_file_ends_with_a_line_break(
    spoken: Transcript, format_name: str
) -> None:
    pieces = list(get_writer(format_name).render(spoken))
    assert len(pieces) > 1
    assert all(piece.endswith("\n") for piece in pieces)


def test_every_format_has_a_writer_of_its_extension() -> None:
    assert (
        *("txt", "vtt", "srt", "tsv", "json", "ass", "lrc", "elrc", "ttml"),
        *("labels", "textgrid", "ctm", "rttm", "csv", "html"),
        *("sbv", "scc", "stl", "itt", "fcpxml", "edl", "markdown", "docx"),
    ) == FORMATS
    for format_name in FORMATS:
        writer = get_writer(format_name)
        assert isinstance(writer, ResultWriter)
        assert isinstance(writer, SubtitlesWriter) == (format_name in ("srt", "vtt"))
        assert writer.name == format_name


def test_the_formats_have_one_order_whatever_is_imported_first() -> None:
    code = (
        "import subalign.subtitles.formats.html, subalign.subtitles as s;"
        "print(*s.FORMATS); print(*s.resolve_formats(['all']))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert shown.stdout.splitlines() == [" ".join(FORMATS)] * 2
    assert FORMATS[:5] == ("txt", "vtt", "srt", "tsv", "json")


@pytest.mark.parametrize(
    ("format_name", "name"),
    [
        ("srt", "talk.srt"),
        ("lrc", "talk.lrc"),
        ("elrc", "talk.words.lrc"),
        ("txt", "talk.txt"),
        ("labels", "talk.labels.txt"),
        ("textgrid", "talk.TextGrid"),
    ],
)
def test_a_files_name_and_its_format(format_name: str, name: str) -> None:
    assert file_name("talk", format_name) == name
    assert format_of(name) == (format_name, "talk")
    assert format_of(name.upper()) == (format_name, "TALK")


def test_no_two_formats_of_a_recording_share_a_file() -> None:
    assert len({file_name("talk", name).lower() for name in FORMATS}) == len(FORMATS)


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_registry_knows_each_writers_ending(format_name: str) -> None:
    assert file_name("talk", format_name) == f"talk.{get_writer(format_name).extension}"


@pytest.mark.parametrize(("name", "found"), [("a.b.pdf", ("pdf", "a.b")), ("talk", ("", "talk"))])
def test_a_name_of_no_format(name: str, found: tuple[str, str]) -> None:
    assert format_of(name) == found


@pytest.mark.parametrize(
    ("names", "formats"),
    [
        (["srt"], ("srt",)),
        (["srt", "json"], ("srt", "json")),
        (["json, SRT,json", "srt"], ("json", "srt")),
        (["all"], FORMATS),
        (["json,all"], ("json", *(name for name in FORMATS if name != "json"))),
    ],
)
def test_format_names_resolve(names: list[str], formats: tuple[str, ...]) -> None:
    assert resolve_formats(names) == formats


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["srtt"], "`format` does not know 'srtt': did you mean srt?"),
        (["srt,pdf"], "`format` does not know 'pdf': did you mean docx?"),
        (["srt,qqq"], f"`format` does not know 'qqq': use {', '.join(FORMATS)} or all."),
        ([""], f"`format` names no format: use {', '.join(FORMATS)} or all."),
        ([], f"`format` names no format: use {', '.join(FORMATS)} or all."),
    ],
)
def test_what_is_no_format_is_refused(names: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        resolve_formats(names)
    assert str(error.value) == sentence


def test_an_unknown_writer_is_refused() -> None:
    with pytest.raises(UsageError, match=r"did you mean json\?"):
        get_writer("jsn")


def test_json_has_the_recordings_chapters_and_gives_them_back(spoken: Transcript) -> None:
    chapters = (Chapter(0.0, 2.5, "One \x1b"), Chapter(2.5, 12.5, ""))
    text = written("json", replace(spoken, chapters=chapters))
    assert text.splitlines()[6] == (
        '  "chapters": [{"start": 0.0, "end": 2.5, "title": "One \\u001b"}, '
        '{"start": 2.5, "end": 12.5, "title": ""}],'
    )
    assert parse_result(text, "it").chapters == chapters
    odd = text.replace('"start": 2.5', '"start": null').replace('"end": 2.5', '"end": -1')
    assert parse_result(odd, "it").chapters == ()
    assert parse_result(text.replace('"chapters": [', '"chapters": 3, "x": ['), "it").chapters == ()
