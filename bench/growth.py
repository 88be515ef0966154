"""Whether what strangers write takes time in proportion to its length, in C too.

    python bench/growth.py

For every writer, and every reader of subtitles, transcripts and timed words: texts of one repeated
piece, of 5,000 and of 50,000 characters. What takes over a tenth of a second and over twenty times
as long is listed; quadratic growth would be a hundredfold. Lines of Python are counted in
tests/security/test_growth.py.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from subalign.errors import SubalignError

sys.path.append(str(Path(__file__).parents[1] / "tests" / "security"))

from test_growth import FORMATS, HEADS, READ, WRITTEN, transcript, write

SMALL, TIMES = 5_000, 10
LEAST_SECONDS, MOST_TIMES = 0.1, 20


def main() -> None:
    slow = 0
    for name, work, pieces in works():
        work("a")  # imports
        for piece in pieces:
            few, many = (
                seconds(partial(work, piece * (n // len(piece)))) for n in (SMALL, TIMES * SMALL)
            )
            if many > max(LEAST_SECONDS, MOST_TIMES * few):
                slow += 1
                print(f"{name} {piece!r}: {few:.3f} s, then {many:.3f} s")
    print(f"{slow} grow faster than their input")


def works() -> list[tuple[str, Callable[[str], None], list[str]]]:
    found = [
        (f"write {name}, {place}", partial(write_text, name, place), WRITTEN)
        for name in FORMATS
        for place in ("segment", "word", "beside")
    ]
    readers = {"check": (check, (".srt", ".vtt", ".ass")), "read": (read, HEADS)}
    readers["words"] = (read_words, (".ctm", ".TextGrid"))
    for verb, (work, endings) in readers.items():
        found += [(f"{verb} {ending}", partial(work, ending), READ) for ending in endings]
    return found


def write_text(name: str, place: str, text: str) -> None:
    write(name, transcript(text, place))


def check(ending: str, text: str) -> None:
    from subalign.options import LayoutOptions
    from subalign.subtitles.check import check_file, fix_file
    from subalign.subtitles.files import parse_subtitle_file, render_subtitle_file
    from subalign.subtitles.layout.profiles import chosen_profile

    profile = chosen_profile(LayoutOptions())
    file = parse_subtitle_file(HEADS[ending] + text, "talk", ending[1:])
    check_file(file, profile)
    render_subtitle_file(fix_file(file, profile))


def read(ending: str, text: str) -> None:
    from subalign.subtitles.script import read_script

    with written(f"talk{ending}", HEADS[ending] + text) as path, suppress(SubalignError):
        read_script(path)


def read_words(ending: str, text: str) -> None:
    from subalign.heads.reference_words import read_reference_words

    with written(f"talk{ending}", text) as path, suppress(SubalignError):
        read_reference_words(path)


@contextmanager
def written(name: str, text: str) -> Iterator[Path]:
    """A file for as long as it is used."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text, encoding="utf-8")
        yield path


def seconds(work: Callable[[], None]) -> float:
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


if __name__ == "__main__":
    main()
