"""A recording to a transcript: audio → mel → transcription with word times."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.boundaries import refine_segments
from subalign.alignment.methods import AttentionTimer, method_for
from subalign.alignment.teacher_forcing import check_heads
from subalign.audio import SAMPLE_RATE, open_audio, silence_invalid_samples
from subalign.errors import InputError, UsageError
from subalign.kernels.dispatch import check_kernels
from subalign.mel import LogMel, log_mel
from subalign.model import Whisper, load_model
from subalign.options import AlignmentOptions, AudioOptions, TranscriptionOptions
from subalign.pipeline.default_model import resolve_model
from subalign.results import Segment, Transcript
from subalign.transcription import Transcription
from subalign.version import __version__

__all__ = [
    "AudioSource",
    "OnAudio",
    "check_alignment",
    "read_mel",
    "transcribe",
    "transcribe_stream",
    "warm_up_alignment",
]

# a path or address, "-" for standard input, an open binary file, or samples (mono, 16 kHz)
AudioSource = str | os.PathLike[str] | BinaryIO | NDArray[np.floating]

# called while audio is read with the seconds so far and the declared duration, where one is known
OnAudio = Callable[[float, float | None], None]

_BLOCK = 30 * SAMPLE_RATE


def transcribe(
    source: AudioSource,
    *,
    model: Whisper | str | None = None,
    options: TranscriptionOptions = TranscriptionOptions(),
    audio: AudioOptions = AudioOptions(),
    alignment: AlignmentOptions = AlignmentOptions(),
) -> Transcript:
    """Transcribe a recording with timed words.

    Args:
        source: a path, an http(s) address, "-" for standard input, an open binary file, or mono
            samples at 16 kHz as a float array (n_samples,).
        model: a loaded model, or what `load_model` takes; None means the one of
            `choose_model`, fetched if need be.
        options: how the recording is transcribed.
        audio: which track is read.
        alignment: how words are timed.

    Raises:
        InputError: the recording cannot be used.
        ModelError: the model is not available.
        UsageError: the options do not fit the model.
    """
    stream = transcribe_stream(
        source, model=model, options=options, audio=audio, alignment=alignment
    )
    return stream.transcript()


def transcribe_stream(
    source: AudioSource,
    *,
    model: Whisper | str | None = None,
    options: TranscriptionOptions = TranscriptionOptions(),
    audio: AudioOptions = AudioOptions(),
    alignment: AlignmentOptions = AlignmentOptions(),
    on_audio: OnAudio | None = None,
) -> Transcription:
    """As `transcribe`, but gives an iterator of segments, each as soon as it is final."""
    if isinstance(model, Whisper):
        loaded = model
    else:
        loaded = load_model(resolve_model(model, "transcribe", language=options.language))
    if options.word_timestamps:
        check_alignment(loaded, alignment)
    mel = read_mel(source, n_mels=loaded.dims.n_mels, audio=audio, on_audio=on_audio)
    if options.word_timestamps:
        warm_up_alignment(loaded, alignment)

    def refine(segments: Sequence[Segment], first: float, last: float) -> Sequence[Segment]:
        return refine_segments(mel, segments, first=first, last=last)

    return Transcription(
        loaded,
        mel,
        options,
        lambda tokenizer: AttentionTimer(loaded, tokenizer, alignment),
        words_move_windows=method_for(alignment).words_move_windows,
        refine=refine if method_for(alignment).uses_sound else None,
        version=__version__,
    )


def check_alignment(model: Whisper, options: AlignmentOptions) -> None:
    """Raise `UsageError` where a model's words cannot be timed so, before they have to be."""
    check_kernels(options.kernels, model.device)
    check_heads(model, options.heads)


def warm_up_alignment(model: Whisper, options: AlignmentOptions) -> None:
    """Begin to compile what times the words.

    Importing numba takes longer than encoding a window, so a thread does it beside that.
    """
    warm_up = method_for(options).warm_up
    threading.Thread(target=warm_up, args=(model.device,), daemon=True).start()


def read_mel(
    source: AudioSource,
    *,
    n_mels: int,
    audio: AudioOptions = AudioOptions(),
    on_audio: OnAudio | None = None,
) -> LogMel:
    """The log-mel of a whole recording; samples are read in blocks and not kept.

    Raises:
        InputError: the recording cannot be read, or holds no sound.
    """
    if isinstance(source, np.ndarray):
        return log_mel(_blocks(source), n_mels=n_mels)
    with open_audio(source, options=audio) as stream:
        return log_mel(_report(stream, stream.declared_duration, on_audio), n_mels=n_mels)


def _blocks(samples: NDArray[np.floating]) -> Iterator[NDArray[np.float32]]:
    if samples.ndim != 1:
        raise UsageError(f"Samples must be one mono row, not an array of shape {samples.shape}.")
    if not samples.size:
        raise InputError("The recording holds no samples.")
    for start in range(0, len(samples), _BLOCK):
        block = samples[start : start + _BLOCK].astype(np.float32)
        silence_invalid_samples(block)
        yield block


def _report(
    blocks: Iterable[NDArray[np.float32]], declared: float | None, on_audio: OnAudio | None
) -> Iterator[NDArray[np.float32]]:
    samples = 0
    for block in blocks:
        samples += len(block)
        if on_audio is not None:
            on_audio(samples / SAMPLE_RATE, declared)
        yield block
