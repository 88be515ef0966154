"""From a recording to a picture of how heads follow its words."""

import logging
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.dtw import token_positions
from subalign.alignment.teacher_forcing import check_heads
from subalign.audio import SAMPLE_RATE, open_audio
from subalign.errors import InputError, UsageError
from subalign.heads.data import Reference
from subalign.heads.figure import (
    AttentionPicture,
    check_plot_file,
    draw_attention,
    words_on_path,
    write_figure,
)
from subalign.heads.maps import BY_PATH
from subalign.heads.windows import (
    HeadWindow,
    language_tokenizer,
    script_window,
    words_window,
)
from subalign.kernels.dispatch import check_kernels
from subalign.mel import FRAMES_PER_SECOND, HOP_LENGTH, LogMel, log_mel
from subalign.model import Whisper
from subalign.options import AlignmentOptions, AudioOptions, Clip, TranscriptionOptions
from subalign.pipeline.transcribe_recording import AudioSource
from subalign.results import Line, Script
from subalign.transcription import Transcription

__all__ = ["check_plot_file", "plot_attention"]

log = logging.getLogger("subalign")


def plot_attention(
    model: Whisper,
    source: AudioSource,
    path: Path,
    *,
    reference: Reference | None = None,
    stretch: Clip = Clip(0.0),
    heads: tuple[tuple[int, int], ...] | None = None,
    language: str | None = None,
    audio: AudioOptions = AudioOptions(),
    options: AlignmentOptions = BY_PATH,
) -> None:
    """Draw the attention of some heads, or the alignment heads, with the path and the words.

    The stretch is at most one window; without an end it is the window from its start. Without a
    `reference` it is transcribed; of one with times its words in the stretch are taken, any other
    holds what is said in the stretch. The picture's format is the path's ending.

    Raises:
        InputError: the recording or its words cannot be used.
        UsageError: the stretch is too long, a head or language is unknown, matplotlib is missing.
        OutputError: the picture cannot be written.
    """
    check_plot_file(path, overwrite=True)
    check_kernels(options.kernels, model.device)
    check_heads(model, heads or ())
    longest = model.dims.window_seconds
    if stretch.end is not None and stretch.end - stretch.start > longest:
        raise UsageError(
            f"`start` and `end` are {stretch.end - stretch.start:g} s apart, but the model hears "
            f"{longest:g} s at once: choose a shorter stretch."
        )
    mel, samples = _read(model, source, stretch, audio)
    window = _window(model, mel, stretch, reference, language)
    heard = window.hear(model, heads or model.alignment_pairs)
    matrix = heard.maps(options).maps.mean(dim=0)  # (tokens + 1, positions)
    begin = window.start / FRAMES_PER_SECOND
    positions = token_positions(matrix, options.kernels).astype(np.float64)
    starts = np.asarray(begin + positions * heard.seconds, dtype=np.float64)
    text = window.text
    words = words_on_path(
        [word.text for word in text.words],
        [len(word.tokens) for word in text.words],
        starts[text.ranges],
        begin + text.spans,
    )
    noun = "head" if len(heard.heads) == 1 else "heads"
    chosen = ", ".join(f"{layer}:{head}" for layer, head in heard.heads)
    picture = AttentionPicture(
        title=f"{model.name}, {noun} {chosen}",
        start=begin,
        seconds=heard.seconds,
        samples=samples[: window.length * HOP_LENGTH],
        matrix=matrix[:-1].cpu().numpy(),
        starts=starts,
        words=words,
    )
    write_figure(draw_attention(picture), path)


def _read(
    model: Whisper, source: AudioSource, stretch: Clip, audio: AudioOptions
) -> tuple[LogMel, NDArray[np.float32]]:
    """The recording's mel, and the samples of at most a window from the stretch's start."""
    first = round(stretch.start * FRAMES_PER_SECOND) * HOP_LENGTH
    end = first + model.dims.window_frames * HOP_LENGTH
    kept: list[NDArray[np.float32]] = []

    def keep(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        at = 0
        for block in blocks:
            kept.append(block[max(0, first - at) : max(0, end - at)].copy())
            at += len(block)
            yield block

    if isinstance(source, np.ndarray):
        mel = log_mel(keep([source.astype(np.float32)]), n_mels=model.dims.n_mels)
    else:
        with open_audio(source, options=audio) as stream:
            mel = log_mel(keep(stream), n_mels=model.dims.n_mels)
    if mel.n_frames <= first // HOP_LENGTH:
        raise InputError(
            f"The recording ends at {mel.n_samples / SAMPLE_RATE:.1f} s, before `start` "
            f"{stretch.start:g}: choose an earlier stretch."
        )
    return mel, np.concatenate(kept)


def _window(
    model: Whisper,
    mel: LogMel,
    stretch: Clip,
    reference: Reference | None,
    language: str | None,
) -> HeadWindow:
    start = round(stretch.start * FRAMES_PER_SECOND)
    wanted = math.inf if stretch.end is None else round(stretch.end * FRAMES_PER_SECOND) - start
    length = max(1, int(min(wanted, mel.n_frames - start, model.dims.window_frames)))
    if stretch.end is None and mel.n_frames - start > length:
        log.warning(
            "Only %g s from %g s on are drawn, as the model hears no more at once: choose others "
            "with `start` and `end`.",
            model.dims.window_seconds,
            stretch.start,
        )
    stated = reference.language if reference is not None else None
    tokenizer = language_tokenizer(model, mel, language or stated, start=start)
    if reference is not None and reference.script is None:
        return words_window(model, mel, tokenizer, reference, start, length)
    if reference is not None and reference.script is not None:
        script, label = reference.script, reference.path
    else:
        script = _transcribed(model, mel, start, length, tokenizer.language)
        label = "What the model hears"
    return script_window(model, mel, tokenizer, script, start, length, label=label)


def _transcribed(
    model: Whisper, mel: LogMel, start: int, length: int, language: str | None
) -> Script:
    clip = Clip(start / FRAMES_PER_SECOND, (start + length) / FRAMES_PER_SECOND)
    options = TranscriptionOptions(language=language, clips=(clip,), word_timestamps=False)
    segments = list(Transcription(model, mel, options))
    text = "".join(segment.text for segment in segments).strip()
    if not text:
        raise InputError(
            f"No speech was found from {clip.start:g} s to {clip.end:g} s: choose another stretch "
            "or give its text."
        )
    return Script((Line(text, ((0, len(text)),)),))
