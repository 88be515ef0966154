"""One recording with a loaded model: transcribed, or aligned with its transcript."""

import hashlib
import os
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from subalign.alignment.boundaries import refine_segments
from subalign.alignment.methods import AttentionTimer, method_for
from subalign.alignment.teacher_forcing import check_heads
from subalign.audio import SAMPLE_RATE, open_audio, silence_invalid_samples
from subalign.audio.voice_activity import CHUNK_SAMPLES, SpeechDetector, speech_detector
from subalign.decoding import check_language, tokenizer_of
from subalign.errors import InputError, UsageError
from subalign.kernels import int8_attention
from subalign.kernels.dispatch import check_kernels
from subalign.mel import LogMel, log_mel
from subalign.mel.speech import Speech
from subalign.model import Whisper
from subalign.options import (
    AlignmentOptions,
    AudioOptions,
    ScriptOptions,
    SpeakerOptions,
    TranscriptionOptions,
    require_kind,
)
from subalign.pipeline.speakers import SpeakerFinder, speakers_of_voices
from subalign.results import Alignment, Chapter, Script, Segment, Transcript, Word
from subalign.subtitles.files.encodings import file_label
from subalign.subtitles.script import read_script
from subalign.transcription import Transcription
from subalign.transcription.journal import Journal
from subalign.version import __version__

__all__ = [
    "AudioSource",
    "OnAudio",
    "OnProgress",
    "align_recording",
    "check_script",
    "read_mel",
    "transcribe_recording",
]

# a path or address, "-" for standard input, an open binary file, or samples (mono, 16 kHz)
AudioSource = str | os.PathLike[str] | BinaryIO | NDArray[np.floating]

# called while audio is read with the seconds so far and the declared duration, where one is known
OnAudio = Callable[[float, float | None], None]

# called with the seconds of the recording that are done, and all of them
OnProgress = Callable[[float, float], None]

_BLOCK = 30 * SAMPLE_RATE

# Quick speech has 5 words and 25 letters a second; more than this is another text.
_MOST_WORDS = 12
_MOST_LETTERS = 60
_LEEWAY = 5  # seconds, as recordings may be cut short

_LETTERS_LOOKED_AT = 5000


