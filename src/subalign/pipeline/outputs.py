"""Which recordings are worked on, which files come of each, and writing those whole."""

import errno
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal

from subalign.atomic_files import remove_remains, whole_file
from subalign.audio import is_address, looks_like_media
from subalign.audio.source import address_name, legible
from subalign.errors import InputError, MediaNotFoundError, OutputError, OutputExistsError
from subalign.options import LayoutOptions, require_kind
from subalign.results import Alignment, Transcript
from subalign.subtitles import file_name, format_of, get_writer
from subalign.subtitles.files import SubtitleFile, subtitle_file_bytes

if TYPE_CHECKING:
    from subalign.subtitles import PageMedia

__all__ = [
    "CENSORED",
    "ExistingFiles",
    "Input",
    "Output",
    "find_inputs",
    "is_same_file",
    "plan_outputs",
    "plan_subtitle_file",
    "prepare_outputs",
    "refuse_given",
    "write",
    "write_report",
    "write_text",
]


# what no file's name may hold on one system or another
_NO_NAME = re.compile(r'[\x00-\x1f\x7f-\x9f"*/:<>?\\|\ud800-\udfff]')

# the "format" of the list of censored words: Audacity labels
CENSORED = "censored"

# what to do where an output is there already
ExistingFiles = Literal["refuse", "overwrite", "skip"]


@dataclass(frozen=True, slots=True)
class Input:
    """One recording. `folder` is where its results go unless another folder is given.

    `subfolder` is where the recording lay below a folder that was given as a whole. `name` is what
    the results are called, None by the recording.
    """

    source: str
    folder: Path
    subfolder: Path = Path()
    name: str | None = None

    @property
    def stem(self) -> str:
        """The results' name without an ending."""
        if self.name is not None:
            return _NO_NAME.sub("_", self.name) or "audio"
        if self.source == "-":
            return "stdin"
        if is_address(self.source):
            name, query = address_name(self.source)
            return _NO_NAME.sub("_", PurePosixPath(name).stem + query) or "audio"
        return Path(self.source).stem


@dataclass(frozen=True, slots=True)
class Output:
    """One file to write: the format's name and the path."""

    format: str
    path: Path


def find_inputs(sources: Iterable[str]) -> Iterator[Input | InputError]:
    """Each recording of the given files, addresses and folders; an error where one has none.

    Folders are searched recursively, in the order of the names.
    """
    for source in sources:
        path = Path(source)
        if source == "-" or is_address(source):
            yield Input(source, Path())
        elif not os.path.isdir(path):  # noqa: PTH112 (a name too long is no error there)
            yield Input(source, path.parent)
        else:
            found = sorted(item for item in path.rglob("*") if looks_like_media(item))
            for item in found:
                yield Input(str(item), item.parent, item.parent.relative_to(path))
            if not found:
                yield MediaNotFoundError(
                    f"Folder {source} holds no audio or video files: give another folder or a file."
                )


def plan_outputs(
    item: Input,
    formats: Sequence[str],
    folder: Path | None,
    taken: dict[Path, str],
    *,
    replaceable: bool = False,
    censored: bool = False,
) -> tuple[Output, ...]:
    """The files that come of one input; `taken` remembers whose each file is.

    With `censored` the list of censored words is one of them.

    Raises:
        OutputError: another input already writes one of the files, or one is the input, which is
            not `replaceable`.
    """
    target = item.folder if folder is None else folder / item.subfolder
    outputs = [Output(name, target / file_name(item.stem, name)) for name in formats]
    if censored:
        outputs.append(Output(CENSORED, target / f"{item.stem}.censored.labels.txt"))
    for output in outputs:
        if not replaceable and output.path.absolute() == Path(item.source).absolute():
            raise OutputError(
                f"{item.source} would be replaced by its own result: give another `path`."
            )
        _claim(output.path, item.source, taken)
    return tuple(outputs)


def _claim(target: Path, source: str, taken: dict[Path, str]) -> None:
    other = taken.setdefault(target.absolute(), source)
    if other != source:
        raise OutputError(
            f"{source} and {other} would both be written to {target}: rename one of them or give "
            "another `path`."
        )


def refuse_given(outputs: Iterable[Output], given: str, name: str, existing: ExistingFiles) -> None:
    """Check that no output takes the place of the `given` file, which messages call `name`.

    Raises:
        OutputExistsError: one would, and `existing` is "refuse".
    """
    for output in outputs:
        if existing == "refuse" and given != "-" and is_same_file(output.path, Path(given)):
            raise OutputExistsError(
                f"{output.path} is the {name} itself: add `overwrite` to replace it, or give "
                "another `path`."
            )


