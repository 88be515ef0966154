"""Forced alignment of whole transcripts with recordings of any length, one module a stage.

`align` runs them on the recording without its long pauses: recognition (decode every window) →
matching (the transcript's letters with the
recognised ones: anchors) → untranscribed (speech that the transcript leaves out) → coarse (rough
times between anchors) → timing (which windows were decoded as written; exact times) →
failed_windows (the rest: edited, timed) → verification (was it said?) → report (and one segment a
line). `thresholds` holds the numbers of all stages.
"""

from subalign.alignment.forced.align import align_script

__all__ = ["align_script"]
