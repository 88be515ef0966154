"""`subalign heads score`: how well each cross-attention head follows the speech by itself.

Where true times are known, a head is measured by the words that dynamic time warping through its
own attention gives: other methods ask more than the attention, and would hide a bad head. Where
they are not, by three properties that heads which follow the speech share: they go through it in
order, look at one place at a time, and agree with each other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from subalign.alignment.dtw import token_positions
from subalign.alignment.methods import heads_for, method_for
from subalign.heads.attention import (
    BY_DTW,
    Head,
    HeadMaps,
    HeadScores,
    WindowText,
    mean_error,
    word_spans,
)
from subalign.heads.data import Recording
from subalign.heads.windows import (
    THRESHOLDS,
    OnWindow,
    check_truth,
    recording_windows,
    total_size,
)
from subalign.kernels.dispatch import check_kernels
from subalign.model import Whisper
from subalign.options import AlignmentMethod, AlignmentOptions, AudioOptions

__all__ = [
    "HeadAccuracy",
    "HeadReport",
    "HeadScore",
    "ReferenceFreeScore",
    "consensus",
    "monotonicity",
    "score_by_times",
    "score_heads",
    "score_without_times",
    "share_inside",
    "sharpness",
]


@dataclass(frozen=True, slots=True)
class HeadAccuracy:
    """A head against true times; all but shares are in seconds.

    `error` is the mean of the absolute errors of starts and ends, `start` and `end` those of each,
    `bias` the mean signed error of starts (below 0: early), `near` the share of starts within
    `THRESHOLDS.near`, `inside` the share of the words' attention that lies between their true start
    and end.
    """

    layer: int
    head: int
    error: float
    start: float
    end: float
    bias: float
    near: float
    inside: float


@dataclass(frozen=True, slots=True)
class ReferenceFreeScore:
    """A head where only the text is known: three properties between 0 and 1, and `score`.

    `score` is their geometric mean.
    """

    layer: int
    head: int
    score: float
    monotonicity: float
    sharpness: float
    agreement: float


HeadScore: TypeAlias = HeadAccuracy | ReferenceFreeScore


@dataclass(frozen=True, slots=True)
class HeadReport:
    """Every head of a model, of `layers` with `heads` each, measured by itself: the best first.

    With `timed` they are measured against true times, and `marked_error` is the mean absolute error
    in seconds of what `method` makes of the heads `marked` for it: by viterbi the timing heads with
    their `shift`, by dtw the alignment heads. `words` and `seconds` say on how much.
    """

    model: str
    layers: int
    heads: int
    marked: tuple[Head, ...]
    shift: float
    method: AlignmentMethod
    timed: bool
    words: int
    seconds: float
    marked_error: float | None
    by_head: tuple[HeadScore, ...]


def score_heads(
    model: Whisper,
    recording: Recording,
    *,
    language: str | None = None,
    audio: AudioOptions = AudioOptions(),
    options: AlignmentOptions = AlignmentOptions(),
    on_window: OnWindow | None = None,
) -> HeadReport:
    """Measure every cross-attention head by itself on one recording.

    That is by the path through its attention, whatever the method: it counts for the marked heads
    together.

    Raises:
        InputError: the recording or its words cannot be used.
        UsageError: the options do not fit the model.
    """
    check_kernels(options.kernels, model.device)
    windows = recording_windows(model, recording, language=language, audio=audio)
    timed = recording.reference.timed
    check_truth(windows, recording.reference)
    marked = heads_for(model, options)
    together: list[HeadMaps] = []

    def captured() -> Iterator[HeadScores]:
        for done, window in enumerate(windows, start=1):
            scores = window.scores(model)
            if timed:
                own = (
                    window.scores(model, marked.pairs, cut_pauses=True)
                    if method_for(options).uses_sound
                    else scores.select(marked.pairs)
                )
                together.append(own.maps(options))
            yield scores
            if on_window is not None:
                on_window(done, len(windows))

    score = score_by_times if timed else score_without_times
    by_head = score(captured(), replace(options, method="dtw"))
    every = range(len(marked.pairs))
    words, seconds = total_size(windows)
    return HeadReport(
        model=model.name,
        layers=model.dims.n_text_layer,
        heads=model.dims.n_text_head,
        marked=marked.pairs,
        shift=marked.shift,
        method=options.method,
        timed=timed,
        words=words,
        seconds=seconds,
        marked_error=mean_error(together, every, shift=marked.shift) if timed else None,
        by_head=by_head,
    )


def score_by_times(
    windows: Iterable[HeadScores], options: AlignmentOptions = BY_DTW
) -> tuple[HeadAccuracy, ...]:
    """Every head against the true times of all windows, the best head first.

    The windows are those of one model with the same heads, and are used one after another.
    """
    heads: tuple[Head, ...] = ()
    errors: list[NDArray[np.float64]] = []
    inside: list[NDArray[np.float64]] = []
    for window in windows:
        heads = window.heads
        maps = window.maps(options)
        alone = word_spans(list(maps.maps), [maps] * len(heads))
        errors.append(np.stack([maps.errors(spans) for spans in alone]))
        inside.append(share_inside(window.weights(options.qk_scale), window.text, window.seconds))
    if not errors:
        return ()
    signed = np.concatenate(errors, axis=1)  # (heads, words, 2)
    shares = np.concatenate(inside, axis=1)  # (heads, words)
    measured = map(_accuracy, heads, signed, shares)
    return tuple(sorted(measured, key=lambda head: head.error))


def _accuracy(head: Head, signed: NDArray[np.float64], shares: NDArray[np.float64]) -> HeadAccuracy:
    absolute = np.abs(signed)
    starts = absolute[:, 0][np.isfinite(absolute[:, 0])]
    return HeadAccuracy(
        *head,
        error=float(np.nanmean(absolute)),
        start=float(np.nanmean(absolute[:, 0])) if starts.size else np.nan,
        end=float(np.nanmean(absolute[:, 1])),
        bias=float(np.nanmean(signed[:, 0])) if starts.size else np.nan,
        near=float((starts <= THRESHOLDS.near).mean()) if starts.size else np.nan,
        inside=float(np.nanmean(shares)),
    )


def share_inside(weights: Tensor, text: WindowText, seconds: float) -> NDArray[np.float64]:
    """The share (heads, words) of each word's attention that lies within its true time.

    `weights` (heads, text tokens, positions) sum to 1 over the positions, each of which counts as
    far as it lies within. A word's share is the mean of its spoken tokens'; NaN without truth.
    """
    n_heads, _, n_positions = weights.shape
    edges = np.arange(n_positions + 1) * seconds
    shares = np.full((n_heads, len(text.words)), np.nan)
    for index, ((first, end), span) in enumerate(zip(text.ranges, text.spans, strict=True)):
        if np.isfinite(span).all():
            overlap = np.minimum(edges[1:], span[1]) - np.maximum(edges[:-1], span[0])
            within = torch.from_numpy(np.clip(overlap / seconds, 0, 1)).to(weights)
            # (heads, tokens, positions) @ (positions,)
            shares[:, index] = (weights[:, first:end] @ within).mean(dim=1).cpu().numpy()
    return shares


def score_without_times(
    windows: Iterable[HeadScores], options: AlignmentOptions = BY_DTW
) -> tuple[ReferenceFreeScore, ...]:
    """Every head by the text alone, the best first; the properties are means over the tokens.

    `agreement` is the share of tokens that begin near where the `consensus` of the other heads
    puts them. It is 1 where there is no other head.
    """
    heads: tuple[Head, ...] = ()
    properties: list[NDArray[np.float64]] = []
    lengths: list[int] = []
    for window in windows:
        heads = window.heads
        weights = window.weights(options.qk_scale)
        ordered, sharp = monotonicity(weights), sharpness(weights)
        agreed = _agreement(window, _trust(ordered, sharp), options)
        properties.append(np.stack([ordered, sharp, agreed], axis=1))  # (heads, 3)
        lengths.append(weights.shape[1])
    if not properties:
        return ()
    means = np.average(np.stack(properties), axis=0, weights=lengths)  # (heads, 3)
    scores = (
        ReferenceFreeScore(*head, float(np.cbrt(row.prod())), *map(float, row))
        for head, row in zip(heads, means, strict=True)
    )
    return tuple(sorted(scores, key=lambda head: -head.score))


def consensus(window: HeadScores, options: AlignmentOptions = BY_DTW) -> NDArray[np.float64]:
    """The words' spans (words, 2) in seconds that all heads of a window give together.

    They are what the method makes of the weighted mean of the heads' maps. A head weighs its
    monotonicity times its sharpness, and nothing below half the greatest weight: most heads of a
    large model do not follow the speech. Unlike the sharpest head, the mean of several is hardly
    biased.
    """
    weights = window.weights(options.qk_scale)
    trust = _trust(monotonicity(weights), sharpness(weights))
    maps = window.maps(options)
    # (heads,) and (heads, tokens or words, positions) to (tokens or words, positions)
    share = torch.from_numpy(trust / trust.sum()).to(maps.maps)
    [spans] = word_spans([torch.tensordot(share, maps.maps, dims=1)], [maps])
    return spans


def _trust(ordered: NDArray[np.float64], sharp: NDArray[np.float64]) -> NDArray[np.float64]:
    trust = ordered * sharp
    trust[trust < trust.max() / 2] = 0.0
    return trust if trust.any() else np.ones_like(trust)


def monotonicity(weights: Tensor) -> NDArray[np.float64]:
    """Kendall's tau-a of the tokens' order and the positions they attend to most, (heads,).

    `weights` is (heads, tokens, positions). 1 where every token attends to a later place than all
    before it, 0 for a head that looks at one place or goes backwards (Kendall 1938, where that is
    below 0).
    """
    peaks = weights.argmax(dim=-1).cpu().numpy()  # (heads, tokens)
    n_tokens = peaks.shape[1]
    if n_tokens < 2:
        return np.ones(peaks.shape[0])
    earlier, later = np.triu_indices(n_tokens, k=1)
    concordant = np.sign(peaks[:, later] - peaks[:, earlier]).sum(axis=1)
    return np.asarray(np.maximum(concordant / earlier.size, 0.0), dtype=np.float64)


def sharpness(weights: Tensor) -> NDArray[np.float64]:
    """How narrow the attention is, (heads,): 1 - H / log(positions), H each token's entropy.

    1 where each token attends to one position, 0 where it attends to all alike.
    """
    n_positions = weights.shape[-1]
    if n_positions < 2:
        return np.ones(weights.shape[0])
    entropy = torch.special.entr(weights.double()).sum(dim=-1).mean(dim=-1)
    narrow: NDArray[np.float64] = (1 - entropy / np.log(n_positions)).clamp(0, 1).cpu().numpy()
    return narrow


def _agreement(
    window: HeadScores, trust: NDArray[np.float64], options: AlignmentOptions
) -> NDArray[np.float64]:
    """The share of tokens on which each head agrees with the others, (heads,)."""
    maps = window.maps(options).maps
    if len(maps) < 2:
        return np.ones(len(maps))
    trusted = maps * torch.from_numpy(trust).to(maps)[:, None, None]
    others = trusted.sum(dim=0) - trusted  # (heads, tokens, positions)
    own = np.stack(token_positions(list(maps), options.kernels))
    shared = np.stack(token_positions(list(others), options.kernels))
    near = np.abs(own - shared)[:, :-1] * window.seconds <= THRESHOLDS.near
    return np.asarray(near.sum(axis=1) / near.shape[1], dtype=np.float64)
