"""Words with times out of JSON, TextGrids and CTM files."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.point_tier import PointTier
from praatio.data_classes.textgrid import Textgrid
from praatio.textgrid import openTextgrid

from subalign.errors import InputError
from subalign.heads.reference_words import read_reference_words
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import JSONWriter

HELLO = Word("hello", 0.1, 0.5, 1.0)
WORLD = Word('wo"rld', 0.7, 1.0, 1.0)

LONG_GRID = """\
File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.2
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "NAME"
        xmin = 0
        xmax = 1.2
        intervals: size = 5
        intervals [1]:
            xmin = 0
            xmax = 0.1
            text = ""
        intervals [2]:
            xmin = 0.1
            xmax = 0.5
            text = "hello"
        intervals [3]:
            xmin = 0.5
            xmax = 0.7
            text = "sp"
        intervals [4]:
            xmin = 0.7
            xmax = 1.0
            text = "wo""rld"
        intervals [5]:
            xmin = 1.0
            xmax = 1.2
            text = "<eps>"
    item [2]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 1.2
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1.2
            text = "h"
"""

SHORT_GRID = """\
File type = "ooTextFile"
Object class = "TextGrid"

0
1.2
<exists>
1
"IntervalTier"
"Wort"
0
1.2
3
0
0.1
""
0.1
0.5
"hello"
0.7
1.0
"wo""rld"
"""


@pytest.fixture
def read(tmp_path):
    def reader(name, content, **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_reference_words(path, **options)

    return reader


@pytest.fixture
def refused(read, tmp_path):
    def check(name, content, sentence, **options):
        with pytest.raises(InputError) as caught:
            read(name, content, **options)
        assert str(caught.value) == f"{tmp_path / name} {sentence}"

    return check


# JSON


def test_our_own_json_comes_back(tmp_path):
    words = (Word(" Hello", 0.1, 0.5, 0.75), Word(" world.", 0.5, 1.25, 0.5))
    segment = Segment(0, 0, 0.0, 1.25, " Hello world.", (1, 2), 0.0, -0.1, 1.0, 0.0, words)
    transcript = Transcript(" Hello world.", "en", (segment,), 2.0, "micro.en", "0")
    path = tmp_path / "talk.json"
    with path.open("w", encoding="utf-8") as file:
        JSONWriter().write(transcript, file)
    timed = read_reference_words(path)
    assert (timed.words, timed.language) == (words, "en")


@pytest.mark.parametrize("form", ["list", "words", "segments"])
def test_the_three_forms_of_json(read, form):
    words = [{"word": "b", "start": 1, "end": 2}, {"text": "a", "start": 0.5, "end": 1}]
    content = {
        "list": words,
        "words": {"words": words, "language": "de"},
        "segments": {"segments": [{"words": words[:1]}, {"text": "x"}, {"words": words[1:]}]},
    }[form]
    timed = read("a.json", json.dumps(content))
    assert timed.words == (Word("a", 0.5, 1.0, 1.0), Word("b", 1.0, 2.0, 1.0))
    assert timed.language == ("de" if form == "words" else None)


def test_json_without_words_has_none(read):
    assert read("a.json", '{"segments": [{"text": "x", "start": 0, "end": 1}]}').words == ()


def test_estimated_words_are_told(read):
    words = [{"word": "a", "start": 0, "end": 1, "probability": 0.25, "estimated": True}]
    assert read("a.json", json.dumps(words)).words == (Word("a", 0.0, 1.0, 0.25, estimated=True),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_in_every_encoding(read, encoding):
    words = json.dumps([{"word": "Grüße", "start": 0, "end": 1}], ensure_ascii=False)
    assert read("a.JSON", words.encode(encoding)).words[0].text == "Grüße"


def test_json_that_is_none(refused):
    refused("a.json", "[1,", "is not valid JSON: write it anew.")
    refused("a.json", b"\xff\xfe\xff", "is no text in UTF-8 or UTF-16: save it as UTF-8.")


@pytest.mark.parametrize(
    "word", [{"word": "a", "start": 0}, {"start": 0, "end": 1}, 3, {"word": "a", "start": "0"}]
)
def test_a_word_without_its_times(refused, word):
    refused(
        "a.json",
        json.dumps([word]),
        f"holds a word without its text, start or end ({json.dumps(word)}): give every word all "
        "three.",
    )


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [("2", "1", "2 s to 1 s"), ("-1", "1", "-1 s to 1 s"), ("0", "NaN", "0 s to nan s")],
)
def test_times_that_cannot_be(refused, start, end, shown):
    word = f'[{{"word": " a", "start": {start}, "end": {end}}}]'
    refused("a.json", word, f"times 'a' from {shown}: correct the file.")


# TextGrid


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", ["words", "Word", "Anna - words"])
def test_the_word_tier_of_a_text_grid(read, name, encoding):
    grid = LONG_GRID.replace("NAME", name).encode(encoding)
    assert read("a.TextGrid", grid).words == (HELLO, WORLD)


def test_the_only_tier_in_the_short_form(read):
    assert read("a.textgrid", SHORT_GRID.replace("\n", "\r\n")).words == (HELLO, WORLD)


def test_tiers_of_which_none_has_words(refused):
    refused(
        "a.TextGrid",
        LONG_GRID.replace("NAME", "text"),
        "has the tiers 'text', 'phones': name that of the words 'words'.",
    )


@pytest.mark.parametrize("content", ["", "hello", SHORT_GRID[:80]])
def test_a_text_grid_that_is_none(refused, content):
    refused("a.TextGrid", content, "is no Praat TextGrid: save it with Praat again.")


def test_a_text_grid_of_silence(refused):
    silent = SHORT_GRID.replace("hello", "sil").replace('wo""rld', "[noise]")
    refused("a.TextGrid", silent, "holds no words: give the transcript of the recording.")


LABELS = st.text("abcß今日 .'\"-", max_size=5)


@given(
    st.lists(
        st.tuples(st.sampled_from(["words", "Ann words"]), st.lists(LABELS, min_size=1)), min_size=1
    ),
    st.sampled_from(["short_textgrid", "long_textgrid"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_text_grids_are_read_as_praatio_reads_them(tmp_path, tiers, form):
    grid = Textgrid()
    for number, (name, labels) in enumerate(tiers):
        entries = [(at / 7, (at + 1) / 7, label) for at, label in enumerate(labels)]
        grid.addTier(IntervalTier(f"{number} {name}", entries))
    grid.addTier(PointTier("clicks", [(0.05, "1"), (0.1, '"')], 0, grid.maxTimestamp))
    path = tmp_path / "a.TextGrid"
    grid.save(str(path), form, includeBlankSpaces=True)
    expected = [
        Word(interval.label, float(interval.start), float(interval.end), 1.0)
        for tier in openTextgrid(str(path), includeEmptyIntervals=False).tiers[:-1]
        for interval in tier.entries
    ]
    expected.sort(key=lambda word: word.start)
    if expected:
        assert list(read_reference_words(path).words) == expected


# CTM


def test_ctm(read):
    lines = (
        ';; made by hand\nA 1 0.70 0.30 wo"rld NA\n\nA 1 0.10 0.40 hello 0.5 ;; sure\nA 1 1 1 sp'
    )
    assert read("a.ctm", lines).words == (Word("hello", 0.1, 0.5, 0.5), WORLD)


def test_one_recording_of_several_in_a_ctm_file(read, refused):
    lines = 'A 1 0.1 0.4 hello\nB 1 0.7 0.3 wo"rld\n'
    assert read("a.ctm", lines, recording="B").words == (WORLD,)
    refused(
        "a.ctm",
        lines,
        "holds 2 recordings, but not C: name the audio file as the recording in it.",
        recording="C",
    )


@pytest.mark.parametrize("line", ["A 1 0.1 0.4", "A 1 x 0.4 hello", "hello world"])
def test_ctm_that_is_none(refused, line):
    refused(
        "a.ctm",
        f"A 1 0 1 a\n{line}",
        "is no CTM file, see line 2: each line holds recording, channel, start, duration and word.",
    )


# any file


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError) as caught:
        read_reference_words(tmp_path / "a.ctm")
    assert str(caught.value) == (
        f"{tmp_path / 'a.ctm'} cannot be read (no such file or directory): check the name."
    )


def test_a_file_of_another_form(refused):
    refused("a.txt", "hello", "is no file of timed words: give .json, .TextGrid or .ctm.")
