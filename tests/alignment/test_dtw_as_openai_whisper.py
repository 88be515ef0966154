"""Words of known text in a batch of windows: openai-whisper's, window by window."""

import copy
from dataclasses import astuple, replace

import numpy as np
import pytest
import torch
from whisper.timing import find_alignment

from subalign.alignment import WordTiming, time_texts
from subalign.alignment.words import split_words
from subalign.errors import UsageError
from subalign.model import ModelDimensions, Whisper
from subalign.model.whisper import sinusoids
from subalign.options import AlignmentOptions

JFK = (
    " And so, my fellow Americans: ask not what your country can do for you,"
    " ask what you can do for your country."
)
TEXTS = [JFK, ' Nobody said anything like this (or "that")!', " Yes.", "word", " 你好, καλημέρα"]


def align_windows(model, tokenizer, encoded, texts, num_frames, options=AlignmentOptions()):
    """The words that the tokenizer splits each text into, by method dtw."""
    words = [split_words(tokenizer, tokens) for tokens in texts]
    options = replace(options, method="dtw")
    return time_texts(model, tokenizer, encoded, words, num_frames, options)


def by_openai(case, text, num_frames, **options):
    timings = find_alignment(
        case.peer, case.peer_tokenizer, list(text), case.mel, num_frames, **options
    )
    return [WordTiming(t.word, tuple(t.tokens), t.start, t.end, t.probability) for t in timings]


def assert_equal(found, expected):
    assert [(w.word, w.tokens) for w in found] == [(w.word, w.tokens) for w in expected]
    assert [(w.start, w.end) for w in found] == [(w.start, w.end) for w in expected]
    np.testing.assert_allclose(
        [w.probability for w in found], [w.probability for w in expected], rtol=0, atol=1e-5
    )


