"""The figures of bench/accuracy.py: what is counted, and that truth moves with the sound."""

import math
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accuracy import transcribed_row
from conditions import joined, with_noise, with_pauses
from hour import Line, damaged
from time_errors import drift, score
from tools import Heard
from truth import SAMPLE_RATE, Clip, cached, telephone
from word_errors import word_errors
from word_pieces import Found, Piece, by_match, by_word

WORD_SECONDS = 0.2
HERTZ = 100  # of the first word; each has so much more


def tone_clip(n_words: int, unknown: tuple[int, ...] = ()) -> Clip:
    """Words that are tones of their own pitch, without a pause between them."""
    n = round(WORD_SECONDS * SAMPLE_RATE)
    times = np.arange(n) / SAMPLE_RATE
    tones = [0.5 * np.sin(2 * np.pi * HERTZ * (1 + word) * times) for word in range(n_words)]
    spans = [
        None if word in unknown else (word * WORD_SECONDS, (word + 1) * WORD_SECONDS)
        for word in range(n_words)
    ]
    words = tuple(f"word{word}" for word in range(n_words))
    return Clip(np.concatenate(tones).astype(np.float32), words, tuple(spans))


def pitch(clip: Clip, word: int) -> float:
    """The loudest frequency (Hz) within a word's true time."""
    start, end = clip.spans[word]
    samples = clip.samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(spectrum)) * SAMPLE_RATE / samples.size


class TestScore:
    def test_errors_and_bias(self):
        truth = [((0.0, 0.5), (0.5, 1.0), None, (2.0, 2.5))]
        found = [(Found(0.0, 0.51), Found(0.51, 0.97), Found(1.0, 1.2), Found(2.15, 2.5))]
        scores = score(truth, found)
        assert (scores.words, scores.found) == (3, 3)
        assert scores.starts.mean == pytest.approx(0.16 / 3)
        assert scores.starts.median == pytest.approx(0.01)
        assert scores.starts.bias == pytest.approx(0.16 / 3)
        assert scores.ends.mean == pytest.approx(0.04 / 3)
        assert scores.ends.bias == pytest.approx(-0.02 / 3)
        assert scores.within == pytest.approx((2 / 3, 2 / 3, 1.0))

    def test_a_word_that_was_not_found_is_within_no_tolerance(self):
        scores = score([((0.0, 1.0), (1.0, 2.0))], [(Found(0.0, 1.0), None)])
        assert (scores.words, scores.found) == (2, 1)
        assert scores.within == pytest.approx((0.5,) * 3)
        assert scores.starts.mean == 0.0

    def test_counts_instant_disordered_and_estimated_words(self):
        found = [
            (Found(0.0, 0.5), Found(0.5, 0.5), Found(0.4, 0.9, estimated=True)),
            (Found(0.0, 0.2), Found(0.2, 0.3)),
        ]
        scores = score([(None,) * 3, (None,) * 2], found)
        assert (scores.instant, scores.disordered) == (1, 1)
        assert scores.estimated == pytest.approx(0.2)
        assert scores.words == 0
        assert math.isnan(scores.starts.mean)

    def test_refuses_another_number_of_words(self):
        with pytest.raises(ValueError, match="zip"):
            score([((0.0, 1.0),)], [()])

    def test_words_of_no_known_time_are_not_among_the_shares(self):
        truth = [(0.0, 0.1), (1.0, 1.1), (2.0, 2.1), None]
        found = [Found(0.2, 0.3), Found(1.3, 1.4), None, Found(5.0, 6.0)]
        assert score([truth], [found]).within == pytest.approx((0.0, 0.0, 1 / 3))

    def test_drift_is_the_median_of_each_stretch(self):
        truth = [(1.0, 2.0), (5.0, 6.0), (9.0, 9.5), (31.0, 32.0), None]
        found = [Found(1.1, 2), Found(5.2, 6), Found(29.0, 30), Found(30.5, 31), Found(40, 41)]
        assert drift(truth, found, 10.0) == pytest.approx([0.2, None, None, -0.5])


