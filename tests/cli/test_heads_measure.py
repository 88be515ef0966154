"""`subalign heads score`, `find` and `plot`, mostly on the example recording."""

import json
import re
import struct
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from checkpoint_models import DIMS, random_model, same_weights, write_ctranslate2
from embedded import LAYERS
from subalign.model import TimingHeads, heads_of, load_whisper, save_checkpoint

FIRST_LINES = """\
Good morning, and welcome to our program.
We are very happy that you are here.
Thank you very much.
"""


@pytest.fixture
def example(folder, talk) -> Path:
    """The example recording with its true times, in the working folder."""
    for ending in (".mp4", ".words.json"):
        source = talk.with_suffix(ending)
        (folder / source.name).write_bytes(source.read_bytes())
    return folder / "talk.mp4"


@pytest.fixture
def half(folder, talk, ffmpeg) -> Path:
    """The first 30 s of the example, with their true times, in the working folder."""
    ffmpeg("-i", talk, "-t", "30", "-ac", "1", folder / "half.wav")
    words = json.loads(talk.with_suffix(".words.json").read_text())
    (folder / "half.words.json").write_text(json.dumps([w for w in words if w["end"] < 30]))
    return folder / "half.wav"


@pytest.fixture
def opening(folder, talk, ffmpeg) -> Path:
    """The first 7.7 s, and their text, in the working folder."""
    ffmpeg("-i", talk, "-t", "7.7", "-ac", "1", folder / "opening.wav")
    (folder / "opening.txt").write_text(FIRST_LINES)
    return folder / "opening.wav"


@pytest.fixture
def subalign(subalign):
    """Carries out a command line; one thread, as two that wait for a busy processor are slow."""
    measured = ("score", "find", "plot")

    def call(*arguments):
        last = ("--threads", "1") if arguments[1] in measured and "--help" not in arguments else ()
        return subalign(*arguments, *last)

    return call


@pytest.fixture
def fails(subalign):
    """Carries out `subalign heads …`, which must fail with just this sentence and code."""

    def check(*arguments, code, sentence):
        outcome = subalign("heads", *arguments)
        assert (outcome.code, outcome.out) == (code, "")
        assert outcome.err == f"Error: {sentence}\n"

    return check


def test_help_tells_of_the_commands(subalign):
    shown = subalign("heads", "--help").out
    for command in ("score", "find", "plot"):
        assert f"  {command} " in shown
        assert subalign("heads", command, "--help").code == 0


# score


def test_score_against_true_times(subalign, example):
    outcome = subalign("heads", "score", "micro.en", "talk.mp4", "talk.words.json", "--top", "1")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == f"micro.en: {LAYERS} layers × 6 heads, 165 words with true times in 64 s"
    assert lines[2].split() == ["HEAD", "ERROR", "START", "END", "BIAS", "NEAR", "INSIDE"]
    # the best, and those marked
    table = [line.split() for line in lines[3 : lines.index("", 3)]]
    marked = {f"{layer}:{head}" for layer, head in heads_of("micro.en").pairs}
    assert {row[0] for row in table if row[1] == "●"} == marked
    errors = [int(row[-6]) for row in table]
    assert errors == sorted(errors)
    assert any(line.startswith("The timing heads together, by method viterbi: ") for line in lines)
    grid = lines[lines.index("       head") :]
    assert grid[1] == "layer  0  1  2  3  4  5"
    half = LAYERS // 2
    assert grid[2 + half] == "       ───────────────── upper half"
    assert grid[3 + half].startswith(f"    {half} ")
    assert sum(line.count("[") for line in grid[2 : 3 + LAYERS]) == len(marked)


