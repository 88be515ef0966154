"""Ten times the input takes at most fifteen times the steps, whatever strangers write.

A step is a line of Python. What happens within regular expressions counts
`test_regular_expressions.py`; what is left, in C, `bench/growth.py` times.
"""

import io
import sys
from contextlib import suppress
from functools import partial

import pytest

from subalign import Segment, Transcript, Word
from subalign.errors import InputError, OutputError
from subalign.options import LayoutOptions
from subalign.subtitles import FORMATS, get_writer

SMALL = 60  # characters, about
LEAST_TIMES, MOST_TIMES = 10, 15
SLACK = 100  # lines

WRITTEN = (
    " |\t|\n| \n|\r\n|\x0b|-|- |-->|<|<a|<b>|</b>|<b></b>|{|{\\|{}|{\\p1|}|[1:|(|1:|a|♪|あ|ก|&|"
    "a. |a:"
).split("|")
READ = (
    "\n| \n|a\n|1\n|<b>|</b>|<c>|{\\p1|{}|(|(-) |(a b) |[a] |>> |>> a |A: b\n|A:\n|0:01 |0:01\n|"
    "1 s\n|-->|2 s\n| |- |♪|# a\n|# |**|</b>a|<rt>|漢(か)|1\t2\ta\n|WEBVTT\n|NOTE a\n\n|"
    "00:00:01,000 --> 00:00:02,000\n|00:00:01,000 --> 00:00:02,000\na\n\n|"
    "0:00:01.000,0:00:02.000\n|00:00:01:00 9420 9470 c1c2 942f\n|"
    "Dialogue: 0,0:00:01.00,0:00:02.00,a,,0,0,0,,a\n"
).split("|")


def counted(work):
    """How many lines of Python run."""
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines


