"""The sliding window over a long recording (Radford et al. 2022, section 4.5)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from subalign.decoding import DecodingResult, check_language, detect_language, tokenizer_of
from subalign.mel import LogMel
from subalign.model import EncodedAudio, Whisper
from subalign.options import TranscriptionOptions
from subalign.results import Segment, Transcript
from subalign.tokenizer import Tokenizer, to_language_code
from subalign.transcription.clips import FRAMES_PER_SECOND, frame_ranges
from subalign.transcription.fallback import decode_with_fallback, is_silence
from subalign.transcription.hallucination import skip_silence
from subalign.transcription.split import Window, WindowSplit, split_window

__all__ = ["Transcription", "WordTimer"]

# a decoding above this temperature is no help to the next window
WARMEST_PROMPT = 0.5


class WordTimer(Protocol):
    """Finds the words' times of one window's segments."""

    def __call__(
        self,
        segments: Sequence[Segment],
        encoded: EncodedAudio,
        num_frames: int,
        last_speech_end: float,
    ) -> list[Segment]:
        """The same segments with words, and with start and end moved to them.

        `num_frames` is how many mel frames of the window are content, and `last_speech_end` when
        the words before the window ended, in seconds.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Next:
    """What one window gave and the frame to go on at."""

    segments: Sequence[Segment]
    seek: int


