"""Forced alignment of whole transcripts with recordings of any length, one module a stage.

loudness (where the recording pauses) → hearing (what the model takes it for) → letters, matching
(which words of the transcript that resembles) → unwritten (what the transcript leaves out) →
placement (roughly where each word is), by the speech_clock → stretches (windows of audio with
their words: those decoded, where they are as written, else new ones) → timing (exact times),
evidence (was it said?) and repair (of what was not) → guarantees (order, length) → report. `align`
runs them all.
"""

from subalign.alignment.forced.align import align_script

__all__ = ["align_script"]
