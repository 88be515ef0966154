"""Given transcripts and words with times, from files of many forms.

`script` reads transcripts, `timed_words` words with their times, `result_json` saved results. What
reads transcripts is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from subalign.lazy import lazy_exports

if TYPE_CHECKING:
    from subalign.subtitles.script.reading import read_script, transcript_label

__all__ = ["read_script", "transcript_label"]

__getattr__ = lazy_exports(
    __name__,
    {
        "read_script": "subalign.subtitles.script.reading",
        "transcript_label": "subalign.subtitles.script.reading",
    },
)
