"""Forms of transcripts beside the usual: SBV, tables, TTML, rolling captions, copied web pages."""

import logging

import pytest

from subalign.errors import InputError
from subalign.subtitles.script import read_script

SBV = """0:00:00.000,0:00:04.200
One two
three

0:00:04.200,0:00:09.600
>> four[br]five
"""
TSV = "start\tend\ttext\n0\t4200\tOne two\n4200\t9600\tthree\tfour\n"
TTML = """<?xml version="1.0" encoding="utf-8"?>
<!-- made by hand -->
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
    xmlns:tts="http://www.w3.org/ns/ttml#styling" ttp:frameRate="25" ttp:tickRate="1000">
<head><metadata><title>Not said</title></metadata></head>
<body begin="10s"><div>
<p begin="00:00:04.200" end="00:00:09:05">three<br/>
   <span tts:color="red">fo</span>ur</p>
<p begin="500ms" dur="2000t">One
   two &amp; <span tts:ruby="container"><span tts:ruby="base">漢字</span><span
   tts:ruby="text">かんじ</span></span></p>
<p><span begin="1m" end="61s">later</span></p>
</div></body></tt>
"""


@pytest.fixture
def lines(tmp_path):
    """The lines of a text as (text, what is said), and their times."""

    def read(text, name="a.txt", times=False):
        (tmp_path / name).write_text(text, "utf-8")
        found = read_script(tmp_path / name).lines
        if times:
            return [(line.text, line.start, line.end) for line in found]
        return [
            (line.text, "|".join(line.text[first:end] for first, end in line.spoken))
            for line in found
        ]

    return read


@pytest.mark.parametrize("name", ["a.sbv", "a.txt"])
def test_sbv(lines, name):
    assert lines(SBV, name, times=True) == [
        ("One two\nthree", 0.0, 4.2),
        (">> four\nfive", 4.2, 9.6),
    ]
    assert lines(SBV, name)[1] == (">> four\nfive", "four\nfive")


def test_tables(lines):
    assert lines(TSV, "a.tsv", times=True) == [("One two", 0.0, 4.2), ("three\tfour", 4.2, 9.6)]


def test_ttml(lines):
    assert lines(TTML, "a.ttml", times=True) == [
        ("One two & 漢字", 10.5, 12.5),
        ("three\nfour", 14.2, 19.2),
        ("later", 70.0, 71.0),
    ]


def test_ttml_in_the_encoding_that_it_states(tmp_path):
    (tmp_path / "a.ttml").write_bytes(TTML.replace("utf-8", "UTF-16").encode("utf-16"))
    assert [line.text for line in read_script(tmp_path / "a.ttml").lines][-1] == "later"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("start\tend\ttext\n1\tx\tOne", "is no TSV that can be read: line 2 has no times."),
        ("<tt><p begin='1s'>One", "is no TTML that can be read: no XML."),
        ("<tt><p begin='soon'>One</p></tt>", "is no TTML that can be read: the time 'soon'."),
        ("<tt frameRate='0'><p begin='1f'>One</p></tt>", "is no TTML that can be read: times"),
        (
            '<?xml version="1.0"?>\n<tt><!DOCTYPE x [<!ENTITY a "b">]><p>&a;</p></tt>',
            "is no TTML that can be read: it defines entities",
        ),
    ],
)
def test_damaged_ones(lines, content, sentence):
    with pytest.raises(InputError) as error:
        lines(content)
    assert sentence in str(error.value)


# --- rolling captions --------------------------------------------------------------------------

PHRASES = ["one two", "three four", "five", "six seven", "eight"]


def youtube():
    """Each phrase with its words' times, then for 10 ms alone, then above the next."""
    text, before = "WEBVTT\n\n", " "
    for at, phrase in enumerate(PHRASES):
        first, *rest = phrase.split()
        timed = first + "".join(f"<00:00:0{2 * at + 1}.000><c> {word}</c>" for word in rest)
        text += f"00:00:0{2 * at}.010 --> 00:00:{2 * at + 2:02}.000\n{before}\n{timed}\n\n"
        text += f"00:00:{2 * at + 2:02}.000 --> 00:00:{2 * at + 2:02}.010\n{phrase}\n \n\n"
        before = phrase
    return text


def roll_up(lines=2, ending=" --> "):
    return "".join(
        f"{at + 1}\n00:00:0{at},000{ending}00:00:0{at + 1},000\n"
        + "\n".join(PHRASES[max(0, at - lines + 1) : at + 1])
        + "\n\n"
        for at in range(len(PHRASES))
    )


