"""The evaluation: what is listened to, how words are timed, which figures come out."""

import dataclasses
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile
from training.config import RunConfig
from training.evaluate import default_model
from training.evaluate import table as table_of
from training.evaluation import figures
from training.evaluation.figures import KNOWN, Figure, model_figures, sphinx_figures
from training.evaluation.listen import Listener
from training.evaluation.material import Clip, Material, lay_out, no_speech, read_samples
from training.evaluation.scores import time_errors
from training.evaluation.sphinx import SphinxTimes, is_installed, sphinx_times
from training.signal import SAMPLE_RATE

from subalign.model import load_whisper
from subalign.options import AlignmentOptions

SPOKEN = 10.0
PAUSE = 0.7


@pytest.fixture(scope="module")
def listener():
    return Listener(load_whisper("micro.en", device="cpu", compute="float32"))


@pytest.fixture(scope="module")
def opening(repo_root):
    """The first words of the example after a pause, with their true times."""
    talk = repo_root / "examples" / "talk.mp4"
    timed = json.loads(talk.with_suffix(".words.json").read_text(encoding="utf-8"))
    words = [word for word in timed if word["end"] < SPOKEN]
    samples = read_samples(talk)[: round((words[-1]["end"] + 0.2) * SAMPLE_RATE)]
    pause = np.zeros(round(PAUSE * SAMPLE_RATE), np.float32)
    spans = tuple((word["start"] + PAUSE, word["end"] + PAUSE) for word in words)
    texts = tuple(word["word"].strip() for word in words)
    return Clip(np.concatenate([pause, samples]), texts, spans)


def errors(clip, spans):
    return time_errors(zip(clip.spans, spans, strict=True))


# words' times


