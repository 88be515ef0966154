"""`--speakers`, `--speaker-names` and `--speaker-labels`, from the command line to files."""

import json
import sys

import numpy as np
import pytest
import torch

from subalign.audio import open_audio
from subalign.speakers.voices import load_voices

FAST = ("--temperature", "0", "--beam-size", "1", "--threads", "1")
TURNS = (
    "SPEAKER talk 1 0.0 2.0 <NA> <NA> one <NA> <NA>\n"
    "SPEAKER talk 1 2.0 9.0 <NA> <NA> two <NA> <NA>\n"
)


@pytest.fixture
def turns(clip):
    """A diarisation of talk.wav with two speakers, the second from 2 s on."""
    path = clip.with_name("turns.rttm")
    path.write_text(TURNS)
    return path


@pytest.fixture
def call(clip, ffmpeg):
    """talk.wav with its first 2 s on the left channel, and the rest on the right one."""
    with open_audio(clip) as stream:
        samples = np.concatenate(list(stream))
    early = np.arange(samples.size) < 32000
    pair = np.stack([samples * early, samples * ~early], axis=1)
    raw, path = clip.with_name("call.raw"), clip.with_name("call.wav")
    raw.write_bytes((pair * 32767).astype("<i2").tobytes())
    ffmpeg("-f", "s16le", "-ar", "16000", "-ac", "2", "-i", raw, path)
    return path


def speakers_of(path):
    facts = json.loads(path.read_text())
    words = [word for segment in facts["segments"] for word in segment["words"]]
    return facts, [(word["speaker"], (word["start"] + word["end"]) / 2) for word in words]


def test_given_turns_name_the_words(transcribe, clip, turns):
    done = transcribe(
        *(clip, "--speakers", turns, "--speaker-names", "one=Anna,two=Ben Bo"),
        *("-f", "json,srt,rttm,txt", "--speaker-labels", "name"),
    )
    assert done.code == 0, done.err
    facts, words = speakers_of(clip.with_suffix(".json"))
    assert facts["speakers"] == ["Anna", "Ben Bo"]
    assert all((who == "Anna") == (middle < 2.0) for who, middle in words)
    assert "ANNA: " in clip.with_suffix(".srt").read_text()
    assert "\nBEN BO: " in clip.with_suffix(".txt").read_text()
    again = clip.with_suffix(".rttm").read_text()
    assert {row.split()[7] for row in again.splitlines()} == {"Anna", "Ben_Bo"}


def test_each_channel_is_a_speaker(transcribe, call):
    done = transcribe(call, "--speakers", "channels", "-f", "json", "--speaker-names", "B=Ben")
    assert done.code == 0, done.err
    facts, words = speakers_of(call.with_suffix(".json"))
    assert facts["speakers"] == ["A", "Ben"]
    assert all((who == "A") == (middle < 2.0) for who, middle in words if abs(middle - 2) > 0.2)


def test_one_channel_is_refused(transcribe, clip):
    done = transcribe(clip, "--speakers", "channels")
    assert done.code == 1
    assert "talk.wav has one channel, so that --speakers channels cannot tell" in done.err
    assert not clip.with_suffix(".srt").exists()


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (["--speakers", "everybody"], 2, "--speakers takes auto, a number, channels, or a file"),
        (["--speakers", "0"], 2, "--speakers must be from 1 to 50, not 0."),
        (["--speakers", "none.rttm"], 1, "none.rttm does not exist"),
        (["--speaker-names", "A=Anna"], 2, "--speaker-names needs --speakers."),
        (["--speakers", "channels", "--speaker-names", "Anna"], 2, "'Anna' is no speaker's new"),
        (["--speakers", "channels", "--channel", "left"], 2, "leave --channel out"),
        (["--speakers", "broken.rttm"], 1, "broken.rttm has no turn of a speaker in line 1"),
        (
            ["--speakers", "late.rttm"],
            1,
            "late.rttm has a turn at 60.0 s, but",
        ),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(transcribe, clip, options, code, sentence):
    clip.with_name("broken.rttm").write_text("SPEAKER talk 1 now\n")
    clip.with_name("late.rttm").write_text("SPEAKER talk 1 60 1 <NA> <NA> x <NA> <NA>\n")
    done = transcribe(clip, *options)
    assert (done.code, sentence in " ".join(done.err.split())) == (code, True), done.err
    assert "Traceback" not in done.err


def test_names_of_nobody_are_told(transcribe, clip, turns):
    done = transcribe(clip, "--speakers", turns, "--speaker-names", "one=Anna,three=Cy")
    assert done.code == 0
    assert "talk.wav has no speaker three; its speakers are: Anna, two." in done.err


