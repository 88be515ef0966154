"""Every window is decoded, and the words that were found are verified where that is needed."""

import numpy as np
import pytest
import torch

from subalign.alignment.forced.recognition import Context, SpanEncoder, recognise, words_of
from subalign.alignment.forced.verification import verify_recognised
from subalign.alignment.pauses import FrameSpan
from subalign.mel import log_mel


@pytest.fixture(scope="module")
def recognised_spans(embedded_model, tokenizer, opening, opening_mel):
    """The words of the first three lines and of the rest, and those again with their evidence."""
    cut = opening.pause_after(2) // 160
    spans = [FrameSpan(0, cut), FrameSpan(cut, opening_mel.n_frames)]
    told = []
    with torch.inference_mode():
        context = Context(SpanEncoder(embedded_model, opening_mel), tokenizer)
        recognised = recognise(context, spans, told.append)
        verified = verify_recognised(context, recognised, np.zeros(len(words_of(recognised))))
    assert told == spans
    assert [item.span for item in verified] == spans
    return recognised, verified


@pytest.fixture(scope="module")
def recognised(recognised_spans):
    return words_of(recognised_spans[1])


def test_only_spans_unlike_the_transcript_are_verified(context, recognised_spans):
    assumed, verified = recognised_spans
    used = np.concatenate([np.full(len(item.words), 1.0 - n) for n, item in enumerate(assumed)])
    first, second = verify_recognised(context, assumed, used)
    assert first == assumed[0]
    assert {word.evidence for word in first.words} == {6.0}
    fresh = [word.evidence for word in verified[1].words]
    assert [word.evidence for word in second.words] == pytest.approx(fresh, abs=0.1)


def test_much_of_what_was_said_is_recognised_in_its_place(recognised, opening):
    truth = {}
    for line, starts in zip(opening.lines, opening.starts, strict=True):
        for word, start in zip(line.split(), starts, strict=True):
            truth.setdefault(word.strip(".,?").lower(), []).append(start)
    found = [
        min(abs(word.start - start) for start in truth[text])
        for word in recognised
        if (text := word.text.strip(" .,?").lower()) in truth
    ]
    assert len(found) > 0.4 * sum(map(len, opening.starts))
    assert np.median(found) < 0.1
    assert np.median([word.evidence for word in recognised]) > 2


def test_words_are_in_order_and_inside(recognised, opening):
    edges = [edge for word in recognised for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= opening.seconds


def test_nobody_speaks(embedded_model, tokenizer):
    """Silence and noise give no words that the audio speaks for."""
    noise = np.random.default_rng(0).normal(0, 0.02, 80000).astype(np.float32)
    for samples in (np.zeros(80000, np.float32), noise):
        mel = log_mel([samples], n_mels=80)
        context = Context(SpanEncoder(embedded_model, mel), tokenizer)
        assumed = recognise(context, [FrameSpan(0, 500)])
        [item] = verify_recognised(context, assumed, np.zeros(len(assumed[0].words)))
        assert sum(word.evidence > 2 for word in item.words) < 4


def test_no_spans(context):
    assert recognise(context, []) == []
