"""`subalign transcribe` as a user meets it: what is written where, and what is said."""

import io
import json
import re
import sys
from types import SimpleNamespace

import pytest

import subalign.cli.loading as loading
from subalign.model.devices import int8_available

FALLBACK = (
    "Warning: Model base is not on this machine and HF_HUB_OFFLINE forbids to fetch it: using the "
    "embedded micro.en, which gets many words of people wrong; `subalign models get base` fetches "
    "the better one.\n"
)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_results_come_beside_the_recording_and_one_line_says_so(transcribe, folder, clip):
    outcome = transcribe(clip, "-f", "srt,json")
    assert (outcome.code, outcome.out) == (0, "")
    assert names(folder) == ["talk.json", "talk.srt", "talk.wav"]
    [line] = outcome.err.splitlines()
    pattern = r" \(4\.0 s of audio in [\d.]+ s, [\d.]+x\)"
    assert re.fullmatch(
        re.escape(f"{clip} → {folder / 'talk.srt'}, {folder / 'talk.json'}") + pattern, line
    )
    result = json.loads((folder / "talk.json").read_text("utf-8"))
    assert result["model"] == "micro.en"
    assert result["duration"] == 4.0
    assert result["segments"][0]["words"]
    assert (folder / "talk.srt").read_text("utf-8").startswith("1\n00:00:0")


def test_the_default_format_is_srt(transcribe, folder, clip):
    transcribe("talk.wav")
    assert names(folder) == ["talk.srt", "talk.wav"]


def test_all_formats(transcribe, folder, clip):
    transcribe("talk.wav", "--output_format", "all")
    endings = (
        "TextGrid ass csv ctm docx edl fcpxml html itt json labels.txt lrc md rttm sbv scc srt stl "
        "tsv ttml txt vtt wav words.lrc"
    ).split()
    assert names(folder) == [f"talk.{ending}" for ending in endings]
    assert (folder / "talk.ctm").read_text("utf-8").startswith("talk 1 ")


@pytest.mark.skipif(not int8_available(), reason="PyTorch has no int8 product here")
def test_computing_in_int8(transcribe, folder, clip):
    assert transcribe("talk.wav", "--compute", "int8", "-f", "json").code == 0
    result = json.loads((folder / "talk.json").read_text("utf-8"))
    assert result["segments"][0]["words"]
    outcome = transcribe("talk.wav", "--compute", "int4", "-f", "vtt")
    assert (outcome.code, names(folder)) == (2, ["talk.json", "talk.wav"])
    assert "int8" in outcome.err


def test_words_light_up(transcribe, folder, clip):
    transcribe("talk.wav", "--highlight_words", "True", "-f", "vtt")
    assert "<u>" in (folder / "talk.vtt").read_text("utf-8")


def test_without_word_times(transcribe, folder, clip):
    transcribe("talk.wav", "--no-word-timestamps", "-f", "json")
    segments = json.loads((folder / "talk.json").read_text("utf-8"))["segments"]
    assert segments
    assert all("words" not in segment for segment in segments)


def test_clips_are_all_that_is_transcribed(transcribe, folder, clip):
    outcome = transcribe("talk.wav", "--clip", "1-0:02.5", "-f", "json")
    assert "(1.5 s of audio in" in outcome.err
    segments = json.loads((folder / "talk.json").read_text("utf-8"))["segments"]
    assert all(1 <= segment["start"] < segment["end"] <= 2.5 for segment in segments)


def test_verbose_shows_the_text_and_quiet_shows_nothing(transcribe, folder, clip):
    assert transcribe("talk.wav", "--quiet").err == ""
    live = transcribe("talk.wav", "--verbose", "--overwrite", "-f", "txt").err
    first = (folder / "talk.txt").read_text("utf-8").splitlines()[0]
    assert re.search(rf"^\[0:0\d - 0:0\d\] {re.escape(first)}$", live, re.MULTILINE)


