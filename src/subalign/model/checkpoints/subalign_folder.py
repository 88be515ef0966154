"""Our own checkpoint folder: `config.json`, `model.safetensors`, `vocab.tiktoken`."""

import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from subalign.atomic_files import whole_file
from subalign.errors import CheckpointError, OutputError, OutputExistsError
from subalign.model.checkpoints.assembly import ENCODER_POSITIONS, build_model, mark_choice
from subalign.model.checkpoints.folder import file_inside
from subalign.model.checkpoints.tensors import stored_in_safetensors
from subalign.model.config import (
    CONFIG,
    FORMAT,
    check_format,
    read_dimensions,
    read_json,
)
from subalign.model.devices import TensorOptions
from subalign.model.timing_heads import TimingHeads, heads_in_config
from subalign.model.whisper import Whisper, sinusoids
from subalign.tokenizer.vocabulary import GPT2_SPLIT_PATTERN, read_tiktoken, write_tiktoken

__all__ = ["load_subalign_folder", "save_checkpoint", "save_heads"]

WEIGHTS = "model.safetensors"
VOCABULARY = "vocab.tiktoken"


def load_subalign_folder(folder: Path, target: TensorOptions) -> Whisper:
    """The model in a folder of our own form, named as its config says, else as the folder.

    Raises:
        CheckpointError: a file is missing, damaged, or does not fit the others.
    """
    path = folder / CONFIG
    config = read_json(path)
    check_format(config, path)
    dims, multilingual = config.get("dims"), config.get("multilingual")
    split_pattern = config.get("split_pattern", GPT2_SPLIT_PATTERN)
    name = config.get("name", folder.resolve().name)
    if not (isinstance(dims, dict) and isinstance(multilingual, bool)):
        raise CheckpointError(f"{path} lacks dims or multilingual: fetch the checkpoint again.")
    if not (isinstance(split_pattern, str) and isinstance(name, str)):
        raise CheckpointError(
            f"{path} states a name or split_pattern that is no text: fetch the checkpoint again."
        )
    if split_pattern != GPT2_SPLIT_PATTERN:
        # another could lose letters, or take for ever
        raise CheckpointError(
            f"{path} states a split_pattern that is not GPT-2's, which every Whisper model uses: "
            "fetch the checkpoint again."
        )
    vocabulary = file_inside(folder, config.get("vocabulary", VOCABULARY), path)
    model = build_model(
        read_dimensions(dims, path),
        stored_in_safetensors(file_inside(folder, WEIGHTS, path)),
        source=folder,
        name=name,
        vocabulary=read_tiktoken(vocabulary),
        multilingual=multilingual,
        target=target,
    )
    model.previous_text = config.get("previous_text", True) is True
    model.short_windows = config.get("short_windows", False) is True
    mark_choice(model, heads_in_config(config, path, model.dims))
    return model


def save_checkpoint(
    model: Whisper,
    folder: str | os.PathLike[str],
    *,
    alignment: Iterable[tuple[int, int]] | None = None,
    timing: TimingHeads | None = None,
) -> None:
    """Write a model in our own form, in the number type it has; `load_whisper(folder)` reads it.

    The heads that are given are stated in place of the model's own. The folder appears whole or not
    at all. One that holds a checkpoint of our form is replaced.

    Raises:
        OutputExistsError: the folder holds something other than a checkpoint of our form.
        OutputError: the folder cannot be written.
        CheckpointError: the model has no vocabulary, or was loaded in int8.
    """
    if model.quantized:
        raise CheckpointError("A model in int8 cannot be saved: load it with `compute=float32`.")
    if model.vocabulary is None:
        raise CheckpointError("A model without a vocabulary cannot be saved: give it one first.")
    with _written_whole(folder) as partial:
        _write_files(model, partial, _stated_heads(alignment, timing))