def test_score_as_json(subalign, half):
    arguments = ("heads", "score", "micro.en", "half.wav", "half.words.json", "--json")
    report = json.loads(subalign(*arguments).out)
    assert (report["layers"], report["heads"], report["words"]) == (LAYERS, 6, 77)
    assert (report["timed"], report["method"]) == (True, "viterbi")
    by_path = json.loads(subalign(*arguments, "--method", "dtw").out)
    assert by_path["by_head"] == report["by_head"]
    assert by_path["marked_error"] != report["marked_error"]
    heads = report["by_head"]
    assert len(heads) == 6 * LAYERS
    marked = sorted([head["layer"], head["head"]] for head in heads if head["marked"])
    assert marked == report["marked"]
    # the last layer follows the speech, the first does not
    assert {head["layer"] for head in heads[:6]} == {LAYERS - 1}
    assert heads[0]["error"] < 0.1 < 0.5 < heads[-1]["error"]
    assert all(head["error"] >= 0 and 0 <= head["inside"] <= 1 for head in heads)


def test_score_by_text_alone(subalign, opening):
    outcome = subalign("heads", "score", "micro.en", "opening.wav", "opening.txt")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == f"micro.en: {LAYERS} layers × 6 heads, 19 words without times in 8 s"
    assert lines[2].split() == ["HEAD", "SCORE", "IN", "ORDER", "SHARP", "AGREES"]
    assert [line[0] for line in lines[3:9]] == [str(LAYERS - 1)] * 6
    assert "heads together" not in outcome.out


def test_score_in_ascii(subalign, opening, monkeypatch):
    monkeypatch.setattr("subalign.cli.heads.stdout_carries", str.isascii)
    shown = subalign("heads", "score", "micro.en", "opening.wav", "opening.txt").out
    assert shown.isascii()
    assert shown.startswith(f"micro.en: {LAYERS} layers x 6 heads, 19 words")
    assert "[8]" in shown or "[7]" in shown


def test_a_model_of_one_head(subalign, opening):
    import dataclasses

    from subalign.tokenizer.vocabulary import Vocabulary

    dims = dataclasses.replace(DIMS, n_text_layer=1, n_text_head=1, n_audio_ctx=1500, n_text_ctx=99)
    vocabulary = Vocabulary({bytes([value]): value for value in range(256)})
    save_checkpoint(random_model(dims, vocabulary), "one")
    outcome = subalign("heads", "score", "one", "opening.wav", "opening.txt")
    assert outcome.err.endswith("give what is said in 30 s.\n")  # a token a letter
    Path("opening.txt").write_text(FIRST_LINES.splitlines()[0])
    outcome = subalign("heads", "score", "one", "opening.wav", "opening.txt")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[0].startswith("random: 1 layer × 1 head, 7 words")
    outcome = subalign("heads", "find", "one", "opening.wav", "--json")
    assert json.loads(outcome.out)["pairs"] == [[0, 0]]


def test_score_of_what_is_not_there(fails, example, tmp_path):
    truth = "talk.words.json"
    fails(
        *("score", "micro.en", "no.wav", truth),
        code=1,
        sentence="no.wav does not exist: check the name.",
    )
    fails(
        *("score", "micro.en", "talk.mp4", "no.json"),
        code=1,
        sentence="no.json cannot be read (no such file or directory): check the name.",
    )
    fails(
        *("score", "micr.en", "talk.mp4", truth),
        code=3,
        sentence="There is no model micr.en: did you mean micro.en? `subalign models list` shows "
        "all names.",
    )
    fails(
        *("score", "micro.en", "-", "-"),
        code=2,
        sentence="Standard input cannot be the recording and its words: name one file.",
    )


def test_the_truth_of_another_recording(fails, example, opening):
    fails(
        *("score", "micro.en", "opening.wav", "talk.words.json"),
        code=1,
        sentence="talk.words.json goes on to 63.6 s, but opening.wav ends at 7.7 s: give the words "
        "of this recording.",
    )


def test_times_that_are_all_estimated(fails, opening):
    words = [{"word": "Good", "start": 0, "end": 1, "estimated": True}]
    Path("guess.json").write_text(json.dumps(words))
    fails(
        *("score", "micro.en", "opening.wav", "guess.json"),
        code=1,
        sentence="All word times of guess.json are estimated: give true ones, or the text alone.",
    )


# find


