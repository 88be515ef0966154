"""`subalign heads find`: greedy forward selection of the heads that time words best together."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from subalign.alignment.methods import heads_for, method_for
from subalign.errors import InputError, ModelError, OutputExistsError, UsageError
from subalign.heads.attention import (
    Head,
    HeadMaps,
    HeadScores,
    WindowText,
    mean_error,
    signed_errors,
)
from subalign.heads.data import Recording
from subalign.heads.score import consensus, score_by_times
from subalign.heads.windows import (
    THRESHOLDS,
    HeadWindow,
    OnWindow,
    check_truth,
    recording_windows,
    total_size,
)
from subalign.kernels.dispatch import check_kernels
from subalign.model import TimingHeads, Whisper, save_checkpoint, where
from subalign.model.checkpoints.subalign_folder import save_heads
from subalign.model.config import CONFIG, FORMAT, read_json
from subalign.model.registry import canonical_name
from subalign.options import AlignmentMethod, AlignmentOptions, AudioOptions

__all__ = [
    "FoundHeads",
    "HeadSearch",
    "HeadSet",
    "check_head_folder",
    "find_heads",
    "save_found_heads",
    "search_heads",
]

log = logging.getLogger("subalign")


@dataclass(frozen=True, slots=True)
class HeadSet:
    """Heads in the order they were chosen in, their shift and their error together (seconds)."""

    heads: tuple[Head, ...]
    error: float
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class HeadSearch:
    """What a search found: the marked heads, the best set, and the steps to it, head by head."""

    marked: HeadSet
    best: HeadSet
    steps: tuple[HeadSet, ...]


@dataclass(frozen=True, slots=True)
class FoundHeads:
    """The heads from which `method` times words best on `recordings` recordings.

    The model has `layers` with `heads` each. With `timed` errors are against true times, else
    against what all heads give together (`score.consensus`).
    """

    model: str
    layers: int
    heads: int
    search: HeadSearch
    method: AlignmentMethod
    timed: bool
    recordings: int
    words: int
    seconds: float


def find_heads(
    model: Whisper,
    recordings: Sequence[Recording],
    *,
    most: int = 10,
    language: str | None = None,
    audio: AudioOptions = AudioOptions(),
    options: AlignmentOptions = AlignmentOptions(),
    on_window: OnWindow | None = None,
) -> FoundHeads:
    """Choose the heads, `most` at most, from which the method times words best: `search_heads`.

    Where some of the recordings have true times, the others are left out with a warning.

    Raises:
        InputError: a recording or its words cannot be used, or there is none.
        UsageError: the options do not fit the model.
    """
    if not recordings:
        raise InputError("There is no recording to measure heads on: name files or a folder.")
    if most < 1:
        raise UsageError(f"`most` must be at least 1, not {most}.")
    check_kernels(options.kernels, model.device)
    chosen = _of_one_kind(recordings)
    windows = [
        window
        for recording in chosen
        for window in recording_windows(model, recording, language=language, audio=audio)
    ]
    timed = chosen[0].reference.timed
    check_truth(windows, chosen[0].reference)
    marked = heads_for(model, options)
    maps = _candidate_maps(model, windows, marked.pairs, options, on_window, timed=timed)
    words, seconds = total_size(windows)
    return FoundHeads(
        model=model.name,
        layers=model.dims.n_text_layer,
        heads=model.dims.n_text_head,
        search=search_heads(maps, marked.pairs, shift=marked.shift, most=most),
        method=options.method,
        timed=timed,
        recordings=len(chosen),
        words=words,
        seconds=seconds,
    )


def _of_one_kind(recordings: Sequence[Recording]) -> list[Recording]:
    timed = [recording for recording in recordings if recording.reference.timed]
    if timed and len(timed) < len(recordings):
        log.warning(
            "%d of %d recordings have no true word times, so heads are chosen on the others.",
            len(recordings) - len(timed),
            len(recordings),
        )
    return timed or list(recordings)


def _candidate_maps(
    model: Whisper,
    windows: Sequence[HeadWindow],
    marked: Iterable[Head],
    options: AlignmentOptions,
    on_window: OnWindow | None,
    *,
    timed: bool,
) -> list[HeadMaps]:
    """The maps of all heads, or of the best, in every window; text alone gets the heads' spans.

    With more heads than `THRESHOLDS.candidates` the decoder reads every window twice, as the maps
    of all heads of a large model take 400 MB a window.
    """
    cut_pauses = method_for(options).uses_sound
    texts: list[WindowText] = []

    def captured() -> Iterator[HeadScores]:
        for done, window in enumerate(windows, start=1):
            scores = window.scores(model, cut_pauses=cut_pauses)
            if not timed:
                spans = consensus(scores, options)
                scores = replace(scores, text=replace(scores.text, spans=spans))
            texts.append(scores.text)
            yield scores
            if on_window is not None:
                on_window(done, len(windows))

    if model.dims.n_text_layer * model.dims.n_text_head <= THRESHOLDS.candidates:
        return [scores.maps(options).halved() for scores in captured()]
    best = score_by_times(captured(), replace(options, method="dtw"))[: THRESHOLDS.candidates]
    candidates = {*marked, *((head.layer, head.head) for head in best)}
    again = (window.scores(model, sorted(candidates), cut_pauses=cut_pauses) for window in windows)
    return [
        replace(scores, text=text).maps(options).halved()
        for scores, text in zip(again, texts, strict=True)
    ]


def search_heads(
    windows: Sequence[HeadMaps],
    marked: Iterable[Head],
    *,
    shift: float = 0.0,
    most: int = 10,
) -> HeadSearch:
    """Add the head that helps most, up to `most` heads; then take the best set met on the way.

    Of sets that are equal but for the tolerance, the smallest is taken. The search is made from no
    head and from the `marked` ones, so that the result is never worse than those with their
    `shift`. `windows` hold the maps of the same heads, the marked ones among them. By a method
    that uses the sound, every set is measured with the shift that takes out its median error.

    Raises:
        ValueError: there is no window, or a marked head has no map.
    """
    if not windows:
        raise ValueError("heads cannot be searched for without a window")
    heads = windows[0].heads
    start = [heads.index(head) for head in sorted(set(marked))]
    own = mean_error(windows, start, shift=shift)
    before = HeadSet(tuple(heads[index] for index in start), own, shift)
    known = {frozenset(start): min(_fit_shift(windows, start), (own, shift))}

    def measured(indices: Sequence[int]) -> HeadSet:
        chosen = frozenset(indices)
        if chosen not in known:
            known[chosen] = _fit_shift(windows, list(chosen))
        return HeadSet(tuple(heads[index] for index in indices), *known[chosen])

    paths: list[list[HeadSet]] = []
    for first in ([], start):
        chosen, steps = list(first), [measured(first)] if first else []
        while len(chosen) < min(most, len(heads)):
            rest = [index for index in range(len(heads)) if index not in chosen]
            tried = {index: measured([*chosen, index]) for index in rest}
            best = min(rest, key=lambda index: tried[index].error)
            chosen.append(best)
            steps.append(tried[best])
        paths.append(steps)
    candidates = [found for steps in paths for found in steps if found.error <= before.error]
    limit = min((found.error for found in candidates), default=before.error) + THRESHOLDS.tolerance
    good = [found for found in candidates if found.error <= limit]
    best_set = min(good, key=lambda found: (len(found.heads), found.error), default=before)
    steps = next((path for path in paths if best_set in path), [before])
    return HeadSearch(before, best_set, tuple(steps[: steps.index(best_set) + 1]))


def _fit_shift(windows: Sequence[HeadMaps], indices: Sequence[int]) -> tuple[float, float]:
    """The least error of these heads, and the shift that gives it (seconds)."""
    signed = signed_errors(windows, indices)
    unshifted = float(np.nanmean(np.abs(signed))), 0.0
    if not method_for(windows[0].options).uses_sound or not np.isfinite(signed).any():
        return unshifted
    shift = round(float(np.clip(-np.nanmedian(signed), -THRESHOLDS.shift, THRESHOLDS.shift)), 2)
    if not shift:
        return unshifted
    return min(unshifted, (mean_error(windows, indices, shift=shift), shift))


def check_head_folder(model_name: str, folder: Path, *, overwrite: bool = False) -> None:
    """Raise `OutputExistsError` where `save_found_heads` would replace what must stay."""
    own = _own_folder(model_name)
    if own is not None and folder.resolve() == own.resolve():
        return
    there = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    if there and not overwrite:
        raise OutputExistsError(
            f"{folder} is there already: choose another folder, or add `overwrite` to replace the "
            "checkpoint in it."
        )


def save_found_heads(
    model: Whisper,
    model_name: str,
    heads: TimingHeads,
    folder: Path,
    *,
    method: AlignmentMethod = "viterbi",
    overwrite: bool = False,
) -> None:
    """Write the model with these heads as a checkpoint folder of our form.

    They become its timing heads; of method dtw its alignment heads, and the shift is nothing then.
    `model_name` is what the model was loaded by. Where that is a folder of our form, weights,
    vocabulary and everything else in its config are kept as they are, and the folder itself may be
    named: then its config alone is replaced. All is written whole or not at all.

    Raises:
        OutputExistsError: the folder is there; with `overwrite` that holds for folders with
            something other than a checkpoint of our form.
        OutputError: the folder cannot be written.
    """
    check_head_folder(model_name, folder, overwrite=overwrite)
    own = _own_folder(model_name)
    alignment, timing = (heads.pairs, None) if method == "dtw" else (None, heads)
    if own is None:
        save_checkpoint(model, folder, alignment=alignment, timing=timing)
    else:
        save_heads(own, folder, alignment=alignment, timing=timing)


def _own_folder(model_name: str) -> Path | None:
    """The folder that a model of our form was read from."""
    local = Path(model_name)
    try:
        named = canonical_name(model_name) is not None or not local.is_dir()
        folder = where(model_name) if named else local
        ours = read_json(folder / CONFIG).get("format") == FORMAT
    except ModelError:
        return None
    return folder if ours else None
