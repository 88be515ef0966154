"""Windows that are cut in pauses and decoded in batches, without timestamps.

No window is told of the text before it, so that many can be decoded at once. Words get their times
from attention, and segments are made of words. What a window's text leaves out at its end is heard
again as a window of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from subalign.decoding import DecodingResult, tokenizer_of
from subalign.mel import FRAMES_PER_SECOND, LogMel, has_sound
from subalign.mel.speech import Frames, Speech
from subalign.model import EncodedAudio, Whisper
from subalign.model.devices import give_back_memory
from subalign.options import TranscriptionOptions
from subalign.results import Segment
from subalign.tokenizer import Tokenizer
from subalign.transcription.fallback import decode_with_fallback
from subalign.transcription.glossary import GlossaryDecoder
from subalign.transcription.journal import WindowState
from subalign.transcription.silence import is_silence
from subalign.transcription.windows import SegmentTimer, TimedWord

__all__ = [
    "BatchThresholds",
    "BatchedTranscriber",
    "WindowBatches",
    "sentences",
    "usual_batch_size",
]

_SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！", "।", "؟", "۔")  # noqa: RUF001
_CLOSING = "\"')]}»”’」』"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchThresholds:
    """Numbers of this module; times are seconds (bench/README.md, "Windows in batches")."""

    # speech after a window's last word that is heard again, from so far behind the word
    left_out: float = 1.0
    after_word: float = 0.2
    # a segment ends with a sentence before such a pause, before a longer one, or when so long
    sentence_pause: float = 0.1
    pause: float = 1.0
    longest_segment: float = 20.0
    # windows of a batch and, on a processor, rows (windows times beams), as more take more memory
    # and are hardly faster; more of a small model, whose windows take few bytes of keys and values
    windows: int = 8
    rows: int = 32
    windows_of_small: int = 12
    rows_of_small: int = 60
    small: int = 20_000_000
    # windows of a batch on a GPU; bytes that a batch's keys and values may take
    windows_on_gpu: int = 32
    memory: int = 1 << 30
    memory_on_gpu: int = 4 << 30


class WindowBatches:
    """The windows of a recording's clips, made and encoded batch by batch.

    `ranges` are the clips in mel frames, and `batch_size` the windows of a batch.
    """

    def __init__(
        self,
        model: Whisper,
        mel: LogMel,
        speech: Speech,
        ranges: Sequence[tuple[int, int]],
        batch_size: int,
    ) -> None:
        self.model = model
        self.speech = speech
        self._mel = mel
        self._ranges = ranges
        self._batch_size = batch_size
        self._first: tuple[list[Frames], EncodedAudio] | None = None

    def first_windows(self) -> Iterator[EncodedAudio]:
        """The windows of the first batch one by one; `of_clip` does not encode them again."""
        for start, end in self._ranges:
            for batch in self._batches(start, end):
                self._first = batch, self.encode(batch)
                for n in range(len(batch)):
                    yield self._first[1].select(slice(n, n + 1))
                return

    def of_clip(
        self, start: int, end: int, after: int
    ) -> Iterator[tuple[list[Frames], EncodedAudio]]:
        """Batches of windows from a frame to before another, encoded, that end `after` a frame."""
        for batch in self._batches(start, end):
            if int(batch[-1][-1]) >= after:
                yield self._kept(batch) or (batch, self.encode(batch))

    def _kept(self, batch: list[Frames]) -> tuple[list[Frames], EncodedAudio] | None:
        """The first batch, where it is this one."""
        kept, self._first = self._first, None
        if kept is None or len(kept[0]) != len(batch) or kept[0][0][0] != batch[0][0]:
            return None
        return kept

    def _batches(self, start: int, end: int) -> Iterator[list[Frames]]:
        windows = self.speech.windows(start, end, self.model.dims.window_frames)
        if self.speech.everything:
            windows = [w for w in windows if has_sound(self._mel, int(w[0]), w.size)]
        for first in range(0, len(windows), self._batch_size):
            yield windows[first : first + self._batch_size]

    @torch.inference_mode()
    def encode(self, windows: Sequence[Frames]) -> EncodedAudio:
        """Encode windows, each given by the recording's frames that it is made of."""
        width = self.model.dims.window_frames
        mels = torch.zeros(len(windows), self._mel.n_mels, width)
        for window, frames in zip(mels, windows, strict=True):
            at = 0
            for part in np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1):
                window[:, at : at + part.size] = self._mel.window(
                    int(part[0]), part.size, part.size
                )
                at += part.size
        encoded = self.model.encode(mels).without_features()
        give_back_memory()
        return encoded