def test_find_is_at_least_as_good_as_the_marked_heads(subalign, half):
    outcome = subalign("heads", "find", "micro.en", "half.wav", "--json", "--save", "better")
    assert (outcome.code, outcome.err) == (0, "better has these heads.\n")
    found = json.loads(outcome.out)
    assert found["marked"] == [list(pair) for pair in heads_of("micro.en").timing.pairs]
    assert found["error"] <= found["marked_error"]
    assert found["error"] < 0.1
    assert found["steps"][-1]["error"] == found["error"]
    # measured another way, with the heads saved, the error is the same
    report = subalign("heads", "score", "better", "half.wav", "half.words.json", "--json")
    again = json.loads(report.out)
    assert (again["marked"], again["shift"]) == (found["pairs"], found["shift"])
    assert again["marked_error"] == pytest.approx(found["error"], abs=2e-3)


def test_find_prints_pairs_and_dump(subalign, half):
    lines = subalign("heads", "find", "micro.en", "half.wav", "--most", "1").out.splitlines()
    assert lines[0] == (
        "micro.en: 1 recording, 77 words in 30 s, by method viterbi against true times"
    )
    pairs = lines[-2].removeprefix("pairs  ")
    dump = lines[-1].removeprefix("dump   ")
    decoded = json.loads(
        subalign("heads", "decode", dump, "--layers", str(LAYERS), "--heads", "6", "--json").out
    )
    assert pairs == ",".join(f"{layer}:{head}" for layer, head in decoded["pairs"])
    last = LAYERS - 1
    assert re.fullmatch(rf"marked    {last}:\d(,{last}:\d)* \(\d+ ms\)", lines[-5])


def test_find_by_text_alone(subalign, opening):
    outcome = subalign("heads", "find", "micro.en", ".")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(
        "micro.en: 1 recording, 19 words in 8 s, by method viterbi against what all heads"
    )
    found = json.loads(subalign("heads", "find", "micro.en", ".", "--json").out)
    assert found["timed"] is False
    # the last layer's heads were trained to lie on the words
    assert LAYERS - 1 in {layer for layer, _ in found["pairs"]}
    assert found["error"] <= found["marked_error"]


def test_find_leaves_out_what_has_no_truth(subalign, half, opening):
    recordings = ("half.wav", "opening.wav", "no.wav")
    outcome = subalign("heads", "find", "micro.en", *recordings, "--most", "1", "--json")
    assert json.loads(outcome.out)["recordings"] == 1
    assert outcome.err.splitlines() == [
        "Warning: no.wav does not exist: check the name.",
        "Warning: 1 of 2 recordings have no true word times, so heads are chosen on the others.",
    ]


def test_find_by_a_method_that_is_not_there(fails):
    fails(
        *("find", "micro.en", "talk.wav", "--method", "norms"),
        code=2,
        sentence="--method must be viterbi or dtw, not 'norms'.",
    )


def test_find_without_any_truth(fails, clip):
    fails(
        *("find", "micro.en", "talk.wav"),
        code=1,
        sentence="talk.wav has no truth or transcript beside it: add talk.json, talk.TextGrid, "
        "talk.ctm or talk.txt.",
    )
    fails(*("find", "micro.en", "no"), code=1, sentence="no does not exist: check the name.")


def test_saved_heads_leave_all_else_as_it_was(subalign, opening, embedded):
    outcome = subalign("heads", "find", "micro.en", ".", "--save", "better", "--json")
    assert outcome.code == 0
    before = json.loads((embedded / "config.json").read_text())
    after = json.loads(Path("better/config.json").read_text())
    found = json.loads(outcome.out)
    chosen = {"timing_heads": found["pairs"], "timing_shift": found["shift"]}
    assert after == before | chosen
    for name in ("model.safetensors", "vocab.tiktoken"):
        assert Path("better", name).read_bytes() == (embedded / name).read_bytes()
    assert load_whisper("better").previous_text is False
    assert sorted(path.name for path in Path().iterdir()) == [
        "better",
        "opening.txt",
        "opening.wav",
    ]


