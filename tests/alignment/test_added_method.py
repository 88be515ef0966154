"""A method of timing words is one class, and a name."""

from typing import ClassVar, Literal

import numpy as np
import pytest
import torch

from subalign.alignment import AttentionTimer, WordTokens, time_texts
from subalign.alignment.methods import METHODS, heads_for
from subalign.alignment.segments import timed_segments
from subalign.alignment.words import WordSpans
from subalign.model import TimingHeads
from subalign.options import AlignmentOptions
from subalign.results import Segment

WORDS = [WordTokens(f" {letter}", (64 + n,), (0, 1)) for n, letter in enumerate("abcd")]


class Peaks:
    """Each word lasts 40 ms from where the first head attends to its first token most."""

    uses_sound: ClassVar[bool] = False
    words_move_windows: ClassVar[bool] = False

    def heads(self, model):
        return TimingHeads(((model.dims.n_text_layer - 1, 0),), shift=0.5)

    def warm_up(self, device):
        pass

    def attention_map(self, forced, words, options):
        return forced.scores.mean(dim=0)[forced.text_rows] * options.qk_scale

    def word_spans(self, maps, texts, levels, *, shift=0.0, kernels="auto"):
        found = []
        for rows, words in zip(maps, texts, strict=True):
            starts = np.sort(rows[: len(words)].argmax(dim=1).numpy()) * 0.02 + shift
            found.append(WordSpans(np.stack([starts, starts + 0.04], 1), starts < 0))
        return found

    def time_segments(self, segments, tokenizer, time_words, last_speech_end, options):
        return timed_segments(segments, tokenizer, time_words, options)


@pytest.fixture
def options(monkeypatch):
    monkeypatch.setattr("subalign.options.AlignmentMethod", Literal["viterbi", "dtw", "peaks"])
    monkeypatch.setitem(METHODS, "peaks", Peaks())
    return AlignmentOptions(method="peaks")


def test_given_words_are_timed_by_it(noise, options):
    [timings] = time_texts(noise.model, noise.tokenizer, noise.encoded, [WORDS], [400], options)
    assert [timing.word for timing in timings] == [" a", " b", " c", " d"]
    assert all(0.5 <= timing.start <= 4.5 for timing in timings)
    assert [timing.end - timing.start for timing in timings] == pytest.approx([0.04] * 4)
    assert all(0 < timing.probability < 1 for timing in timings)


def test_its_heads_are_asked_unless_others_are_named(noise, options):
    assert heads_for(noise.model, options) == TimingHeads(((2, 0),), shift=0.5)
    named = AlignmentOptions(method="peaks", heads=((1, 1),))
    assert heads_for(noise.model, named) == TimingHeads(((1, 1),))


def test_segments_are_timed_by_it_and_their_words_kept_in_order(noise, options):
    text = " one two three"
    tokens = tuple(noise.tokenizer.encode(text))
    segment = Segment(0, 0, 0.0, 4.0, text, tokens, 0.0, -0.5, 1.2, 0.01)
    timer = AttentionTimer(noise.model, noise.tokenizer, options)
    with torch.inference_mode():
        [timed] = timer([segment], noise.encoded, 400, 0.0)
    assert [word.text for word in timed.words] == [" one", " two", " three"]
    assert timed.start == timed.words[0].start >= 0.5
    assert all(word.end - word.start >= 0.02 - 1e-9 for word in timed.words)
