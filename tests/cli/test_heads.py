"""`subalign heads`: the known heads, what a model or a dump marks, and dumps of one's own."""

import json
import shlex
import subprocess
import sys

import pytest

from embedded import LAYERS
from subalign.cli.parsers import format_pairs, parse_pairs
from subalign.errors import UsageError
from subalign.model import (
    TimingHeads,
    encode_dump,
    known_heads,
    known_timing_heads,
    official_models,
)
from subalign.model.alignment_heads import dump_shape
from subalign.model.timing_heads import upper_half
from zlib_packing import packs_as_zlib

HEAVY = ("torch", "numba", "triton", "numpy", "tiktoken", "huggingface_hub")

TINY_EN = """\
tiny.en: 4 layers × 6 heads, 8 marked

       head
layer  0 1 2 3 4 5
    0  · · · · · ·
    1  ● · · · · ·
       ─────────── upper half
    2  ● ○ · · · ●
    3  ● ◉ ● ◉ ● ·

● method dtw, ○ method viterbi, ◉ both

timing 2:1,3:1,3:3
pairs  1:0,2:0,2:5,3:0,3:1,3:2,3:3,3:4
dump   ABzY8J1N>@0{>%R00Bk>$p{7v037`oCl~+#00
"""
TINY_EN_OF_DUMP = """\
4 layers × 6 heads, 8 marked

       head
layer  0 1 2 3 4 5
    0  · · · · · ·
    1  ● · · · · ·
       ─────────── upper half
    2  ● · · · · ●
    3  ● ● ● ● ● ·

pairs  1:0,2:0,2:5,3:0,3:1,3:2,3:3,3:4
dump   ABzY8J1N>@0{>%R00Bk>$p{7v037`oCl~+#00
"""
TINY_EN_DUMP = "ABzY8J1N>@0{>%R00Bk>$p{7v037`oCl~+#00"


@pytest.fixture
def fails(subalign):
    """Carries out `subalign heads …`, which must fail with just this sentence and code."""

    def check(*arguments, code, sentence):
        outcome = subalign("heads", *arguments)
        assert (outcome.code, outcome.out) == (code, "")
        assert outcome.err == f"Error: {sentence}\n"

    return check


# the commands


def test_help_tells_of_the_commands(subalign):
    assert "  heads " in subalign("--help").out
    shown = subalign("heads", "--help").out
    for command in ("list", "decode", "encode"):
        assert f"  {command} " in shown
        assert subalign("heads", command, "--help").code == 0
    for command in ("decode", "encode"):
        told = " ".join(subalign("heads", command, "--help").out.split())
        assert "between single quotes" in told


_CALLS = """
import sys
from subalign.cli.app import run
codes = [
    run(["heads", *arguments])
    for arguments in (
        [], ["--help"], ["list"], ["list", "--json"], ["decode", "turbo"], ["decode", "micro.en"],
        ["decode", "nothing"], ["encode", "2:2,3:0", "--layers", "4", "--heads", "6"],
    )
]
print(codes, sorted(set(sys.argv[1:]) & set(sys.modules)), file=sys.stderr)
"""


def test_nothing_heavy_is_imported():
    result = subprocess.run(
        [sys.executable, "-c", _CALLS, *HEAVY], capture_output=True, text=True, check=True
    )
    assert result.stderr.splitlines()[-1] == "[2, 0, 0, 0, 0, 0, 3, 0] []"


# list


def test_list_counts_the_heads_of_every_known_model(subalign):
    outcome = subalign("heads", "list")
    assert (outcome.code, outcome.err) == (0, "")
    heading, *lines = outcome.out.splitlines()
    assert heading == "NAME            LAYERS  HEADS  MARKED  TIMING   SHIFT"
    assert [line.split()[0] for line in lines] == ["micro.en", *official_models()]
    assert lines[0].split()[1:3] == [str(LAYERS), "6"]
    assert lines[-3:] == [
        "large               32     20      10     320  +20 ms  the same as large-v3",
        "large-v3-turbo       4     20       6      40  +20 ms",
        "turbo                4     20       6      40  +20 ms  the same as large-v3-turbo",
    ]


def test_list_as_json(subalign, shared):
    facts = json.loads((shared / "facts" / "whisper_models.json").read_text())
    _, *official = json.loads(subalign("heads", "list", "--json").out)
    for model in official:
        timing = known_timing_heads(model["model"])
        upper = upper_half(model["layers"], model["heads"])
        assert TimingHeads(
            tuple(map(tuple, model.pop("timing_pairs"))), model.pop("timing_shift")
        ) == (timing or upper)
    assert official == [
        {
            "model": name,
            "layers": fact["dims"]["n_text_layer"],
            "heads": fact["dims"]["n_text_head"],
            "pairs": fact["alignment_heads"],
            "dump": fact["alignment_heads_b85"],
            "alias_of": fact["alias_of"],
            "marked": len(fact["alignment_heads"]),
        }
        for name, fact in facts.items()
    ]


# decode


