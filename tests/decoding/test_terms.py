"""Terms of a glossary are likelier, token by token, in the windows that they are for."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from openai_parity import samples_of
from subalign.decoding import decode, tokenizer_of
from subalign.decoding.rules import LikelierTerms
from subalign.mel import log_mel
from subalign.options import DecodingOptions

CPU = torch.device("cpu")
TERM = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple)
ROW = st.lists(st.integers(0, 4), min_size=5, max_size=5)


def bonus_of(terms, sampled, token):
    """What a token is worth in a row, by the definition: once for each prefix that it goes on."""
    prefixes = {term[:n] for term in terms for n in range(1, len(term) + 1)}
    return sum(
        prefix[-1] == token and tuple(sampled[len(sampled) - len(prefix) + 1 :]) == prefix[:-1]
        for prefix in prefixes
        if len(prefix) - 1 <= len(sampled)
    )


@given(
    st.lists(st.lists(TERM, max_size=4), min_size=2, max_size=2).filter(any),
    st.lists(ROW, min_size=4, max_size=4),
    st.integers(0, 5),
)
def test_the_rule_is_its_definition(terms, rows, length):
    rule = LikelierTerms(terms, 2, 3.0, CPU)
    sampled = torch.tensor(rows)[:, :length]
    logits = torch.zeros(4, 5)
    rule.apply(logits, sampled)
    for row in range(4):
        expected = [3.0 * bonus_of(terms[row // 2], rows[row][:length], t) for t in range(5)]
        assert logits[row].tolist() == expected
    rule.select(torch.tensor([3]))
    left = torch.zeros(1, 5)
    rule.apply(left, sampled[3:])
    assert left[0].tolist() == logits[3].tolist()


@pytest.mark.parametrize("beams", [None, 3])
def test_a_term_is_written_in_its_window_alone(embedded_model, repo_root, beams):
    samples = samples_of(repo_root / "examples" / "talk.mp4")[: 8 * 16000]
    mel = log_mel([samples], n_mels=embedded_model.dims.n_mels)
    width = embedded_model.dims.window_frames
    windows = torch.stack([mel.window(start, 400, width) for start in (0, 400)])
    encoded = embedded_model.encode(windows)
    options = DecodingOptions(beam_size=beams, without_timestamps=True)
    plain = decode(embedded_model, encoded, options)
    tokens = tuple(tokenizer_of(embedded_model, "en").encode(" Moaning"))
    assert len(tokens) > 1
    changed = decode(embedded_model, encoded, options, terms=[[tokens], []], bonus=9.0)
    assert "Moaning" in changed[0].text
    assert changed[1].tokens == plain[1].tokens
    assert decode(embedded_model, encoded, options, terms=[[], []], bonus=9.0) == plain
    assert all(math.isfinite(result.avg_logprob) for result in changed)
