"""Where a recording pauses; long pauses are cut out of a window and come back after."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from subalign.alignment import WordTiming, methods, time_texts
from subalign.alignment.boundaries import edge_time
from subalign.alignment.pauses import (
    FrameSpan,
    PauseThresholds,
    ShortenedWindow,
    cut_at_pauses,
    cut_long_pauses,
    frames_without_long_pauses,
    quiet_frames,
)
from subalign.alignment.script_words import script_words
from subalign.audio import open_audio
from subalign.mel import log_mel
from subalign.mel.loudness import RecordingLoudness
from subalign.model import load_whisper
from subalign.results import Line
from subalign.tokenizer import get_tokenizer

TALK = Path(__file__).resolve().parents[2] / "examples" / "talk.mp4"
RATE = 16000


def window_of(*parts: tuple[str, int], padding: int = 0) -> np.ndarray:
    """A window of loud (random) and quiet stretches of so many frames."""
    rng = np.random.default_rng(1)
    levels = [
        rng.uniform(0.5, 1.0, (4, count)) if kind == "loud" else np.full((4, count), -1.0)
        for kind, count in parts
    ]
    return np.concatenate([*levels, np.full((4, padding), -1.5)], axis=1).astype(np.float32)


def word(start: float, end: float) -> WordTiming:
    return WordTiming(" word", (1,), start, end, 0.5)


def test_the_middle_of_a_long_pause_goes():
    mel = window_of(("loud", 200), ("quiet", 150), ("loud", 100), padding=50)
    shortened = cut_long_pauses(mel, 450)
    assert shortened is not None
    gone = sorted(set(range(450)) - set(shortened.frames.tolist()))
    assert gone == list(range(gone[0], gone[-1] + 1))
    # a quarter of a second is left at each end, beside what the smoothing takes for sound
    assert 225 <= gone[0] <= 230
    assert 320 <= gone[-1] < 325
    kept = shortened.frames.size
    np.testing.assert_array_equal(shortened.mel[:, :kept], mel[:, shortened.frames])
    assert shortened.mel.shape == mel.shape
    assert (shortened.mel[:, kept:] == -1.5).all()
    assert cut_long_pauses(mel, 450, PauseThresholds(longest=200)) is None


def test_a_full_window_is_filled_up_with_silence():
    mel = window_of(("loud", 200), ("quiet", 150), ("loud", 100))
    shortened = cut_long_pauses(mel, 450)
    assert shortened is not None
    assert (shortened.mel[:, shortened.frames.size :] == -1.0).all()


@pytest.mark.parametrize(
    "parts",
    [
        [("loud", 300)],
        [("loud", 100), ("quiet", 90), ("loud", 100)],
        [("loud", 100), ("quiet", 400)],  # after the last sound
        [("quiet", 400)],
        [("loud", 3)],
        [],
    ],
)
def test_what_is_left_as_it_is(parts):
    mel = window_of(*parts, padding=20)
    assert cut_long_pauses(mel, mel.shape[1] - 20) is None


def test_a_recording_of_one_window_is_cut_as_the_window_is():
    rng = np.random.default_rng(2)
    silence = np.zeros(2 * RATE, np.float32)
    sounds = [rng.normal(0, 0.1, RATE).astype(np.float32) for _ in range(3)]
    samples = np.concatenate([silence, sounds[0], silence, sounds[1], silence[:8000], sounds[2]])
    mel = log_mel([samples], n_mels=80)
    frames = frames_without_long_pauses(mel)
    window = cut_long_pauses(mel.window(0, mel.n_frames, 3000).numpy(), mel.n_frames)
    assert window is not None
    assert frames.tolist() == window.frames.tolist()
    # two pauses of two seconds each, of which half a second or a little more stays
    assert 280 <= mel.n_frames - frames.size <= 300
    shortened = mel.selected(frames)
    assert shortened.n_frames == frames.size
    expected = mel.window(0, mel.n_frames, mel.n_frames)[:, torch.from_numpy(frames)]
    assert torch.equal(shortened.window(0, frames.size, frames.size), expected)
    assert mel.selected(np.arange(mel.n_frames)) is mel
    assert frames_without_long_pauses(log_mel([], n_mels=80)).size == 0


def test_faint_noise_in_which_nothing_is_louder_is_no_pause():
    mel = np.random.default_rng(0).normal(0.0, 0.01, (4, 900)).astype(np.float32)
    assert cut_long_pauses(mel, 900) is None


@pytest.mark.parametrize(
    ("heard", "true"),
    [
        (word(0.5, 1.0), (0.5, 1.0)),
        (word(2.1, 3.0), (3.1, 4.0)),
        (word(1.5, 2.2), (1.5, 2.0)),  # on both sides of the cut, more of it before
        (word(1.9, 2.4), (3.0, 3.4)),  # and more of it after
        (word(2.0, 2.0), (3.0, 3.0)),
        (word(3.9, 4.0), (4.9, 5.0)),
        (word(4.0, 4.0), (4.99, 4.99)),
    ],
)
def test_a_word_goes_back_to_its_time(heard, true):
    frames = np.concatenate([np.arange(200), np.arange(300, 500)])
    found = ShortenedWindow(np.zeros((4, 500), np.float32), frames).restored(heard)
    # frame n is centred on n / 100 s, and begins half a frame earlier
    assert (found.start + 0.005, found.end + 0.005) == pytest.approx(true)
    assert (found.word, found.tokens, found.probability) == (" word", (1,), 0.5)


def test_times_before_the_cut_are_found_after_it():
    frames = np.concatenate([np.arange(200), np.arange(300, 500)])
    window = ShortenedWindow(np.zeros((4, 500), np.float32), frames)
    times = np.array([[0.0, 1.5], [1.99, 3.0], [3.255, 5.0], [np.nan, np.nan]])
    expected = np.array([[0.0, 1.5], [1.99, 2.0], [2.255, 4.0], [np.nan, np.nan]])
    assert window.times(times) == pytest.approx(expected, nan_ok=True)
    # a time in the pause has come to its cut
    assert window.times(np.array([2.5])) == pytest.approx(2.0, abs=0.01)


@given(
    cuts=st.lists(st.integers(1, 399), unique=True, max_size=4).map(sorted),
    times=st.lists(st.integers(0, 400), min_size=2, max_size=12).map(sorted),
)
def test_order_stays(cuts, times):
    frames = np.arange(400) + 150 * np.searchsorted(cuts, np.arange(400), side="right")
    window = ShortenedWindow(np.zeros((1, 1), np.float32), frames)
    words = [
        word(edge_time(a), edge_time(b)) for a, b in zip(times[::2], times[1::2], strict=False)
    ]
    found = [window.restored(one) for one in words]
    for one in found:
        assert 0 <= one.start <= one.end <= edge_time(frames[-1] + 1)
    for one, following in pairwise(found):
        assert one.start <= following.start
        assert one.end <= following.end or following.start == following.end


@pytest.fixture(scope="module")
def sentence():
    """What is said from 0.4 to 5.4 s of the talk: its words with their times, and its samples."""
    told = json.loads(TALK.with_suffix(".words.json").read_text(encoding="utf-8"))
    words = [(entry["word"], entry["start"], entry["end"]) for entry in told]
    with open_audio(TALK) as stream:
        samples = np.concatenate(list(stream))
    return [one for one in words if one[2] < 5.5], samples[: round(5.5 * RATE)]


def timed(words, samples, *, cut_pauses=True):
    model = load_whisper("micro.en", device="cpu", compute="float32")
    tokenizer = get_tokenizer(
        model.vocabulary, multilingual=False, num_languages=model.num_languages
    )
    mel = log_mel([samples], n_mels=80)
    with torch.inference_mode():
        encoded = model.encode(mel.window(0, mel.n_frames, 3000)[None])
    text = " ".join(written for written, _, _ in words)
    tokens = [w.encoded for w in script_words(Line(text, ((0, len(text)),)), tokenizer)]
    [found] = time_texts(model, tokenizer, encoded, [tokens], [mel.n_frames], cut_pauses=cut_pauses)
    return np.array([(one.start, one.end) for one in found])


def drawn_out(sentence, pause):
    """The sentence with silence where nobody would expect it, before every second word."""
    words, samples = sentence
    pieces, true, shift, last = [], [], 0.0, 0
    for number, (_, start, end) in enumerate(words):
        if number and number % 2 == 0:
            at = round(start * RATE)
            pieces += [samples[last:at], np.zeros(round(pause * RATE), np.float32)]
            shift, last = shift + pause, at
        true.append((start + shift, end + shift))
    return np.concatenate([*pieces, samples[last:]]), np.array(true)


@pytest.mark.parametrize("pause", [1.5, 2.0])
def test_words_between_long_pauses_are_found(sentence, pause):
    samples, true = drawn_out(sentence, pause)
    found = timed(sentence[0], samples)
    assert np.abs(found - true).max() < 0.2
    assert np.abs(found - true).mean() < 0.04


def test_pauses_are_left_in_where_that_is_asked_for(sentence, monkeypatch):
    samples, _ = drawn_out(sentence, 2.0)
    cut = []
    monkeypatch.setattr(
        methods, "cut_long_pauses", lambda *window: cut.append(cut_long_pauses(*window)) or cut[-1]
    )
    timed(sentence[0], samples, cut_pauses=False)
    assert not cut
    timed(sentence[0], samples)
    assert len(cut) == 1
    assert cut[0] is not None


@given(st.lists(st.floats(-1, 1, width=32), max_size=400), st.integers(3, 90))
def test_cuts_leave_nothing_out(frames, longest):
    spans = cut_at_pauses(RecordingLoudness(np.array(frames, np.float32)), longest)
    edges = [span.start for span in spans] + [len(frames)]
    assert edges[0] == 0
    assert [span.end for span in spans] == edges[1:]
    assert all(0 < span.length <= longest for span in spans)


def test_cuts_are_where_it_is_quiet():
    frames = np.ones(1000, np.float32)
    frames[[100, 270, 520, 830]] = -1.0
    spans = cut_at_pauses(RecordingLoudness(frames), 300)
    assert [span.start for span in spans] == [0, 270, 520, 720]
    assert cut_at_pauses(RecordingLoudness(frames[:0]), 300) == []
    assert cut_at_pauses(RecordingLoudness(frames[:300]), 300) == [FrameSpan(0, 300)]


def test_where_a_recording_pauses():
    loudness = RecordingLoudness(np.repeat(np.float32([1.0, -1.0, 1.0]), [400, 100, 400]))
    assert quiet_frames(loudness, 0.3).nonzero()[0].tolist() == list(range(400, 500))


def test_a_recording_of_one_level_or_none_has_no_pause():
    even = RecordingLoudness(np.full(100, 0.3, np.float32))
    assert not quiet_frames(even, 0.3).any()
