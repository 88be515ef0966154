"""Official weights in int8 hear and time words as in float32."""

from difflib import SequenceMatcher

import numpy as np
import pytest

from openai_parity import samples_of
from subalign.model import load_whisper
from subalign.model.devices import int8_available
from subalign.options import TranscriptionOptions
from subalign.pipeline.recordings import transcribe_recording

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not int8_available(), reason="PyTorch has no int8 product here"),
]

GREEDY = TranscriptionOptions(language="en", temperatures=(0.0,), beam_size=None, best_of=None)


def test_words_are_moved_by_less_than_2_ms(tiny_en, tiny_en_path, shared):
    quantized = load_whisper(tiny_en_path, device="cpu", compute="int8")
    clips = sorted((shared / "data" / "lj").glob("*.flac"))[93:97]
    samples = np.concatenate([samples_of(path) for path in clips])
    of_words = []
    for model in (tiny_en, quantized):
        transcript = transcribe_recording(samples, model=model, options=GREEDY).transcript()
        of_words.append([word for segment in transcript.segments for word in segment.words])
    expected, found = of_words
    texts = ([word.text for word in words] for words in of_words)
    same = SequenceMatcher(None, *texts, autojunk=False).get_matching_blocks()
    pairs = [(found[b + n], expected[a + n]) for a, b, size in same for n in range(size)]
    assert len(pairs) >= 0.95 * len(expected) > 50
    moved = [
        abs(getattr(one, edge) - getattr(other, edge))
        for one, other in pairs
        for edge in ("start", "end")
    ]
    assert np.mean(moved) < 0.002
