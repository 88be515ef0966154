"""`subalign render` as a user meets it: saved results of four programs, in any format."""

import io
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

WORDS = [(" Good", 0.5, 0.8), (" morning,", 0.8, 1.3), (" everyone.", 1.4, 2.0)]

OPENAI = {
    "text": " Good morning, everyone.",
    "segments": [
        {
            "id": 0,
            "seek": 0,
            "start": 0.5,
            "end": 2.0,
            "text": " Good morning, everyone.",
            "tokens": [50364, 2205, 2446],
            "temperature": 0.0,
            "avg_logprob": -0.2,
            "compression_ratio": 0.8,
            "no_speech_prob": 0.01,
            "words": [
                {"word": word, "start": start, "end": end, "probability": 0.9}
                for word, start, end in WORDS
            ],
        }
    ],
    "language": "en",
}
STABLE_TS = {
    "text": " Good morning, everyone.",
    "segments": [
        {
            **OPENAI["segments"][0],
            "words": [
                {**word, "tokens": [1], "segment_id": 0, "id": number}
                for number, word in enumerate(OPENAI["segments"][0]["words"])
            ],
        }
    ],
    "language": "en",
    "ori_dict": {"text": "x", "segments": []},
    "nonspeech_sections": [],
}
WHISPERX = {
    "segments": [
        {
            "start": 0.5,
            "end": 2.0,
            "text": " Good morning, everyone.",
            "words": [
                {"word": "Good", "start": 0.5, "end": 0.8, "score": 0.9},
                {"word": "morning,", "start": 0.8, "end": 1.3, "score": 0.9},
                {"word": "everyone.", "start": 1.4, "end": 2.0, "score": 0.9},
            ],
        }
    ],
    "word_segments": [],
    "language": "en",
}

HIGHLIGHTED = """\
1
00:00:00,500 --> 00:00:00,800
<u>Good</u> morning, everyone.

2
00:00:00,800 --> 00:00:01,300
Good <u>morning,</u> everyone.

3
00:00:01,300 --> 00:00:01,400
Good morning, everyone.

4
00:00:01,400 --> 00:00:02,000
Good morning, <u>everyone.</u>

"""


def save(path, content):
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return path


@pytest.fixture
def render(subalign):
    return lambda *arguments: subalign("render", *arguments)


@pytest.mark.parametrize("content", [OPENAI, STABLE_TS, WHISPERX], ids=["openai", "stable", "x"])
def test_results_of_other_programs(render, folder, content):
    save(folder / "talk.json", content)
    outcome = render("talk.json", "--profile", "openai", "--highlight-words", "-o", "-")
    assert (outcome.code, outcome.out, outcome.err) == (0, HIGHLIGHTED, "")


@pytest.mark.parametrize("options", [{}, {"max_line_width": 12, "max_line_count": 2}])
@pytest.mark.parametrize("form", ["srt", "vtt", "txt", "tsv"])
def test_the_openai_layout_is_that_of_openai_whisper(render, folder, form, options):
    from whisper.utils import get_writer

    save(folder / "talk.json", OPENAI)
    (folder / "theirs").mkdir()
    get_writer(form, "theirs")(OPENAI, "talk.wav", **options)
    flags = [
        part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)
    ]
    assert render("talk.json", "-f", form, "--profile", "openai", *flags, "-q").code == 0
    assert (folder / f"talk.{form}").read_bytes() == (folder / f"theirs/talk.{form}").read_bytes()


def test_our_own_json_comes_back_byte_for_byte(render, folder):
    from subalign.options import LayoutOptions
    from subalign.results import Segment, Transcript, Word
    from subalign.subtitles import get_writer

    words = (
        Word(" Yes,", 0.0, 0.25, 0.5, estimated=True, before="ANNA:", after=" (laughs)"),
        Word(" 你好", 0.3, 0.75, 1.0),
    )
    segments = (
        Segment(0, 0, 0.0, 0.75, "ANNA: Yes, (laughs) 你好", (1, 2), 0.2, -0.5, 1.1, 0.125, words),
        Segment(1, 75, 1.0, 2.0, " untimed", (), 0.0, float("nan"), 1.0, 0.0, None),
        Segment(2, 75, 2.0, 3.0, " [music]", (), 0.0, -1.0, 1.0, 0.0, ()),
    )
    transcript = Transcript("Yes, 你好 untimed", "zh", segments, 3.5, "micro.en", "1.2.3")
    text = "".join(get_writer("json", LayoutOptions()).render(transcript))
    (folder / "talk.json").write_text(text, "utf-8")
    assert render("talk.json", "-f", "json", "-o", "-").out == text