def transcribe_recording(
    source: AudioSource,
    *,
    model: Whisper,
    options: TranscriptionOptions = TranscriptionOptions(),
    audio: AudioOptions = AudioOptions(),
    alignment: AlignmentOptions = AlignmentOptions(),
    speakers: SpeakerOptions = SpeakerOptions(),
    on_audio: OnAudio | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Transcription:
    """Read a recording, and transcribe it while the segments are asked for.

    Args:
        source: a path, an http(s) address, "-" for standard input, an open binary file, or mono
            samples at 16 kHz as a float array (n_samples,).
        model: the Whisper network.
        options: how the recording is transcribed.
        audio: what of it is read.
        alignment: how words are timed.
        speakers: how it is found out who speaks.
        on_audio: called while the recording is read.
        journal: a file in which final windows are taken down. Where it holds those of the same
            recording, model and options, the transcription goes on after them, with the same
            result; it can be removed when the result is saved.

    Raises:
        InputError: the recording cannot be used.
        OutputError: the journal cannot be written.
        UsageError: the options do not fit the model, or are of another kind.
    """
    require_kind("options", options, TranscriptionOptions)
    require_kind("audio", audio, AudioOptions)
    require_kind("alignment", alignment, AlignmentOptions)
    require_kind("speakers", speakers, SpeakerOptions)
    if options.word_timestamps:
        _check_alignment(model, alignment)
    detector = None if options.sequential else speech_detector(options.vad)
    finder = SpeakerFinder(speakers, source, audio, model.device, detector)
    listeners = (finder,) if detector is None else (detector, finder)
    mel, chapters = _read_recording(source, model.dims.n_mels, audio, on_audio, listeners)
    finder.prepare(mel.duration)
    if options.word_timestamps or not options.sequential:
        _warm_up_alignment(model, alignment)

    speech = None if options.sequential else _speech(mel, detector, options)
    kept = None
    if journal is not None:
        kept = Journal(Path(journal), _identity(model, mel, speech, options, alignment))

    def refine(segments: Sequence[Segment], first: float, last: float) -> Sequence[Segment]:
        return refine_segments(mel, segments, first=first, last=last)

    return Transcription(
        model,
        mel,
        options,
        lambda tokenizer: AttentionTimer(model, tokenizer, alignment),
        words_move_windows=method_for(alignment).words_move_windows,
        refine=refine if method_for(alignment).uses_sound else None,
        label_speakers=finder.label,
        speech=speech,
        chapters=chapters,
        journal=kept,
        version=__version__,
    )


def _identity(
    model: Whisper,
    mel: LogMel,
    speech: Speech | None,
    options: TranscriptionOptions,
    alignment: AlignmentOptions,
) -> str:
    """A hash of all that a transcription depends on; of the weights, one tensor stands for all."""
    facts = (
        *(__version__, torch.__version__, model.name, str(model.device.type), str(model.dtype)),
        *(model.quantized, asdict(options), asdict(alignment), mel.n_samples, mel.floor),
    )
    found = hashlib.sha256(repr(facts).encode())
    found.update(model.decoder.ln.weight.detach().float().cpu().numpy().tobytes())
    for chunk in mel.chunks:
        found.update(chunk.contiguous().numpy().tobytes())
    if speech is not None:
        found.update(speech.probability.tobytes())
    return found.hexdigest()


def _speech(mel: LogMel, detector: SpeechDetector | None, options: TranscriptionOptions) -> Speech:
    threshold = options.vad_threshold
    if detector is None:
        return Speech.by_loudness(mel, threshold, everything=options.vad == "none")
    return Speech.of_chunks(detector.probabilities(), CHUNK_SAMPLES, mel, threshold)


def align_recording(
    source: AudioSource,
    script: Script | str | os.PathLike[str],
    *,
    model: Whisper,
    options: ScriptOptions = ScriptOptions(),
    audio: AudioOptions = AudioOptions(),
    alignment: AlignmentOptions = AlignmentOptions(),
    speakers: SpeakerOptions = SpeakerOptions(),
    on_audio: OnAudio | None = None,
    on_progress: OnProgress | None = None,
    name: str = "The transcript",
) -> Alignment:
    """Time every word of a given transcript.

    Each line of the transcript becomes a segment, in its order; a line of which nothing is spoken
    has no words. The report says how well the transcript fits.

    Args:
        source: a recording, as `transcribe_recording` takes it.
        script: a transcript's path ("-" for standard input), or what `read_script` or
            `parse_script` gives.
        model: the Whisper network.
        options: language, and what of a transcript's file is not spoken. The language is that of
            the options, else the transcript's own, else detected where there is most speech.
        audio: what of the recording is read.
        alignment: how words are timed.
        speakers: how it is found out who speaks.
        on_audio: called while the recording is read.
        on_progress: called while words are timed, with the seconds done and their number.
        name: what messages call a script that is not given by its path.

    Raises:
        InputError: the recording or the transcript cannot be used, or they cannot belong together.
        UsageError: the options do not fit the model, or are of another kind.
    """
    from subalign.alignment.forced import align_script

    require_kind("options", options, ScriptOptions)
    require_kind("audio", audio, AudioOptions)
    require_kind("alignment", alignment, AlignmentOptions)
    require_kind("speakers", speakers, SpeakerOptions)
    label = name if isinstance(script, Script) else file_label(script)
    given = script if isinstance(script, Script) else _read(script, options)
    language = options.language or given.language
    check_language(model, language, "transcribe")
    check_script(model, given, label)
    _check_alignment(model, alignment)
    detector = speech_detector("silero") if model.multilingual and language is None else None
    finder = SpeakerFinder(speakers, source, audio, model.device)
    listeners = (finder,) if detector is None else (detector, finder)
    mel, chapters = _read_recording(source, model.dims.n_mels, audio, on_audio, listeners)
    _check_length(given, mel.duration, label)
    finder.prepare(mel.duration)
    _warm_up_alignment(model, alignment)
    speech = None if detector is None else _speech(mel, detector, TranscriptionOptions())
    found = align_script(
        model,
        mel,
        given,
        language=language,
        speech=speech,
        options=alignment,
        on_progress=on_progress,
        version=__version__,
    )
    spaced = tokenizer_of(model, found.transcript.language).spaced
    transcript = _as_speech(found.transcript, spaced=spaced)
    if speakers.speakers is None:
        transcript = speakers_of_voices(transcript)
    transcript = finder.label(transcript)
    return replace(found, transcript=replace(transcript, chapters=chapters))


def _read(path: str | os.PathLike[str], options: ScriptOptions) -> Script:
    return read_script(path, ignore=options.ignore, encoding=options.encoding)


def check_script(model: Whisper, script: Script, label: str) -> None:
    """Check that there is something to align, in letters that the model knows.

    Raises:
        InputError: nothing in it is spoken, or an English-only model is given other letters.
    """
    letters = [char for text in _spoken_texts(script) for char in text if char.isalnum()]
    if not letters:
        raise InputError(
            f"{label} holds nothing that is said, only directions, names or signs: give the "
            "transcript of the recording."
        )
    if model.multilingual:
        return
    names = Counter(
        unicodedata.name(char, "UNKNOWN").split()[0].split("-")[0]
        for char in islice((char for char in letters if char.isalpha()), _LETTERS_LOOKED_AT)
    )
    if names and names["LATIN"] < 0.5 * names.total():
        script_name = names.most_common(1)[0][0].title()
        raise InputError(
            f"{label} is written in {'Chinese' if script_name == 'Cjk' else script_name} letters, "
            f"but model {model.name or 'without a name'} knows only English: use a multilingual "
            "model, such as `model=turbo` or `model=base`."
        )


def _check_length(script: Script, duration: float, label: str) -> None:
    texts = list(_spoken_texts(script))
    words = sum(any(map(str.isalnum, word)) for text in texts for word in text.split())
    letters = sum(map(str.isalnum, "".join(texts)))
    seconds = duration + _LEEWAY
    if words > _MOST_WORDS * seconds or letters > _MOST_LETTERS * seconds:
        amount = f"{words:,} words" if words > 1 else f"{letters:,} letters"
        raise InputError(
            f"{label} has {amount}, more than anyone can say in the recording's "
            f"{duration:.{0 if duration >= 10 else 1}f} s: check that the two belong together."
        )


def _spoken_texts(script: Script) -> list[str]:
    return [line.text[first:end] for line in script.lines for first, end in line.spoken]


def _as_speech(transcript: Transcript, *, spaced: bool) -> Transcript:
    """Segments as transcription gives them: a space before each, times in whole milliseconds."""
    segments = tuple(_as_spoken(segment, " " if spaced else "") for segment in transcript.segments)
    text = "".join(segment.text for segment in segments)
    return replace(transcript, text=text, segments=segments)


def _as_spoken(segment: Segment, space: str) -> Segment:
    words = tuple(
        replace(word, start=round(word.start, 3), end=round(word.end, 3))
        for word in segment.words or ()
    )
    if words and not (words[0].before + words[0].text)[:1].isspace():
        words = (_after_space(words[0], space), *words[1:])
    text = segment.text if segment.text[:1].isspace() else space + segment.text
    start, end = round(segment.start, 3), round(segment.end, 3)
    return replace(segment, start=start, end=end, text=text, words=words)


def _after_space(word: Word, space: str) -> Word:
    if word.before:
        return replace(word, before=space + word.before)
    return replace(word, text=space + word.text)


def _check_alignment(model: Whisper, options: AlignmentOptions) -> None:
    """Raise `UsageError` where a model's words cannot be timed so, before they have to be."""
    check_kernels(options.kernels, model.device)
    check_heads(model, options.heads)


def _warm_up_alignment(model: Whisper, options: AlignmentOptions) -> None:
    """Begin to compile what times the words.

    Importing numba takes longer than encoding a window, so a thread does it beside that.
    """

    def warm_up() -> None:
        if model.quantized:
            int8_attention.warm_up()
        method_for(options).warm_up(model.device)

    threading.Thread(target=warm_up, daemon=True).start()


def read_mel(
    source: AudioSource,
    *,
    n_mels: int,
    audio: AudioOptions = AudioOptions(),
    on_audio: OnAudio | None = None,
    detector: SpeechDetector | None = None,
) -> LogMel:
    """The log-mel of a whole recording; samples are read in blocks and not kept.

    A `detector` hears them on their way.

    Raises:
        InputError: the recording cannot be read, or holds no sound.
    """
    listeners = () if detector is None else (detector,)
    return _read_recording(source, n_mels, audio, on_audio, listeners)[0]


def _read_recording(
    source: AudioSource,
    n_mels: int,
    audio: AudioOptions = AudioOptions(),
    on_audio: OnAudio | None = None,
    listeners: Iterable["_Listener"] = (),
) -> tuple[LogMel, tuple[Chapter, ...]]:
    """The log-mel of a recording, as `read_mel`, and the recording's chapters."""
    if isinstance(source, np.ndarray):
        return log_mel(_heard(_blocks(source), listeners), n_mels=n_mels), ()
    with open_audio(source, options=audio) as stream:
        blocks = _report(stream, stream.declared_duration, on_audio)
        return log_mel(_heard(blocks, listeners), n_mels=n_mels), stream.chapters


class _Listener(Protocol):
    """Hears a recording on its way."""

    def listen(self, blocks: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The same blocks of mono samples at 16 kHz."""
        ...


def _heard(
    blocks: Iterator[NDArray[np.float32]], listeners: Iterable[_Listener]
) -> Iterator[NDArray[np.float32]]:
    for listener in listeners:
        blocks = listener.listen(blocks)
    return blocks


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
