"""`subalign retime` as a user meets it: new times, and everything else as it was."""

import io
import re
import sys
from types import SimpleNamespace

import pysubs2
import pytest
import webvtt

SRT = """\
1
00:00:01,000 --> 00:00:02,500
<i>One</i>
two

2
00:01:40,000 --> 00:01:43,240
Three
"""
WEB = """\
WEBVTT
Language: en

STYLE
::cue { color: red }

NOTE for editors

intro
00:01.000 --> 00:02.500 line:0 align:start
<v Anna>One <00:00:01.500><c>two</c>

01:00:40.000 --> 01:00:43.240
Three &amp; four
"""
SUB_STATION = """\
[Script Info]
; a remark
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20
Style: Sign,Comic Sans MS,31

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.50,0:00:09.00,Default,,0,0,0,,a comment, with a comma
Dialogue: 0,0:00:01.00,0:00:02.50,Default,ANNA,0,0,0,,{\\an8\\i1}One{\\i0}\\Ntwo, three
Dialogue: 1,0:01:40.00,0:01:43.24,Sign,,0,0,0,fx,{\\pos(10,20)}A SIGN
"""
CLOCK = r"(?:\d+:)?\d+:\d\d[.,]\d+"


@pytest.fixture
def retime(subalign):
    return lambda *arguments: subalign("retime", *arguments)


@pytest.fixture
def files(folder):
    """talk.srt, talk.vtt and talk.ass in the working folder."""
    (folder / "talk.srt").write_text(SRT)
    (folder / "talk.vtt").write_text(WEB)
    (folder / "talk.ass").write_text(SUB_STATION)
    return folder


def times(text):
    return re.findall(CLOCK, text)


def without_times(text):
    return re.sub(CLOCK, "*", text)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--shift", "-0.5"), ["00:00:00,500", "00:00:02,000", "00:01:39,500", "00:01:42,740"]),
        (("--shift", "1:00"), ["00:01:01,000", "00:01:02,500", "00:02:40,000", "00:02:43,240"]),
        (
            ("--shift", "00:00:02.500"),
            ["00:00:03,500", "00:00:05,000", "00:01:42,500", "00:01:45,740"],
        ),
        (("--scale", "1.001"), ["00:00:01,001", "00:00:02,502", "00:01:40,100", "00:01:43,343"]),
        (("--scale", "25/24"), ["00:00:01,042", "00:00:02,604", "00:01:44,167", "00:01:47,542"]),
        # a film at 25 frames a second: 24000/1001 of them in the old second
        (
            ("--fps-from", "23.976", "--fps-to", "25"),
            ["00:00:00,959", "00:00:02,398", "00:01:35,904", "00:01:39,011"],
        ),
        (
            ("--scale", "2", "--shift", "-1"),
            ["00:00:01,000", "00:00:04,000", "00:03:19,000", "00:03:25,480"],
        ),
        (("--at", "1=3"), ["00:00:03,000", "00:00:04,500", "00:01:42,000", "00:01:45,240"]),
        (
            ("--at", "1=2", "--at", "1:40=0:03:20"),
            ["00:00:02,000", "00:00:05,000", "00:03:20,000", "00:03:26,480"],
        ),
    ],
)
def test_times(retime, files, options, expected):
    outcome = retime("talk.srt", *options, "-o", "-")
    assert (outcome.code, outcome.err) == (0, "")
    assert times(outcome.out) == expected
    assert without_times(outcome.out) == without_times(SRT)


def test_web_vtt_keeps_all_but_its_times(retime, files):
    outcome = retime("talk.vtt", "--shift", "10", "-o", "new")
    assert (outcome.code, outcome.err) == (0, "talk.vtt → new/talk.vtt (2 cues)\n")
    text = (files / "new" / "talk.vtt").read_text()
    assert without_times(text) == without_times(WEB)
    assert times(text) == [
        *("00:00:11.000", "00:00:12.500", "00:00:11.500", "01:00:50.000", "01:00:53.240")
    ]
    read = webvtt.read(files / "new" / "talk.vtt")
    assert [cue.start for cue in read] == ["00:00:11.000", "01:00:50.000"]
    assert [cue.identifier for cue in read] == ["intro", None]


def test_sub_station_alpha_keeps_all_but_its_times(retime, files):
    assert retime("talk.ass", "--shift", "10", "-o", "new", "-q").code == 0
    text = (files / "new" / "talk.ass").read_text()
    assert without_times(text) == without_times(SUB_STATION)
    assert times(text) == [
        *("0:00:10.50", "0:00:19.00", "0:00:11.00", "0:00:12.50", "0:01:50.00", "0:01:53.24")
    ]
    old, new = pysubs2.load(str(files / "talk.ass")), pysubs2.load(str(files / "new" / "talk.ass"))
    old.shift(s=10)
    assert new.equals(old)


