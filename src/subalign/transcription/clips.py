"""Which mel frames of a recording are transcribed."""

from collections.abc import Sequence

from subalign.errors import InputError
from subalign.options import Clip

__all__ = ["FRAMES_PER_SECOND", "frame_ranges"]

FRAMES_PER_SECOND = 100


def frame_ranges(clips: Sequence[Clip], n_frames: int) -> list[tuple[int, int]]:
    """First frame and end frame of each clip, in the order given; without clips, of everything.

    Raises:
        InputError: a clip starts at or after the end of the recording.
    """
    ranges = []
    for clip in clips or (Clip(0.0),):
        start = round(clip.start * FRAMES_PER_SECOND)
        end = n_frames if clip.end is None else round(clip.end * FRAMES_PER_SECOND)
        if start >= n_frames and clips:
            raise InputError(
                f"A clip starts at {clip.start:g} s, but the recording ends at "
                f"{n_frames / FRAMES_PER_SECOND:g} s: give a clip inside it."
            )
        ranges.append((start, min(end, n_frames)))
    return ranges
