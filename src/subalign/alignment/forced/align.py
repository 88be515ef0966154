"""Forced alignment of a whole transcript with a recording of any length."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.boundaries import refine_boundaries
from subalign.alignment.constraints import make_room
from subalign.alignment.forced.coarse import Anchors, Placement, SpeechClock, letter_seconds, place
from subalign.alignment.forced.matching import match, plain_letters
from subalign.alignment.forced.recognition import (
    HeardSpan,
    HeardWord,
    SpanEncoder,
    hear,
    verify,
)
from subalign.alignment.forced.report import make_report, missing_words
from subalign.alignment.forced.timing import TimedWords, in_order, time_settled, time_windows
from subalign.alignment.forced.untranscribed import FilledText, fill
from subalign.alignment.forced.verification import HEARD
from subalign.alignment.forced.windows import (
    Window,
    WindowLimits,
    plan_windows,
    settled_windows,
    split_settled,
)
from subalign.alignment.loudness import RecordingLoudness
from subalign.alignment.pauses import FrameSpan, cut_at_pauses
from subalign.alignment.script_words import read_as, script_words
from subalign.alignment.teacher_forcing import text_room
from subalign.alignment.words import WordTokens
from subalign.decoding import check_language, detect_language, tokenizer_of
from subalign.mel import FRAMES_PER_SECOND, LogMel
from subalign.model import Whisper
from subalign.options import AlignmentOptions
from subalign.results import Alignment, Line, Script, Segment, Transcript, Word
from subalign.tokenizer import Tokenizer, to_language_code

__all__ = ["align_script"]

# over the recording: decoding, timing where it was decoded, and what is in doubt twice more
_PASSES = 4

# how much of the model's window is used for timing: attention drifts less in short windows
_WINDOW_SHARE = 0.7

# seconds between where a word was decoded and where it is timed that put its window in doubt
_APART = 0.5

# seconds that a line without words is shown at most
_SILENT_LINE = 2.0

# words that the model thinks impossible still have a logarithm
_LEAST_PROBABILITY = 1e-6

# seconds that a word lasts at least: 20 ms, and what rounding to milliseconds may take
_LEAST = 0.021


def align_script(
    model: Whisper,
    mel: LogMel,
    script: Script,
    *,
    language: str | None,
    options: AlignmentOptions = AlignmentOptions(),
    on_progress: Callable[[float, float], None] | None = None,
    version: str = "",
) -> Alignment:
    """Time every word of a transcript, and tell how well it fits.

    The recording is decoded; where that resembles the transcript, words have their rough place.
    Where nearly all of a window's words were decoded, they are timed in it. From there windows of
    audio with the others are timed twice, the second time exactly. Parts that only the audio or
    only the transcript has are left out of the windows, so they harm no other part.

    Args:
        model: whose heads are asked.
        mel: the recording.
        script: the transcript; each line becomes a segment.
        language: None is the script's own, else what the model detects.
        options: how words are timed within a window.
        on_progress: called with the seconds done and the recording's length.
        version: of the program, for the result.

    Raises:
        UsageError: the model does not know the language.
    """
    encoder = SpanEncoder(model, mel)
    code = _language(encoder, script, language)
    tokenizer = tokenizer_of(model, code)
    texts = read_as(script.lines, code)
    lines = [
        script_words(line, tokenizer, text) for line, text in zip(script.lines, texts, strict=True)
    ]
    words = [word for line in lines for word in line]
    progress = _Progress(mel.duration, on_progress)
    job = _Job(encoder, tokenizer, options, [word.encoded for word in words], progress)
    found = job.run()
    progress.finish()
    results = [
        Word(
            text=word.text,
            start=start,
            end=end,
            probability=probability,
            estimated=not heard,
            before=word.before,
            after=word.after,
        )
        for word, (start, end), probability, heard in zip(
            words, found.spans, found.probabilities, found.heard.tolist(), strict=True
        )
    ]
    if options.method == "viterbi":
        results = refine_boundaries(mel, results)
    segments = _segments(script.lines, [len(line) for line in lines], results, mel.duration)
    transcript = Transcript(
        text=" ".join(segment.text.strip() for segment in segments),
        language=code,
        segments=segments,
        duration=mel.duration,
        model=model.name,
        version=version,
    )
    report = make_report(
        segments, found.heard, found.missing, found.decoded, spaced=tokenizer.spaced
    )
    return Alignment(transcript, report)


def _language(encoder: SpanEncoder, script: Script, language: str | None) -> str:
    model = encoder.model
    stated = language or script.language
    check_language(model, stated, "transcribe")
    if stated is not None:
        return to_language_code(stated)
    if not model.multilingual:
        return "en"
    loudness = RecordingLoudness.from_mel(encoder.mel)
    spans = cut_at_pauses(loudness, model.dims.window_frames) or [FrameSpan(0, 0)]
    loudest = max(spans, key=lambda span: loudness.mean(span.start, span.end))
    return detect_language(model, encoder.encode([loudest]))[0].language


class _Progress:
    """Tells how far all passes over a recording have come, as seconds of it."""

    def __init__(self, duration: float, tell: Callable[[float, float], None] | None) -> None:
        self._duration = duration
        self._tell = tell
        self._passes = 0
        self._done = 0.0

    def next_pass(self) -> Callable[[FrameSpan], None]:
        """What to call with every window of a pass, in order."""
        before = self._duration * self._passes / _PASSES
        self._passes += 1

        def on_window(span: FrameSpan) -> None:
            if self._tell is not None:
                done = before + span.end / FRAMES_PER_SECOND / _PASSES
                # what is in doubt is timed after what is not
                self._done = max(self._done, min(done, self._duration))
                self._tell(self._done, self._duration)

        return on_window

    def finish(self) -> None:
        """All that is left was not in doubt."""
        if self._tell is not None:
            self._tell(self._duration, self._duration)


@dataclass(frozen=True, eq=False)
class _Found:
    """The words' times (seconds, whole milliseconds) and states, and what was decoded."""

    spans: list[tuple[float, float]]
    probabilities: list[float]
    heard: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    decoded: list[HeardWord]


