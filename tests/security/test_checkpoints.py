"""Checkpoints that are damaged or meant to do harm: a sentence, little memory, little time."""

import json
import os
import pickle
import zipfile
from contextlib import suppress

import pytest
import torch
from safetensors.torch import load_file, save_file

from checkpoint_models import (
    BYTES,
    openai_content,
    random_model,
    with_vocabulary_size,
    write_hugging_face,
)
from subalign.errors import CheckpointError
from subalign.model import load_whisper
from subalign.model.checkpoints.subalign_folder import save_checkpoint
from subalign.tokenizer.vocabulary import Vocabulary, write_tiktoken


@pytest.fixture
def folder(tmp_path):
    """A checkpoint of our own form."""
    save_checkpoint(random_model(), tmp_path / "mine")
    return tmp_path / "mine"


def edit(folder, **facts):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def error_of(path):
    with pytest.raises(CheckpointError) as caught:
        load_whisper(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def dims_of(folder, **changed):
    return json.loads((folder / "config.json").read_text())["dims"] | changed


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("everywhere", [True, False])
def test_weights_that_are_no_numbers(folder, value, everywhere):
    weights = load_file(folder / "model.safetensors")
    for name in list(weights) if everywhere else ["decoder.ln.weight"]:
        weights[name].view(-1)[0 if not everywhere else slice(None)] = value
    save_file(weights, folder / "model.safetensors")
    assert "weights that are no numbers" in error_of(folder)


@pytest.mark.parametrize(
    "pattern", ["", "a", r"\p{L}+", r"(?:\s|\S)+", r"(x+x+)+y(?!z)", r"(?=(a+)+$).", "("]
)
def test_split_pattern_of_ones_own(folder, pattern):
    edit(folder, split_pattern=pattern)
    assert "split_pattern" in error_of(folder)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"n_audio_ctx": 10**7}, "n_audio_ctx is over"),
        ({"n_text_layer": 90_000}, "n_text_layer is over"),
        ({"n_text_ctx": 10**400}, "n_text_ctx is over"),
        ({"n_audio_state": 12_800, "n_text_state": 12_800}, "is too small for"),
        ({"n_audio_state": 2, "n_text_state": 2, "n_audio_head": 1, "n_text_head": 1}, "width 2"),
    ],
)
def test_absurd_dimensions(folder, changed, sentence):
    # without positions, which would be computed
    weights = load_file(folder / "model.safetensors")
    assert "encoder.positional_embedding" not in weights
    edit(folder, dims=dims_of(folder, **changed))
    assert sentence in error_of(folder)


@pytest.mark.parametrize("count", [1, 2, 90])
def test_vocabulary_some_tokens_short(folder, count):
    edit(folder, multilingual=False)
    load_whisper(folder)
    path = folder / "vocab.tiktoken"
    lines = path.read_bytes().splitlines(keepends=True)
    longer = [*lines, b"YWI= 256\n", b"YWJj 257\n"]
    path.write_bytes(b"".join(longer[:257] if count == 1 else longer[:258]))
    assert "tokens, which does not fit the" in error_of(folder)
    path.write_bytes(b"".join(lines[:-count]))
    error_of(folder)


