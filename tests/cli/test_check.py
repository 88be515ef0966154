"""`subalign check` as a user meets it: what it finds, what it fixes, and that nothing is lost."""

import json
import sys
from dataclasses import replace
from io import BytesIO, StringIO
from types import SimpleNamespace

import pysubs2
import pytest
import webvtt
from rich.console import Console

from subalign.cli.check import FileReport, _table, _table_lines, report_json
from subalign.subtitles.check import check_file
from subalign.subtitles.files import parse_subtitle_file
from subalign.subtitles.layout.profiles import PROFILES

FAULTY = """\
1
00:00:01,000 --> 00:00:02,500
<i>Hello there,
how are you?

2
00:00:02,400 --> 00:00:05.000
Fine.

4
00:00:06,000 --> 00:00:06,000
Zero

5
00:00:09,000 --> 00:00:08,000
Back</b>wards

6
00:00:10,000 --> 00:00:12,000
Before

after a blank line

6
00:00:13,000 --> 00:00:15,000

7
00:00:16,000 --> 00:00:18,000
This line is a good deal wider than forty-two columns.
"""

TABLE = """\
talk.srt: 7 errors, 6 warnings (srt, broadcast)
           CUE  TIME         PROBLEM                                                 FOUND       LIMIT
  error      1  0:00:01.000  tag left open                                             <i>
  error      1  0:00:01.000  overlaps the next cue                                  -0.1 s      0.08 s
  warning    2  0:00:02.400  times not in the format's form  00:00:02,400 --> 00:00:05.000
  warning    3  0:00:06.000  number out of order                                         4           3
  error      3  0:00:06.000  ends when it starts                                       0 s         0 s
  warning    4  0:00:09.000  number out of order                                         5           4
  warning    4  0:00:09.000  tag closes nothing                                       </b>
  error      4  0:00:09.000  ends before it starts                                    -1 s         0 s
  warning    5  0:00:10.000  number out of order                                         6           5
  error      5  0:00:10.000  blank line within the text
  warning    6  0:00:13.000  no text
  error      7  0:00:16.000  line too wide                                      54 columns  42 columns
  error      7  0:00:16.000  too fast to read                                       27 cps      17 cps
"""  # noqa: E501

FIXED = """\
1
00:00:01,000 --> 00:00:02,320
<i>Hello there,
how are you?</i>

2
00:00:02,400 --> 00:00:05,000
Fine.

3
00:00:06,000 --> 00:00:07,000
Zero

4
00:00:08,000 --> 00:00:09,000
Backwards

5
00:00:10,000 --> 00:00:12,000
Before
after a blank line

6
00:00:16,000 --> 00:00:18,000
This line is a good deal wider than forty-two columns.
"""

FINE = "1\n00:00:01,000 --> 00:00:03,000\nFine.\n\n"


@pytest.fixture
def check(subalign):
    return lambda *arguments: subalign("check", *arguments)


def found(outcome):
    """Kind and cue of each problem of the one file."""
    (file,) = json.loads(outcome.out)["files"]
    return [(problem["problem"], problem["cue"]) for problem in file["problems"]]


def test_a_file_without_faults(check, folder):
    (folder / "talk.srt").write_text(FINE)
    outcome = check("talk.srt")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "talk.srt: no problems (srt, broadcast)\n"


def test_the_table(check, folder):
    (folder / "talk.srt").write_text(FAULTY)
    outcome = check("talk.srt")
    assert outcome.code == 1
    assert outcome.err == ""
    assert outcome.out == TABLE


def test_the_table_in_a_pipe_is_that_of_a_terminal():
    file = parse_subtitle_file(f"你好 before the first cue\n\n{FAULTY}", "talk.srt", "srt")
    problems = check_file(file, PROFILES["broadcast"])
    assert "你好 before the first cue" in {problem.value for problem in problems}
    text = StringIO()
    Console(file=text, width=1000).print(_table(problems))
    assert "".join(f"{line}\n" for line in _table_lines(problems)) == text.getvalue()


