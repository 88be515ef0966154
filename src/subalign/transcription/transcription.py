"""A recording transcribed window by window (Radford et al. 2022, section 4.5)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from subalign.decoding import (
    DecodingResult,
    LanguageGuess,
    check_language,
    spoken_language,
    tokenizer_of,
)
from subalign.mel import FRAMES_PER_SECOND, LogMel, has_sound
from subalign.model import EncodedAudio, Whisper
from subalign.options import TranscriptionOptions
from subalign.results import Segment, Transcript
from subalign.tokenizer import Tokenizer, to_language_code
from subalign.transcription.fallback import decode_with_fallback
from subalign.transcription.silence import is_silence, skip_silence
from subalign.transcription.windows import MelWindow, WindowSplit, frame_ranges, split_window

__all__ = ["SegmentTimer", "Transcription"]

# text decoded above this temperature is no prompt for the next window, as in openai-whisper
_WARMEST_PROMPT = 0.5


class SegmentTimer(Protocol):
    """Times the words of one window's segments."""

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

    `language` is Whisper's code and `language_guess` what it was detected by, None where it was
    given or no window holds sound; `duration` is the recording's length and `position` how far
    the transcription has come, both in seconds. Windows of silence or steady noise are skipped.
    Sampling is seeded, so that the same recording and options give the same text.

    Args:
        model: what decodes.
        mel: the recording.
        options: how it is transcribed.
        timer_for: makes the word timer for the language's tokenizer.
        words_move_windows: whether the next window begins where the last timed word ends, as
            openai-whisper has it for its own times; windows are else those without word times.
        refine: moves the edges of a clip's words between its start and end (seconds), once the
            recording is transcribed: `transcript` has these segments, the iteration gives them as
            they were before.
        version: what the transcript names as the program's.

    Raises:
        UsageError: the model cannot do the task or the language.
        InputError: a clip lies outside the recording.
    """

    def __init__(
        self,
        model: Whisper,
        mel: LogMel,
        options: TranscriptionOptions = TranscriptionOptions(),
        timer_for: Callable[[Tokenizer], SegmentTimer] | None = None,
        *,
        words_move_windows: bool = True,
        refine: Callable[[Sequence[Segment], float, float], Sequence[Segment]] | None = None,
        version: str = "",
    ) -> None:
        check_language(model, options.language, options.task)
        self.duration = mel.duration
        self.position = 0.0
        self._model = model
        self._mel = mel
        self._options = options
        self._version = version
        self._words_move_windows = words_move_windows
        self._refine = refine
        self._ranges = frame_ranges(options.clips, mel.n_frames)
        self._encoded: tuple[MelWindow, EncodedAudio] | None = None
        self.language_guess = guess = self._detect_language()
        self.language = guess.language if guess else to_language_code(options.language or "en")
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
        self._counts: list[int] = []  # of finished segments at the end of each clip
        self._segments = self._run()

    def __iter__(self) -> Iterator[Segment]:
        return self

    def __next__(self) -> Segment:
        return next(self._segments)

    def transcript(self) -> Transcript:
        """Everything, once the rest of the recording has been transcribed."""
        for _ in self:
            pass
        segments = self._finished
        if self._refine is not None and self._word_timer is not None:
            segments = self._refined(self._refine)
        guess = self.language_guess
        return Transcript(
            text=self._tokenizer.decode(self._tokens[len(self._initial) :]),
            language=self.language,
            language_probability=guess.probability if guess else None,
            segments=tuple(segments),
            duration=self.duration,
            model=self._model.name,
            version=self._version,
        )

    def _refined(
        self, refine: Callable[[Sequence[Segment], float, float], Sequence[Segment]]
    ) -> list[Segment]:
        """The segments clip by clip, as clips may overlap or stand in any order."""
        segments: list[Segment] = []
        for (start, end), count in zip(self._ranges, self._counts, strict=True):
            own = self._finished[len(segments) : count]
            segments += refine(own, start / FRAMES_PER_SECOND, end / FRAMES_PER_SECOND)
        return segments

    def _detect_language(self) -> LanguageGuess | None:
        """None where the language is given, or no window holds sound."""
        if self._options.language is not None or not self._model.multilingual:
            return None
        width = self._model.dims.window_frames

        def encode(seek: int) -> EncodedAudio:
            return self._encode(MelWindow(seek, width, width))

        return spoken_language(self._mel, self._ranges, self._model, encode)

    def _run(self) -> Iterator[Segment]:
        for start, end in self._ranges:
            seek = start
            while seek < end:
                window = self._window(seek, end)
                if has_sound(self._mel, window.seek, window.length):
                    following = self._transcribe_window(window)
                else:
                    following = _Next((), window.seek + window.length)
                # a window that stands still would never end
                seek = following.seek if following.seek > seek else end
                self.position = min(seek, self._mel.n_frames) / FRAMES_PER_SECOND
                yield from self._number(following.segments)
            self._counts.append(len(self._finished))

    def _window(self, seek: int, end: int) -> MelWindow:
        width = self._model.dims.window_frames
        return MelWindow(seek, min(width, end - seek), width)

    @torch.inference_mode()
    def _encode(self, window: MelWindow) -> EncodedAudio:
        if self._encoded is None or self._encoded[0] != window:
            mel = self._mel.window(window.seek, window.length, window.width)
            self._encoded = window, self._model.encode(mel[None])
        return self._encoded[1]

    def _transcribe_window(self, window: MelWindow) -> _Next:
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
        self._extend_prompt(found.segments, result)
        return found

    def _prompt(self) -> tuple[int, ...]:
        if not self._options.carry_initial_prompt:
            return tuple(self._tokens[self._prompt_from :])
        room = self._model.dims.n_text_ctx // 2 - 1 - len(self._initial)
        previous = self._tokens[max(len(self._initial), self._prompt_from) :]
        return (*self._initial, *(previous[-room:] if room > 0 else ()))

    def _time_words(self, split: WindowSplit, window: MelWindow, encoded: EncodedAudio) -> _Next:
        if self._word_timer is None:
            return _Next(_with_text(split.segments), split.next_seek)
        if self._words_move_windows:
            found = self._moved_by_words(self._word_timer, split, window, encoded)
        else:
            # speech from there on is the next window's, and so is its time
            length = min(window.length, split.next_seek - window.seek)
            timed = self._word_timer(
                _with_text(split.segments), encoded, length, self._last_speech_end
            )
            found = self._skip_silence(_Next(timed, split.next_seek), window)
        speech_end = _last_word_end(found.segments)
        self._last_speech_end = self._last_speech_end if speech_end is None else speech_end
        if self._words_move_windows:
            return _Next(_with_text(found.segments), found.seek)
        return found

    def _moved_by_words(
        self, word_timer: SegmentTimer, split: WindowSplit, window: MelWindow, encoded: EncodedAudio
    ) -> _Next:
        """Words, and the next window at the end of the last one, as openai-whisper has it."""
        timed = word_timer(split.segments, encoded, window.length, self._last_speech_end)
        seek = split.next_seek
        threshold = self._options.hallucination_silence_threshold
        speech_end = _last_word_end(timed)
        if not split.speech_ended and speech_end is not None and speech_end > window.offset:
            silent_end = threshold is not None and window.end - speech_end <= threshold
            seek = (
                window.seek + window.length if silent_end else round(speech_end * FRAMES_PER_SECOND)
            )
        return self._skip_silence(_Next(timed, seek), window)

    def _skip_silence(self, found: _Next, window: MelWindow) -> _Next:
        threshold = self._options.hallucination_silence_threshold
        if threshold is None:
            return found
        skip = skip_silence(
            found.segments,
            window,
            threshold=threshold,
            last_speech_end=self._last_speech_end,
            n_frames=self._mel.n_frames,
        )
        return _Next(skip.segments, found.seek if skip.next_seek is None else skip.next_seek)

    def _extend_prompt(self, segments: Sequence[Segment], result: DecodingResult) -> None:
        for segment in segments:
            self._tokens.extend(segment.tokens)
        if not self._conditioned or result.temperature > _WARMEST_PROMPT:
            self._prompt_from = len(self._tokens)

    def _number(self, segments: Sequence[Segment]) -> Iterator[Segment]:
        for segment in segments:
            self._finished.append(_rounded(replace(segment, id=len(self._finished))))
            yield self._finished[-1]


def _with_text(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The segments that have a duration and a text."""
    return tuple(
        segment
        for segment in segments
        if segment.start != segment.end and segment.text.strip() != ""
    )


def _rounded(segment: Segment) -> Segment:
    """Times in whole milliseconds, without the rounding error of sums of floats."""
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
