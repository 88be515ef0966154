"""Speech that a transcript leaves out is put between its words as it was recognised."""

import numpy as np
import pytest

from subalign.alignment.forced.matching import match
from subalign.alignment.forced.recognition import RecognisedWord
from subalign.alignment.forced.thresholds import ForcedThresholds, UntranscribedThresholds
from subalign.alignment.forced.untranscribed import insert_untranscribed

SAID = (
    "we keep the light on until the morning they want to know what was said before "
    "nobody ever mentioned glaciers soon and then my father taught me how to do this work"
).split()
PASSAGE = range(16, 21)


@pytest.fixture
def extended(tokenizer, encode_words):
    def call(written, evidence=5.0, said=SAID, thresholds=ForcedThresholds()):
        recognised = [
            RecognisedWord(f" {word}", n, n + 0.8, evidence) for n, word in enumerate(said)
        ]
        words = encode_words(" ".join(written))
        matching = match([word.text for word in words], recognised)
        text = insert_untranscribed(words, matching, recognised, tokenizer, thresholds)
        assert [text.words[n] for n in np.flatnonzero(text.transcribed)] == words
        assert (np.diff(text.anchors.words) > 0).all()
        assert (np.diff(text.anchors.starts) > 0).all()
        return text

    return call


def said(text):
    return "".join(word.text for word in text.words).split()


def without(passage):
    return [word for n, word in enumerate(SAID) if n not in passage]


def test_what_is_written_stays(extended):
    text = extended(SAID)
    assert text.transcribed.all()
    assert text.anchors.words.tolist() == list(range(len(SAID)))


def test_a_passage_that_is_lacking_is_put_in(extended):
    text = extended(without(PASSAGE))
    assert said(text) == SAID
    assert np.flatnonzero(~text.transcribed).tolist() == list(PASSAGE)
    # what is put in has its place
    assert set(PASSAGE) <= set(text.anchors.words.tolist())
    at = text.anchors.words.tolist().index(18)
    assert text.anchors.starts[at] == 18


@pytest.mark.parametrize("passage", [range(5), range(27, 33)], ids=["first", "last"])
def test_a_passage_at_an_end(extended, passage):
    assert said(extended(without(passage))) == SAID


def test_of_a_long_passage_the_ends_are_put_in(extended):
    """They shield the words beside it; its middle belongs to no window."""
    strange = [f"{a}{b}u" for a in ("ba", "ko", "zi", "tre", "lum") for b in ("nda", "rfo", "x")]
    text = extended(SAID, said=[*SAID[:16], *strange, *SAID[16:]])
    put_in = [word for word, is_own in zip(said(text), text.transcribed, strict=True) if not is_own]
    assert put_in == [*strange[:4], *strange[-4:]]


def test_what_has_little_evidence_is_not_put_in(extended):
    assert extended(without(PASSAGE), evidence=1.0).transcribed.all()


def test_thresholds_can_be_varied(extended):
    lenient = ForcedThresholds(untranscribed=UntranscribedThresholds(evidence=0.5))
    assert said(extended(without(PASSAGE), evidence=1.0, thresholds=lenient)) == SAID


def test_a_word_or_two_are_put_in_where_nothing_else_is(extended):
    assert said(extended(without(range(17, 19)))) == SAID


def test_a_word_beside_another_that_was_misrecognised_is_a_part_of_it(extended):
    """Of "glaciers" the decoder made "gla seers"."""
    spoken = [*SAID[:19], "gla", "seers", *SAID[20:]]
    assert extended(SAID, said=spoken).transcribed.all()
    written = [*SAID[:18], "imprudently", *SAID[19:]]
    spoken = [*SAID[:18], "improvised", "dently", *SAID[19:]]
    assert extended(written, said=spoken).transcribed.all()


def test_misrecognised_words_are_not_put_beside_those_that_they_are(extended):
    written = [*SAID[:16], *"spectacular fjords remained frozen".split(), *SAID[21:]]
    assert extended(written).transcribed.all()


def test_nothing_decoded_or_written(extended):
    assert extended(SAID, said=[]).transcribed.all()
    text = extended([])
    assert not text.transcribed.any()
