"""Where changed subtitle files go, and writing them whole."""

import os
from pathlib import Path

from subalign.errors import OutputError, OutputExistsError
from subalign.pipeline.outputs import ExistingFiles, Output, prepare_outputs, write_text
from subalign.subtitles.cue_files import CueFile, render_cue_file

__all__ = ["plan_subtitle_file", "write_cue_file"]


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
    target = path if folder is None else folder / path.name
    other = taken.setdefault(target.absolute(), source)
    if other != source:
        raise OutputError(
            f"{source} and {other} would both be written to {target}: rename one of them or give "
            "another --output-dir."
        )
    same = source != "-" and target.exists() and target.samefile(source)
    if same and existing == "refuse":
        raise OutputExistsError(
            f"{target} is the given file itself: add --overwrite to replace it, or give another "
            "--output-dir."
        )
    wanted = prepare_outputs((Output("subtitles", target),), existing)
    return wanted[0].path if wanted else None


def write_cue_file(file: CueFile, path: str | os.PathLike[str], *, overwrite: bool = True) -> None:
    """Write a subtitle file as UTF-8, with its own line breaks and byte order mark.

    Raises:
        OutputExistsError: the file is there and may not be replaced.
        OutputError: the file cannot be written; what was there before is unharmed.
    """
    text = render_cue_file(file)
    if file.newline != "\n":
        text = text.replace("\n", file.newline)
    write_text(("\ufeff" if file.marked else "") + text, path, overwrite=overwrite)
