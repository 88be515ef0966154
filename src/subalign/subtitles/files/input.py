"""A file's bytes, or a sentence why there are none; values out of JSON that anybody wrote."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from subalign.errors import InputError, UsageError

__all__ = ["LATEST", "file_label", "finite_number", "finite_seconds", "parse_json", "read_bytes"]

_LARGEST = 64 << 20  # bytes; a transcript of a whole day has less than one MiB
LATEST = 1e10  # seconds; beyond it no clock counts, and milliseconds would lose their exactness

_MAYBE_SURROGATE = re.compile(r"\\ud[89a-f]", re.IGNORECASE)


def file_label(path: str | os.PathLike[str]) -> str:
    """The file's name in messages; "-" is standard input."""
    return "Standard input" if path == "-" else os.fspath(path)


def read_bytes(path: str | os.PathLike[str], noun: str, endings: str) -> bytes:
    """The content of a file; "-" is standard input.

    `noun` is what it should be ("transcript"), `endings` how such files are called (".txt, .srt").

    Raises:
        InputError: the file cannot be read, or is far too large.
        UsageError: standard input is closed.
    """
    label = file_label(path)
    if path == "-":
        if sys.stdin is None:
            raise UsageError(f"Standard input is closed: name a {noun} instead of -.")
        data = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        try:
            with Path(path).open("rb") as file:
                data = file.read(_LARGEST + 1)
        except FileNotFoundError as error:
            raise InputError(f"{label} does not exist: check the name.") from error
        except IsADirectoryError as error:
            raise InputError(f"{label} is a folder: name a {noun} in it.") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(f"{label} cannot be read ({reason.lower()}).") from error
    if len(data) > _LARGEST:
        raise InputError(
            f"{label} is larger than {_LARGEST >> 20} MiB, which no {noun} is: give a text "
            f"file ({endings})."
        )
    return data


def parse_json(text: str) -> Any:
    """What a JSON text holds.

    Raises:
        ValueError: it is no JSON, or holds half a surrogate pair, which no file can be written
            with.
    """
    try:
        content = json.loads(text)
        if _MAYBE_SURROGATE.search(text):
            json.dumps(content, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("half a surrogate pair, which is no character") from error
    return content


def finite_number(value: object) -> float | None:
    """A number that floats can hold, as it stands; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if abs(value) <= sys.float_info.max else None


def finite_seconds(value: object) -> float | None:
    """A time in seconds, or None for what is none."""
    number = finite_number(value)
    return float(number) if number is not None and 0 <= number < LATEST else None
