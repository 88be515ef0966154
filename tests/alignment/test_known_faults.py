"""openai-whisper's faults in timing words, one by one: it has them, and ours has not.

Two more are tested beside what they concern. The same path on every backend, ties included:
tests/kernels/test_triton_dtw.py. Any error of Triton's leads to the CPU: test_dispatch.py there.
"""

import copy
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
import scipy.ndimage
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from whisper.timing import WordTiming as PeerTiming
from whisper.timing import find_alignment, merge_punctuations
from whisper.timing import median_filter as peer_median_filter

from subalign.alignment import AttentionTimer, WordTiming, WordTokens, time_texts
from subalign.alignment.teacher_forcing import attention_matrix
from subalign.alignment.words import merge_punctuation
from subalign.model import Whisper
from subalign.options import AlignmentMethod, AlignmentOptions
from subalign.results import Segment

METHODS = get_args(AlignmentMethod)
TEXT = " Nobody would ever have said anything like this, if asked for so many words"


def by_openai(case, text, num_frames=None):
    return find_alignment(
        case.peer,
        case.peer_tokenizer,
        case.tokenizer.encode(text),
        case.mel,
        case.num_frames if num_frames is None else num_frames,
    )


def by_us(case, text, num_frames=None, **options):
    """The words of one segment, as a transcription gets them."""
    tokens = tuple(case.tokenizer.encode(text))
    segment = Segment(0, 0, 0.0, 4.0, text, tokens, 0.0, -0.5, 1.2, 0.01)
    timer = AttentionTimer(case.model, case.tokenizer, AlignmentOptions(**options))
    [timed] = timer(
        [segment], case.encoded, case.num_frames if num_frames is None else num_frames, 0.0
    )
    return timed.words


def test_the_first_word_does_not_always_start_at_zero(jfk, jfk_mel):
    silence = torch.full((80, 200), jfk_mel.window(0, 1100, 3000).min().item())
    late = replace(
        jfk,
        mel=torch.cat([silence, jfk_mel.window(0, jfk_mel.n_frames, 2800)], dim=1),
        num_frames=jfk_mel.n_frames + 200,
    )
    text = " And so, my fellow Americans: ask not what your country can do for you,"
    assert by_openai(late, text)[0].start == 0.0
    assert by_us(late, text)[0].start == pytest.approx(2.3, abs=0.3)


@pytest.mark.parametrize("method", METHODS)
def test_no_word_is_of_zero_length(noise, method):
    assert any(word.start == word.end for word in by_openai(noise, TEXT))
    words = by_us(noise, TEXT, method=method)
    assert all(word.end - word.start >= 0.02 - 1e-9 for word in words)


def alike(case, weight):
    """The case with a model whose weights all have one value: no token differs from another."""
    model = Whisper(case.model.dims, vocabulary=case.model.vocabulary, multilingual=False)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(weight)
    return replace(case, model=model.eval())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("weight", "num_frames"), [(0.0, 400), (torch.nan, 400), (None, 2), (None, 3)]
)
def test_no_variance_nan_and_one_position_give_times_inside_the_audio(
    noise, method, weight, num_frames
):
    case = noise if weight is None else alike(noise, weight)
    theirs = [(word.start, word.end) for word in by_openai(case, TEXT, num_frames)]
    assert min(start for start, _ in theirs) == pytest.approx(-0.02)
    words = by_us(case, TEXT, num_frames, method=method)
    assert "".join(word.text for word in words) == TEXT
    assert 0 <= words[0].start < words[0].end
    assert all(before.end <= word.start for before, word in pairwise(words))
    assert words[-1].end <= num_frames / 100 + 1e-9


def test_short_audio_is_filtered_too():
    # 3 positions (60 ms) under a median of 7
    spike = torch.tensor([[[0.0, 9.0, 1.0], [5.0, 2.0, 7.0]]])
    assert torch.equal(peer_median_filter(spike, 7), spike)
    plain, three, seven = (
        attention_matrix(spike, qk_scale=1.0, medfilt_width=width) for width in (1, 3, 7)
    )
    assert torch.equal(seven, three)
    expected = scipy.ndimage.median_filter(plain.numpy(), (1, 3), mode="mirror")
    np.testing.assert_allclose(seven, expected, atol=1e-6)
    assert not torch.equal(seven, plain)


@pytest.mark.parametrize("mark", ["\"'", "。,", ")]"])
def test_punctuation_is_no_substring(mark):
    prepended, appended = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"
    theirs = [PeerTiming(word, [1], 0.0, 1.0, 0.5) for word in (" word", mark)]
    merge_punctuations(theirs, prepended, appended)
    assert [word.word for word in theirs] == [f" word{mark}", ""]
    ours = [WordTiming(word, (1,), 0.0, 1.0, 0.5) for word in (" word", mark)]
    assert merge_punctuation(ours, prepended, appended) == ours


class NoFloat64(TorchDispatchMode):
    """Stands for a device without double precision, such as MPS.

    An array of NumPy's stays in main memory: it may be of float64, and what comes of it.
    """

    def __torch_dispatch__(self, operation, _types, arguments=(), named=None):
        found = operation(*arguments, **(named or {}))
        if _any_float64(found) and not _any_float64(arguments):
            raise TypeError("this device has no float64")
        return found


def _any_float64(values):
    return any(
        isinstance(x, torch.Tensor) and x.dtype == torch.float64 for x in tree_leaves(values)
    )


@pytest.mark.parametrize("method", [*METHODS, "openai-whisper"])
def test_the_device_needs_no_float64(noise, method):
    tokens = noise.tokenizer.encode(TEXT)
    theirs = method == "openai-whisper"
    refused = pytest.raises(TypeError, match="no float64") if theirs else nullcontext()
    assert noise.peer is not None  # made before float64 is forbidden
    with refused, NoFloat64(), torch.inference_mode():
        encoded = noise.model.encode(noise.mel[None])
        if theirs:
            by_openai(noise, TEXT)
        else:
            words = [WordTokens(" word", tuple(tokens), (0, len(tokens)))]
            options = AlignmentOptions(method=method, medfilt_width=7)
            time_texts(noise.model, noise.tokenizer, encoded, [words], [400], options)


def test_the_model_stays_as_it_was(noise):
    """Hooks and switches are gone after an error too; openai-whisper leaves its hooks."""
    model = copy.deepcopy(noise.model)
    case = replace(noise, model=model)
    layers = [block.cross_attn for block in (*model.decoder.blocks, *case.peer.decoder.blocks)]
    for decoder in (model.decoder, case.peer.decoder):
        decoder.ln.register_forward_hook(_fail)
    for run in (by_us, by_openai):
        with pytest.raises(MemoryError):
            run(case, TEXT)
    hooks = [len(layer._forward_hooks) for layer in layers]
    assert hooks == [0, 0, 0, 1, 1, 1]


def _fail(*_arguments):
    raise MemoryError