def usual_batch_size(
    model: Whisper, beams: int, thresholds: BatchThresholds = BatchThresholds()
) -> int:
    """How many windows are decoded at once: fewer of a large model, more on a GPU."""
    dims = model.dims
    numbers = 2 * dims.n_text_layer * dims.n_audio_ctx * dims.n_text_state
    window = numbers * model.dtype.itemsize
    room = thresholds.memory
    if model.device.type == "cuda":
        most, room = thresholds.windows_on_gpu, thresholds.memory_on_gpu
    elif window <= thresholds.small:
        most = min(thresholds.windows_of_small, thresholds.rows_of_small // beams)
    else:
        most = min(thresholds.windows, thresholds.rows // beams)
    return max(1, min(most, room // window))


class BatchedTranscriber:
    """Transcribes clips of one recording, batch by batch.

    `language` None lets each window have its own. `initial` are the tokens of the initial prompt,
    which every window is given; `timer_for` makes what times words in a language. Without it, each
    window is a segment.
    """

    def __init__(
        self,
        batches: WindowBatches,
        options: TranscriptionOptions,
        *,
        tokenizer: Tokenizer,
        language: str | None,
        initial: Sequence[int] = (),
        glossary: GlossaryDecoder | None = None,
        timer_for: Callable[[Tokenizer], SegmentTimer] | None = None,
        thresholds: BatchThresholds = BatchThresholds(),
    ) -> None:
        self._batches = batches
        self._options = options
        self._tokenizer = tokenizer
        self._language = language
        self._initial = tuple(initial)
        self._glossary = glossary
        self._timer_for = timer_for
        self._thresholds = thresholds
        self._generator = torch.Generator(batches.model.device).manual_seed(0)

    def run(self, start: int, end: int, after: int) -> Iterator[tuple[Sequence[Segment], int]]:
        """Segments of the frames from `start` to before `end`, and the frame up to which.

        Batches that end before `after` are done already.
        """
        for windows, encoded in self._batches.of_clip(start, end, after):
            found = self._transcribe(windows, encoded)
            del encoded  # before the next batch is encoded
            give_back_memory()
            yield [segment for part in found for segment in part], int(windows[-1][-1]) + 1
        yield (), end

    @property
    def state(self) -> WindowState:
        """What the next batch depends on."""
        return WindowState(self._generator.get_state().numpy().tobytes())

    def restore(self, state: WindowState, segments: Sequence[Segment]) -> None:
        """Go on as after these segments."""
        self._generator.set_state(torch.frombuffer(bytearray(state.generator), dtype=torch.uint8))

    @torch.inference_mode()
    def _transcribe(self, windows: Sequence[Frames], encoded: EncodedAudio) -> list[list[Segment]]:
        """The segments of each window."""
        results = self._decode(encoded)
        give_back_memory()
        if self._timer_for is None:
            texts = [self._text(result) for result in results]
            return [
                [self._segment(text, result, frames)] if text else []
                for text, result, frames in zip(texts, results, windows, strict=True)
            ]
        timed = self._timed(results, encoded, windows)
        found = []
        for n, (words, result, frames) in enumerate(zip(timed, results, windows, strict=True)):
            segments = [self._timed_segment(part, result, frames) for part in sentences(words)]
            rest = self._left_out(words, frames)
            if rest is not None:
                segments += self._heard_again(rest, windows[n + 1] if windows[n + 1 :] else None)
            found.append(segments)
        return found

    def _heard_again(self, rest: Frames, following: Frames | None) -> list[Segment]:
        """The segments of what a window left out.

        It is heard with what follows in the next window, as alone it may be too short to be
        understood; of that, nothing is kept.
        """
        width = self._batches.model.dims.window_frames
        frames = rest if following is None else np.concatenate([rest, following])[:width]
        encoded = self._batches.encode([frames])
        [result] = self._decode(encoded)
        [words] = self._timed([result], encoded, [frames])
        end = (int(rest[-1]) + 1) / FRAMES_PER_SECOND
        own = [timed for timed in words if timed[0].start < end]
        return [self._timed_segment(part, result, rest) for part in sentences(own)]

    def _decode(self, encoded: EncodedAudio) -> list[DecodingResult]:
        return decode_with_fallback(
            self._batches.model,
            encoded,
            self._options,
            language=self._language,
            prompt=self._initial,
            generator=self._generator,
            glossary=self._glossary,
        )

    def _timed(
        self,
        results: Sequence[DecodingResult],
        encoded: EncodedAudio,
        windows: Sequence[Frames],
    ) -> list[list[TimedWord]]:
        """The words of each window, in one pass for each language."""
        assert self._timer_for is not None
        texts = [self._text(result) for result in results]
        languages = [result.language for result in results]
        model = self._batches.model
        found: dict[int, list[TimedWord]] = {}
        for language in sorted(set(languages)):
            timer = self._timer_for(tokenizer_of(model, language, self._options.task))
            own = [n for n, other in enumerate(languages) if other == language]
            part = encoded
            if len(own) < encoded.windows:
                part = encoded.select(torch.tensor(own, device=model.device))
            timed = timer.time_windows([texts[n] for n in own], part, [windows[n] for n in own])
            found.update(zip(own, timed, strict=True))
        return [found[n] for n in range(len(texts))]

    def _text(self, result: DecodingResult) -> list[int]:
        if is_silence(result, self._options):
            return []
        return [token for token in result.tokens if token < self._tokenizer.eot]

    def _left_out(self, words: Sequence[TimedWord], frames: Frames) -> Frames | None:
        """The frames after the last word, where they hold speech."""
        if not words:
            return None
        end = words[-1][0].end + self._thresholds.after_word
        rest = frames[frames >= round(end * FRAMES_PER_SECOND)]
        spoken = self._batches.speech.seconds(rest)
        return rest if spoken >= self._thresholds.left_out else None

    def _timed_segment(
        self, words: Sequence[TimedWord], result: DecodingResult, frames: Frames
    ) -> Segment:
        tokens = [token for _, own in words for token in own]
        return replace(
            self._segment(tokens, result, frames),
            start=words[0][0].start,
            end=words[-1][0].end,
            words=tuple(word for word, _ in words) if self._options.word_timestamps else None,
        )

    def _segment(self, tokens: Sequence[int], result: DecodingResult, frames: Frames) -> Segment:
        return Segment(
            id=0,
            seek=int(frames[0]),
            start=int(frames[0]) / FRAMES_PER_SECOND,
            end=(int(frames[-1]) + 1) / FRAMES_PER_SECOND,
            text=self._tokenizer.decode(tokens),
            tokens=tuple(tokens),
            temperature=result.temperature,
            avg_logprob=result.avg_logprob,
            compression_ratio=result.compression_ratio,
            no_speech_prob=result.no_speech_prob,
        )


def sentences(
    words: Sequence[TimedWord], thresholds: BatchThresholds = BatchThresholds()
) -> Iterator[Sequence[TimedWord]]:
    """A window's words, cut where a sentence ends or the speech pauses, or a part gets too long."""
    first = 0
    for n in range(1, len(words)):
        before, after = words[n - 1][0], words[n][0]
        pause = after.start - before.end
        ended = before.text.rstrip(_CLOSING).endswith(_SENTENCE_ENDS)
        if (
            pause >= (thresholds.sentence_pause if ended else thresholds.pause)
            or after.end - words[first][0].start > thresholds.longest_segment
        ):
            yield words[first:n]
            first = n
    if words:
        yield words[first:]
