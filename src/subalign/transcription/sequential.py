"""openai-whisper's sliding window: each window begins where the text before it ended.

Radford et al. 2022, section 4.5. Each window is told of the text before it, and its timestamps say
where the next one begins.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from subalign.decoding import DecodingResult
from subalign.mel import FRAMES_PER_SECOND, LogMel, has_sound
from subalign.model import EncodedAudio, Whisper
from subalign.options import TranscriptionOptions
from subalign.results import Segment
from subalign.tokenizer import Tokenizer
from subalign.transcription.fallback import decode_with_fallback
from subalign.transcription.glossary import GlossaryDecoder
from subalign.transcription.journal import WindowState
from subalign.transcription.silence import is_silence, skip_silence
from subalign.transcription.windows import (
    MelWindow,
    SegmentTimer,
    WindowSplit,
    last_word_end,
    split_window,
)

__all__ = ["SlidingWindow"]

# text decoded above this temperature is no prompt for the next window
_WARMEST_PROMPT = 0.5


@dataclass(frozen=True, slots=True)
class _Next:
    """What one window gave and the frame to go on at."""

    segments: Sequence[Segment]
    seek: int


class SlidingWindow:
    """Transcribes clips of one recording one after the other, each window by window.

    `initial` are the tokens of the initial prompt, and `timer` times the words, where they are
    wanted. With `words_move_windows` the next window begins where the last timed word ends, as
    openai-whisper has it for its own times; windows are else those without word times. `encode`
    encodes one window.
    """

    def __init__(
        self,
        model: Whisper,
        mel: LogMel,
        options: TranscriptionOptions,
        *,
        tokenizer: Tokenizer,
        language: str,
        initial: Sequence[int],
        glossary: GlossaryDecoder | None = None,
        timer: SegmentTimer | None,
        words_move_windows: bool,
        encode: Callable[[MelWindow], EncodedAudio],
    ) -> None:
        self._model = model
        self._mel = mel
        self._options = options
        self._tokenizer = tokenizer
        self._language = language
        self._word_timer = timer
        self._words_move_windows = words_move_windows
        self._encode = encode
        conditioned = options.condition_on_previous_text
        self._conditioned = model.previous_text if conditioned is None else conditioned
        self._initial = list(initial)
        self._glossary = glossary
        self._carries_initial = options.carry_initial_prompt or bool(glossary and glossary.prompt)
        self._tokens = list(initial)
        self._prompt_from = 0
        self._last_speech_end = 0.0
        self._generator = torch.Generator(model.device).manual_seed(0)

    def run(self, start: int, end: int, after: int) -> Iterator[tuple[Sequence[Segment], int]]:
        """Segments of the frames from `start` to before `end`, and the frame up to which.

        Frames before `after` are done already.
        """
        seek = max(start, after)
        while seek < end:
            window = MelWindow.at(seek, end, self._model.dims.window_frames)
            if has_sound(self._mel, window.seek, window.length):
                following = self._transcribe_window(window)
            else:
                following = _Next((), window.seek + window.length)
            # a window that stands still would never end
            seek = following.seek if following.seek > seek else end
            yield following.segments, seek

    @property
    def state(self) -> WindowState:
        """What the next window depends on, besides the tokens before it."""
        generator = self._generator.get_state().numpy().tobytes()
        return WindowState(generator, self._prompt_from, self._last_speech_end)

    def restore(self, state: WindowState, segments: Sequence[Segment]) -> None:
        """Go on as after these segments."""
        self._generator.set_state(torch.frombuffer(bytearray(state.generator), dtype=torch.uint8))
        self._tokens += [token for segment in segments for token in segment.tokens]
        self._prompt_from = state.prompt_from
        self._last_speech_end = state.last_speech_end

    def _transcribe_window(self, window: MelWindow) -> _Next:
        encoded = self._encode(window)
        [result] = decode_with_fallback(
            self._model,
            encoded,
            self._options,
            language=self._language,
            prompt=self._prompt(),
            generator=self._generator,
            glossary=self._glossary,
        )
        if is_silence(result, self._options):
            return _Next((), window.seek + window.length)
        split = split_window(result, self._tokenizer, window)
        found = self._time_words(split, window, encoded)
        self._extend_prompt(found.segments, result)
        return found

    def _prompt(self) -> tuple[int, ...]:
        if not self._carries_initial:
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
        speech_end = last_word_end(found.segments)
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
        speech_end = last_word_end(timed)
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


def _with_text(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The segments that have a duration and a text."""
    return tuple(
        segment
        for segment in segments
        if segment.start != segment.end and segment.text.strip() != ""
    )
