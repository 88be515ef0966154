"""The checkpoints known by name: OpenAI's and the embedded one."""

import difflib
import json
import math
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
    "estimated_memory",
    "n_languages",
    "official_models",
    "officials_of_shape",
    "speed_class",
    "unknown_model",
]


EMBEDDED_MODEL = "micro.en"

# OpenAI published these weights on the hub in float16, all others in float32. faster-whisper has
# them in repositories of its own, like all others.
_HALF_PRECISION = {
    "large-v3": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}


# Multilingual checkpoints have larger vocabularies than OpenAI's for English alone, with that many
# tokens beside those of the languages.
_ENGLISH_VOCABULARY = 51864
_WITHOUT_LANGUAGES = 51766

# What bench/transcribe.py measured in int8: peaks of 763 MiB with tiny.en, of 982 MiB with base.
_RUNTIME_BYTES = 550_000_000
_BYTES_A_NUMBER = 6

# A window's text, and how much more a token costs than a position of the encoder, as a token has
# to wait for the one before: bench/transcribe.py measured it with base, in batches.
_TOKENS_OF_WINDOW = 80
_TOKEN_WORK = 8

# Multiplications a window (weighted as above), and what that is called: tiny has 3e10, base 6e10,
# small 2e11, medium 7e11, turbo 1e12, large 1.5e12.
_SPEED_CLASSES = (
    (4e10, "very fast"),
    (1e11, "fast"),
    (4e11, "medium"),
    (1.2e12, "slow"),
    (math.inf, "very slow"),
)


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


def n_languages(dims: ModelDimensions) -> int:
    """How many languages a checkpoint of these dimensions knows."""
    return dims.n_vocab - _WITHOUT_LANGUAGES if dims.n_vocab > _ENGLISH_VOCABULARY else 1


def estimated_memory(dims: ModelDimensions) -> int:
    """About how many bytes transcribing takes on a processor, PyTorch included."""
    return _RUNTIME_BYTES + _BYTES_A_NUMBER * _stored_numbers(dims)


def speed_class(dims: ModelDimensions) -> str:
    """How fast such a model transcribes on a processor, beside the official ones."""
    audio, text = _block_numbers(dims)
    work = dims.n_audio_ctx * audio + _TOKENS_OF_WINDOW * _TOKEN_WORK * (
        text + dims.n_vocab * dims.n_text_state
    )
    return next(name for most, name in _SPEED_CLASSES if work <= most)


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
    audio_blocks, text_blocks = _block_numbers(dims)
    convolutions = 3 * audio * (dims.n_mels + audio) + 2 * audio
    positions_and_tokens = dims.n_audio_ctx * audio + (dims.n_text_ctx + dims.n_vocab) * text
    return audio_blocks + text_blocks + convolutions + positions_and_tokens + 2 * (audio + text)


def _block_numbers(dims: ModelDimensions) -> tuple[int, int]:
    """How many numbers the blocks of the encoder and of the decoder hold."""
    audio, text = dims.n_audio_state, dims.n_text_state
    # attention 4n² + 3n, perceptron 8n² + 5n, layer norms 2n each
    return (
        dims.n_audio_layer * (12 * audio**2 + 12 * audio),
        dims.n_text_layer * (16 * text**2 + 17 * text),
    )
