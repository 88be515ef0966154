"""The one configuration file of a training run, read from TOML into frozen dataclasses."""

from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_type_hints

import tomllib

__all__ = [
    "AugmentationConfig",
    "Config",
    "ConfigError",
    "CorpusConfig",
    "CorpusPart",
    "EvaluationConfig",
    "LossConfig",
    "ModelConfig",
    "RunConfig",
    "Stage",
    "WindowConfig",
    "read_config",
]

_T = TypeVar("_T")


class ConfigError(ValueError):
    """The configuration file cannot be used."""


@dataclass(frozen=True, kw_only=True)
class CorpusPart:
    """The shards up to number `until`: `shares` are the engines' parts of their utterances.

    `exchanged` is the share of their longer words that give way to rare ones.
    """

    until: int
    shares: dict[str, float]
    exchanged: float = 0.0


@dataclass(frozen=True, kw_only=True)
class CorpusConfig:
    """Which speech is synthesised, and where it is kept.

    `exclude` are files of text, one sentence a line, that must never be trained on, besides the
    held-out sentences. The training waits for `minimum_shards`, and hears an utterance as often
    as its engine's entry in `weights` says, 1 where there is none.
    """

    sentences: Path
    folder: Path
    parts: tuple[CorpusPart, ...]
    utterances: int = 400
    seed: int = 1
    codec_share: float = 0.25
    exclude: tuple[Path, ...] = ()
    minimum_shards: int = 4
    weights: dict[str, float] = field(default_factory=dict)

    @property
    def shards(self) -> int:
        """How many there are to be."""
        return self.parts[-1].until

    def part(self, shard: int) -> CorpusPart:
        """The part that a shard belongs to."""
        return next(part for part in self.parts if shard < part.until)


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The model to begin with: a checkpoint, or "" for fresh weights of these sizes.

    `vocabulary` is a checkpoint folder whose tokens a fresh model takes over. A checkpoint with
    fewer layers grows.
    """

    start: str = "micro.en"
    name: str = "micro.en"
    vocabulary: str = "micro.en"
    width: int = 192
    heads: int = 6
    encoder_layers: int = 4
    decoder_layers: int = 2
    alignment_heads: int = 2


@dataclass(frozen=True, kw_only=True)
class WindowConfig:
    """How utterances become windows with targets (Radford et al. 2022, section 2.3)."""

    timestamps_share: float = 0.6
    prompt_share: float = 0.1
    no_speech_share: float = 0.04
    at_start_share: float = 0.35
    cut_share: float = 0.4
    longest_pause: float = 2.0


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """How far the sound is changed; shares are of the windows, or of utterances that hesitate."""

    speed: float = 0.15
    warp: float = 0.15
    tempo: float = 0.2
    tempo_share: float = 0.5
    hesitation_share: float = 0.1
    filter_share: float = 0.5
    reverberation_share: float = 0.4
    noise_share: float = 0.7
    babble_share: float = 0.15
    mask_share: float = 0.6


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stretch of the training, until step `until`.

    `windows` gives the shares of window lengths in seconds, `batch_seconds` the audio in a step.
    `single` puts one utterance in each window. The learning rate goes linearly from what it was
    to `learning_rate` within `ramp` steps and then stays.
    """

    until: int
    windows: dict[str, float]
    learning_rate: float
    ramp: int = 200
    batch_seconds: float = 240.0
    single: bool = False
    augment: bool = True


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of the losses beside the cross-entropy of the tokens.

    `ctc_rate` multiplies the learning rate of the letters' head, which always begins afresh: it
    should fit the encoder before the encoder moves to fit it.
    """

    ctc: float = 0.3
    ctc_rate: float = 10.0
    guided: float = 0.3
    label_smoothing: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Where a run is kept and how it goes on.

    `processes` share each batch, with `threads` and `workers`, which make the batches, each.
    `autocast` computes in bfloat16; CPUs without AMX may be faster in float32.
    `mirror` is a folder that every checkpoint is copied to as well. `average` is the decay of the
    moving average of the weights, which is what is exported.
    """

    name: str
    runs: Path = Path("training/runs")
    mirror: Path | None = None
    seed: int = 1
    processes: int = 1
    threads: int = 1
    workers: int = 1
    device: str = "cpu"
    compile: bool = False
    autocast: bool = True
    checkpoint_minutes: float = 6.0
    log_steps: int = 20
    weight_decay: float = 0.05
    clip: float = 1.0
    average: float = 0.999

    @property
    def folder(self) -> Path:
        """The run's own folder."""
        return self.runs / self.name


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """How many utterances of each set `make eval-micro` takes, and where recordings lie."""

    sentences: int = 200
    alignment: int = 100
    windows: int = 40
    silence: int = 60
    human: int = 60
    lj: Path = Path("../shared/data/lj")
    jfk: Path = Path("../shared/data/jfk.flac")
    talk: Path = Path("examples/talk.mp4")
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything that a run depends on."""

    corpus: CorpusConfig
    run: RunConfig
    stages: tuple[Stage, ...]
    model: ModelConfig = ModelConfig()
    windows: WindowConfig = WindowConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    loss: LossConfig = LossConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    def stage(self, step: int) -> Stage:
        """The stage that a step belongs to; the last goes on."""
        return next((stage for stage in self.stages if step < stage.until), self.stages[-1])

    def learning_rate(self, step: int) -> float:
        """The rate of a step: linear ramps between the stages' rates."""
        rate, begin = 0.0, 0
        for stage in self.stages:
            part = min(1.0, (min(step, stage.until) - begin + 1) / max(1, stage.ramp))
            rate += (stage.learning_rate - rate) * part
            if step < stage.until:
                break
            begin = stage.until
        return rate


def read_config(path: Path) -> Config:
    """Read a TOML file.

    `base` names another beside it, whose values hold where this one has none.

    Raises:
        ConfigError: it cannot be read, or a key is unknown, missing or of the wrong type.
    """
    return _build(Config, _read_values(path), str(path))


def _read_values(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    base = values.pop("base", None)
    if base is None:
        return values
    return _merged(_read_values(path.parent / base), values)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables are merged key by key; any other value is replaced."""
    merged = below | above
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            merged[key] = below[key] | above[key]
    return merged


def _build(kind: type[_T], values: dict[str, Any], where: str) -> _T:
    hints = get_type_hints(kind)
    unknown = set(values) - {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    if unknown:
        raise ConfigError(f"{where} has unknown keys: {', '.join(sorted(unknown))}")
    try:
        return kind(
            **{key: _convert(hints[key], v, f"{where}: {key}") for key, v in values.items()}
        )
    except TypeError as error:
        raise ConfigError(f"{where}: {error}") from error


def _convert(kind: Any, value: Any, where: str) -> Any:
    arguments = get_args(kind)
    if isinstance(kind, UnionType):
        return _convert(arguments[0], value, where)
    if is_dataclass(kind) and isinstance(value, dict):
        return _build(kind, value, where)  # type: ignore[arg-type]
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    origin = getattr(kind, "__origin__", kind)
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(arguments[0], item, where) for item in value)
    if origin is dict and isinstance(value, dict):
        return {str(key): _convert(arguments[1], item, where) for key, item in value.items()}
    if (
        isinstance(kind, type)
        and isinstance(value, kind)
        and isinstance(value, bool) == (kind is bool)
    ):
        return value
    raise ConfigError(f"{where} is {value!r}, but should be {kind}")
