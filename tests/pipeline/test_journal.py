"""A transcription that was killed goes on from its journal, with the same result."""

import json
from dataclasses import replace

import pytest

from openai_parity import samples_of
from subalign.audio import SAMPLE_RATE
from subalign.errors import OutputError
from subalign.options import AlignmentOptions, Clip, TranscriptionOptions
from subalign.pipeline.recordings import transcribe_recording

GREEDY = TranscriptionOptions(temperatures=(0.0,), beam_size=None, batch_size=1)
# nothing is sure enough, so that windows are sampled
SAMPLED = replace(GREEDY, temperatures=(0.0, 0.7), best_of=None, logprob_threshold=-0.01)
CLIPS = (Clip(0, 5), Clip(3, 9), Clip(9.5, 12))
IN_SEQUENCE = replace(
    SAMPLED, batch_size=None, sequential=True, clips=CLIPS, initial_prompt="The sea."
)


@pytest.fixture(scope="module")
def samples(talk):
    return samples_of(talk)[: 12 * SAMPLE_RATE]


@pytest.fixture
def transcribe(embedded_model, samples, tmp_path):
    def run(options, sound=samples, **more):
        path = tmp_path / "sub" / "a.jsonl"
        return transcribe_recording(
            sound, model=embedded_model, options=options, journal=path, **more
        )

    return run


@pytest.mark.parametrize(
    "options",
    [
        replace(GREEDY, clips=CLIPS, word_timestamps=False),
        replace(SAMPLED, clips=CLIPS),
        IN_SEQUENCE,
        replace(IN_SEQUENCE, carry_initial_prompt=True, condition_on_previous_text=True),
    ],
    ids=["no-words", "sampled", "sequential", "prompted"],
)
def test_the_result_is_the_same_wherever_it_was_killed(transcribe, tmp_path, options):
    whole = transcribe(options).transcript()
    path = tmp_path / "sub" / "a.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    entries = [json.loads(line) for line in lines[1:]]
    assert {entry["clip"] for entry in entries} == {0, 1, 2}
    assert sum(len(entry["segments"]) for entry in entries) == len(whole.segments) > 2
    if options.temperatures != GREEDY.temperatures:
        assert sum(entry["generator"] is not None for entry in entries) > 2
    for kept in range(len(lines) + 1):
        torn = lines[kept][: len(lines[kept]) // 2] if kept < len(lines) else b""
        path.write_bytes(b"".join(lines[:kept]) + torn)
        stream = transcribe(options)
        assert [segment.id for segment in stream] == list(range(len(whole.segments)))
        assert stream.transcript() == whole, f"{kept} lines were kept"
        assert stream.position == 12.0
        assert path.read_bytes().startswith(b"".join(lines[:kept]))


def test_it_goes_on_without_decoding_what_is_there(transcribe, monkeypatch):
    options = replace(GREEDY, clips=CLIPS)
    whole = transcribe(options).transcript()

    def decode(*_arguments, **_options):
        raise AssertionError("a window was decoded again")

    monkeypatch.setattr("subalign.transcription.batched.decode_with_fallback", decode)
    stream = transcribe(options)
    assert next(stream).id == 0
    assert stream.transcript() == whole


@pytest.mark.parametrize("other", ["samples", "options", "words", "no journal"])
def test_the_journal_of_something_else_is_begun_anew(transcribe, samples, tmp_path, other):
    options = replace(GREEDY, clips=CLIPS[:2])
    transcribe(options).transcript()
    path = tmp_path / "sub" / "a.jsonl"
    before = path.read_bytes()
    if other == "samples":
        transcribe(options, samples * 0.9)
    elif other == "options":
        transcribe(replace(options, clips=CLIPS[1:]))
    elif other == "words":
        transcribe(options, alignment=AlignmentOptions(method="dtw"))
    else:
        path.write_bytes(b"\xff" * 100 + before)
        transcribe(options)
    assert len(before.splitlines()) > 2
    assert len(path.read_bytes().splitlines()) == 1


def test_a_journal_that_cannot_be_written_is_named(embedded_model, samples, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"a\.jsonl cannot be written"):
        transcribe_recording(
            samples, model=embedded_model, options=GREEDY, journal=tmp_path / "file" / "a.jsonl"
        )