def test_json_where_standard_output_is_ascii(in_process, folder):
    (folder / "é你🎈.srt").write_text(FINE)
    process = in_process(
        *("check", "é你🎈.srt", "--json"),
        environment={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    out, error = process.communicate()
    assert (process.returncode, error) == (0, b"")
    assert json.loads(out.decode("ascii"))["files"][0]["file"] == "é你🎈.srt"


def test_json(check, folder):
    (folder / "talk.srt").write_text("1\n00:00:01,000 --> 00:00:01,400\nNot so fast, please!\n")
    outcome = check("talk.srt", "--json", "--profile", "netflix")
    assert outcome.code == 1
    assert json.loads(outcome.out) == {
        "files": [
            {
                "file": "talk.srt",
                "format": "srt",
                "profile": "netflix",
                "errors": 2,
                "warnings": 0,
                "problems": [
                    {
                        "problem": "speed",
                        "severity": "error",
                        "cue": 1,
                        "line": 2,
                        "start": 1.0,
                        "found": 50.0,
                        "limit": 20.0,
                    },
                    {
                        "problem": "short",
                        "severity": "error",
                        "cue": 1,
                        "line": 2,
                        "start": 1.0,
                        "found": 0.4,
                        "limit": 0.833,
                    },
                ],
            }
        ]
    }


@pytest.mark.parametrize("text", [FAULTY, FINE])
def test_json_comes_in_pieces_of_one_problem(text):
    file = parse_subtitle_file(text, "é\x85.srt", "srt")
    problems = tuple(check_file(file, PROFILES["broadcast"]))
    report = FileReport("é\x85.srt", "srt", "broadcast", problems, "fixed.srt", remaining=problems)
    once = "".join(report_json([report]))
    assert once == json.dumps(json.loads(once), indent=2, ensure_ascii=False).replace(
        "\x85", r"\u0085"
    )
    more = replace(report, problems=problems * 10)
    assert max(map(len, report_json([more]))) == max(map(len, report_json([report])))
    assert "".join(report_json([])) == json.dumps({"files": []}, indent=2)


def test_warnings_alone_are_no_failure(check, folder):
    (folder / "talk.srt").write_text(FINE.replace("1\n", "7\n", 1))
    outcome = check("talk.srt", "--json")
    assert outcome.code == 0
    assert found(outcome) == [("numbering", 1)]


def test_limits_can_be_set(check, folder):
    text = "1\n00:00:01,000 --> 00:00:03,000\nTwenty-two characters.\n\n"
    (folder / "talk.srt").write_text(text + "2\n00:00:03,050 --> 00:00:06,000\na\nb\n\n")
    assert found(check("talk.srt", "--json")) == [("gap", 1)]
    outcome = check(
        *("talk.srt", "--json", "--min-gap", 0, "--max-line-width", 21, "--max-line-count", 1),
        *("--max-cps", 10, "--max-duration", 2.5, "--min-duration", 2.2),
    )
    kinds = [("width", 1), ("speed", 1), ("short", 1), ("lines", 2), ("long", 2)]
    assert found(outcome) == kinds
    # 2 frames at 50 frames a second are 40 ms
    assert found(check("talk.srt", "--json", "--fps", 50)) == []


def test_fixing_shows_what_changes_and_keeps_the_file(check, folder):
    (folder / "talk.srt").write_text(FAULTY)
    outcome = check("talk.srt", "--fix")
    assert outcome.code == 1
    assert outcome.out.startswith(TABLE + "--- talk.srt\n+++ talk.fixed.srt\n@@ ")
    assert "\n-how are you?\n+how are you?</i>\n" in outcome.out
    assert outcome.out.endswith(
        "talk.fixed.srt: 3 errors left\n"
        "         CUE  TIME         PROBLEM                FOUND       LIMIT\n"
        "  error    1  0:00:01.000  too fast to read    18.9 cps      17 cps\n"
        "  error    6  0:00:16.000  line too wide     54 columns  42 columns\n"
        "  error    6  0:00:16.000  too fast to read      27 cps      17 cps\n"
    )
    assert (folder / "talk.srt").read_text() == FAULTY
    assert (folder / "talk.fixed.srt").read_text() == FIXED
    read = pysubs2.load(str(folder / "talk.fixed.srt"))
    assert [(event.start, event.end) for event in read] == [
        (1000, 2320),
        (2400, 5000),
        (6000, 7000),
        (8000, 9000),
        (10000, 12000),
        (16000, 18000),
    ]
    refused = check("talk.srt", "--fix")
    assert refused.code == 1
    assert refused.err == (
        "Error: talk.fixed.srt is there already: add --overwrite to replace it, or --in-place to "
        "fix talk.srt itself.\n"
    )
    assert check("talk.srt", "--fix", "--overwrite").code == 1
    assert check("talk.fixed.srt", "--fix").out.count("+++") == 0  # nothing more to fix


def test_in_place(check, folder):
    (folder / "talk.srt").write_text(FAULTY)
    assert check("talk.srt", "--fix", "--in-place", "--json").code == 1
    assert (folder / "talk.srt").read_text() == FIXED
    assert [path.name for path in folder.iterdir()] == ["talk.srt"]


def test_fixing_everything_is_success(check, folder):
    (folder / "talk.srt").write_text(FINE.replace("Fine.", "<b>Fine."))
    outcome = check("talk.srt", "--fix", "--json")
    assert outcome.code == 0
    (file,) = json.loads(outcome.out)["files"]
    assert (file["fixed"], file["remaining"], file["errors"]) == ("talk.fixed.srt", [], 1)


def test_encoding_and_line_breaks(check, folder):
    text = FINE.replace("Fine.", "Ça va très bien à l'été.")
    (folder / "talk.srt").write_bytes(text.encode("cp1252"))
    outcome = check("talk.srt", "--json", "--fix")
    assert found(outcome) == [("encoding", None)]
    assert (folder / "talk.fixed.srt").read_bytes() == text.encode()
    mixed = FINE.replace("1\n0", "1\r\n0")
    (folder / "mixed.srt").write_bytes(mixed.encode())
    assert found(check("mixed.srt", "--json", "--fix")) == [("line-breaks", None)]
    assert (folder / "mixed.fixed.srt").read_bytes() == FINE.encode()
    windows = b"\xef\xbb\xbf" + FINE.replace("\n", "\r\n").encode()
    (folder / "windows.srt").write_bytes(windows)
    assert found(check("windows.srt", "--json", "--fix")) == []
    assert not (folder / "windows.fixed.srt").exists()
    (folder / "windows.srt").write_bytes(windows.replace(b"Fine.", b"<b>Fine."))
    assert found(check("windows.srt", "--json", "--fix")) == [("open-tag", 1)]
    fixed = windows.replace(b"Fine.", b"<b>Fine.</b>")
    assert (folder / "windows.fixed.srt").read_bytes() == fixed


WEB = """\
WEBVTT - the talk

STYLE
::cue { color: red }

NOTE a note --> with an arrow

first
00:01.000 --> 00:03.000 line:0 align:start
<v Anna>Up &amp; <c.loud>away

00:02.000 --> 00:04.000 line:90%
Elsewhere

00:03.500 --> 00:06.000 line:90%
On top of the last one
"""


def test_web_vtt(check, folder):
    (folder / "talk.vtt").write_text(WEB)
    outcome = check("talk.vtt", "--json", "--fix")
    # cues at other places of the picture are not in each other's way
    assert found(outcome) == [("open-tag", 1), ("overlap", 2)]
    fixed = (folder / "talk.fixed.vtt").read_text()
    assert fixed == WEB.replace("away", "away</c>").replace(
        "00:02.000 --> 00:04.000", "00:00:02.000 --> 00:00:03.420"
    )
    read = webvtt.read(folder / "talk.fixed.vtt")
    assert [cue.text for cue in read][1:] == ["Elsewhere", "On top of the last one"]
    assert read[0].identifier == "first"
    (folder / "bare.vtt").write_text("00:01.000 --> 00:03.000\nText\n")
    assert found(check("bare.vtt", "--json", "--fix")) == [("header", None)]
    assert (folder / "bare.fixed.vtt").read_text() == "WEBVTT\n\n00:01.000 --> 00:03.000\nText\n"


SUB_STATION = """\
[Script Info]
; a remark
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not shown
Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,{\\i1}One{\\i0}, and\\Ntwo
Dialogue: 0,0:00:02.00,0:00:05.00,Default,,0,0,0,,Three
Dialogue: 1,0:00:02.00,0:00:05.00,Default,,0,0,0,,{\\pos(10,20)}A SIGN
"""


def test_sub_station_alpha(check, folder):
    (folder / "talk.ass").write_text(SUB_STATION)
    outcome = check("talk.ass", "--json", "--fix")
    assert found(outcome) == [("overlap", 1)]
    assert (folder / "talk.fixed.ass").read_text() == SUB_STATION.replace(
        "0:00:01.00,0:00:03.00", "0:00:01.00,0:00:02.00"
    )


def test_what_has_no_times_is_told_and_kept(check, folder):
    broken = FINE + "2\n00:00:0x,000 --> 00:00:09,000\nLost\n"
    (folder / "talk.srt").write_text(broken + "\n2\n00:00:10,000 --> 00:00:12,000\n<b>x\n")
    outcome = check("talk.srt", "--fix")
    lost = "line 5       text without readable times  2 00:00:0x,000 --> 00:00:09,000 Lost"
    assert lost in outcome.out
    assert "2\n00:00:0x,000 --> 00:00:09,000\nLost\n" in (folder / "talk.fixed.srt").read_text()
    assert outcome.code == 1


def test_standard_input(check, folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(FAULTY.encode())))
    outcome = check("-")
    assert outcome.out == TABLE.replace("talk.srt", "-", 1)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(FAULTY.encode())))
    assert check("-", "--fix").code == 1
    assert (folder / "stdin.fixed.srt").read_text() == FIXED


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "bad.srt holds no cues: give SubRip (.srt), WebVTT (.vtt), SubStation"),
        (b"just text", "bad.srt holds no cues"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "bad.srt is not a text file"),
        (b"\0\xff\1" * 1000, "bad.srt is not a text file"),
        (b"%PDF-1.7", "bad.srt is a PDF document"),
        (b"a" * (65 << 20), "bad.srt is larger than 64 MiB, which no subtitle file is"),
        (b"[Events]\nFormat: End, Start, Text\nDialogue: a\n", "bad.srt cannot be read, as its"),
    ],
)
def test_bad_files(check, folder, content, sentence):
    (folder / "bad.srt").write_bytes(content)
    outcome = check("bad.srt", "--fix")
    assert outcome.code == 1
    (line,) = outcome.err.splitlines()
    assert line.startswith(f"Error: {sentence}")
    assert [path.name for path in folder.iterdir()] == ["bad.srt"]