def test_official_vocabulary_one_token_short(tmp_path):
    from subalign.model.checkpoints.assembly import _check_vocabulary

    for n_vocab, ranks in ((51864, 50256), (51865, 50257), (51866, 50257)):
        dims = with_vocabulary_size(n_vocab)
        tokens = {b"%d" % rank: rank for rank in range(ranks)}
        _check_vocabulary(dims, Vocabulary(tokens), None, tmp_path)
        tokens.popitem()
        with pytest.raises(CheckpointError, match="tokens, which does not fit"):
            _check_vocabulary(dims, Vocabulary(tokens), None, tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("name", ["config.json", "vocab.tiktoken", "model.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_file_that_never_ends(folder, name, kind):
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    error_of(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "vocab.json"])
def test_hugging_face_file_that_never_ends(tmp_path, name):
    folder = write_hugging_face(random_model(), tmp_path)
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    with suppress(CheckpointError):
        load_whisper(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_openai_file_that_never_ends(tmp_path):
    os.mkfifo(tmp_path / "model.pt")
    assert "no regular file" in error_of(tmp_path / "model.pt")
    (tmp_path / "zero.pt").symlink_to("/dev/zero")
    assert "no regular file" in error_of(tmp_path / "zero.pt")


def test_config_that_is_far_too_large(folder):
    with (folder / "config.json").open("r+b") as file:
        file.truncate(1 << 30)
    assert "larger than 16 MiB" in error_of(folder)


def test_header_that_is_far_too_large(folder):
    path = folder / "model.safetensors"
    path.write_bytes((50 << 20).to_bytes(8, "little") + b"{" * 100)
    assert "is damaged" in error_of(folder)


# ---- OpenAI's form -----------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.pt"
    write_tiktoken(BYTES, tmp_path / "vocab.tiktoken")
    torch.save(openai_content(random_model()), path)
    load_whisper(path)
    return path


def repacked(path, change):
    """The archive anew, its parts as `change` makes them of (name, content)."""
    with zipfile.ZipFile(path) as archive:
        parts = {item.filename: archive.read(item) for item in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        change(archive, parts)


def test_large_pickle_in_a_small_archive_takes_no_memory(saved):
    def bomb(archive, parts):
        for name, content in parts.items():
            if name.endswith("data.pkl"):
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as file:
                    file.write(content[:-1])
                    for _ in range(6):
                        file.write(b"]" * (1 << 20))
            else:
                archive.writestr(name, content)

    repacked(saved, bomb)
    assert "far larger" in error_of(saved)


def test_packed_parts_are_refused(saved):
    def pack(archive, parts):
        for name, content in parts.items():
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)

    repacked(saved, pack)
    assert "is packed" in error_of(saved)


@pytest.mark.parametrize("place", range(24))
def test_damaged_archives_are_one_sentence_or_a_model(saved, place):
    data = bytearray(saved.read_bytes())
    names = [at for at in range(len(data) - 4) if data[at : at + 2] == b"PK"]
    at = names[len(names) * place // 24]
    for byte in range(at, min(at + 46, len(data)), 3):
        data[byte] ^= 0x55
    saved.write_bytes(data)
    with suppress(CheckpointError):
        load_whisper(saved)


@pytest.mark.parametrize("cut", [0, 1, 10, 100, 5000])
def test_cut_archives(saved, cut):
    saved.write_bytes(saved.read_bytes()[:cut])
    error_of(saved)


@pytest.mark.parametrize(
    "data",
    [b"\x80\x02J", b"\x80\x02X\xff\xff\xff\x7f", pickle.dumps(5), b"PK\x03\x04", b"\0" * 600],
)
def test_damaged_pickles(tmp_path, data):
    (tmp_path / "model.pt").write_bytes(data)
    error_of(tmp_path / "model.pt")


@pytest.mark.parametrize("part", [b"]" * (5 << 20), b"X\xff\xff\xff\x7f", b"I" + b"1" * (5 << 20)])
def test_large_pickle_of_the_former_form_takes_no_memory(saved, part):
    torch.save(openai_content(random_model()), saved, _use_new_zipfile_serialization=False)
    data = saved.read_bytes()
    load_whisper(saved)
    content = data.index(b"}q", data.index(b"little_endian")) - 2  # after its protocol
    saved.write_bytes(data[: content + 2] + part + data[content:])
    assert "far larger than in a Whisper model" in error_of(saved)


def test_weights_that_stand_for_more_than_their_bytes(saved):
    content = openai_content(random_model())
    weights = content["model_state_dict"]
    weights["decoder.token_embedding.weight"] = torch.zeros(1).expand(10**9, 10**9)
    torch.save(content, saved)
    assert "more of decoder.token_embedding.weight than its bytes" in error_of(saved)


def test_weights_without_values(saved):
    content = openai_content(random_model())
    weights = content["model_state_dict"]
    weights["decoder.ln.weight"] = torch.empty(16, device="meta")
    torch.save(content, saved)
    assert "decoder.ln.weight" in error_of(saved)


def test_case_files_are_one_sentence(repo_root):
    cases = repo_root.parent / "shared" / "cases" / "broken"
    if not cases.is_dir():
        pytest.skip("../shared is not here")
    for path in cases.glob("*.pt"):
        assert "damaged" in error_of(path)
