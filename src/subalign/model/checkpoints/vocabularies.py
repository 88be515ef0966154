"""The vocabulary of a checkpoint that carries none: one beside it, or an official one."""

from pathlib import Path

from subalign.errors import CheckpointError, ModelUnavailableError
from subalign.model.dimensions import ModelDimensions
from subalign.model.registry import official_models
from subalign.vocabulary import Vocabulary, read_hugging_face, read_tiktoken

__all__ = ["find_vocabulary", "official_vocabulary"]

BESIDE = "vocab.tiktoken"


def find_vocabulary(dims: ModelDimensions, file: Path, *, progress: bool = False) -> Vocabulary:
    """`vocab.tiktoken` beside the checkpoint `file`, else the official one of its size.

    Raises:
        CheckpointError: the vocabulary is damaged, or no official one has this size.
        ModelUnavailableError: the official one is neither on this machine nor to be fetched.
    """
    beside = file.with_name(BESIDE)
    if beside.is_file():
        return read_tiktoken(beside)
    return official_vocabulary(dims, file, progress=progress)


def official_vocabulary(
    dims: ModelDimensions, source: Path, *, progress: bool = False
) -> Vocabulary:
    """OpenAI's vocabulary for models of this size, out of any official repository.

    Those on this machine go first; else the smallest one's few files are fetched.

    Raises:
        CheckpointError: no official vocabulary has this size.
        ModelUnavailableError: it is neither on this machine nor to be fetched.
    """
    # importing the hub's client takes longer than reading a small model
    from subalign.model.checkpoints.hub import cached_vocabulary, fetch_vocabulary

    sizes = {official.dims.n_vocab: official for official in official_models().values()}
    if dims.n_vocab not in sizes:
        raise CheckpointError(
            f"{source} carries no vocabulary, and no official one has {dims.n_vocab} tokens: put "
            f"the model's {BESIDE} beside it."
        )
    multilingual = sizes[dims.n_vocab].multilingual
    official = [model for model in official_models().values() if model.multilingual == multilingual]
    for model in official:
        path = cached_vocabulary(model.repository)
        if path is not None:
            return read_hugging_face(path)
    smallest = official[0]
    try:
        return read_hugging_face(fetch_vocabulary(smallest.repository, progress=progress))
    except ModelUnavailableError as error:
        raise ModelUnavailableError(
            f"{source} carries no vocabulary and the official one cannot be fetched: put "
            f"{BESIDE} beside it, or run `subalign models get {smallest.name}` once with a network."
        ) from error