def test_the_first_cue_is_after_no_other(check, folder):
    (folder / "talk.srt").write_text("1\n-00:00:01,000 --> 00:00:02,000\nHello\n")
    assert found(check("talk.srt", "--json")) == [("negative", 1)]


def test_a_line_of_ten_megabytes(check, folder):
    (folder / "long.srt").write_text(FINE + "2\n00:00:04,000 --> 00:00:06,000\n" + "x " * 5_000_000)
    assert "9999999 columns" in check("long.srt").out
    kinds = [("speed", 2), ("width", 2)]
    assert sorted(found(check("long.srt", "--json"))) == kinds


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--in-place",), "--in-place and --overwrite need --fix."),
        (("--overwrite",), "--in-place and --overwrite need --fix."),
        (("--profile", "openai"), "--profile openai is a layout without limits"),
        (("--profile", "mine"), "--profile must be"),
        (("--fps", "26"), "--fps must be"),
    ],
)
def test_options_that_make_no_sense(check, folder, arguments, sentence):
    (folder / "talk.srt").write_text(FINE)
    outcome = check("talk.srt", *arguments)
    assert outcome.code == 2
    assert outcome.err.startswith(f"Error: {sentence}")


def test_several_files(check, folder):
    (folder / "a.srt").write_text(FINE)
    (folder / "b.srt").write_text(FAULTY)
    outcome = check("a.srt", "gone.srt", "b.srt")
    assert outcome.code == 1
    assert outcome.err == "Error: gone.srt does not exist: check the name.\n"
    assert outcome.out == "a.srt: no problems (srt, broadcast)\n" + TABLE.replace("talk", "b", 1)


