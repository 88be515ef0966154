"""From cross-attention to word times, one module a stage.

forcing (the decoder reads the text; `capture` takes the raw scores of the heads) → then by method:

- viterbi: pauses (long ones are cut out, and the window heard again) → scores (softmax) → viterbi
  (words' attention; the best division into words and pauses, with `speech`) → edges;
- dtw: scores (softmax, standardisation, median, mean over heads) → path (dynamic time warping) →
  words → punctuation → durations;
- norms, characters: norm_heads (softmax, choice of heads, median) → path.

Once all words of a recording have times by viterbi, `boundaries` (with `grapheme_hmm`) moves their
edges to where the sound changes.

`windows` does it for given words, `dtw_words` as openai-whisper does, `timer` for the segments of a
window that was transcribed, `longform` for a whole recording and its transcript. `guarantees` are
what all words fulfil in the end.
"""

from subalign.alignment.dtw import align_windows
from subalign.alignment.methods import WordTimer, time_texts
from subalign.alignment.words import WordTiming, WordTokens

__all__ = ["WordTimer", "WordTiming", "WordTokens", "align_windows", "time_texts"]