def test_cues_before_the_start(retime, files):
    outcome = retime("talk.srt", "--shift", "-2", "-o", "new")
    assert outcome.err.splitlines() == [
        "Warning: talk.srt: 1 cue would start before 0 and now starts at 0.",
        "talk.srt → new/talk.srt (2 cues)",
    ]
    assert times((files / "new" / "talk.srt").read_text())[:2] == ["00:00:00,000", "00:00:00,500"]
    outcome = retime("talk.srt", "--shift", "-2:00", "-o", "-")
    assert outcome.err == (
        "Warning: talk.srt: 2 cues would end before 0 and now flash at 0: shift less, or delete "
        "them.\n"
    )
    assert times(outcome.out) == ["00:00:00,000", "00:00:00,001"] * 2


def test_the_file_is_replaced_only_if_told(retime, files):
    for target in ((), ("-o", ".")):
        outcome = retime("talk.srt", "--shift", "1", *target)
        assert outcome.code == 1
        assert outcome.err.startswith("Error: talk.srt is the given file itself: add --overwrite")
    assert (files / "talk.srt").read_text() == SRT
    skipped = retime("talk.srt", "--shift", "1", "--skip-existing")
    assert (skipped.code, skipped.err) == (0, "talk.srt is skipped: its result is there.\n")
    assert (files / "talk.srt").read_text() == SRT
    assert retime("talk.srt", "talk.vtt", "--shift", "1", "--overwrite", "-q").code == 0
    assert times((files / "talk.srt").read_text())[0] == "00:00:02,000"
    assert sorted(path.name for path in files.iterdir()) == ["talk.ass", "talk.srt", "talk.vtt"]


def test_encodings_and_line_breaks(retime, files):
    windows = b"\xef\xbb\xbf" + SRT.replace("\n", "\r\n").encode()
    (files / "talk.srt").write_bytes(windows)
    assert retime("talk.srt", "--shift", "0", "-o", "new", "-q").code == 0
    assert (files / "new" / "talk.srt").read_bytes() == windows
    (files / "old.srt").write_bytes(SRT.replace("two", "größer").encode("cp1252"))
    assert retime("old.srt", "--shift", "0", "-o", "new", "-q").code == 0
    assert (files / "new" / "old.srt").read_text("utf-8") == SRT.replace("two", "größer")


def test_standard_input(retime, folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(SRT.encode())))
    assert times(retime("-", "--shift", "1").out)[0] == "00:00:02,000"


def test_what_has_no_times_stays(retime, folder):
    broken = SRT + "\n3\n00:00:0x,000 --> 00:00:09,000\nLost\n"
    (folder / "talk.srt").write_text(broken)
    outcome = retime("talk.srt", "--shift", "1", "-o", "-")
    assert outcome.out.endswith("\n3\n00:00:0x,000 --> 00:00:09,000\nLost\n")
    assert outcome.err == (
        "Warning: talk.srt has 1 passage without readable times, left as they are: see "
        "`subalign check`.\n"
    )


def test_two_files_of_one_name(retime, files):
    (files / "sub").mkdir()
    (files / "sub" / "talk.srt").write_text(SRT)
    outcome = retime("talk.srt", "sub/talk.srt", "--shift", "1", "-o", "new")
    assert outcome.code == 1
    assert "Error: sub/talk.srt and talk.srt would both be written to new/talk.srt" in outcome.err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "Nothing says how the times change: give --shift"),
        (("--shift", "soon"), "--shift 'soon' is no time"),
        (("--shift", "1:75"), "--shift '1:75' has 60 or more minutes or seconds"),
        (("--shift", "9" * 400), "--shift '999"),
        (("--scale", "0"), "--scale takes a factor such as 1.001 or 25/24, not '0'."),
        (("--scale", "1/0"), "--scale takes a factor"),
        (("--fps-from", "25"), "--fps-from and --fps-to belong together"),
        (("--fps-from", "25", "--fps-to", "0"), "--fps-to takes a frame rate"),
        (("--at", "1"), "--at '1' is no pair of times"),
        (("--at", "1=2", "--at", "1=3"), "The two --at points must lie apart"),
        (("--at", "1=2", "--at", "2=1"), "The two --at points must lie apart"),
        (
            (
                "--at",
                "1=2",
            )
            * 3,
            "--at takes one or two points",
        ),
        (("--at", "1=2", "--shift", "1"), "--at says all about the times"),
        (("--shift", "1", "--audio", "talk.wav"), "--audio gives every cue its own time"),
    ],
)
def test_options_that_make_no_sense(retime, files, options, sentence):
    outcome = retime("talk.srt", *options)
    assert outcome.code == 2
    assert outcome.err.startswith(f"Error: {sentence}")


