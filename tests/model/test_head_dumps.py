"""Dumps of alignment heads against OpenAI's own and against openai-whisper's reader."""

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.errors import CheckpointError, UsageError
from subalign.model import decode_dump, encode_dump, official_models, pack_heads, read_dump
from subalign.model.head_dumps import DUMP_START, MOST_HEADS
from zlib_packing import packs_as_zlib

TINY = "ABzY8bu8Lr0{>%RKn9Fp%m@SkK7Kt=7ytkO"


@pytest.fixture(scope="module")
def facts(shared):
    return json.loads((shared / "facts" / "whisper_models.json").read_text())


@st.composite
def grids(draw):
    n_layers, n_heads = draw(st.integers(1, 40)), draw(st.integers(1, 24))
    head = st.tuples(st.integers(0, n_layers - 1), st.integers(0, n_heads - 1))
    return n_layers, n_heads, tuple(sorted(draw(st.sets(head, min_size=1, max_size=60))))


@pytest.mark.parametrize("name", official_models())
def test_official_dumps_mark_the_heads_of_the_facts(name, facts):
    dims = facts[name]["dims"]
    pairs = decode_dump(
        facts[name]["alignment_heads_b85"], dims["n_text_layer"], dims["n_text_head"]
    )
    assert [list(pair) for pair in pairs] == facts[name]["alignment_heads"]


@packs_as_zlib
@pytest.mark.parametrize("name", official_models())
def test_official_dumps_come_back_byte_for_byte(name):
    official = official_models()[name]
    shape = {"n_layers": official.dims.n_text_layer, "n_heads": official.dims.n_text_head}
    pairs = decode_dump(official.alignment_heads, **shape)
    assert pack_heads(pairs, **shape) == official.alignment_heads
    # all that the time of packing changes is the header's second word: 5 signs of base85
    without = encode_dump(pairs, **shape)
    assert without[5:10] == "00000"
    assert without[:5] + without[10:] == (
        official.alignment_heads[:5] + official.alignment_heads[10:]
    )


def test_a_dump_is_a_byte_for_each_head():
    flags = read_dump(TINY)
    assert len(flags) == 24
    assert [index for index, flag in enumerate(flags) if flag] == [14, 18, 20, 21, 22, 23]
    assert read_dump(TINY.encode()) == flags


@given(grids())
def test_any_grid_round_trips(grid):
    n_layers, n_heads, pairs = grid
    dump = encode_dump(reversed(pairs), n_layers=n_layers, n_heads=n_heads)
    assert dump.startswith(DUMP_START)
    assert dump == encode_dump(pairs + pairs[:1], n_layers=n_layers, n_heads=n_heads)
    assert decode_dump(dump, n_layers, n_heads) == pairs
    assert not set(dump) & set("'\"\\./, \n")


@pytest.mark.parametrize(
    ("n_layers", "n_heads", "pairs"),
    [
        (4, 6, ((2, 2), (3, 0), (3, 5))),
        (32, 20, ((0, 0), (31, 19))),
        (1, 1, ((0, 0),)),
        (3, 2, ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1))),
    ],
)
def test_openai_whisper_marks_the_same_heads(n_layers, n_heads, pairs):
    from whisper.model import ModelDimensions, Whisper

    peer = Whisper(ModelDimensions(80, 10, 40, 1, 1, 100, 10, n_heads * 2, n_heads, n_layers))
    peer.set_alignment_heads(encode_dump(pairs, n_layers=n_layers, n_heads=n_heads).encode())
    assert peer.alignment_heads.shape == (n_layers, n_heads)
    marked = peer.alignment_heads.indices().T.tolist()
    assert [tuple(pair) for pair in marked] == list(pairs)


def pack(content):
    return base64.b85encode(gzip.compress(content, mtime=0)).decode()


@pytest.mark.parametrize(
    ("dump", "reason"),
    [
        ("", "it is for no head"),
        (pack(b""), "it is for no head"),
        ("nonsense", "Not a gzipped file"),
        ("é", "ASCII"),
        (TINY[:7] + '"' + TINY[8:], "bad base85 character at position 7"),
        (TINY[:-8], "end-of-stream"),
        (TINY[:15] + TINY[16:] + "0", "Error -3"),
        (pack(b"\0\1\2"), "it holds other values than 0 and 1"),
        (pack(bytes(MOST_HEADS + 1)), "it is for more than a million heads"),
    ],
)
def test_a_damaged_dump_is_refused(dump, reason):
    with pytest.raises(CheckpointError, match=reason) as caught:
        read_dump(dump)
    assert str(caught.value).startswith("The alignment heads' dump is damaged (")


def test_a_dump_for_another_model_is_refused():
    with pytest.raises(CheckpointError) as caught:
        decode_dump(TINY, 6, 8)
    assert str(caught.value) == (
        "The alignment heads' dump is for 24 heads, but the model has 6 x 8."
    )


@pytest.mark.parametrize("pair", [(4, 0), (0, 6), (-1, 0), (0, -1)])
def test_a_head_outside_the_grid_is_refused(pair):
    with pytest.raises(UsageError) as caught:
        encode_dump([(0, 0), pair], n_layers=4, n_heads=6)
    assert str(caught.value) == (
        f"Head {pair[0]}:{pair[1]} lies outside 4 layers with 6 heads each: layers count from 0 "
        "to 3, heads from 0 to 5."
    )


@pytest.mark.parametrize("shape", [(0, 6), (4, 0), (-2, -2), (1 << 20, 2)])
def test_a_model_that_cannot_be_is_refused(shape):
    with pytest.raises(UsageError, match="No model has"):
        encode_dump([(0, 0)], n_layers=shape[0], n_heads=shape[1])


def test_no_head_at_all_is_refused():
    with pytest.raises(UsageError, match="At least one head"):
        encode_dump([], n_layers=4, n_heads=6)
