"""A recording transcribed, window by window or in batches of windows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch

from subalign.decoding import (
    LanguageGuess,
    check_language,
    language_of,
    spoken_language,
    tokenizer_of,
)
from subalign.mel import FRAMES_PER_SECOND, LogMel
from subalign.mel.speech import Speech
from subalign.model import EncodedAudio, Whisper
from subalign.options import TranscriptionOptions
from subalign.results import Chapter, Segment, Transcript
from subalign.tokenizer import Tokenizer, to_language_code
from subalign.transcription.batched import BatchedTranscriber, WindowBatches, usual_batch_size
from subalign.transcription.glossary import GlossaryDecoder
from subalign.transcription.journal import Journal
from subalign.transcription.sequential import SlidingWindow
from subalign.transcription.windows import MelWindow, SegmentTimer, frame_ranges

__all__ = ["Transcription"]


class Transcription:
    """A running transcription: iterate it for segments, each as soon as it is final.

    `language` is Whisper's code and `language_guess` what it was detected by, None where it was
    given or no window holds sound; `duration` is the recording's length and `position` how far
    the transcription has come, both in seconds. Silence and steady noise are skipped. Sampling is
    seeded, so that the same recording and options give the same text.

    Args:
        model: what decodes.
        mel: the recording.
        options: how it is transcribed.
        timer_for: makes the word timer for the language's tokenizer.
        words_move_windows: whether the next window of a sequence begins where the last timed word
            ends, as openai-whisper has it for its own times; windows are else those without word
            times.
        refine: moves the edges of a clip's words between its start and end (seconds), once the
            recording is transcribed: `transcript` has these segments, the iteration gives them as
            they were before.
        speech: where the recording has speech; None asks its loudness.
        chapters: the recording's, for the transcript.
        journal: where final windows are taken down, to go on after them another time.
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
        label_speakers: Callable[[Transcript], Transcript] | None = None,
        speech: Speech | None = None,
        chapters: tuple[Chapter, ...] = (),
        journal: Journal | None = None,
        version: str = "",
    ) -> None:
        check_language(model, options.language, options.task)
        self.duration = mel.duration
        self.position = 0.0
        self._model = model
        self._mel = mel
        self._options = options
        self._chapters = chapters
        self._version = version
        self._refine = refine
        self._label_speakers = label_speakers
        self._ranges = frame_ranges(options.clips, mel.n_frames)
        self._encoded: tuple[MelWindow, EncodedAudio] | None = None
        self._batches = None
        if not options.sequential:
            found = Speech.by_loudness(mel) if speech is None else speech
            size = options.batch_size or usual_batch_size(model, options.beam_size or 1)
            self._batches = WindowBatches(model, mel, found, self._ranges, size)
        self._journal = journal
        if journal is not None and journal.begun:
            self.language_guess = journal.guess
        else:
            self.language_guess = self._detect_language()
        guess = self.language_guess
        self.language = guess.language if guess else to_language_code(options.language or "en")
        self._tokenizer = tokenizer_of(model, self.language, options.task)
        self._timed = timer_for is not None and options.word_timestamps
        self._glossary = None
        if options.glossary:
            self._glossary = GlossaryDecoder(model, self._tokenizer, options.glossary)
        self._windows = self._window_source(timer_for, words_move_windows)
        self._finished: list[Segment] = []
        self._counts: list[int] = []  # of finished segments at the end of each clip
        if journal is not None and not journal.begun:
            journal.begin(guess)
        self._segments = self._run()

    def _window_source(
        self, timer_for: Callable[[Tokenizer], SegmentTimer] | None, words_move_windows: bool
    ) -> SlidingWindow | BatchedTranscriber:
        """What transcribes a clip, window after window or in batches."""
        options, tokenizer = self._options, self._tokenizer
        prompt = options.initial_prompt
        initial = tokenizer.encode(" " + prompt.strip()) if prompt else []
        if self._glossary is not None:
            initial = [*self._glossary.prompt, *initial]
        if self._batches is not None:
            return BatchedTranscriber(
                self._batches,
                options,
                tokenizer=tokenizer,
                language=None if options.each_language else self.language,
                initial=initial,
                glossary=self._glossary,
                timer_for=timer_for,
            )
        return SlidingWindow(
            self._model,
            self._mel,
            options,
            tokenizer=tokenizer,
            language=self.language,
            initial=initial,
            glossary=self._glossary,
            timer=timer_for(tokenizer) if timer_for and self._timed else None,
            words_move_windows=words_move_windows,
            encode=self._encode,
        )

    def __iter__(self) -> Iterator[Segment]:
        return self

    def __next__(self) -> Segment:
        return next(self._segments)

    @property
    def corrections(self) -> tuple[tuple[str, str], ...]:
        """What was heard, and the term of the glossary that is written in its place."""
        return tuple(self._glossary.corrections) if self._glossary else ()

    def transcript(self) -> Transcript:
        """Everything, once the rest of the recording has been transcribed."""
        for _ in self:
            pass
        segments = self._finished
        if self._refine is not None and self._timed:
            segments = self._refined(self._refine)
        guess = self.language_guess
        transcript = Transcript(
            text=self._tokenizer.decode([token for one in segments for token in one.tokens]),
            language=self.language,
            language_probability=guess.probability if guess else None,
            segments=tuple(segments),
            duration=self.duration,
            model=self._model.name,
            version=self._version,
            chapters=self._chapters,
        )
        if self._glossary is not None:
            transcript = self._glossary.correct(transcript)
        return transcript if self._label_speakers is None else self._label_speakers(transcript)

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
        if self._batches is not None:
            return language_of(self._model, self._batches.first_windows())
        width = self._model.dims.window_frames

        def encode(seek: int) -> EncodedAudio:
            return self._encode(MelWindow(seek, width, width))

        return spoken_language(self._mel, self._ranges, self._model, encode)

    @torch.inference_mode()
    def _encode(self, window: MelWindow) -> EncodedAudio:
        if self._encoded is None or self._encoded[0] != window:
            mel = self._mel.window(window.seek, window.length, window.width)
            self._encoded = window, self._model.encode(mel[None])
        return self._encoded[1]

    def _run(self) -> Iterator[Segment]:
        first_clip, after = self._restored()
        yield from tuple(self._finished)
        for clip, (start, end) in list(enumerate(self._ranges))[first_clip:]:
            for segments, frame in self._windows.run(start, end, after):
                found = [
                    _rounded(replace(s, id=n)) for n, s in enumerate(segments, len(self._finished))
                ]
                if self._journal is not None:
                    self._journal.append(clip, frame, found, self._windows.state)
                self._finished += found
                self._reach(frame)
                yield from found
            self._counts.append(len(self._finished))
            after = 0

    def _restored(self) -> tuple[int, int]:
        """Take over what is in the journal; returns the clip and the frame to go on at."""
        if self._journal is None or not self._journal.entries:
            return 0, 0
        last = self._journal.entries[-1]
        for entry in self._journal.entries:
            # clips that have ended
            self._counts += [len(self._finished)] * (entry.clip - len(self._counts))
            self._finished += entry.segments
        self._windows.restore(last.state, self._finished)
        self._reach(last.frame)
        return last.clip, last.frame

    def _reach(self, frame: int) -> None:
        self.position = min(frame, self._mel.n_frames) / FRAMES_PER_SECOND


def _rounded(segment: Segment) -> Segment:
    """Times in whole milliseconds, without the rounding error of sums of floats."""
    words = segment.words and tuple(
        replace(word, start=round(word.start, 3), end=round(word.end, 3)) for word in segment.words
    )
    return replace(segment, start=round(segment.start, 3), end=round(segment.end, 3), words=words)