def test_a_given_transcript_gets_speakers(subalign, clip, transcribe, turns):
    assert transcribe(clip, "-f", "txt").code == 0
    clip.with_suffix(".txt").rename("words.txt")
    done = subalign(
        *("align", clip, "words.txt", "--speakers", turns, "-f", "json,vtt", "--threads", "1"),
        *("--min-heard", "0"),
    )
    assert done.code == 0, done.err
    _, words = speakers_of(clip.with_suffix(".json"))
    assert all((who == "one") == (middle < 2.0) for who, middle in words)
    assert "<v one>" in clip.with_suffix(".vtt").read_text()


def test_voices_of_a_given_webvtt_file_are_speakers(subalign, clip, transcribe):
    assert transcribe(clip, "-f", "txt").code == 0
    said = clip.with_suffix(".txt").read_text().split()
    clip.with_name("given.vtt").write_text(
        "WEBVTT\n\n"
        f"00:00.000 --> 00:02.000\n<v Anna>{' '.join(said[:4])}</v>\n\n"
        f"00:02.000 --> 00:04.000\n<v.loud Ben>{' '.join(said[4:])}\n"
    )
    done = subalign("align", clip, "given.vtt", "-f", "json,vtt,srt", "--min-heard", "0")
    assert done.code == 0, done.err
    facts, words = speakers_of(clip.with_suffix(".json"))
    assert facts["speakers"] == ["Anna", "Ben"]
    assert [who for who, _ in words] == ["Anna"] * 4 + ["Ben"] * (len(said) - 4)
    assert "<v" not in facts["text"]
    assert f"<v Anna>{' '.join(said[:4])}\n" in clip.with_suffix(".vtt").read_text()
    assert "<v" not in clip.with_suffix(".srt").read_text()


def test_voices_of_a_given_webvtt_file_get_their_names(subalign, clip, transcribe):
    assert transcribe(clip, "-f", "txt").code == 0
    said = clip.with_suffix(".txt").read_text().split()
    clip.with_name("given.vtt").write_text(
        "WEBVTT\n\n"
        f"00:00.000 --> 00:02.000\n<v Guest 1>{' '.join(said[:4])}</v>\n\n"
        f"00:02.000 --> 00:04.000\n<v Ben>{' '.join(said[4:])}</v>\n"
    )
    done = subalign(
        *("align", clip, "given.vtt", "-f", "json,vtt", "--min-heard", "0"),
        *("--speaker-names", "Guest 1=Anna,Host=Cy"),
    )
    assert done.code == 0, done.err
    assert "talk.wav has no speaker Host; its speakers are: Anna, Ben." in done.err
    facts, words = speakers_of(clip.with_suffix(".json"))
    assert facts["speakers"] == ["Anna", "Ben"]
    assert [who for who, _ in words] == ["Anna"] * 4 + ["Ben"] * (len(said) - 4)
    assert "<v Guest 1>" not in clip.with_suffix(".vtt").read_text()


def test_saved_results_are_labelled(subalign, transcribe, clip, turns):
    assert transcribe(clip, "--speakers", turns, "-f", "json").code == 0
    done = subalign(
        *("render", "talk.json", "-f", "srt", "-o", "-", "--speaker-labels", "name"),
        *("--speaker-names", "two=Ben"),
    )
    assert done.code == 0
    assert "ONE: " in done.out
    assert "BEN: " in done.out


def test_settings_name_turns_beside_them(subalign, clip, turns, folder):
    (folder / "set").mkdir()
    turns.rename(folder / "set" / "turns.rttm")
    (folder / "set" / "subalign.toml").write_text(
        "speakers = 'turns.rttm'\nspeaker-labels = 'name'\nspeaker-names = 'one=Anna'\n"
    )
    done = subalign("--config", "set/subalign.toml", "transcribe", *FAST, clip)
    assert done.code == 0, done.err
    assert "ANNA: " in clip.with_suffix(".srt").read_text()


def test_a_ledger_knows_who_was_asked_for(transcribe, clip, turns):
    arguments = (clip, "--resume", "--speakers", turns)
    assert transcribe(*arguments).code == 0
    assert "1 of 1 recordings are done already" in transcribe(*arguments).err
    turns.write_text(TURNS.replace(" two ", " three "))
    done = transcribe(*arguments)
    assert done.code == 2
    assert "speakers" in done.err


def test_workers_tell_who_speaks(transcribe, clip, turns):
    done = transcribe(clip, "--jobs", "1", "--speakers", turns, "-f", "rttm")
    assert done.code == 0, done.err
    assert {row.split()[7] for row in clip.with_suffix(".rttm").read_text().splitlines()} == {
        "one",
        "two",
    }


