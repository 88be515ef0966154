"""From cross-attention to word times, one module a stage.

capture (raw scores of the alignment heads) → scores (softmax, standardisation, median, mean over
heads) → path (dynamic time warping) → words (times and probabilities) → punctuation → durations.
`windows` runs the first four for a batch of windows, `timer` all of them for a window's segments.
"""

from subalign.alignment.timer import WordTimer
from subalign.alignment.windows import align_windows
from subalign.alignment.words import WordTiming

__all__ = ["WordTimer", "WordTiming", "align_windows"]
