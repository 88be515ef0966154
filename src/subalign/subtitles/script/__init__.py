"""Given transcripts: `read_script` gives the lines of a file of any form, and their spoken text.

Nothing is imported before it is asked for.
"""

from typing import TYPE_CHECKING

from subalign.lazy import lazy_exports

if TYPE_CHECKING:
    from subalign.subtitles.script.reading import read_script, script_of_file

__all__ = ["read_script", "script_of_file"]

__getattr__ = lazy_exports(__name__, dict.fromkeys(__all__, "subalign.subtitles.script.reading"))
