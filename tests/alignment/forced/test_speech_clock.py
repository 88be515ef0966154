"""The clock that hardly moves where nobody speaks, and the loudness that it reads."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from subalign.alignment.forced.coarse import SpeechClock
from subalign.alignment.forced.loudness import Loudness
from subalign.alignment.forced.recognition import HeardWord
from subalign.mel import LogMel

LOUD, QUIET = 1.0, -1.0


def levels(*stretches):
    """Loudness of stretches (level, seconds)."""
    frames = [np.full(round(seconds * 100), level, np.float32) for level, seconds in stretches]
    return Loudness(np.concatenate([np.zeros(0, np.float32), *frames]))


def mel_of(frames):
    """A recording whose bands all have these values."""
    chunk = torch.tensor(frames, dtype=torch.float32).repeat(4, 1)  # (bands, frames)
    return LogMel(4, 160 * len(frames), (chunk,), floor=-2.0, silence=-2.0)


def test_sound_counts_and_silence_hardly():
    clock = SpeechClock.of_sound(levels((LOUD, 2), (QUIET, 5), (LOUD, 3)))
    assert clock.duration == 10
    assert clock.between(0, 2) == pytest.approx(2)
    assert clock.between(2, 7) == pytest.approx(0.005)
    assert clock.between(7, 10) == pytest.approx(3)
    assert clock.between(1, 8) == pytest.approx(2.005)


def test_only_well_heard_words_count():
    words = [
        HeardWord("a", 1.0, 2.0, 5.0),
        HeardWord("b", 4.0, 5.0, 0.5),
        HeardWord("c", 8.0, 9.0, 3.0),
    ]
    clock = SpeechClock.of_decoded(levels((LOUD, 10)), words)
    assert clock.between(0.8, 2.2) == pytest.approx(1.4)
    assert clock.between(3, 7) == pytest.approx(0.004)
    assert clock.between(7, 10) == pytest.approx(1.4 + 0.001 * 1.6)


def test_a_word_at_the_edge_stays_inside():
    clock = SpeechClock.of_decoded(levels((LOUD, 2)), [HeardWord("a", 0.0, 2.5, 9.0)])
    assert clock.duration == 2
    assert clock.between(0, 2) == pytest.approx(2)


@given(st.lists(st.tuples(st.sampled_from((LOUD, QUIET, 0.0)), st.integers(1, 40)), max_size=8))
def test_readings_rise_and_can_be_undone(stretches):
    loudness = levels(*((level, frames / 100) for level, frames in stretches))
    clock = SpeechClock.of_sound(loudness)
    seconds = np.linspace(0, clock.duration, 37)
    readings = clock.read(seconds)
    assert (np.diff(clock.ticks) > 0).all()
    np.testing.assert_allclose(clock.times(readings), seconds, atol=1e-9)
    # what lies outside is taken to the edge
    assert clock.times(np.array([-1.0, 1e6])).tolist() == [0.0, clock.duration]


def test_a_recording_of_one_level_is_all_sound():
    assert not levels((0.3, 1)).quiet_frames(0.7).any()
    assert SpeechClock.of_sound(levels((0.3, 1))).between(0, 1) == pytest.approx(1)
    assert levels((0.3, 1)).quietness(0, 50) == 0


def test_loudness_is_smoothed_over_90_ms():
    frames = np.zeros(100)
    frames[50] = 9.0
    found = Loudness.of(mel_of(frames)).frames
    assert found.shape == (100,)
    np.testing.assert_allclose(found[46:55], 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.delete(found, range(46, 55)), 0.0, atol=1e-5)


def test_loudness_of_many_blocks_is_that_of_one():
    frames = np.random.default_rng(0).normal(size=6100).clip(-1.9)
    found = Loudness.of(mel_of(frames)).frames
    expected = np.convolve(np.pad(frames, 4, mode="edge"), np.full(9, 1 / 9), "valid")
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_how_quiet_it_gets():
    loudness = levels((LOUD, 4), (QUIET, 1), (LOUD, 4))
    assert loudness.quietness(0, 300) == 0
    assert loudness.quietness(300, 450) == 1
    assert loudness.quietest(300, 600) == 400
    assert loudness.quiet_frames(0.7).nonzero()[0].tolist() == list(range(400, 500))
    assert loudness.mean(350, 450) == pytest.approx(0.0)
    assert loudness.mean(7, 7) == 0
    # beyond the recording counts as its last frame
    assert loudness.quietness(2000, 3000) == 0


def test_no_frames_at_all():
    empty = levels()
    assert Loudness.of(mel_of([])).frames.size == 0
    assert empty.quietness(0, 10) == 0
    assert SpeechClock.of_sound(empty).duration == 0
    assert SpeechClock.of_decoded(empty, []).between(0, 5) == 0
