"""Official `base` in several languages gives what openai-whisper gives."""

from dataclasses import replace

import numpy as np
import pytest
import whisper

from openai_parity import GREEDY, assert_same, samples_of
from subalign.audio import SAMPLE_RATE
from subalign.decoding import detect_language
from subalign.mel import log_mel
from subalign.pipeline.recordings import transcribe_recording
from whisper_peer import peer_of, peer_tokenizer

pytestmark = [
    pytest.mark.base,
    pytest.mark.slow,
    # openai-whisper's beam search passes tensors to NumPy
    pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning"),
]

LANGUAGES = ["en", "fr", "da"]


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture(scope="module")
def declaration(shared, language):
    """The preamble of the Universal Declaration of Human Rights, read by a person."""
    return samples_of(shared / "data" / "udhr" / f"{language}.mp3")


def test_languages_and_their_probabilities(base, language, declaration):
    mel = log_mel([declaration], n_mels=80)
    window = mel.window(0, 3000, 3000)[None]
    tokenizer = peer_tokenizer(base.vocabulary, 99, "en", "transcribe")
    _, (expected,) = whisper.detect_language(peer_of(base), window, tokenizer)
    (found,) = detect_language(base, base.encode(window))
    assert found.language == language
    assert dict(found.probabilities) == pytest.approx(expected, abs=1e-5)


def test_the_declaration(base, declaration):
    assert_same(base, declaration, GREEDY)


def test_the_declaration_in_beams(base, declaration):
    first = declaration[: 60 * SAMPLE_RATE]
    assert_same(base, first, replace(GREEDY, beam_size=5, word_timestamps=False))


def test_the_declaration_in_english(base, language, declaration):
    options = replace(GREEDY, task="translate", language=language, word_timestamps=False)
    assert_same(base, declaration[: 60 * SAMPLE_RATE], options)


def test_each_window_may_have_its_own_language(base, shared):
    english, french = (
        samples_of(shared / "data" / "udhr" / f"{code}.mp3")[: 25 * SAMPLE_RATE]
        for code in ("en", "fr")
    )
    pause = np.zeros(4 * SAMPLE_RATE, np.float32)
    options = replace(GREEDY, sequential=False, each_language=True)
    samples = np.concatenate([english, pause, french])
    found = transcribe_recording(samples, model=base, options=options).transcript()
    late = "".join(segment.text for segment in found.segments if segment.start > 31)
    assert "all members of the human family" in found.text
    assert "droits" in late
    assert all(segment.words for segment in found.segments)