class Transcription:
    """A running transcription: iterate it for segments, each as soon as it is final.

    `language` is Whisper's code, `duration` the recording's length and `position` how far the
    transcription has come, both in seconds. `timer_for` makes the word timer for the language's
    tokenizer. Sampling is seeded, so that the same recording and options give the same text.

    Raises:
        UsageError: the model cannot do the task or the language.
        InputError: a clip lies outside the recording.
    """

    def __init__(
        self,
        model: Whisper,
        mel: LogMel,
        options: TranscriptionOptions = TranscriptionOptions(),
        timer_for: Callable[[Tokenizer], WordTimer] | None = None,
        *,
        version: str = "",
    ) -> None:
        check_language(model, options.language, options.task)
        self.duration = mel.duration
        self.position = 0.0
        self._model = model
        self._mel = mel
        self._options = options
        self._version = version
        self._ranges = frame_ranges(options.clips, mel.n_frames)
        self._encoded: tuple[Window, EncodedAudio] | None = None
        self.language = self._choose_language()
        self._tokenizer = tokenizer_of(model, self.language, options.task)
        self._word_timer = None
        if options.word_timestamps and timer_for is not None:
            self._word_timer = timer_for(self._tokenizer)
        conditioned = options.condition_on_previous_text
        self._conditioned = model.previous_text if conditioned is None else conditioned
        prompt = options.initial_prompt
        self._initial = self._tokenizer.encode(" " + prompt.strip()) if prompt else []
        self._tokens = list(self._initial)
        self._prompt_from = 0
        self._last_speech_end = 0.0
        self._generator = torch.Generator(model.device).manual_seed(0)
        self._finished: list[Segment] = []
        self._segments = self._run()

    def __iter__(self) -> Iterator[Segment]:
        return self

    def __next__(self) -> Segment:
        return next(self._segments)

    def transcript(self) -> Transcript:
        """Everything, once the rest of the recording has been transcribed."""
        for _ in self:
            pass
        return Transcript(
            text=self._tokenizer.decode(self._tokens[len(self._initial) :]),
            language=self.language,
            segments=tuple(self._finished),
            duration=self.duration,
            model=self._model.name,
            version=self._version,
        )

    def _choose_language(self) -> str:
        if self._options.language is not None:
            return to_language_code(self._options.language)
        if not self._model.multilingual:
            return "en"
        width = self._model.dims.window_frames
        first = Window(self._ranges[0][0], width, width)
        return detect_language(self._model, self._encode(first))[0].language

    def _run(self) -> Iterator[Segment]:
        for start, end in self._ranges:
            seek = start
            while seek < end:
                following = self._transcribe_window(self._window(seek, end))
                # a window that stands still would never end
                seek = following.seek if following.seek > seek else end
                self.position = min(seek, self._mel.n_frames) / FRAMES_PER_SECOND
                yield from self._number(following.segments)

    def _window(self, seek: int, end: int) -> Window:
        width = self._model.dims.window_frames
        return Window(seek, min(width, end - seek), width)

    @torch.inference_mode()
    def _encode(self, window: Window) -> EncodedAudio:
        if self._encoded is None or self._encoded[0] != window:
            mel = self._mel.window(window.seek, window.length, window.width)
            self._encoded = window, self._model.encode(mel[None])
        return self._encoded[1]

    def _transcribe_window(self, window: Window) -> _Next:
        encoded = self._encode(window)
        result = decode_with_fallback(
            self._model,
            encoded,
            self._options,
            language=self.language,
            prompt=self._prompt(),
            generator=self._generator,
        )
        if is_silence(result, self._options):
            return _Next((), window.seek + window.length)
        split = split_window(result, self._tokenizer, window)
        found = self._time_words(split, window, encoded)
        self._remember(found.segments, result)
        return found

    def _prompt(self) -> tuple[int, ...]:
        if not self._options.carry_initial_prompt:
            return tuple(self._tokens[self._prompt_from :])
        room = self._model.dims.n_text_ctx // 2 - 1 - len(self._initial)
        said = self._tokens[max(len(self._initial), self._prompt_from) :]
        return (*self._initial, *(said[-room:] if room > 0 else ()))

    def _time_words(self, split: WindowSplit, window: Window, encoded: EncodedAudio) -> _Next:
        if self._word_timer is None:
            return _Next(split.segments, split.next_seek)
        timed: Sequence[Segment] = self._word_timer(
            split.segments, encoded, window.length, self._last_speech_end
        )
        seek = split.next_seek
        threshold = self._options.hallucination_silence_threshold
        speech_end = _last_word_end(timed)
        if not split.speech_ended and speech_end is not None and speech_end > window.offset:
            silent_end = threshold is not None and window.end - speech_end <= threshold
            seek = (
                window.seek + window.length if silent_end else round(speech_end * FRAMES_PER_SECOND)
            )
        if threshold is not None:
            skip = skip_silence(
                timed,
                window,
                threshold=threshold,
                last_speech_end=self._last_speech_end,
                n_frames=self._mel.n_frames,
            )
            timed, seek = skip.segments, seek if skip.next_seek is None else skip.next_seek
        speech_end = _last_word_end(timed)
        self._last_speech_end = self._last_speech_end if speech_end is None else speech_end
        return _Next(timed, seek)

    def _remember(self, segments: Sequence[Segment], result: DecodingResult) -> None:
        for segment in segments:
            if _has_text(segment):
                self._tokens.extend(segment.tokens)
        if not self._conditioned or result.temperature > WARMEST_PROMPT:
            self._prompt_from = len(self._tokens)

    def _number(self, segments: Sequence[Segment]) -> Iterator[Segment]:
        for segment in segments:
            if _has_text(segment):
                self._finished.append(_rounded(replace(segment, id=len(self._finished))))
                yield self._finished[-1]


def _has_text(segment: Segment) -> bool:
    return segment.start != segment.end and segment.text.strip() != ""


def _rounded(segment: Segment) -> Segment:
    """Times in whole milliseconds, without the dust of adding floats."""
    words = segment.words and tuple(
        replace(word, start=round(word.start, 3), end=round(word.end, 3)) for word in segment.words
    )
    return replace(segment, start=round(segment.start, 3), end=round(segment.end, 3), words=words)


def _last_word_end(segments: Sequence[Segment]) -> float | None:
    """The end of the last word, or of the last segment where none has words."""
    for segment in reversed(segments):
        for word in reversed(segment.words or ()):
            return word.end
    return segments[-1].end if segments else None