def test_heads_saved_into_the_models_own_folder(subalign, opening, embedded):
    Path("mine").mkdir()
    for file in embedded.iterdir():
        Path("mine", file.name).write_bytes(file.read_bytes())
    Path("mine/notes.txt").write_text("keep me")
    outcome = subalign("heads", "find", "mine", "opening.wav", "--save", "./mine/", "--json")
    assert outcome.code == 0
    found = json.loads(outcome.out)
    timing = TimingHeads(tuple(map(tuple, found["pairs"])), found["shift"])
    assert heads_of("mine").timing == timing
    assert heads_of("mine").pairs == heads_of("micro.en").pairs
    assert Path("mine/notes.txt").read_text() == "keep me"
    assert len(list(Path("mine").iterdir())) == len(list(embedded.iterdir())) + 1


def test_heads_of_a_ctranslate2_folder_are_saved_as_one_of_our_form(subalign, opening):
    micro = load_whisper("micro.en", device="cpu", compute="float32")
    write_ctranslate2(micro, Path("faster"))
    outcome = subalign("heads", "find", "faster", ".", "--most", "2", "--save", "better", "--json")
    assert (outcome.code, outcome.err) == (0, "better has these heads.\n")
    found = json.loads(outcome.out)
    saved = load_whisper("better", device="cpu")
    assert saved.timing_pairs == tuple(map(tuple, found["pairs"]))
    assert saved.timing_shift == found["shift"]
    assert saved.alignment_pairs == heads_of("faster").pairs
    assert same_weights(saved, micro)


def test_no_folder_is_replaced_by_accident(subalign, fails, opening):
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("keep me")
    fails(
        *("find", "micro.en", ".", "--save", "mine"),
        code=1,
        sentence="mine is there already: choose another folder, or add --overwrite to replace the "
        "checkpoint in it.",
    )
    outcome = subalign("heads", "find", "micro.en", ".", "--save", "mine", "--overwrite")
    assert outcome.code == 1
    assert "is there already and is no subalign checkpoint" in outcome.err
    assert Path("mine/notes.txt").read_text() == "keep me"


# plot


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_plot_in_every_format(subalign, opening, ending):
    outcome = subalign(
        *("heads", "plot", "micro.en", "opening.wav", "opening.txt", "-o", f"a.{ending}")
    )
    assert (outcome.code, outcome.out, outcome.err) == (0, "", f"a.{ending} is drawn.\n")
    content = Path(f"a.{ending}").read_bytes()
    if ending == "png":
        width, height = struct.unpack(">II", content[16:24])
        assert width == 12 * 144
        assert 500 < height < 1000
    elif ending == "svg":
        ET.fromstring(content)
    else:
        assert content.startswith(b"%PDF-")
    assert sorted(path.suffix for path in Path().iterdir()) == sorted(
        [f".{ending}", ".txt", ".wav"]
    )


def test_plot_transcribes_where_no_text_is_given(subalign, opening, monkeypatch):
    drawn = spy_on_drawing(monkeypatch)
    assert subalign("heads", "plot", "micro.en", "opening.wav", "-o", "a.png").code == 0
    [picture] = drawn
    words = [word.text for word in picture.words]
    assert len(words) > 5
    assert words[-1] == "much."


def test_plot_of_a_stretch_with_true_times(subalign, example, monkeypatch):
    drawn = spy_on_drawing(monkeypatch)
    heads = f"{LAYERS - 1}:2,{LAYERS - 1}:5"
    stretch = ("--from", "0:07.7", "--to", "10.5", "--heads", heads)
    outcome = subalign(
        *("heads", "plot", "micro.en", "talk.mp4", "talk.words.json", "-o", "a.png", *stretch)
    )
    assert outcome.code == 0
    [picture] = drawn
    assert picture.title == f"micro.en, heads {heads.replace(',', ', ')}"
    assert [word.text for word in picture.words] == [
        "What",
        "kind",
        "of",
        "work",
        "do",
        "you",
        "do?",
    ]
    assert (picture.start, picture.end) == pytest.approx((7.7, 10.5))
    assert picture.words[0].truth == pytest.approx((8.102, 8.348))
    assert len(picture.samples) == pytest.approx(2.8 * 16000, abs=160)
    for word in picture.words[1:]:
        assert abs(word.start - word.truth[0]) < 0.2
    assert picture.words[-1].tokens[1] == picture.matrix.shape[0] == len(picture.starts) - 1