def save_heads(
    source: Path,
    folder: str | os.PathLike[str],
    *,
    alignment: Iterable[tuple[int, int]] | None = None,
    timing: TimingHeads | None = None,
) -> None:
    """Write a checkpoint of our own form anew with the heads that are given, else as it is.

    Where `folder` is the `source` itself, only its config is replaced; else as `save_checkpoint`,
    with weights and vocabulary copied byte for byte.

    Raises:
        CheckpointError: the source is no whole checkpoint of our form.
        OutputExistsError: the folder holds something other than a checkpoint of our form.
        OutputError: the folder cannot be written.
    """
    path = source / CONFIG
    config = read_json(path)
    check_format(config, path)
    vocabulary = file_inside(source, config.get("vocabulary", VOCABULARY), path)
    weights = file_inside(source, WEIGHTS, path)
    config |= _stated_heads(alignment, timing)
    if Path(folder).resolve() == source.resolve():
        place = source.resolve()
        with _reported(place), whole_file(place / CONFIG, overwrite=True) as partial:
            _write_config(config, partial)
            shutil.copymode(path, partial)
        return
    with _written_whole(folder) as partial:
        for file in (vocabulary, weights):
            shutil.copy(file, partial / file.name)
        _write_config(config, partial / CONFIG)


def _stated_heads(
    alignment: Iterable[tuple[int, int]] | None, timing: TimingHeads | None
) -> dict[str, object]:
    """What a config states of the heads that are given."""
    stated: dict[str, object] = {}
    if alignment is not None:
        stated["alignment_heads"] = sorted(set(alignment))
    if timing is not None:
        stated["timing_heads"] = sorted(set(timing.pairs))
        stated["timing_shift"] = timing.shift
    return stated


@contextmanager
def _written_whole(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """A new folder to fill, which takes the place of `folder` unless an error comes up."""
    # symbolic links are followed, so that it is their target that is replaced
    target = Path(folder).resolve()
    _refuse_foreign(target)
    with _reported(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = _beside(target)
        partial.mkdir()
        try:
            yield partial
            _put_in_place(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _reported(target: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise OutputError(
            f"The checkpoint {target} cannot be written ({error}): check the folder's permissions "
            "and the space left."
        ) from error


def _write_config(config: Mapping[str, object], path: Path) -> None:
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def _write_files(model: Whisper, folder: Path, heads: Mapping[str, object]) -> None:
    assert model.vocabulary is not None
    save_file(_weights(model), folder / WEIGHTS)
    write_tiktoken(model.vocabulary, folder / VOCABULARY)
    config = {
        "format": FORMAT,
        "name": model.name,
        "dims": asdict(model.dims),
        "alignment_heads": model.alignment_pairs,
        "timing_heads": model.timing_pairs,
        "timing_shift": model.timing_shift,
        "multilingual": model.multilingual,
        "vocabulary": VOCABULARY,
        "split_pattern": model.vocabulary.split_pattern,
        "previous_text": model.previous_text,
        "short_windows": model.short_windows,
    }
    _write_config({**config, **heads}, folder / CONFIG)
    # safetensors makes its file readable for the owner alone
    shutil.copymode(folder / CONFIG, folder / WEIGHTS)


def _weights(model: Whisper) -> dict[str, Tensor]:
    weights = {key: value.cpu().contiguous() for key, value in model.state_dict().items()}
    positions = weights[ENCODER_POSITIONS]
    if torch.equal(positions, sinusoids(*positions.shape).to(positions.dtype)):
        del weights[ENCODER_POSITIONS]
    return weights


def _refuse_foreign(target: Path) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    try:
        ours = read_json(target / CONFIG).get("format") == FORMAT
    except CheckpointError:
        ours = False
    if not ours:
        raise OutputExistsError(
            f"{target} is there already and is no subalign checkpoint: choose another folder."
        )


def _put_in_place(partial: Path, target: Path) -> None:
    old = _beside(target)
    if target.exists():
        target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(target: Path) -> Path:
    """A hidden name next to `target` that nothing has yet."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}")
