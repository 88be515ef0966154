"""Ten times the input takes at most fifteen times the work, whatever strangers write.

Lines of Python are counted. What happens within regular expressions and C cannot be: there it is
the processor's time, with room for a busy machine; quadratic growth would be hundredfold.
"""

import io
import sys
import time
from contextlib import suppress
from functools import partial

import pytest

from subalign import Segment, Transcript, Word
from subalign.errors import InputError
from subalign.options import LayoutOptions
from subalign.subtitles import FORMATS, get_writer
from subalign.subtitles.tags import one_line, plain_text

SMALL = 500
LINES = 15  # times as many
SECONDS = 30

PIECES = [
    *(
        " ",
        "\t",
        "\n",
        " \n",
        "\r\n",
        "\x0b",
        "-",
        "- ",
        "-->",
        "<",
        "<a",
        "<b>",
        "</b>",
        "<b></b>",
    ),
    *("{", "{\\", "{}", "{\\p1", "}", "[1:", "(", "1:", "a", "♪", "あ", "ก", "&", "a. ", "a:"),
]


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


def seconds(work):
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def transcript(text, place):
    words = {
        "segment": None,
        "word": (Word(f" x{text}y", 0.0, 1.0, 0.5),),
        "beside": (Word(" y", 0.0, 1.0, 0.5, before=text),),
    }[place]
    segment = Segment(0, 0, 0.0, 1.0, f" x{text}y", (), 0.0, -0.1, 1.0, 0.0, words)
    return Transcript(segment.text, "en", (segment,), 1.0, "micro.en", "1")


def write(name, given):
    get_writer(name, LayoutOptions()).write(given, io.StringIO())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("place", ["segment", "beside"])
def test_writers_take_time_in_proportion(name, place):
    write(name, transcript("a", place))  # imports
    for piece in PIECES:
        small, large = (transcript(piece * (n // len(piece)), place) for n in (SMALL, 10 * SMALL))
        took = seconds(partial(write, name, large))
        # less tells nothing on a busy machine
        if took > 0.1:
            assert took <= SECONDS * seconds(partial(write, name, small)), piece


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "html"])
def test_writers_take_steps_in_proportion(name):
    write(name, transcript("a", "beside"))
    for piece in ("<b>", "<b></b>", "{\\an8}", " ", "a ", "-"):
        small, large = (transcript(piece * n, "beside") for n in (100, 1000))
        steps = counted(partial(write, name, large))
        assert steps <= LINES * counted(partial(write, name, small)), piece


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "html"])
def test_writers_take_steps_in_proportion_to_words(name):
    def talk(count):
        words = tuple(Word(f" word{n}", n * 0.5, n * 0.5 + 0.4, 0.5) for n in range(count))
        text = "".join(word.text for word in words)
        segment = Segment(0, 0, 0.0, count * 0.5, text, (), 0.0, -0.1, 1.0, 0.0, words)
        return Transcript(text, "en", (segment,), count * 0.5, "micro.en", "1")

    small, large = talk(60), talk(600)
    write(name, small)
    assert counted(partial(write, name, large)) <= LINES * counted(partial(write, name, small))


def test_spaces_in_a_line():
    assert one_line("a \t b" + " " * 200_000 + "c") == "a b" + " " * 200_000 + "c"


def test_a_tag_with_a_name_without_end():
    text = "<" + "a" * 200_000
    assert plain_text(text) == text


# ---- readers -----------------------------------------------------------------------------------

HEADS = {
    ".srt": "1\n00:00:01,000 --> 00:00:02,000\n",
    ".vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n",
    ".ass": "[Script Info]\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, "
    "MarginV, Effect, Text\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,",
    ".txt": "",
    ".md": "# a\n",
}
READ_PIECES = [
    *(
        "\n",
        " \n",
        "a\n",
        "1\n",
        "<b>",
        "</b>",
        "<c>",
        "{\\p1",
        "{}",
        "(",
        "[a] ",
        "A: b\n",
        "0:01 ",
    ),
    *(
        "00:00:01,000 --> 00:00:02,000\n",
        "00:00:01,000 --> 00:00:02,000\na\n\n",
        "-->",
        "2 s\n",
        " ",
    ),
]


@pytest.mark.parametrize("ending", [".srt", ".vtt", ".ass"])
def test_checking_takes_time_in_proportion(ending):
    from subalign.subtitles.check import check_file, fix_file
    from subalign.subtitles.files import parse_subtitle_file, render_subtitle_file
    from subalign.subtitles.layout.profiles import chosen_profile

    profile = chosen_profile(LayoutOptions())

    def check(text):
        file = parse_subtitle_file(HEADS[ending] + text, "talk", ending[1:])
        list(check_file(file, profile))
        render_subtitle_file(fix_file(file, profile))

    in_proportion(check)


@pytest.mark.parametrize("ending", HEADS)
def test_transcripts_are_read_in_proportion(ending, tmp_path):
    from subalign.subtitles.script.reading import read_script

    path = tmp_path / f"talk{ending}"

    def read(text):
        path.write_text(HEADS[ending] + text, encoding="utf-8")
        with suppress(InputError):
            read_script(path)

    in_proportion(read)


@pytest.mark.parametrize("ending", [".ctm", ".TextGrid"])
def test_timed_words_are_read_in_proportion(ending, tmp_path):
    from subalign.heads.reference_words import read_reference_words

    path = tmp_path / f"talk{ending}"

    def read(text):
        path.write_text(text, encoding="utf-8")
        with suppress(InputError):
            read_reference_words(path)

    in_proportion(read)


def in_proportion(work):
    work("a")  # imports
    for piece in READ_PIECES:
        took = seconds(partial(work, piece * (20_000 // len(piece))))
        if took > 0.1:
            assert took <= SECONDS * seconds(partial(work, piece * (2_000 // len(piece)))), piece