@dataclass(frozen=True, eq=False)
class _Guide:
    """What words are placed by: the recording's pauses, their letters (words,), and speech."""

    loudness: RecordingLoudness
    letters: NDArray[np.int64]
    decoded: SpeechClock
    sound: SpeechClock

    def place(self, anchors: Anchors) -> Placement:
        return place(anchors, self.letters, self.decoded, self.sound)


@dataclass(frozen=True, eq=False)
class _Job:
    """One alignment: the arguments of `align_script`, and the transcript's words."""

    encoder: SpanEncoder
    tokenizer: Tokenizer
    options: AlignmentOptions
    words: list[WordTokens]
    progress: _Progress

    def run(self) -> _Found:
        """Decode, match, time."""
        loudness = RecordingLoudness.from_mel(self.encoder.mel)
        spans = cut_at_pauses(loudness, self.encoder.model.dims.window_frames)
        on_window = self.progress.next_pass()
        heard = hear(self.encoder, self.tokenizer, spans, self.options, on_window)
        matching = match([word.text for word in self.words], _words_of(heard))
        decoded = _words_of(verify(self.encoder, self.tokenizer, heard, matching.used))
        text = fill(self.words, matching, decoded, self.tokenizer)
        own = text.own
        letters = np.array([len(plain_letters(word.text)) for word in text.words], np.int64)
        clocks = (SpeechClock.of_decoded(loudness, decoded), SpeechClock.of_sound(loudness))
        sure = ~own
        sure[own] = matching.likeness >= HEARD.likeness
        timed, placement = self._timed(text, sure, spans, _Guide(loudness, letters, *clocks))
        timed = timed.with_decoded(matching, own)
        starts, ends, kept = in_order(placement, timed)
        needs = (letters + 1).astype(np.float64) * letter_seconds(timed.anchors(), letters)
        missing = missing_words(kept, starts, ends, needs, self.encoder.mel.duration)
        limit = np.floor(self.encoder.mel.duration * 1000) / 1000
        starts, ends = make_room(starts[own], ends[own], _LEAST, limit)
        times = zip(starts.round(3).tolist(), ends.round(3).tolist(), strict=True)
        probabilities = timed.probabilities[own].tolist()
        return _Found(list(times), probabilities, kept[own], missing[own], decoded)

    def _timed(
        self, text: FilledText, sure: NDArray[np.bool_], spans: Sequence[FrameSpan], guide: _Guide
    ) -> tuple[TimedWords, Placement]:
        """Times and places; what was not decoded as it is written is timed twice, nearer and near.

        `sure` (words,) marks what was decoded so.
        """
        placement = guide.place(text.anchors)
        tokens = _lengths(text.words)
        room = text_room(self.encoder.model, self.tokenizer)
        settled = settled_windows(spans, text.anchors, sure, placement, tokens, room)
        certain = time_settled(
            self.encoder,
            self.tokenizer,
            text.words,
            settled,
            sure,
            self.options,
            self.progress.next_pass(),
            # as the engine does; longer recordings are not encoded twice for their pauses, but for
            # a model that learned from flowing speech
            cut_pauses=self.encoder.model.short_windows or len(spans) == 1,
        )
        done = _agreed(settled, certain, text.anchors.at(sure[text.anchors.words]))
        windows = self._plan(text.words, placement.without(done), guide.loudness)
        anchors = self._nearer(text.words, windows, text.anchors, done)
        placement = guide.place(anchors)
        windows = self._plan(text.words, placement.without(done), guide.loudness)
        timed = self._time(text.words, windows, final=True)
        return timed.replaced(certain, done), placement

    def _plan(
        self, words: Sequence[WordTokens], placement: Placement, loudness: RecordingLoudness
    ) -> list[Window]:
        room = text_room(self.encoder.model, self.tokenizer)
        whole = self.encoder.model.dims.window_frames
        frames = round(_WINDOW_SHARE * whole)
        limits = WindowLimits(frames, room, whole)
        return plan_windows(placement, _lengths(words), loudness, limits)

    def _nearer(
        self,
        words: Sequence[WordTokens],
        windows: Sequence[Window],
        anchors: Anchors,
        done: NDArray[np.bool_],
    ) -> Anchors:
        """Anchors from the windows' times; those of settled windows and `done` words stay."""
        settled, others = split_settled(windows, anchors)
        timed = self._time(words, others, final=False)
        in_both = {word for window in others for word in window.words}
        kept = {word for window in settled for word in window.words} - in_both
        kept |= set(np.flatnonzero(done).tolist())
        return timed.anchors().merged(anchors.of(kept))

    def _time(
        self, words: Sequence[WordTokens], windows: Sequence[Window], *, final: bool
    ) -> TimedWords:
        return time_windows(
            self.encoder,
            self.tokenizer,
            words,
            windows,
            self.options,
            self.progress.next_pass(),
            final=final,
        )


