"""Given transcripts and words with times, from files of many forms."""

from subalign.subtitles.readers.script import read_script, transcript_label

__all__ = ["read_script", "transcript_label"]
