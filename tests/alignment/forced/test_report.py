"""How well a transcript fits: what is missing, what is not in it, and where it is worst."""

import numpy as np
import pytest

from subalign.alignment.forced.recognition import RecognisedWord
from subalign.alignment.forced.report import make_report, missing_words
from subalign.alignment.forced.thresholds import ReportThresholds
from subalign.results import CueScore, Passage, Segment, Word


def words_at(*spans, probability=0.5):
    return tuple(Word(f" w{n}", start, end, probability) for n, (start, end) in enumerate(spans))


def segment_of(number, words):
    start, end = (words[0].start, words[-1].end) if words else (0.0, 0.0)
    return Segment(number, 0, start, end, "", (), 0.0, 0.0, 1.0, 0.0, words)


def report_on(*lines, verified=(), missing=(), recognised=(), **others):
    segments = [segment_of(number, words) for number, words in enumerate(lines)]
    n_words = sum(map(len, lines))
    return make_report(
        segments,
        np.array(verified, bool) if len(verified) else np.ones(n_words, bool),
        np.array(missing, bool) if len(missing) else np.zeros(n_words, bool),
        recognised,
        **{"spaced": True, **others},
    )


def said(text, begin, evidence=5.0):
    """Recognised words, one every half second."""
    return [
        RecognisedWord(f" {word}", begin + n / 2, begin + n / 2 + 0.4, evidence)
        for n, word in enumerate(text.split())
    ]


SECONDS = words_at(*((second, second + 1) for second in range(10)))


def test_what_has_no_room_is_missing():
    verified = np.array([1, 0, 0, 1, 0, 1, 0], bool)
    starts = np.array([0, 1.0, 1.1, 1.2, 2.2, 4.2, 5.2])
    ends = np.array([1, 1.1, 1.2, 2.2, 4.2, 5.2, 5.3])
    found = missing_words(verified, starts, ends, np.full(7, 0.5), 6.0)
    # two words in 0.2 s; one in 2 s; one with 0.8 s up to the end
    assert found.tolist() == [False, True, True, False, False, False, False]
    found = missing_words(verified, starts, ends, np.full(7, 0.5), 5.3)
    assert found.tolist() == [False, True, True, False, False, False, True]


def test_words_before_all_that_was_said():
    verified = np.array([0, 1], bool)
    times = np.array([0.0, 0.1]), np.array([0.1, 1.0])
    assert missing_words(verified, *times, np.full(2, 0.5), 9.0).tolist() == [True, False]
    none = np.zeros(0)
    assert missing_words(none.astype(bool), none, none, none, 1.0).size == 0


def test_every_word_is_counted_once():
    report = report_on(
        SECONDS[:6], SECONDS[6:], verified=[1] * 5 + [0] * 5, missing=[0] * 7 + [1] * 3
    )
    assert (report.words, report.heard, report.estimated, report.missing) == (10, 5, 2, 3)
    assert report.heard_share == 0.5
    assert report_on().heard_share == 1


def test_missing_words_in_a_row_make_a_passage():
    missing = [0, 1, 1, 1, 0, 1, 1, 1, 1, 0]
    verified = [not word for word in missing]
    report = report_on(SECONDS[:7], SECONDS[7:], verified=verified, missing=missing)
    # three are too few
    assert report.missing_passages == (Passage(5, 9, "w5 w6 w7 w8"),)
    report = report_on(
        SECONDS, verified=verified, missing=missing, thresholds=ReportThresholds(passage_words=3)
    )
    assert len(report.missing_passages) == 2
    report = report_on(SECONDS, verified=verified, missing=missing, spaced=False)
    assert report.missing_passages == (Passage(5, 9, "w5w6w7w8"),)


def test_speech_outside_the_words_is_unscripted():
    recognised = [*said("inside the words", 1.0), *said("nobody wrote these words", 12.0)]
    report = report_on(SECONDS, recognised=recognised)
    assert report.unscripted == (Passage(12.0, 13.9, "nobody wrote these words"),)


def test_speech_where_words_were_not_said_is_unscripted():
    verified = [1] * 4 + [0] * 4 + [1] * 2
    report = report_on(
        SECONDS, verified=verified, recognised=said("this is something else altogether", 4.5)
    )
    assert [passage.text for passage in report.unscripted] == ["this is something else altogether"]


@pytest.mark.parametrize(
    "recognised",
    [
        pytest.param(said("only three words", 12.0), id="too few"),
        pytest.param(said("a murmur in the noise", 12.0, evidence=1.0), id="little evidence"),
        pytest.param(said("two here", 12.0) + said("two there", 17.0), id="apart"),
        pytest.param(said("that is what they say", 3.0), id="inside the words"),
        pytest.param([RecognisedWord("x", 12.0, 12.0, 5.0)] * 5, id="no length"),
        pytest.param([], id="nothing"),
    ],
)
def test_what_is_not_unscripted(recognised):
    assert report_on(SECONDS, recognised=recognised).unscripted == ()


def test_the_worst_cues_come_first():
    lines = [
        words_at((0, 1), (1, 2), probability=0.9),
        words_at((2, 3), (3, 4), probability=0.6),
        (),
        words_at((4, 5), (5, 6), probability=0.2),
        words_at((6, 7), (7, 8), probability=0.3),
    ]
    report = report_on(*lines, verified=[1, 1, 1, 0, 0, 1, 0, 0])
    assert report.worst == (CueScore(4, 0.0, 0.3), CueScore(3, 0.5, 0.2), CueScore(1, 0.5, 0.6))
    many = [words_at((n, n + 1)) for n in range(30)]
    assert len(report_on(*many, verified=[0] * 30).worst) == 10
