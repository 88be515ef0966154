"""Forced alignment of a whole transcript with a recording of any length: the pipeline."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.boundaries import refine_boundaries
from subalign.alignment.forced.coarse import CoarseEstimator, CoarseTimes, expected_seconds
from subalign.alignment.forced.failed_windows import accepted_words, retime_failed
from subalign.alignment.forced.matching import match
from subalign.alignment.forced.recognition import (
    Context,
    RecognisedWord,
    SpanEncoder,
    recognise,
    words_of,
)
from subalign.alignment.forced.report import line_segments, make_report, missing_words
from subalign.alignment.forced.thresholds import ForcedThresholds
from subalign.alignment.forced.timing import (
    AlignedWords,
    in_order,
    recognised_windows,
    time_recognised_windows,
)
from subalign.alignment.forced.untranscribed import ExtendedText, insert_untranscribed
from subalign.alignment.forced.verification import verify_recognised
from subalign.alignment.methods import method_for
from subalign.alignment.pauses import (
    FrameSpan,
    cut_at_pauses,
    frames_without_long_pauses,
    restored_span,
)
from subalign.alignment.script_words import ScriptWord, in_sentence_case, script_words
from subalign.alignment.segments import make_room
from subalign.alignment.words import WordTokens
from subalign.decoding import check_language, language_of, tokenizer_of
from subalign.mel import LogMel
from subalign.mel.loudness import RecordingLoudness
from subalign.mel.speech import Frames, Speech
from subalign.model import Whisper
from subalign.options import AlignmentOptions
from subalign.results import Alignment, Script, Transcript, Word
from subalign.tokenizer import to_language_code

__all__ = ["align_script"]

# over the recording: recognition, timing of recognised windows, and of failed ones twice
_PASSES = 4


def align_script(
    model: Whisper,
    mel: LogMel,
    script: Script,
    *,
    language: str | None,
    speech: Speech | None = None,
    options: AlignmentOptions = AlignmentOptions(),
    thresholds: ForcedThresholds = ForcedThresholds(),
    on_progress: Callable[[float, float], None] | None = None,
    version: str = "",
) -> Alignment:
    """Time every word of a transcript, and tell how well it fits.

    Long pauses are cut out, then each window is encoded and decoded once; where that resembles the
    transcript, words have their rough place. Where nearly all of a window's words were decoded,
    they are timed in it. The others are timed twice in the windows where they should be, the second
    time exactly. Parts that only the audio or only the transcript has are left out of the texts, so
    that they harm no other part.

    Args:
        model: whose heads are asked.
        mel: the recording.
        script: the transcript; each line becomes a segment.
        language: None is the script's own, else what the model detects.
        speech: where the recording has speech, to detect the language in; None asks its loudness.
        options: how words are timed within a window.
        thresholds: what the stages decide by.
        on_progress: called with the seconds done and the recording's length.
        version: of the program, for the result.

    Raises:
        UsageError: the model does not know the language.
    """
    uses_sound = method_for(options).uses_sound
    frames = frames_without_long_pauses(mel) if uses_sound else np.arange(mel.n_frames)
    encoder = SpanEncoder(model, mel.selected(frames))
    code = _language(encoder, script, language, speech and speech.selected(frames))
    context = Context(encoder, tokenizer_of(model, code), options, thresholds)
    lines = [
        script_words(line, context.tokenizer, text)
        for line, text in zip(script.lines, in_sentence_case(script.lines, code), strict=True)
    ]
    words = [word for line in lines for word in line]
    progress = _Progress(mel.duration, frames.size, on_progress)
    parts = _time_words(context, [word.encoded for word in words], progress)
    progress.finish()
    found = _finished(parts, frames, mel.duration, thresholds)
    timed = _results(words, found)
    edges_by_sound = 0
    if uses_sound:
        refined = refine_boundaries(mel, timed)
        timed, edges_by_sound = refined.words, int(refined.by_sound.sum())
    counts = [len(line) for line in lines]
    segments = line_segments(script.lines, counts, timed, mel.duration, thresholds.report)
    transcript = Transcript(
        text=" ".join(segment.text.strip() for segment in segments),
        language=code,
        segments=segments,
        duration=mel.duration,
        model=model.name,
        version=version,
    )
    report = make_report(
        segments,
        found.verified,
        found.missing,
        found.recognised,
        edges_by_sound=edges_by_sound,
        spaced=context.tokenizer.spaced,
        thresholds=thresholds.report,
    )
    return Alignment(transcript, report)


def _language(
    encoder: SpanEncoder, script: Script, language: str | None, speech: Speech | None
) -> str:
    """The code of the language: as stated, else as detected where there is most speech.

    Noise and music may be louder than it. Where there is none, it is where sound is loudest.
    """
    model = encoder.model
    stated = language or script.language
    check_language(model, stated, "transcribe")
    if stated is not None:
        return to_language_code(stated)
    if not model.multilingual:
        return "en"
    loudness = RecordingLoudness.from_mel(encoder.mel)
    spans = cut_at_pauses(loudness, model.dims.window_frames) or [FrameSpan(0, 0)]
    found = Speech.by_loudness(encoder.mel) if speech is None else speech

    def spoken(span: FrameSpan) -> tuple[float, float]:
        seconds = found.seconds(np.arange(span.start, span.end))
        return seconds, loudness.mean(span.start, span.end)

    spans.sort(key=spoken, reverse=True)
    guess = language_of(model, (encoder.encode([span]) for span in spans))
    assert guess is not None  # there is a span
    return guess.language


def _results(words: Sequence[ScriptWord], found: "_TimedWords") -> list[Word]:
    """The words as written, with their times."""
    return [
        Word(
            text=word.text,
            start=start,
            end=end,
            probability=probability,
            estimated=not verified,
            before=word.before,
            after=word.after,
        )
        for word, start, end, probability, verified in zip(
            words,
            found.starts.tolist(),
            found.ends.tolist(),
            found.probabilities.tolist(),
            found.verified.tolist(),
            strict=True,
        )
    ]


@dataclass(frozen=True, eq=False)
class _TimedWords:
    """The transcript's words; all arrays are (words,), times are whole milliseconds in seconds.

    `verified` words were said; `missing` ones were not, and have no room. `recognised` are all
    words that were decoded.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    verified: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    recognised: list[RecognisedWord]


