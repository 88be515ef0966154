"""Given text to word times: ours, openai-whisper's and stable-ts's, all on the same weights."""

import io
import sys
import warnings
from collections.abc import Sequence
from contextlib import redirect_stderr
from types import ModuleType

import numpy as np
import torch
import whisper
import whisper.timing

from subalign.alignment.guarantees import keep_order
from subalign.alignment.script_words import script_words
from subalign.alignment.windows import time_texts
from subalign.decoding import tokenizer_of
from subalign.mel import log_mel
from subalign.model import Whisper
from subalign.options import APPEND_PUNCTUATIONS, PREPEND_PUNCTUATIONS, AlignmentOptions
from subalign.results import Word
from subalign.script import Line
from truth import Clip
from whisper_peer import peer_of, peer_tokenizer
from word_pieces import Found, Piece, by_match, by_word

__all__ = ["openai_whisper", "ours", "stable_ts", "stable_ts_pieces", "stable_whisper_module"]

_BATCH = 12


def ours(
    model: Whisper, clips: Sequence[Clip], options: AlignmentOptions
) -> list[list[Found | None]]:
    """Subalign's times of clips that fit into one window, in batches."""
    tokenizer = tokenizer_of(model, "en" if model.multilingual else None)
    width = model.dims.window_frames
    found: list[list[Found | None]] = []
    for first in range(0, len(clips), _BATCH):
        batch = clips[first : first + _BATCH]
        mels = [log_mel([clip.samples], n_mels=model.dims.n_mels) for clip in batch]
        lengths = [min(mel.n_frames, width) for mel in mels]
        windows = [m.window(0, length, width) for m, length in zip(mels, lengths, strict=True)]
        lines = [Line(clip.text, ((0, len(clip.text)),)) for clip in batch]
        texts = [[word.encoded for word in script_words(line, tokenizer)] for line in lines]
        encoded = model.encode(torch.stack(windows))
        timed = time_texts(model, tokenizer, encoded, texts, lengths, options)
        for clip, timings in zip(batch, timed, strict=True):
            words = [Word(t.word, t.start, t.end, t.probability, t.estimated) for t in timings]
            final = keep_order(words, 0.0, clip.seconds)
            pieces = [Piece(w.text, w.start, w.end, w.estimated) for w in final]
            found.append(by_word(clip.words, pieces))
    return found


def openai_whisper(model: Whisper, clips: Sequence[Clip]) -> list[list[Found | None]]:
    """openai-whisper's word times, with the punctuation merged as its `transcribe` does."""
    peer = peer_of(model)
    tokenizer = _peer_tokenizer(model)
    found = []
    for clip in clips:
        mel = whisper.log_mel_spectrogram(clip.samples, model.dims.n_mels)
        n_frames = mel.shape[-1]
        timed = whisper.timing.find_alignment(
            peer,
            tokenizer,
            tokenizer.encode(f" {clip.text}"),
            whisper.pad_or_trim(mel, whisper.audio.N_FRAMES),
            n_frames,
        )
        whisper.timing.merge_punctuations(timed, PREPEND_PUNCTUATIONS, APPEND_PUNCTUATIONS)
        pieces = [Piece(word.word, word.start, word.end) for word in timed]
        found.append(by_word(clip.words, pieces))
    return found


def _peer_tokenizer(model: Whisper) -> whisper.tokenizer.Tokenizer:
    assert model.vocabulary is not None
    told = ("en", "transcribe") if model.multilingual else (None, None)
    return peer_tokenizer(model.vocabulary, model.num_languages, *told)


def stable_ts(model: Whisper, clips: Sequence[Clip]) -> list[list[Found | None]]:
    """stable-ts's `align`."""
    found = []
    for clip in clips:
        pieces = stable_ts_pieces(model, clip.samples, clip.text)
        found.append(by_match(clip.words, pieces))  # it now and then doubles a word
    return found


def stable_ts_pieces(model: Whisper, samples: np.ndarray, text: str) -> list[Piece]:
    """The words that stable-ts's `align` times, in a recording of any length, by its defaults."""
    align = stable_whisper_module().alignment.align
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):  # its progress bars
        warnings.simplefilter("ignore")  # of words that it could not align
        tokenizer = _peer_tokenizer(model)
        result = align(peer_of(model), samples, text, tokenizer=tokenizer, verbose=None)
    words = result.all_words() if result is not None else []
    return [Piece(word.word, word.start, word.end) for word in words]


def stable_whisper_module() -> ModuleType:
    """stable-ts; where torchaudio does not load beside this torch, an empty module stands for it.

    stable-ts takes from torchaudio only resampling, filters and files: samples at 16 kHz need none.
    """
    try:
        import torchaudio  # noqa: F401
    except OSError:  # torchaudio's wheel asks for CUDA's libraries
        for name in [name for name in sys.modules if name.startswith("torchaudio")]:
            del sys.modules[name]
        sys.modules["torchaudio"] = ModuleType("torchaudio")
    import stable_whisper

    return stable_whisper
