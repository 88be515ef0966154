"""Text of strangers in results: no orders for terminals, no formulas for spreadsheets."""

import csv
import io
import json
import re
import zipfile

import pytest

from subalign import Segment, Transcript, Word
from subalign.cli.app import run
from subalign.options import LayoutOptions
from subalign.pipeline.outputs import write
from subalign.subtitles import FORMATS, get_writer
from subalign.subtitles.files import read_subtitle_file
from subalign.subtitles.formats.registry import file_name

CONTROLS = "".join(map(chr, (*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0))))
RAW = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def transcript(text, *, timed=True, before=""):
    word = Word(f" {text}", 0.0, 1.0, 0.5, before=before, speaker=text)
    words = (word,) if timed else None
    segment = Segment(
        0, 0, 0.0, 1.0, f"{before} {text}", (), 0.0, -0.1, 1.0, 0.0, words, speaker=text
    )
    return Transcript(f" {text}", f"e{text}n", (segment,), 1.0, text, text)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("timed", [True, False])
def test_control_characters_reach_no_file(name, timed, tmp_path):
    given = transcript(f"a{CONTROLS}b\ud800", timed=timed, before=f"<i>{CONTROLS}\x1b[31m")
    for highlight in (False, True):
        path = tmp_path / file_name("talk", name)
        write(given, path, format=name, layout=LayoutOptions(highlight_words=highlight))
        written = shown(path)
        assert not RAW.search(written)
        assert "a" in written
        assert "b" in written


def shown(path):
    """The text of a file, also of one that is none."""
    if path.suffix == ".stl":
        return "".join(cue.text for cue in read_subtitle_file(path).cues)
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as archive:
            return archive.read("word/document.xml").decode()
    if path.suffix == ".scc":
        return "".join(cue.text for cue in read_subtitle_file(path).cues)
    return path.read_text(encoding="utf-8")


def test_json_loses_nothing():
    file = io.StringIO()
    get_writer("json").write(transcript(f"a{CONTROLS}b"), file)
    assert json.loads(file.getvalue())["segments"][0]["text"] == f" a{CONTROLS}b"
    assert not RAW.search(file.getvalue())


def test_what_parts_lines_parts_words():
    file = io.StringIO()
    get_writer("txt").write(transcript("one\x0btwo\x85three\x1b[1mfour", timed=False), file)
    assert file.getvalue() == "one two three[1mfour\n"


SUBTITLES = {
    "srt": "1\n00:00:01,000 --> 00:00:03,000\n{}\n",
    "vtt": "WEBVTT {0}\n\nNOTE {0}\n\nx{0}\n00:01.000 --> 00:03.000 align:left{0}\n{0}\n",
    "ass": "[Script Info]\n; {0}\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, "
    "MarginR, MarginV, Effect, Text\nDialogue: 0,0:00:01.00,0:00:03.00,{0},,0,0,0,,{0}\n",
}


@pytest.mark.parametrize("form", SUBTITLES)
@pytest.mark.parametrize("command", ["retime --shift 1 -o out", "check --fix --in-place"])
def test_subtitle_files_lose_control_characters(form, command, tmp_path, monkeypatch, capsysbinary):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"a.{form}"
    # a file that begins with others than ESC and C1 is taken for no text at all
    text = f"{'long ' * 1000}{CONTROLS}\x1b[31mred\x9b"
    path.write_text(SUBTITLES[form].format(text), encoding="utf-8")
    assert run([*command.split(), path.name]) == (1 if "check" in command else 0)  # too long lines
    written = (tmp_path / "out" / path.name if "retime" in command else path).read_text("utf-8")
    assert not RAW.search(written)
    assert "[31mred\n" in written
    shown = capsysbinary.readouterr()
    assert not RAW.search((shown.out + shown.err).decode())


def test_check_tells_of_control_characters(tmp_path, capsys):
    path = tmp_path / "a.srt"
    path.write_text(SUBTITLES["srt"].format("\x1b[31mred\x9b"), encoding="utf-8")
    assert run(["check", str(path)]) == 0  # players pass them over
    assert "control characters" in capsys.readouterr().out


def test_standard_output_gets_no_orders(tmp_path, capsysbinary):
    path = tmp_path / "a.srt"
    path.write_text(SUBTITLES["srt"].format("\x1b[31mred\x9b"), encoding="utf-8")
    assert run(["retime", str(path), "--shift", "1", "-o", "-"]) == 0
    assert capsysbinary.readouterr().out.splitlines()[2] == b"[31mred"


@pytest.mark.parametrize("sign", "=+-@")
@pytest.mark.parametrize("timed", [True, False])
def test_formulas_are_text(sign, timed):
    cell = f'{sign}cmd|"/c calc"!A1'
    given = transcript(cell, timed=timed)
    assert texts(given) == [f"'{cell}"]
    assert texts(given, csv_formulas=True) == [cell]


def test_formulas_beside_words():
    (row,) = rows(transcript("a", before="=1+1"))
    assert (row["text"], row["before"]) == ("a", "'=1+1")


@pytest.mark.parametrize("text", ["a=b", "1-2", "'a", "–", '"="'])
def test_other_text_stays(text):
    assert texts(transcript(text)) == [text]


def test_option_for_formulas(tmp_path):
    (tmp_path / "a.json").write_text('{"segments":[{"start":0,"end":1,"text":" =1+1"}]}')
    for option, cell in (("--csv-formulas", "=1+1"), (None, "'=1+1")):
        arguments = [str(tmp_path / "a.json"), "-f", "csv", "--overwrite", *filter(None, [option])]
        assert run(["render", *arguments]) == 0
        assert (tmp_path / "a.csv").read_text().splitlines()[1] == f"0,0.000,1.000,{cell},,,,"


def rows(given, **options):
    file = io.StringIO()
    get_writer("csv", LayoutOptions(**options)).write(given, file)
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def texts(given, **options):
    return [row["text"] for row in rows(given, **options)]


def test_check_as_json_holds_no_control_characters(tmp_path, capsys):
    path = tmp_path / "a\x9b\x1b.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:03,000\n<x\x9b>\n\n", encoding="utf-8")
    run(["check", str(path), "--json"])
    shown = capsys.readouterr().out
    assert not RAW.search(shown)
    assert json.loads(shown)["files"][0]["file"] == str(path)
