"""The same official weights give the same text from every form of checkpoint."""

import pytest
import torch

from checkpoint_models import openai_content, same_weights, write_ctranslate2, write_hugging_face
from openai_parity import run
from subalign.model import load_whisper

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def expected(tiny_en, jfk):
    return run(tiny_en, jfk).transcript()


def assert_equal(path, tiny_en, jfk, expected):
    model = load_whisper(path, device="cpu", compute="float32")
    assert same_weights(model, tiny_en)
    assert model.vocabulary.ranks == tiny_en.vocabulary.ranks
    assert model.alignment_pairs == tiny_en.alignment_pairs
    assert model.timing_pairs == tiny_en.timing_pairs
    assert model.timing_shift == tiny_en.timing_shift
    assert run(model, jfk).transcript().segments == expected.segments


def test_openais_file(tiny_en, jfk, expected, tmp_path):
    path = tmp_path / "mine.pt"
    torch.save(openai_content(tiny_en), path)
    assert_equal(path, tiny_en, jfk, expected)


def test_hugging_faces_folder(tiny_en, jfk, expected, tmp_path):
    assert_equal(write_hugging_face(tiny_en, tmp_path / "tiny.en"), tiny_en, jfk, expected)


def test_ctranslate2s_folder(tiny_en, jfk, expected, tmp_path):
    assert_equal(write_ctranslate2(tiny_en, tmp_path / "tiny.en"), tiny_en, jfk, expected)
