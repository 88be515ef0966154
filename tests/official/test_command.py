"""The command with official weights: the words that were said, when they were said."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from difflib import SequenceMatcher

import pytest

from subalign.options import TranscriptionOptions
from subalign.pipeline.recordings import transcribe_recording

pytestmark = pytest.mark.slow

JFK = (
    "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country"
)


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def test_jfk_from_the_command_line(tiny_en_path, shared, tmp_path):
    recording = shared / "data" / "jfk.flac"
    command = [sys.executable, "-m", "subalign", "transcribe", recording, "--threads", "1"]
    command += ["--model", tiny_en_path, "--format", "json", "-o", tmp_path]
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    transcript = json.loads((tmp_path / "jfk.json").read_text("utf-8"))
    assert words_of(transcript["text"]) == words_of(JFK)
    words = [word for segment in transcript["segments"] for word in segment["words"]]
    assert "".join(word["word"] for word in words) == transcript["text"]
    edges = [edge for word in words for edge in (word["start"], word["end"])]
    assert edges == sorted(edges)
    assert 0 <= edges[0] <= edges[-1] <= 11


def test_the_talk_is_timed_where_it_was_said(tiny_en, talk):
    """Also, words may be left out."""
    options = TranscriptionOptions(beam_size=None, best_of=None, temperatures=(0.0,))
    timed = transcribe_recording(talk, model=tiny_en, options=options).transcript()
    untimed = replace(options, word_timestamps=False)
    plain = transcribe_recording(talk, model=tiny_en, options=untimed).transcript()
    assert [(s.seek, s.tokens) for s in timed.segments] == [
        (s.seek, s.tokens) for s in plain.segments
    ]
    truth = json.loads(talk.with_suffix(".words.json").read_text("utf-8"))
    found = [(words_of(word.text), word) for word in timed.words]
    said = [(words_of(word["word"]), word) for word in truth]
    matched = SequenceMatcher(
        None, [str(text) for text, _ in found], [str(text) for text, _ in said], autojunk=False
    )
    errors = [
        abs(found[block.a + i][1].start - said[block.b + i][1]["start"])
        for block in matched.get_matching_blocks()
        for i in range(block.size)
    ]
    assert len(errors) > 0.9 * len(truth)
    assert sum(errors) / len(errors) < 0.05
