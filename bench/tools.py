"""The tools that are measured, on the same weights: given text to word times, and sound to both.

`TOOLS` lists them. Each takes the weights from a loaded model of ours, but for faster-whisper,
which reads the CTranslate2 folder of the same checkpoint.
"""

import io
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import torch
import whisper
import whisper.timing

from machine import THREADS
from subalign.alignment.boundaries import refine_boundaries
from subalign.alignment.methods import method_for, time_texts
from subalign.alignment.script_words import script_words
from subalign.alignment.segments import keep_order
from subalign.decoding import tokenizer_of
from subalign.errors import SubalignError
from subalign.mel import log_mel
from subalign.model import Whisper, load_whisper, where
from subalign.options import (
    APPEND_PUNCTUATIONS,
    PREPEND_PUNCTUATIONS,
    AlignmentMethod,
    AlignmentOptions,
    ScriptOptions,
    TranscriptionOptions,
)
from subalign.pipeline.recordings import align_recording, transcribe_recording
from subalign.results import Line, Script, Word
from truth import Clip, MissingError, Sphinx
from whisper_peer import peer_of, peer_tokenizer, peer_vocabulary
from word_pieces import Piece

__all__ = [
    "TOOLS",
    "USUAL_TOOLS",
    "Decoding",
    "Heard",
    "Tool",
    "load_tools",
    "stable_ts_pieces",
    "stable_whisper_module",
]

_FALLBACK = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_SEED = 0  # of samples at a temperature


@dataclass(frozen=True, slots=True)
class Decoding:
    """How all tools transcribe; whether a window is told of the text before it is the model's say.

    `beams` None is greedy.
    """

    language: str = "en"
    beams: int | None = 5
    temperatures: tuple[float, ...] = _FALLBACK
    word_times: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcription: its text, and its words where they were timed."""

    text: str
    pieces: list[Piece]


class Tool(Protocol):
    """One tool with its model loaded."""

    def align(self, clip: Clip, language: str) -> list[Piece]:
        """The times of a clip's words, given the true text; the clip fits into a window."""
        ...

    def transcribe(self, source: str | np.ndarray, decoding: Decoding) -> Heard:
        """Text and times of a recording: a path, or samples at 16 kHz."""
        ...


class Subalign:
    """What `subalign transcribe` does; given text is timed without the decoding of `align`."""

    def __init__(
        self, model: Whisper, method: AlignmentMethod = "viterbi", *, sequential: bool = False
    ) -> None:
        self.model = model
        self.options = AlignmentOptions(method=method)
        self.sequential = sequential

    def align(self, clip: Clip, language: str) -> list[Piece]:
        model, width = self.model, self.model.dims.window_frames
        tokenizer = tokenizer_of(model, language)
        mel = log_mel([clip.samples], n_mels=model.dims.n_mels)
        length = min(mel.n_frames, width)
        texts = [word.encoded for word in script_words(_script(clip).lines[0], tokenizer)]
        encoded = model.encode(mel.window(0, length, width)[None])
        (timed,) = time_texts(model, tokenizer, encoded, [texts], [length], self.options)
        words = [Word(t.word, t.start, t.end, t.probability, t.estimated) for t in timed]
        final = keep_order(words, 0.0, clip.seconds)
        return _pieces(
            refine_boundaries(mel, final).words if method_for(self.options).uses_sound else final
        )

    def transcribe(self, source: str | np.ndarray, decoding: Decoding) -> Heard:
        options = TranscriptionOptions(
            language=decoding.language,
            temperatures=decoding.temperatures,
            beam_size=decoding.beams,
            best_of=5,
            word_timestamps=decoding.word_times,
            sequential=self.sequential,
        )
        found = transcribe_recording(
            source, model=self.model, options=options, alignment=self.options
        ).transcript()
        return Heard(found.text, _pieces(found.words))


class SubalignCommand(Subalign):
    """Given text is timed as `subalign align` does it, which decodes the recording first."""

    def align(self, clip: Clip, language: str) -> list[Piece]:
        options = ScriptOptions(language=language)
        found = align_recording(
            clip.samples, _script(clip), model=self.model, options=options, alignment=self.options
        )
        return _pieces(found.transcript.words)


def _script(clip: Clip) -> Script:
    return Script((Line(clip.text, ((0, len(clip.text)),)),))


def _pieces(words: Sequence[Word] | Iterator[Word]) -> list[Piece]:
    return [Piece(word.text, word.start, word.end, word.estimated) for word in words]