class TwoVoices:
    """A stand-in for the network: the earlier half of the windows is one voice."""

    def embed(self, windows):
        found = np.zeros((len(windows), 256), np.float32)
        for number in range(len(windows)):
            found[number, int(number >= len(windows) / 2)] = 1
        return found


@pytest.fixture
def long(clip, ffmpeg, monkeypatch):
    """talk.wav twice, 8 s in all, of two voices that the stand-in hears."""
    pytest.importorskip("sklearn")
    monkeypatch.setattr("subalign.speakers.weights.voice_encoder", lambda _=None: TwoVoices())
    path = clip.with_name("long.wav")
    ffmpeg("-stream_loop", "1", "-i", clip, path)
    return path


@pytest.mark.parametrize("extra", [(), ("--sequential",)])
def test_voices_name_the_words(transcribe, long, extra):
    done = transcribe(long, "--speakers", "auto", "-f", "json", "--speaker-names", "A=Anna", *extra)
    assert done.code == 0, done.err
    facts, words = speakers_of(long.with_suffix(".json"))
    assert facts["speakers"] == ["Anna", "B"]
    assert all((who == "Anna") == (middle < 4.0) for who, middle in words if abs(middle - 4) > 0.7)
    assert "long.wav: 2 speakers: " in done.err


def test_voices_of_a_given_transcript(subalign, transcribe, long):
    assert transcribe(long, "-f", "txt").code == 0
    long.with_suffix(".txt").rename("words.txt")
    done = subalign("align", long, "words.txt", "--speakers", "2", "-f", "json", "--min-heard", "0")
    assert done.code == 0, done.err
    assert speakers_of(long.with_suffix(".json"))[0]["speakers"] == ["A", "B"]


def test_more_speakers_than_voices_are_told(transcribe, long):
    done = transcribe(long, "--speakers", "5", "-f", "json")
    assert done.code == 0
    told = " ".join(done.err.split())
    assert "Of the 5 speakers asked for only 2 are heard in" in told


def test_voices_need_scikit_learn(transcribe, clip, monkeypatch):
    monkeypatch.setattr("subalign.speakers.voices.find_spec", lambda name: None)
    done = transcribe(clip, "--speakers", "auto")
    assert done.code == 2
    assert 'needs scikit-learn: install it with pip install "subalign[speakers]"' in " ".join(
        done.err.replace("`", "").split()
    )


@pytest.fixture
def pyannote(install_pyannote, monkeypatch):
    """pyannote.audio's stand-in, and nothing else that tells voices apart."""
    install_pyannote()
    monkeypatch.setattr("subalign.speakers.voices.find_spec", lambda name: None)


def test_pyannote_tells_voices_apart_where_it_is_here(transcribe, pyannote, clip):
    other = clip.with_name("other.wav")
    other.write_bytes(clip.read_bytes())
    done = transcribe(clip, other, "--speakers", "2", "-f", "json", "--speaker-names", "B=Ben")
    assert done.code == 0, done.err
    told = " ".join(done.err.split())
    name = "pyannote.audio 4.0.7 (pyannote/speaker-diarization-community-1)"
    assert told.count(f"Speakers: told apart by {name}, which without a GPU takes") == 1
    for path in (clip, other):
        facts, words = speakers_of(path.with_suffix(".json"))
        assert facts["speakers"] == ["A", "Ben"]
        assert all((who == "A") == (at < 2.0) for who, at in words if abs(at - 2) > 0.2)


def test_what_pyannote_cannot_hear_stops_no_other(transcribe, pyannote, clip, monkeypatch):
    load_voices(torch.device("cpu"))
    pipeline = sys.modules["pyannote.audio"].Pipeline
    heard = pipeline.__call__

    def fail_once(self, file, **options):
        monkeypatch.setattr(pipeline, "__call__", heard)
        raise RuntimeError("no chunks")

    monkeypatch.setattr(pipeline, "__call__", fail_once)
    other = clip.with_name("other.wav")
    other.write_bytes(clip.read_bytes())
    done = transcribe(clip, other, "--speakers", "auto", "-f", "json")
    told = " ".join(done.err.split())
    assert (done.code, "Traceback" in told) == (1, False)
    assert "talk.wav (no chunks): uninstall it" in told
    assert "or give --speakers a file of RTTM" in told
    assert not clip.with_suffix(".json").exists()
    assert speakers_of(other.with_suffix(".json"))[0]["speakers"] == ["A", "B"]


def test_silence_has_no_speakers(transcribe, folder, make_wav, long):
    make_wav(folder / "hush.wav", np.zeros(48000))
    done = transcribe("hush.wav", "--speakers", "auto", "-f", "json")
    assert done.code == 0, done.err
    assert "No speech was found in hush.wav" in done.err
    assert "Traceback" not in done.err