class TestByWord:
    def test_joins_pieces_and_shares_one_among_words(self):
        pieces = [Piece(" Un", 0.0, 0.2), Piece("likely,", 0.2, 0.5), Piece(" of the", 0.5, 0.9)]
        assert by_word(["Unlikely,", "of", "the"], pieces) == [
            Found(0.0, 0.5),
            Found(0.5, 0.9),
            Found(0.5, 0.9),
        ]

    def test_punctuation_and_hyphens_do_not_matter(self):
        pieces = [Piece(' "well-', 0.0, 0.3), Piece("known", 0.3, 0.6, estimated=True)]
        assert by_word(["“well-known”"], pieces) == [Found(0.0, 0.6, estimated=True)]

    def test_words_after_the_last_piece_have_no_time(self):
        found = by_word(["one", "--", "two"], [Piece("one", 0.0, 0.3), Piece("tw", 0.3, 0.4)])
        assert found == [Found(0.0, 0.3), None, None]

    def test_refuses_another_text(self):
        with pytest.raises(ValueError, match="letters"):
            by_word(["one"], [Piece("two", 0.0, 0.3)])


class TestByMatch:
    def test_a_doubled_word_does_not_move_those_after_it(self):
        pieces = [Piece(f" {word}", n, n + 1) for n, word in enumerate("one two two three".split())]
        found = by_match(["one", "two,", "three"], [*pieces, Piece("", 4, 5)])
        assert found == [Found(0, 1), Found(1, 2), Found(3, 4)]

    def test_letter_case_does_not_matter(self):
        assert by_match(["The", "end."], [Piece(" the", 0, 1), Piece(" End", 1, 2)]) == [
            Found(0, 1),
            Found(1, 2),
        ]

    def test_a_lost_word_has_no_time(self):
        pieces = [Piece("one", 0, 1), Piece("three", 2, 3)]
        assert by_match(["one", "two", "three"], pieces) == [Found(0, 1), None, Found(2, 3)]


class TestConditions:
    @given(st.integers(2, 20), st.integers(0, 50))
    def test_pauses_move_the_truth_with_the_sound(self, n_words, seed):
        clip = tone_clip(n_words)
        paused = with_pauses(clip, np.random.default_rng(seed))
        assert paused.seconds > clip.seconds + 0.5
        assert paused.seconds <= 30.0
        for word in range(n_words):
            assert pitch(paused, word) == pytest.approx(HERTZ * (1 + word), abs=6)
        gaps = [b[0] - a[1] for a, b in zip(paused.spans, paused.spans[1:], strict=False)]
        assert all(abs(gap) < 1e-9 or 0.5 <= gap <= 3.0 for gap in gaps)
        assert any(gap >= 0.5 for gap in gaps)

    def test_no_pause_beside_a_word_of_unknown_time(self):
        clip = tone_clip(4, unknown=(1, 2))
        paused = with_pauses(clip, np.random.default_rng(0))
        assert paused.spans[1] is paused.spans[2] is None
        # neither place between words could be cut
        assert paused.spans[3][0] - paused.spans[0][0] == pytest.approx(3 * WORD_SECONDS)

    def test_noise_has_the_level_asked_for(self):
        clip = tone_clip(5)
        noisy = with_noise(clip, 10, np.random.default_rng(0))
        noise = noisy.samples - clip.samples
        ratio = 10 * np.log10(np.mean(clip.samples**2) / np.mean(noise**2))
        assert ratio == pytest.approx(10, abs=0.3)
        assert noisy.spans == clip.spans

    def test_joined_windows_keep_every_word_at_its_sound(self):
        clips = [tone_clip(n) for n in (5, 20, 30, 40, 60)]
        windows = joined(clips, np.random.default_rng(1))
        assert len(windows) == 1  # the last, unfilled window is left out
        (window,) = windows
        assert window.seconds <= 30.0
        assert window.words == tuple(word for clip in clips[:4] for word in clip.words)
        for place, word in ((0, 0), (4, 4), (5, 0), (24, 19), (54, 29), (55, 0), (94, 39)):
            assert pitch(window, place) == pytest.approx(HERTZ * (1 + word), abs=6)


