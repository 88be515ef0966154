"""The stages wired together: recordings and subtitle files in, results out.

`model` is what the library offers; `recordings` does one recording with a loaded model; `outputs`
says which files come of which input, and writes them; `mux` puts subtitles into videos.
"""
