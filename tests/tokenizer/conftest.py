"""Vocabularies that the tokenizer's tests share."""

from functools import lru_cache
from pathlib import Path

import pytest

from subalign.tokenizer.vocabulary import Vocabulary, read_tiktoken


@lru_cache(maxsize=3)
def _read(path: Path) -> Vocabulary:
    return read_tiktoken(path)


@pytest.fixture
def gpt2(shared: Path) -> Vocabulary:
    """The vocabulary of OpenAI's English-only checkpoints."""
    return _read(shared / "data" / "gpt2.tiktoken")


@pytest.fixture
def official(shared: Path) -> Vocabulary:
    """The vocabulary of OpenAI's multilingual checkpoints."""
    return _read(shared / "data" / "multilingual.tiktoken")


@pytest.fixture
def micro(embedded: Path) -> Vocabulary:
    """The embedded model's own vocabulary."""
    return _read(embedded / "vocab.tiktoken")


@pytest.fixture
def tiny_ranks() -> dict[bytes, int]:
    """The smallest complete vocabulary: the single bytes and two merges."""
    ranks = {bytes((byte,)): byte for byte in range(256)}
    return ranks | {b" a": 256, "é".encode(): 257}
