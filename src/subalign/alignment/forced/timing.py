"""Exact times for the words of planned windows, and what the audio says for each word."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from subalign.alignment.forced.coarse import Anchors, Placement
from subalign.alignment.forced.matching import Matching
from subalign.alignment.forced.recognition import BATCH, SpanEncoder, batched
from subalign.alignment.forced.transcript_edits import repair
from subalign.alignment.forced.verification import HEARD, smoothed, word_evidence, word_logs
from subalign.alignment.forced.windows import Window
from subalign.alignment.methods import time_texts
from subalign.alignment.pauses import FrameSpan
from subalign.alignment.words import WordTiming, WordTokens
from subalign.mel import FRAMES_PER_SECOND
from subalign.options import AlignmentOptions
from subalign.tokenizer import Tokenizer

__all__ = ["TimedWords", "in_order", "time_settled", "time_windows"]

# a word in two windows is taken from the one where more speaks for it and it lies further inside:
# each word between it and the edge counts as much (nats a token), up to so many words
_EDGE_WEIGHT, _EDGE_WORDS = 0.5, 6

# the log-probability (nats a token) of words that may be too many among decoded ones: said words
# that were misheard have more, others less
_UNLIKELY = -5.0

# evidence that makes the best anchors
_SURE = 6.0


@dataclass(frozen=True, eq=False)
class TimedWords:
    """What the windows tell of each word; all arrays are (words,).

    `starts` and `ends` are seconds, NaN for words of no window. `own` is each word's evidence by
    itself, `support` that with its neighbours'. `guessed` marks times that no attention told,
    `decoded` words that were decoded where they are.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    own: NDArray[np.float64]
    support: NDArray[np.float64]
    guessed: NDArray[np.bool_]
    decoded: NDArray[np.bool_]

    @classmethod
    def unknown(cls, n: int) -> "TimedWords":
        """Of no window."""
        return cls(
            starts=np.full(n, np.nan),
            ends=np.full(n, np.nan),
            probabilities=np.zeros(n),
            own=np.full(n, -np.inf),
            support=np.full(n, -np.inf),
            guessed=np.zeros(n, bool),
            decoded=np.zeros(n, bool),
        )

    def replaced(self, others: "TimedWords", words: NDArray[np.bool_]) -> "TimedWords":
        """The same with what others tell of some `words` (words,)."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return TimedWords(
            **{name: np.where(words, getattr(others, name), mine) for name, mine in columns.items()}
        )

    @property
    def heard(self) -> NDArray[np.bool_]:
        """The words that the audio speaks for."""
        return ((self.support > HEARD.evidence) | self.decoded) & ~self.guessed

    def with_decoded(self, matching: Matching, own: NDArray[np.bool_]) -> "TimedWords":
        """The same with those `decoded` that were matched; `own` (words,) marks what could be."""
        alike = matching.likeness >= HEARD.likeness
        near = np.abs(self.starts[own] - matching.starts) <= HEARD.distance
        decoded = self.decoded.copy()
        decoded[own] = alike & near
        return replace(self, decoded=decoded)

    def anchors(self) -> Anchors:
        """The words that were heard, where their order is right."""
        words = np.flatnonzero(self.heard & (self.own > 0))
        weights = np.clip(self.support[words] / _SURE, 0.0, 1.0)
        return Anchors.in_order(words, self.starts[words], self.ends[words], weights)


def time_windows(
    encoder: SpanEncoder,
    tokenizer: Tokenizer,
    words: Sequence[WordTokens],
    windows: Sequence[Window],
    options: AlignmentOptions,
    on_window: Callable[[FrameSpan], None] = lambda _span: None,
    *,
    final: bool = False,
) -> TimedWords:
    """Time the words (all of the transcript's, in order) of every window.

    In the `final` pass each window's text is first made what was probably said, words that this
    leaves out get no time, and long pauses are cut out; before it, times need only be near.
    """
    model = encoder.model
    n = len(words)
    found = TimedWords.unknown(n)
    merits = np.full(n, -np.inf)
    for batch in batched(windows, BATCH):
        spans = [window.span for window in batch]
        texts = [[words[index] for index in window.words] for window in batch]
        numbers: list[Sequence[int | None]] = [window.words for window in batch]
        encoded = encoder.encode(spans)
        backwards = encoder.encode(spans, backwards=True)
        evidence = word_evidence(model, tokenizer, encoded, backwards, texts)
        if final:
            for row, window in enumerate(batch):
                own = encoded.select(slice(row, row + 1))
                better = repair(model, tokenizer, own, texts[row], evidence[row])
                texts[row] = [item.word for item in better]
                numbers[row] = [
                    None if item.place is None else window.words[item.place] for item in better
                ]
            evidence = word_evidence(model, tokenizer, encoded, backwards, texts)
        lengths = [span.length for span in spans]
        timings = time_texts(model, tokenizer, encoded, texts, lengths, options, cut_pauses=final)
        for row, window in enumerate(batch):
            _take(found, merits, window.span, numbers[row], timings[row], evidence[row])
            on_window(window.span)
    return found


def time_settled(
    encoder: SpanEncoder,
    tokenizer: Tokenizer,
    words: Sequence[WordTokens],
    windows: Sequence[Window],
    sure: NDArray[np.bool_],
    options: AlignmentOptions,
    on_window: Callable[[FrameSpan], None] = lambda _span: None,
    *,
    cut_pauses: bool,
) -> TimedWords:
    """Time the words of windows in which nearly all, those that are `sure` (words,), were decoded.

    The few others are judged, and left out or put in, by how likely the model finds the text: the
    sound is not encoded again, but, with `cut_pauses`, without its long pauses.
    """
    model = encoder.model
    found = TimedWords.unknown(len(words))
    merits = np.full(len(words), -np.inf)
    for batch in batched(windows, BATCH):
        spans = [window.span for window in batch]
        encoded = encoder.encode(spans, whole=True, keep=True)
        texts = [[words[index] for index in window.words] for window in batch]
        numbers: list[Sequence[int | None]] = [window.words for window in batch]
        likely = word_logs(model, tokenizer, encoded, texts)
        for row, window in enumerate(batch):
            if sure[list(window.words)].all():
                continue
            evidence = _believed(likely[row], sure[list(window.words)])
            own = encoded.select(slice(row, row + 1))
            better = repair(model, tokenizer, own, texts[row], evidence)
            texts[row] = [item.word for item in better]
            numbers[row] = [
                None if item.place is None else window.words[item.place] for item in better
            ]
            [likely[row]] = word_logs(model, tokenizer, own, [texts[row]])
        lengths = [span.length for span in spans]
        timings = time_texts(
            model, tokenizer, encoded, texts, lengths, options, cut_pauses=cut_pauses
        )
        for row, window in enumerate(batch):
            is_sure = np.array([number is None or sure[number] for number in numbers[row]])
            evidence = _believed(likely[row], is_sure)
            _take(found, merits, window.span, numbers[row], timings[row], evidence)
            on_window(window.span)
    # a word by itself: its neighbours are sure anyway
    found.support[:] = found.own
    return found


def _believed(logs: NDArray[np.float64], sure: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What stands for the evidence (words,) of words, by their log-probabilities (nats a token)."""
    return np.where(sure, _SURE, logs - _UNLIKELY + HEARD.evidence)


def _take(
    found: TimedWords,
    merits: NDArray[np.float64],
    span: FrameSpan,
    numbers: Sequence[int | None],
    timings: Sequence[WordTiming],
    evidence: NDArray[np.float64],
) -> None:
    """Keep of a window what is better than what other windows told of the same words."""
    support = smoothed(evidence)
    order = np.arange(len(numbers))
    inside = np.minimum(np.minimum(order, order[::-1]), _EDGE_WORDS)
    merit = support + _EDGE_WEIGHT * inside
    offset = span.start / FRAMES_PER_SECOND
    for place, (word, timing) in enumerate(zip(numbers, timings, strict=True)):
        if word is not None and merit[place] > merits[word]:
            merits[word] = merit[place]
            found.starts[word] = offset + timing.start
            found.ends[word] = offset + timing.end
            found.probabilities[word] = timing.probability
            found.own[word] = evidence[place]
            found.support[word] = support[place]
            found.guessed[word] = timing.estimated


def in_order(
    placement: Placement, timed: TimedWords
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Times (words,) that rise with the words, and which words were heard at theirs.

    Words that were heard keep their times, where these rise. The others lie between them, at
    their own times or where they were placed as far as there is room; they may have no length.
    """
    heard = np.flatnonzero(timed.heard)
    sure = Anchors.in_order(heard, timed.starts[heard], timed.ends[heard], timed.support[heard])
    kept = np.zeros(timed.starts.size, bool)
    kept[sure.words] = True
    starts = np.where(np.isnan(timed.starts), placement.starts, timed.starts)
    ends = np.where(np.isnan(timed.ends), placement.ends, timed.ends)
    # the start of the next word that was heard bounds all before it
    limits = np.minimum.accumulate(np.where(kept, starts, np.inf)[::-1])[::-1]
    following = np.append(limits[1:], np.inf)
    # times as one row: start, end, start, end ...
    row = np.stack([np.minimum(starts, limits), np.minimum(ends, following)], axis=1).ravel()
    # what was not heard does not push away what was
    row[~np.repeat(kept, 2)] = np.minimum(row, np.repeat(limits, 2))[~np.repeat(kept, 2)]
    row = np.maximum.accumulate(row)
    return row[::2].copy(), row[1::2].copy(), kept
