"""A recording and its transcript to the times of the transcript's words."""

import os
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from subalign.alignment.forced import align_script
from subalign.decoding import check_language, tokenizer_of
from subalign.errors import InputError
from subalign.model import Whisper, load_model
from subalign.options import AlignmentOptions, AudioOptions, ScriptOptions
from subalign.pipeline.default_model import resolve_model
from subalign.pipeline.transcribe_recording import (
    AudioSource,
    OnAudio,
    check_alignment,
    read_mel,
    warm_up_alignment,
)
from subalign.results import Alignment, Script, Segment, Transcript, Word
from subalign.subtitles.files import file_label
from subalign.subtitles.script import read_script
from subalign.version import __version__

__all__ = ["OnProgress", "align", "check_script"]

# called with the seconds of the recording that are done, and all of them
OnProgress = Callable[[float, float], None]

# Quick speech has 5 words and 25 letters a second; more than this is another text.
_MOST_WORDS = 12
_MOST_LETTERS = 60
_LEEWAY = 5  # seconds, as recordings may be cut short

_LETTERS_LOOKED_AT = 5000


def align(
    source: AudioSource,
    script: Script | str | os.PathLike[str],
    *,
    model: Whisper | str | None = None,
    options: ScriptOptions = ScriptOptions(),
    audio: AudioOptions = AudioOptions(),
    alignment: AlignmentOptions = AlignmentOptions(),
    on_audio: OnAudio | None = None,
    on_progress: OnProgress | None = None,
    name: str = "The transcript",
) -> Alignment:
    """Time every word of a given transcript.

    Each line of the transcript becomes a segment, in its order; a line of which nothing is said
    has no words. The report says how well the transcript fits.

    Args:
        source: a recording, as `transcribe` takes it.
        script: a transcript's path ("-" for standard input), or what `read_script` gives.
        model: a loaded model, or what `load_model` takes; None means the one of
            `choose_model`, fetched if need be.
        options: language, and what of a transcript's file is not said. The language is that of the
            options, else the transcript's own, else detected in the recording's first window.
        audio: which track is read.
        alignment: how words are timed.
        on_audio: called while the recording is read.
        on_progress: called while words are timed, with the seconds done and their number.
        name: what messages call a script that is not given by its path.

    Raises:
        InputError: the recording or the transcript cannot be used, or they cannot belong together.
        ModelError: the model is not available.
        UsageError: the options do not fit the model.
    """
    label = name if isinstance(script, Script) else file_label(script)
    given = script if isinstance(script, Script) else _read(script, options)
    language = options.language or given.language
    if isinstance(model, Whisper):
        loaded = model
    else:
        loaded = load_model(resolve_model(model, "align", language=language))
    check_language(loaded, language, "transcribe")
    check_script(loaded, given, label)
    check_alignment(loaded, alignment)
    mel = read_mel(source, n_mels=loaded.dims.n_mels, audio=audio, on_audio=on_audio)
    _check_length(given, mel.duration, label)
    warm_up_alignment(loaded, alignment)
    found = align_script(
        loaded,
        mel,
        given,
        language=language,
        options=alignment,
        on_progress=on_progress,
        version=__version__,
    )
    spaced = tokenizer_of(loaded, found.transcript.language).spaced
    return replace(found, transcript=_as_speech(found.transcript, spaced=spaced))


def _read(path: str | os.PathLike[str], options: ScriptOptions) -> Script:
    return read_script(path, ignore=options.ignore, encoding=options.encoding)


def check_script(model: Whisper, script: Script, label: str) -> None:
    """Check that there is something to align, in letters that the model knows.

    Raises:
        InputError: nothing is said, or an English-only model is given text in other letters.
    """
    letters = [char for text in _said(script) for char in text if char.isalnum()]
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
    texts = list(_said(script))
    words = sum(any(map(str.isalnum, word)) for text in texts for word in text.split())
    letters = sum(map(str.isalnum, "".join(texts)))
    seconds = duration + _LEEWAY
    if words > _MOST_WORDS * seconds or letters > _MOST_LETTERS * seconds:
        amount = f"{words:,} words" if words > 1 else f"{letters:,} letters"
        raise InputError(
            f"{label} has {amount}, more than anyone can say in the recording's "
            f"{duration:.{0 if duration >= 10 else 1}f} s: check that the two belong together."
        )


def _said(script: Script) -> list[str]:
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
