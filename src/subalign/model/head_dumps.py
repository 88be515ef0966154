"""Alignment heads as the short texts that openai-whisper's checkpoints are described with.

A dump is base85 of gzip of one byte a head, 1 where the head is marked, layer by layer. It does not
say how many layers there are. This module imports no PyTorch.
"""

import base64
import gzip
import io
import zlib
from collections.abc import Iterable

from subalign.errors import CheckpointError, UsageError

__all__ = ["DUMP_START", "MOST_HEADS", "decode_dump", "encode_dump", "read_dump"]

# gzip's first three bytes (RFC 1952, section 2.3.1) in base85
DUMP_START = "ABz"

# far above any model's number, and few enough to hold
MOST_HEADS = 1 << 20

# OpenAI packed its dumps at this level; with zlib itself the bytes are then the same
_LEVEL = 9


def read_dump(dump: bytes | str) -> bytes:
    """A byte for each head, 1 where it is marked, of a dump whose shape is not known.

    Raises:
        CheckpointError: the dump is damaged.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(base64.b85decode(dump))) as file:
            flags = file.read(MOST_HEADS + 1)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise _damaged(str(error)) from error
    if not 0 < len(flags) <= MOST_HEADS:
        raise _damaged("it is for no head" if not flags else "it is for more than a million heads")
    if max(flags) > 1:
        raise _damaged("it holds other values than 0 and 1")
    return flags


def decode_dump(dump: bytes | str, n_layers: int, n_heads: int) -> tuple[tuple[int, int], ...]:
    """The (layer, head) pairs that a dump marks, layer by layer.

    Raises:
        CheckpointError: the dump is damaged or for another number of heads.
    """
    flags = read_dump(dump)
    if len(flags) != n_layers * n_heads:
        raise CheckpointError(
            f"The alignment heads' dump is for {len(flags)} heads, but the model has "
            f"{n_layers} x {n_heads}."
        )
    return tuple(divmod(index, n_heads) for index, flag in enumerate(flags) if flag)


def encode_dump(pairs: Iterable[tuple[int, int]], *, n_layers: int, n_heads: int) -> str:
    """A dump that marks these (layer, head) pairs; their order does not matter.

    It states no time of packing, and so equal heads give equal dumps with the same zlib.

    Raises:
        UsageError: there is no such model, a pair lies outside it, or there is none.
    """
    if min(n_layers, n_heads) < 1 or n_layers * n_heads > MOST_HEADS:
        raise UsageError(
            f"No model has {n_layers} layers with {n_heads} heads each: give a decoder's numbers."
        )
    flags = bytearray(n_layers * n_heads)
    for layer, head in pairs:
        if not (0 <= layer < n_layers and 0 <= head < n_heads):
            raise UsageError(
                f"Head {layer}:{head} lies outside {n_layers} layers with {n_heads} heads each: "
                f"layers count from 0 to {n_layers - 1}, heads from 0 to {n_heads - 1}."
            )
        flags[layer * n_heads + head] = 1
    if not any(flags):
        raise UsageError("At least one head must be marked: give it as LAYER:HEAD.")
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", _LEVEL, packed, mtime=0) as file:
        file.write(flags)
    return base64.b85encode(packed.getvalue()).decode("ascii")


def _damaged(reason: str) -> CheckpointError:
    return CheckpointError(
        f"The alignment heads' dump is damaged ({reason}): copy the whole of it, and put it "
        "between single quotes in a shell."
    )
