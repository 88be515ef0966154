"""The training code lies beside the package: its folder's parent must be importable."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

WORDS = ("one", "two", "three", "four", "five")


@pytest.fixture
def speech():
    """Makes utterances of tones, one a word, with a pause after each."""
    from training.signal import SAMPLE_RATE
    from training.synthesis.speech import Speech

    def make(text: str) -> Speech:
        pieces, spans, at = [], [], 0.1
        pieces.append(np.zeros(round(at * SAMPLE_RATE), np.float32))
        for word in text.split():
            n = round(0.2 * SAMPLE_RATE)
            pitch = 200.0 + 100.0 * WORDS.index(word.strip(".,").lower())
            tone = 0.5 * np.sin(2 * np.pi * pitch * np.arange(n) / SAMPLE_RATE)
            pieces += [tone.astype(np.float32), np.zeros(n // 2, np.float32)]
            spans.append((at, at + 0.2))
            at += 0.3
        return Speech(text, "tones", "tones", np.concatenate(pieces), tuple(spans))

    return make