@pytest.mark.parametrize("content", [b"", b"text", b"\0\1\2\xff" * 99, b"WEBVTT\n\n", b"--> -->"])
def test_bad_files(retime, folder, content):
    (folder / "bad.srt").write_bytes(content)
    outcome = retime("bad.srt", "gone.srt", "--shift", "1", "-o", "new")
    assert outcome.code == 1
    first, second, last, *named = outcome.err.splitlines()
    assert first.startswith("Error: bad.srt ")
    assert second == "Error: gone.srt does not exist: check the name."
    assert last == "2 of 2 inputs failed:"
    assert named == [line.replace("Error: ", "  ") for line in (first, second)]
    assert not (folder / "new").exists()


# --- by the recording --------------------------------------------------------------------------

LINES = (
    "Good morning, and welcome to our program.",
    "We are very happy that you are here.",
    "Thank you very much.",
    "What kind of work do you do?",
)


@pytest.fixture(scope="session")
def opening(talk, ffmpeg, tmp_path_factory):
    """The first 10 seconds of the talk: four sentences."""
    path = tmp_path_factory.mktemp("opening") / "talk.wav"
    ffmpeg("-i", talk, "-t", "10.2", "-ac", "1", "-ar", "16000", path)
    return path


def test_by_the_recording_everything_but_times_is_kept(retime, files, opening):
    header = SUB_STATION.partition("Comment:")[0]
    cues = [
        f"Dialogue: 0,0:00:{20 + n}.00,0:00:{20 + n}.90,Sign,ANNA,0,0,0,,{{\\i1}}{line}"
        for n, line in enumerate(LINES)
    ]
    # a sign that moves with the second line, and a cue of which nothing is said
    cues.insert(2, "Dialogue: 1,0:00:21.50,0:00:22.50,Sign,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}")
    old = header + "\n".join(cues) + "\n"
    (files / "old.en.ass").write_text(old)
    outcome = retime("old.en.ass", "--audio", opening, "--threads", "1", "-o", "new", "-q")
    assert (outcome.code, outcome.err) == (0, "")
    new = (files / "new" / "old.en.ass").read_text()
    assert without_times(new) == without_times(old)
    events = pysubs2.SSAFile.from_string(new).events
    starts = [event.start for event in events if not event.is_drawing]
    assert starts == sorted(starts)
    assert starts[0] < 1500
    assert starts[-1] < 10_000
    assert events[2].start - 21_500 == events[1].start - 21_000
    assert (files / "old.en.ass").read_text() == old


def test_by_the_recording_to_standard_output_or_in_place(retime, folder, opening):
    text = "".join(
        f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\n<b>{line}</b>\n\n"
        for n, line in enumerate(LINES, start=1)
    )
    (folder / "talk.srt").write_text(text)
    call = ("talk.srt", "--audio", str(opening), "--threads", "1", "-q")
    refused = retime(*call)
    assert refused.code == 1
    assert "talk.srt is the transcript itself" in refused.err
    printed = retime(*call, "-o", "-")
    assert printed.code == 0
    assert without_times(printed.out) == without_times(text)
    assert printed.out != text
    assert retime(*call, "--overwrite").code == 0
    assert (folder / "talk.srt").read_text() == printed.out
    two = retime("talk.srt", "talk.srt", "--audio", str(opening))
    assert (two.code, "--audio takes one subtitle file" in two.err) == (2, True)


def test_by_the_recording_from_standard_input(retime, folder, opening, monkeypatch):
    text = "".join(
        f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\n{line}\n\n"
        for n, line in enumerate(LINES, start=1)
    )
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    outcome = retime("-", "--audio", str(opening), "--threads", "1", "-q")
    assert (outcome.code, outcome.err) == (0, "")
    assert without_times(outcome.out) == without_times(text)
    assert times(outcome.out) != times(text)


def test_a_guess_is_written_only_where_it_is_certain(retime, folder):
    cue = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"
    (folder / "short.srt").write_bytes(cue.format("Garçon").encode("cp1252"))
    (folder / "long.srt").write_bytes(cue.format("Où est le garçon ?").encode("cp1252"))
    outcome = retime("short.srt", "long.srt", "--shift", "1", "-o", "out")
    assert outcome.code == 1
    assert "Error: short.srt is not in UTF-8, and whether it is Windows-1252" in outcome.err
    assert "Warning: long.srt is not in UTF-8 and was read as Windows-1252" in outcome.err
    assert [path.name for path in (folder / "out").iterdir()] == ["long.srt"]
    assert "Où est le garçon ?" in (folder / "out" / "long.srt").read_text("utf-8")
    outcome = retime("short.srt", "--shift", "1", "-o", "-", "--encoding", "cp1257")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Garēon" in outcome.out
