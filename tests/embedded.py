"""The embedded model as its files describe it, so that tests hold for the next one too."""

import json

from subalign.model.registry import embedded_folder

__all__ = ["LAYERS", "MEGABYTES"]

_CONFIG = json.loads((embedded_folder() / "config.json").read_text())

LAYERS: int = _CONFIG["dims"]["n_text_layer"]
MEGABYTES = f"{sum(file.stat().st_size for file in embedded_folder().iterdir()) / 1e6:.0f}"