def test_words_that_whisperx_could_not_time(render, folder):
    content = json.loads(json.dumps(WHISPERX))
    del content["segments"][0]["words"][1]["start"]
    content["segments"][0]["words"][1]["end"] = None
    save(folder / "talk.json", content)
    outcome = render("talk.json", "-f", "json", "-o", "-")
    assert outcome.err == (
        "Warning: talk.json has no times that can be for 1 of its words: they stand between their "
        "neighbours.\n"
    )
    words = json.loads(outcome.out)["segments"][0]["words"]
    assert [word["word"] for word in words] == [" Good", " morning,", " everyone."]
    assert [(word["start"], word["end"], word["estimated"]) for word in words] == [
        (0.5, 0.8, False),
        (0.8, 1.4, True),
        (1.4, 2.0, False),
    ]


def test_scripts_without_spaces_get_none(render, folder):
    words = [
        {"word": char, "start": 0.5 + index, "end": 1.0 + index}
        for index, char in enumerate("你好吗")
    ]
    content = {"segments": [{"start": 0.5, "end": 4, "text": "你好 吗?", "words": words}]}
    save(folder / "talk.json", content)
    found = json.loads(render("talk.json", "-f", "json", "-o", "-").out)
    assert [word["word"] for word in found["segments"][0]["words"]] == ["你", "好", " 吗?"]
    content["segments"][0]["text"] = "您好"  # the words are others than the text's
    save(folder / "talk.json", content)
    found = json.loads(render("talk.json", "-f", "json", "-o", "-").out)
    assert [word["word"] for word in found["segments"][0]["words"]] == ["你", "好", "吗"]


def test_segments_without_words(render, folder):
    save(folder / "talk.json", [{"start": 1, "end": 2.5, "text": " Hello."}])
    outcome = render("talk.json", "--profile", "openai", "-o", "-")
    assert outcome.out == "1\n00:00:01,000 --> 00:00:02,500\nHello.\n\n"


def test_files_and_what_is_said(render, folder):
    save(folder / "a.json", OPENAI)
    save(folder / "b.json", WHISPERX)
    outcome = render("a.json", "b.json", "-f", "srt,vtt", "-o", "sub")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith("a.json → sub/a.srt, sub/a.vtt (")
    assert sorted(path.name for path in (folder / "sub").iterdir()) == [
        *("a.srt", "a.vtt", "b.srt", "b.vtt")
    ]
    again = render("a.json", "-o", "sub")
    assert again.code == 1
    assert again.err.startswith("Error: sub/a.srt is there already: add --overwrite")
    kept = render("a.json", "-o", "sub", "--skip-existing")
    assert (kept.code, kept.err) == (0, "a.json is skipped: its results are there.\n")
    kept = render("a.json", "b.json", "-o", "sub", "--skip-existing")
    assert (kept.code, kept.err) == (0, "2 inputs are skipped: their results are there.\n")
    assert render("a.json", "-o", "sub", "--overwrite", "-q").code == 0


SUBTITLES = "1\n00:00:01,000 --> 00:00:03,000\n<i>Hello</i> there,\nyou & me.\n\n"


def test_subtitle_files_are_written_in_other_formats(render, folder):
    (folder / "a.srt").write_text(SUBTITLES)
    outcome = render("a.srt", "-f", "vtt,scc,stl,txt,itt", "--fps", "25")
    assert (outcome.code, outcome.err.count("\n")) == (0, 1)
    assert (folder / "a.vtt").read_text() == (
        "WEBVTT\n\n00:01.000 --> 00:03.000\n<i>Hello</i> there,\nyou &amp; me.\n\n"
    )
    for back in ("a.scc", "a.stl"):
        assert render(back, "-f", "srt", "-o", "back", "--overwrite").code == 0
        blocks = (folder / "back" / "a.srt").read_text().splitlines()
        assert blocks[2:] == ["<i>Hello</i> there,", "you & me.", ""]
    assert (folder / "a.txt").read_text() == "Hello there,\nyou & me.\n"


def test_subtitle_files_are_laid_out_anew_where_a_limit_is_given(render, folder):
    (folder / "a.vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:05.000\nHello there, this is\na line.\n"
    )
    outcome = render("a.vtt", "-f", "srt", "-o", "-", "--max-line-width", "20")
    lines = outcome.out.splitlines()
    assert " ".join(" ".join(lines[2::4] + lines[3::4]).split()).count("line") == 1
    assert max(len(line) for line in lines if "-->" not in line) <= 20
    kept = render("a.vtt", "-f", "srt", "-o", "-")
    assert kept.out.splitlines()[2:4] == ["Hello there, this is", "a line."]


def test_a_format_without_the_letters_does_not_stop_the_others(render, folder):
    (folder / "a.srt").write_text(SUBTITLES.replace("me", "今"))
    outcome = render("a.srt", "-f", "scc,vtt")
    assert outcome.code == 1
    assert outcome.err == (
        "Error: a cannot be written as SCC, as there is no '今' in it: choose another --format, "
        "such as --format ttml.\n"
    )
    assert "今" in (folder / "a.vtt").read_text()
    assert not (folder / "a.scc").exists()