def test_decode_draws_the_heads_of_a_name(subalign):
    outcome = subalign("heads", "decode", "tiny.en")
    assert (outcome.code, outcome.out, outcome.err) == (0, TINY_EN, "")


def test_decode_draws_in_ascii_where_there_is_nothing_else(in_process):
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    process = in_process("heads", "decode", "tiny.en", environment=ascii_only)
    plain = TINY_EN.translate(str.maketrans("●○◉·─×", "*o@.-x"))
    assert process.communicate()[0].decode("ascii").splitlines() == plain.splitlines()
    assert process.returncode == 0


@pytest.mark.parametrize("shape", [(), ("--layers", 4), ("--heads", 6)])
def test_decode_draws_the_heads_of_a_dump(subalign, shape):
    outcome = subalign("heads", "decode", f" {TINY_EN_DUMP}\n", *shape)
    assert (outcome.code, outcome.out) == (0, TINY_EN_OF_DUMP)


def test_another_shape_of_the_same_dump(subalign):
    outcome = subalign("heads", "decode", TINY_EN_DUMP, "--layers", "1")
    assert outcome.out.splitlines()[:5] == [
        "1 layer × 24 heads, 8 marked",
        "",
        "       head",
        "layer   0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23",
        "    0   ·  ·  ·  ·  ·  ·  ●  ·  ·  ·  ·  ·  ●  ·  ·  ·  ·  ●  ●  ●  ●  ●  ●  ·",
    ]


@pytest.mark.parametrize(("name", "same"), [("turbo", "large-v3-turbo"), ("large", "large-v3")])
def test_an_alias_says_whose_heads_it_has(subalign, name, same):
    title = subalign("heads", "decode", name).out.splitlines()[0]
    assert title.startswith(f"{name}: ")
    assert title.endswith(f" marked (the same as {same})")


def test_decode_as_json(subalign):
    assert json.loads(subalign("heads", "decode", "tiny", "--json").out) == {
        "model": "tiny",
        "layers": 4,
        "heads": 6,
        "pairs": [[2, 2], [3, 0], [3, 2], [3, 3], [3, 4], [3, 5]],
        "dump": "ABzY8bu8Lr0{>%RKn9Fp%m@SkK7Kt=7ytkO",
        "timing_pairs": [[layer, head] for layer in (2, 3) for head in range(6)],
        "timing_shift": 0.02,
    }
    of_dump = json.loads(subalign("heads", "decode", TINY_EN_DUMP, "--json").out)
    of_name = json.loads(subalign("heads", "decode", "tiny.en", "--json").out)
    assert of_dump == _without_timing(of_name)


def _without_timing(of_name):
    """What a dump of the same heads tells: no name, and no timing heads."""
    known = {key: value for key, value in of_name.items() if not key.startswith("timing_")}
    return known | {"model": None}


def test_decode_reads_a_checkpoint_folder(subalign, embedded):
    outcome = subalign("heads", "decode", embedded)
    assert outcome.out == subalign("heads", "decode", "micro.en").out
    config = json.loads((embedded / "config.json").read_text())
    pairs = ",".join(f"{layer}:{head}" for layer, head in config["alignment_heads"])
    assert outcome.out.splitlines()[-2] == f"pairs  {pairs}"


def test_a_checkpoint_without_heads_is_drawn_with_the_upper_half(subalign, folder):
    config = {
        "num_mel_bins": 80,
        "max_source_positions": 10,
        "vocab_size": 300,
        "d_model": 12,
        "encoder_layers": 1,
        "encoder_attention_heads": 3,
        "max_target_positions": 9,
        "decoder_layers": 2,
        "decoder_attention_heads": 3,
    }
    (folder / "é\x1b").mkdir()
    (folder / "é\x1b" / "config.json").write_text(json.dumps(config))
    assert subalign("heads", "decode", "é\x1b").out.splitlines()[:-2] == [
        "é?: 2 layers × 3 heads, 3 marked (the upper half, as the checkpoint states none that it "
        "has)",
        "",
        "       head",
        "layer  0 1 2",
        "    0  · · ·",
        "       ───── upper half",
        "    1  ◉ ◉ ◉",
        "",
        "● method dtw, ○ method viterbi, ◉ both",
        "",
        "timing the upper half, shifted by +20 ms",
    ]


def test_every_official_dump_says_its_own_shape(subalign):
    for name, model in official_models().items():
        decoded = json.loads(subalign("heads", "decode", model.alignment_heads, "--json").out)
        named = json.loads(subalign("heads", "decode", name, "--json").out)
        assert decoded == _without_timing(named)


def test_decode_names_the_nearest_model(fails):
    sentence = "There is no model tinny: did you mean tiny? `subalign models list` shows all names."
    fails("decode", "tinny", code=3, sentence=sentence)


def test_decode_of_a_path_that_is_not_there(fails):
    fails(
        "decode",
        "./ABz",
        code=3,
        sentence="There is no checkpoint folder at ./ABz: give one that holds config.json, such "
        "as `subalign models where` prints, or a name of `subalign heads list`.",
    )


