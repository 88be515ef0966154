"""How the embedded model is made: speech with known word times, training, evaluation.

Not part of the package; run from the repository's root. See README.md here.
"""
