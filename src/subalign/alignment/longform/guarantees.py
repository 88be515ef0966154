"""Room for words that have none: missing passages share their neighbours' time."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["make_room"]

# what a word that was heard keeps of its length, where there is any other way
_KEPT = 0.5


def make_room(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    least: float,
    duration: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (words,) in which every word lasts at least `least` seconds, in order, without overlap.

    The words must be in order already and not overlap, but may have no length. Around words that
    are too short, pauses and neighbours give way: as few of them as will do, and no word more than
    half its length. What has no short word near stays as it is. All words end up between 0 and
    `duration`, and share it evenly if they can only so have `least`, or less.
    """
    n = starts.size
    if n * least >= duration:
        edges = np.linspace(0.0, max(duration, 0.0), n + 1)
        return edges[:-1], edges[1:]
    starts, ends = np.clip(starts, 0.0, duration), np.clip(ends, 0.0, duration)
    needs = np.maximum(least, _KEPT * (ends - starts))
    if needs.sum() >= duration:
        needs = np.full(n, least)
    index = 0
    while index < n:
        if ends[index] - starts[index] >= least:
            index += 1
            continue
        first, last, begin, end = _region(index, starts, ends, needs, duration)
        _share(starts, ends, needs, first, last, begin, end)
        index = last
    return starts, ends


def _region(
    index: int,
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    needs: NDArray[np.float64],
    duration: float,
) -> tuple[int, int, float, float]:
    """Words `first` to before `last` around `index` that fit between `begin` and `end`."""
    n = starts.size
    first, last = index, index + 1
    needed = float(needs[index])
    while True:
        begin = float(ends[first - 1]) if first else 0.0
        end = float(starts[last]) if last < n else duration
        if end - begin >= needed:
            return first, last, begin, end
        # the side whose words are nearer gives way first
        left = starts[index] - ends[first - 1] if first else np.inf
        right = starts[last] - ends[index] if last < n else np.inf
        if left <= right:
            first -= 1
            needed += float(needs[first])
        else:
            needed += float(needs[last])
            last += 1


def _share(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    needs: NDArray[np.float64],
    first: int,
    last: int,
    begin: float,
    end: float,
) -> None:
    """Give each of the words what it needs, and the rest to words and pauses by their length."""
    words = slice(first, last)
    pauses = starts[words] - np.concatenate([[begin], ends[words][:-1]])
    spare = ends[words] - starts[words] - needs[words]
    # (words, pause before and word)
    lengths = np.maximum(np.stack([pauses, spare], axis=1), 0.0)
    total = float(lengths.sum()) + max(0.0, end - float(ends[last - 1]))
    rest = end - begin - float(needs[words].sum())
    if total > 0:
        lengths *= rest / total
    else:
        lengths[:, 1] = rest / (last - first)
    lengths[:, 1] += needs[words]
    edges = begin + np.cumsum(lengths)
    starts[words] = edges[::2]
    ends[words] = np.minimum(edges[1::2], end)
