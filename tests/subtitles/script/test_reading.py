"""Transcripts of every form, and files that are none."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from subalign.errors import InputError, UsageError
from subalign.results import Line, Script, Transcript, Word
from subalign.subtitles import get_writer
from subalign.subtitles.script import parse_script, read_script

Put = Callable[[str, str | bytes], Path]

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i>
- you

2
00:00:03,000 --> 00:00:04,000

3
01:00:05,000 --> 01:00:06,000 X1:10
In
1984
"""

VTT = """WEBVTT - a title
Kind: captions
Language: en-GB

STYLE
::cue { color: red }

NOTE a remark
over two lines

intro
00:01.000 --> 00:02.000 align:start
<v Mary>Hello &amp; <00:01.500><c.y>you</c>

NOTE one more

01:00:03.000 --> 01:00:04.000
&gt;&gt; Bye
"""

ASS = r"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,a remark
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\an8\c&HFF&}Later, {\i1}sir{\i0}\Nnew {\b1}line
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Bob,0,0,0,,{\k20}Hel{\k30}lo\h{\iclip(1,2)}you, yes
Dialogue: 1,0:00:01.00,0:00:02.50,Default,Bob,0,0,0,,Hello\hyou, yes
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\p1}m 0 0 l 100 0{\p0}
"""


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def texts(script: Script) -> list[str]:
    return [line.text for line in script.lines]


def said(line: Line) -> list[str]:
    return [line.text[first:end] for first, end in line.spoken]


# --- forms -------------------------------------------------------------------------------------


def test_each_line_of_a_text_that_is_not_empty(put: Put) -> None:
    script = read_script(put("a.txt", "  One two. \n\n\t\nANNA: Three\n"))
    assert script == Script((Line("One two.", ((0, 8),)), Line("ANNA: Three", ((6, 11),))), None)


@pytest.mark.parametrize("text", [SRT, VTT, ASS, "One two.\r\nThree\n"])
def test_a_text_is_read_as_its_file_is(put: Put, text: str) -> None:
    assert parse_script(text) == read_script(put("a.txt", text))


def test_a_text_is_no_path() -> None:
    with pytest.raises(UsageError, match="use parse_script"):
        read_script("One two.\n" * 100)
    with pytest.raises(InputError, match="The transcript holds no text"):
        parse_script(" \n")


def test_patterns_reach_the_lines(put: Put) -> None:
    (line,) = read_script(put("a.txt", "Hello *waves* you"), ignore=[r"\*\w+\*"]).lines
    assert said(line) == ["Hello", "you"]


def test_subrip(put: Put) -> None:
    script = read_script(put("a.srt", SRT))
    assert script.lines == (
        Line("<i>Hello</i>\n- you", ((3, 8), (15, 18)), 1.0, 2.5, (0,)),
        Line("In\n1984", ((0, 7),), 3605.0, 3606.0, (2,)),
    )


def test_webvtt(put: Put) -> None:
    script = read_script(put("a.vtt", VTT))
    assert script.language == "en"
    first, second = script.lines
    assert first == Line("<v Mary>Hello & <c.y>you</c>", ((8, 15), (21, 24)), 1.0, 2.0, (0,))
    assert second == Line(">> Bye", ((3, 6),), 3603.0, 3604.0, (1,))


def test_karaoke_times_in_webvtt(put: Put) -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:03.000\n<00:01.000>One <00:02.000>two <00:02.500>three\n"
    assert texts(read_script(put("a.vtt", text))) == ["One two three"]


@pytest.mark.parametrize("name", ["a.ass", "a.ssa"])
def test_substation_alpha(put: Put, name: str) -> None:
    script = read_script(put(name, ASS))
    assert [(line.text, line.start, line.end, line.cues) for line in script.lines] == [
        ("Hello\u00a0you, yes", 1.0, 2.5, (2, 3)),
        ("{\\an8}Later, <i>sir</i>\nnew <b>line</b>", 3.0, 4.0, (1,)),
    ]
    assert said(script.lines[1]) == ["Later,", "sir", "new", "line"]


def test_json_of_ours_comes_back(put: Put, make: Callable[..., Transcript]) -> None:
    words = (
        Word(" Hello", 0.5, 1.0, 0.5, before=" ANNA:"),
        Word(" you,", 1.0, 1.5, 0.5, estimated=True, after=" *waves*"),
    )
    transcript = make([(" Hello", 0.5, 1.0)], (2.0, 3.0, " [bang]\n"))
    first, second = transcript.segments
    text = " ANNA: Hello you, *waves*"
    transcript = replace(
        transcript, segments=(replace(first, text=text, words=words), replace(second, words=()))
    )
    script = read_script(put("a.json", "".join(get_writer("json").render(transcript))))
    assert script.language == "en"
    assert [(line.text, said(line)) for line in script.lines] == [
        ("ANNA: Hello you, *waves*", ["Hello you,"]),
        ("[bang]", []),
    ]
    assert (script.lines[0].start, script.lines[0].end) == (0.5, 1.0)


@pytest.mark.parametrize(
    "content",
    [
        {"text": "x", "segments": [{"text": " One", "start": 1, "end": 2}, {"text": " "}]},
        [{"text": " One", "start": 1.0, "end": 2.0, "words": [{"word": " One"}]}],
        {"segments": [{"text": " One", "start": 1, "end": 2, "speaker": "A", "chars": []}]},
    ],
)
def test_json_of_others(put: Put, content: object) -> None:
    script = read_script(put("a.json", json.dumps(content)))
    assert script.lines == (Line("One", ((0, 3),), 1.0, 2.0),)


def test_json_with_text_alone_and_a_language_by_name(put: Put) -> None:
    script = read_script(put("a.json", '{"text": " One.\\nTwo.", "language": "German"}'))
    assert (texts(script), script.language) == (["One.", "Two."], "de")
    unknown = read_script(put("a.json", '{"text": "One.", "language": "klingon"}'))
    assert unknown.language is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (SRT, ["<i>Hello</i>\n- you", "In\n1984"]),
        (VTT, ["<v Mary>Hello & <c.y>you</c>", ">> Bye"]),
        (json.dumps({"segments": [{"text": "One"}]}), ["One"]),
        ("[door slams]\nOne", ["[door slams]", "One"]),
        ("{ braces", ["{ braces"]),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.transcript", "a"])
def test_the_content_tells_the_form(put: Put, name: str, content: str, expected: list[str]) -> None:
    assert texts(read_script(put(name, content))) == expected


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for data, expected in ((b"One\r\ntwo", ["One", "two"]), (VTT.encode(), None)):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        found = texts(read_script("-"))
        assert found == (expected or ["<v Mary>Hello & <c.y>you</c>", ">> Bye"])
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="Standard input is closed"):
        read_script("-")


def test_cues_come_in_the_order_of_their_old_times(put: Put) -> None:
    late, early = ("00:00:09,000 --> 00:00:10,000\nlate", "00:00:01,000 --> 00:00:02,000\nearly")
    assert texts(read_script(put("a.srt", f"1\n{late}\n\n2\n{early}\n"))) == ["early", "late"]


# --- encodings ---------------------------------------------------------------------------------

GERMAN = "Grüße aus München.\nÄpfel und Öl – schön!"


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "mac_roman"],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_western_text_in_any_encoding(put: Put, encoding: str, line_end: str) -> None:
    path = put("a.txt", GERMAN.replace("\n", line_end).encode(encoding))
    assert texts(read_script(path)) == GERMAN.split("\n")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "L’été dernier, nous étions à l’hôtel. Ça va?"),
        ("cp1251", "Привет, как дела? Сегодня хорошая погода."),
        ("koi8-r", "Привет, как дела? Сегодня хорошая погода."),
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
        ("shift_jis", "こんにちは。今日はいい天気ですね。"),
        ("gb18030", "你好，今天天气很好。我们去公园吧。"),
        ("utf-16", "안녕하세요."),
    ],
)
def test_other_text_in_older_encodings(put: Put, encoding: str, text: str) -> None:
    assert texts(read_script(put("a.txt", text.encode(encoding)))) == [text]


def test_subtitles_in_utf_16_with_carriage_returns(put: Put) -> None:
    script = read_script(put("a.srt", SRT.replace("\n", "\r\n").encode("utf-16")))
    assert texts(script) == ["<i>Hello</i>\n- you", "In\n1984"]


# --- what is no transcript ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", "", "holds no text: give the transcript of the recording."),
        ("a.txt", " \n\ufeff\n", "holds no text: give the transcript of the recording."),
        ("a.vtt", "WEBVTT\n", "holds no text: give the transcript of the recording."),
        ("a.srt", "hello", "holds no SubRip cues: check the file, or rename it to .txt"),
        ("a.ass", "hello", "holds no SubStation Alpha cues: check the file"),
        ("a.json", "{", "holds no transcript (Expecting property name"),
        ("a.json", '{"words": 1}', "holds no transcript (no segments): give JSON as subalign"),
        ("a.json", '[{"word": "a"}]', "holds no transcript (a segment without text)"),
        ("a.json", "[" * 100_000, "holds no transcript (nested too deeply)"),
        ("a.txt", b"\x00\x01\x02binary\x03", "is not a text file: give the transcript as .txt"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\x07\x01\xff", "is not a text file"),
        ("a.txt", b"\xff\xfea\x00b", "is damaged: it says that it is UTF-16, but byte 4 is not."),
        ("a.pdf", b"%PDF-1.7", "is a PDF document: save it as plain text (.txt) first."),
        ("a.docx", b"PK\x03\x04rest", "is a word processor's document or an archive: save it"),
        ("a.rtf", b"{\\rtf1 Hello}", "is an RTF document: save it as plain text (.txt) first."),
    ],
)
def test_files_that_are_none(put: Put, name: str, content: str | bytes, sentence: str) -> None:
    path = put(name, content)
    with pytest.raises(InputError) as error:
        read_script(path)
    assert str(error.value).startswith(f"{path} {sentence}")
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path, talk: Path) -> None:
    for path, sentence in (
        (tmp_path / "no.txt", "does not exist: check the name."),
        (tmp_path, "is a folder: name a transcript in it."),
        (talk, "is not a text file"),
    ):
        with pytest.raises(InputError) as error:
            read_script(path)
        assert str(error.value).startswith(f"{path} {sentence}")


def test_a_file_too_large_to_be_a_transcript(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(InputError, match="is larger than 64 MiB, which no transcript is"):
        read_script(path)
