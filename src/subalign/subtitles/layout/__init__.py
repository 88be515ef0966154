"""Layout: from timed words to cues that read well. `cues` is the way in.

By a profile (`profiles`), `by_profile` goes from words in chunks that no line break may part
(`chunks`) over what a break between two of them costs (`break_costs`, `function_words`) to the
breaks (`segmenter`) and times (`timing`) of cues. `openai_whisper` packs words without a profile;
`limits` checks any cues.
"""
