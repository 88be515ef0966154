"""What the user named, and how ffmpeg may address it: a file, standard input, or http(s).

Only an address that begins with http:// or https:// goes to the network. Every other name is
a file, handed over as `file:` and an absolute path, so that `-x` is no option and `concat:a`
no protocol.
"""

import os
import re
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from subalign.errors import MediaNotFoundError, MediaReadError, NoAudioError

__all__ = ["MediaSource", "file_source", "is_address", "legible", "printable", "resolve_source"]

_WEB = re.compile(r"https?://", re.IGNORECASE)
_WEB_PROTOCOLS = ("http", "https", "httpproxy", "tls", "tcp")


@dataclass(frozen=True, slots=True)
class MediaSource:
    """`address` is for ffmpeg, `label` for messages; `data` is what is to be piped in.

    `path` is set for files, `protocols` are those that ffmpeg may use.
    """

    address: str
    label: str
    protocols: tuple[str, ...]
    path: str | None = None
    data: BinaryIO | None = None


def resolve_source(source: str | os.PathLike[str] | BinaryIO) -> MediaSource:
    """Checks the source and gives it a safe address.

    Raises `MediaNotFoundError`, `MediaReadError` (a folder, or not readable) or `NoAudioError`
    (an empty file).
    """
    if isinstance(source, (str, os.PathLike)):
        name = os.fsdecode(source)
        if isinstance(source, str) and source == "-":
            return _piped(_unbuffered_stdin(), "Standard input")
        if isinstance(source, str) and is_address(source):
            # ffmpeg knows protocols in small letters only.
            address = _WEB.sub(lambda scheme: scheme[0].lower(), name, count=1)
            return MediaSource(address, _without_secrets(address), _WEB_PROTOCOLS)
        return file_source(name, printable(name))
    label = getattr(source, "name", None)
    return _piped(source, printable(label) if isinstance(label, str) else "The given stream")


def is_address(source: str) -> bool:
    """Whether the source is an http(s) address; every other name is a file."""
    return _WEB.match(source) is not None


def file_source(name: str, label: str) -> MediaSource:
    """The source for a file; raises as `resolve_source` does."""
    try:
        status = Path(name).stat()
        if not stat.S_ISDIR(status.st_mode) and not os.access(name, os.R_OK):
            raise PermissionError("no permission")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MediaNotFoundError(f"{label} does not exist: check the name.") from error
    except PermissionError as error:
        raise MediaReadError(f"{label} may not be read: check its permissions.") from error
    except (OSError, ValueError) as error:
        raise MediaReadError(f"{label} cannot be opened ({error}): check the name.") from error
    if stat.S_ISDIR(status.st_mode):
        raise MediaReadError(f"{label} is a folder: name a file in it.")
    if stat.S_ISREG(status.st_mode) and status.st_size == 0:
        raise NoAudioError(f"{label} is empty (0 bytes): give a recording.")
    path = os.path.abspath(name)
    return MediaSource("file:" + path, label, ("file",), path=path)


def legible(name: str) -> str:
    """A file's name as text that any file can hold: U+FFFD for bytes that are not UTF-8."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", name)  # as Python keeps them


def printable(text: str, limit: int = 300) -> str:
    """`text` without control characters, so that a stranger's file name is safe to show."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _piped(data: BinaryIO, label: str) -> MediaSource:
    return MediaSource("pipe:0", label, ("pipe",), data=data)


def _unbuffered_stdin() -> BinaryIO:
    if sys.stdin is None:
        raise MediaReadError("Standard input is closed: name a file instead of -.")
    buffer: BinaryIO = sys.stdin.buffer
    # A daemon thread that waits inside the buffered reader would stop the interpreter's exit.
    raw = getattr(buffer, "raw", None)
    return buffer if raw is None else raw


def _without_secrets(address: str) -> str:
    # Addresses may carry a password or a signed query: neither belongs into messages.
    with suppress(ValueError):
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        return printable(f"{parts.scheme}://{host}{parts.path}")
    return printable(address.partition("?")[0])
