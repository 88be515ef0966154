"""A model's cross-attention heads: measured on recordings, the best chosen, the choice kept."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from subalign.alignment.teacher_forcing import heads_for
from subalign.errors import InputError, ModelError, OutputExistsError, UsageError
from subalign.heads.data import HeadData
from subalign.heads.maps import HeadMaps, HeardText
from subalign.heads.scores import (
    HeadScore,
    consensus,
    measure_heads,
    rate_heads,
)
from subalign.heads.search import HeadSearch, search_heads, set_error
from subalign.heads.windows import HeadWindow, head_windows
from subalign.kernels.dispatch import check_kernels
from subalign.model import TimingHeads, Whisper, save_checkpoint, where
from subalign.model.checkpoints.subalign_folder import save_heads
from subalign.model.config import CONFIG, FORMAT, read_json
from subalign.model.registry import canonical_name
from subalign.options import AlignmentMethod, AlignmentOptions, AudioOptions

__all__ = [
    "FoundHeads",
    "HeadReport",
    "check_head_folder",
    "find_best_heads",
    "save_best_heads",
    "score_heads",
]

# of a large model only this many heads, the best by themselves, are tried together
MOST_CANDIDATES = 24

log = logging.getLogger("subalign")


@dataclass(frozen=True, slots=True)
class HeadReport:
    """Every head of a model measured by itself, the best first.

    With `timed` they are measured against true times, and `together` is the mean absolute error
    in seconds of what `method` makes of the heads `marked` for it: by viterbi the timing heads with
    their `shift`, by dtw the alignment heads. `words` and `seconds` say how much was heard.
    """

    model: str
    n_layers: int
    n_heads: int
    marked: tuple[tuple[int, int], ...]
    shift: float
    method: AlignmentMethod
    timed: bool
    words: int
    seconds: float
    heads: tuple[HeadScore, ...]
    together: float | None


@dataclass(frozen=True, slots=True)
class FoundHeads:
    """The heads from which `method` times words best on `recordings` recordings.

    With `timed` errors are against true times, else against what all heads give together
    (`alignment.head_scores.consensus`).
    """

    model: str
    n_layers: int
    n_heads: int
    search: HeadSearch
    method: AlignmentMethod
    timed: bool
    recordings: int
    words: int
    seconds: float


def score_heads(
    model: Whisper,
    data: HeadData,
    *,
    language: str | None = None,
    audio: AudioOptions = AudioOptions(),
    options: AlignmentOptions = AlignmentOptions(),
    on_window: Callable[[int, int], None] | None = None,
) -> HeadReport:
    """Measure every cross-attention head by itself on one recording.

    That is by the path through its attention, whatever the method: it counts for the marked heads
    together.

    `on_window` is called with the windows heard so far and their number.

    Raises:
        InputError: the recording or its words cannot be used.
        UsageError: the options do not fit the model.
    """
    _check(options, model)
    alone = replace(options, method="dtw")
    windows = head_windows(model, data, language=language, audio=audio)
    timed = data.reference.timed
    _check_truth([window for window in windows if window.text.timed], timed, data)
    marked: list[HeadMaps] = []
    heard = _keep(_hear(model, windows, alone, on_window), model, windows, options, marked)
    heads: tuple[HeadScore, ...]
    heads = measure_heads(heard, alone) if timed else rate_heads(heard, alone)
    timing = heads_for(model, options)
    everything = range(len(timing.pairs))
    return HeadReport(
        model=model.name,
        n_layers=model.dims.n_text_layer,
        n_heads=model.dims.n_text_head,
        marked=timing.pairs,
        shift=timing.shift,
        method=options.method,
        timed=timed,
        words=_count_words(windows),
        seconds=_seconds(windows),
        heads=heads,
        together=set_error(marked, everything, kernels=options.kernels, shift=timing.shift)
        if timed
        else None,
    )


def find_best_heads(
    model: Whisper,
    data: Sequence[HeadData],
    *,
    most: int = 10,
    language: str | None = None,
    audio: AudioOptions = AudioOptions(),
    options: AlignmentOptions = AlignmentOptions(),
    on_window: Callable[[int, int], None] | None = None,
) -> FoundHeads:
    """Choose the heads, `most` at most, from which the method times words best.

    See `search_heads`. The method is viterbi or dtw; the others choose their heads themselves.

    Where some of the recordings have true times, the others are left out with a warning.
    `on_window` is called with the windows heard so far and their number.

    Raises:
        InputError: a recording or its words cannot be used, or there is none.
        UsageError: the options do not fit the model.
    """
    if not data:
        raise InputError("There is no recording to measure heads on: name files or a folder.")
    if most < 1:
        raise UsageError(f"`most` must be at least 1, not {most}.")
    _check(options, model)
    chosen = _of_one_kind(data)
    timed = chosen[0].reference.timed
    windows = [
        window
        for item in chosen
        for window in head_windows(model, item, language=language, audio=audio)
    ]
    _check_truth([window for window in windows if window.text.timed], timed, chosen[0])
    maps = list(_candidate_maps(model, windows, timed, options, on_window))
    marked = heads_for(model, options)
    search = search_heads(
        maps, marked.pairs, shift=marked.shift, most=most, kernels=options.kernels
    )
    return FoundHeads(
        model=model.name,
        n_layers=model.dims.n_text_layer,
        n_heads=model.dims.n_text_head,
        search=search,
        method=options.method,
        timed=timed,
        recordings=len(chosen),
        words=_count_words(windows),
        seconds=_seconds(windows),
    )


def check_head_folder(model_name: str, folder: Path, *, overwrite: bool = False) -> None:
    """Raise `OutputExistsError` where `save_best_heads` would replace what must stay."""
    own = _own_folder(model_name)
    if own is not None and folder.resolve() == own.resolve():
        return
    there = folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))
    if there and not overwrite:
        raise OutputExistsError(
            f"{folder} is there already: choose another folder, or add `overwrite` to replace the "
            "checkpoint in it."
        )


def save_best_heads(
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
    if own is not None and method == "dtw":
        save_heads(own, folder, alignment=heads.pairs)
    elif own is not None:
        save_heads(own, folder, timing=heads)
    else:
        with _marked(model, heads, method):
            save_checkpoint(model, folder)


@contextmanager
def _marked(model: Whisper, heads: TimingHeads, method: AlignmentMethod) -> Iterator[None]:
    """The model with other heads, as long as the context lasts."""
    alignment, timing = model.alignment_pairs, (model.timing_pairs, model.timing_shift)
    try:
        if method == "dtw":
            model.mark_alignment_heads(heads.pairs)
        else:
            model.mark_timing_heads(heads.pairs, heads.shift)
        yield
    finally:
        model.mark_alignment_heads(alignment)
        model.mark_timing_heads(*timing)


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


def _check(options: AlignmentOptions, model: Whisper) -> None:
    if options.method not in ("viterbi", "dtw"):
        raise UsageError(
            f"`method={options.method}` chooses its heads for each text: measure them by viterbi "
            "or dtw."
        )
    check_kernels(options.kernels, model.device)


def _of_one_kind(data: Sequence[HeadData]) -> list[HeadData]:
    timed = [item for item in data if item.reference.timed]
    if timed and len(timed) < len(data):
        log.warning(
            "%d of %d recordings have no true word times, so heads are chosen on the others.",
            len(data) - len(timed),
            len(data),
        )
    return timed or list(data)


def _check_truth(with_truth: Sequence[HeadWindow], timed: bool, data: HeadData) -> None:
    if timed and not with_truth:
        raise InputError(
            f"All word times of {data.reference.path} are estimated: give true ones, or the text "
            "alone."
        )


def _candidate_maps(
    model: Whisper,
    windows: Sequence[HeadWindow],
    timed: bool,
    options: AlignmentOptions,
    on_window: Callable[[int, int], None] | None,
) -> Iterator[HeadMaps]:
    """The maps of all heads, or of the best, in every window; text alone gets the heads' spans.

    With more heads than `MOST_CANDIDATES` every window is heard twice, as the maps of all heads
    of a large model take 400 MB a window.
    """
    n_heads = model.dims.n_text_layer * model.dims.n_text_head
    if n_heads <= MOST_CANDIDATES:
        for heard in _hear(model, windows, options, on_window):
            yield _with_spans(heard, timed, options).maps(options).halved()
        return
    spans = []

    def first_pass() -> Iterator[HeardText]:
        for heard in _hear(model, windows, options, on_window):
            with_spans = _with_spans(heard, timed, options)
            spans.append(with_spans.text)
            yield with_spans

    alone = replace(options, method="dtw")
    best = measure_heads(first_pass(), alone)[:MOST_CANDIDATES]
    candidates = {(head.layer, head.head) for head in best}
    candidates.update(heads_for(model, options).pairs)
    for window, text in zip(windows, spans, strict=True):
        heard = window.hear(model, sorted(candidates), pauses=_hears_pauses(options))
        yield replace(heard, text=text).maps(options).halved()


def _with_spans(heard: HeardText, timed: bool, options: AlignmentOptions) -> HeardText:
    if timed:
        return heard
    return replace(heard, text=replace(heard.text, spans=consensus(heard, options)))


def _hear(
    model: Whisper,
    windows: Sequence[HeadWindow],
    options: AlignmentOptions,
    on_window: Callable[[int, int], None] | None,
) -> Iterator[HeardText]:
    for done, window in enumerate(windows, start=1):
        yield window.hear(model, pauses=_hears_pauses(options))
        if on_window is not None:
            on_window(done, len(windows))


def _hears_pauses(options: AlignmentOptions) -> bool:
    return options.method != "viterbi"  # which times words without long ones


def _keep(
    heard: Iterable[HeardText],
    model: Whisper,
    windows: Sequence[HeadWindow],
    options: AlignmentOptions,
    kept: list[HeadMaps],
) -> Iterator[HeardText]:
    """What is heard, as it comes; what the marked heads give by the method is added to `kept`."""
    heads = heads_for(model, options).pairs
    for window, whole in zip(windows, heard, strict=True):
        pauses = _hears_pauses(options)
        marked = whole.select(heads) if pauses else window.hear(model, heads, pauses=False)
        kept.append(marked.maps(options))
        yield whole


def _count_words(windows: Iterable[HeadWindow]) -> int:
    return sum(len(window.text.words) for window in windows)


def _seconds(windows: Iterable[HeadWindow]) -> float:
    return sum(window.length for window in windows) / 100
