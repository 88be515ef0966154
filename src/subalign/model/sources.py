"""Where models come from: progress, checksums and errors of all sources; OpenAI's own address."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from ssl import SSLError
from typing import Literal
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from subalign.errors import ModelUnavailableError
from subalign.model.registry import OfficialModel

__all__ = [
    "BLOCK_BYTES",
    "OFFLINE",
    "Fetching",
    "OnFetch",
    "Source",
    "SourceError",
    "download_pt",
    "sha256_of",
    "storage_error",
]

Source = Literal["hub", "index", "openai"]

OFFLINE = "HF_HUB_OFFLINE forbids to fetch it"

BLOCK_BYTES = 1 << 20  # read at once
_TIMEOUT = 5.0  # seconds without an answer


@dataclass(frozen=True, slots=True)
class Fetching:
    """A model on its way: `done` of about `size` bytes; `size` None where it is not known.

    `place` names where it comes from.
    """

    name: str
    place: str
    size: int | None
    done: int = 0


# called when a fetch begins, and as it goes on
OnFetch = Callable[[Fetching], None]


class SourceError(ModelUnavailableError):
    """One source, or all of them, did not give a model; `reason` stands within the sentence."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"Model {name} is not on this machine and {reason}: give `model` a local folder, or "
            "use the embedded micro.en."
        )
        self.reason = reason


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def storage_error(
    name: str, folder: object, error: OSError, variable: str
) -> ModelUnavailableError:
    """The error for a model that cannot be written into the folder that `variable` sets."""
    return ModelUnavailableError(
        f"Model {name} cannot be stored in {folder} ({error.strerror}): free some space, or set "
        f"{variable} to a folder that has it."
    )


def download_pt(model: OfficialModel, path: Path, progress: OnFetch | None) -> None:
    """Download a model's `.pt` file to `path`; what is there of it already is kept.

    Raises:
        SourceError: the address cannot be reached, broke off, or gives another file.
        OSError: the file cannot be written.
    """
    name, host = model.canonical, urlsplit(model.pt_url).hostname or model.pt_url
    if not path.is_file():  # a pipe or a device there would keep us waiting
        path.unlink(missing_ok=True)
    have = path.stat().st_size if path.is_file() else 0
    if have and sha256_of(path) == model.pt_sha256:
        return
    try:
        missing = _write_rest(
            model, path, have, lambda *so_far: _report(progress, name, host, so_far)
        )
    except HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            path.unlink(missing_ok=True)  # longer than the file is: the next try starts afresh
        raise SourceError(name, f"{host} answers with an error ({error.code})") from error
    except (URLError, HTTPException, TimeoutError, ConnectionError, SSLError) as error:
        raise SourceError(name, f"{host} cannot be reached") from error
    if missing:
        raise SourceError(name, f"{host} broke off")
    if sha256_of(path) != model.pt_sha256:
        path.unlink()
        raise SourceError(name, f"what {host} gives differs from the known SHA-256")


def _write_rest(
    model: OfficialModel, path: Path, have: int, report: Callable[[int, int], None]
) -> bool:
    """Append what comes after the first `have` bytes; returns whether anything is missing yet."""
    # the address is one of the package's own facts
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = Request(model.pt_url, headers=headers)  # noqa: S310
    with urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            have = 0
        size = have + int(response.headers.get("Content-Length") or 0)
        report(have, size)
        with path.open("ab" if have else "wb") as out:
            while block := response.read(BLOCK_BYTES):
                out.write(block)
                have += len(block)
                report(have, size)
    return have < size


def _report(progress: OnFetch | None, name: str, host: str, so_far: tuple[int, int]) -> None:
    if progress is not None:
        progress(Fetching(name, host, so_far[1] or None, so_far[0]))
