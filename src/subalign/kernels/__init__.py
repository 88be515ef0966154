"""The loops of word timing and text matching that need speed, compiled by numba or Triton.

A kernel takes and returns arrays and has a file of its own. `tests/kernel_oracles.py` says in plain
Python what it must return, also for ties, NaN, one row, one column and nothing.
"""
