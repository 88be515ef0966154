"""The formats that results are written in: a module each, with a subclass of `ResultWriter`.

To add a format, write its module and name it here; its name and its files' ending stand in it.
"""

MODULES = (
    *("txt", "vtt", "srt", "tsv", "json", "ass", "lrc", "ttml"),
    *("audacity", "textgrid", "ctm", "rttm", "csv", "html"),
    *("sbv", "scc", "stl", "itt", "fcpxml", "edl", "markdown", "docx"),
)
"""The modules, in the order in which formats are named to users."""
