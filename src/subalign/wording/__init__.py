"""Which words are written: replacements, fillers, censored words, and a glossary's spellings.

All work on timed words, which keep their times: see `edits`.
"""
