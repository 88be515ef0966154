"""Words that attention makes too long are shortened, by rules with literal cases."""

from dataclasses import replace

import pytest

from subalign.alignment.dtw import SpeechRate, cap_sentence_ends, fit_segment
from subalign.alignment.words import WordTiming
from subalign.results import Segment, Word

RATE = SpeechRate(0.25)  # words beside a pause last 0.5 s at most


def timing(word, start, end):
    return WordTiming(word, (1,), start, end, 0.5)


def segment(start, end):
    return Segment(0, 0, start, end, "text", (1, 2), 0.0, -0.1, 1.0, 0.0)


def words(*spans):
    return [Word(f" {start}", start, end, 0.5) for start, end in spans]


def fit(segment, words, last_speech_end=0.0, rate=RATE):
    fitted = fit_segment(segment, words, rate, last_speech_end)
    spans = [(pytest.approx(word.start), pytest.approx(word.end)) for word in fitted.words]
    return (fitted.start, fitted.end), spans


@pytest.mark.parametrize(
    ("durations", "median"),
    [
        ([0.2, 0.4, 0.3], 0.3),
        ([0.2, 0.4], 0.3),
        ([0.2, 0.0, 0.0, 0.4], 0.3),
        ([2.0, 3.0], 0.7),
        ([0.0], 0.0),
        ([], 0.0),
    ],
)
def test_rate_is_the_median_of_words_with_length(durations, median):
    rate = SpeechRate.of([timing("a", 0.0, duration) for duration in durations])
    assert rate.median == pytest.approx(median)
    assert rate.longest == pytest.approx(2 * median)


def test_a_closing_mark_is_shortened_from_its_end():
    capped = cap_sentence_ends([timing(" a", 0, 1), timing(".", 1, 3)], RATE)
    assert [(t.start, t.end) for t in capped] == [(0, 1), (1, 1.5)]


def test_a_word_after_a_closing_mark_is_shortened_from_its_start():
    capped = cap_sentence_ends([timing("?", 0, 0.2), timing(" b", 0.2, 3)], RATE)
    assert [(t.start, t.end) for t in capped] == [(0, 0.2), (2.5, 3)]


def test_other_words_keep_their_length_and_so_does_the_first():
    long = [timing(".", 0, 3), timing(",", 0, 0.2), timing(" b", 0.2, 3), timing(" c", 3, 3.5)]
    assert cap_sentence_ends(long[2:], RATE) == long[2:]
    assert cap_sentence_ends([long[0], long[1]], RATE) == long[:2]
    assert cap_sentence_ends([], RATE) == []


def test_without_words_the_segment_keeps_its_bounds():
    assert fit_segment(segment(1.0, 2.0), [], RATE, 0.0) == replace(segment(1.0, 2.0), words=())


def test_bounds_move_to_the_words():
    bounds, spans = fit(segment(1.2, 2.4), words((1.0, 1.3), (1.3, 2.0)), 1.0)
    assert bounds == (1.0, 2.0)
    assert spans == [(1.0, 1.3), (1.3, 2.0)]


def test_a_long_first_word_after_a_pause_is_shortened():
    bounds, spans = fit(segment(2.9, 3.4), words((0.4, 3.0), (3.0, 3.4)), 0.4)
    assert spans == [(2.5, 3.0), (3.0, 3.4)]
    assert bounds == (2.5, 3.4)


def test_two_long_words_after_a_pause_meet_at_the_limit():
    _, spans = fit(segment(10.0, 14.0), words((10.0, 12.0), (12.0, 14.0)), 5.0)
    assert spans == [(13.0, 13.5), (13.5, 14.0)]


def test_a_short_first_word_is_shortened_with_a_long_second():
    _, spans = fit(segment(10.0, 11.8), words((10.0, 10.2), (10.2, 11.8)), 5.0)
    assert spans == [(10.8, 11.3), (11.3, 11.8)]


def test_early_in_the_recording_the_limit_is_half_the_time():
    _, spans = fit(segment(0.0, 1.4), words((0.0, 0.2), (0.2, 1.4)), -5.0, SpeechRate(0.4))
    assert spans == [(0.0, 0.2), (0.2, 1.4)]
    _, spans = fit(segment(0.0, 0.8), words((0.0, 0.1), (0.1, 0.8)), -5.0, SpeechRate(0.1))
    assert spans == [(0.4, 0.6), (0.6, 0.8)]


def test_without_a_pause_long_words_stay():
    _, spans = fit(segment(10.0, 12.6), words((10.0, 10.9), (10.9, 12.6)), 10.0)
    assert spans == [(10.0, 10.9), (10.9, 12.6)]


def test_the_segments_start_is_believed_where_its_word_starts_far_before():
    bounds, spans = fit(segment(3.0, 4.0), words((2.0, 3.6), (3.6, 4.0)), 3.4)
    assert bounds == (3.0, 4.0)
    assert spans == [(3.0, 3.6), (3.6, 4.0)]


def test_the_word_keeps_the_median_when_the_start_is_believed():
    _, spans = fit(segment(3.5, 4.0), words((2.0, 3.6), (3.6, 4.0)), 3.4)
    assert spans == [(3.35, 3.6), (3.6, 4.0)]


def test_the_segments_end_is_believed_where_its_word_ends_far_after():
    bounds, spans = fit(segment(1.0, 2.0), words((1.0, 1.3), (1.3, 3.0)), 1.0)
    assert bounds == (1.0, 2.0)
    assert spans == [(1.0, 1.3), (1.3, 2.0)]


def test_the_word_keeps_the_median_when_the_end_is_believed():
    _, spans = fit(segment(1.0, 1.4), words((1.0, 1.3), (1.3, 3.0)), 1.0)
    assert spans == [(1.0, 1.3), (1.3, 1.55)]


def test_one_word_takes_both_bounds():
    bounds, spans = fit(segment(10.0, 10.5), words((9.0, 12.0)), 12.0)
    assert bounds == (10.0, 10.5)
    assert spans == [(10.0, 10.5)]