@pytest.fixture(params=["jfk", "noise"])
def case(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("text", TEXTS)
def test_equals_openai(case, text):
    tokens = case.tokenizer.encode(text)
    [words] = align_windows(case.model, case.tokenizer, case.encoded, [tokens], [case.num_frames])
    assert_equal(words, by_openai(case, tokens, case.num_frames))
    assert "".join(word.word for word in words) == text


@pytest.mark.parametrize("num_frames", [9, 10, 33, 155, 400])
def test_equals_openai_on_parts_of_a_window(case, num_frames):
    tokens = case.tokenizer.encode(TEXTS[1])
    [words] = align_windows(case.model, case.tokenizer, case.encoded, [tokens], [num_frames])
    assert_equal(words, by_openai(case, tokens, num_frames))
    assert all(0 <= word.start <= word.end <= num_frames / 100 for word in words)


@pytest.mark.parametrize(("qk_scale", "medfilt_width"), [(0.5, 3), (2.0, 1), (1.0, 13)])
def test_equals_openai_with_other_options(case, qk_scale, medfilt_width):
    tokens = case.tokenizer.encode(JFK)
    options = AlignmentOptions(qk_scale=qk_scale, medfilt_width=medfilt_width)
    [words] = align_windows(
        case.model, case.tokenizer, case.encoded, [tokens], [case.num_frames], options
    )
    expected = by_openai(
        case, tokens, case.num_frames, qk_scale=qk_scale, medfilt_width=medfilt_width
    )
    assert_equal(words, expected)


@pytest.mark.parametrize("text", ["日本語の文、です。", " Äpfel (und Birnen): „schön“, ja?"])
def test_equals_openai_in_other_languages(foreign, text):
    tokens = foreign.tokenizer.encode(text)
    assert len(foreign.tokenizer.sot_sequence) == 3
    [words] = align_windows(foreign.model, foreign.tokenizer, foreign.encoded, [tokens], [400])
    assert_equal(words, by_openai(foreign, tokens, 400))
    assert "".join(word.word for word in words) == text


def test_a_batch_equals_its_windows_one_by_one(small, noise):
    generator = torch.Generator().manual_seed(5)
    mels = torch.rand(4, 80, 400, generator=generator) * 2 - 1
    texts = [noise.tokenizer.encode(text) for text in (TEXTS[1], "", " Yes.", JFK)]
    num_frames = [400, 400, 120, 333]
    with torch.inference_mode():
        encoded = small.encode(mels)
    passes = []
    count = small.decoder.ln.register_forward_hook(lambda _m, inputs, _o: passes.append(inputs))
    found = align_windows(small, noise.tokenizer, encoded, texts, num_frames)
    count.remove()
    # the window without text is not read
    assert sum(states.shape[0] for (states,) in passes) == 3
    assert found[1] == []
    for window in (0, 2, 3):
        alone = replace(noise, mel=mels[window])
        expected = by_openai(alone, texts[window], num_frames[window])
        assert_equal(found[window], expected)


def test_triton_and_the_cpu_give_the_same_words(small, noise, kernel_device, monkeypatch):
    from subalign.kernels import dtw_triton, median_triton

    launches = []
    for module, name in ((dtw_triton, "dtw_batch"), (median_triton, "median_filter")):
        kernel = getattr(module, name)

        def counted(*arguments, name=name, kernel=kernel):
            launches.append(name)
            return kernel(*arguments)

        monkeypatch.setattr(module, name, counted)
    model = copy.deepcopy(small).to(kernel_device)
    mels = torch.rand(3, 80, 400, generator=torch.Generator().manual_seed(6)) * 2 - 1
    texts = [noise.tokenizer.encode(text) for text in (TEXTS[1], " Yes.", JFK)]
    with torch.inference_mode():
        encoded = model.encode(mels.to(kernel_device))
    by_triton, by_cpu = (
        align_windows(
            model,
            noise.tokenizer,
            encoded,
            texts,
            [400, 90, 333],
            AlignmentOptions(kernels=kernels),
        )
        for kernels in ("triton", "cpu")
    )
    assert by_triton == by_cpu
    assert len(by_triton[2]) > 20
    # a launch for the medians of each window, one for all paths
    assert launches == ["median_filter"] * 3 + ["dtw_batch"]


def test_triton_without_a_gpu_is_an_error(noise, monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    pytest.importorskip("triton")
    with pytest.raises(UsageError, match="`kernels=triton` needs a CUDA device"):
        align_windows(
            noise.model,
            noise.tokenizer,
            noise.encoded,
            [[40]],
            [400],
            AlignmentOptions(kernels="triton"),
        )


def test_without_text_the_decoder_does_not_run(jfk):
    assert align_windows(jfk.model, jfk.tokenizer, jfk.encoded, [[]], [100]) == [[]]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("num_frames", [0, 1, 2, 3])
def test_hardly_any_audio_gives_times_inside_it(case, num_frames):
    tokens = case.tokenizer.encode(TEXTS[1])
    [words] = align_windows(case.model, case.tokenizer, case.encoded, [tokens], [num_frames])
    assert "".join(word.word for word in words) == TEXTS[1]
    assert {(word.start, word.end) for word in words} == {(0.0, 0.0)}
    assert all(0 <= word.probability <= 1 for word in words)


def silent_model(small, value):
    """A model whose every weight has one value, so that all scores are alike."""
    model = Whisper(small.dims, vocabulary=small.vocabulary, multilingual=False)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(value)
    model.encoder.positional_embedding = sinusoids(small.dims.n_audio_ctx, 64)
    return model.eval()


@pytest.mark.parametrize("weight", [0.0, torch.nan])
def test_equal_scores_and_nan_give_finite_times(small, noise, weight):
    model = silent_model(small, weight)
    tokens = noise.tokenizer.encode(JFK)
    with torch.inference_mode():
        encoded = model.encode(noise.mel[None])
    [words] = align_windows(model, noise.tokenizer, encoded, [tokens], [400])
    assert len(words) == len(JFK.split()) + 4  # marks
    assert all(0 <= word.start <= word.end <= 4 for word in words)
    assert all(0 <= word.probability <= 1 for word in words)


def test_seconds_come_from_the_dimensions(embedded, noise):
    dims = ModelDimensions(80, 37, 64, 4, 1, 2632, 64, 64, 4, 2)
    torch.manual_seed(0)
    model = Whisper(dims, vocabulary=noise.model.vocabulary, multilingual=False).eval()
    tokens = noise.tokenizer.encode(TEXTS[1])
    with torch.inference_mode():
        encoded = model.encode(torch.rand(1, 80, 74))
    [words] = align_windows(model, noise.tokenizer, encoded, [tokens], [74])
    times = [round(word.end / 0.02, 6) for word in words]
    assert all(time == int(time) and 0 <= time < 37 for time in times)


def test_half_precision_weights_give_nearly_the_same_times(jfk):
    half = Whisper(jfk.model.dims, vocabulary=jfk.model.vocabulary, multilingual=False)
    half.load_state_dict(jfk.model.state_dict())
    half.mark_alignment_heads(jfk.model.alignment_pairs)
    half = half.to(torch.bfloat16).eval()
    tokens = jfk.tokenizer.encode(JFK)
    with torch.inference_mode():
        encoded = half.encode(jfk.mel[None])
    [rough] = align_windows(half, jfk.tokenizer, encoded, [tokens], [jfk.num_frames])
    [exact] = align_windows(jfk.model, jfk.tokenizer, jfk.encoded, [tokens], [jfk.num_frames])
    errors = [abs(a.start - b.start) for a, b in zip(rough, exact, strict=True)]
    assert np.median(errors) <= 0.04


def test_a_text_too_long_for_the_decoder_is_refused(noise):
    fits = [40] * (noise.model.dims.n_text_ctx - 3)
    [words] = align_windows(noise.model, noise.tokenizer, noise.encoded, [fits], [400])
    assert sum(len(word.tokens) for word in words) == len(fits)
    with pytest.raises(ValueError, match=r"129 tokens with its start and end.* reads 128"):
        align_windows(noise.model, noise.tokenizer, noise.encoded, [[*fits, 40]], [400])


def test_unequal_batches_are_refused(noise):
    with pytest.raises(ValueError, match="1 encoded windows, 2 texts and 1 lengths"):
        align_windows(noise.model, noise.tokenizer, noise.encoded, [[40], [41]], [400])


def test_timings_are_immutable(noise):
    [[word, *_]] = align_windows(noise.model, noise.tokenizer, noise.encoded, [[40]], [400])
    assert astuple(word)[1] == (40,)
    with pytest.raises(AttributeError):
        word.start = 1.0
