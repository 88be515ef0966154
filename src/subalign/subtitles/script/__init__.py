"""Given transcripts of any form, files and texts, to lines and what of them is spoken.

Nothing is imported before it is asked for.
"""

from typing import TYPE_CHECKING

from subalign.lazy import lazy_exports

if TYPE_CHECKING:
    from subalign.subtitles.script.reading import parse_script, read_script, script_of_file

__all__ = ["parse_script", "read_script", "script_of_file"]

__getattr__ = lazy_exports(__name__, dict.fromkeys(__all__, "subalign.subtitles.script.reading"))
