"""A model as people call it: one object that transcribes and aligns, with flat arguments.

    model = subalign.load_model("turbo")
    transcript = model.transcribe("talk.mp4", language="de", beam_size=5)
    alignment = model.align("talk.mp4", "talk.txt")

The arguments are the fields of the frozen options, which are built, and checked, from them.
"""

import os
from collections.abc import Sequence

from subalign.model import OnFetch, Whisper, load_whisper
from subalign.options import (
    APPEND_PUNCTUATIONS,
    PREPEND_PUNCTUATIONS,
    AlignmentMethod,
    AlignmentOptions,
    AudioOptions,
    Clip,
    Compute,
    KernelChoice,
    ScriptOptions,
    Task,
    TranscriptionOptions,
    VoiceDetection,
)
from subalign.pipeline.default_model import resolve_model
from subalign.pipeline.recordings import (
    AudioSource,
    OnAudio,
    OnProgress,
    align_recording,
    transcribe_recording,
)
from subalign.pipeline.speakers import SpeakerNames, Speakers, speaker_options
from subalign.results import Alignment, Script, Transcript
from subalign.subtitles.files import file_label
from subalign.subtitles.script import read_script
from subalign.transcription import Transcription
from subalign.wording.glossary import read_glossary

__all__ = ["Model", "align", "load_model", "transcribe"]


