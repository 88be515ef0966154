"""What the sources of models have in common: how far a fetch is, and why one failed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from subalign.errors import ModelUnavailableError

__all__ = ["OFFLINE", "Fetching", "OnFetch", "Source", "SourceError", "sha256_of", "storage_error"]

Source = Literal["hub", "index", "openai"]

OFFLINE = "HF_HUB_OFFLINE forbids to fetch it"

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Fetching:
    """A model on its way: `done` of about `size` bytes; `size` None where nobody has told it.

    `place` is where it comes from, as people call it.
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
            f"Model {name} is not on this machine and {reason}: give --model a local folder, or "
            "use the embedded micro.en."
        )
        self.reason = reason


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
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
