"""Windows hold all speech, fit the model, and are cut in pauses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.mel import log_mel
from subalign.mel.speech import Speech, SpeechThresholds

WIDTH = 300
EXACT = SpeechThresholds(margin=0, shortest=1, shortest_pause=1)


def speech_of(*runs, thresholds=EXACT):
    """Speech, then silence, in turns, so many frames each."""
    parts = [np.full(length, 0.9 if n % 2 == 0 else 0.0) for n, length in enumerate(runs)]
    return Speech(np.concatenate(parts).astype(np.float32), thresholds=thresholds)


def bounds(windows):
    return [(int(window[0]), int(window[-1]) + 1) for window in windows]


def test_speech_has_a_margin_that_touching_stretches_share():
    speech = speech_of(0, 50, 40, 50, 40, 200, 5, 100, thresholds=SpeechThresholds())
    assert speech.ranges(0, 485) == [(20, 210)]
    # and five frames alone are noise
    assert speech.ranges(60, 120) == [(60, 120)]


def test_speech_lasts_until_it_is_clearly_over():
    probability = np.array([0.1, 0.45, 0.6, 0.4, 0.45, 0.3, 0.45, 0.1], np.float32)
    assert Speech(probability, 0.5, thresholds=EXACT).ranges(0, 8) == [(1, 5)]


def test_long_pauses_are_left_out_of_a_window_and_short_ones_stay():
    [window] = speech_of(100, 50, 50, 500, 50).windows(0, 750, WIDTH)
    assert window.tolist() == [*range(200), *range(700, 750)]


def test_a_window_ends_in_the_longest_pause_of_its_last_part():
    speech = speech_of(100, 90, 50, 20, 20, 10, 200)
    assert bounds(speech.windows(0, 490, WIDTH)) == [(0, 250), (250, 490)]


def test_speech_without_a_pause_is_cut_where_it_is_least_probable():
    probability = np.full(400, 0.9, np.float32)
    probability[250] = 0.7
    assert bounds(Speech(probability).windows(0, 400, WIDTH)) == [(0, 250), (250, 400)]


def test_a_stretch_that_hardly_fits_waits_for_the_next_window():
    # the second has no pause, and the first fills the window far enough
    speech = speech_of(250, 150, 250)
    assert bounds(speech.windows(0, 650, WIDTH)) == [(0, 250), (400, 650)]


def test_everything_is_heard_where_it_is_asked_for():
    speech = Speech(np.zeros(700, np.float32), everything=True)
    windows = speech.windows(10, 690, WIDTH)
    assert np.concatenate(windows).tolist() == list(range(10, 690))


@given(
    st.lists(st.integers(0, 700), max_size=12),
    st.integers(0, 200),
    st.integers(1, 3000),
    st.booleans(),
)
def test_windows_hold_each_frame_of_speech_once_and_in_order(runs, first, length, everything):
    whole = speech_of(*runs, 1, thresholds=SpeechThresholds())
    speech = Speech(whole.probability, everything=everything)
    end = min(first + length, speech.probability.size)
    windows = speech.windows(first, end, WIDTH)
    assert all(0 < window.size <= WIDTH for window in windows)
    frames = np.concatenate([np.zeros(0, np.int64), *windows])
    assert (np.diff(frames) > 0).all()
    assert ((frames >= first) & (frames < end)).all()
    held = set(frames.tolist())
    for start, stop in speech.ranges(first, end):
        assert held.issuperset(range(start, stop))


def test_loudness_tells_speech_from_silence_and_noise_alone_is_speech():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.1, 4 * 16_000).astype(np.float32)
    steps = noise * np.where(np.arange(noise.size) // 16_000 % 2, 1.0, 0.001).astype(np.float32)
    found = Speech.by_loudness(log_mel([steps], n_mels=80))
    assert found.probability[120:180].min() > 0.9 > 0.1 > found.probability[20:80].max()
    even = Speech.by_loudness(log_mel([noise], n_mels=80))
    assert even.probability.min() == 1.0


def test_chunks_of_samples_become_frames():
    mel = log_mel([np.zeros(16_000, np.float32)], n_mels=80)
    chunks = np.linspace(0, 1, 32, dtype=np.float32)
    found = Speech.of_chunks(chunks, 512, mel, 0.3)
    assert found.probability.shape == (100,)
    assert found.probability[[0, 3, 4, 99]] == pytest.approx(chunks[[0, 0, 1, 30]])
    assert found.seconds(np.arange(100)) == pytest.approx((found.probability >= 0.3).sum() / 100)
