"""Speech time, which hardly passes where nobody speaks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.alignment.forced.coarse import SpeechTime
from subalign.alignment.forced.recognition import RecognisedWord
from subalign.mel.loudness import RecordingLoudness

LOUD, QUIET = 1.0, -1.0


def levels(*stretches):
    """Loudness of stretches (level, seconds)."""
    frames = [np.full(round(seconds * 100), level, np.float32) for level, seconds in stretches]
    return RecordingLoudness(np.concatenate([np.zeros(0, np.float32), *frames]))


def test_sound_counts_and_silence_hardly():
    speech = SpeechTime.from_loudness(levels((LOUD, 2), (QUIET, 5), (LOUD, 3)))
    assert speech.duration == 10
    assert speech.between(0, 2) == pytest.approx(2)
    assert speech.between(2, 7) == pytest.approx(0.005)
    assert speech.between(7, 10) == pytest.approx(3)
    assert speech.between(1, 8) == pytest.approx(2.005)


def test_only_words_with_evidence_count():
    words = [
        RecognisedWord("a", 1.0, 2.0, 5.0),
        RecognisedWord("b", 4.0, 5.0, 0.5),
        RecognisedWord("c", 8.0, 9.0, 3.0),
    ]
    speech = SpeechTime.from_recognised(levels((LOUD, 10)), words)
    assert speech.between(0.8, 2.2) == pytest.approx(1.4)
    assert speech.between(3, 7) == pytest.approx(0.004)
    assert speech.between(7, 10) == pytest.approx(1.4 + 0.001 * 1.6)


def test_a_word_at_the_edge_stays_inside():
    speech = SpeechTime.from_recognised(levels((LOUD, 2)), [RecognisedWord("a", 0.0, 2.5, 9.0)])
    assert speech.duration == 2
    assert speech.between(0, 2) == pytest.approx(2)


@given(st.lists(st.tuples(st.sampled_from((LOUD, QUIET, 0.0)), st.integers(1, 40)), max_size=8))
def test_readings_rise_and_can_be_undone(stretches):
    loudness = levels(*((level, frames / 100) for level, frames in stretches))
    speech = SpeechTime.from_loudness(loudness)
    seconds = np.linspace(0, speech.duration, 37)
    readings = speech.at(seconds)
    assert (np.diff(speech.readings) > 0).all()
    np.testing.assert_allclose(speech.times(readings), seconds, atol=1e-9)
    # what lies outside is taken to the edge
    assert speech.times(np.array([-1.0, 1e6])).tolist() == [0.0, speech.duration]


def test_a_recording_of_one_level_is_all_sound():
    assert SpeechTime.from_loudness(levels((0.3, 1))).between(0, 1) == pytest.approx(1)


def test_no_frames_at_all():
    assert SpeechTime.from_loudness(levels()).duration == 0
    assert SpeechTime.from_recognised(levels(), []).between(0, 5) == 0
