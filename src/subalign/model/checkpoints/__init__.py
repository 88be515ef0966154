"""One module for each kind of checkpoint; all of them build the same `Whisper`."""
