"""From cross-attention to word times.

The decoder reads known text (`teacher_forcing`), and the scores of some heads become a map of each
token, or word, over the window's positions. A method makes words' times of it (`methods`):

- `viterbi`: long `pauses` are cut out first; segmentation of the window into words and silences by
  attention, loudness and the length of words; edges settled on the sound. Once all words of a
  recording have times, `boundaries` (with `grapheme_hmm`) moves their edges to where the sound
  changes.
- `dtw`: as openai-whisper, dynamic time warping and corrections of too long words.

The `words` are given, or those of a transcribed window's `segments`, or the `script_words` of a
transcript, which `forced` aligns with a recording of any length.
"""

from subalign.alignment.methods import AttentionTimer, time_texts
from subalign.alignment.words import WordTiming, WordTokens

__all__ = ["AttentionTimer", "WordTiming", "WordTokens", "time_texts"]