def test_plot_of_words_as_they_are_given(subalign, example, monkeypatch):
    drawn = spy_on_drawing(monkeypatch)
    words = "What kind costs $5 or $6?"
    arguments = ("heads", "plot", "micro.en", "talk.mp4", words, "-o", "a.svg")
    assert subalign(*arguments, "--from", "8", "--to", "10").code == 0
    assert [word.text for word in drawn[0].words] == words.split()


def test_plot_says_that_it_draws_one_window(subalign, example):
    outcome = subalign("heads", "plot", "micro.en", "talk.mp4", "talk.words.json", "-o", "a.png")
    assert outcome.err.splitlines() == [
        "Warning: Only 30 s from 0 s on are drawn, as the model hears no more at once: choose "
        "others with --from and --to.",
        "a.png is drawn.",
    ]


def spy_on_drawing(monkeypatch):
    from subalign.heads import plot as attention_plot

    drawn = []
    draw = attention_plot.draw_attention
    monkeypatch.setattr(
        attention_plot, "draw_attention", lambda picture: drawn.append(picture) or draw(picture)
    )
    return drawn


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["-o", "a.gif"], 2, "--output a.gif does not say what to draw: end it with .png, .svg or "
         ".pdf."),
        (["--from", "x"], 2, "--from 'x' is no time: write seconds, m:ss or h:mm:ss, such as 90 or "
         "1:30."),
        (["--from", "9", "--to", "8"], 2, "--from 9 --to 8 is no stretch of time: a clip must end "
         "after it starts."),
        (["--from", "0", "--to", "31"], 2, "--from and --to are 31 s apart, but the model hears "
         "30 s at once: choose a shorter stretch."),
        (["--from", "8"], 1, "The recording ends at 7.7 s, before --from 8: choose an earlier "
         "stretch."),
        (["--heads", f"{LAYERS}:0"], 2, f"--heads {LAYERS}:0 is not among the {LAYERS} x 6 heads "
         "of micro.en, which are counted from 0."),
        (["--heads", "2"], 2, "'2' is no head: write LAYER:HEAD pairs between commas, both counted "
         "from 0, such as 2:2,3:0."),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn(fails, opening, arguments, code, sentence):
    fails(
        "plot", "micro.en", "opening.wav", "opening.txt", *arguments, code=code, sentence=sentence
    )
    assert not Path("heads.png").exists()


def test_a_picture_is_not_replaced_unless_asked(subalign, fails, opening):
    Path("a.png").write_text("keep me")
    arguments = ("plot", "micro.en", "opening.wav", "opening.txt", "-o", "a.png")
    fails(*arguments, code=1, sentence="a.png is there already: add --overwrite to replace it.")
    assert Path("a.png").read_text() == "keep me"
    assert subalign("heads", *arguments, "--overwrite").code == 0
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_for_a_folder_that_is_not_there(fails, opening):
    fails(
        *("plot", "micro.en", "opening.wav", "opening.txt", "-o", "no/a.png"),
        code=1,
        sentence="no/a.png cannot be written (no such file or directory): give another --output.",
    )


def test_plot_without_matplotlib(fails, opening, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    fails(
        *("plot", "micro.en", "opening.wav", "opening.txt", "-o", "a.png"),
        code=2,
        sentence="Drawing needs matplotlib, which is not installed: pip install 'subalign[plot]'.",
    )


def test_plot_of_silence(fails, folder, make_wav):
    make_wav(folder / "silence.wav", [0.0] * 32000)
    fails(
        *("plot", "micro.en", "silence.wav", "-o", "a.png"),
        code=1,
        sentence="No speech was found from 0 s to 2 s: choose another stretch or give its text.",
    )