class Model:
    """A loaded Whisper model; `network` is the PyTorch module.

    Recordings are a path, an http(s) address, "-" for standard input, an open binary file, or mono
    samples at 16 kHz as a float array (n_samples,). Of a file, audio track number `track` is read,
    of that `channel` (both from 1) or the mix of all; more than `max_seconds` of sound is refused.
    """

    def __init__(self, network: Whisper) -> None:
        self.network = network

    def __repr__(self) -> str:
        return f"Model({self.network.name!r})"

    def transcribe(
        self,
        audio: AudioSource,
        *,
        language: str | None = None,
        task: Task = "transcribe",
        temperatures: Sequence[float] = TranscriptionOptions.temperatures,
        best_of: int | None = TranscriptionOptions.best_of,
        beam_size: int | None = TranscriptionOptions.beam_size,
        patience: float | None = None,
        length_penalty: float | None = None,
        suppress_tokens: Sequence[int] | None = TranscriptionOptions.suppress_tokens,
        compression_ratio_threshold: float | None = (
            TranscriptionOptions.compression_ratio_threshold
        ),
        logprob_threshold: float | None = TranscriptionOptions.logprob_threshold,
        no_speech_threshold: float | None = TranscriptionOptions.no_speech_threshold,
        condition_on_previous_text: bool | None = None,
        initial_prompt: str | None = None,
        carry_initial_prompt: bool = False,
        glossary: Sequence[str] = (),
        clips: Sequence[Clip] = (),
        word_timestamps: bool = True,
        hallucination_silence_threshold: float | None = None,
        sequential: bool = False,
        batch_size: int | None = None,
        each_language: bool = False,
        vad: VoiceDetection = TranscriptionOptions.vad,
        vad_threshold: float = TranscriptionOptions.vad_threshold,
        method: AlignmentMethod = AlignmentOptions.method,
        heads: Sequence[tuple[int, int]] = (),
        qk_scale: float = AlignmentOptions.qk_scale,
        medfilt_width: int | None = None,
        prepend_punctuations: str = PREPEND_PUNCTUATIONS,
        append_punctuations: str = APPEND_PUNCTUATIONS,
        kernels: KernelChoice = AlignmentOptions.kernels,
        speakers: Speakers = None,
        speaker_names: SpeakerNames = (),
        track: int = 1,
        channel: int | None = None,
        max_seconds: float | None = None,
        on_audio: OnAudio | None = None,
    ) -> Transcript:
        """Transcribe a recording with timed words.

        The arguments are those of `TranscriptionOptions`, `AlignmentOptions` and `AudioOptions`.
        `glossary` are names and terms, each as it is written, or "heard as => written".
        `speakers` tells who says which word: "auto", or how many speak, by their voices (extra
        `speakers`), "channels", where each has a channel, or a file of RTTM; `speaker_names` are
        their names by those that they have there, or by their letter: {"A": "Anna"}.
        `on_audio` is called while the recording is read, with the seconds so far and the declared
        duration, where there is one.

        Raises:
            InputError: the recording cannot be used.
            UsageError: the arguments make no sense, or do not fit the model.
        """
        return self.transcribe_stream(
            audio,
            language=language,
            task=task,
            temperatures=temperatures,
            best_of=best_of,
            beam_size=beam_size,
            patience=patience,
            length_penalty=length_penalty,
            suppress_tokens=suppress_tokens,
            compression_ratio_threshold=compression_ratio_threshold,
            logprob_threshold=logprob_threshold,
            no_speech_threshold=no_speech_threshold,
            condition_on_previous_text=condition_on_previous_text,
            initial_prompt=initial_prompt,
            carry_initial_prompt=carry_initial_prompt,
            glossary=glossary,
            clips=clips,
            word_timestamps=word_timestamps,
            hallucination_silence_threshold=hallucination_silence_threshold,
            sequential=sequential,
            batch_size=batch_size,
            each_language=each_language,
            vad=vad,
            vad_threshold=vad_threshold,
            method=method,
            heads=heads,
            qk_scale=qk_scale,
            medfilt_width=medfilt_width,
            prepend_punctuations=prepend_punctuations,
            append_punctuations=append_punctuations,
            kernels=kernels,
            speakers=speakers,
            speaker_names=speaker_names,
            track=track,
            channel=channel,
            max_seconds=max_seconds,
            on_audio=on_audio,
        ).transcript()

    def transcribe_stream(
        self,
        audio: AudioSource,
        *,
        language: str | None = None,
        task: Task = "transcribe",
        temperatures: Sequence[float] = TranscriptionOptions.temperatures,
        best_of: int | None = TranscriptionOptions.best_of,
        beam_size: int | None = TranscriptionOptions.beam_size,
        patience: float | None = None,
        length_penalty: float | None = None,
        suppress_tokens: Sequence[int] | None = TranscriptionOptions.suppress_tokens,
        compression_ratio_threshold: float | None = (
            TranscriptionOptions.compression_ratio_threshold
        ),
        logprob_threshold: float | None = TranscriptionOptions.logprob_threshold,
        no_speech_threshold: float | None = TranscriptionOptions.no_speech_threshold,
        condition_on_previous_text: bool | None = None,
        initial_prompt: str | None = None,
        carry_initial_prompt: bool = False,
        glossary: Sequence[str] = (),
        clips: Sequence[Clip] = (),
        word_timestamps: bool = True,
        hallucination_silence_threshold: float | None = None,
        sequential: bool = False,
        batch_size: int | None = None,
        each_language: bool = False,
        vad: VoiceDetection = TranscriptionOptions.vad,
        vad_threshold: float = TranscriptionOptions.vad_threshold,
        method: AlignmentMethod = AlignmentOptions.method,
        heads: Sequence[tuple[int, int]] = (),
        qk_scale: float = AlignmentOptions.qk_scale,
        medfilt_width: int | None = None,
        prepend_punctuations: str = PREPEND_PUNCTUATIONS,
        append_punctuations: str = APPEND_PUNCTUATIONS,
        kernels: KernelChoice = AlignmentOptions.kernels,
        speakers: Speakers = None,
        speaker_names: SpeakerNames = (),
        track: int = 1,
        channel: int | None = None,
        max_seconds: float | None = None,
        on_audio: OnAudio | None = None,
    ) -> Transcription:
        """As `transcribe`, but an iterator of segments, each of which comes when it is decoded.

        Its `transcript()` is what `transcribe` gives: there the edges of words are final.

        Raises:
            InputError: the recording cannot be used.
            UsageError: the arguments make no sense, or do not fit the model.
        """
        return transcribe_recording(
            audio,
            model=self.network,
            options=TranscriptionOptions(
                language=language,
                task=task,
                temperatures=tuple(temperatures),
                best_of=best_of,
                beam_size=beam_size,
                patience=patience,
                length_penalty=length_penalty,
                suppress_tokens=None if suppress_tokens is None else tuple(suppress_tokens),
                compression_ratio_threshold=compression_ratio_threshold,
                logprob_threshold=logprob_threshold,
                no_speech_threshold=no_speech_threshold,
                condition_on_previous_text=condition_on_previous_text,
                initial_prompt=initial_prompt,
                carry_initial_prompt=carry_initial_prompt,
                glossary=read_glossary("\n".join(glossary), "`glossary`"),
                clips=tuple(clips),
                word_timestamps=word_timestamps,
                hallucination_silence_threshold=hallucination_silence_threshold,
                sequential=sequential,
                batch_size=batch_size,
                each_language=each_language,
                vad=vad,
                vad_threshold=vad_threshold,
            ),
            alignment=AlignmentOptions(
                method=method,
                heads=tuple(heads),
                qk_scale=qk_scale,
                medfilt_width=medfilt_width,
                prepend_punctuations=prepend_punctuations,
                append_punctuations=append_punctuations,
                kernels=kernels,
            ),
            speakers=speaker_options(speakers, speaker_names),
            audio=AudioOptions(track=track, channel=channel, max_seconds=max_seconds),
            on_audio=on_audio,
        )

    def align(
        self,
        audio: AudioSource,
        script: Script | str | os.PathLike[str],
        *,
        language: str | None = None,
        ignore: Sequence[str] = (),
        encoding: str | None = None,
        method: AlignmentMethod = AlignmentOptions.method,
        heads: Sequence[tuple[int, int]] = (),
        qk_scale: float = AlignmentOptions.qk_scale,
        medfilt_width: int | None = None,
        kernels: KernelChoice = AlignmentOptions.kernels,
        speakers: Speakers = None,
        speaker_names: SpeakerNames = (),
        track: int = 1,
        channel: int | None = None,
        max_seconds: float | None = None,
        on_audio: OnAudio | None = None,
        on_progress: OnProgress | None = None,
    ) -> Alignment:
        """Time every word of a given transcript, and report how well it fits.

        `script` is the transcript's path ("-" for standard input), or what `read_script` or
        `parse_script` gives; each of its lines becomes a segment. `language` None is the
        transcript's own, else it is detected. The arguments are those of `ScriptOptions`,
        `AlignmentOptions` and `AudioOptions`, `speakers` and `speaker_names` as `transcribe` has
        them. `on_progress` is called while words are timed, with the seconds done and their
        number.

        Raises:
            InputError: the recording or the transcript cannot be used, or they cannot belong
                together.
            UsageError: the arguments make no sense, or do not fit the model.
        """
        return align_recording(
            audio,
            script,
            model=self.network,
            options=ScriptOptions(language=language, ignore=tuple(ignore), encoding=encoding),
            alignment=AlignmentOptions(
                method=method,
                heads=tuple(heads),
                qk_scale=qk_scale,
                medfilt_width=medfilt_width,
                kernels=kernels,
            ),
            speakers=speaker_options(speakers, speaker_names),
            audio=AudioOptions(track=track, channel=channel, max_seconds=max_seconds),
            on_audio=on_audio,
            on_progress=on_progress,
        )


