"""Timing: exact times for the words of windows, with the evidence for each.

Windows that were decoded nearly as the transcript has them are taken as they are
(`recognised_windows`); what happens to the words of all others stands in `failed_windows`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.coarse import CoarseTimes
from subalign.alignment.forced.matching import Anchors, Matching
from subalign.alignment.forced.recognition import Context
from subalign.alignment.forced.thresholds import ForcedThresholds, WindowThresholds
from subalign.alignment.forced.verification import (
    edit_text,
    smoothed,
    word_evidence,
    word_log_probabilities,
)
from subalign.alignment.methods import time_texts
from subalign.alignment.pauses import FrameSpan
from subalign.alignment.words import WordTiming, WordTokens
from subalign.mel import FRAMES_PER_SECOND
from subalign.model import EncodedAudio

__all__ = [
    "AlignedWords",
    "Window",
    "in_order",
    "recognised_windows",
    "time_recognised_windows",
    "time_windows",
]


@dataclass(frozen=True, slots=True)
class Window:
    """A span of audio and the words (their numbers in the transcript) that are said in it."""

    span: FrameSpan
    words: tuple[int, ...]


def recognised_windows(
    spans: Sequence[FrameSpan],
    recognised: Anchors,
    matched: NDArray[np.bool_],
    coarse: CoarseTimes,
    n_tokens: NDArray[np.int64],
    room: int,
    thresholds: WindowThresholds = WindowThresholds(),
) -> list[Window]:
    """Those of the decoded spans that were recognised nearly as written, with their words.

    `matched` (words,) marks the words that were recognised right, `recognised` are the anchors of
    those in order. `n_tokens` (words,) counts the words' tokens, of which `room` fit into the
    decoder. One or two other words where two spans meet belong where their coarse times are.
    """
    begins = np.array([span.start / FRAMES_PER_SECOND for span in spans])
    placed = np.searchsorted(begins, coarse.starts, side="right") - 1
    owners = np.full(matched.size, -1)
    owners[recognised.words] = np.searchsorted(begins, recognised.starts, side="right") - 1
    failed = {-1}
    for before, after in pairwise([-1, *recognised.words.tolist(), matched.size]):
        between = slice(before + 1, after)
        beside = [int(owners[word]) for word in (before, after) if 0 <= word < matched.size]
        inside = len(set(beside)) == 1
        most = thresholds.most_unmatched if inside else thresholds.most_unmatched_at_edge
        if after - before - 1 > most:
            failed.update(beside)
        elif beside:
            owners[between] = np.clip(placed[between], min(beside), max(beside))
    windows: list[Window] = []
    for row, span in enumerate(spans):
        words = np.flatnonzero(owners == row)
        if row in failed or not words.size or n_tokens[words].sum() > room:
            continue
        if matched[words].mean() >= thresholds.matched_share:
            windows.append(Window(span, tuple(words.tolist())))
    return windows


@dataclass(frozen=True, eq=False)
class AlignedWords:
    """What the windows tell of each word; all arrays are (words,).

    `starts` and `ends` are seconds, NaN for words of no window. `evidence` is each word's by
    itself, `support` that with its neighbours'. `estimated` marks times that no attention told,
    `recognised` words that were recognised where they are.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    evidence: NDArray[np.float64]
    support: NDArray[np.float64]
    estimated: NDArray[np.bool_]
    recognised: NDArray[np.bool_]

    @classmethod
    def unknown(cls, n: int) -> "AlignedWords":
        """Of no window."""
        return cls(
            starts=np.full(n, np.nan),
            ends=np.full(n, np.nan),
            probabilities=np.zeros(n),
            evidence=np.full(n, -np.inf),
            support=np.full(n, -np.inf),
            estimated=np.zeros(n, bool),
            recognised=np.zeros(n, bool),
        )

    def replaced(self, others: "AlignedWords", words: NDArray[np.bool_]) -> "AlignedWords":
        """The same with what others tell of some `words` (words,)."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return AlignedWords(
            **{name: np.where(words, getattr(others, name), mine) for name, mine in columns.items()}
        )

    def verified(self, thresholds: ForcedThresholds = ForcedThresholds()) -> NDArray[np.bool_]:
        """The words (words,) that were said: those with evidence or recognised where they are."""
        said: NDArray[np.bool_] = self.support > thresholds.verification.evidence
        return (said | self.recognised) & ~self.estimated

    def with_recognised(
        self,
        matching: Matching,
        transcribed: NDArray[np.bool_],
        thresholds: ForcedThresholds = ForcedThresholds(),
    ) -> "AlignedWords":
        """The same with those `recognised` that were matched where they are.

        `transcribed` (words,) marks the transcript's words, which `matching` is about.
        """
        alike = matching.likeness >= thresholds.verification.likeness
        distances = np.abs(self.starts[transcribed] - matching.starts)
        recognised = self.recognised.copy()
        recognised[transcribed] = alike & (distances <= thresholds.verification.distance)
        return replace(self, recognised=recognised)

    def anchors(self, thresholds: ForcedThresholds = ForcedThresholds()) -> Anchors:
        """The verified words with evidence of their own, where their order is right."""
        words = np.flatnonzero(self.verified(thresholds) & (self.evidence > 0))
        weights = np.clip(self.support[words] / thresholds.timing.anchor_evidence, 0.0, 1.0)
        return Anchors.in_order(words, self.starts[words], self.ends[words], weights)


def time_windows(
    context: Context,
    words: Sequence[WordTokens],
    windows: Sequence[Window],
    on_window: Callable[[FrameSpan], None] = lambda _span: None,
    *,
    final: bool = False,
) -> AlignedWords:
    """Time the words (all of the transcript's, in order) of every window.

    In the `final` pass each window's text is first edited to what was probably said, and words that
    this leaves out get no time; before it, times need only be near.
    """
    merged = _MergedWords(context, len(words))
    for batch in context.batched(windows):
        spans = [window.span for window in batch]
        encoded = context.encoder.encode(spans)
        texts = [_WindowText.of(window, words) for window in batch]
        evidence = word_evidence(context, encoded, [text.words for text in texts])
        if final:
            for row, text in enumerate(texts):
                one = encoded.select(slice(row, row + 1))
                texts[row] = text.edited(context, one, evidence[row])
            evidence = word_evidence(context, encoded, [text.words for text in texts])
        merged.time(spans, encoded, texts, evidence, on_window)
    return merged.words


def time_recognised_windows(
    context: Context,
    words: Sequence[WordTokens],
    windows: Sequence[Window],
    matched: NDArray[np.bool_],
    on_window: Callable[[FrameSpan], None] = lambda _span: None,
) -> AlignedWords:
    """Time the words of windows in which nearly all, those `matched` (words,), were recognised.

    The few others are verified, and left out or put in, by how likely the model finds the text.
    """
    merged = _MergedWords(context, len(words))
    for batch in context.batched(windows):
        spans = [window.span for window in batch]
        encoded = context.encoder.encode(spans)
        texts = [_WindowText.of(window, words) for window in batch]
        logs = word_log_probabilities(context, encoded, [text.words for text in texts])
        for row, text in enumerate(texts):
            is_matched = text.marked(matched)
            if not is_matched.all():
                one = encoded.select(slice(row, row + 1))
                evidence = _assumed_evidence(context, logs[row], is_matched)
                texts[row] = text.edited(context, one, evidence)
                [logs[row]] = word_log_probabilities(context, one, [texts[row].words])
        of_windows = [
            _assumed_evidence(context, of_window, text.marked(matched))
            for of_window, text in zip(logs, texts, strict=True)
        ]
        merged.time(spans, encoded, texts, of_windows, on_window)
    # a word by itself: its neighbours were recognised anyway
    return replace(merged.words, support=merged.words.evidence.copy())


def _assumed_evidence(
    context: Context, logs: NDArray[np.float64], matched: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What stands for the evidence (words,) of words, by their log-probabilities (nats a token)."""
    timing, verification = context.thresholds.timing, context.thresholds.verification
    of_others = logs - timing.unlikely + verification.evidence
    return np.where(matched, timing.anchor_evidence, of_others)


@dataclass(frozen=True, slots=True)
class _WindowText:
    """The words read in a window, and the number of each in the transcript, None of one put in."""

    words: Sequence[WordTokens]
    numbers: Sequence[int | None]

    @classmethod
    def of(cls, window: Window, words: Sequence[WordTokens]) -> "_WindowText":
        return cls([words[number] for number in window.words], window.words)

    def edited(
        self, context: Context, encoded: EncodedAudio, evidence: NDArray[np.float64]
    ) -> "_WindowText":
        """The text as it was probably said in the one window `encoded`."""
        edited = edit_text(context, encoded, self.words, evidence)
        numbers = [None if item.index is None else self.numbers[item.index] for item in edited]
        return _WindowText([item.word for item in edited], numbers)

    def marked(self, words: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of the window's words are among `words` (words,); those put in are."""
        return np.array([number is None or words[number] for number in self.numbers], bool)


class _MergedWords:
    """The times of words in several windows, none of which has a word of another."""

    def __init__(self, context: Context, n_words: int) -> None:
        self.words = AlignedWords.unknown(n_words)
        self._context = context

    def time(
        self,
        spans: Sequence[FrameSpan],
        encoded: EncodedAudio,
        texts: Sequence[_WindowText],
        evidence: Sequence[NDArray[np.float64]],
        on_window: Callable[[FrameSpan], None],
    ) -> None:
        """Time the texts of encoded windows."""
        timings = time_texts(
            self._context.model,
            self._context.tokenizer,
            encoded,
            [text.words for text in texts],
            [span.length for span in spans],
            self._context.options,
            cut_pauses=False,
        )
        for span, text, of_window, of_words in zip(spans, texts, timings, evidence, strict=True):
            self._take(span, text.numbers, of_window, of_words)
            on_window(span)

    def _take(
        self,
        span: FrameSpan,
        numbers: Sequence[int | None],
        timings: Sequence[WordTiming],
        evidence: NDArray[np.float64],
    ) -> None:
        support = smoothed(evidence, self._context.thresholds.verification)
        offset = span.start / FRAMES_PER_SECOND
        words = self.words
        for place, (number, timing) in enumerate(zip(numbers, timings, strict=True)):
            if number is not None:
                words.starts[number] = offset + timing.start
                words.ends[number] = offset + timing.end
                words.probabilities[number] = timing.probability
                words.evidence[number] = evidence[place]
                words.support[number] = support[place]
                words.estimated[number] = timing.estimated


def in_order(
    coarse: CoarseTimes,
    timed: AlignedWords,
    thresholds: ForcedThresholds = ForcedThresholds(),
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Times (words,) that rise with the words, and which words were verified at theirs.

    Verified words keep their times, where these rise. The others lie between them, at their own
    times or their coarse ones as far as there is room; they may have no length.
    """
    words = np.flatnonzero(timed.verified(thresholds))
    sure = Anchors.in_order(words, timed.starts[words], timed.ends[words], timed.support[words])
    kept = np.zeros(timed.starts.size, bool)
    kept[sure.words] = True
    starts = np.where(np.isnan(timed.starts), coarse.starts, timed.starts)
    ends = np.where(np.isnan(timed.ends), coarse.ends, timed.ends)
    # the start of the next verified word bounds all before it
    limits = np.minimum.accumulate(np.where(kept, starts, np.inf)[::-1])[::-1]
    following = np.append(limits[1:], np.inf)
    # times as one row: start, end, start, end ...
    row = np.stack([np.minimum(starts, limits), np.minimum(ends, following)], axis=1).ravel()
    # other words do not push verified ones away
    row[~np.repeat(kept, 2)] = np.minimum(row, np.repeat(limits, 2))[~np.repeat(kept, 2)]
    row = np.maximum.accumulate(row)
    return row[::2].copy(), row[1::2].copy(), kept
