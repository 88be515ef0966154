"""Which model is used where none is named, and what stands in for it where it cannot be had."""

import logging
import os
from typing import Literal

from subalign.errors import ModelUnavailableError
from subalign.model import EMBEDDED_MODEL, OnFetch, fetch
from subalign.model.sources import SourceError
from subalign.options import Task
from subalign.tokenizer import to_language_code

__all__ = ["AUTO", "Command", "choose_model", "named_model", "resolve_model"]

AUTO = "auto"

Command = Literal["transcribe", "align"]

_logger = logging.getLogger(__name__)

_WHAT_TO_EXPECT: dict[Command, str] = {
    "transcribe": "gets many words of people wrong",
    "align": "finds the words less surely",
}


def named_model(model: str | None) -> str | None:
    """The model that was named, else that of `SUBALIGN_MODEL`; None where it is to be chosen."""
    named = model or os.environ.get("SUBALIGN_MODEL") or AUTO
    return None if named == AUTO else named


def choose_model(
    command: Command, language: str | None, device: str = "auto", *, task: Task = "transcribe"
) -> str:
    """The model that `model="auto"` means; `language` None is one that nobody has told.

    Raises:
        UsageError: there is no such device or language.
    """
    if command == "align":
        # base hears which language it is, and times English no worse than tiny.en
        english = language is not None and to_language_code(language) == "en"
        return "tiny.en" if english else "base"
    from subalign.model.devices import resolve_device

    if resolve_device(device).type not in ("cuda", "mps"):
        return "base"
    return "medium" if task == "translate" else "turbo"  # turbo was not trained to translate


def resolve_model(
    model: str | None,
    command: Command,
    *,
    language: str | None = None,
    task: Task = "transcribe",
    device: str = "auto",
    progress: OnFetch | None = None,
) -> str:
    """What `load_whisper` is to be given: the named model, or the chosen one, fetched if need be.

    Where the chosen one cannot be fetched and English may be spoken, the embedded model stands in
    for it, with a warning.

    Raises:
        ModelUnavailableError: the chosen model cannot be fetched, and the language is another one,
            or the task to translate.
        UsageError: there is no such device or language.
    """
    named = named_model(model)
    if named is not None:
        return named
    chosen = choose_model(command, language, device, task=task)
    try:
        fetch(chosen, progress=progress)
    except ModelUnavailableError as error:
        reason = str(error).rstrip(".")
        if isinstance(error, SourceError):
            reason = f"Model {chosen} is not on this machine and {error.reason}"
        is_english = language is None or to_language_code(language) == "en"
        if task == "translate" or not is_english:
            raise ModelUnavailableError(
                f"{reason}: run `subalign models get {chosen}` where a network reaches one of its "
                f"sources, or give `model` a multilingual model, as {EMBEDDED_MODEL} knows only "
                "English."
            ) from error
        _logger.warning(
            "%s: using the embedded %s, which %s; `subalign models get %s` fetches the better one.",
            *(reason, EMBEDDED_MODEL, _WHAT_TO_EXPECT[command], chosen),
        )
        return EMBEDDED_MODEL
    return chosen
