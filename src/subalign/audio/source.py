"""What ffmpeg may open: a file, standard input or an http(s) address, in a container of media.

Only an address that begins with http:// or https:// goes to the network. Every other name is
a file, handed over as `file:` and an absolute path, so that `-x` is no option and `concat:a`
no protocol.
"""

import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import SplitResult, unquote, urlsplit

from subalign.errors import MediaNotFoundError, MediaReadError, NoAudioError

__all__ = [
    "DEMUXERS",
    "MEDIA_SUFFIXES",
    "MediaSource",
    "address_name",
    "file_source",
    "is_address",
    "is_media_file",
    "legible",
    "looks_like_media",
    "printable",
    "resolve_source",
    "spooled",
    "stream_chunks",
    "without_secrets",
]


_WEB = re.compile(r"https?://", re.IGNORECASE)
_WEB_PROTOCOLS = ("http", "https", "httpproxy", "tls", "tcp")
# What tells a page's recording from others (v=dQw4w9WgXcQ) is short and no secret.
_TELLING = re.compile(r"[\w.~-]{1,32}=[\w.~-]{1,32}", re.ASCII)
_SECRET = re.compile(r"auth|credential|key|pass|pwd|secret|session|sig|ticket|token", re.IGNORECASE)


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

    @property
    def is_web(self) -> bool:
        """Whether it is an address."""
        return self.protocols == _WEB_PROTOCOLS


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
            return MediaSource(address, without_secrets(address), _WEB_PROTOCOLS)
        return file_source(name, printable(name))
    label = getattr(source, "name", None)
    return _piped(source, printable(label) if isinstance(label, str) else "The given stream")


def is_address(source: str) -> bool:
    """Whether the source is an http(s) address; every other name is a file."""
    return _WEB.match(source) is not None


def address_name(address: str) -> tuple[str, str]:
    """What an address calls its recording: the last name of its path, and what its query tells.

    The second is empty for the address of a file, and else such as "?v=dQw4w9WgXcQ".
    """
    with suppress(ValueError):  # no address at all, as whoever opens it says
        parts = urlsplit(address)
        return PurePosixPath(unquote(parts.path)).name, _telling_query(parts)
    return "", ""


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
    return re.sub("[\ud800-\udfff]", "\ufffd", name)  # as Python keeps them


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


def without_secrets(address: str) -> str:
    """An address for messages, where no password and no signed query belongs."""
    with suppress(ValueError):
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        return printable(f"{parts.scheme}://{host}{parts.path}{_telling_query(parts)}")
    return printable(address.partition("?")[0])


def _telling_query(parts: SplitResult) -> str:
    if is_media_file(unquote(parts.path)):
        return ""
    told = [
        part
        for part in parts.query.split("&")
        if _TELLING.fullmatch(part) and not _SECRET.search(part.partition("=")[0])
    ]
    return f"?{'&'.join(told)}" if told else ""


_GENERAL_CONTAINERS = (
    "3gp asf avi flv gxf ivf kux live_flv lxf m4a matroska mov mp4 mpeg mpegts mxf nsv nut nuv "
    "ogg pmp pva rm swf ty webm wtv dv dhav hxvs"
).split()
_AUDIO_CONTAINERS = (
    "aa aac aax ac3 ac4 act adp adx aea aiff alp amr amrnb amrwb apac ape apm aptx aptx_hd ast au "
    "avr binka bit bonk caf codec2 dfpwm dsf dss dts dtshd eac3 epaf flac g722 g723_1 g726 g726le "
    "g729 gsm hca hcom iamf iff ilbc ircam iss kvag laf lc3 loas mca mlp mmf mp3 mpc mpc8 msf "
    "mtaf nistsphere nsp oma osq paf pvf qcp qoa rka rsd rso sbc sds sdx shn sln sol sox spdif "
    "tak truehd tta vag voc vqf w64 wady wav wavarc wsaud wsd wv wve xa xvag xwma"
).split()

DEMUXERS: tuple[str, ...] = (*_GENERAL_CONTAINERS, *_AUDIO_CONTAINERS)
"""Names for ffmpeg's `-format_whitelist`."""

MEDIA_SUFFIXES = frozenset(
    "." + suffix
    for suffix in (
        # sound
        "aac ac3 adts aif aifc aiff amr ape au awb caf dss dts eac3 flac gsm m4a m4b m4r mka mp1 "
        "mp2 mp3 mpa mpc oga ogg opus qcp ra rf64 shn snd spx tak tta voc w64 wav wave weba wma wv "
        # moving pictures
        "3g2 3gp asf avi divx dv f4v flv m2ts m2v m4v mkv mov mp4 mpe mpeg mpg mts mxf nut ogm ogv "
        "qt rm rmvb ts vob webm wmv wtv"
    ).split()
)
"""Lower-case file name endings that are taken for media when a folder is walked."""

_SHARED_SUFFIXES = (".ts", ".mts")
_TEXT_START = 4096  # bytes; the first packets of an MPEG stream hold zeros


def is_media_file(path: str | os.PathLike[str]) -> bool:
    """Whether the file's name ends as media do; the content is not looked at."""
    return Path(path).suffix.lower() in MEDIA_SUFFIXES


def looks_like_media(path: Path) -> bool:
    """Whether what a folder holds under this path is to be worked on: a file named as media are.

    Folders, dangling links and pipes are not, nor what macOS writes beside a file on foreign
    disks (`._talk.mp4`), nor the program texts that share .ts and .mts with MPEG streams.
    """
    if not is_media_file(path) or path.name.startswith("._") or not path.is_file():
        return False
    return path.suffix.lower() not in _SHARED_SUFFIXES or not _is_text(path)


def _is_text(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(_TEXT_START)
    except OSError:
        return False  # whoever opens it says why it cannot be read
    return start != b"" and b"\0" not in start


_CHUNK = 1 << 16
_HEAD = 8
# First boxes of MP4 and QuickTime files: their index may stand at the end, out of a pipe's reach.
_SEEKABLE_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def stream_chunks(data: BinaryIO, label: str) -> tuple[Iterator[bytes], bool]:
    """The stream's bytes as they come, and whether its format needs a file to jump about in.

    Raises `NoAudioError` for a stream without bytes, `MediaReadError` if it cannot be read.
    """
    chunks = _chunks(data)
    head = b""
    try:
        while len(head) < _HEAD and (chunk := next(chunks, b"")):
            head += chunk
    except (OSError, ValueError) as error:
        raise MediaReadError(f"{label} cannot be read ({error}): name a file instead.") from error
    if not head:
        raise NoAudioError(f"{label} is empty (0 bytes): give a recording.")
    return chain((head,), chunks), head[4:_HEAD] in _SEEKABLE_BOXES


@contextmanager
def spooled(chunks: Iterator[bytes], label: str) -> Iterator[str]:
    """A temporary file with all of `chunks`, gone on any exit; its path is given."""
    descriptor, path = tempfile.mkstemp(prefix="subalign-", suffix=".mp4")
    try:
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(chunks)
        except (OSError, ValueError) as error:
            message = f"{label} could not be copied to {path} ({error}): name a file instead."
            raise MediaReadError(message) from error
        yield path
    finally:
        with suppress(OSError):
            Path(path).unlink()


def _chunks(data: BinaryIO) -> Iterator[bytes]:
    # read1 gives what is there; read would wait until a whole chunk has come.
    read = getattr(data, "read1", data.read)
    while chunk := read(_CHUNK):
        yield chunk
