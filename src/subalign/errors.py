"""Every error that subalign raises for a user to read.

    SubalignError                 exit code 1
    ├── UsageError                exit code 2: options that cannot be carried out
    ├── InputError                exit code 1: one recording cannot be used
    │   ├── MediaNotFoundError
    │   ├── NoAudioError
    │   ├── MediaReadError
    │   └── ToolMissingError
    ├── OutputError               exit code 1: one result cannot be written
    │   └── OutputExistsError
    └── ModelError                exit code 3: the model is not available
        ├── UnknownModelError
        ├── ModelUnavailableError
        ├── ChecksumError
        └── CheckpointError

Each message is one sentence that names the file (or option) and the remedy.
"""

from typing import ClassVar

__all__ = [
    "CheckpointError",
    "ChecksumError",
    "InputError",
    "MediaNotFoundError",
    "MediaReadError",
    "ModelError",
    "ModelUnavailableError",
    "NoAudioError",
    "OutputError",
    "OutputExistsError",
    "SubalignError",
    "ToolMissingError",
    "UnknownModelError",
    "UsageError",
]


class SubalignError(Exception):
    """Root of all errors meant for users; `str(error)` is the sentence to show."""

    exit_code: ClassVar[int] = 1


class UsageError(SubalignError):
    """An option, or a combination of options, that cannot be carried out."""

    exit_code = 2


class InputError(SubalignError):
    """A recording that cannot be used."""


class MediaNotFoundError(InputError):
    """The path does not exist, or a folder holds no media."""


class NoAudioError(InputError):
    """The file has no audio stream, not the one asked for, or no sound in it."""


class MediaReadError(InputError):
    """ffmpeg could not decode anything from the file, or stopped answering."""


class ToolMissingError(InputError):
    """No usable ffmpeg program was found."""


class OutputError(SubalignError):
    """A result that cannot be written."""


class OutputExistsError(OutputError):
    """The output file is there already and may not be replaced."""


class ModelError(SubalignError):
    """A model that cannot be used."""

    exit_code = 3


class UnknownModelError(ModelError):
    """The name is no official checkpoint, no folder or file, and no repository."""


class ModelUnavailableError(ModelError):
    """The model is known, but it is neither on this machine nor reachable."""


class ChecksumError(ModelError):
    """The file's SHA-256 differs from the official one."""


class CheckpointError(ModelError):
    """The checkpoint's files are missing, damaged, unsafe or do not fit together."""
