"""Planning what is written, and writing it whole or not at all."""

import errno
import os
from pathlib import Path, PureWindowsPath

import pytest

from subalign.errors import (
    InputError,
    MediaNotFoundError,
    OutputError,
    OutputExistsError,
    UsageError,
)
from subalign.options import LayoutOptions
from subalign.pipeline.outputs import (
    Input,
    Output,
    find_inputs,
    plan_outputs,
    prepare_outputs,
    write,
)
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import SRTWriter

WORDS = (Word(" Good", 0.0, 0.5, 0.9), Word(" night.", 0.5, 1.25, 0.8))
TRANSCRIPT = Transcript(
    text=" Good night.",
    language="en",
    segments=(Segment(0, 0, 0.0, 1.25, " Good night.", (1, 2), 0.0, -0.1, 1.0, 0.0, WORDS),),
    duration=2.0,
    model="micro.en",
    version="0",
)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_folders_are_searched_and_keep_their_shape(tmp_path):
    for name in ("b.mp3", "a/deep/c.MKV", "notes.txt", "a/talk.srt"):
        touch(tmp_path / name)
    found = list(find_inputs([str(tmp_path), "-", "https://example.org/x/Good%20talk.mp3?k=1"]))
    assert [Path(item.source).name for item in found[:2]] == ["c.MKV", "b.mp3"]
    assert found[0].subfolder == Path("a/deep")
    assert [item.stem for item in found] == ["c", "b", "stdin", "Good talk"]
    taken: dict[Path, str] = {}
    assert plan_outputs(found[0], ["srt"], Path("out"), taken) == (
        Output("srt", Path("out/a/deep/c.srt")),
    )
    assert plan_outputs(found[1], ["srt", "json"], None, taken) == (
        Output("srt", tmp_path / "b.srt"),
        Output("json", tmp_path / "b.json"),
    )


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("a/..%2F..%2F..%2Fetc%2Fx.wav", "x"),
        (r"a/..%5C..%5Cx.wav", r".._.._x"),
        ("C%3Aevil.wav", "C_evil"),
        ("%2e%2e", ".."),
        ("%00%1b%5B31m%0A.wav", "__[31m_"),
        ("", "audio"),
        ("%ff.wav", "\N{REPLACEMENT CHARACTER}"),
        ("a%3Cb%7C%22*%3F.wav", "a_b____"),
    ],
)
def test_addresses_give_names_that_are_names_on_every_system(path, stem):
    item = Input(f"https://example.org/{path}", Path())
    assert item.stem == stem
    (output,) = plan_outputs(item, ["srt"], Path("folder"), {})
    assert output.path == Path("folder") / f"{stem}.srt"
    assert PureWindowsPath(f"{stem}.srt").name == f"{stem}.srt"


def test_a_page_names_its_results_by_what_its_query_tells():
    assert Input("https://example.org/watch?v=a-B_9&t=3s", Path()).stem == "watch_v=a-B_9&t=3s"
    assert Input("https://example.org/get?token=abc", Path()).stem == "get"


def test_an_address_that_is_none():
    assert Input("https://[x/a.wav", Path()).stem == "audio"


def test_a_folder_without_media_is_an_error_among_the_inputs(tmp_path):
    good = touch(tmp_path / "good.wav")
    (tmp_path / "empty").mkdir()
    error, item = find_inputs([str(tmp_path / "empty"), str(good)])
    assert isinstance(error, MediaNotFoundError)
    assert isinstance(error, InputError)
    assert item == Input(str(good), tmp_path)


def test_two_inputs_cannot_write_one_file(tmp_path):
    taken: dict[Path, str] = {}
    plan_outputs(Input("talk.mp3", tmp_path), ["srt"], None, taken)
    with pytest.raises(OutputError, match=r"talk\.mp4 and talk\.mp3 would both be written to"):
        plan_outputs(Input("talk.mp4", tmp_path), ["srt"], None, taken)


@pytest.mark.parametrize(
    ("existing", "expected"), [("overwrite", ["srt", "json"]), ("skip", ["json"])]
)
def test_what_is_there_is_replaced_or_kept(tmp_path, existing, expected):
    outputs = (Output("srt", touch(tmp_path / "t.srt")), Output("json", tmp_path / "t.json"))
    assert [o.format for o in prepare_outputs(outputs, existing)] == expected


def test_what_is_there_is_not_replaced_unasked(tmp_path):
    output = Output("srt", touch(tmp_path / "t.srt"))
    with pytest.raises(OutputExistsError, match=r"t\.srt is there already: add `overwrite`"):
        prepare_outputs((output,), "refuse")


def test_folders_are_made_and_unusable_ones_named(tmp_path):
    prepare_outputs((Output("srt", tmp_path / "new" / "deep" / "t.srt"),), "refuse")
    assert (tmp_path / "new" / "deep").is_dir()
    assert list((tmp_path / "new" / "deep").iterdir()) == []
    blocked = touch(tmp_path / "file") / "t.srt"
    with pytest.raises(OutputError, match="cannot be written"):
        prepare_outputs((Output("srt", blocked),), "refuse")


def test_the_ending_names_the_format(tmp_path):
    layout = LayoutOptions(profile="openai", highlight_words=True)
    write(TRANSCRIPT, tmp_path / "t.srt", layout=layout)
    assert (tmp_path / "t.srt").read_text() == (
        "1\n00:00:00,000 --> 00:00:00,500\n<u>Good</u> night.\n\n"
        "2\n00:00:00,500 --> 00:00:01,250\nGood <u>night.</u>\n\n"
    )
    write(TRANSCRIPT, tmp_path / "other", format="txt")
    assert (tmp_path / "other").read_text() == "Good night.\n"
    with pytest.raises(UsageError):
        write(TRANSCRIPT, tmp_path / "t.doc")


def test_files_get_ordinary_permissions(tmp_path):
    write(TRANSCRIPT, tmp_path / "t.srt")
    plain = touch(tmp_path / "plain")
    assert (tmp_path / "t.srt").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(errno.ENOSPC, "The disk is full, so .*t.srt was not written"), (errno.EIO, "cannot be writ")],
)
def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch, number, sentence):
    target = tmp_path / "t.srt"
    target.write_text("before")

    def fail(self, transcript, file):
        file.write("1\n00:00")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(SRTWriter, "write", fail)
    with pytest.raises(OutputError, match=sentence):
        write(TRANSCRIPT, target)
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["t.srt"]


def test_an_interrupted_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupt(self, transcript, file):
        raise KeyboardInterrupt

    monkeypatch.setattr(SRTWriter, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(TRANSCRIPT, tmp_path / "t.srt")
    assert list(tmp_path.iterdir()) == []