def growing(work, pieces, small=SMALL):
    """The pieces of which ten times as many take more than fifteen times the steps.

    What is added counts, from one number of pieces to twice as many: not what is done anyway.
    """
    work("a")  # imports
    found = []
    for piece in pieces:
        times = max(3, small // len(piece))
        few, many = (
            counted(partial(work, piece * 2 * n)) - counted(partial(work, piece * n))
            for n in (times, LEAST_TIMES * times)
        )
        if many > MOST_TIMES * max(0, few) + SLACK:
            found.append((piece, few, many))
    return found


def test_growth_is_found():
    def quadratic(text):
        return [text[a] < text[b] for a in range(len(text)) for b in range(a)]

    def linear(text):
        return [character.upper() for character in text]

    assert growing(quadratic, ["a"])
    assert not growing(linear, ["a"])


# ---- writers -----------------------------------------------------------------------------------


def transcript(text, place):
    words = {
        "segment": None,
        "word": (Word(f" x{text}y", 0.0, 1.0, 0.5),),
        "beside": (Word(" y", 0.0, 1.0, 0.5, before=text),),
    }[place]
    segment = Segment(0, 0, 0.0, 1.0, f" x{text}y", (), 0.0, -0.1, 1.0, 0.0, words)
    return Transcript(segment.text, "en", (segment,), 1.0, "micro.en", "1")


def write(name, given):
    with suppress(OutputError):  # letters that a format has not
        get_writer(name, LayoutOptions()).write_bytes(given, io.BytesIO())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("place", ["segment", "word", "beside"])
def test_writers(name, place):
    assert growing(lambda text: write(name, transcript(text, place)), WRITTEN) == []


@pytest.mark.parametrize("name", FORMATS)
def test_writers_of_many_words(name):
    def talk(text):
        words = tuple(
            Word(f" word{n}", n * 0.5, n * 0.5 + 0.4, 0.5, speaker="AB"[n // 3 % 2])
            for n in range(len(text))
        )
        said = "".join(word.text for word in words)
        segment = Segment(0, 0, 0.0, len(text) * 0.5, said, (), 0.0, -0.1, 1.0, 0.0, words)
        write(name, Transcript(said, "en", (segment,), len(text) * 0.5, "micro.en", "1"))

    assert growing(talk, ["x"]) == []


# ---- readers -----------------------------------------------------------------------------------

HEADS = {
    ".srt": "1\n00:00:01,000 --> 00:00:02,000\n",
    ".vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n",
    ".ass": "[Script Info]\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, "
    "MarginV, Effect, Text\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,",
    ".txt": "",
    ".md": "# a\n",
    ".sbv": "0:00:01.000,0:00:02.000\n",
    ".scc": "Scenarist_SCC V1.0\n\n",
    ".tsv": "start\tend\ttext\n",
}


@pytest.mark.parametrize("ending", [".srt", ".vtt", ".ass"])
def test_checking(ending):
    from subalign.subtitles.check import check_file, fix_file
    from subalign.subtitles.files import parse_subtitle_file, render_subtitle_file
    from subalign.subtitles.layout.profiles import chosen_profile

    profile = chosen_profile(LayoutOptions())

    def check(text):
        file = parse_subtitle_file(HEADS[ending] + text, "talk", ending[1:])
        list(check_file(file, profile))
        render_subtitle_file(fix_file(file, profile))

    assert growing(check, READ) == []


def test_blocks_of_stl():
    from subalign.subtitles.files.ebu_stl import StlCue, parse_stl, render_stl, stl_header

    block = render_stl([StlCue(0, 1000, "<i>a</i>\nb")], stl_header())[1024:]

    def read(text):
        cues = list(parse_stl(stl_header() + block * len(text)))
        render_stl(cues, stl_header())

    assert growing(read, ["x"]) == []


def test_paragraphs_of_ttml():
    from subalign.subtitles.files import parse_subtitle_file, subtitle_file_bytes

    def read(text):
        body = "".join(f"<p begin='{n}s' end='{n + 1}s'>a<br/>b</p>" for n in range(len(text)))
        subtitle_file_bytes(parse_subtitle_file(f"<tt>{body}</tt>", "a.ttml"))

    assert growing(read, ["x"]) == []


@pytest.mark.parametrize("ending", HEADS)
def test_transcripts(ending, tmp_path):
    from subalign.subtitles.script.reading import read_script

    path = tmp_path / f"talk{ending}"

    def read(text):
        path.write_text(HEADS[ending] + text, encoding="utf-8")
        with suppress(InputError):
            read_script(path)

    assert growing(read, READ) == []


@pytest.mark.parametrize("ending", [".ctm", ".TextGrid"])
def test_timed_words(ending, tmp_path):
    from subalign.heads.reference_words import read_reference_words

    path = tmp_path / f"talk{ending}"

    def read(text):
        path.write_text(text, encoding="utf-8")
        with suppress(InputError):
            read_reference_words(path)

    assert growing(read, READ) == []


def test_saved_results():
    from subalign.subtitles.saved_results import parse_result

    def read(text):
        word = '{"word": "x"}'
        entry = f'{{"start": 0, "end": 9, "text": "x", "words": [{word}{f", {word}" * len(text)}]}}'
        parse_result(f'{{"segments": [{entry}{f", {entry}"}]}}', "talk.json")

    assert growing(read, ["x"]) == []


def test_turns_of_speakers():
    from subalign.speakers.rttm import parse_rttm, turns_of_recording
    from subalign.speakers.turns import assign_speakers

    def read(text):
        n = len(text)
        # one of whom speaks all the time
        rows = [f"SPEAKER a 1 {at} 0.5 <NA> <NA> {'xy'[at % 2]} <NA> <NA>" for at in range(n)]
        rows.append(f"SPEAKER a 1 0 {n} <NA> <NA> z <NA> <NA>")
        turns = turns_of_recording(parse_rttm("\n".join(rows), "a.rttm"), "a", n, "a.wav")
        words = tuple(Word(" x", at + 0.1, at + 0.4, 0.5) for at in range(n))
        segment = Segment(0, 0, 0.0, float(n), "", (), 0.0, -0.1, 1.0, 0.0, words)
        assign_speakers(Transcript("", "en", (segment,), float(n), "micro.en", "1"), turns)

    assert growing(read, ["x"]) == []
