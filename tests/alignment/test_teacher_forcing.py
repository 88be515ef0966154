"""The decoder reads known text: scores of the chosen heads, and the text's probabilities."""

import copy

import numpy as np
import pytest
import torch

from subalign.alignment.teacher_forcing import (
    check_heads,
    teacher_force,
    text_room,
    whole_positions,
)
from subalign.errors import UsageError
from subalign.model import ModelDimensions

HEADS = ((1, 0), (2, 0), (2, 3))
TEXT = " Ask not what your country can do for you"


def forced_text(case, text, num_frames, heads=HEADS):
    [forced] = teacher_force(case.model, case.tokenizer, case.encoded, [text], [num_frames], heads)
    return forced


def test_scores_cover_start_text_and_end_over_the_positions_with_audio(noise):
    text = noise.tokenizer.encode(TEXT)
    forced = forced_text(noise, text, 250)
    n_start = len(noise.tokenizer.sot_sequence_including_notimestamps)
    assert forced.scores.shape == (3, n_start + len(text) + 1, 125)
    assert forced.n_start == n_start - 1
    rows = range(n_start + len(text) + 1)[forced.text_rows]
    # one row a token, and one that says where the text ends
    assert len(rows) == len(text) + 1
    assert rows[0] == n_start - 1


def test_probabilities_are_those_among_ordinary_tokens(noise):
    tokenizer = noise.tokenizer
    text = tokenizer.encode(TEXT)
    start = tokenizer.sot_sequence_including_notimestamps
    with torch.inference_mode():
        logits = noise.model.decoder(torch.tensor([[*start, *text]]), noise.encoded)[0]
    every = logits[len(start) - 1 : -1, : tokenizer.eot].softmax(dim=-1)
    expected = every[range(len(text)), text]
    found = forced_text(noise, text, 400).probabilities
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_batch_equals_its_windows_one_by_one(small, noise):
    mels = torch.rand(3, 80, 400, generator=torch.Generator().manual_seed(1)) * 2 - 1
    texts = [noise.tokenizer.encode(text) for text in (TEXT, " Yes.", "")]
    with torch.inference_mode():
        encoded = small.encode(mels)
    frames = [400, 120, 33]
    batch = teacher_force(small, noise.tokenizer, encoded, texts, frames, HEADS)
    for window, together in enumerate(batch):
        [alone] = teacher_force(
            small,
            noise.tokenizer,
            encoded.select(slice(window, window + 1)),
            [texts[window]],
            [frames[window]],
            HEADS,
        )
        assert together.scores.shape == alone.scores.shape
        torch.testing.assert_close(together.scores, alone.scores, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(together.probabilities, alone.probabilities, rtol=1e-3)
    assert batch[2].probabilities == ()


def test_probabilities_are_zero_where_the_model_gives_nan(noise):
    broken = copy.deepcopy(noise.model)
    with torch.no_grad():
        broken.decoder.ln.weight.fill_(torch.nan)
    [forced] = teacher_force(broken, noise.tokenizer, noise.encoded, [[40, 41]], [400], HEADS)
    assert forced.probabilities == (0.0, 0.0)


def test_the_longest_text_that_fits(noise):
    room = text_room(noise.model, noise.tokenizer)
    assert len(forced_text(noise, [40] * room, 400).probabilities) == room
    with pytest.raises(ValueError, match=r"129 tokens with its start and end.* reads 128"):
        forced_text(noise, [40] * (room + 1), 400)


@pytest.mark.parametrize(
    ("frames", "positions"), [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (3000, 1500)]
)
def test_whole_positions(frames, positions):
    dims = ModelDimensions(80, 1500, 64, 4, 1, 51864, 448, 64, 4, 1)
    assert whole_positions(frames, dims) == positions


@pytest.mark.parametrize("pair", [(3, 0), (0, 4), (-1, 0), (0, -1)])
def test_heads_that_the_model_does_not_have_are_refused(small, pair):
    check_heads(small, [])
    check_heads(small, [(0, 0), (2, 3)])
    sentence = f"`heads` {pair[0]}:{pair[1]} is not among the 3 x 4 heads of random"
    with pytest.raises(UsageError, match=sentence):
        check_heads(small, [(0, 0), pair])
