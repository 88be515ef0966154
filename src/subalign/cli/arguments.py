"""The form of the commands: openai-whisper's booleans, and help in groups."""

from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand

__all__ = ["OPENAI_BOOLEANS", "PanelledCommand", "spell_booleans"]

OPENAI_BOOLEANS = frozenset(
    {
        "carry-initial-prompt",
        "condition-on-previous-text",
        "fp16",
        "highlight-words",
        "verbose",
        "word-timestamps",
    }
)


class PanelledCommand(TyperCommand):
    """A command that takes openai-whisper's booleans and shows its options in their panels."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments as `spell_booleans` spells them."""
        return super().parse_args(ctx, spell_booleans(args))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write each panel under its own heading of its own."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                heading = getattr(parameter, "rich_help_panel", None) or "Others"
                # An argument's type says nothing here.
                names = record[0].removesuffix(" <list[str]>").removesuffix(" <str>")
                panels.setdefault(heading, []).append((names, record[1]))
        for heading, records in panels.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def spell_booleans(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--name True` as `--name` and `--name False` as `--no-name`.

    Only the names of `OPENAI_BOOLEANS`, in dash or underscore spelling, followed by just `True` or
    `False`, are touched, and nothing after `--`.
    """
    spelled: list[str] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":
            return [*spelled, argument, *waiting]
        option, equals, value = argument.partition("=")
        name = option.removeprefix("--").replace("_", "-")
        if option.startswith("--") and name in OPENAI_BOOLEANS:
            if not equals and waiting and waiting[0] in ("True", "False"):
                value = waiting.pop(0)
            if value in ("True", "False"):
                argument = f"--{name}" if value == "True" else f"--no-{name}"
        spelled.append(argument)
    return spelled
