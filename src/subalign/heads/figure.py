"""A picture of attention under the waveform, drawn with matplotlib, which is an extra.

Figures are made without pyplot, so that no window is opened and no global state is touched.
"""

import errno
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from subalign.errors import OutputError, OutputExistsError, UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AttentionPicture", "DrawnWord", "check_plot_file", "draw_attention", "write_figure"]

FORMATS = ("png", "svg", "pdf")

# Light to dark, and told apart by lightness alone; path and truth are Okabe and Ito's vermillion
# and bluish green.
_MAP = "Blues"
_PATH, _TRUTH, _EDGE, _WAVE = "#d55e00", "#009e73", "#5f6b7a", "#5f6b7a"

_WIDTH = 12.0  # inches, as all lengths here
_WAVE_HEIGHT = 1.1
_WORD_HEIGHT = 0.165
_LEAST_HEIGHT = 2.2


@dataclass(frozen=True, slots=True)
class DrawnWord:
    """A word, its range of tokens with punctuation (first, end), and its times in seconds."""

    text: str
    tokens: tuple[int, int]
    start: float
    end: float
    truth: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class AttentionPicture:
    """What is drawn. All times are seconds of the recording.

    `samples` are those of the stretch (16 kHz), which begins at `start`; `matrix` is (tokens,
    positions), `starts` (tokens + 1,) where the path enters each token and where it ends.
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
        """Where the stretch ends."""
        n_positions: int = self.matrix.shape[1]
        return self.start + n_positions * self.seconds


def check_plot_file(path: Path, *, overwrite: bool) -> None:
    """See that a picture can be drawn to this path before any work is done.

    Raises:
        UsageError: the ending is no format, or matplotlib is not installed.
        OutputExistsError: the file is there and may not be replaced.
    """
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise UsageError(f"-o {path} does not say what to draw: end it with .png, .svg or .pdf.")
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "Drawing needs matplotlib, which is not installed: pip install 'subalign[plot]'."
        ) from error
    if path.exists() and not overwrite:
        raise OutputExistsError(f"{path} is there already: add `overwrite` to replace it.")


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


def write_figure(figure: "Figure", path: Path) -> None:
    """Write a figure in the format of the path's ending, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    kind = path.suffix.lower().removeprefix(".")
    # the same picture gives the same bytes
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    try:
        figure.savefig(partial, format=kind, dpi=144, metadata=undated)
        partial.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        if error.errno == errno.ENOSPC:
            reason = "the disk is full"
        raise OutputError(f"{path} cannot be written ({reason}): give another -o.") from error
    finally:
        with suppress(OSError):
            partial.unlink()


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
    rows = np.repeat((edges[:-1] + edges[1:]) / 2, 2)
    axes.plot(path_times, rows, color=_PATH, linewidth=1.0, label="path")
    for index, word in enumerate(picture.words):
        _draw_box(axes, word.start, word.end, index, _EDGE, "word")
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


def _draw_box(axes: "Axes", start: float, end: float, row: int, colour: str, label: str) -> None:
    axes.plot(
        [start, end, end, start, start],
        [row, row, row + 1, row + 1, row],
        color=colour,
        linewidth=0.6,
        label=label,
    )


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


def words_on_path(
    texts: Sequence[str],
    token_counts: Sequence[int],
    spans: NDArray[np.float64],
    truth: NDArray[np.float64],
) -> tuple[DrawnWord, ...]:
    """Words with their tokens, times and true times; the latter (words, 2), NaN where unknown."""
    words, first = [], 0
    for text, count, span, true in zip(texts, token_counts, spans, truth, strict=True):
        known = (float(true[0]), float(true[1])) if np.isfinite(true).all() else None
        words.append(
            DrawnWord(text.strip(), (first, first + count), float(span[0]), float(span[1]), known)
        )
        first += count
    return tuple(words)
