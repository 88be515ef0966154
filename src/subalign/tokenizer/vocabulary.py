"""Byte-pair vocabularies: which byte strings are tokens, and how they are read and written.

A vocabulary holds ordinary tokens only; `Tokenizer` adds Whisper's special tokens after them.
"""

import base64
import binascii
import errno
import gzip
import json
import os
import re
import reprlib
import stat
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from subalign.errors import CheckpointError

__all__ = [
    "GPT2_SPLIT_PATTERN",
    "NON_LANGUAGE_SPECIALS",
    "N_TIMESTAMPS",
    "SECONDS_PER_TIMESTAMP",
    "Vocabulary",
    "read_ctranslate2",
    "read_hugging_face",
    "read_tiktoken",
    "regular_bytes",
    "write_tiktoken",
]

# Radford et al. 2019, section 2.2: merges never cross the borders that this pattern finds.
GPT2_SPLIT_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

# Whisper's last special tokens: timestamps from 0 to 30 s
N_TIMESTAMPS = 1501
SECONDS_PER_TIMESTAMP = 0.02
# endoftext, startoftranscript, translate, transcribe, startoflm, startofprev, nospeech,
# notimestamps and the timestamps: every special token but the languages
NON_LANGUAGE_SPECIALS = 8 + N_TIMESTAMPS

_SPECIAL = re.compile(r"<\|.*\|>", re.DOTALL)
_FIRST_SPECIAL = "<|endoftext|>"
_LARGEST = 16 << 20  # bytes; the official tokenizer.json has 4 MiB
_RANK_DIGITS = 9


@dataclass(frozen=True)
class Vocabulary:
    """Ordinary tokens with their ranks; a rank is the token's id and its merge priority.

    `ranks` maps each token's bytes to 0 … len(ranks) - 1 and must not be changed afterwards.
    `split_pattern` is the regular expression that cuts text before merging. Vocabularies with
    equal contents are equal and hash alike, so what is built from one can be cached.
    """

    ranks: Mapping[bytes, int]
    split_pattern: str = GPT2_SPLIT_PATTERN

    def __hash__(self) -> int:
        return hash((len(self.ranks), self.split_pattern))


def read_tiktoken(
    path: str | os.PathLike[str], *, split_pattern: str = GPT2_SPLIT_PATTERN
) -> Vocabulary:
    """Read a file of `base64 rank` lines, the form of OpenAI's vocabularies.

    The empty token of the official multilingual vocabulary is written as a single `=`.

    Raises:
        CheckpointError: the file cannot be read, is damaged, or is no complete vocabulary.
    """
    file = Path(path)
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(_read_bytes(file).splitlines(), start=1):
        if not line.strip():
            continue
        token, rank = _parse_line(line, number, file)
        if token in ranks:
            raise _damaged(file, f"line {number} repeats a token")
        ranks[token] = rank
    return _checked(ranks, split_pattern, file)


def write_tiktoken(vocabulary: Vocabulary, path: str | os.PathLike[str]) -> None:
    """Write `base64 rank` lines in the order of the ranks; `read_tiktoken` reads them back."""
    ordered = sorted(vocabulary.ranks.items(), key=lambda item: item[1])
    lines = [b"%s %d\n" % (base64.b64encode(token) or b"=", rank) for token, rank in ordered]
    Path(path).write_bytes(b"".join(lines))


def read_hugging_face(path: str | os.PathLike[str]) -> Vocabulary:
    """Read the vocabulary of a Hugging Face Whisper checkpoint.

    `path` is its folder, its `vocab.json`, or a `tokenizer.json`, which holds the same mapping.
    In a folder `vocab.json` goes first. Special tokens `<|...|>` and whatever was added after
    `<|endoftext|>` are left out; `added_tokens.json` beside the file is asked where that token
    stands if the file does not say. Characters stand for bytes as in GPT-2's byte-level encoder.

    Raises:
        CheckpointError: the file cannot be read, is damaged, or is no complete vocabulary.
    """
    file = _vocabulary_file(Path(path))
    ids = _read_ids(file)
    first_special = ids.get(_FIRST_SPECIAL)
    beside = file.with_name("added_tokens.json")
    if first_special is None and beside.is_file():
        first_special = _read_ids(beside).get(_FIRST_SPECIAL)

    ranks = _ordinary(ids, first_special, file)
    # Some copies leave out the empty token that ends the official multilingual vocabulary.
    if first_special == len(ranks) + 1 and b"" not in ranks:
        ranks[b""] = len(ranks)
    return _checked(ranks, GPT2_SPLIT_PATTERN, file)


