"""What the model takes a recording for, window by window."""

import numpy as np
import pytest
import torch

from subalign.alignment.forced.recognition import (
    BATCH,
    SpanEncoder,
    batched,
    hear,
    verify,
)
from subalign.alignment.pauses import FrameSpan
from subalign.mel import log_mel
from subalign.options import AlignmentOptions


def test_spans_sound_backwards_from_their_end(embedded_model, opening_mel):
    spans = [FrameSpan(0, 1000), FrameSpan(400, 700)]
    forwards = SpanEncoder(embedded_model, opening_mel).encode(spans)
    backwards = SpanEncoder(embedded_model, opening_mel).encode(spans, backwards=True)
    for row, span in enumerate(spans):
        torch.testing.assert_close(
            backwards.mel[row, :, : span.length], forwards.mel[row, :, : span.length].flip(-1)
        )
        torch.testing.assert_close(
            backwards.mel[row, :, span.length :], forwards.mel[row, :, span.length :]
        )


def test_windows_are_short_where_the_model_hears_such(embedded_model, opening_mel, monkeypatch):
    spans = [FrameSpan(0, 701), FrameSpan(400, 700)]
    short = SpanEncoder(embedded_model, opening_mel).encode(spans)
    assert short.mel.shape == (2, 80, 1000)
    assert short.features.shape[1] == 500
    whole = SpanEncoder(embedded_model, opening_mel).encode(spans, whole=True)
    assert whole.mel.shape == (2, 80, 3000)
    torch.testing.assert_close(short.mel, whole.mel[:, :, :1000])
    monkeypatch.setattr(embedded_model, "short_windows", False)
    assert SpanEncoder(embedded_model, opening_mel).encode(spans).mel.shape == (2, 80, 3000)


def test_a_recording_of_one_span_is_encoded_once(embedded_model, opening_mel, monkeypatch):
    """Whole, whoever asks."""
    encoder = SpanEncoder(embedded_model, opening_mel)
    span = [FrameSpan(0, opening_mel.n_frames)]
    whole = encoder.encode(span, whole=True)
    assert whole.mel.shape == (1, 80, 3000)
    monkeypatch.setattr(embedded_model.encoder, "forward", None)
    again = encoder.encode(span)
    assert torch.equal(again.features, whole.features)
    assert torch.equal(again.mel, whole.mel)
    for kept, fresh in zip(again.cross, whole.cross, strict=True):
        torch.testing.assert_close(kept.keys, fresh.keys)
    monkeypatch.undo()
    backwards = encoder.encode(span, backwards=True)
    assert backwards.mel.shape == (1, 80, 3000)
    torch.testing.assert_close(encoder.encode(span, backwards=True).features, backwards.features)


def test_kept_spans_are_encoded_once(embedded_model, opening_mel, monkeypatch):
    """Some of them, in another order, and beside new ones."""
    spans = [FrameSpan(0, 800), FrameSpan(800, 1500), FrameSpan(1500, 2000)]
    encoder = SpanEncoder(embedded_model, opening_mel)
    fresh = encoder.encode(spans[:2], whole=True, keep=True)
    with monkeypatch.context() as patched:
        patched.setattr(embedded_model.encoder, "forward", None)
        again = encoder.encode(spans[1::-1])
    # kept in half precision
    torch.testing.assert_close(again.features, fresh.features.flip(0), atol=1e-2, rtol=1e-3)
    assert torch.equal(again.mel, fresh.mel.flip(0))
    more = encoder.encode(spans, whole=True, keep=True)
    torch.testing.assert_close(more.features[:2], fresh.features, atol=1e-2, rtol=1e-3)
    alone = SpanEncoder(embedded_model, opening_mel).encode(spans[2:], whole=True)
    torch.testing.assert_close(more.features[2:], alone.features, atol=1e-2, rtol=1e-3)


def test_runs_of_items():
    assert list(batched([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(batched([], 2)) == []


@pytest.fixture(scope="module")
def heard_spans(embedded_model, tokenizer, opening, opening_mel):
    """What is heard in the first three lines and in the rest, and that again with its evidence."""
    cut = opening.pause_after(2) // 160
    spans = [FrameSpan(0, cut), FrameSpan(cut, opening_mel.n_frames)]
    told = []
    with torch.inference_mode():
        encoder = SpanEncoder(embedded_model, opening_mel)
        believed = hear(encoder, tokenizer, spans, AlignmentOptions(), told.append)
        n_words = sum(len(item.words) for item in believed)
        verified = verify(encoder, tokenizer, believed, np.zeros(n_words))
    assert told == spans
    assert [item.span for item in verified] == spans
    return believed, verified


@pytest.fixture(scope="module")
def heard(heard_spans):
    return [word for item in heard_spans[1] for word in item.words]


def test_only_spans_unlike_the_transcript_are_verified(
    embedded_model, tokenizer, opening_mel, heard_spans
):
    believed, verified = heard_spans
    used = np.concatenate([np.full(len(item.words), 1.0 - n) for n, item in enumerate(believed)])
    encoder = SpanEncoder(embedded_model, opening_mel)
    first, second = verify(encoder, tokenizer, believed, used)
    assert first == believed[0]
    assert {word.evidence for word in first.words} == {6.0}
    fresh = [word.evidence for word in verified[1].words]
    assert [word.evidence for word in second.words] == pytest.approx(fresh, abs=0.1)


def test_much_of_what_was_said_is_heard_in_its_place(heard, opening):
    truth = {}
    for line, starts in zip(opening.lines, opening.starts, strict=True):
        for word, start in zip(line.split(), starts, strict=True):
            truth.setdefault(word.strip(".,?").lower(), []).append(start)
    found = [
        min(abs(word.start - start) for start in truth[text])
        for word in heard
        if (text := word.text.strip(" .,?").lower()) in truth
    ]
    assert len(found) > 0.4 * sum(map(len, opening.starts))
    assert np.median(found) < 0.1
    assert np.median([word.evidence for word in heard]) > 2


def test_words_are_in_order_and_inside(heard, opening):
    edges = [edge for word in heard for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= opening.seconds


def test_nobody_speaks(embedded_model, tokenizer):
    """Silence and noise give no words that the audio speaks for."""
    noise = np.random.default_rng(0).normal(0, 0.02, 80000).astype(np.float32)
    for samples in (np.zeros(80000, np.float32), noise):
        mel = log_mel([samples], n_mels=80)
        encoder = SpanEncoder(embedded_model, mel)
        believed = hear(encoder, tokenizer, [FrameSpan(0, 500)], AlignmentOptions())
        [item] = verify(encoder, tokenizer, believed, np.zeros(len(believed[0].words)))
        assert sum(word.evidence > 2 for word in item.words) < 4


def test_no_spans(embedded_model, tokenizer, opening_mel):
    assert hear(SpanEncoder(embedded_model, opening_mel), tokenizer, [], AlignmentOptions()) == []
    assert BATCH > 0
