"""Spans of a recording are encoded once, in whole windows."""

import torch

from subalign.alignment.forced.recognition import SpanEncoder, batched
from subalign.alignment.pauses import FrameSpan


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


def test_a_recording_of_one_span_is_kept_as_it_is(embedded_model, opening_mel, monkeypatch):
    encoder = SpanEncoder(embedded_model, opening_mel)
    span = [FrameSpan(0, opening_mel.n_frames)]
    whole = encoder.encode(span)
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


def test_spans_are_encoded_once(embedded_model, opening_mel, monkeypatch):
    """Some of them, in another order, and beside new ones."""
    spans = [FrameSpan(0, 800), FrameSpan(800, 1500), FrameSpan(1500, 2000)]
    encoder = SpanEncoder(embedded_model, opening_mel)
    fresh = encoder.encode(spans[:2])
    with monkeypatch.context() as patched:
        patched.setattr(embedded_model.encoder, "forward", None)
        again = encoder.encode(spans[1::-1])
    # kept in half precision
    torch.testing.assert_close(again.features, fresh.features.flip(0), atol=1e-2, rtol=1e-3)
    assert torch.equal(again.mel, fresh.mel.flip(0))
    more = encoder.encode(spans)
    torch.testing.assert_close(more.features[:2], fresh.features, atol=1e-2, rtol=1e-3)
    alone = SpanEncoder(embedded_model, opening_mel).encode(spans[2:])
    torch.testing.assert_close(more.features[2:], alone.features, atol=1e-2, rtol=1e-3)


def test_runs_of_items():
    assert list(batched([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(batched([], 2)) == []