def test_the_given_json_is_not_replaced_unless_told(render, folder):
    given = save(folder / "talk.json", WHISPERX)
    before = given.read_bytes()
    for target in ((), ("-o", "."), ("-o", str(folder))):
        outcome = render("talk.json", "-f", "srt,json", *target)
        assert outcome.code == 1
        assert "talk.json is the given result itself: add --overwrite" in outcome.err
    assert given.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["talk.json"]
    assert render("talk.json", "-f", "srt,json", "--skip-existing").code == 0
    assert given.read_bytes() == before
    assert render("talk.json", "-f", "json", "--overwrite").code == 0
    assert json.loads(given.read_text("utf-8"))["duration"] is None


def test_standard_input(render, folder, monkeypatch):
    data = json.dumps(OPENAI).encode("utf-16")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert render("-", "--profile", "openai", "--highlight-words").out == HIGHLIGHTED


def test_the_page_plays_a_recording_that_is_named(render, clip, folder):
    save(folder / "talk.json", OPENAI)
    assert render("talk.json", "-f", "html", "--media", "talk.wav").code == 0
    assert "talk.wav" in (folder / "talk.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "bad.json is not valid JSON (Expecting value: line 1 column 1 (char 0)): give JSON"),
        (b"{", "bad.json is not valid JSON (Expecting property name"),
        (b"[" * 100_000, "bad.json is not valid JSON (nested too deeply): give JSON"),
        (b"3", "bad.json holds no segments: give JSON as subalign, openai-whisper, stable-ts or "),
        (b"{}", "bad.json holds no segments: give JSON as"),
        (b'{"segments": [3]}', "bad.json has no text in segment 1: give JSON"),
        (b'[{"text": "a", "start": 1}]', "bad.json has no times that can be in segment 1"),
        (b'[{"text": "a", "start": 2, "end": 1}]', "bad.json has no times that can be in"),
        (b'[{"text": "a", "start": NaN, "end": 1}]', "bad.json has no times that can be in"),
        (b"\x00\x01\x02\xff" * 100, "bad.json is not a text file"),
        (b"\xff" * (65 << 20), "bad.json is larger than 64 MiB, which no transcript is"),
    ],
)
def test_bad_files(render, folder, content, sentence):
    (folder / "bad.json").write_bytes(content)
    outcome = render("bad.json")
    (line,) = outcome.err.splitlines()
    assert (outcome.code, outcome.out) == (1, "")
    assert line.startswith(f"Error: {sentence}")
    assert [path.name for path in folder.iterdir()] == ["bad.json"]


def test_one_bad_file_does_not_stop_the_others(render, folder):
    (folder / "bad.json").write_text("no")
    save(folder / "good.json", OPENAI)
    outcome = render("bad.json", "missing.json", "good.json")
    assert outcome.code == 1
    assert (folder / "good.srt").exists()
    assert outcome.err.splitlines()[1] == "Error: missing.json does not exist: check the name."
    assert outcome.err.splitlines()[3] == "2 of 3 inputs failed:"
    assert outcome.err.splitlines()[-1] == "  missing.json does not exist: check the name."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("a.json", "b.json", "-o", "-"), "Standard output takes the result of one file"),
        (("a.json", "-f", "doc"), "--format does not know 'doc'"),
        (("a.json", "--profile", "mine"), "--profile must be "),
        (("a.json", "--overwrite", "--skip-existing"), "--overwrite and --skip-existing exclude"),
        (("a.json", "-f", "html", "--embed"), "--embed puts the recording into the page"),
        (("a.json", "b.json", "--media", "c.wav"), "--media is the recording of one result"),
    ],
)
def test_options_that_make_no_sense(render, folder, arguments, sentence):
    outcome = render(*arguments)
    assert outcome.code == 2
    assert outcome.err.startswith(f"Error: {sentence}")


_CALL = """
import sys
from subalign.cli.app import run
code = run(["render", "talk.json", "-f", "srt,vtt,tsv", "-q"])
print(code, [name for name in sys.argv[1:] if name in sys.modules])
"""


def test_no_model_is_near(folder):
    save(folder / "talk.json", OPENAI)
    heavy = ("torch", "numba", "triton", "tiktoken", "huggingface_hub", "ffmpeg", "pysubs2")
    result = subprocess.run(
        [sys.executable, "-c", _CALL, *heavy], capture_output=True, text=True, check=True
    )
    assert result.stdout == "0 []\n"


def test_the_encoding_that_is_told(render, folder):
    content = '{"segments": [{"text": " Garçon", "start": 0, "end": 1}]}'
    (folder / "talk.json").write_bytes(content.encode("cp1252"))
    outcome = render("talk.json", "-f", "txt", "-o", "-", "--encoding", "cp1257")
    assert (outcome.code, outcome.out, outcome.err) == (0, "Garēon\n", "")
