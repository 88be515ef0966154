"""What a fix changes, as a unified diff, also of long files in which every cue changes.

`difflib` compares lines in time that grows with the square of their changes. Lines that stand in
both texts just once divide them into short pieces, which are compared one by one.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

__all__ = ["unified_diff"]

_PIECE = 200  # lines, about


def unified_diff(before: str, after: str, old_name: str, new_name: str) -> Iterator[str]:
    """The lines of the diff, with one line of context; none where nothing changes."""
    old, new = before.split("\n"), after.split("\n")
    matcher = SequenceMatcher(None, "", "")
    # difflib only groups the blocks that are found below
    matcher.a, matcher.b = old, new  # type: ignore[attr-defined]
    matcher.matching_blocks = _matching_blocks(old, new)  # type: ignore[attr-defined]
    headed = False
    for group in matcher.get_grouped_opcodes(1):
        if not headed:
            yield from (f"--- {old_name}", f"+++ {new_name}")
            headed = True
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for kind, old_start, old_end, new_start, new_end in group:
            if kind == "equal":
                yield from (f" {line}" for line in old[old_start:old_end])
                continue
            yield from (f"-{line}" for line in old[old_start:old_end])
            yield from (f"+{line}" for line in new[new_start:new_end])


def _range(start: int, end: int) -> str:
    """Lines as diffs count them: from 1, and from the line before where there are none."""
    length = end - start
    return f"{start + 1 if length else start}" + (f",{length}" if length != 1 else "")


def _matching_blocks(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int]]:
    """Runs of equal lines (start in old, in new, length) in order, ended by one of length 0."""
    blocks: list[tuple[int, int, int]] = []
    for old_start, old_end, new_start, new_end in _pieces(old, new):
        matcher = SequenceMatcher(
            None, old[old_start:old_end], new[new_start:new_end], autojunk=False
        )
        for found in matcher.get_matching_blocks():
            at, to = old_start + found.a, new_start + found.b
            if not found.size:
                continue
            if blocks and (blocks[-1][0] + blocks[-1][2], blocks[-1][1] + blocks[-1][2]) == (
                at,
                to,
            ):
                first_at, first_to, size = blocks.pop()  # a piece's end is no gap
                blocks.append((first_at, first_to, size + found.size))
            else:
                blocks.append((at, to, found.size))
    return [*blocks, (len(old), len(new), 0)]


def _pieces(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Pieces of both texts that belong together (start and end in old, in new)."""
    counts, others = Counter(old), Counter(new)
    places = {line: at for at, line in enumerate(new)}
    old_start = new_start = 0
    for at, line in enumerate(old):
        if at - old_start < _PIECE or counts[line] != 1 or others[line] != 1:
            continue
        to = places[line]
        # not what a fix has moved to another place
        if 0 <= to - new_start <= 3 * (at - old_start):
            yield old_start, at, new_start, to
            old_start, new_start = at, to
    yield old_start, len(old), new_start, len(new)
