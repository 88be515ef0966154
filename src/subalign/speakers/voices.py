"""What tells speakers apart by their voices: pyannote where it can, else our own clustering."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from subalign.errors import UsageError
from subalign.options import SpeakerTurn
from subalign.speakers.pyannote import HeardByPyannote, cached_pipelines, pyannote_pipeline

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from subalign.audio.voice_activity import SpeechDetector
    from subalign.model.sources import OnFetch

__all__ = ["Voices", "check_voices", "hear_voices", "load_voices", "voices_here"]

_SLOW = ", which without a GPU takes as long as the recording, or longer"
_OWN = "clustering, with Resemblyzer's network"


class Voices(Protocol):
    """Tells the voices of one recording apart, once it has been heard."""

    def listen(self, blocks: "Iterator[NDArray[np.float32]]") -> "Iterator[NDArray[np.float32]]":
        """The same blocks of mono samples at 16 kHz, heard on their way."""
        ...

    def turns(self, n_speakers: int | None) -> list[SpeakerTurn]:
        """Who speaks when, of `n_speakers`; None to find out how many."""
        ...


def hear_voices(device: "torch.device", detector: "SpeechDetector | None", label: str) -> Voices:
    """What tells the voices of a recording apart, which messages call `label`.

    A `detector` is what hears speech in it anyway; `device` is where networks may compute.

    Raises:
        ModelUnavailableError: our own network is not on this machine and cannot be fetched.
        UsageError: scikit-learn is needed and not here.
    """
    pipeline = pyannote_pipeline(device)
    if pipeline is not None:
        return HeardByPyannote(pipeline, label)
    _check_clustering()
    from subalign.speakers.diarisation import HeardByClustering
    from subalign.speakers.weights import voice_encoder

    return HeardByClustering(voice_encoder(), detector)


def load_voices(device: "torch.device", progress: "OnFetch | None" = None) -> str:
    """Load what tells voices apart, and give its name; `progress` is called during a fetch.

    Raises:
        ModelUnavailableError: our own network is not on this machine and cannot be fetched.
        UsageError: scikit-learn is needed and not here.
    """
    pipeline = pyannote_pipeline(device)
    if pipeline is not None:
        slow = "" if device.type == "cuda" else _SLOW
        return f"{pipeline.name}{slow}"
    _check_clustering()
    from subalign.speakers.weights import voice_encoder

    voice_encoder(progress)
    return _OWN


def voices_here(device: "torch.device") -> str | None:
    """What would tell voices apart; nothing is fetched, and only pyannote is loaded."""
    pipeline = pyannote_pipeline(device)
    if pipeline is not None:
        return pipeline.name
    return None if find_spec("sklearn") is None else _OWN


def check_voices() -> None:
    """Check that something here can tell voices apart, before it has to.

    Raises:
        UsageError: neither pyannote with its weights nor scikit-learn is here.
    """
    if not cached_pipelines():
        _check_clustering()


def _check_clustering() -> None:
    if find_spec("sklearn") is None:
        raise UsageError(
            "`speakers` by voices needs scikit-learn: install it with "
            '`pip install "subalign[speakers]"`.'
        )