class OpenAIWhisper:
    """openai-whisper, with the punctuation merged as its `transcribe` does."""

    def __init__(self, model: Whisper) -> None:
        self.model = model
        self.peer = peer_of(model)

    def tokenizer(self, language: str) -> whisper.tokenizer.Tokenizer:
        assert self.model.vocabulary is not None
        told = (language, "transcribe") if self.model.multilingual else (None, None)
        return peer_tokenizer(self.model.vocabulary, self.model.num_languages, *told)

    def align(self, clip: Clip, language: str) -> list[Piece]:
        tokenizer = self.tokenizer(language)
        mel = whisper.log_mel_spectrogram(clip.samples, self.model.dims.n_mels)
        timed = whisper.timing.find_alignment(
            self.peer,
            tokenizer,
            tokenizer.encode(f" {clip.text}"),
            whisper.pad_or_trim(mel, whisper.audio.N_FRAMES),
            mel.shape[-1],
        )
        whisper.timing.merge_punctuations(timed, PREPEND_PUNCTUATIONS, APPEND_PUNCTUATIONS)
        return [Piece(word.word, word.start, word.end) for word in timed]

    def options(self, decoding: Decoding) -> dict[str, object]:
        """What its `transcribe` takes, and stable-ts's."""
        return {
            "language": decoding.language,
            "temperature": decoding.temperatures,
            "beam_size": decoding.beams,
            "best_of": 5,
            "condition_on_previous_text": self.model.previous_text,
            "word_timestamps": decoding.word_times,
            "fp16": False,
            "verbose": None,
        }

    def transcribe(self, source: str | np.ndarray, decoding: Decoding) -> Heard:
        torch.manual_seed(_SEED)
        with peer_vocabulary(self.model):
            found = whisper.transcribe(self.peer, source, **self.options(decoding))
        words = [word for part in found["segments"] for word in part.get("words", ())]
        return Heard(found["text"], [Piece(w["word"], w["start"], w["end"]) for w in words])


class StableTs(OpenAIWhisper):
    """stable-ts over openai-whisper's model, by its defaults."""

    def align(self, clip: Clip, language: str) -> list[Piece]:
        return stable_ts_pieces(self, clip.samples, clip.text, language)

    def transcribe(self, source: str | np.ndarray, decoding: Decoding) -> Heard:
        module = stable_whisper_module().whisper_word_level.original_whisper
        torch.manual_seed(_SEED)
        with peer_vocabulary(self.model), _silent():
            found = module.transcribe_stable(self.peer, source, **self.options(decoding))
        words = [word for part in found.segments for word in part.words or ()]
        return Heard(found.text, [Piece(w.word, w.start, w.end) for w in words])


def stable_ts_pieces(tool: StableTs, samples: np.ndarray, text: str, language: str) -> list[Piece]:
    """The words that stable-ts's `align` times, in a recording of any length."""
    align = stable_whisper_module().alignment.align
    with _silent():
        result = align(tool.peer, samples, text, tokenizer=tool.tokenizer(language), verbose=None)
    words = result.all_words() if result is not None else []
    return [Piece(word.word, word.start, word.end) for word in words]


@contextmanager
def _silent() -> Iterator[None]:
    """Without progress bars, and warnings of words that could not be aligned."""
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


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


class FasterWhisper:
    """faster-whisper on the CTranslate2 folder of the same checkpoint."""

    def __init__(self, model: Whisper, folder: Path, compute_type: str) -> None:
        from faster_whisper import WhisperModel

        self.previous_text = model.previous_text
        self.model = WhisperModel(
            str(folder), device="cpu", compute_type=compute_type, cpu_threads=THREADS
        )

    def align(self, clip: Clip, language: str) -> list[Piece]:
        from faster_whisper.audio import pad_or_trim
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import merge_punctuations

        model = self.model
        multilingual = model.model.is_multilingual
        tokenizer = Tokenizer(model.hf_tokenizer, multilingual, "transcribe", language)
        features = model.feature_extractor(clip.samples)[:, :-1]  # the last frame is padding
        encoded = model.encode(pad_or_trim(features))
        tokens = tokenizer.encode(f" {clip.text}")
        (timed,) = model.find_alignment(tokenizer, [tokens], encoded, features.shape[-1])
        merge_punctuations(timed, PREPEND_PUNCTUATIONS, APPEND_PUNCTUATIONS)
        return [Piece(word["word"], float(word["start"]), float(word["end"])) for word in timed]

    def transcribe(self, source: str | np.ndarray, decoding: Decoding) -> Heard:
        import ctranslate2

        ctranslate2.set_random_seed(_SEED)
        segments, _ = self.model.transcribe(
            source,
            language=decoding.language,
            temperature=decoding.temperatures,
            beam_size=decoding.beams or 1,
            best_of=5,
            condition_on_previous_text=self.previous_text,
            word_timestamps=decoding.word_times,
        )
        return _heard(segments)


