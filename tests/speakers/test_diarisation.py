"""Turns by voices that a stand-in for the network tells by the band in which they are loud."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.audio.voice_activity import CHUNK_SAMPLES
from subalign.speakers.diarisation import DiarisationThresholds, find_turns

CHUNK = CHUNK_SAMPLES / 16000


class Bands:
    """A window's embedding is its mean spectrum."""

    def embed(self, windows):
        means = np.array([window.mean(axis=0) for window in windows], np.float32)
        found = np.zeros((len(means), 256), np.float32)
        found[:, :40] = means.reshape(-1, 40)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


def recording(*parts):
    """Frames and speech of parts (voice or None, seconds); a voice is a band from 0 to 39."""
    rng = np.random.default_rng(9)
    frames, speech = [], []
    for voice, seconds in parts:
        part = rng.uniform(0, 0.02, (round(seconds * 100), 40)).astype(np.float32)
        if voice is not None:
            part[:, voice] += rng.uniform(0.5, 1.5, len(part))
            part[:, 20] += rng.uniform(0.0, 0.5, len(part))  # what all have
        frames.append(part)
        speech += [voice is not None] * len(part)
    chunks = np.arange(0, len(speech) / 100, CHUNK)
    heard = [speech[min(len(speech) - 1, round((at + CHUNK / 2) * 100))] for at in chunks]
    return np.concatenate(frames), np.array(heard, np.float32)


def found(*parts, n_speakers=None, **limits):
    frames, speech = recording(*parts)
    turns = find_turns(frames, speech, Bands(), n_speakers, DiarisationThresholds(**limits))
    return [(turn.speaker, turn.start, turn.end) for turn in turns]


def test_voices_are_told_apart_and_changes_found():
    turns = found((None, 0.5), (1, 4.0), (None, 0.4), (5, 3.0), (9, 3.5), (1, 5.0))
    assert [name for name, *_ in turns] == ["A", "B", "C", "A"]
    truth = [(0.5, 4.5), (4.9, 7.9), (7.9, 11.4), (11.4, 16.4)]
    for (_, start, end), (first, last) in zip(turns, truth, strict=True):
        assert (start, end) == pytest.approx((first, last), abs=0.25)


def test_short_pauses_are_of_a_turn_and_long_ones_end_it():
    assert len(found((1, 3.0), (None, 0.8), (1, 3.0))) == 1
    assert len(found((1, 3.0), (None, 1.5), (1, 3.0))) == 2


def test_the_number_of_speakers_may_be_given():
    parts = [(1, 4.0), (None, 0.5), (5, 4.0), (None, 0.5), (9, 4.0)]
    assert {name for name, *_ in found(*parts)} == {"A", "B", "C"}
    assert {name for name, *_ in found(*parts, n_speakers=2)} == {"A", "B"}
    assert {name for name, *_ in found(*parts, n_speakers=1)} == {"A"}
    # no more are found than voices that speak for a while
    assert {name for name, *_ in found((1, 6.0), n_speakers=3, least=3.0)} == {"A"}


def test_what_is_heard_once_is_no_speaker():
    turns = found((1, 6.0), (None, 0.3), (30, 0.6), (None, 0.3), (1, 6.0), (5, 6.0), n_speakers=2)
    assert [name for name, *_ in turns if name != "A"] == ["B"]
    assert turns[-1][1] == pytest.approx(13.2, abs=0.3)


def test_a_recording_shorter_than_a_window():
    ((name, start, end),) = found((1, 0.9))
    assert name == "A"
    assert (start, end) == pytest.approx((0.0, 0.9), abs=0.05)


def test_silence_has_no_turns():
    assert found((None, 5.0)) == []
    assert find_turns(np.zeros((1, 40), np.float32), np.zeros(0, np.float32), Bands()) == []


def test_long_recordings_are_clustered_by_some_of_their_windows():
    parts = [(1, 20.0), (None, 0.4), (5, 20.0), (None, 0.4), (9, 20.0)]
    assert [name for name, *_ in found(*parts, most_windows=20)] == ["A", "B", "C"]


VOICES = st.lists(
    st.tuples(st.sampled_from([None, 1, 5, 9]), st.integers(1, 60)), min_size=1, max_size=8
)


@settings(max_examples=40, deadline=None)
@given(VOICES, st.sampled_from([None, 1, 2, 3]))
def test_turns_are_in_order_apart_and_within_speech(parts, n_speakers):
    parts = [(voice, tenths / 10) for voice, tenths in parts]
    frames, speech = recording(*parts)
    turns = find_turns(frames, speech, Bands(), n_speakers)
    assert all(turn.start < turn.end <= len(frames) / 100 for turn in turns)
    assert all(one.end <= other.start for one, other in pairwise(turns))
    names = list(dict.fromkeys(turn.speaker for turn in turns))
    assert names == ["A", "B", "C", "D", "E", "F"][: len(names)]
    if n_speakers is not None:
        assert len(names) <= n_speakers
