"""Reading and writing vocabularies, whole and damaged."""

import base64
import copy
import gzip
import json
import pickle
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subalign.errors import CheckpointError
from subalign.tokenizer.vocabulary import (
    GPT2_SPLIT_PATTERN,
    Vocabulary,
    read_ctranslate2,
    read_hugging_face,
    read_tiktoken,
    write_tiktoken,
)


def character_of(byte: int) -> str:
    """GPT-2's character of a byte, from its definition rather than from a table."""
    if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte <= 0xFF:
        return chr(byte)
    if byte <= 0x20:
        return chr(0x100 + byte)
    return chr(0x143) if byte == 0xAD else chr(0x121 + byte - 0x7F)


def hugging_face_ids(ranks: dict[bytes, int]) -> dict[str, int]:
    return {"".join(map(character_of, token)): rank for token, rank in ranks.items()}


def write_lines(path: Path, ranks: dict[bytes, int]) -> None:
    lines = (f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in ranks.items())
    path.write_text("".join(lines), encoding="ascii")


@pytest.mark.parametrize(("name", "size"), [("gpt2", 50256), ("multilingual", 50257)])
def test_official_files_are_read_and_written_back_byte_for_byte(
    shared: Path, tmp_path: Path, name: str, size: int
) -> None:
    original = shared / "data" / f"{name}.tiktoken"
    vocabulary = read_tiktoken(original)
    assert len(vocabulary.ranks) == size
    assert vocabulary.ranks[b" the"] == 262 if name == "gpt2" else 264
    assert (b"" in vocabulary.ranks) == (name == "multilingual")
    write_tiktoken(vocabulary, tmp_path / "copy.tiktoken")
    assert (tmp_path / "copy.tiktoken").read_bytes() == original.read_bytes()


def test_the_embedded_vocabulary_is_complete(micro: Vocabulary) -> None:
    assert len(micro.ranks) == 1024
    assert micro.split_pattern == GPT2_SPLIT_PATTERN


def test_a_split_pattern_of_the_checkpoint_is_kept(
    tmp_path: Path, tiny_ranks: dict[bytes, int]
) -> None:
    write_lines(tmp_path / "v.tiktoken", tiny_ranks)
    assert read_tiktoken(tmp_path / "v.tiktoken", split_pattern=r"\s+|\S+").split_pattern == (
        r"\s+|\S+"
    )


@given(tokens=st.sets(st.binary(min_size=2, max_size=6), max_size=8), data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_vocabulary_survives_both_formats(
    tmp_path: Path, tokens: set[bytes], data: st.DataObject
) -> None:
    ordered = [bytes((byte,)) for byte in range(256)] + sorted(tokens)
    order = data.draw(st.permutations(range(len(ordered))))
    vocabulary = Vocabulary({ordered[index]: rank for rank, index in enumerate(order)})
    write_tiktoken(vocabulary, tmp_path / "v.tiktoken")
    assert read_tiktoken(tmp_path / "v.tiktoken") == vocabulary
    path = tmp_path / "vocab.json"
    path.write_text(json.dumps(hugging_face_ids(dict(vocabulary.ranks))), encoding="utf-8")
    assert read_hugging_face(path) == vocabulary


def test_equal_contents_are_equal_and_hash_alike(tiny_ranks: dict[bytes, int]) -> None:
    vocabulary = Vocabulary(tiny_ranks)
    for other in (copy.deepcopy(vocabulary), pickle.loads(pickle.dumps(vocabulary))):
        assert other is not vocabulary
        assert other == vocabulary
        assert hash(other) == hash(vocabulary)
    assert Vocabulary(tiny_ranks, r"\s+|\S+") != vocabulary


@pytest.mark.parametrize("as_folder", [True, False])
@pytest.mark.parametrize("name", ["gpt2", "multilingual"])
def test_hugging_face_vocabularies_equal_the_official_ones(
    shared: Path, tmp_path: Path, name: str, as_folder: bool
) -> None:
    expected = read_tiktoken(shared / "data" / f"{name}.tiktoken")
    ids = hugging_face_ids(dict(expected.ranks))
    ids["<|endoftext|>"] = len(ids)
    path = tmp_path / "vocab.json"
    path.write_text(json.dumps(ids, ensure_ascii=False), encoding="utf-8")
    assert read_hugging_face(tmp_path if as_folder else path) == expected


def test_hugging_face_specials_and_added_tokens_are_left_out(
    tmp_path: Path, tiny_ranks: dict[bytes, int]
) -> None:
    ids = hugging_face_ids(tiny_ranks)
    for text in ("<|endoftext|>", "<|startoftranscript|>", "[PAD]", "词", "<|0.00|>"):
        ids[text] = len(ids)
    (tmp_path / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    assert read_hugging_face(tmp_path).ranks == tiny_ranks


@pytest.mark.parametrize("where", ["vocab.json", "added_tokens.json"])
def test_the_empty_token_is_kept_even_where_the_copy_lacks_it(
    tmp_path: Path, tiny_ranks: dict[bytes, int], where: str
) -> None:
    ids = {"vocab.json": hugging_face_ids(tiny_ranks), "added_tokens.json": {}}
    ids[where]["<|endoftext|>"] = len(tiny_ranks) + 1
    for name, content in ids.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    assert read_hugging_face(tmp_path).ranks == tiny_ranks | {b"": len(tiny_ranks)}


def test_tokenizer_json_serves_where_vocab_json_is_absent(
    tmp_path: Path, tiny_ranks: dict[bytes, int]
) -> None:
    content = {"version": "1.0", "model": {"type": "BPE", "vocab": hugging_face_ids(tiny_ranks)}}
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    assert read_hugging_face(tmp_path).ranks == tiny_ranks


@pytest.mark.parametrize("name", ["vocabulary.txt", "vocabulary.txt.gz", "vocabulary.json"])
@pytest.mark.parametrize("specials", [(), ("<|endoftext|>", "<|en|>", "[PAD]")])
def test_lists_of_tokens(
    tmp_path: Path, tiny_ranks: dict[bytes, int], name: str, specials: tuple[str, ...]
) -> None:
    ranks = tiny_ranks | {b"": len(tiny_ranks)}
    write_tokens(tmp_path / name, [*hugging_face_ids(ranks), *specials])
    assert read_ctranslate2(tmp_path / name).ranks == ranks


def write_tokens(path: Path, tokens: list[str]) -> None:
    if path.suffix == ".json":
        path.write_text(json.dumps(tokens), encoding="utf-8")
        return
    content = "".join(f"{token}\n" for token in tokens).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


@pytest.mark.parametrize("name", ["gpt2", "multilingual"])
def test_the_official_vocabularies_that_ship(shared: Path, name: str) -> None:
    shipped = resources.files("subalign") / "assets" / "vocabularies" / f"{name}.txt.gz"
    expected = read_tiktoken(shared / "data" / f"{name}.tiktoken")
    assert read_ctranslate2(Path(str(shipped))) == expected


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("v.json", b"{", "it is no list of tokens"),
        ("v.json", b"[" * 100_000, "it is no list of tokens"),
        ("v.json", b'{"a": 0}', "it is no list of tokens"),
        ("v.json", b'["a", 1]', "it is no list of tokens"),
        ("v.json", b'["a", "a"]', "it repeats a token"),
        ("v.json", b"[]", "it lacks some of the 256 single bytes"),
        ("v.txt", b"\xff", "it is no list of tokens"),
        ("v.txt", b"a\nb\na\n", "it repeats a token"),
        ("v.txt", "词\n".encode(), "token '词' is not in the byte-level alphabet"),
        ("v.gz", b"a\n", "it is no list of tokens"),
        ("v.gz", gzip.compress(b"a\n" * 99, mtime=0)[:-9], "it is no list of tokens"),
    ],
)
def test_a_damaged_list_of_tokens_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as error:
        read_ctranslate2(path)
    assert f"is damaged ({reason})" in message(error, path)