@dataclass(frozen=True, eq=False)
class _Found:
    """What the stages found; times are those of the recording without its long pauses."""

    text: ExtendedText
    timed: AlignedWords
    coarse: CoarseTimes
    recognised: list[RecognisedWord]


def _time_words(context: Context, words: Sequence[WordTokens], progress: "_Progress") -> _Found:
    """All stages, in order."""
    thresholds = context.thresholds
    loudness = RecordingLoudness.from_mel(context.encoder.mel)
    spans = cut_at_pauses(loudness, context.model.dims.window_frames)
    recognised_spans = recognise(context, spans, progress.next_pass())
    if recognised_spans:
        fullest = max(recognised_spans, key=lambda item: len(item.words)).span
        context = replace(context, fullest=fullest)

    texts = [word.text for word in words]
    matching = match(texts, words_of(recognised_spans), thresholds.matching)
    recognised = words_of(verify_recognised(context, recognised_spans, matching.used))
    text = insert_untranscribed(words, matching, recognised, context.tokenizer, thresholds)
    matched = ~text.transcribed
    matched[text.transcribed] = matching.likeness >= thresholds.verification.likeness
    known = text.anchors.at(matched[text.anchors.words])

    estimator = CoarseEstimator.of_recording(text.letters, loudness, recognised, thresholds.coarse)
    coarse = estimator.estimate(text.anchors)

    windows = recognised_windows(
        spans, known, matched, coarse, text.n_tokens, context.text_room, thresholds.windows
    )
    certain = time_recognised_windows(context, text.words, windows, matched, progress.next_pass())
    accepted = accepted_words(windows, certain, known, thresholds.timing.displacement)

    passes = (progress.next_pass(), progress.next_pass())
    others, coarse = retime_failed(context, text, accepted, coarse, estimator, spans, passes)

    timed = others.replaced(certain, accepted)
    timed = timed.with_recognised(matching, text.transcribed, thresholds)
    return _Found(text, timed, coarse, recognised)


def _finished(
    found: _Found, frames: Frames, duration: float, thresholds: ForcedThresholds
) -> _TimedWords:
    """The transcript's words in order, with room for each, verified or missing.

    `frames` (kept,) of the recording, which is so long, are those that the stages heard.
    """
    text, timed = found.text, found.timed
    starts, ends, verified = in_order(found.coarse, timed, thresholds)
    starts, ends = _restored(starts, ends, frames)
    needs = expected_seconds(timed.anchors(thresholds), text.letters, thresholds.coarse)
    missing = missing_words(verified, starts, ends, needs, duration, thresholds.report)
    own = text.transcribed
    limit = np.floor(duration * 1000) / 1000
    starts, ends = make_room(starts[own], ends[own], limit)
    return _TimedWords(
        starts.round(3),
        ends.round(3),
        timed.probabilities[own],
        verified[own],
        missing[own],
        list(_restored_words(found.recognised, frames)),
    )


def _restored(
    starts: NDArray[np.float64], ends: NDArray[np.float64], frames: Frames
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (words,) in the recording that only these frames were taken from."""
    if not frames.size or frames[-1] == frames.size - 1:
        return starts, ends
    pairs = zip(starts.tolist(), ends.tolist(), strict=True)
    spans = np.array([restored_span(*pair, frames) for pair in pairs]).reshape(-1, 2)
    return spans[:, 0].copy(), spans[:, 1].copy()


def _restored_words(words: Sequence[RecognisedWord], frames: Frames) -> Iterator[RecognisedWord]:
    starts, ends = (np.array([getattr(word, edge) for word in words]) for edge in ("start", "end"))
    starts, ends = _restored(starts, ends, frames)
    for word, start, end in zip(words, starts.tolist(), ends.tolist(), strict=True):
        yield replace(word, start=start, end=end)


class _Progress:
    """Tells how far all passes over a recording have come, as seconds of it."""

    def __init__(
        self, duration: float, n_frames: int, tell: Callable[[float, float], None] | None
    ) -> None:
        self._duration = duration
        self._n_frames = n_frames
        self._tell = tell
        self._passes = 0
        self._done = 0.0

    def next_pass(self) -> Callable[[FrameSpan], None]:
        """What to call with every window of a pass, in order."""
        before = self._passes
        self._passes += 1

        def on_window(span: FrameSpan) -> None:
            if self._tell is not None:
                done = (before + span.end / self._n_frames) / _PASSES
                # failed windows are timed after the others
                self._done = max(self._done, self._duration * min(done, 1.0))
                self._tell(self._done, self._duration)

        return on_window

    def finish(self) -> None:
        """The passes that were left had no windows."""
        if self._tell is not None:
            self._tell(self._duration, self._duration)