def read_ctranslate2(path: str | os.PathLike[str]) -> Vocabulary:
    """Read a `vocabulary.txt` or `vocabulary.json` of CTranslate2: a token for each rank in turn.

    Text holds a token a line and may be compressed (`.gz`), JSON a list. Tokens are written and
    special ones left out as in `read_hugging_face`.

    Raises:
        CheckpointError: the file cannot be read, is damaged, or is no complete vocabulary.
    """
    file = Path(path)
    tokens = _read_tokens(file)
    ids = {token: rank for rank, token in enumerate(tokens)}
    if len(ids) < len(tokens):
        raise _damaged(file, "it repeats a token")
    return _checked(_ordinary(ids, ids.get(_FIRST_SPECIAL), file), GPT2_SPLIT_PATTERN, file)


def _ordinary(ids: Mapping[str, int], first_special: int | None, file: Path) -> dict[bytes, int]:
    """The ranks of the ordinary tokens among those written in the byte-level alphabet."""
    latin_1 = _latin_1_by_character()
    ranks: dict[bytes, int] = {}
    for text, rank in ids.items():
        if _SPECIAL.fullmatch(text) or (first_special is not None and rank >= first_special):
            continue
        try:
            ranks[text.translate(latin_1).encode("latin-1")] = rank
        except UnicodeEncodeError as error:
            raise _damaged(
                file, f"token {reprlib.repr(text)} is not in the byte-level alphabet"
            ) from error
    return ranks


def _read_tokens(file: Path) -> list[str]:
    content = _read_bytes(file)
    try:
        if file.suffix == ".json":
            tokens = json.loads(content)
        else:
            text = gzip.decompress(content) if file.suffix == ".gz" else content
            # not splitlines: the last token of all may be the empty one
            tokens = text.decode().removesuffix("\n").split("\n")
    except (ValueError, RecursionError, OSError, EOFError, zlib.error) as error:
        raise _damaged(file, "it is no list of tokens") from error
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise _damaged(file, "it is no list of tokens")
    return tokens


def _read_bytes(file: Path) -> bytes:
    try:
        return regular_bytes(file)
    except OSError as error:
        raise CheckpointError(
            f"The vocabulary file {file} cannot be read ({error.strerror or error}): "
            "take the checkpoint from its source again."
        ) from error


def regular_bytes(path: Path) -> bytes:
    """What a checkpoint's small file holds; pipes and devices, which may never end, are refused.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger than any of its kind.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    if status.st_size > _LARGEST:
        raise OSError(errno.EFBIG, f"it is larger than {_LARGEST >> 20} MiB")
    return path.read_bytes()


def _damaged(file: Path, what: str) -> CheckpointError:
    return CheckpointError(
        f"The vocabulary file {file} is damaged ({what}): "
        "take the checkpoint from its source again."
    )


def _parse_line(line: bytes, number: int, file: Path) -> tuple[bytes, int]:
    encoded, _, rank = line.strip().partition(b" ")
    if not rank.isdigit() or len(rank) > _RANK_DIGITS:
        raise _damaged(file, f"line {number} has no rank")
    if encoded == b"=":  # Base64 of nothing is nothing, which could not stand on a line.
        return b"", int(rank)
    try:
        return base64.b64decode(encoded, validate=True), int(rank)
    except (binascii.Error, ValueError) as error:
        raise _damaged(file, f"line {number} is not base64") from error


def _vocabulary_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    names = ("vocab.json", "tokenizer.json")
    return next((path / name for name in names if (path / name).is_file()), path / names[0])


def _read_ids(file: Path) -> dict[str, int]:
    """The mapping of token text to id in `vocab.json`, `added_tokens.json` or `tokenizer.json`."""
    content = _read_bytes(file)
    try:
        ids = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(file, "it is not JSON") from error
    if isinstance(ids, dict) and isinstance(ids.get("model"), dict):
        ids = ids["model"].get("vocab")
    if not isinstance(ids, dict) or not all(type(rank) is int for rank in ids.values()):
        raise _damaged(file, "it does not map tokens to ids")
    return ids


def _latin_1_by_character() -> dict[int, int]:
    """GPT-2's byte-level alphabet: printable Latin-1 as itself, the rest from U+0100 upwards.

    Maps the code points of the rest to their bytes, and those bytes, which stand for nothing,
    to what is no Latin-1.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    table = {0x100 + index: byte for index, byte in enumerate(others)}
    return table | dict.fromkeys(others, 0xFFFD)


def _checked(ranks: dict[bytes, int], split_pattern: str, file: Path) -> Vocabulary:
    if sorted(ranks.values()) != list(range(len(ranks))):
        raise _damaged(file, "its ranks do not run from 0 without gaps")
    if any(bytes((byte,)) not in ranks for byte in range(256)):
        raise _damaged(file, "it lacks some of the 256 single bytes")
    return Vocabulary(ranks, split_pattern)
