"""Layout by profiles: from timed words to cues that read well.

`profiles` says what a cue may be, `words` what the words allow, `penalties` what a break costs,
`programme` finds the best breaks, `timing` gives the cues their times, `limits` checks any cues.
"""
