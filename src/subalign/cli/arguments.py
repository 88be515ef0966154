"""openai-whisper's spelling of yes and no: `--word_timestamps False` for `--no-word-timestamps`."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from typer.core import TyperCommand

__all__ = ["OPENAI_BOOLEANS", "TranscribeCommand", "spell_booleans"]

# name → what holds where it is not given; None where that is neither
OPENAI_BOOLEANS: Mapping[str, bool | None] = MappingProxyType(
    {
        "carry-initial-prompt": False,
        "condition-on-previous-text": True,
        "fp16": None,
        "highlight-words": False,
        "verbose": False,
        "word-timestamps": True,
    }
)


class TranscribeCommand(TyperCommand):
    """A command that also takes openai-whisper's booleans."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments as `spell_booleans` spells them."""
        return super().parse_args(ctx, spell_booleans(args))


def spell_booleans(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--name True` as `--name`, `--name False` as `--no-name`.

    What holds anyway is left out. Only the names of `OPENAI_BOOLEANS`, in dash or underscore
    spelling, are touched, with just `True` or `False` or nothing behind them, and nothing after
    `--`.
    """
    spelled: list[str] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":
            return [*spelled, argument, *waiting]
        option, equals, value = argument.partition("=")
        name = option.removeprefix("--").replace("_", "-")
        known = option.startswith("--") and name in OPENAI_BOOLEANS
        if known and not equals:
            value = waiting.pop(0) if waiting and waiting[0] in ("True", "False") else "True"
        if not known or value not in ("True", "False"):
            spelled.append(argument)
        elif (value == "True") is not OPENAI_BOOLEANS[name]:
            spelled.append(f"--{name}" if value == "True" else f"--no-{name}")
    return spelled
