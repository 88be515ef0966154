"""Files that appear whole or not at all, and never take the place of one that nobody gave up."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from subalign.errors import OutputExistsError
from subalign.interrupts import interrupts_later

__all__ = ["remove_remains", "whole_file"]

_LONGEST_START = 200  # bytes of a file's name in the name of its temporary file


@contextmanager
def whole_file(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """A new file beside the target to write to, which becomes the target if no error comes up.

    What a killed run left of the same target is removed; a run that is at work keeps its own.

    Raises:
        OSError: a file cannot be made there, or cannot take the target's place.
        OutputExistsError: without `overwrite`, the target has appeared meanwhile.
    """
    made: list[tuple[Path, BinaryIO]] = []
    try:
        part = _new_part(target, made)
        yield part
        _put_in_place(part, target, overwrite=overwrite)
    except BaseException:
        for path, _ in made:
            with suppress(OSError):
                path.unlink()
        raise
    finally:
        for _, held in made:
            held.close()


def remove_remains(target: Path) -> None:
    """Remove what a killed run left beside the target, which it may have finished."""
    _remove_left_over(_usual_part(target))


def _put_in_place(part: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        part.replace(target)
        return
    try:
        _take_name(part, target)
    except FileExistsError as error:
        raise OutputExistsError(
            f"{target} has appeared since the work began: add `overwrite` to replace it, or give "
            "another name or folder."
        ) from error


def _take_name(part: Path, target: Path) -> None:
    """Let `part` become `target`, which must not be there; one step, so that no file is lost."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # the file system knows no links
        target.open("xb").close()
        part.replace(target)
    else:
        part.unlink()


def _new_part(target: Path, made: list[tuple[Path, BinaryIO]]) -> Path:
    """A new hidden file in the target's folder.

    It is put into `made`, which outlives an interrupt, with the handle that tells others that it
    is in use.
    """
    usual = _usual_part(target)
    # another run may be at work on the same target
    others = (usual.with_suffix(f".{uuid4().hex[:8]}.part") for _ in range(9))
    for path in (usual, *others):
        _remove_left_over(path)
        with suppress(FileExistsError):
            with interrupts_later():
                made.append((path, path.open("xb")))
            held = made[-1][1]
            if _hold(held.fileno()) and os.fstat(held.fileno()).st_nlink:
                if os.name != "posix":  # Windows renames no open file
                    held.close()
                return path
            made.pop()
            held.close()
    raise OSError(errno.EEXIST, "its temporary names are taken")


def _usual_part(target: Path) -> Path:
    start = os.fsdecode(os.fsencode(target.name)[:_LONGEST_START])
    return target.with_name(f".{start}.part")


def _remove_left_over(path: Path) -> None:
    """Remove a temporary file that no run holds any more."""
    # never what a link leads to, and never waiting for a pipe's other end
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with suppress(OSError):
        left = os.open(path, flags)
        try:
            if _hold(left):
                path.unlink()
        finally:
            os.close(left)


def _hold(descriptor: int) -> bool:
    """Whether nobody else holds the file; then this process does, until it is closed or dies."""
    try:
        import fcntl
    except ImportError:  # Windows, where a file that is open cannot be removed
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # the file system knows no locks
        return True
    return True
