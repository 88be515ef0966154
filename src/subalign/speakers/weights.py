"""The weights of the network that hears voices: those of the wheel Resemblyzer.

Where the package is installed, its file is read; it is never imported. Else the wheel is fetched
from the Python package index once, and its file of weights kept with the models.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import torch

from subalign.errors import ModelUnavailableError
from subalign.model.package_index import WheelFile, WheelModel
from subalign.model.sources import OnFetch, SourceError
from subalign.model.store import fetch_wheels
from subalign.speakers.embedding import VoiceEncoder

__all__ = ["RESEMBLYZER", "voice_encoder"]

_FILE = "pretrained.pt"
RESEMBLYZER = WheelModel(
    name="resemblyzer",
    repository="",
    requirements=("resemblyzer==0.1.4",),
    wheels=MappingProxyType(
        {
            "Resemblyzer-0.1.4-py3-none-any.whl": (
                "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f"
            )
        }
    ),
    files=MappingProxyType(
        {
            _FILE: WheelFile(
                (f"resemblyzer/{_FILE}",),
                "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
            )
        }
    ),
    size=17_090_379,
)


def voice_encoder(progress: OnFetch | None = None) -> VoiceEncoder:
    """The network that hears voices; `progress` is called while its weights are fetched.

    Raises:
        ModelUnavailableError: they are not on this machine and cannot be fetched.
    """
    return _loaded(_weights(progress))


def _weights(progress: OnFetch | None) -> Path:
    found = find_spec("resemblyzer")
    installed = Path(found.origin if found and found.origin else "").parent / _FILE
    if installed.is_file():
        return installed
    try:
        return fetch_wheels(RESEMBLYZER, progress) / _FILE
    except SourceError as error:
        raise ModelUnavailableError(
            f"The network that hears voices is not on this machine and {error.reason}: let pip "
            "install resemblyzer 0.1.4 without its dependencies, or give `speakers` a file of RTTM."
        ) from error


@cache
def _loaded(path: Path) -> VoiceEncoder:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return VoiceEncoder(content["model_state"])
    except Exception as error:  # (whatever a damaged file makes of it)
        raise ModelUnavailableError(
            f"{path} does not hold the network that hears voices: remove it, so that it is fetched "
            "anew."
        ) from error