def test_decode_of_half_a_dump(fails):
    fails(
        "decode",
        TINY_EN_DUMP[:20],
        code=3,
        sentence="The alignment heads' dump is damaged (Compressed file ended before the "
        "end-of-stream marker was reached): copy the whole of it, and put it between single "
        "quotes in a shell.",
    )


def test_a_name_has_its_own_shape(fails):
    for option in ("--layers", "--heads"):
        fails(
            "decode",
            "tiny",
            option,
            "4",
            code=2,
            sentence="--layers and --heads belong to a dump, but tiny is none: leave them out.",
        )


@pytest.mark.parametrize(
    "options", [("--layers", 5), ("--heads", 25), ("--layers", 4, "--heads", 7), ("--layers", 99)]
)
def test_a_shape_that_does_not_fit_the_dump(fails, options):
    fails(
        "decode",
        TINY_EN_DUMP,
        *options,
        code=2,
        sentence="The dump is for 24 heads: --layers times --heads must give that number.",
    )


def test_a_dump_of_no_known_shape(fails):
    fails(
        "decode",
        encode_dump([(0, 0)], n_layers=5, n_heads=6),
        code=2,
        sentence="The dump is for 30 heads, which no known model has: give --layers and --heads.",
    )


def test_a_dump_of_several_known_shapes():
    known = [(4, 6), (6, 4), (4, 6), (4, 20)]
    with pytest.raises(UsageError) as caught:
        dump_shape(24, known)
    assert str(caught.value) == (
        "The dump is for 24 heads, which may be 4 x 6 and 6 x 4: give `layers` and `heads`."
    )
    assert dump_shape(24, known, layers=6) == (6, 4)
    assert dump_shape(80, known) == (4, 20)


# encode


@packs_as_zlib
def test_encode_gives_the_official_dumps_byte_for_byte(subalign):
    for heads in known_heads():
        pairs = format_pairs(heads.pairs)
        shape = ("--layers", heads.n_layers, "--heads", heads.n_heads)
        outcome = subalign("heads", "encode", pairs, *shape)
        assert (outcome.code, outcome.out, outcome.err) == (0, f"{heads.dump}\n", "")


def test_encode_takes_the_pairs_in_any_order_and_with_blanks(subalign):
    shape = ("--layers", 4, "--heads", 6)
    dumps = {
        subalign("heads", "encode", pairs, *shape).out
        for pairs in ("2:2,3:0", "3:0,2:2", " 3:0 , 2:2 ")
    }
    assert dumps == {encode_dump([(2, 2), (3, 0)], n_layers=4, n_heads=6) + "\n"}


def test_a_shell_hands_dumps_on(repo_root):
    command = f"PYTHONPATH={shlex.quote(str(repo_root / 'src'))} {shlex.quote(sys.executable)}"
    heads = f"{command} -m subalign heads"
    script = (
        f'{heads} decode "$({heads} encode 2:2,3:0 --layers 4 --heads 6)" --layers 4 --heads 6 &&'
        f"{heads} decode '{TINY_EN_DUMP}'"
    )
    shown = subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout.decode()
    assert shown.startswith("4 layers × 6 heads, 2 marked\n")
    assert "\npairs  2:2,3:0\n" in shown
    assert f"\ndump   {TINY_EN_DUMP}\n" in shown


@pytest.mark.parametrize("pairs", ["", "2:2,", "2-2", "2:2;3:0", "2:-1", "2:2:2", "２:2", "1e1:0"])
def test_pairs_that_are_none(subalign, pairs):
    outcome = subalign("heads", "encode", pairs, "--layers", 4, "--heads", 6)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.endswith(
        " is no head: write LAYER:HEAD pairs between commas, both counted from 0, such as "
        "2:2,3:0.\n"
    )


def test_a_pair_outside_the_grid(fails):
    fails(
        "encode",
        "2:2,4:0",
        "--layers",
        4,
        "--heads",
        6,
        code=2,
        sentence="Head 4:0 lies outside 4 layers with 6 heads each: layers count from 0 to 3, "
        "heads from 0 to 5.",
    )


def test_a_pair_given_twice(fails):
    fails(
        "encode",
        "2:2,3:0,02:2",
        "--layers",
        4,
        "--heads",
        6,
        code=2,
        sentence="Head 2:2 stands there twice: give each head once.",
    )


def test_encode_needs_the_shape(subalign):
    for options in ((), ("--layers", 4), ("--heads", 6), ("--layers", 0, "--heads", 6)):
        outcome = subalign("heads", "encode", "2:2", *options)
        assert (outcome.code, outcome.out) == (2, "")
        assert "--layers" in outcome.err or "--heads" in outcome.err


def test_pairs_are_written_as_they_are_read():
    pairs = ((2, 2), (3, 0), (31, 19))
    assert format_pairs(pairs) == "2:2,3:0,31:19"
    assert parse_pairs(format_pairs(pairs)) == pairs
