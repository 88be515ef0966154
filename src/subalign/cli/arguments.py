"""From command lines to functions: options in groups, openai-whisper's booleans, help in panels.

An option on the command line takes back what is set elsewhere and excludes it; an error that a
setting has part in says where it is set.
"""

import inspect
import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from subalign.cli.console import Session
from subalign.cli.messages import errors_reported, report, with_options
from subalign.cli.settings import EXCLUSIVE, long_name
from subalign.errors import UsageError

__all__ = [
    "ASKS_HELP",
    "OPENAI_BOOLEANS",
    "USED_MOST",
    "Only",
    "PanelledCommand",
    "RootGroup",
    "spell_booleans",
    "subcommand",
]

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


# Of commands with more parameters than this, --help shows those that are used most.
_MANY = 20
USED_MOST = frozenset(
    {
        *(
            "clip",
            "device",
            "format",
            "glossary",
            "highlight_words",
            "ignore",
            "keep_lines",
            "language",
        ),
        *("media", "model", "output_dir", "overwrite", "profile", "quiet"),
        *("report", "speakers", "task"),
    }
)
# Keys of a context's `meta`.
_ALL = "subalign.help_all"
ASKS_HELP = "subalign.asks_help"


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
        with errors_reported(session), _settings_named(context, session):
            given |= _taken_back(context)
            for name, (group, names) in groups.items():
                given[name] = group(**{field: given.pop(field) for field in names})
            raise typer.Exit(function(session, **given) or 0)

    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    return run


def _is_set(context: typer.Context, name: str) -> bool:
    """Whether a parameter has its value from a file or the environment."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "DEFAULT_MAP"


def _taken_back(context: typer.Context) -> dict[str, Any]:
    """The defaults of options that are set and that one on the command line excludes."""
    options = {str(option.name): option for option in context.command.params}
    back: dict[str, Any] = {}
    for group in EXCLUSIVE:
        sources = {name: context.get_parameter_source(name) for name in group & {*options}}
        if any(source and source.name == "COMMANDLINE" for source in sources.values()):
            back |= {name: options[name].default for name in sources if _is_set(context, name)}
    return back


@contextmanager
def _settings_named(context: typer.Context, session: Session) -> Iterator[None]:
    """Say of the options that an error names where they are set, where that is elsewhere."""
    try:
        yield
    except UsageError as error:
        sentence = with_options(str(error))
        named = set(re.findall(r"--[a-z0-9-]+", sentence))
        command: Any = context.command
        places = [
            f" --{long_name(option)} is set in "
            f"{session.settings.origins[command.name, option.name]}."
            for option in command.params
            if named & {*option.opts, *option.secondary_opts} and _is_set(context, option.name)
        ]
        if not places:
            raise
        raise UsageError("".join([sentence, *places])) from error


def _option(field: "Field[Any]", annotation: Any) -> inspect.Parameter:
    factory = field.default_factory
    default = field.default if factory is MISSING else factory()
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _show_all_help(ctx: Any, _option: Any, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        ctx.meta[_ALL] = True
        typer.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class RootGroup(TyperGroup):
    """The root, which transcribes where a recording stands in the place of a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `transcribe` before the first recording, or before its options."""
        ctx.meta[ASKS_HELP] = bool({"--help", "-h", "--help-all"} & {*args})
        place = self._first(args)
        if place < len(args) and self._is_transcribed(args[place]):
            args = [*args[:place], "transcribe", *args[place:]]
        return super().parse_args(ctx, args)

    def _first(self, arguments: list[str]) -> int:
        """Where the root's own options end."""
        own: list[Any] = self.params
        words = {name: 1 if option.is_flag else 2 for option in own for name in option.opts}
        place = 0
        while place < len(arguments) and arguments[place].partition("=")[0] in words:
            place += words.get(arguments[place], 1)  # --config=FILE is one
        return place

    def _is_transcribed(self, argument: str) -> bool:
        if argument in ("--help", "-h") or argument in self.commands:
            return False
        named = any(sign in argument for sign in (".", "/", os.sep))
        return argument.startswith("-") or named or Path(argument).exists()


class PanelledCommand(TyperCommand):
    """A command that takes openai-whisper's booleans and shows its options in their panels."""

    _help_all: TyperOption | None = None

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

    def get_params(self, ctx: Any) -> list[Any]:
        """Beside its own options --help, and where that does not show all, --help-all."""
        parameters = super().get_params(ctx)
        if len(self.params) <= _MANY:
            return parameters
        if self._help_all is None:
            self._help_all = TyperOption(
                param_decls=["--help-all"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                default=False,
                show_default=False,
                callback=_show_all_help,
                help="Show all options and exit.",
            )
        return [*parameters, self._help_all]

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Say how many options are not shown."""
        hidden = len(self.params) - len(self._shown(ctx, self.params))
        if hidden:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(f"{hidden} more options: --help-all.")
        super().format_epilog(ctx, formatter)

    def _shown(self, ctx: Any, parameters: list[Any]) -> list[Any]:
        """What help shows: of many options those that are used most."""
        if len(self.params) <= _MANY or ctx.meta.get(_ALL):
            return parameters
        return [
            parameter
            for parameter in parameters
            if parameter.param_type_name == "argument"
            or parameter.is_eager
            or parameter.name in USED_MOST
        ]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write each panel under its own heading of its own."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for parameter in self._shown(ctx, self.get_params(ctx)):
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