def test_a_file_of_empty_cues_is_not_emptied(check, folder):
    (folder / "talk.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\n\n")
    outcome = check("talk.srt", "--fix", "--in-place")
    assert outcome.code == 1
    assert outcome.err == (
        "Error: talk.srt has no cue with text: there is nothing to keep in it.\n"
    )
    assert (folder / "talk.srt").read_text() == "1\n00:00:01,000 --> 00:00:03,000\n\n"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("talk.lrc", "[00:01.00]One\n", "talk.lrc is an LRC file, which is not read here"),
        ("talk.odt", "One\n", "talk.odt is no subtitle file"),
    ],
)
def test_formats_that_are_not_checked(check, folder, name, content, sentence):
    (folder / name).write_text(content)
    outcome = check(name)
    assert outcome.code == 1
    assert outcome.err == (
        f"Error: {sentence}: give SubRip (.srt), WebVTT (.vtt), SubStation Alpha (.ass), TTML, "
        "SBV, SCC or EBU STL.\n"
    )


def test_a_guess_is_written_only_where_it_is_certain(check, folder):
    text = FINE.replace("Fine.", "Garçon")
    (folder / "talk.srt").write_bytes(text.encode("cp1252"))
    (folder / "fine.srt").write_text(FINE.replace("Fine.", "<b>Fine."))
    outcome = check("talk.srt", "fine.srt", "--fix")
    assert outcome.code == 1
    assert "talk.srt is not in UTF-8, and whether it is Windows-1252 is not certain" in outcome.err
    assert sorted(path.name for path in folder.iterdir()) == [
        "fine.fixed.srt",
        "fine.srt",
        "talk.srt",
    ]
    assert "Windows-1252" in check("talk.srt").out
    assert check("talk.srt", "--fix", "--encoding", "cp1252").code == 0
    assert (folder / "talk.fixed.srt").read_bytes() == text.encode()
    assert check("talk.srt", "--encoding", "klingon").code == 2