def is_same_file(path: Path, other: Path) -> bool:
    """Whether two paths lead, or would lead, to one file."""
    if path.exists() and other.exists():
        return path.samefile(other)
    return path.absolute() == other.absolute()


def prepare_outputs(outputs: Sequence[Output], existing: ExistingFiles) -> tuple[Output, ...]:
    """Make the folders and return the files that are to be written, before any work is done.

    Raises:
        OutputExistsError: a file is there and `existing` is "refuse".
        OutputError: a folder cannot be made or written to.
    """
    there = [output for output in outputs if _exists(output.path)]
    for output in there:
        remove_remains(output.path)
    if there and existing == "refuse":
        names = ", ".join(str(output.path) for output in there)
        raise OutputExistsError(
            f"{names} is there already: add `overwrite` to replace it or `skip_existing` to "
            "keep it."
        )
    wanted = outputs if existing == "overwrite" else [o for o in outputs if o not in there]
    for folder in {output.path.parent for output in wanted}:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise OutputError(_sentence(folder, error)) from error
    return tuple(wanted)


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise OutputError(_sentence(path, error)) from error
    return True


def write(
    result: Transcript | SubtitleFile,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    layout: LayoutOptions = LayoutOptions(),
    media: "PageMedia | None" = None,
    overwrite: bool = True,
) -> None:
    """Write a transcript in the format that the path's ending names, or in `format`.

    A subtitle file is written in its own format, text as UTF-8 with its own line breaks and byte
    order mark. `media` is the recording for the format html, whose page else asks for the file. The
    text goes to a temporary file beside `path`, which then takes its place; without `overwrite`,
    only if no file is there.

    Raises:
        OutputError: the file cannot be written; what was there before is unharmed.
        OutputExistsError: the file is there and may not be replaced.
        UsageError: no such format, or `layout` is of another kind.
    """
    require_kind("layout", layout, LayoutOptions)
    target = Path(path)
    if isinstance(result, SubtitleFile):
        content = subtitle_file_bytes(result)
        _write_whole(target, lambda file: file.write(content), overwrite=overwrite)
        return
    named, recording = format_of(target.name)
    writer = get_writer(format or named, layout, recording=legible(recording), media=media)
    _write_whole(target, lambda file: writer.write_bytes(result, file), overwrite=overwrite)


def write_report(
    alignment: Alignment, path: str | os.PathLike[str], *, overwrite: bool = True
) -> None:
    """Write the report of an alignment as JSON, in the same safe way.

    Raises:
        OutputExistsError: the file is there and may not be replaced.
        OutputError: the file cannot be written; what was there before is unharmed.
    """
    from subalign.subtitles.formats.json import render_report

    _write_whole(
        Path(path),
        lambda file: file.write("".join(render_report(alignment)).encode()),
        overwrite=overwrite,
    )


def write_text(text: str, path: str | os.PathLike[str], *, overwrite: bool = True) -> None:
    """Write a text as UTF-8, its line breaks as they are, in the same safe way.

    Raises:
        OutputExistsError: the file is there and may not be replaced.
        OutputError: the file cannot be written; what was there before is unharmed.
    """
    _write_whole(Path(path), lambda file: file.write(text.encode()), overwrite=overwrite)


def _write_whole(target: Path, write: Callable[[BinaryIO], object], *, overwrite: bool) -> None:
    try:
        with (
            whole_file(target, overwrite=overwrite) as part,
            part.open("wb") as file,
        ):
            write(file)
    except OSError as error:
        raise OutputError(_sentence(target, error)) from error


def _sentence(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk is full, so {path} was not written: free some space and run it again."
    if error.errno == errno.ENAMETOOLONG:
        return f"{path} cannot be written, its name is too long: rename the recording."
    reason = (error.strerror or str(error)).lower()
    return f"{path} cannot be written ({reason}): give another `path`."


def plan_subtitle_file(
    source: str,
    ending: str,
    folder: Path | None,
    existing: ExistingFiles,
    taken: dict[Path, str],
) -> Path | None:
    """The file that a changed subtitle file goes to, under its own name; None where it is skipped.

    Without a `folder` it takes the place of its source, if that is allowed. `taken` remembers whose
    each file is. Standard input is called "stdin", with the format's `ending`.

    Raises:
        OutputExistsError: a file is there and `existing` is "refuse".
        OutputError: another source already writes the file, or its folder cannot be written to.
    """
    path = Path(f"stdin{ending}" if source == "-" else source)
    output = Output("subtitles", path if folder is None else folder / path.name)
    _claim(output.path, source, taken)
    refuse_given((output,), source, "given file", existing)
    return output.path if prepare_outputs((output,), existing) else None
