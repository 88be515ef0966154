"""Forced alignment of a whole transcript with a recording of any length: the pipeline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.boundaries import refine_boundaries
from subalign.alignment.constraints import make_room
from subalign.alignment.forced.coarse import CoarseEstimator, SpeechTime, expected_seconds
from subalign.alignment.forced.context import Context, SpanEncoder
from subalign.alignment.forced.failed_windows import accepted_words, retime_failed
from subalign.alignment.forced.matching import match
from subalign.alignment.forced.recognition import RecognisedWord, recognise, words_of
from subalign.alignment.forced.report import make_report, missing_words
from subalign.alignment.forced.segments import line_segments
from subalign.alignment.forced.thresholds import ForcedThresholds
from subalign.alignment.forced.timing import in_order, time_recognised_windows
from subalign.alignment.forced.untranscribed import insert_untranscribed
from subalign.alignment.forced.verification import verify_recognised
from subalign.alignment.forced.windows import recognised_windows
from subalign.alignment.loudness import RecordingLoudness
from subalign.alignment.methods import method_for
from subalign.alignment.pauses import FrameSpan, cut_at_pauses
from subalign.alignment.script_words import read_as, script_words
from subalign.alignment.words import WordTokens
from subalign.decoding import check_language, detect_language, tokenizer_of
from subalign.mel import FRAMES_PER_SECOND, LogMel
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
    options: AlignmentOptions = AlignmentOptions(),
    thresholds: ForcedThresholds = ForcedThresholds(),
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
        thresholds: what the stages decide by.
        on_progress: called with the seconds done and the recording's length.
        version: of the program, for the result.

    Raises:
        UsageError: the model does not know the language.
    """
    encoder = SpanEncoder(model, mel, thresholds.recognition)
    code = _language(encoder, script, language)
    context = Context(encoder, tokenizer_of(model, code), options, thresholds)
    lines = [
        script_words(line, context.tokenizer, text)
        for line, text in zip(script.lines, read_as(script.lines, code), strict=True)
    ]
    words = [word for line in lines for word in line]
    progress = _Progress(mel.duration, on_progress)
    aligned = _align_words(context, [word.encoded for word in words], progress)
    progress.finish()
    timed = [
        Word(
            text=word.text,
            start=start,
            end=end,
            probability=probability,
            estimated=not verified,
            before=word.before,
            after=word.after,
        )
        for word, (start, end), probability, verified in zip(
            words, aligned.spans, aligned.probabilities, aligned.verified.tolist(), strict=True
        )
    ]
    if method_for(options).uses_sound:
        timed = refine_boundaries(mel, timed)
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
        aligned.verified,
        aligned.missing,
        aligned.recognised,
        spaced=context.tokenizer.spaced,
        thresholds=thresholds.report,
    )
    return Alignment(transcript, report)


def _language(encoder: SpanEncoder, script: Script, language: str | None) -> str:
    """The code of the language: as stated, else as detected where the recording is loudest."""
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


@dataclass(frozen=True, eq=False)
class _AlignmentOfWords:
    """The transcript's words: times (seconds, whole milliseconds), probabilities, what was found.

    `verified` and `missing` are (words,); `recognised` are the words that were decoded.
    """

    spans: list[tuple[float, float]]
    probabilities: list[float]
    verified: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    recognised: list[RecognisedWord]


def _align_words(
    context: Context, words: Sequence[WordTokens], progress: "_Progress"
) -> _AlignmentOfWords:
    """All stages, in order."""
    thresholds, duration = context.thresholds, context.encoder.mel.duration
    loudness = RecordingLoudness.from_mel(context.encoder.mel)

    # recognition
    spans = cut_at_pauses(loudness, context.model.dims.window_frames)
    recognised = recognise(context, spans, progress.next_pass())

    # anchors
    texts = [word.text for word in words]
    matching = match(texts, words_of(recognised), thresholds.matching)
    heard = words_of(verify_recognised(context, recognised, matching.used))
    text = insert_untranscribed(words, matching, heard, context.tokenizer, thresholds)
    transcribed = text.transcribed
    matched = ~transcribed
    matched[transcribed] = matching.likeness >= thresholds.verification.likeness

    # coarse times
    estimator = CoarseEstimator(
        text.letters,
        SpeechTime.from_recognised(loudness, heard, thresholds.coarse),
        SpeechTime.from_loudness(loudness, thresholds.coarse),
        thresholds.coarse,
    )
    coarse = estimator.estimate(text.anchors)

    # windows that were recognised as written
    windows = recognised_windows(
        spans, text.anchors, matched, coarse, text.n_tokens, context.text_room, thresholds.windows
    )
    certain = time_recognised_windows(
        context,
        text.words,
        windows,
        matched,
        progress.next_pass(),
        # as the engine does; longer recordings are not encoded twice for their pauses, but for a
        # model that learned from flowing speech
        cut_pauses=context.model.short_windows or len(spans) == 1,
    )
    accepted = accepted_words(
        windows,
        certain,
        text.anchors.at(matched[text.anchors.words]),
        thresholds.timing.displacement,
    )

    # windows that were not, or that failed
    passes = (progress.next_pass(), progress.next_pass())
    retimed, coarse = retime_failed(context, text, accepted, coarse, estimator, loudness, passes)
    timed = retimed.replaced(certain, accepted)

    # verification, order and duration
    timed = timed.with_recognised(matching, transcribed, thresholds.verification)
    starts, ends, verified = in_order(coarse, timed, thresholds.verification)
    anchors = timed.anchors(thresholds.timing, thresholds.verification)
    needs = expected_seconds(anchors, text.letters, thresholds.coarse)
    missing = missing_words(verified, starts, ends, needs, duration, thresholds.report)
    limit = np.floor(duration * 1000) / 1000
    starts, ends = make_room(
        starts[transcribed], ends[transcribed], thresholds.report.least_duration, limit
    )
    return _AlignmentOfWords(
        list(zip(starts.round(3).tolist(), ends.round(3).tolist(), strict=True)),
        timed.probabilities[transcribed].tolist(),
        verified[transcribed],
        missing[transcribed],
        heard,
    )


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
                # failed windows are timed after the others
                self._done = max(self._done, min(done, self._duration))
                self._tell(self._done, self._duration)

        return on_window

    def finish(self) -> None:
        """The passes that were left had no windows."""
        if self._tell is not None:
            self._tell(self._duration, self._duration)
