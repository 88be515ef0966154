"""`subalign doctor`: whether everything that subalign needs is there and works."""

import json
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from subalign.cli.arguments import subcommand
from subalign.cli.console import Session, print_line, readable_size
from subalign.cli.messages import shown_warnings, with_options
from subalign.cli.models import default_models, default_models_as_text
from subalign.errors import SubalignError, ToolMissingError
from subalign.version import __version__

if TYPE_CHECKING:
    from subalign.model import ModelEntry, Processor

__all__ = ["doctor"]

_PACKAGES = (
    "torch",
    "numba",
    "triton",
    "numpy",
    "tiktoken",
    "safetensors",
    "huggingface_hub",
    "silero_vad",
    "scikit-learn",
    "pyannote.audio",
    "yt_dlp",
    "typer",
    "rich",
)


@subcommand
def doctor(
    session: Session,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> int:
    """Show versions, ffmpeg, devices and models; exit code 1 if something needed fails."""
    with session.console.status("Looking around"), shown_warnings(session):
        diagnosis = diagnose()
    print_line(diagnosis.as_json() if as_json else diagnosis.as_text())
    return 1 if diagnosis.problems else 0


@dataclass(frozen=True, slots=True)
class Package:
    """A Python package; `version` None means that it is not installed."""

    name: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """The ffmpeg in use and where it comes from."""

    version: str
    origin: str
    path: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that doctor shows; `problems` are sentences, and none means that all is well.

    `numba` and `triton` tell whether kernels can be compiled with them here, `default_models`
    what each command takes where no model is named.
    """

    subalign: str
    python: str
    system: str
    packages: tuple[Package, ...]
    ffmpeg: Ffmpeg | None
    devices: tuple[str, ...]
    default_device: str
    default_compute: str
    processor: "Processor"
    threads: int
    sdpa: bool
    numba: bool
    triton: bool
    default_models: dict[str, str]
    voices: str | None
    models: "tuple[ModelEntry, ...]"
    problems: tuple[str, ...]

    def as_json(self) -> str:
        """An object with these fields."""
        return json.dumps(asdict(self), indent=2, default=str)

    def as_text(self) -> str:
        """Aligned lines for people."""
        lines = [f"{name:<17} {value}" for name, value in self._lines()]
        lines.extend(f"Problem: {problem}" for problem in self.problems)
        return "\n".join(lines if self.problems else [*lines, "Everything works."])

    def _lines(self) -> Iterator[tuple[str, str]]:
        yield "subalign", self.subalign
        yield "Python", self.python
        yield "system", self.system
        for package in self.packages:
            yield package.name, package.version or "not installed"
        if self.ffmpeg is not None:
            yield "ffmpeg", f"{self.ffmpeg.version}, from {self.ffmpeg.origin} ({self.ffmpeg.path})"
        yield "devices", ", ".join(self.devices)
        yield "computes on", f"{self.default_device} in {self.default_compute}"
        yield "processor", f"{self.processor.architecture}, {self.threads} threads"
        yield "instructions", " ".join(self.processor.instructions) or "unknown"
        yield "native bfloat16", _yes(self.processor.native_bf16)
        yield "native int8", _yes(self.processor.native_int8)
        yield "fused attention", _yes(self.sdpa)
        yield "numba kernels", _yes(self.numba)
        yield "Triton kernels", _yes(self.triton)
        yield "default model", default_models_as_text(self.default_models)
        yield "speakers' voices", f"told apart by {self.voices or 'nothing: see --speakers'}"
        for entry in self.models:
            facts = (entry.name, entry.state, readable_size(entry.size), entry.origin)
            yield "model here", f"{', '.join(map(str, facts))} ({entry.path})"


def diagnose() -> Diagnosis:
    """Look at this machine, compile a small function, and load the embedded model."""
    import torch

    from subalign import model
    from subalign.model.devices import resolve_compute, resolve_device
    from subalign.speakers.voices import voices_here

    problems: list[str] = []
    ffmpeg = _ffmpeg(problems)
    numba = _numba_compiles()
    if not numba:
        problems.append("numba cannot compile here: words cannot be timed. Reinstall numba.")
    device = resolve_device("auto")
    try:
        model.load_whisper("micro.en", device="cpu")
    except SubalignError as error:
        problems.append(with_options(str(error)))
    return Diagnosis(
        subalign=__version__,
        python=f"{platform.python_version()} ({platform.python_implementation()})",
        system=platform.platform(),
        packages=tuple(Package(name, _version(name)) for name in _PACKAGES),
        ffmpeg=ffmpeg,
        devices=tuple(map(_device, model.available_devices())),
        default_device=str(device),
        default_compute=resolve_compute("auto", device),
        processor=model.processor(),
        threads=torch.get_num_threads(),
        sdpa=model.SDPA_AVAILABLE and model.MultiHeadAttention.use_sdpa,
        numba=numba,
        triton=find_spec("triton") is not None and torch.cuda.is_available(),
        default_models=default_models(),
        voices=voices_here(device),
        models=tuple(entry for entry in model.list_models() if entry.state != "available"),
        problems=tuple(problems),
    )


def _ffmpeg(problems: list[str]) -> Ffmpeg | None:
    from subalign.audio import find_ffmpeg

    try:
        program = find_ffmpeg()
        return Ffmpeg(program.version(), program.origin, program.path)
    except ToolMissingError as error:
        problems.append(with_options(str(error)))
        return None


def _numba_compiles() -> bool:
    try:
        from numba import njit

        return bool(njit(lambda number: number + 1)(1) == 2)
    except Exception:  # noqa: BLE001 (whatever it is, it is what doctor tells)
        return False


def _device(name: str) -> str:
    if not name.startswith("cuda"):
        return name
    import torch

    return f"{name} ({torch.cuda.get_device_name(name)})"


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _yes(value: bool) -> str:
    return "yes" if value else "no"