def _heard(segments: Iterable[Any]) -> Heard:
    """faster-whisper's segments, which are decoded as they are asked for."""
    found = list(segments)
    words = [word for part in found for word in part.words or ()]
    text = "".join(part.text for part in found)
    return Heard(text, [Piece(w.word, float(w.start), float(w.end)) for w in words])


class BatchedFasterWhisper(FasterWhisper):
    """faster-whisper's own pipeline of batches, which hears speech by Silero VAD too."""

    def transcribe(self, source: str | np.ndarray, decoding: Decoding) -> Heard:
        import ctranslate2
        from faster_whisper import BatchedInferencePipeline

        ctranslate2.set_random_seed(_SEED)
        segments, _ = BatchedInferencePipeline(self.model).transcribe(
            source,
            language=decoding.language,
            temperature=decoding.temperatures,
            beam_size=decoding.beams or 1,
            best_of=5,
            word_timestamps=decoding.word_times,
            batch_size=8,
        )
        return _heard(segments)


class PocketSphinx:
    """PocketSphinx with its own American English model: a hidden Markov model of phones.

    It aligns only clips whose words are all in its dictionary, and not all of these.
    """

    def __init__(self) -> None:
        self.sphinx = Sphinx()

    def align(self, clip: Clip, _language: str) -> list[Piece]:
        spans = self.sphinx.align(clip.samples, clip.words) or ()
        return [Piece(word, *span) for word, span in zip(clip.words, spans, strict=False)]

    def transcribe(self, source: str | np.ndarray, decoding: Decoding) -> Heard:
        raise NotImplementedError("PocketSphinx is only given texts.")


def _pocketsphinx(_model: Whisper, _checkpoint: str) -> Tool:
    try:
        return PocketSphinx()
    except ImportError as error:
        raise MissingError(f"Left out PocketSphinx: {error}.") from error


def _faster_whisper(
    model: Whisper, checkpoint: str, compute_type: str, kind: type[FasterWhisper] = FasterWhisper
) -> Tool:
    try:
        folder = Path(checkpoint) if Path(checkpoint).is_dir() else where(checkpoint)
    except SubalignError as error:
        raise MissingError(f"Left out faster-whisper: {error}") from error
    if not (folder / "model.bin").is_file():
        raise MissingError(f"Left out faster-whisper: {folder} is not in CTranslate2's form.")
    return kind(model, folder, compute_type)


def _int8(_model: Whisper, checkpoint: str) -> Tool:
    return Subalign(load_whisper(checkpoint, device="cpu", compute="int8"))


# name: what loads it, given our model and the checkpoint's name or folder
TOOLS: dict[str, Callable[[Whisper, str], Tool]] = {
    "subalign": lambda model, _: Subalign(model),
    "subalign int8": _int8,
    "subalign sequential": lambda model, _: Subalign(model, sequential=True),
    "subalign align": lambda model, _: SubalignCommand(model),
    "subalign dtw": lambda model, _: Subalign(model, "dtw"),
    "openai-whisper": lambda model, _: OpenAIWhisper(model),
    "faster-whisper": partial(_faster_whisper, compute_type="float32"),
    "faster-whisper int8": partial(_faster_whisper, compute_type="int8"),
    "faster-whisper int8 batched": partial(
        _faster_whisper, compute_type="int8", kind=BatchedFasterWhisper
    ),
    "stable-ts": lambda model, _: StableTs(model),
    "pocketsphinx": _pocketsphinx,
}

# only where they are asked for: other ways to compute and to decode, the command's detour by way of
# decoding, an older method, and what is only given texts, in English
_RARE_TOOLS = {
    *("subalign int8", "subalign sequential", "subalign align", "subalign dtw"),
    *("faster-whisper int8 batched", "pocketsphinx"),
}
USUAL_TOOLS = [tool for tool in TOOLS if tool not in _RARE_TOOLS]


def load_tools(names: Sequence[str], model: Whisper, checkpoint: str) -> dict[str, Tool]:
    """Those of `TOOLS` that can run here; what is left out is told on stderr."""
    tools = {}
    for name in names:
        try:
            tools[name] = TOOLS[name](model, checkpoint)
        except MissingError as error:
            print(error, file=sys.stderr)
    return tools