def test_a_single_result_goes_to_standard_output(transcribe, folder, clip):
    transcribe("talk.wav", "-f", "txt", "-o", "out")
    outcome = transcribe("talk.wav", "-f", "txt", "-o", "-")
    assert outcome.out == (folder / "out" / "talk.txt").read_text("utf-8") != ""
    assert "talk.wav → standard output (" in outcome.err
    assert names(folder) == ["out/talk.txt", "talk.wav"]


def test_standard_output_takes_one_recording(transcribe, folder, clip):
    (folder / "other.wav").write_bytes(clip.read_bytes())
    outcome = transcribe("talk.wav", "other.wav", "-o", "-")
    assert outcome.code == 2
    assert outcome.err == (
        "Error: Standard output takes the result of one recording: give a folder as --output-dir.\n"
    )


@pytest.fixture
def piped(clip, monkeypatch):
    """The speech on standard input."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(clip.read_bytes())))


def test_standard_input_goes_to_standard_output(transcribe, folder, clip, piped):
    transcribe("talk.wav", "-f", "txt")
    outcome = transcribe("-", "-f", "txt")
    assert outcome.code == 0
    assert outcome.out == (folder / "talk.txt").read_text("utf-8")
    assert names(folder) == ["talk.txt", "talk.wav"]


def test_several_results_of_standard_input_are_files(transcribe, folder, piped):
    outcome = transcribe("-", "-f", "txt,srt")
    assert (outcome.code, outcome.out) == (0, "")
    assert names(folder) == ["stdin.srt", "stdin.txt", "talk.wav"]


def test_folders_keep_their_structure(transcribe, folder, clip):
    (folder / "in" / "deep").mkdir(parents=True)
    clip.rename(folder / "in" / "b.wav")
    (folder / "in" / "deep" / "a.WAV").write_bytes((folder / "in" / "b.wav").read_bytes())
    (folder / "in" / "notes.txt").write_text("no recording")
    assert transcribe("in", "-o", "out").code == 0
    assert names(folder / "out") == ["b.srt", "deep/a.srt"]


def test_the_model_is_loaded_once_and_last(transcribe, folder, clip, monkeypatch):
    loaded = []
    load_whisper = loading.load_whisper
    monkeypatch.setattr(
        loading,
        "load_whisper",
        lambda name, **rest: loaded.append(name) or load_whisper(name, **rest),
    )
    (folder / "other.wav").write_bytes(clip.read_bytes())
    assert transcribe("talk.wav", "other.wav").code == 0
    assert loaded == ["micro.en"]
    # everything is there already, or is not there at all: no model is needed to say so
    assert transcribe("talk.wav", "other.wav", "missing.wav").code == 1
    assert loaded == ["micro.en"]


def test_one_bad_recording_does_not_stop_the_others(transcribe, folder, clip):
    (folder / "noise.wav").write_bytes(b"no sound at all")
    outcome = transcribe("noise.wav", "missing.wav", "talk.wav", "-q")
    assert outcome.code == 1
    assert names(folder) == ["noise.wav", "talk.srt", "talk.wav"]
    missing, corrupt, summary, *named = outcome.err.splitlines()
    assert missing == "Error: missing.wav does not exist: check the name."
    assert corrupt.startswith("Error: noise.wav cannot be decoded (")
    assert summary == "2 of 3 inputs failed:"
    assert named == [line.replace("Error: ", "  ") for line in (missing, corrupt)]


def test_a_recording_named_twice_is_done_once(transcribe, folder, clip):
    outcome = transcribe("talk.wav", "./talk.wav", clip, "-v")
    assert outcome.code == 0
    assert outcome.err.count(" s of audio in ") == 1


def test_results_that_are_there_are_kept_or_replaced_as_told(transcribe, folder, clip):
    result = folder / "talk.srt"
    result.write_text("mine")
    outcome = transcribe("talk.wav")
    assert outcome.code == 1
    assert outcome.err == (
        "Error: talk.srt is there already: add --overwrite to replace it or --skip-existing to "
        "keep it.\n"
    )
    outcome = transcribe("talk.wav", "--skip-existing")
    assert outcome.code == 0
    assert outcome.err == "talk.wav is skipped: its results are there.\n"
    assert result.read_text() == "mine"
    (folder / "more.wav").write_bytes(clip.read_bytes())
    (folder / "more.srt").touch()
    outcome = transcribe("talk.wav", "more.wav", "--skip-existing")
    assert (outcome.code, outcome.err) == (
        *(0, "2 inputs are skipped: their results are there.\n"),
    )
    assert transcribe("talk.wav", "--skip-existing", "-f", "srt,txt").code == 0
    assert result.read_text() == "mine"
    assert (folder / "talk.txt").exists()
    assert transcribe("talk.wav", "--overwrite").code == 0
    assert result.read_text("utf-8").startswith("1\n")


@pytest.mark.parametrize("named", [(), ("--model", "auto"), ("--language", "English")])
def test_auto_falls_back_to_the_embedded_model(transcribe, folder, clip, monkeypatch, named):
    monkeypatch.setenv("SUBALIGN_MODEL", "no.such" if "auto" in named else "")
    outcome = transcribe("talk.wav", "--device", "cpu", "-q", *named)
    assert outcome.code == 0
    assert outcome.err == FALLBACK
    assert (folder / "talk.srt").exists()


def test_auto_has_no_model_for_other_languages(transcribe, folder, clip, monkeypatch):
    monkeypatch.delenv("SUBALIGN_MODEL")
    outcome = transcribe("talk.wav", "--device", "cpu", "--language", "de")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == (
        "Error: Model base is not on this machine and HF_HUB_OFFLINE forbids to fetch it: run "
        "`subalign models get base` where a network reaches one of its sources, or give --model a "
        "multilingual model, as micro.en knows only English.\n"
    )


def test_the_environment_names_the_default_model(transcribe, folder, clip, embedded, monkeypatch):
    monkeypatch.setenv("SUBALIGN_MODEL", "no.such")
    assert transcribe("talk.wav").code == 3
    monkeypatch.setenv("SUBALIGN_MODEL", str(embedded))
    assert transcribe("talk.wav").code == 0


def test_half_precision_on_a_processor_is_float32(transcribe, folder, clip):
    outcome = transcribe("talk.wav", "--fp16", "True", "--device", "cpu", "-q")
    assert outcome.code == 0
    assert outcome.err == ("Warning: --fp16 is for GPUs: the processor computes in float32.\n")


def test_no_sdpa_gives_the_same_text(transcribe, folder, clip, monkeypatch):
    from subalign.model import MultiHeadAttention

    paths = []
    forward = MultiHeadAttention.forward

    def watched(self, *arguments, **options):
        paths.append(self.fused)
        return forward(self, *arguments, **options)

    monkeypatch.setattr(MultiHeadAttention, "forward", watched)
    fused = transcribe("talk.wav", "-f", "txt", "-o", "-").out
    assert any(paths)
    paths.clear()
    assert transcribe("talk.wav", "-f", "txt", "-o", "-", "--no-sdpa").out == fused
    assert paths
    assert not any(paths)


def test_threads(transcribe, folder, clip):
    import torch

    before = torch.get_num_threads()
    try:
        assert transcribe("talk.wav", "--threads", "3").code == 0
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_the_audio_track(transcribe, folder, clip, ffmpeg):
    silence = ("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono:d=4")
    ffmpeg("-i", clip, *silence, "-map", "1:a", "-map", "0:a", "-c:a", "flac", "two.mka")
    transcribe("talk.wav", "-f", "txt")
    assert transcribe("two.mka", "--audio-track", "2", "-f", "txt").code == 0
    assert (folder / "two.txt").read_bytes() == (folder / "talk.txt").read_bytes()
    outcome = transcribe("two.mka", "--audio-track", "3", "--overwrite", "-q")
    assert outcome.code == 1
    assert outcome.err == (
        "Error: two.mka has 2 audio tracks, so --audio-track 3 does not exist: use a number from "
        "1 to 2.\n"
    )
