"""A recording of any length to segments: windows one after another, fallback, silence."""

from subalign.transcription.transcription import SegmentTimer, Transcription

__all__ = ["SegmentTimer", "Transcription"]