@pytest.mark.parametrize("text", [youtube(), roll_up(), roll_up(3)])
def test_rolling_captions_have_each_line_once(lines, caplog, text):
    with caplog.at_level(logging.WARNING, "subalign"):
        assert [said.replace("|", " ") for _, said in lines(text)] == PHRASES
    assert "has rolling captions, which repeat lines of the cue before" in caplog.text


@pytest.mark.parametrize(
    "texts",
    [
        ["No!", "No!", "No!", "Yes.", "No!"],
        ["la la\nyes", "yes\nno", "Then", "What", "Who", "Me", "You"],
        ["la la"] * 6,
    ],
)
def test_refrains_are_no_rolling_captions(lines, texts):
    cues = [f"00:00:0{at},000 --> 00:00:0{at},900\n{text}\n" for at, text in enumerate(texts)]
    assert [text for text, _ in lines("\n".join(cues), "a.srt")] == texts


# --- copied from web pages ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "0:00\nOne two\n0:04\nthree\n1:02:09\nfour",
        "0:00\n0 seconds\nOne two\n0:04\n4 seconds\nthree\n1:04\n1 minute, 4 seconds\nfour",
        "0:04\n4 Sekunden\nOne two\n1:04\n1 Minute und 4 Sekunden\nthree\n2:00\n2 Minuten\nfour",
        "0:044 seconds\nOne two\n1:041 minute, 4 seconds\nthree\n2:00\nfour",
        "4 seconds\nOne two\n1 minute, 4 seconds\nthree\n2 minutes\nfour",
        "[00:00]\nOne two\n[00:00:04.5]\nthree\n(0:09)\nfour",
        "0:00 - 0:04\nOne two\n0:04 – 0:09\nthree\n0:09 --> 0:12\nfour",
        "0:00\n\nOne two\nthree\nfour",
    ],
)
def test_times_between_lines_are_dropped(lines, text):
    assert [said for _, said in lines(text)] == ["One two", "three", "four"]
    assert [text for text, _ in lines(text)] == ["One two", "three", "four"]


def test_times_before_lines_are_kept_and_not_said(lines):
    text = "0:00 Ann: One two\n0:04\tAnn: three\n1:02 four"
    assert [said for _, said in lines(text)] == ["One two", "three", "four"]


@pytest.mark.parametrize(
    "text",
    ["We meet at\n10:30", "10:30\nis late", "9:30\nor\n8:15", "4 seconds\nto go\n2 seconds"],
)
def test_times_that_are_said(lines, text):
    assert [said for _, said in lines(text)] == text.split("\n")


def test_markdown(lines):
    text = "# The talk\n\n**ANNA:** Hello **there**.\n**Bob Ray**: Yes\n## Part 2\n**Bob Ray:** No"
    assert lines(text) == [
        ("# The talk", ""),
        ("**ANNA:** Hello **there**.", "Hello|there|."),
        ("**Bob Ray**: Yes", "Yes"),
        ("## Part 2", ""),
        ("**Bob Ray:** No", "No"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<ruby>base<rt>note</rt></ruby> text", "base|text"),
        ("<ruby>base<rt>no <b>te</b></rt> more</ruby>", "base|more"),
        ("<ruby>base<rp>(</rp><rt.x>note</rt><rp>)</rp></ruby>", "base"),
        ("漢字（かんじ）を読む", "漢字|を読む"),
        ("漢字《かんじ》を読む", "漢字|を読む"),
        ("他看《红楼梦》", "他看《红楼梦》"),
    ],
)
def test_ruby(lines, text, said):
    assert lines(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n") == [(text, said)]


def test_signs_in_the_picture_are_kept_and_not_said(lines):
    event = "Dialogue: 0,0:00:0{0}.00,0:00:0{0}.90,Default,,0,0,0,,{1}\n"
    texts = ["Hello", r"{\pos(1,2)}Open daily", r"{\move(1,2,3,4)}Shop", "you"]
    events = "".join(event.format(at, text) for at, text in enumerate(texts))
    head = (
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
    )
    assert lines(f"{head}\n{events}", "a.ass") == [
        ("Hello", "Hello"),
        ("Open daily", ""),
        ("Shop", ""),
        ("you", "you"),
    ]


def test_where_most_cues_are_placed_they_are_what_is_said(lines):
    event = "Dialogue: 0,0:00:0{0}.00,0:00:0{0}.90,Default,,0,0,0,,{{\\pos(1,2)}}Line {0}\n"
    events = "".join(event.format(at) for at in range(1, 5))
    head = (
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
    )
    assert [said for _, said in lines(f"{head}\n{events}", "a.ass")] == [
        f"Line {at}" for at in range(1, 5)
    ]
