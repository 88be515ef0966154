"""The path gives each token a position; tokens with times become words."""

import numpy as np
import pytest
import torch

from subalign.alignment.dtw import Dtw, token_positions
from subalign.alignment.words import WordTokens, split_words, token_ranges
from subalign.tokenizer import get_tokenizer
from subalign.tokenizer.vocabulary import read_tiktoken


@pytest.fixture(scope="module")
def tokenizer(embedded):
    vocabulary = read_tiktoken(embedded / "vocab.tiktoken")
    return get_tokenizer(vocabulary, multilingual=False, num_languages=99)


def positions_of(matrix):
    [positions] = token_positions([matrix])
    return positions


def test_positions_are_where_the_path_enters_each_row():
    matrix = torch.full((4, 12), -1.0)
    for row, (first, end) in enumerate([(0, 2), (2, 5), (5, 6), (6, 12)]):
        matrix[row, first:end] = 1.0
    assert positions_of(matrix).tolist() == [0, 2, 5, 6]


def test_positions_never_decrease_and_start_at_zero():
    matrix = torch.randn(30, 70, generator=torch.Generator().manual_seed(0))
    positions = positions_of(matrix)
    assert positions.shape == (30,)
    assert positions[0] == 0
    assert (np.diff(positions) >= 0).all()
    assert positions[-1] < 70


@pytest.mark.parametrize("shape", [(5, 0), (5, 1), (1, 1)])
def test_without_room_all_positions_are_zero(shape):
    assert positions_of(torch.zeros(shape)).tolist() == [0] * shape[0]


def test_one_token_starts_at_zero():
    assert positions_of(torch.randn(1, 9)).tolist() == [0]


def test_nan_gives_positions_inside_the_audio():
    positions = positions_of(torch.full((4, 6), torch.nan))
    assert ((positions >= 0) & (positions < 6)).all()


def test_words_span_their_tokens(tokenizer):
    tokens = tokenizer.encode(" Ask not what, extraordinarily")
    words = split_words(tokenizer, tokens)
    assert [word.text for word in words] == [" Ask", " not", " what", ",", " extraordinarily"]
    assert [token for word in words for token in word.tokens] == tokens
    assert len(words[-1].tokens) > 1
    ends = np.cumsum([len(word.tokens) for word in words])
    assert token_ranges(words).tolist() == [[a, b] for a, b in zip([0, *ends], ends, strict=False)]
    maps = [torch.randn(len(tokens) + 1, 90, generator=torch.Generator().manual_seed(2))]
    [found] = Dtw().word_spans(maps, [words], [np.ones(180)])
    seconds = positions_of(maps[0]) * 0.02
    np.testing.assert_allclose(found.spans, seconds[token_ranges(words)])
    assert not found.estimated.any()


def test_only_spoken_tokens_have_a_range():
    words = [WordTokens(' "a', (1, 2), (1, 2)), WordTokens(" b.", (3, 4, 5), (0, 2))]
    assert token_ranges(words).tolist() == [[1, 2], [2, 4]]
    assert token_ranges([]).shape == (0, 2)


def test_no_tokens_give_no_words(tokenizer):
    assert split_words(tokenizer, []) == []


def test_half_a_character_at_the_end_is_a_word(tokenizer):
    tokens = tokenizer.encode(" 你")[:-1]
    words = split_words(tokenizer, tokens)
    assert [token for word in words for token in word.tokens] == tokens
