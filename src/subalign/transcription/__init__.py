"""Long recordings: a window that slides over the mel, and segments as soon as they are final."""

from subalign.transcription.transcription import Transcription, WordTimer

__all__ = ["Transcription", "WordTimer"]
