"""Given words in a batch of windows are timed by any method."""

import copy
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch

from subalign.alignment import WordTokens, time_texts
from subalign.alignment.boundaries import edge_frame, settle_edges
from subalign.alignment.methods import METHODS as IMPLEMENTED
from subalign.alignment.teacher_forcing import text_room
from subalign.alignment.words import words_with_punctuation
from subalign.mel.loudness import speech_levels
from subalign.options import AlignmentMethod, AlignmentOptions

METHODS = get_args(AlignmentMethod)
JFK = (
    " And so, my fellow Americans: ask not what your country can do for you,"
    " ask what you can do for your country."
)
TEXTS = [JFK, ' Nobody said "this"!', " Yes.", "word", " 你好, καλημέρα", " 12%"]


def words_of(case, text):
    options = AlignmentOptions()
    return words_with_punctuation(
        case.tokenizer,
        case.tokenizer.encode(text),
        options.prepend_punctuations,
        options.append_punctuations,
    )


def timed(case, words, num_frames=None, **options):
    num_frames = case.num_frames if num_frames is None else num_frames
    [timings] = time_texts(
        case.model,
        case.tokenizer,
        case.encoded,
        [words],
        [num_frames],
        AlignmentOptions(**options),
    )
    return timings


def assert_in_order(timings, seconds):
    free = 0.0
    for timing in timings:
        assert free <= timing.start <= timing.end
        free = timing.end
        assert 0 <= timing.probability <= 1
    assert free <= seconds


def moments(timings):
    return [(timing.start, timing.end, timing.estimated) for timing in timings]


@pytest.fixture(params=METHODS)
def method(request):
    return request.param


@pytest.mark.parametrize("text", TEXTS)
def test_every_word_has_a_time_and_keeps_its_text(noise, method, text):
    words = words_of(noise, text)
    timings = timed(noise, words, method=method)
    assert [(t.word, t.tokens) for t in timings] == [(word.text, word.tokens) for word in words]
    assert "".join(timing.word for timing in timings) == text
    assert_in_order(timings, 4.0)


def test_speech_is_followed(jfk, method):
    # the first " ask" is said 3.3 s after the start, after a pause
    words = words_of(jfk, JFK)
    timings = timed(jfk, words, method=method)
    assert_in_order(timings, 11.0)
    ask = next(timing for timing in timings if timing.word == " ask")
    assert ask.start == pytest.approx(3.3, abs=0.6)
    assert not any(timing.estimated for timing in timings)


def test_every_name_of_a_method_has_one():
    assert tuple(IMPLEMENTED) == METHODS


def test_viterbis_words_are_long_enough_and_settled(jfk):
    timings = timed(jfk, words_of(jfk, JFK))
    frames = [(edge_frame(t.start), edge_frame(t.end)) for t in timings]
    assert all(end - start >= 4 for start, end in frames)
    levels = speech_levels(jfk.mel[:, : jfk.num_frames].numpy())
    assert settle_edges(frames, levels) == frames


def test_probability_is_the_mean_of_what_is_said(noise):
    [plain] = timed(noise, [WordTokens(" a?", (40, 41, 42), (0, 3))])
    [middle] = timed(noise, [WordTokens(" a?", (40, 41, 42), (1, 2))])
    [nothing] = timed(noise, [WordTokens(" a?", (40, 41, 42), (1, 1))])
    [first] = timed(noise, [WordTokens(" a?", (40, 41, 42), (0, 1))])
    [last] = timed(noise, [WordTokens(" a?", (40, 41, 42), (2, 3))])
    assert nothing.probability == middle.probability
    three = first.probability, middle.probability, last.probability
    assert plain.probability == pytest.approx(np.mean(three))


@pytest.mark.parametrize("one", METHODS)
def test_a_batch_equals_its_windows_one_by_one(small, noise, one):
    mels = torch.rand(4, 80, 400, generator=torch.Generator().manual_seed(5)) * 2 - 1
    texts = [words_of(noise, text) for text in (TEXTS[1], "", " Yes.", JFK)]
    num_frames = [400, 400, 120, 333]
    with torch.inference_mode():
        encoded = small.encode(mels)
    options = AlignmentOptions(method=one)
    found = time_texts(small, noise.tokenizer, encoded, texts, num_frames, options)
    assert found[1] == []
    for window in (0, 2, 3):
        alone = timed(
            replace(noise, mel=mels[window]), texts[window], num_frames[window], method=one
        )
        assert moments(found[window]) == moments(alone)
        np.testing.assert_allclose(
            [timing.probability for timing in found[window]],
            [timing.probability for timing in alone],
            atol=1e-5,
        )


def test_without_words_nothing_runs(noise, method, monkeypatch):
    monkeypatch.setattr(type(noise.model.decoder), "hidden", None)
    assert timed(noise, [], method=method) == []
    with torch.inference_mode():
        empty = noise.encoded.select(slice(0, 0))
    assert time_texts(noise.model, noise.tokenizer, empty, [], []) == []


@pytest.mark.parametrize(("texts", "frames"), [([[], []], [400]), ([[]], [400, 400]), ([], [])])
def test_unequal_batches_are_refused(noise, texts, frames):
    sentence = f"1 encoded windows, {len(texts)} texts and {len(frames)} lengths"
    with pytest.raises(ValueError, match=sentence):
        time_texts(noise.model, noise.tokenizer, noise.encoded, texts, frames)


