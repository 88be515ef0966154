"""Windows in batches: the same text however many at once, in order, and nothing left out."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from openai_parity import samples_of
from subalign.alignment import AttentionTimer
from subalign.audio import SAMPLE_RATE
from subalign.decoding import DecodingResult
from subalign.errors import UsageError
from subalign.mel import log_mel
from subalign.mel.speech import Speech
from subalign.options import Clip, TranscriptionOptions
from subalign.results import Word
from subalign.transcription import Transcription, batched, fallback
from subalign.transcription.batched import WindowBatches, sentences, usual_batch_size

GREEDY = TranscriptionOptions(language="en", beam_size=None, best_of=None, temperatures=(0.0,))


@pytest.fixture(scope="module")
def talk(repo_root):
    return samples_of(repo_root / "examples" / "talk.mp4")


def running(model, samples, options=GREEDY, timed=True):
    mel = log_mel([samples], n_mels=model.dims.n_mels)
    return Transcription(model, mel, options, partial(AttentionTimer, model) if timed else None)


def transcribe(model, samples, options=GREEDY, timed=True):
    return running(model, samples, options, timed).transcript()


@pytest.fixture(scope="module")
def found(embedded_model, talk):
    return transcribe(embedded_model, talk)


def test_the_example_is_heard_in_sentences(found, repo_root, talk):
    said = (repo_root / "examples" / "talk.txt").read_text("utf-8").split()
    words = list(found.words)
    assert len(words) == pytest.approx(len(said), abs=0.1 * len(said))
    assert all(before.end <= after.start for before, after in pairwise(words))
    assert all(word.end - word.start >= 0.02 - 1e-9 for word in words)
    assert sum(word.estimated for word in words) <= len(words) / 50
    assert [segment.id for segment in found.segments] == list(range(len(found.segments)))
    ends = [segment.text.rstrip()[-1] for segment in found.segments]
    assert sum(end in ".?!" for end in ends) > 0.8 * len(ends)
    assert found.text == "".join(segment.text for segment in found.segments)


@pytest.mark.parametrize("size", [1, 2])
def test_windows_give_the_same_one_by_one(embedded_model, talk, found, size):
    alone = transcribe(embedded_model, talk, replace(GREEDY, batch_size=size))
    assert alone.text == found.text
    assert [word.start for word in alone.words] == pytest.approx(
        [word.start for word in found.words], abs=0.02
    )


def test_without_words_segments_keep_their_times(embedded_model, talk, found):
    untimed = transcribe(embedded_model, talk, replace(GREEDY, word_timestamps=False))
    assert all(segment.words is None for segment in untimed.segments)
    assert [(s.start, s.end, s.text) for s in untimed.segments] == [
        (s.start, s.end, s.text) for s in found.segments
    ]


def test_without_a_timer_each_window_is_a_segment(embedded_model, talk, found):
    whole = transcribe(embedded_model, talk, timed=False)
    assert whole.text == found.text
    assert len({segment.seek for segment in whole.segments}) == len(whole.segments) >= 3
    assert all(0 < s.end - s.start <= 31 for s in whole.segments)


def test_segments_come_batch_by_batch_and_clip_by_clip(embedded_model, talk):
    clips = (Clip(30.0, 45.0), Clip(2.0, 12.0))
    stream = running(embedded_model, talk, replace(GREEDY, clips=clips, batch_size=1))
    first = next(stream)
    assert 30 <= first.start < first.end <= stream.position <= 45
    rest = stream.transcript().segments[1:]
    assert 2 <= rest[-1].start < rest[-1].end <= 12
    assert stream.position == 12.0


def result_of(tokens, text="", avg_logprob=-0.1, compression_ratio=1.0, temperature=0.0):
    return DecodingResult(
        tuple(tokens), text, "en", 1.0, temperature, avg_logprob, compression_ratio, 0.0
    )


def test_what_a_window_leaves_out_is_heard_again(embedded_model, talk, found, monkeypatch):
    """The first decoding of each window stops in the middle."""
    decode = batched.decode_with_fallback
    calls = []

    def half(*args, **options):
        results = decode(*args, **options)
        calls.append(len(results))
        if len(calls) > 1:
            return results
        return [replace(r, tokens=r.tokens[: len(r.tokens) // 2]) for r in results]

    monkeypatch.setattr(batched, "decode_with_fallback", half)
    again = transcribe(embedded_model, talk)
    assert len(calls) >= 2
    assert len(list(again.words)) == pytest.approx(len(list(found.words)), abs=8)
    assert all(before.end <= after.start for before, after in pairwise(again.words))


def test_only_windows_that_fail_are_decoded_again(embedded_model, talk, monkeypatch):
    asked = []

    def decode(_model, encoded, options, *, generator):
        asked.append((encoded.windows, options.temperature))
        ratios = [1.0, 9.0, 9.0] if options.temperature == 0 else [9.0, 1.0]
        return [
            result_of([n], compression_ratio=ratio, temperature=options.temperature)
            for n, ratio in enumerate(ratios)
        ]

    monkeypatch.setattr(fallback, "decode", decode)
    mel = log_mel([talk], n_mels=embedded_model.dims.n_mels)
    width = embedded_model.dims.window_frames
    frames = [np.arange(first, first + width) for first in (0, 100, 200)]
    encoded = WindowBatches(embedded_model, mel, Speech.by_loudness(mel), [], 1).encode(frames)
    results = fallback.decode_with_fallback(
        embedded_model,
        encoded,
        replace(GREEDY, temperatures=(0.0, 0.4), logprob_threshold=None),
        language="en",
        prompt=(),
        generator=None,
    )
    assert asked == [(3, 0.0), (2, 0.4)]
    assert [(r.tokens, r.temperature) for r in results] == [((0,), 0.0), ((0,), 0.4), ((1,), 0.4)]


def test_windows_that_tell_the_language_are_not_encoded_again(embedded_model, talk, monkeypatch):
    mel = log_mel([talk], n_mels=embedded_model.dims.n_mels)
    ranges = [(0, 3000), (3000, mel.n_frames)]
    batches = WindowBatches(embedded_model, mel, Speech.by_loudness(mel), ranges, 2)
    first = next(batches.first_windows())
    monkeypatch.setattr(batches, "encode", None)
    windows, encoded = next(batches.of_clip(*ranges[0], 0))
    assert encoded.windows == len(windows) <= 2
    assert (encoded.features[:1] == first.features).all()


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_where_nothing_sounds_nothing_is_decoded(embedded_model, monkeypatch, noise):
    monkeypatch.setattr(batched, "decode_with_fallback", None)
    samples = np.random.default_rng(1).normal(0, noise, 20 * SAMPLE_RATE).astype(np.float32)
    mel = log_mel([samples], n_mels=embedded_model.dims.n_mels)
    speech = Speech.by_loudness(mel, everything=True)
    found = Transcription(embedded_model, mel, GREEDY, speech=speech).transcript()
    assert (found.text, found.segments, found.duration) == ("", (), 20.0)


def word(text, start, end):
    return Word(text, start, end, 1.0), (1,)


def test_segments_end_with_sentences_at_pauses_and_when_they_get_long():
    words = [
        word(" Mr.", 0.0, 0.3),
        word(" Fox", 0.3, 0.6),
        word(" ran.", 0.6, 1.0),
        word(" He", 1.2, 1.4),
        word(" fell", 1.4, 1.6),
        word(" down", 2.7, 3.0),
        word(" slow", 3.0, 15.0),
        word(" ly", 15.0, 24.0),
    ]
    texts = ["".join(w.text for w, _ in part).split() for part in sentences(words)]
    assert texts == [["Mr.", "Fox", "ran."], ["He", "fell"], ["down", "slow"], ["ly"]]
    assert list(sentences([])) == []


def test_large_models_get_small_batches(embedded_model):
    def size(beams: int, **limits: int) -> int:
        return usual_batch_size(embedded_model, beams, batched.BatchThresholds(**limits))

    assert [size(beams) for beams in (1, 5, 10, 100)] == [12, 12, 6, 1]
    assert [size(beams, small=1) for beams in (1, 5, 10, 100)] == [8, 6, 3, 1]
    assert size(1, memory=1) == 1


@pytest.mark.parametrize(
    "given", [{"condition_on_previous_text": True}, {"hallucination_silence_threshold": 2.0}]
)
def test_what_needs_a_sequence_says_so(given):
    with pytest.raises(UsageError, match="needs `sequential`"):
        TranscriptionOptions(**given)
    TranscriptionOptions(**given, sequential=True)
