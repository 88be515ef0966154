"""A recording of any length to segments: windows in batches or in sequence, fallback, silence."""

from subalign.transcription.transcription import Transcription
from subalign.transcription.windows import SegmentTimer

__all__ = ["SegmentTimer", "Transcription"]
