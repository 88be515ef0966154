"""`subalign heads plot`: a picture of how the attention of heads follows the words of a recording.

The waveform stands above the attention, the path through it and the words. It is drawn with
matplotlib, which is an extra, without pyplot, so that no global state is touched.
"""

import errno
import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.dtw import token_positions
from subalign.alignment.teacher_forcing import check_heads
from subalign.atomic_files import whole_file
from subalign.audio import SAMPLE_RATE, open_audio
from subalign.errors import InputError, OutputError, OutputExistsError, UsageError
from subalign.heads.attention import BY_DTW, Head
from subalign.heads.data import Reference
from subalign.heads.windows import HeadWindow, language_tokenizer, window_at
from subalign.kernels.dispatch import check_kernels
from subalign.mel import FRAMES_PER_SECOND, HOP_LENGTH, LogMel, log_mel
from subalign.model import Whisper
from subalign.options import AlignmentOptions, AudioOptions, Clip, TranscriptionOptions
from subalign.transcription import Transcription

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AttentionPicture", "DrawnWord", "check_plot_file", "draw_attention", "plot_attention"]

_FORMATS = (".png", ".svg", ".pdf")

# Light to dark, and told apart by lightness alone; path and truth are Okabe and Ito's vermillion
# and bluish green.
_MAP = "Blues"
_PATH, _TRUTH, _EDGE, _WAVE = "#d55e00", "#009e73", "#5f6b7a", "#5f6b7a"

_WIDTH = 12.0  # inches, as all lengths here
_WAVE_HEIGHT = 1.1
_WORD_HEIGHT = 0.165
_LEAST_HEIGHT = 2.2

log = logging.getLogger("subalign")


@dataclass(frozen=True, slots=True)
class DrawnWord:
    """A word, its range of tokens with punctuation (first, end), and its times in seconds.

    `truth` is its true time where that is known.
    """

    text: str
    tokens: tuple[int, int]
    start: float
    end: float
    truth: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class AttentionPicture:
    """What is drawn. All times are seconds of the recording.

    `samples` are those from `start` on (16 kHz); `matrix` is (tokens, positions of `seconds` each),
    `starts` (tokens + 1,) where the path enters each token and where it ends.
    """

    title: str
    start: float
    seconds: float
    samples: NDArray[np.float32]
    matrix: NDArray[np.float32]
    starts: NDArray[np.float64]
    words: tuple[DrawnWord, ...]

    @property
    def end(self) -> float:
        """Where the picture ends."""
        n_positions: int = self.matrix.shape[1]
        return self.start + n_positions * self.seconds


def check_plot_file(target: Path, *, overwrite: bool) -> None:
    """See that a picture can be drawn to this file before any work is done.

    Raises:
        UsageError: the ending is no format, or matplotlib is not installed.
        OutputExistsError: the file is there and may not be replaced.
    """
    if target.suffix.lower() not in _FORMATS:
        raise UsageError(
            f"`target` {target} does not say what to draw: end it with .png, .svg or .pdf."
        )
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "Drawing needs matplotlib, which is not installed: pip install 'subalign[plot]'."
        ) from error
    if target.exists() and not overwrite:
        raise OutputExistsError(f"{target} is there already: add `overwrite` to replace it.")


def plot_attention(
    model: Whisper,
    source: str,
    target: Path,
    *,
    reference: Reference | None = None,
    clip: Clip = Clip(0.0),
    heads: tuple[Head, ...] | None = None,
    language: str | None = None,
    audio: AudioOptions = AudioOptions(),
    options: AlignmentOptions = BY_DTW,
    overwrite: bool = True,
) -> None:
    """Draw the attention of some heads, or the alignment heads, with the path and the words.

    The clip is at most one window; without an end it is the window from its start. Without a
    `reference` it is transcribed; of one with times its words in the clip are taken, any other
    holds what is spoken in the clip. The picture's format is the target's ending.

    Raises:
        InputError: the recording or its words cannot be used.
        UsageError: the clip is too long, a head or language is unknown, matplotlib is missing.
        OutputError: the picture cannot be written.
    """
    check_plot_file(target, overwrite=overwrite)
    check_kernels(options.kernels, model.device)
    check_heads(model, heads or ())
    longest = model.dims.window_seconds
    if clip.end is not None and clip.end - clip.start > longest:
        raise UsageError(
            f"`start` and `end` are {clip.end - clip.start:g} s apart, but the model hears "
            f"{longest:g} s at once: choose a shorter stretch."
        )
    mel, samples = _read(model, source, clip, audio)
    window = _window(model, mel, clip, reference, language)
    picture = _picture(model, window, samples, heads or model.alignment_pairs, options)
    _write(draw_attention(picture), target, overwrite=overwrite)


