"""The embedded model as its files describe it, so that tests hold for the next one too."""

import json

from subalign.model.registry import embedded_folder

__all__ = ["HEADS", "LAYERS", "MEGABYTES"]

_DIMS = json.loads((embedded_folder() / "config.json").read_text())["dims"]

LAYERS: int = _DIMS["n_text_layer"]
HEADS: int = _DIMS["n_text_head"]
MEGABYTES = f"{sum(file.stat().st_size for file in embedded_folder().iterdir()) / 1e6:.0f}"
