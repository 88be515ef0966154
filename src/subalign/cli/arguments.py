"""From command lines to functions: options in groups, openai-whisper's booleans, help in panels."""

import inspect
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand

from subalign.cli.console import Session
from subalign.cli.messages import errors_reported, report
from subalign.errors import UsageError

__all__ = ["OPENAI_BOOLEANS", "Only", "PanelledCommand", "spell_booleans", "subcommand"]

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


@dataclass(frozen=True)
class Only:
    """In `Annotated[Group, Only(...)]`: the options of a group that a command has."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


def subcommand(function: Callable[..., int | None]) -> Callable[..., None]:
    """A function as Typer takes it: errors are reported, and its result is the exit code.

    Its first parameter is the `Session`. A parameter whose type is a dataclass stands for one
    option for each field, with the field's annotation and default; the function gets the object.
    """
    (_, *parameters) = inspect.signature(function, eval_str=True).parameters.values()
    groups: dict[str, tuple[Any, list[str]]] = {}
    shown = [
        inspect.Parameter(
            "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
        )
    ]
    for parameter in parameters:
        annotation = parameter.annotation
        group, *limits = (
            get_args(annotation) if get_origin(annotation) is Annotated else [annotation]
        )
        if not is_dataclass(group):
            shown.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        hints = get_type_hints(group, include_extras=True)
        taken = [
            field for field in fields(group) if all(field.name in only.names for only in limits)
        ]
        groups[parameter.name] = (group, [field.name for field in taken])
        shown += [_option(field, hints[field.name]) for field in taken]

    @wraps(function)
    def run(context: typer.Context, **given: Any) -> None:
        session: Session = context.obj
        with errors_reported(session):
            for name, (group, names) in groups.items():
                given[name] = group(**{field: given.pop(field) for field in names})
            raise typer.Exit(function(session, **given) or 0)

    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    return run


def _option(field: "Field[Any]", annotation: Any) -> inspect.Parameter:
    factory = field.default_factory
    default = field.default if factory is MISSING else factory()
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


class PanelledCommand(TyperCommand):
    """A command that takes openai-whisper's booleans and shows its options in their panels."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments as `spell_booleans` spells them; a wrong choice is one sentence."""
        try:
            return super().parse_args(ctx, spell_booleans(args))
        except typer.BadParameter as error:
            choices = getattr(getattr(error.param, "type", None), "choices", None)
            if not choices or error.param is None:
                raise
            value = error.message.partition(" is not one of ")[0]
            wanted = f"{', '.join(choices[:-1])} or {choices[-1]}"
            sentence = f"{error.param.opts[0]} must be {wanted}, not {value}."
            raise typer.Exit(report(UsageError(sentence), Session())) from error

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write each panel under its own heading of its own."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                heading = getattr(parameter, "rich_help_panel", None) or "Others"
                # an argument's type says nothing here
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
    waiting = deque(arguments)
    while waiting:
        argument = waiting.popleft()
        if argument == "--":
            return [*spelled, argument, *waiting]
        option, equals, value = argument.partition("=")
        name = option.removeprefix("--").replace("_", "-")
        if option.startswith("--") and name in OPENAI_BOOLEANS:
            if not equals and waiting and waiting[0] in ("True", "False"):
                value = waiting.popleft()
            if value in ("True", "False"):
                argument = f"--{name}" if value == "True" else f"--no-{name}"
        spelled.append(argument)
    return spelled
