"""The diff of a fixed file: that of difflib where it is short, and right where it is long."""

import difflib
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.subtitles.check.diff import unified_diff

LINES_OF_TEXT = st.lists(st.sampled_from(["a", "b", "", "1", "2", "long line"]), max_size=12)


@given(LINES_OF_TEXT, LINES_OF_TEXT)
def test_the_diff_of_short_texts_is_that_of_difflib(old, new):
    lines = difflib.unified_diff(
        "\n".join(old).split("\n"), "\n".join(new).split("\n"), "old", "new", lineterm="", n=1
    )
    assert list(unified_diff("\n".join(old), "\n".join(new), "old", "new")) == list(lines)


def patched(old, diff):
    """The new text's lines, made of the old one's and a diff."""
    new, at = [], 0
    for line in diff[2:]:
        if line.startswith("@@"):
            first, length = (re.match(r"@@ -(\d+)(?:,(\d+))?", line)[group] for group in (1, 2))
            start = int(first) - (length != "0")
            new += old[at:start]
            at = start
        elif line.startswith("+"):
            new.append(line[1:])
        else:
            assert old[at] == line[1:]
            at += 1
            if line.startswith(" "):
                new.append(line[1:])
    return new + old[at:]


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 2999), st.integers(-3, 3)), max_size=5))
def test_the_diff_of_a_long_text_gives_the_new_one(changes):
    # every third line is there once, every other one changes
    old = [f"line {n}" if n % 3 else str(n) for n in range(3000)]
    new = [line if n % 3 else f"{line}!" for n, line in enumerate(old)]
    for at, length in changes:
        new[at:at] = ["more"] * max(0, length)
        del new[at : at + max(0, -length)]
    diff = list(unified_diff("\n".join(old), "\n".join(new), "old", "new"))
    assert patched(old, diff) == new
    assert sum(line.startswith("-") for line in diff[2:]) < 1100
