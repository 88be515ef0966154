"""Which words were recognised where: what both sides have is found, whatever one side lacks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.alignment.forced.matching import Alphabet, Anchors, Matching, match, plain_letters
from subalign.alignment.forced.recognition import RecognisedWord
from subalign.alignment.forced.thresholds import MatchingThresholds

WORDS = (
    "anchor bridge candle dragon engine forest guitar hammer island jungle kettle ladder mirror "
    "needle orange pencil quarry rabbit saddle ticket umpire velvet window xylem yellow zipper "
    "acorn basket cotton desert eleven fabric garden helmet insect jacket kitten lemon magnet "
    "napkin oyster parrot quiver ribbon salmon tunnel urchin violin walnut yogurt"
).split()
STRANGE = "Volcanic eruptions transformed glaciers throughout northern Iceland.".split()

CONFIDENCE = MatchingThresholds().confidence

orders = st.permutations(WORDS)


def one_a_second(words):
    """Recognised words of half a second each, one a second."""
    return [
        RecognisedWord(f" {word}", second, second + 0.5, 3.0) for second, word in enumerate(words)
    ]


def exact(found, seconds, neighbours=()):
    """Words have the times of these seconds, but for those beside what is lacking."""
    words = np.setdiff1d(np.arange(len(seconds)), neighbours)
    np.testing.assert_allclose(found.starts[words], np.array(seconds, float)[words])
    np.testing.assert_allclose(found.ends[words], np.array(seconds, float)[words] + 0.5)


texts = st.lists(st.text("abcdeß1é -'", min_size=1, max_size=6), max_size=12)


@settings(max_examples=150)
@given(texts, texts)
def test_pairs_rise_on_both_sides(written, decoded):
    found = match(written, one_a_second(decoded))
    starts = found.starts[np.isfinite(found.starts)]
    ends = found.ends[np.isfinite(found.starts)]
    assert (np.diff(starts) > 0).all()
    assert (np.diff(ends) > 0).all()
    assert (ends > starts).all()
    assert len(found.starts) == len(found.confidence) == len(written)
    assert ((found.confidence >= 0) & (found.confidence <= 1)).all()
    assert len(found.used) == len(decoded)
    assert ((found.used >= 0) & (found.used <= 1)).all()


@settings(max_examples=60)
@given(st.lists(st.text("abcde", min_size=1, max_size=6), min_size=1, max_size=30))
def test_equal_texts_match_wholly(words):
    found = match(words, one_a_second(words))
    exact(found, range(len(words)))
    assert found.confidence.tolist() == [1.0] * len(words)
    assert found.used.tolist() == [1.0] * len(words)


def test_case_accents_and_punctuation_do_not_matter():
    found = match(["Café,", "NAÏVE!", "—", "½"], one_a_second(["cafe", "naive"]))
    exact(found, [0, 1, 0, 0], neighbours=[2, 3])
    assert np.isnan(found.starts[2:]).all()
    assert plain_letters("Straße №5") == "strasseno5"


@settings(max_examples=40)
@given(orders, st.integers(6, 20), st.integers(1, 20))
def test_what_the_transcript_lacks_harms_nothing_else(words, first, length):
    seconds = [*range(first), *range(first + length, len(words))]
    found = match([words[second] for second in seconds], one_a_second(words))
    exact(found, seconds, neighbours=[first - 1, first])
    assert found.confidence[np.setdiff1d(np.arange(len(seconds)), [first - 1, first])].min() > 0.4
    # of the passage hardly a letter is used
    assert found.used[first : first + length].mean() < 0.5
    assert found.used[first + length + 1 :].min() == 1


@settings(max_examples=40)
@given(orders, st.integers(6, 20), st.integers(1, 20))
def test_what_the_audio_lacks_harms_nothing_else(words, first, length):
    seconds = [*range(first), *range(first + length, len(words))]
    decoded = one_a_second(words)
    found = match(words, [decoded[second] for second in seconds])
    expected = np.full(len(words), np.nan)
    expected[seconds] = seconds
    beside = [first - 1, first + length, *range(first, first + length)]
    exact(found, expected, neighbours=beside)
    assert np.isnan(found.starts[first : first + length]).sum() >= length - 2


@settings(max_examples=20)
@given(orders)
def test_a_chorus_that_the_transcript_has_once_less(words):
    chorus, verses = words[:6], [words[6:20], words[20:34], words[34:48]]
    song = [*verses[0], *chorus, *verses[1], *chorus, *verses[2], *chorus]
    found = match([*verses[0], *chorus, *verses[1], *verses[2], *chorus], one_a_second(song))
    seconds = [*range(34), *range(40, 60)]
    exact(found, seconds, neighbours=[33, 34])


@settings(max_examples=20)
@given(orders)
def test_a_text_said_twice_stays_where_it_is(words):
    once, between = words[:15], words[15:20]
    both = [*once, *between, *once]
    exact(match(both, one_a_second(both)), range(35))


def test_misrecognised_words_are_found_by_their_sound():
    written = "I write down every word that people say".split()
    decoded = "I right town every ward at beeble say".split()
    found = match(written, one_a_second(decoded))
    np.testing.assert_allclose(found.starts, np.arange(8), atol=0.3)
    assert 0.25 < found.confidence.min() <= found.confidence.max() < 1


def test_text_of_something_else_gives_no_anchors():
    found = match(WORDS, one_a_second(STRANGE * 4))
    assert found.confidence.mean() < 0.1
    assert Anchors.from_matching(found, CONFIDENCE).words.size <= 3


def test_anchors_lie_right_beside_a_foreign_passage():
    """A good word is one however strange the words on its other side."""
    text = [*WORDS[:12], *STRANGE, *STRANGE, *WORDS[12:24]]
    anchors = Anchors.from_matching(match(text, one_a_second(WORDS[:24])), CONFIDENCE)
    n_strange = 2 * len(STRANGE)
    own = {*range(11), *range(13 + n_strange, 24 + n_strange)}
    assert own <= set(anchors.words.tolist())
    assert len(set(anchors.words.tolist()) & set(range(13, 11 + n_strange))) <= 1


def test_nothing_to_match():
    for written, decoded in (([], ["a"]), (["a"], []), ([], []), (["…"], ["…"])):
        found = match(written, one_a_second(decoded))
        assert np.isnan(found.starts).all()
        assert found.confidence.tolist() == [0.0] * len(written)
        assert found.used.tolist() == [0.0] * len(decoded)


def test_letters_are_worth_as_much_as_they_sound_alike():
    letters = Alphabet("abkpot")
    numbers = dict(zip("abkpot", letters.numbers("abkpot").tolist(), strict=True))

    def worth(first, second):
        return letters.scores[numbers[first], numbers[second]]

    assert worth("b", "b") == 8
    assert worth("b", "p") == worth("p", "b") == 2
    assert worth("a", "o") == 2
    assert worth("k", "t") == worth("a", "t") == -4
    assert Alphabet("ai").scores[0, 1] == 0
    assert Alphabet("ai", thresholds=MatchingThresholds(vowels=1)).scores.tolist() == [
        [8, 1],
        [1, 8],
    ]


def test_anchors_out_of_order_are_left_out():
    anchors = Anchors.in_order(
        np.arange(6),
        np.array([1.0, 2.0, 30.0, 3.0, 4.0, 5.0]),
        np.array([1.5, 2.5, 30.5, 3.5, 4.5, 5.5]),
        np.linspace(0, 1, 6),
    )
    assert anchors.words.tolist() == [0, 1, 3, 4, 5]
    assert anchors.starts.tolist() == [1, 2, 3, 4, 5]
    assert anchors.weights == pytest.approx([0, 0.2, 0.6, 0.8, 1.0])


@given(st.lists(st.integers(0, 20), max_size=25))
def test_as_many_anchors_as_can_be_are_kept(times):
    n = len(times)
    starts = np.array(times, float)
    found = Anchors.in_order(np.arange(n), starts, starts + 0.5, np.ones(n))
    assert (np.diff(found.starts) > 0).all()
    longest = [0] * n
    for index, time in enumerate(times):
        longest[index] = 1 + max(
            (longest[before] for before in range(index) if times[before] < time), default=0
        )
    assert found.words.size == max(longest, default=0)


def test_anchors_are_sure_words_with_a_time():
    matching = Matching(
        starts=np.array([1.0, np.nan, 3.0, 4.0]),
        ends=np.array([2.0, np.nan, 4.0, 5.0]),
        likeness=np.ones(4),
        confidence=np.array([0.9, 0.9, 0.1, 0.5]),
        used=np.ones(4),
    )
    anchors = Anchors.from_matching(matching, 0.25)
    assert anchors.words.tolist() == [0, 3]
    assert anchors.weights.tolist() == [0.9, 0.5]


def anchors_at(*anchors):
    """Anchors (word, start), all sure."""
    words, starts = (np.array(column) for column in zip(*anchors, strict=True))
    return Anchors(words, starts, starts + 0.4, np.ones(len(anchors)))


def test_anchors_of_other_words_are_merged_in_order():
    first = anchors_at((0, 0.0), (4, 4.0), (6, 6.0))
    second = anchors_at((1, 1.0), (5, 3.0), (7, 7.0), (9, 9.0))
    found = first.merged(second.of({1, 5, 7}))
    assert found.words.tolist() == [0, 1, 5, 6, 7]
    assert (np.diff(found.starts) > 0).all()
    assert first.merged(second.of(())).words.tolist() == [0, 4, 6]
