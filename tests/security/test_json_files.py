"""JSON that anybody wrote: a sentence with the file's name, and the other files are done."""

import json
import math

import pytest

from subalign.cli.app import run
from subalign.errors import InputError
from subalign.heads.reference_words import read_reference_words
from subalign.subtitles.saved_results import parse_result
from subalign.subtitles.script.lines import parse_json_script

GOOD = '{"segments":[{"start":0,"end":1,"text":" fine"}]}'
HUGE = "1" + 400 * "0"


def segment(**facts):
    return json.dumps({"segments": [{"start": 0, "end": 1, "text": " ok", **facts}]})


BAD = {
    "end of 400 digits": segment(end=10**400),
    "end of 5000 digits": segment(end=7).replace("7", "1" + 5000 * "0"),
    "1e306": segment(end=1e306),
    "1e16": segment(end=1e16),
    "negative": segment(end=-1),
    "NaN": segment(end=math.nan),
    "infinite": segment(end=math.inf),
    "times that are text": segment(start="0"),
    "lone surrogate": segment(text=" ok \ud800 x"),
    "lone low surrogate in a word": segment(words=[{"word": "\udfff", "start": 0, "end": 1}]),
    "a word that is a string": segment(words=["x"]),
    "a word that is null": segment(words=[None]),
    "a word whose text is a number": segment(words=[{"word": 7, "start": 0, "end": 1}]),
    "text that is a list": segment(text=[" ok"]),
    "segments that are an object": '{"segments": {"start": 0}}',
    "a segment that is a number": '{"segments": [1]}',
    "deep": "[" * 100_000,
    "half": GOOD[:-5],
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_bad_result_is_one_sentence_and_the_other_file_is_rendered(text, tmp_path, capsys):
    (tmp_path / "bad.json").write_text(text)
    (tmp_path / "good.json").write_text(GOOD)
    paths = [str(tmp_path / name) for name in ("bad.json", "good.json")]
    assert run(["render", *paths, "--format", "srt,csv,textgrid"]) == 1
    lines = capsys.readouterr().err.splitlines()
    errors = [line for line in lines if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "bad.json" in errors[0]
    assert "a fault of its own" not in errors[0]
    assert (tmp_path / "good.srt").read_text().endswith("\nfine\n\n")
    assert [path.name for path in tmp_path.glob("bad.*")] == ["bad.json"]


@pytest.mark.parametrize(
    "facts",
    [
        {"id": 10**400, "seek": 10**400, "tokens": [10**400, "x", None]},
        {"temperature": 10**400, "avg_logprob": 10**400, "no_speech_prob": "x"},
        {"words": [{"word": " ok", "start": 0, "end": 10**400, "probability": 10**400}]},
        {"words": [{"word": " ok", "start": 1e306, "end": 1e307, "before": 5, "after": {}}]},
        {"words": [{"word": " ok", "start": [], "end": {}}]},
    ],
)
def test_numbers_that_are_no_times_do_not_matter(facts, tmp_path):
    (tmp_path / "result.json").write_text(segment(**facts))
    assert run(["render", str(tmp_path / "result.json"), "--format", "all", "--overwrite"]) == 0
    assert (tmp_path / "result.srt").read_text().startswith("1\n00:00:00,000 --> ")


def test_duration_that_cannot_be_is_unknown():
    for duration in (HUGE, "1e306", "-1", '"x"'):
        text = GOOD.replace("{", f'{{"duration": {duration}, ', 1)
        assert math.isnan(parse_result(text, "r.json").duration)


@pytest.mark.parametrize("text", [segment(words=["x"]), segment(text="\ud800"), "[" * 100_000])
def test_transcript_to_align_that_is_damaged(text):
    with pytest.raises(ValueError, match=r"word|surrogate|nested"):
        parse_json_script(text)


def test_transcript_to_align_with_parts_of_other_types():
    words = [{"word": 5, "before": [" "], "after": None}, {"word": " ok", "start": 10**400}]
    (line,) = parse_json_script(segment(words=words, end=10**400)).lines
    assert (line.text, line.worded, line.end) == ("ok", ((0, 0), (0, 2)), None)


@pytest.mark.parametrize(
    "word",
    [
        {"word": "a", "start": 0, "end": 10**400},
        {"word": "a", "start": 0, "end": 1e306},
        {"word": "a", "start": 1e16, "end": 1e16},
        {"word": "a\ud800", "start": 0, "end": 1},
        "a",
    ],
)
def test_timed_words_that_are_damaged(word, tmp_path):
    path = tmp_path / "words.json"
    path.write_text(json.dumps([word]))
    with pytest.raises(InputError, match=r"words\.json"):
        read_reference_words(path)


@pytest.mark.parametrize("command", [["check"], ["retime", "--shift", "1", "--overwrite"]])
def test_fault_of_our_own_in_one_file_leaves_the_others(command, tmp_path, monkeypatch, capsys):
    from subalign.subtitles import files

    read = files.read_subtitle_file

    def failing(path, *args, **kwargs):
        if "bad" in str(path):
            raise KeyError("x")
        return read(path, *args, **kwargs)

    monkeypatch.setattr(files, "read_subtitle_file", failing)
    for name in ("bad.srt", "good.srt"):
        (tmp_path / name).write_text("1\n00:00:01,000 --> 00:00:03,000\nwords\n\n")
    paths = [str(tmp_path / name) for name in ("bad.srt", "good.srt")]
    assert run([command[0], *paths, *command[1:]]) == 1
    shown = capsys.readouterr()
    assert "a fault of its own in " in shown.err
    assert "bad.srt (KeyError" in shown.err
    assert "good.srt" in shown.out + shown.err.replace("bad.srt", "")
