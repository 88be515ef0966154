"""`--manifest`: recordings as JSON lines, with names and options of their own."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from subalign.cli.manifest import read_manifest
from subalign.errors import UsageError
from subalign.options import AudioOptions, Clip, SpeakerOptions, TranscriptionOptions

USUAL = TranscriptionOptions(beam_size=3), AudioOptions(track=2)


@pytest.fixture
def manifest(folder):
    """Writes entries, which may be lines, to a file."""

    def write(*entries):
        lines = [entry if isinstance(entry, str) else json.dumps(entry) for entry in entries]
        (folder / "list.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return str(folder / "list.jsonl")

    return write


def test_an_entry_has_what_it_tells_and_the_rest_of_the_command(manifest):
    first, second = read_manifest(
        manifest(
            {"path": "a.wav"},
            "",
            {
                "path": "b.wav",
                "id": 7,
                "language": "German",
                "task": "translate",
                "initial_prompt": "Ulm.",
                "clip": ["0:10-20", "30-"],
                "audio_track": 3,
                "channel": "left",
                "speakers": "channels",
                "speaker_names": "A=Anna",
            },
        ),
        *USUAL,
    )
    asked = SpeakerOptions(speakers="channels", speaker_names=(("A", "Anna"),))
    assert second.speakers(SpeakerOptions()) == asked
    assert first.speakers(asked) == asked
    assert (first.transcription(USUAL[0]), first.audio(USUAL[1])) == USUAL
    assert (first.name, second.name, second.path) == (None, "7", "b.wav")
    assert second.transcription(USUAL[0]) == TranscriptionOptions(
        beam_size=3,
        language="de",
        task="translate",
        initial_prompt="Ulm.",
        clips=(Clip(10, 20), Clip(30)),
    )
    assert second.audio(USUAL[1]) == AudioOptions(track=3, channel=1)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("a.wav", 'is no JSON object: give such as {"path": "a.wav"}.'),
        ("[" * 100_000, "is no JSON object"),
        ("[]", "is no JSON object"),
        ({}, ': "path" takes the name of a file or an address.'),
        ({"path": "-"}, ': "path" takes the name'),
        ({"path": "b.wav", "id": []}, ': "id" takes a text or a number.'),
        ({"path": "b.wav", "beam": 1}, ': "beam" is none of path, id, language, task,'),
        ({"path": "b.wav", "language": "Klingon"}, "Klingon"),
        ({"path": "b.wav", "language": 1}, ": takes a text, not 1."),
        ({"path": "b.wav", "task": "sing"}, "`task` must be transcribe or translate"),
        ({"path": "b.wav", "clip": "x"}, "--clip"),
        ({"path": "b.wav", "audio_track": 0}, "`track` counts from 1"),
        ({"path": "b.wav", "audio_track": "2"}, ': takes a whole number, not "2".'),
        ({"path": "b.wav", "channel": "middle"}, "--channel takes left, right, mix"),
        ({"path": "b.wav", "speakers": 99}, "`speakers` must be from 1 to 50, not 99"),
        ({"path": "b.wav", "speakers": "b.rttm"}, "takes auto, a number or channels"),
        ({"path": "b.wav", "speaker_names": "Anna"}, "'Anna' is no speaker's new name"),
        ({"path": "a.wav"}, "has the path of line 1: name it once."),
    ],
)
def test_what_is_wrong_with_a_line_is_told_with_its_number(manifest, entry, sentence):
    with pytest.raises(UsageError) as told:
        read_manifest(manifest({"path": "a.wav"}, entry), *USUAL)
    assert str(told.value).startswith("Line 2 of ")
    assert sentence in str(told.value)


def test_a_run_by_a_manifest(transcribe, subalign, folder, clip, manifest):
    (folder / "other.wav").write_bytes(clip.read_bytes())
    first = {"path": "talk.wav", "id": "in/terview", "clip": "1-3"}
    path = manifest(first, {"path": "other.wav"}, {"path": "gone.wav"})
    outcome = transcribe("--manifest", path, "-f", "json", "--resume")
    assert outcome.code == 1
    assert "gone.wav does not exist" in outcome.err
    part = json.loads((folder / "in_terview.json").read_text("utf-8"))
    assert all(1 <= segment["start"] < segment["end"] <= 3 for segment in part["segments"])
    whole = json.loads((folder / "other.json").read_text("utf-8"))
    assert len(whole["text"]) > len(part["text"])
    rows = json.loads(subalign("jobs", "export", "subalign.ledger").out)
    assert {Path(row["source"]).stem: row["options"] for row in rows} == {
        "talk": {"clip": "1-3"},
        "other": {},
        "gone": None,
    }

    # an option of its own that is another one now has the recording done again
    path = manifest(first | {"clip": "2-3"}, {"path": "other.wav"})
    again = transcribe("--manifest", path, "-f", "json", "--resume")
    assert again.code == 0
    assert again.err.splitlines()[0] == "1 of 2 recordings are done already."
    assert json.loads((folder / "in_terview.json").read_text("utf-8")) != part


def test_a_recordings_own_option_that_does_not_fit_the_model_is_its_own_failure(
    transcribe, folder, clip, manifest
):
    (folder / "other.wav").write_bytes(clip.read_bytes())
    path = manifest({"path": "talk.wav", "language": "de"}, {"path": "other.wav"})
    outcome = transcribe("--manifest", path)
    assert outcome.code == 1
    assert "English" in outcome.err
    assert (folder / "other.srt").exists()


def test_a_manifest_on_standard_input(transcribe, folder, clip, monkeypatch):
    content = io.BytesIO(b'{"path": "talk.wav"}\n')
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=content))
    assert transcribe("--manifest", "-").code == 0
    assert (folder / "talk.srt").exists()


def test_neither_recordings_nor_a_manifest(transcribe, folder):
    outcome = transcribe()
    assert outcome.code == 2
    assert outcome.err == "Error: Missing argument INPUT: name recordings, or a --manifest.\n"
    outcome = transcribe("--manifest", "absent")
    assert outcome.code == 1
    assert outcome.err.startswith("Error: absent cannot be read (")


def test_a_manifest_names_recordings(transcribe, folder, manifest):
    (folder / "in").mkdir()
    outcome = transcribe("--manifest", manifest({"path": "in"}))
    assert outcome.code == 1
    assert outcome.err == "Error: in is a folder: a manifest names recordings.\n"