def _words_of(heard: Sequence[HeardSpan]) -> list[HeardWord]:
    return [word for item in heard for word in item.words]


def _agreed(windows: Sequence[Window], timed: TimedWords, decoded: Anchors) -> NDArray[np.bool_]:
    """The words (words,) of windows that have all `decoded` words where these were decoded."""
    near = np.abs(timed.starts[decoded.words] - decoded.starts) <= _APART
    apart = set(decoded.words[~near].tolist())
    agreed = np.zeros(timed.starts.size, bool)
    for window in windows:
        agreed[list(window.words)] = not apart.intersection(window.words)
    return agreed


def _lengths(words: Sequence[WordTokens]) -> NDArray[np.int64]:
    """How many tokens (words,) each has."""
    return np.array([len(word.tokens) for word in words], np.int64)


def _segments(
    lines: Sequence[Line], counts: Sequence[int], words: Sequence[Word], duration: float
) -> tuple[Segment, ...]:
    """One segment a line, which has so many of the words; lines without any lie between others."""
    segments: list[Segment] = []
    offset = 0
    free = 0.0
    for index, (line, count) in enumerate(zip(lines, counts, strict=True)):
        own = tuple(words[offset : offset + count])
        offset += count
        if own:
            start, end = own[0].start, own[-1].end
        else:
            following = words[offset].start if offset < len(words) else duration
            start, end = _silent_line(line, free, following)
        free = end
        segments.append(
            Segment(
                id=index,
                seek=int(start * FRAMES_PER_SECOND),
                start=start,
                end=end,
                text=line.text,
                tokens=(),
                temperature=0.0,
                avg_logprob=_mean_log([word.probability for word in own]),
                compression_ratio=1.0,
                no_speech_prob=0.0,
                words=own,
            )
        )
    return tuple(segments)


def _silent_line(line: Line, begin: float, end: float) -> tuple[float, float]:
    """When to show a line of which nothing is said: as the file has it, where that is free."""
    if line.start is not None and line.end is not None and begin <= line.start < line.end <= end:
        return line.start, line.end
    return begin, min(end, begin + _SILENT_LINE)


def _mean_log(probabilities: Sequence[float]) -> float:
    logs = [math.log(max(probability, _LEAST_PROBABILITY)) for probability in probabilities]
    return sum(logs) / len(logs) if logs else 0.0