def message(error: pytest.ExceptionInfo[CheckpointError], path: Path) -> str:
    text = str(error.value)
    assert str(path) in text
    assert text.endswith(": take the checkpoint from its source again.")
    assert "\n" not in text
    return text


@pytest.mark.parametrize("reader", [read_tiktoken, read_hugging_face, read_ctranslate2])
def test_a_missing_file_is_named(tmp_path: Path, reader: object) -> None:
    path = tmp_path / "absent.tiktoken"
    with pytest.raises(CheckpointError) as error:
        reader(path)  # type: ignore[operator]
    assert "cannot be read (No such file or directory)" in message(error, path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda lines: [*lines, b"%%%% 258"], "line 259 is not base64"),
        (lambda lines: [*lines, b"YWI="], "line 259 has no rank"),
        (lambda lines: [*lines, b"YWI= -1"], "line 259 has no rank"),
        (lambda lines: [*lines, b"\xff\xfe\x00"], "line 259 has no rank"),
        (lambda lines: [*lines, lines[0]], "line 259 repeats a token"),
        (lambda lines: [*lines, b"YWI= 300"], "its ranks do not run from 0 without gaps"),
        (lambda lines: lines[:-4] + lines[-3:], "its ranks do not run from 0 without gaps"),
        (lambda lines: lines[:200], "it lacks some of the 256 single bytes"),
        (lambda lines: lines[:0], "it lacks some of the 256 single bytes"),
    ],
)
def test_a_damaged_tiktoken_file_is_refused(
    tmp_path: Path, tiny_ranks: dict[bytes, int], change: object, reason: str
) -> None:
    path = tmp_path / "v.tiktoken"
    write_lines(path, tiny_ranks)
    lines = change(path.read_bytes().splitlines())  # type: ignore[operator]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(CheckpointError) as error:
        read_tiktoken(path)
    assert f"is damaged ({reason})" in message(error, path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[1, 2]", "it does not map tokens to ids"),
        (b'{"a": "0"}', "it does not map tokens to ids"),
        (b'{"a": true}', "it does not map tokens to ids"),
        (b'{"model": {"vocab": []}}', "it does not map tokens to ids"),
        (b'{"a": 0}', "it lacks some of the 256 single bytes"),
        (b'{"a": 1}', "its ranks do not run from 0 without gaps"),
        ('{"词": 0}'.encode(), "token '词' is not in the byte-level alphabet"),
    ],
)
def test_a_damaged_hugging_face_file_is_refused(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "vocab.json"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as error:
        read_hugging_face(tmp_path)
    assert f"is damaged ({reason})" in message(error, path)
