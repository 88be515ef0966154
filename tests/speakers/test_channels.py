"""Turns by which channel is louder."""

import numpy as np
import pytest

from subalign.speakers.channels import channel_levels, turns_by_channel

RATE = 16000


def noise(seconds, level, seed=0):
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def turns(*channels):
    found = turns_by_channel([channel_levels([samples]) for samples in channels])
    return [(turn.speaker, turn.start, turn.end) for turn in found]


def test_levels_do_not_depend_on_blocks():
    samples = noise(1.0, 0.1)
    blocks = np.split(samples, [1, 100, 5000, 5001])
    whole = np.square(samples.reshape(-1, 160)).mean(axis=1)
    assert channel_levels(blocks) == pytest.approx(whole, rel=1e-5)


def test_the_louder_channel_speaks_also_where_it_leaks_into_the_other():
    one, two = noise(3.0, 0.1), noise(2.0, 0.05, seed=1)
    hush = noise(1.0, 1e-5)
    left = np.concatenate([one, hush, 0.3 * two])
    right = np.concatenate([0.3 * one, hush, two])
    (a, start, end), (b, begin, stop) = turns(left, right)
    assert (a, b) == ("A", "B")
    assert (start, end) == pytest.approx((0.0, 3.0), abs=0.11)
    assert (begin, stop) == pytest.approx((4.0, 6.0), abs=0.11)


def test_channels_keep_their_letters_whoever_begins():
    left = np.concatenate([noise(1.0, 1e-5), noise(1.0, 0.1)])
    right = np.concatenate([noise(1.0, 0.1), noise(1.0, 1e-5)])
    assert [name for name, *_ in turns(left, right)] == ["B", "A"]


def test_short_pauses_are_of_the_turn():
    left = np.concatenate([noise(1.0, 0.1), noise(0.3, 1e-6), noise(1.0, 0.1)])
    assert len(turns(left, 0 * left)) == 1


def test_silence_has_no_turns():
    assert turns(np.zeros(RATE, np.float32), np.zeros(RATE, np.float32)) == []
    assert turns_by_channel([]) == []
