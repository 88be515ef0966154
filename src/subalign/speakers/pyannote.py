"""Turns of speakers by pyannote.audio (Bredin 2023), where it is installed with its weights.

Its weights come from the hub, to whoever has accepted their terms, so that only the hub's cache is
asked for them: nothing is fetched, and pyannote tells its makers nothing of what it hears.
"""

import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from subalign.audio import SAMPLE_RATE
from subalign.errors import InputError
from subalign.options import SpeakerTurn

if TYPE_CHECKING:
    import torch

__all__ = ["HeardByPyannote", "PyannotePipeline", "cached_pipelines", "pyannote_pipeline"]

_PACKAGE = "pyannote.audio"
_OLDEST = 4  # the first version whose pipelines tell turns without overlaps
# the best first
_PIPELINES = ("pyannote/speaker-diarization-community-1", "pyannote/speaker-diarization-3.1")
_CONFIG = "config.yaml"
_TELEMETRY = "PYANNOTE_METRICS_ENABLED"
_SAID = 200  # letters of an error that are quoted

_logger = logging.getLogger("subalign")


@dataclass(frozen=True, slots=True, eq=False)
class PyannotePipeline:
    """A loaded pipeline of pyannote; `name` is for people."""

    name: str
    apply: Any


def cached_pipelines() -> list[str]:
    """The pipelines of the hub's cache, if pyannote is installed; none is loaded."""
    from subalign.model.hub import cached_file

    try:
        installed = find_spec(_PACKAGE) is not None
    except ModuleNotFoundError:  # nothing of pyannote at all
        return []
    return [name for name in _PIPELINES if installed and cached_file(name, _CONFIG) is not None]


def _named(pipeline: str) -> str:
    return f"pyannote.audio {_version()} ({pipeline})"


@cache
def pyannote_pipeline(device: "torch.device") -> PyannotePipeline | None:
    """The best pipeline that is on this machine; None, with a warning, where none can be loaded."""
    reasons: list[str] = []
    for name in cached_pipelines():
        try:
            return PyannotePipeline(_named(name), _loaded(name, device))
        except FileNotFoundError:
            reasons.append(f"{_named(name)} lacks files: run `hf download {_PIPELINES[0]}`")
        except Exception as error:  # noqa: BLE001 (whatever is wrong with it, there is another way)
            reasons.append(f"{_named(name)} cannot be loaded: {_quoted(error)}")
    if reasons:
        _logger.warning("%s. Speakers are told apart without it.", reasons[0])
    return None


class HeardByPyannote:
    """Tells the voices of one recording apart, which messages call `label`.

    The samples are kept until then: 230 MB an hour.
    """

    def __init__(self, pipeline: PyannotePipeline, label: str) -> None:
        self._pipeline = pipeline
        self._label = label
        self._samples = bytearray()  # it grows in place, where arrays would be copied to be joined

    def listen(self, blocks: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The same blocks of mono samples at 16 kHz, kept on their way."""
        for block in blocks:
            self._samples += block.tobytes()
            yield block

    def turns(self, n_speakers: int | None) -> list[SpeakerTurn]:
        """Who speaks when, of `n_speakers`; None to find out how many.

        Raises:
            InputError: pyannote fails.
        """
        import torch

        samples, self._samples = np.frombuffer(self._samples, np.float32), bytearray()
        if not samples.size:
            return []
        sound = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE}
        try:
            with _undisturbed():
                found = self._pipeline.apply(sound, num_speakers=n_speakers)
            tracks = found.exclusive_speaker_diarization.itertracks(yield_label=True)
            return [SpeakerTurn(turn.start, turn.end, str(who)) for turn, _, who in tracks]
        except Exception as error:
            raise InputError(
                f"{self._pipeline.name} cannot hear who speaks in {self._label} "
                f"({_quoted(error)}): uninstall it, so that speakers are told apart without it, or "
                "give `speakers` a file of RTTM."
            ) from error


def _loaded(name: str, device: "torch.device") -> Any:
    import torch

    if int(_version().split(".")[0]) < _OLDEST:
        raise ImportError(f"version {_OLDEST} or newer is needed")
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it tells of its own files
    try:
        with _undisturbed(), redirect_stdout(io.StringIO()):
            from pyannote.audio import Pipeline

            pipeline = Pipeline.from_pretrained(name)
            if pipeline is None:
                raise FileNotFoundError("files of it are missing")
            return pipeline.to(device if device.type == "cuda" else torch.device("cpu"))
    finally:
        logging.disable(disabled)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Nothing is fetched, sent or warned of, and the process's settings stay what they are."""
    import torch

    from subalign.model.hub import nothing_fetched

    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    tf32 = matmul.allow_tf32, cudnn.allow_tf32  # pyannote turns both off
    sent = os.environ.get(_TELEMETRY)
    os.environ[_TELEMETRY] = "false"
    try:
        with nothing_fetched(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = tf32
        if sent is not None:  # pyannote wants it to be set
            os.environ[_TELEMETRY] = sent


def _version() -> str:
    try:
        return version(_PACKAGE)
    except PackageNotFoundError:
        return "0"


def _quoted(error: Exception) -> str:
    sentence = " ".join(str(error).split()).partition(". ")[0].rstrip(".")
    return shorten(sentence or type(error).__name__, _SAID, placeholder=" …")
