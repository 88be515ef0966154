"""Scenarist Closed Captions (`.scc`), for television and streaming in North America.

CEA-608: ANSI/CTA-608-E; 47 CFR 15.119.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from subalign.errors import OutputError
from subalign.options import LayoutOptions
from subalign.results import Transcript
from subalign.subtitles.files.cea608 import COLUMNS
from subalign.subtitles.files.scc import render_scc
from subalign.subtitles.formats.base import UnlitCueWriter
from subalign.subtitles.layout.cues import packs_words
from subalign.subtitles.layout.profiles import chosen_profile

if TYPE_CHECKING:
    from subalign.subtitles.page.page import PageMedia

__all__ = ["SCCWriter"]


class SCCWriter(UnlitCueWriter):
    """Pop-on captions in rows of 32 columns; italics, underlining and the top are kept.

    Times are time codes of 29.97 frames a second with dropped numbers, whatever the video has. A
    caption's codes are sent before it is shown, so that one of many letters soon after another may
    come late. CEA-608 has letters of Western Europe; a text with others is refused.
    """

    extension = "scc"

    def __init__(
        self,
        options: LayoutOptions | None = None,
        *,
        recording: str = "",
        media: "PageMedia | None" = None,
    ) -> None:
        super().__init__(options, recording=recording, media=media)
        if self.options.keep_lines or packs_words(self.options):
            return  # rows are broken where they are full
        if chosen_profile(self.options).max_line_width > COLUMNS:
            self.options = replace(self.options, max_line_width=COLUMNS)

    def render(self, transcript: Transcript) -> Iterator[str]:
        try:
            yield from render_scc(self.rendered(transcript))
        except ValueError as error:
            raise OutputError(
                f"{self.recording or 'The result'} cannot be written as SCC, as {error}: choose "
                "another `format`, such as `format=ttml`."
            ) from error