def test_words_are_timed_as_align_times_them(listener, opening):
    [found] = listener.align([opening])
    assert found == listener.align([opening], AlignmentOptions(method="viterbi"))[0]
    # the path of dynamic time warping gives the pause to the first word
    [by_path] = listener.align([opening], AlignmentOptions(method="dtw"))
    assert by_path[0][0] < 0.1 < PAUSE - 0.2 < found[0][0]
    assert errors(opening, found).start_mean < 0.1
    assert all(end - start >= 0.02 - 1e-9 for start, end in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    assert found[-1][1] <= opening.seconds


def test_every_word_between_spaces_has_its_time(listener, opening):
    words = (opening.words[0], "—", *opening.words[1:5], "and/or", '"well-known"')
    [found] = listener.align([Clip(opening.samples, words)])
    assert len(found) == len(words)
    assert all(a[0] <= b[0] for a, b in pairwise(found))


# PocketSphinx

needs_sphinx = pytest.mark.skipif(
    not is_installed(), reason="needs pocketsphinx: pip install pocketsphinx"
)


@needs_sphinx
def test_pocketsphinx_times_the_words(opening):
    times = sphinx_times([opening])
    [spans] = times.spans
    assert times.unknown == 0
    assert len(spans) == len(opening.words)
    found = errors(opening, spans)
    assert max(found.start_mean, found.end_mean) < 0.1
    assert all(start < end for start, end in spans)


@needs_sphinx
def test_pocketsphinx_leaves_out_clips_with_unknown_words(opening):
    strange = dataclasses.replace(opening, words=("Xqzzt", "brrgl", *opening.words[2:]))
    dash = dataclasses.replace(opening, words=(*opening.words, "—"), spans=(*opening.spans, None))
    times = sphinx_times([strange, opening, dash])
    assert times.unknown == 2
    assert [spans is None for spans in times.spans] == [True, False, True]


@needs_sphinx
def test_pocketsphinx_reads_a_hyphen_as_a_space(opening):
    joined = f"{opening.words[0]}-{opening.words[1]}"
    clip = Clip(opening.samples, (joined, *opening.words[2:]))
    [one], [two] = sphinx_times([clip]).spans, sphinx_times([opening]).spans
    assert one[0] == (two[0][0], two[1][1])
    assert one[1:] == two[2:]


# what is listened to


def test_windows_without_speech_are_of_three_kinds():
    kinds = no_speech(6)
    assert {name: len(windows) for name, windows in kinds.items()} == {
        "silence": 2,
        "noise": 2,
        "music": 2,
    }
    windows = [window for of_kind in kinds.values() for window in of_kind]
    assert all(window.shape == (30 * SAMPLE_RATE,) for window in windows)
    assert all(window.dtype == np.float32 and np.abs(window).max() <= 1 for window in windows)
    assert not kinds["silence"][0].any()
    assert 0 < kinds["silence"][1].std() < 10 ** (-70 / 20)
    assert all(10 ** (-61 / 20) < w.std() < 0.2 for n in ("noise", "music") for w in kinds[n])
    assert max(map(loudest_tone, kinds["noise"])) < 100 < 1000 < loudest_tone(kinds["music"][0])
    again = no_speech(6)
    assert all(np.array_equal(again[n][k], kinds[n][k]) for n in kinds for k in range(2))


def loudest_tone(samples):
    """The greatest power of a frequency from 300 to 1000 Hz over the median."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(samples.size, 1 / SAMPLE_RATE)
    middle = power[(frequencies > 300) & (frequencies < 1000)]
    return middle.max() / np.median(middle)


def test_no_window_is_laid_out_of_nothing():
    assert lay_out([], 3) == []


# figures


@pytest.fixture(scope="module")
def clip(opening):
    """The first four seconds of words."""
    n = sum(end < PAUSE + 4 for _, end in opening.spans)
    samples = opening.samples[: round((opening.spans[n - 1][1] + 0.2) * SAMPLE_RATE)]
    return Clip(samples, opening.words[:n], opening.spans[:n])


@pytest.fixture(scope="module")
def material(clip, tmp_path_factory):
    """Hardly anything, in every set."""
    talk = tmp_path_factory.mktemp("talk") / "talk.wav"
    wavfile.write(talk, SAMPLE_RATE, clip.samples)
    talk.with_suffix(".txt").write_text(clip.text)
    sets = {"A": [clip], "B": [clip]}
    return Material(
        trained={"C": [clip]},
        unseen=sets,
        human={"D": [clip], "E": []},
        timed=sets,
        timed_human=[clip],
        talk=talk,
        windows=lay_out([clip], 1),
        no_speech=no_speech(3),
    )


@pytest.fixture(scope="module")
def sphinx(clip):
    """PocketSphinx as it might be: late by 10 ms in one set, with no time in the other."""
    late = tuple((start + 0.01, end + 0.01) for start, end in clip.spans)
    return {"A": SphinxTimes((late,), 0), "B": SphinxTimes((None,), 1)}


@pytest.fixture(scope="module")
def found(listener, material, sphinx):
    patch = pytest.MonkeyPatch()
    patch.setattr(figures, "_RUNS", 1)
    yield {
        (figure.set, figure.what): figure
        for figure in model_figures(listener, "micro.en", material, sphinx)
    }
    patch.undo()


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        (("trained voices, all", "word error rate"), "<= 8"),
        (("unseen voices, all", "word error rate"), "<= 25"),
        (("human speech, all", "word error rate"), "<= 47.5"),
        (("unseen voices", "starts, mean error"), "<= 30"),
        (("unseen voices", "ends, mean error"), "<= 30"),
        (("unseen voices", "starts, bias"), ""),
        (("LJ Speech, HMM's times", "starts, median error"), "<= 50"),
        (("LJ Speech, HMM's times", "ends, median error"), "<= 50"),
        (("silence", "windows without text"), ">= 95"),
        (("noise", "windows without text"), ">= 95"),
        (("music", "windows without text"), ">= 95"),
        (("30 s windows", "timestamps within 100 ms"), ">= 90"),
        (("talk.wav", "word error rate"), "<= 5"),
        (("model", "size"), "<= 16"),
        (("model", "load time, median"), "< 0.3"),
        (("30 s windows", "speed, 2 threads"), ">= 30"),
    ],
)
def test_every_aim_has_its_figure(found, place, wanted):
    assert found[place].wanted == wanted
    assert np.isfinite(found[place].value)


def test_sets_are_counted_together(found):
    words = found["A", "word error rate"].n
    assert found["unseen voices, all", "word error rate"].n == 2 * words
    assert found["unseen voices", "starts, bias"].n == 2 * found["A", "starts, bias"].n


def test_both_are_measured_on_the_words_that_pocketsphinx_aligned(found, material, sphinx, clip):
    own = {(f.set, f.what): f for f in sphinx_figures(material, sphinx)}
    assert own[KNOWN, "starts, mean error"].value == pytest.approx(10)
    assert own[KNOWN, "ends, bias"].value == pytest.approx(10)
    assert own[KNOWN, "starts, mean error"].n == len(clip.words)
    assert found[KNOWN, "starts, mean error"].n == len(clip.words)
    assert found[KNOWN, "starts, mean error"].value == found["A", "starts, mean error"].value
    assert own[KNOWN, "not in its dictionary"].value == 1
    assert own[KNOWN, "left out with their clips"].value == len(clip.words)


def test_without_pocketsphinx_nothing_is_compared(listener, material, monkeypatch):
    small = dataclasses.replace(
        material, trained={}, human={}, windows=[], no_speech={}, talk=Path("no.wav")
    )
    monkeypatch.setattr(figures, "_load_time", lambda model: 0.1)
    assert KNOWN not in {figure.set for figure in model_figures(listener, "micro.en", small, {})}


def test_the_embedded_model_is_measured_until_the_run_has_an_export(tmp_path):
    run = RunConfig(name="mine", runs=tmp_path)
    assert default_model(run) == "micro.en"
    (tmp_path / "mine" / "export").mkdir(parents=True)
    assert default_model(run) == str(tmp_path / "mine" / "export")


def test_the_table_has_a_column_for_each():
    wer = Figure("talk", "word error rate", 4.0, "%", "<= 5", 9)
    worse = dataclasses.replace(wer, value=6.0)
    left = Figure("talk", "left out", 3, "words", "", 9)
    assert (wer.reached, worse.reached, left.reached) == (True, False, None)
    columns = {"a/b/new": [wer], "old": [worse], "Sphinx": [left]}
    table = table_of(columns)
    assert [column.header for column in table.columns][4:] == ["b/new", "old", "Sphinx"]
    cells = [list(column.cells) for column in table.columns]
    assert cells[4:] == [
        ["[green]4.0 %[/]", ""],
        ["[red]6.0 %[/]", ""],
        ["", "3.0 words"],
    ]
    assert cells[2] == ["<= 5", ""]