def test_a_text_too_long_for_the_decoder_is_refused(noise, method):
    words = [WordTokens(" a", (40,), (0, 1))] * text_room(noise.model, noise.tokenizer)
    assert len(timed(noise, words, method=method)) == len(words)
    with pytest.raises(ValueError, match=r"129 tokens .* reads 128"):
        timed(noise, [*words, words[0]], method=method)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("num_frames", [0, 1, 2, 3, 5, 9])
def test_hardly_any_audio_gives_times_inside_it(noise, method, num_frames):
    words = words_of(noise, TEXTS[1])
    timings = timed(noise, words, num_frames, method=method)
    assert len(timings) == len(words)
    assert_in_order(timings, max(num_frames, 2) / 100)


def test_a_crowded_window_is_estimated(noise):
    timings = timed(noise, words_of(noise, JFK), 20)
    assert_in_order(timings, 0.2)
    assert all(timing.estimated for timing in timings)
    assert timings[-1].end == 0.195  # where the 20th frame's ten milliseconds end


def with_scores(case, weight):
    """The case with a decoder whose cross-attention gives equal or no scores."""
    model = copy.deepcopy(case.model)
    with torch.no_grad():
        for block in model.decoder.blocks:
            block.cross_attn.query.weight.fill_(weight)
            block.cross_attn.query.bias.fill_(weight)
    return replace(case, model=model)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("weight", [0.0, torch.nan])
def test_equal_scores_and_nan_give_finite_times(noise, method, weight):
    timings = timed(with_scores(noise, weight), words_of(noise, JFK), method=method)
    assert_in_order(timings, 4.0)
    if method == "viterbi":
        assert all(timing.end - timing.start >= 0.04 for timing in timings)
        assert all(timing.estimated for timing in timings)


def test_chosen_heads_count(jfk, method):
    words = words_of(jfk, JFK)
    marked = moments(timed(jfk, words, method=method))
    same = moments(timed(jfk, words, method=method, heads=jfk.model.alignment_pairs))
    others = moments(timed(jfk, words, method=method, heads=((0, 0),)))
    assert same == marked
    assert others != marked


def marked_otherwise(case, **marks):
    """The same case with other heads marked."""
    model = copy.deepcopy(case.model)
    if "alignment" in marks:
        model.mark_alignment_heads(marks["alignment"])
    if "timing" in marks:
        model.mark_timing_heads(*marks["timing"])
    return replace(case, model=model)


def test_alignment_heads_are_those_of_dtw_and_timing_heads_those_of_viterbi(jfk, method):
    words = words_of(jfk, JFK)
    plain = moments(timed(jfk, words, method=method))
    by_alignment = marked_otherwise(jfk, alignment=[(0, 0)])
    by_timing = marked_otherwise(jfk, timing=([(0, 0)], 0.05))
    assert (moments(timed(by_alignment, words, method=method)) != plain) == (method == "dtw")
    assert (moments(timed(by_timing, words, method=method)) != plain) == (method == "viterbi")


def test_the_shift_belongs_to_the_models_own_timing_heads(jfk):
    words = words_of(jfk, JFK)
    heads = jfk.model.timing_pairs
    early, late = (
        timed(marked_otherwise(jfk, timing=(heads, shift)), words) for shift in (-0.06, 0.06)
    )
    # edges beside pauses settle on the sound all the same
    moved = [b.start - a.start for a, b in zip(early, late, strict=True)]
    assert 0.06 <= np.median(moved) <= 0.14
    assert all(change > -0.01 for change in moved)
    asked = timed(marked_otherwise(jfk, timing=(heads, 0.06)), words, heads=heads)
    assert moments(asked) == moments(timed(jfk, words))


def test_each_method_has_its_own_filter_unless_one_is_given(jfk, method):
    words = words_of(jfk, JFK)
    own, other = (1, 7) if method == "viterbi" else (7, 1)
    plain = moments(timed(jfk, words, method=method))
    assert moments(timed(jfk, words, method=method, medfilt_width=own)) == plain
    assert moments(timed(jfk, words, method=method, medfilt_width=other)) != plain


@pytest.mark.parametrize("option", [{"qk_scale": 0.2}, {"medfilt_width": 25}])
def test_scale_and_filter_count_for_every_method(jfk, method, option):
    words = words_of(jfk, JFK)
    plain = moments(timed(jfk, words, method=method))
    assert moments(timed(jfk, words, method=method, **option)) != plain


def test_triton_and_the_cpu_give_the_same_words(noise, kernel_device, method):
    model = copy.deepcopy(noise.model).to(kernel_device)
    with torch.inference_mode():
        encoded = model.encode(noise.mel[None].to(kernel_device))
    words = words_of(noise, TEXTS[1])
    by_triton, by_cpu = (
        time_texts(
            model,
            noise.tokenizer,
            encoded,
            [words],
            [120],
            AlignmentOptions(method=method, kernels=kernels, medfilt_width=3),
        )
        for kernels in ("triton", "cpu")
    )
    assert by_triton == by_cpu
