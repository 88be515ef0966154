"""The clock that hardly moves where nobody speaks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.alignment.forced.coarse import SpeechClock
from subalign.alignment.forced.recognition import HeardWord
from subalign.alignment.loudness import RecordingLoudness

LOUD, QUIET = 1.0, -1.0


def levels(*stretches):
    """Loudness of stretches (level, seconds)."""
    frames = [np.full(round(seconds * 100), level, np.float32) for level, seconds in stretches]
    return RecordingLoudness(np.concatenate([np.zeros(0, np.float32), *frames]))


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
    assert SpeechClock.of_sound(levels((0.3, 1))).between(0, 1) == pytest.approx(1)


def test_no_frames_at_all():
    assert SpeechClock.of_sound(levels()).duration == 0
    assert SpeechClock.of_decoded(levels(), []).between(0, 5) == 0
