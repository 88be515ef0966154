"""Every error that subalign raises for a user to read.

    SubalignError
    ├── UsageError                options that cannot be carried out
    ├── InputError                a recording or a file cannot be used
    │   ├── MediaNotFoundError
    │   ├── NoAudioError
    │   └── MediaReadError
    ├── OutputError               a result cannot be written
    │   └── OutputExistsError
    ├── ModelError                the model is not available
    │   ├── UnknownModelError
    │   ├── ModelUnavailableError
    │   ├── ChecksumError
    │   └── CheckpointError
    └── ToolMissingError          a program that is needed, such as ffmpeg, is not there

Each message is one sentence that names the file (or parameter) and the remedy. Parameters stand
between backticks, with their value where the sentence is about it: `beam_size`, `device=cpu`.
The command line shows its options in their place.
"""

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


def printable_line(text: str) -> str:
    """`text` with a space for each line break and "?" for other control characters."""
    joined = " ".join(text.splitlines())
    return "".join(char if char.isprintable() else "?" for char in joined)


class SubalignError(Exception):
    """Root of all errors meant for users; `str(error)` is the sentence to show."""

    def __str__(self) -> str:
        # it may quote a damaged file
        return printable_line(super().__str__())


class UsageError(SubalignError):
    """An option, or a combination of options, that cannot be carried out."""


class InputError(SubalignError):
    """A recording, a transcript or a subtitle file that cannot be used."""


class MediaNotFoundError(InputError):
    """The path does not exist, or a folder holds no media."""


class NoAudioError(InputError):
    """The file has no audio stream, not the one asked for, or no sound in it."""


class MediaReadError(InputError):
    """ffmpeg could not decode anything from the file, or stopped answering."""


class ToolMissingError(SubalignError):
    """No usable ffmpeg program was found."""


class OutputError(SubalignError):
    """A result that cannot be written."""


class OutputExistsError(OutputError):
    """The output file is there already and may not be replaced."""


class ModelError(SubalignError):
    """A model that cannot be used."""


class UnknownModelError(ModelError):
    """The name is no official checkpoint, no folder or file, and no repository."""


class ModelUnavailableError(ModelError):
    """The model is known, but it is neither on this machine nor reachable."""


class ChecksumError(ModelError):
    """The file's SHA-256 differs from the official one."""


class CheckpointError(ModelError):
    """The checkpoint's files are missing, damaged, unsafe or do not fit together."""