def _read(
    model: Whisper, source: str, clip: Clip, audio: AudioOptions
) -> tuple[LogMel, NDArray[np.float32]]:
    """The recording's mel, and the samples of at most a window from the clip's start."""
    first = round(clip.start * FRAMES_PER_SECOND) * HOP_LENGTH
    end = first + model.dims.window_frames * HOP_LENGTH
    kept: list[NDArray[np.float32]] = []

    def keep(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        at = 0
        for block in blocks:
            kept.append(block[max(0, first - at) : max(0, end - at)].copy())
            at += len(block)
            yield block

    with open_audio(source, options=audio) as stream:
        mel = log_mel(keep(stream), n_mels=model.dims.n_mels)
    if mel.n_frames <= first // HOP_LENGTH:
        raise InputError(
            f"The recording ends at {mel.n_samples / SAMPLE_RATE:.1f} s, before `start` "
            f"{clip.start:g}: choose an earlier stretch."
        )
    return mel, np.concatenate(kept)


def _window(
    model: Whisper, mel: LogMel, clip: Clip, reference: Reference | None, language: str | None
) -> HeadWindow:
    start = round(clip.start * FRAMES_PER_SECOND)
    wanted = math.inf if clip.end is None else round(clip.end * FRAMES_PER_SECOND) - start
    length = max(1, int(min(wanted, mel.n_frames - start, model.dims.window_frames)))
    if clip.end is None and mel.n_frames - start > length:
        log.warning(
            "Only %g s from %g s on are drawn, as the model hears no more at once: choose others "
            "with `start` and `end`.",
            model.dims.window_seconds,
            clip.start,
        )
    stated = reference.language if reference is not None else None
    tokenizer = language_tokenizer(model, mel, language or stated, start=start, end=start + length)
    if reference is None:
        part = Clip(start / FRAMES_PER_SECOND, (start + length) / FRAMES_PER_SECOND)
        reference = _transcribed(model, mel, part, tokenizer.language)
    return window_at(model, mel, tokenizer, reference, start, length)


def _transcribed(model: Whisper, mel: LogMel, clip: Clip, language: str | None) -> Reference:
    options = TranscriptionOptions(language=language, clips=(clip,), word_timestamps=False)
    text = "".join(segment.text for segment in Transcription(model, mel, options)).strip()
    if not text:
        raise InputError(
            f"No speech was found from {clip.start:g} s to {clip.end:g} s: choose another stretch "
            "or give its text."
        )
    return Reference.of_text(text, "What the model hears")


def _picture(
    model: Whisper,
    window: HeadWindow,
    samples: NDArray[np.float32],
    heads: tuple[Head, ...],
    options: AlignmentOptions,
) -> AttentionPicture:
    scores = window.scores(model, heads)
    matrix = scores.maps(options).maps.mean(dim=0)  # (tokens + 1, positions)
    begin = window.start / FRAMES_PER_SECOND
    [positions] = token_positions([matrix], options.kernels)
    starts = np.asarray(begin + positions * scores.seconds, dtype=np.float64)
    words, first = [], 0
    truth = begin + window.text.spans
    for word, (start, end), true in zip(
        window.text.words, starts[window.text.ranges].tolist(), truth.tolist(), strict=True
    ):
        tokens = first, first + len(word.tokens)
        known = None if math.isnan(sum(true)) else (true[0], true[1])
        words.append(DrawnWord(word.text.strip(), tokens, start, end, known))
        first = tokens[1]
    noun = "head" if len(scores.heads) == 1 else "heads"
    chosen = ", ".join(f"{layer}:{head}" for layer, head in scores.heads)
    return AttentionPicture(
        title=f"{model.name}, {noun} {chosen}",
        start=begin,
        seconds=scores.seconds,
        samples=samples[: window.length * HOP_LENGTH],
        matrix=matrix[:-1].cpu().numpy(),
        starts=starts,
        words=tuple(words),
    )


def _write(figure: "Figure", target: Path, *, overwrite: bool) -> None:
    kind = target.suffix.lower().removeprefix(".")
    # without the time of drawing
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    try:
        with whole_file(target, overwrite=overwrite) as part:
            figure.savefig(part, format=kind, dpi=144, metadata=undated)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        reason = "the disk is full" if full else (error.strerror or str(error)).lower()
        raise OutputError(
            f"{target} cannot be written ({reason}): give another `target`."
        ) from error


def draw_attention(picture: AttentionPicture) -> "Figure":
    """The figure: the waveform, and under it the attention with the path and the words."""
    from matplotlib.figure import Figure

    height = max(_LEAST_HEIGHT, _WORD_HEIGHT * len(picture.words))
    figure = Figure(figsize=(_WIDTH, height + _WAVE_HEIGHT + 0.9), layout="constrained")
    wave, attention = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": (_WAVE_HEIGHT, height)}
    )
    wave.set_title(picture.title, loc="left", fontsize=10, parse_math=False)
    _draw_wave(wave, picture)
    _draw_matrix(attention, picture)
    for axes in (wave, attention):
        axes.set_xlim(picture.start, picture.end)
        axes.tick_params(labelsize=8, length=2)
        for side in axes.spines.values():
            side.set_linewidth(0.5)
    wave.tick_params(axis="x", labelbottom=True)
    return figure


