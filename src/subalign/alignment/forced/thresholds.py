"""The numbers that forced alignment decides by: one frozen dataclass a stage.

Evidence is in nats a spoken token (`forced.verification`). A comment says what a number was
measured on; the others were set with their stage, on micro.en, and only the whole is measured: by
the sets "20 min" and "hour" of `bench/accuracy.py` (synthetic voices, a transcript with 5% of its
words left out and 5% of others put in).
"""

from dataclasses import dataclass

__all__ = [
    "CoarseThresholds",
    "EditThresholds",
    "ForcedThresholds",
    "MatchingThresholds",
    "RecognitionThresholds",
    "ReportThresholds",
    "TimingThresholds",
    "UntranscribedThresholds",
    "VerificationThresholds",
    "WindowThresholds",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionThresholds:
    """Encoding and decoding of windows, and which of the recognised words are verified."""

    # windows encoded at once: more gain little time and take memory
    batch: int = 4
    # a window is silent from this no-speech probability on, if the mean log-probability of its
    # tokens is lower than this: clear speech after noise was seen with 0.74 and -0.2, noise with
    # 1.0 and -0.8
    no_speech: float = 0.6
    avg_logprob: float = -0.5
    # a window of whose letters the transcript has this share is not verified: its words, of which
    # the transcript may lack some, have this evidence
    matched_share: float = 0.8
    assumed_evidence: float = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingThresholds:
    """Alignment of the transcript's letters with the recognised ones, and which words are anchors.

    Scores are whole numbers: about four times the log-odds, in nats, of recognising the one letter
    for the other rather than by chance, counted over what micro.en recognises.
    """

    # score of a pair of letters: the same; of similar sound; two vowels; any other
    same: int = 8
    similar: int = 2
    vowels: int = 0
    other: int = -4
    # cost of letters without partner: of each run, of each letter, and of a whole passage at most
    gap_opening: int = 8
    gap_extension: int = 4
    gap_passage: int = 100
    # letters around a letter that tell whether its pair is right: chance pairs do not last
    neighbours: int = 41
    # confidence (0 to 1) from which a matched word is an anchor
    confidence: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class UntranscribedThresholds:
    """Which recognised words are speech that the transcript leaves out."""

    # matched share of a word's letters below which, and evidence from which, it is left out
    matched_share: float = 0.5
    evidence: float = 2.5
    # fewer words in a row are a part of a misrecognised word, unless they lie between two anchors
    # of this likeness (0 to 1)
    words: int = 3
    likeness: float = 0.9
    # words of the transcript at the same place were misrecognised, if the time is less than this
    # multiple of what they need and these seconds
    times_need: float = 2.0
    slack: float = 0.3
    # seconds of a long passage that are put in at each end: these shield the words beside it
    shield: float = 4.0
    # weight (0 to 1) of the anchors of words that are put in
    weight: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CoarseThresholds:
    """Speech time, and how words share it between anchors."""

    # speech time: seconds a second beside speech; evidence from which a recognised word is speech,
    # mel frames on each side of it that are too; loudness (0 to 1) up to which a frame is silent
    slow: float = 0.001
    evidence: float = 2.0
    margin: int = 20
    silence: float = 0.3
    # seconds that a letter takes where fewer pairs of neighbouring anchors tell, and its bounds
    letter: float = 0.07
    anchor_pairs: int = 20
    fastest_letter: float = 0.04
    slowest_letter: float = 0.15
    # words between two anchors have no room if the time and these seconds, by which a pair of edges
    # may be wrong, are a smaller share of what they need
    least_share: float = 0.4
    slack: float = 0.3
    # they do not reach from one to the other if the time is more than this multiple of what they
    # need and the longest pause (seconds) between words; then they take this multiple
    most_share: float = 2.0
    longest_pause: float = 3.0
    usual_share: float = 1.3
    # recognised speech is all there is if it is this share of the need; anchors are believed again
    # if so much room is left without some of them
    enough: float = 0.6
    # how many anchors before and after words without room may be wrong, in the order tried
    dropped: tuple[tuple[int, int], ...] = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (0, 3), (3, 0))
    # so few words without room are rather one too many than a passage, unless they need as many
    # seconds (a line of digits that nobody says)
    few_words: int = 4
    long_need: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowThresholds:
    """Which decoded windows are taken as they are: those with no more, or no less, than this."""

    # so many words in a row that were not recognised, so many where two windows meet, and this
    # share of words that were
    most_unmatched: int = 4
    most_unmatched_at_edge: int = 2
    matched_share: float = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingThresholds:
    """Which of the times found for a word counts, and which windows fail."""

    # evidence that makes an anchor of weight 1, and that matched words of decoded windows have
    anchor_evidence: float = 6.0
    # log-probability (nats a token) of unmatched words in decoded windows: said words that were
    # misrecognised have more, words too many less
    unlikely: float = -5.0
    # seconds between where a word was recognised and where it is timed that make its window fail
    displacement: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationThresholds:
    """Whether a word was said: by its evidence, or because it was recognised where it is."""

    # more evidence, with that of its neighbours: in two trainings of micro.en true text mostly gave
    # 2.5 to 5.5, other text -2 to 1
    evidence: float = 1.7
    # or a recognised word of this likeness (0 to 1) that begins within so many seconds: stronger
    # language models foresee words, so that "Thank you very much" has 0.6 to 1.6 with base
    likeness: float = 0.9
    distance: float = 0.3
    # weights of a word's evidence and of its two neighbours' on each side
    weights: tuple[float, ...] = (1.0, 1.0, 2.0, 1.0, 1.0)
    # evidence that a single word counts with at most
    most: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EditThresholds:
    """Which words are left out of a window's text, and which are put in. Logarithms are in nats."""

    # words after a place that tell whether an edit makes sense
    words_after: int = 4
    # how rare a lacking word is, and one too many, which may be any word; what an edit must gain
    # beyond that
    rarity_inserted: float = 3.0
    rarity_deleted: float = 13.0
    least_gain: float = 2.0
    # evidence from which words are not doubted; log-probability of a word's first token below which
    # it may be one too many, or lack one before it
    undoubted: float = 2.5
    surprise: float = -2.5
    # words of a deleted run, at least, and how many at each of its ends may stay
    least_run: int = 2
    kept_at_ends: int = 2
    # tokens of a word that is put in; edits tried in a window; texts read at once
    longest_word: int = 6
    most_edits: int = 160
    batch: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportThresholds:
    """What the report tells of, and the last touches to times."""

    # cues listed as worst; missing words in a row that make a passage
    worst: int = 10
    passage_words: int = 4
    # a word that was not verified has room if the time is this share of what it should take
    least_room: float = 0.4
    # speech outside the transcript: recognised words of which this share lies outside all words,
    # so many in a row, with this mean evidence, and not further apart (seconds)
    outside: float = 0.7
    unscripted_words: int = 4
    unscripted_evidence: float = 2.5
    apart: float = 2.0
    # seconds that a line without words is shown at most
    silent_line: float = 2.0
    # probability of words that the model thinks impossible: they still have a logarithm
    least_probability: float = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedThresholds:
    """Those of all stages."""

    recognition: RecognitionThresholds = RecognitionThresholds()
    matching: MatchingThresholds = MatchingThresholds()
    untranscribed: UntranscribedThresholds = UntranscribedThresholds()
    coarse: CoarseThresholds = CoarseThresholds()
    windows: WindowThresholds = WindowThresholds()
    timing: TimingThresholds = TimingThresholds()
    verification: VerificationThresholds = VerificationThresholds()
    edits: EditThresholds = EditThresholds()
    report: ReportThresholds = ReportThresholds()
