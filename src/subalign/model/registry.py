"""The checkpoints known by name: OpenAI's and the embedded one."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from subalign.errors import UnknownModelError
from subalign.model.dimensions import ModelDimensions

__all__ = [
    "EMBEDDED_MODEL",
    "OfficialModel",
    "canonical_name",
    "embedded_folder",
    "official_models",
    "officials_of_shape",
    "unknown_model",
]


EMBEDDED_MODEL = "micro.en"

# OpenAI published these weights on the hub in float16, all others in float32. faster-whisper has
# them in repositories of its own, like all others.
_HALF_PRECISION = {
    "large-v3": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}


@dataclass(frozen=True, slots=True)
class OfficialModel:
    """What is known of one of OpenAI's checkpoints before it is fetched.

    `alias_of` is the checkpoint that the name stands for, or None. `alignment_heads` is the
    base85 dump that `Whisper.set_alignment_heads` takes.
    """

    name: str
    alias_of: str | None
    dims: ModelDimensions
    repository: str
    pt_url: str
    pt_sha256: str
    alignment_heads: str

    @property
    def multilingual(self) -> bool:
        """Whether the checkpoint knows languages other than English."""
        return not self.name.endswith(".en")

    @property
    def canonical(self) -> str:
        """The checkpoint's own name."""
        return self.alias_of or self.name

    @property
    def repositories(self) -> tuple[str, ...]:
        """The hub's repositories of these weights, first the one that has them in float16."""
        if self.canonical in _HALF_PRECISION:
            return self.repository, _HALF_PRECISION[self.canonical]
        return f"Systran/faster-whisper-{self.canonical}", self.repository

    @property
    def download_bytes(self) -> int:
        """About how many bytes the weights have in float16, where a small header is added."""
        return 2 * _stored_numbers(self.dims)


@lru_cache(maxsize=1)
def official_models() -> Mapping[str, OfficialModel]:
    """Every official name, aliases included, from the smallest checkpoint to the largest."""
    text = (resources.files("subalign") / "assets" / "whisper_models.json").read_text("utf-8")
    return MappingProxyType(
        {
            name: OfficialModel(
                name=name,
                alias_of=facts["alias_of"],
                dims=ModelDimensions(**facts["dims"]),
                repository=facts["hf_repo"],
                pt_url=facts["openai_pt_url"],
                pt_sha256=facts["openai_pt_sha256"],
                alignment_heads=facts["alignment_heads_b85"],
            )
            for name, facts in json.loads(text).items()
        }
    )


def officials_of_shape(dims: ModelDimensions) -> list[OfficialModel]:
    """The official checkpoints of these dimensions, the newest last."""
    return [
        model for model in official_models().values() if model.dims == dims and not model.alias_of
    ]


def embedded_folder() -> Path:
    """The folder of the checkpoint that ships with the package."""
    return Path(str(resources.files("subalign") / "assets" / EMBEDDED_MODEL))


def canonical_name(name: str) -> str | None:
    """The checkpoint's own name if `name` is official, an alias or embedded, else None."""
    if name == EMBEDDED_MODEL:
        return name
    official = official_models().get(name)
    return None if official is None else official.alias_of or official.name


def unknown_model(name: str) -> UnknownModelError:
    """The error for a name that stands for nothing, with the nearest name that does."""
    known = (EMBEDDED_MODEL, *official_models())
    nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}? " if nearest else ""
    return UnknownModelError(
        f"There is no model {name}: {hint}`subalign models list` shows all names."
    )


def _stored_numbers(dims: ModelDimensions) -> int:
    """How many numbers the tensors of a checkpoint hold, the encoder's positions included."""
    audio, text = dims.n_audio_state, dims.n_text_state
    # attention 4n² + 3n, perceptron 8n² + 5n, layer norms 2n each
    audio_blocks = dims.n_audio_layer * (12 * audio**2 + 12 * audio)
    text_blocks = dims.n_text_layer * (16 * text**2 + 17 * text)
    convolutions = 3 * audio * (dims.n_mels + audio) + 2 * audio
    positions_and_tokens = dims.n_audio_ctx * audio + (dims.n_text_ctx + dims.n_vocab) * text
    return audio_blocks + text_blocks + convolutions + positions_and_tokens + 2 * (audio + text)