class TestDamage:
    def test_takes_out_and_puts_in_about_one_word_in_twenty(self):
        lines = [
            Line(tuple(f"w{n}x{i}" for i in range(10)), tuple((i, i + 0.5) for i in range(10)))
            for n in range(500)
        ]
        after = list(damaged(lines, np.random.default_rng(0)))
        words = sum(len(line.words) for line in after)
        inserted = sum(span is None for line in after for span in line.spans)
        assert inserted / 5000 == pytest.approx(0.05, abs=0.015)
        assert (5000 - (words - inserted)) / 5000 == pytest.approx(0.05, abs=0.015)
        assert 0.05 < sum(bool(line.speaker) for line in after) / len(after) < 0.15

    def test_words_that_stay_keep_their_times(self):
        lines = [Line(("a", "b", "c"), ((0.0, 1.0), (1.0, 2.0), (2.0, 3.0)))] * 50
        times = {"a": (0.0, 1.0), "b": (1.0, 2.0), "c": (2.0, 3.0)}
        for line in damaged(lines, np.random.default_rng(2)):
            assert all(
                span in (None, times[word])
                for word, span in zip(line.words, line.spans, strict=True)
            )

    def test_speakers_are_written_where_asked(self):
        line = Line(("Good", "day."), (None, None), "ANNA")
        assert line.written(speakers=True) == "ANNA: Good day."
        assert line.written(speakers=False) == "Good day."


def test_cached_sets_come_back_as_they_were(tmp_path, monkeypatch):
    monkeypatch.setattr("truth.CACHE", tmp_path / "new")
    clips = [tone_clip(3, unknown=(1,)), tone_clip(2)]
    cached("tones", lambda: clips)

    def fail():
        raise AssertionError("made twice")

    again = cached("tones", fail)
    assert [clip.words for clip in again] == [clip.words for clip in clips]
    assert [clip.spans for clip in again] == [clip.spans for clip in clips]
    for clip, before in zip(again, clips, strict=True):
        np.testing.assert_allclose(clip.samples, before.samples, atol=1 / 32768)


class TestWordErrors:
    def test_counts_over_all_texts(self):
        pairs = [("Red green blue.", "red grey blue sky"), ("Good day", "good")]
        errors = word_errors(pairs, "en")
        assert (errors.words, errors.wrong, errors.missing, errors.added) == (5, 1, 1, 1)
        assert errors.rate == pytest.approx(3 / 5)

    @pytest.mark.parametrize(
        ("said", "heard", "language"),
        [
            ("Uh, twenty-five colours", "25 colors", "en"),
            ("Considérant qu'il est", "considérant qu il est", "fr"),
        ],
    )
    def test_spelling_is_no_error(self, said, heard, language):
        assert word_errors([(said, heard)], language).rate == 0.0

    def test_nothing_heard_is_all_missing(self):
        errors = word_errors([("good day", "")], "en")
        assert (errors.missing, errors.rate) == (2, 1.0)


class TestTranscribedRow:
    def test_only_words_that_were_heard_are_timed(self):
        clip = Clip(np.zeros(0), ("Red", "green", "blue"), ((0.0, 0.5), (1.0, 1.5), None))
        heard = Heard(" Red grey blue", [Piece(" Red", 0.02, 0.5), Piece(" grey", 1.0, 1.5)])
        row = transcribed_row("lj", "tool", [clip], [heard])
        assert row.text.rate == pytest.approx(1 / 3)
        assert (row.scores.words, row.scores.found) == (2, 1)
        assert "| 1 of 2 | 20 | 20 | +20 |" in str(row)
        assert str(row).endswith("| 100.0% | 100.0% | 100.0% | 0 | 0 | 0.0% |")

    def test_a_set_without_true_times_has_empty_cells(self):
        clip = Clip(np.zeros(0), ("one",), (None,))
        row = transcribed_row("udhr fr", "tool", [clip], [Heard("one", [Piece("one", 0.0, 1.0)])])
        assert "nan" not in str(row)
        assert str(row).count("|") == row.HEADING.split("\n")[0].count("|")


def test_a_telephone_sentence_has_one_word_with_a_time(monkeypatch, tmp_path):
    folder = tmp_path / "wuw2"
    folder.mkdir()
    (folder / "words.tsv").write_text(
        "clip\tword\tindex\tstart\tend\tphone\tdialect\ttranscript\n"
        "c1\tOperator\t1\t0.25\t0.75\tcellphone\tnative\tan Operator please\n"
    )
    with wave.open(str(folder / "c1.flac"), "wb") as file:  # the name's ending does not matter
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * SAMPLE_RATE))
    monkeypatch.setattr("truth.SHARED_DATA", tmp_path)
    (clip,) = telephone(80)
    assert clip.words == ("an", "Operator", "please")
    assert clip.spans == (None, (0.25, 0.75), None)
    assert clip.seconds == pytest.approx(1.0)
