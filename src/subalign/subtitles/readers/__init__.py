"""Given transcripts and words with times, from files of many forms.

`script` reads transcripts, `timed_words` words with their times, `result_json` saved results. What
reads transcripts is imported when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subalign.subtitles.readers.script import read_script, transcript_label

__all__ = ["read_script", "transcript_label"]


def __getattr__(name: str) -> Any:
    """Import a name of `__all__` on its first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from subalign.subtitles.readers import script

    value = getattr(script, name)
    globals()[name] = value
    return value
