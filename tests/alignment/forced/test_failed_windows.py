"""Which windows fail."""

from dataclasses import replace

import numpy as np

from subalign.alignment.forced.failed_windows import accepted_words
from subalign.alignment.forced.matching import Anchors
from subalign.alignment.forced.timing import AlignedWords
from subalign.alignment.forced.windows import Window
from subalign.alignment.pauses import FrameSpan


def test_a_window_with_a_word_far_from_where_it_was_recognised_fails():
    starts = np.array([0.0, 1.0, 2.0, 3.0, np.nan, 5.0])
    timed = replace(AlignedWords.unknown(6), starts=starts)
    recognised = Anchors(
        np.arange(1, 6), np.array([1.4, 2.0, 3.6, 4.0, 5.0]), starts[1:], starts[1:]
    )
    span = FrameSpan(0, 1000)
    windows = [Window(span, (0, 1, 2)), Window(span, (3,)), Window(span, (4,))]
    # the last word is of no window, the one before it has no time
    assert accepted_words(windows, timed, recognised, 0.5).tolist() == [True] * 3 + [False] * 3
