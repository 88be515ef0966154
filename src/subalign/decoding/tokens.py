"""A model's tokenizer, the tokens that a decoding begins with, and those that are suppressed."""

from collections.abc import Sequence
from dataclasses import dataclass

from subalign.errors import CheckpointError, UsageError
from subalign.model import Whisper
from subalign.options import DecodingOptions, Task
from subalign.tokenizer import Tokenizer, get_tokenizer, to_language_code

__all__ = ["InitialTokens", "check_language", "initial_tokens", "suppressed_tokens", "tokenizer_of"]


def check_language(model: Whisper, language: str | None, task: Task) -> None:
    """Raise `UsageError` where the model cannot do this task in this language."""
    name = f"Model {model.name}" if model.name else "This model"
    if not model.multilingual:
        if task == "translate":
            raise UsageError(
                f"{name} is English-only and cannot translate: use a multilingual model, "
                "such as `model=medium` or `model=base`."
            )
        if language is not None and to_language_code(language) != "en":
            raise UsageError(
                f"{name} is English-only and cannot transcribe {language!r}: use a multilingual "
                "model, such as `model=turbo` or `model=base`."
            )
    elif language is not None:
        code = to_language_code(language)
        if code not in tokenizer_of(model).all_language_codes:
            raise UsageError(f"{name} does not know the language {language!r}: try `model=turbo`.")


def tokenizer_of(
    model: Whisper, language: str | None = None, task: Task = "transcribe"
) -> Tokenizer:
    """The tokenizer of a model's own vocabulary, for one language and task.

    Raises:
        CheckpointError: the model came without a vocabulary.
    """
    if model.vocabulary is None:
        raise CheckpointError(
            f"Model {model.name or 'without a name'} has no vocabulary: put vocab.tiktoken beside "
            "its weights."
        )
    return get_tokenizer(
        model.vocabulary,
        multilingual=model.multilingual,
        num_languages=model.num_languages,
        language=language,
        task=task if model.multilingual else None,
    )


@dataclass(frozen=True, slots=True)
class InitialTokens:
    """What stands before the sampled tokens: previous text, start of transcript, prefix."""

    tokens: tuple[int, ...]
    sot_index: int


def initial_tokens(
    tokenizer: Tokenizer, options: DecodingOptions, n_text_ctx: int
) -> InitialTokens:
    """Tokens that a window's decoding begins with (Radford et al. 2022, figure 1).

    At most half of the text context goes to the previous text, and a prefix leaves room for
    `sample_len` tokens in the other half.
    """
    half = n_text_ctx // 2
    start = (
        tokenizer.sot_sequence_including_notimestamps
        if options.without_timestamps
        else tokenizer.sot_sequence
    )
    prefix = _encoded(tokenizer, options.prefix)
    if prefix and options.sample_len is not None:
        room = half - options.sample_len
        prefix = prefix[-room:] if room > 0 else []
    prompt = _encoded(tokenizer, options.prompt)
    before = [tokenizer.sot_prev, *prompt[-(half - 1) :]] if prompt else []
    tokens = (*before, *start, *prefix)
    if len(tokens) > n_text_ctx:
        raise UsageError(f"The prefix has {len(prefix)} tokens, which leaves no room for text.")
    return InitialTokens(tokens, len(before))


def _encoded(tokenizer: Tokenizer, text: str | Sequence[int]) -> list[int]:
    return tokenizer.encode(" " + text.strip()) if isinstance(text, str) else list(text)


def suppressed_tokens(tokenizer: Tokenizer, options: DecodingOptions) -> list[int]:
    """Tokens that are never sampled: the listed ones and those that steer the decoder."""
    listed = set(options.suppress_tokens or ())
    if -1 in listed:
        listed.remove(-1)
        listed.update(tokenizer.non_speech_tokens)
    listed.update(
        (
            tokenizer.transcribe,
            tokenizer.translate,
            tokenizer.sot,
            tokenizer.sot_prev,
            tokenizer.sot_lm,
            tokenizer.no_speech,
        )
    )
    return sorted(listed)
