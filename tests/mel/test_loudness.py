"""Speech is where it is loud, compared with the rest of the window."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from subalign.mel import LogMel
from subalign.mel.loudness import (
    LoudnessThresholds,
    RecordingLoudness,
    frame_loudness,
    speech_levels,
    speech_probability,
)


def mel_of(levels):
    """Bands that differ, with these levels as their mean."""
    levels = np.asarray(levels, np.float32)
    return np.stack([levels - 0.5, levels, levels + 0.5])


def test_loudness_goes_from_the_quietest_to_the_loudest_frames():
    levels = np.linspace(-1.0, 1.0, 101)
    found = frame_loudness(mel_of(levels))
    quiet, loud = np.percentile(levels, (5, 98))
    expected = np.clip((levels - quiet) / (loud - quiet), 0, 1)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float64
    assert (found[0], found[-1]) == (0, 1)


def test_a_single_bang_does_not_make_speech_quiet():
    levels = np.r_[np.full(50, -1.0), np.full(50, 0.5), 8.0]
    assert frame_loudness(mel_of(levels))[60] == pytest.approx(1.0)


def test_noise_raises_what_speech_is_heard_by():
    levels = np.linspace(0.0, 1.0, 101)
    wide, narrow, narrower = (mel_of(levels * height) for height in (1.0, 0.4, 0.25))
    np.testing.assert_array_equal(speech_levels(wide), frame_loudness(wide))
    noisy, noisier = speech_levels(narrow), speech_levels(narrower)
    inside = slice(10, 95)
    assert (noisy > frame_loudness(narrow))[inside].all()
    assert (noisier > noisy)[inside].all()
    assert (np.diff(noisier) >= 0).all()
    assert (noisier[0], noisier[-1]) == (0, 1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("level", [-1.0, 0.3, np.nan])
def test_where_nothing_stands_out_speech_and_silence_are_equally_likely(level):
    for measure in (frame_loudness, speech_levels):
        levels = measure(mel_of(np.full(40, level) + np.linspace(0, 0.1, 40)))
        assert len(set(levels)) == 1
        assert speech_probability(levels, 20).tolist() == [0.5] * 20


@pytest.mark.filterwarnings("error")
def test_no_frames():
    levels = speech_levels(np.zeros((80, 0), np.float32))
    assert levels.shape == frame_loudness(np.zeros((80, 0), np.float32)).shape == (0,)
    assert speech_probability(levels, 1).tolist() == [0.5]
    assert speech_probability(levels, 0).tolist() == []


def test_each_position_has_the_mean_of_its_two_frames():
    levels = np.array([0.0, 0.0, 0.1, 0.3, 1.0, 1.0, 0.7])
    silent, even, loud = speech_probability(levels, 3)
    assert silent < 0.02
    assert even == pytest.approx(0.5)
    assert loud > 0.99


@given(st.integers(0, 40), st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_probabilities_for_any_number_of_frames_and_positions(n_frames, n_positions, seed):
    levels = speech_levels(
        np.random.default_rng(seed).normal(size=(4, n_frames)).astype(np.float32)
    )
    assert levels.shape == (n_frames,)
    assert ((levels >= 0) & (levels <= 1)).all()
    found = speech_probability(levels, n_positions)
    assert found.shape == (n_positions,)
    assert ((found > 0) & (found < 1)).all()


def recording_of(frames):
    """A recording whose bands all have these values."""
    chunk = torch.tensor(frames, dtype=torch.float32).repeat(4, 1)  # (bands, frames)
    return LogMel(4, 160 * len(frames), (chunk,), floor=-2.0, silence=-2.0)


def test_loudness_is_smoothed_over_90_ms():
    frames = np.zeros(100)
    frames[50] = 9.0
    found = RecordingLoudness.from_mel(recording_of(frames)).frames
    assert found.shape == (100,)
    np.testing.assert_allclose(found[46:55], 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.delete(found, range(46, 55)), 0.0, atol=1e-5)
    rough = RecordingLoudness.from_mel(recording_of(frames), LoudnessThresholds(smoothing=1))
    np.testing.assert_allclose(rough.frames, frames)


def test_loudness_of_many_blocks_is_that_of_one():
    frames = np.random.default_rng(0).normal(size=6100).clip(-1.9)
    found = RecordingLoudness.from_mel(recording_of(frames)).frames
    expected = np.convolve(np.pad(frames, 4, mode="edge"), np.full(9, 1 / 9), "valid")
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_mean_of_some_frames_of_a_recording():
    loudness = RecordingLoudness(np.repeat(np.float32([1.0, -1.0]), [400, 100]))
    assert loudness.mean(350, 450) == pytest.approx(0.0)
    assert loudness.mean(7, 7) == 0
    assert RecordingLoudness.from_mel(recording_of([])).frames.size == 0
