"""The two loops of word timing that need speed: a median filter and dynamic time warping.

A kernel takes and returns arrays, has a file of its own, and stands beside the oracle that says
what it must return, also for ties, NaN, one row, one column and nothing.
"""