def load_model(
    name: str | os.PathLike[str] | None = None,
    *,
    device: str = "auto",
    compute: Compute = "auto",
    dtype: Compute | None = None,
    progress: OnFetch | None = None,
) -> Model:
    """Load a model, fetched if it is not on this machine.

    Args:
        name: a name of `list_models`, a checkpoint's folder or .pt file, or a Hugging Face
            repository; None is `SUBALIGN_MODEL`, else what suits transcription on this machine.
        device: auto, cpu, cuda, cuda:N or mps.
        compute: the number type; auto is what is quick on the device: int8 on a processor with
            instructions for it, which keeps all but the linear layers in float32.
        dtype: the same, as it was called before.
        progress: called when a fetch begins, and as it goes on.

    Raises:
        ModelError: the model is not available.
        UsageError: there is no such device or number type.
    """
    if name is None or name == "auto":
        name = resolve_model(None, "transcribe", device=device, progress=progress)
    return Model(load_whisper(name, device=device, compute=dtype or compute, progress=progress))


def transcribe(
    audio: AudioSource,
    *,
    model: Model | str | os.PathLike[str] | None = None,
    language: str | None = None,
    task: Task = "transcribe",
) -> Transcript:
    """Transcribe a recording with timed words; `Model.transcribe` takes more arguments.

    `model` is a loaded one, or what `load_model` takes; None chooses it by the language.

    Raises:
        InputError: the recording cannot be used.
        ModelError: the model is not available.
        UsageError: the arguments make no sense, or do not fit the model.
    """
    if model is None:
        model = resolve_model(None, "transcribe", language=language, task=task)
    loaded = model if isinstance(model, Model) else load_model(model)
    return loaded.transcribe(audio, language=language, task=task)


def align(
    audio: AudioSource,
    script: Script | str | os.PathLike[str],
    *,
    model: Model | str | os.PathLike[str] | None = None,
    language: str | None = None,
) -> Alignment:
    """Time every word of a given transcript; `Model.align` takes more arguments.

    `model` is a loaded one, or what `load_model` takes; None chooses it by the language.

    Raises:
        InputError: the recording or the transcript cannot be used.
        ModelError: the model is not available.
        UsageError: the arguments make no sense, or do not fit the model.
    """
    name = "The transcript" if isinstance(script, Script) else file_label(script)
    given = script if isinstance(script, Script) else read_script(script)
    if model is None:
        model = resolve_model(None, "align", language=language or given.language)
    loaded = model if isinstance(model, Model) else load_model(model)
    options = ScriptOptions(language=language)
    return align_recording(audio, given, model=loaded.network, options=options, name=name)
