"""The vocabulary of a checkpoint that carries none: one beside it, or an official one."""

from importlib import resources
from pathlib import Path

from subalign.errors import CheckpointError
from subalign.model.dimensions import ModelDimensions
from subalign.model.registry import official_models
from subalign.vocabulary import Vocabulary, read_ctranslate2, read_tiktoken

__all__ = ["find_vocabulary", "official_vocabulary"]

BESIDE = "vocab.tiktoken"


def find_vocabulary(dims: ModelDimensions, file: Path) -> Vocabulary:
    """`vocab.tiktoken` beside the checkpoint `file`, else the official one of its size.

    Raises:
        CheckpointError: the vocabulary is damaged, or no official one has this size.
    """
    beside = file.with_name(BESIDE)
    return read_tiktoken(beside) if beside.is_file() else official_vocabulary(dims, file)


def official_vocabulary(dims: ModelDimensions, source: Path) -> Vocabulary:
    """OpenAI's vocabulary for models of this size.

    Raises:
        CheckpointError: no official vocabulary has this size.
    """
    multilingual = {
        official.dims.n_vocab: official.multilingual for official in official_models().values()
    }
    if dims.n_vocab not in multilingual:
        raise CheckpointError(
            f"{source} carries no vocabulary, and no official one has {dims.n_vocab} tokens: put "
            f"the model's {BESIDE} beside it."
        )
    # OpenAI's own names (openai/whisper, MIT)
    name = "multilingual" if multilingual[dims.n_vocab] else "gpt2"
    folder = resources.files("subalign") / "assets" / "vocabularies"
    return read_ctranslate2(Path(str(folder / f"{name}.txt.gz")))
