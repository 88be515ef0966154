"""What `subalign heads` does: heads measured, chosen and drawn on recordings with known words.

- `data`: recordings, and the file beside each that says what is spoken when (`reference_words`);
- `windows`: a recording cut into windows with their words, and one teacher-forced pass over each;
- `attention`: what each head of a window gives alone, and the word times of any set of heads;
- `score`: every head measured by itself, with true times or without;
- `find`: the set of heads that times words best, and a checkpoint saved with it;
- `plot`: a picture of the attention and the path through it.

Which heads a model has marked, and their shift, is known to `subalign.model.timing_heads`.
"""
