"""The network that hears voices, with its own weights: two readers are two speakers."""

import json
import os
from itertools import pairwise

import numpy as np
import pytest

from conftest import USERS_CACHES
from subalign.audio import open_audio
from subalign.audio.voice_activity import speech_detector
from subalign.errors import ModelUnavailableError
from subalign.speakers.diarisation import find_turns
from subalign.speakers.embedding import VoiceSpectrogram
from subalign.speakers.weights import voice_encoder

RATE = 16000


@pytest.fixture(scope="module")
def encoder():
    with pytest.MonkeyPatch.context() as patch:
        for name, value in json.loads(os.environ[USERS_CACHES]).items():
            patch.delenv(name) if value is None else patch.setenv(name, value)
        try:
            return voice_encoder()  # nothing is fetched here
        except ModelUnavailableError as error:
            if os.environ.get("SUBALIGN_REQUIRE_MODELS"):
                pytest.fail(f"SUBALIGN_REQUIRE_MODELS is set. {error}")
            pytest.skip(str(error))


@pytest.fixture(scope="module")
def readers(shared):
    """Some 8 s of a woman's reading in English, and of another reader's in French."""

    def read(path, start):
        with open_audio(path) as stream:
            return np.concatenate(list(stream))[start * RATE : (start + 8) * RATE]

    return read(shared / "data/lj/LJ001-0001.flac", 0), read(shared / "data/udhr/fr.mp3", 20)


@pytest.mark.parametrize("n_speakers", [None, 2])
def test_two_readers_are_told_apart(encoder, readers, n_speakers):
    one, other = readers
    spectrogram, detector = VoiceSpectrogram(), speech_detector("silero")
    blocks = iter([one, other, one[: 6 * RATE]])
    list(detector.listen(spectrogram.listen(blocks)))
    frames, speech = spectrogram.frames(), detector.probabilities()
    turns = find_turns(frames, speech, encoder, n_speakers)
    runs = [turns[0].speaker, *(b.speaker for a, b in pairwise(turns) if a.speaker != b.speaker)]
    assert runs == ["A", "B", "A"]
    changes = [(a.end + b.start) / 2 for a, b in pairwise(turns) if a.speaker != b.speaker]
    ends = [one.size / RATE, (one.size + other.size) / RATE]
    assert changes == pytest.approx(ends, abs=0.7)
