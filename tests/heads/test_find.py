"""Choosing heads and keeping the choice, from Python."""

import numpy as np
import pytest

from checkpoint_models import random_model, same_weights
from embedded import LAYERS
from subalign.audio import open_audio
from subalign.errors import InputError, OutputExistsError
from subalign.heads import find
from subalign.heads.data import Recording, Reference, parse_reference, read_reference
from subalign.heads.find import find_heads, save_found_heads
from subalign.heads.score import score_heads
from subalign.heads.windows import HeadThresholds
from subalign.model import TimingHeads, load_whisper
from subalign.options import AlignmentOptions
from subalign.pipeline.recordings import align_recording
from subalign.results import Line, Script


@pytest.fixture(scope="module")
def opening(talk):
    """The first 10 s of the example as samples, with true times."""
    with open_audio(talk) as stream:
        samples = np.concatenate(list(stream))[: 16000 * 10]
    words = read_reference(str(talk.with_suffix(".words.json"))).words
    return Recording(
        samples, Reference("truth", tuple(word for word in words if word.end < 10), None, None)
    )


@pytest.fixture(scope="module")
def found_heads(embedded_model, opening):
    """What is found on it by default."""
    return find_heads(embedded_model, [opening])


@pytest.mark.parametrize("method", ["viterbi", "dtw"])
def test_found_heads_are_at_least_as_good(embedded_model, opening, method):
    options = AlignmentOptions(method=method)
    found = find_heads(embedded_model, [opening], options=options)
    assert found.method == method
    assert found.search.best.error <= found.search.marked.error
    report = score_heads(embedded_model, opening, options=options)
    # half precision is kept in a search
    assert report.marked_error == pytest.approx(found.search.marked.error, abs=2e-3)
    # each head by itself is measured by its path alone
    assert report.by_head == score_heads(embedded_model, opening).by_head


def test_found_heads_time_the_recording_as_it_was_measured(embedded_model, opening, found_heads):
    found = found_heads.search.best
    words = opening.reference.words
    text = " ".join(word.text for word in words)
    script = Script((Line(text, ((0, len(text)),)),))
    options = AlignmentOptions(heads=found.heads)
    aligned = align_recording(opening.source, script, model=embedded_model, alignment=options)
    timed = aligned.transcript.segments[0].words
    errors = [
        abs(given - true)
        for word, truth in zip(timed, words, strict=True)
        for given, true in ((word.start, truth.start), (word.end, truth.end))
    ]
    assert np.mean(errors) == pytest.approx(found.error, abs=0.01)


def test_a_search_finds_the_same_again(embedded_model, opening, found_heads):
    assert find_heads(embedded_model, [opening]).search == found_heads.search


@pytest.mark.parametrize("timed", [True, False])
def test_only_the_best_by_themselves_are_tried_in_a_large_model(
    embedded_model, opening, timed, monkeypatch
):
    data = opening if timed else Recording(opening.source, parse_reference(_text(opening)))
    everything = find_heads(embedded_model, [data])
    monkeypatch.setattr(find, "THRESHOLDS", HeadThresholds(candidates=6))
    seen = []
    found = find_heads(embedded_model, [data], on_window=lambda *done: seen.append(done))
    assert seen == [(1, 1)]
    assert found.search.marked.error == everything.search.marked.error
    # the others do not follow the speech so well
    tried = {head for step in found.search.steps for head in step.heads}
    assert {layer for layer, _ in tried} == {LAYERS - 1}


def _text(data):
    return " ".join(word.text for word in data.reference.words)


def test_what_heads_give_together_stands_for_the_truth(embedded_model, opening):
    text = Recording(opening.source, parse_reference(_text(opening)))
    blind = find_heads(embedded_model, [text]).search.best.heads
    model = load_whisper("micro.en", device="cpu")
    model.mark_timing_heads(blind)
    chosen = score_heads(model, opening).marked_error
    model.mark_timing_heads([(0, 0), (0, 3), (0, 4)])
    assert chosen < score_heads(model, opening).marked_error


def test_nothing_to_measure_on(embedded_model):
    with pytest.raises(InputError, match=r"^There is no recording to measure heads on"):
        find_heads(embedded_model, [])


def test_a_model_of_another_form_is_saved_whole(tmp_path):
    model = random_model()
    before = _heads(model)
    heads = TimingHeads(((0, 3), (1, 1)), 0.03)
    save_found_heads(model, "somewhere/model.pt", heads, tmp_path / "new")
    assert _heads(model) == before
    saved = load_whisper(tmp_path / "new", device="cpu")
    assert _heads(saved) == (model.alignment_pairs, ((0, 3), (1, 1)), 0.03)
    assert same_weights(saved, model)
    with pytest.raises(OutputExistsError):
        save_found_heads(model, "somewhere/model.pt", heads, tmp_path / "new")


def test_heads_found_by_dtw_become_alignment_heads(tmp_path):
    model = random_model()
    heads = TimingHeads(((0, 3),))
    save_found_heads(model, "somewhere/model.pt", heads, tmp_path / "whole", method="dtw")
    saved = load_whisper(tmp_path / "whole", device="cpu")
    assert _heads(saved) == (((0, 3),), model.timing_pairs, model.timing_shift)
    # a folder of our form keeps all else, and may be replaced
    own = str(tmp_path / "whole")
    save_found_heads(saved, own, TimingHeads(((1, 0),), -0.01), tmp_path / "whole")
    assert _heads(load_whisper(own, device="cpu")) == (((0, 3),), ((1, 0),), -0.01)
    save_found_heads(model, own, heads, tmp_path / "whole", method="dtw", overwrite=True)
    assert _heads(load_whisper(own, device="cpu")) == (((0, 3),), ((1, 0),), -0.01)


def _heads(model):
    return model.alignment_pairs, model.timing_pairs, model.timing_shift