def _draw_wave(axes: "Axes", picture: AttentionPicture) -> None:
    low, high = _envelope(picture.samples, columns=2400)
    times = np.linspace(picture.start, picture.end, len(low))
    axes.fill_between(times, low, high, color=_WAVE, linewidth=0.3)
    for index, word in enumerate(picture.words):
        axes.axvspan(word.start, word.end, color=_PATH, alpha=(0.10, 0.22)[index % 2], linewidth=0)
    loudest = max(float(np.abs([low, high]).max()), 1e-3)
    axes.set_ylim(-1.05 * loudest, 1.05 * loudest)
    axes.set_yticks([])


def _envelope(
    samples: NDArray[np.float32], columns: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The lowest and highest sample in each of as many pieces as can be told apart."""
    if not samples.size:
        return np.zeros(2, np.float32), np.zeros(2, np.float32)
    pieces = np.array_split(samples, min(columns, len(samples)))
    return np.array([piece.min() for piece in pieces]), np.array([piece.max() for piece in pieces])


def _draw_matrix(axes: "Axes", picture: AttentionPicture) -> None:
    edges = _token_edges(picture)
    times = picture.start + picture.seconds * np.arange(picture.matrix.shape[1] + 1)
    brightest = float(np.quantile(picture.matrix, 0.998))
    # rasterised: half a million cells would make a vector file of 100 MB
    axes.pcolormesh(
        *(times, edges, picture.matrix),
        cmap=_MAP,
        vmin=0.0,
        vmax=max(brightest, 1e-6),
        rasterized=True,
    )
    path_times = np.repeat(picture.starts, 2)[1:-1]
    path_rows = np.repeat((edges[:-1] + edges[1:]) / 2, 2)
    axes.plot(path_times, path_rows, color=_PATH, linewidth=1.0, label="path")
    for index, word in enumerate(picture.words):
        sides = [word.start, word.end, word.end, word.start, word.start]
        rows = [index, index, index + 1, index + 1, index]
        axes.plot(sides, rows, color=_EDGE, linewidth=0.6, label="word")
        _draw_label(axes, word, index, picture)
        if word.truth is not None:
            axes.hlines(*(index + 1, *word.truth), color=_TRUTH, linewidth=1.6, label="true time")
    axes.set_ylim(len(picture.words), 0)
    axes.set_yticks(
        np.arange(len(picture.words)) + 0.5,
        labels=[word.text for word in picture.words],
        fontsize=8,
        parse_math=False,
    )
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("seconds", fontsize=8)
    named = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(named.values(), named.keys(), loc="lower left", fontsize=8, framealpha=0.9)


def _draw_label(axes: "Axes", word: DrawnWord, row: int, picture: AttentionPicture) -> None:
    """The word beside its box, as the margin is far from most of them."""
    from matplotlib.patheffects import withStroke

    end = float(picture.starts[word.tokens[1]])
    right = end < picture.start + 0.85 * (picture.end - picture.start)
    axes.annotate(
        word.text,
        (end if right else word.start, row + 0.5),
        xytext=(4 if right else -4, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        fontsize=6.5,
        color=_EDGE,
        parse_math=False,
        path_effects=[withStroke(linewidth=1.5, foreground="white")],
    )


def _token_edges(picture: AttentionPicture) -> NDArray[np.float64]:
    """Where each token's row begins, and the last ends: every word is 1 high, its tokens share."""
    edges: list[float] = [0.0]
    for index, word in enumerate(picture.words):
        count = word.tokens[1] - word.tokens[0]
        edges += [index + (part + 1) / count for part in range(count)]
    return np.array(edges)
