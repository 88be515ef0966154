"""`subalign config show`: what is set for options, and where."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer

from subalign.cli.arguments import subcommand
from subalign.cli.console import Session, print_line
from subalign.cli.messages import EXIT_CODES
from subalign.cli.settings import Settings
from subalign.errors import UsageError
from subalign.options import OwnProfile

__all__ = ["config_app"]

config_app = typer.Typer(
    name="config",
    help="Show what subalign.toml and the environment set.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
)

_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class _Row:
    command: str
    option: str
    value: Any
    origin: str


@config_app.command("show", short_help="Show settings, and where each comes from.")
@subcommand
def show(
    session: Session,
    command: Annotated[
        str | None,
        typer.Argument(
            metavar="COMMAND",
            help="Show every option of this command, those that are not set too.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Show what files and variables set for options, and where each value comes from."""
    settings = session.settings
    if command is not None and command not in settings.options:
        names = ", ".join(settings.options)
        raise UsageError(f"COMMAND must be one of {names}, not {command!r}.")
    rows = list(_rows(settings, command))
    print_line(_as_json(settings, rows) if as_json else _as_text(settings, rows, command))


def _rows(settings: Settings, wanted: str | None) -> Iterator[_Row]:
    """What is set; for a command that is wanted everything that it has."""
    for command, options in settings.options.items():
        if wanted not in (None, command):
            continue
        for name, option in options.items():
            if option.name in (values := settings.values[command]):
                origin = settings.origins[command, option.name]
                yield _Row(command, name, values[option.name], str(origin))
            elif wanted is not None:
                yield _Row(command, name, _default(option), _DEFAULT)


def _default(option: Any) -> Any:
    described = option.show_default
    return described if isinstance(described, str) else option.default


def _as_json(settings: Settings, rows: list[_Row]) -> str:
    return json.dumps(
        {
            "files": [
                {"path": str(path), "read": path in settings.files} for path in settings.looked
            ],
            "options": [
                {"command": row.command, "option": row.option, "value": row.value}
                | {"from": row.origin}
                for row in rows
            ],
            "profiles": [
                {"name": name, "from": str(settings.profile_files[name])} | _limits(profile)
                for name, profile in settings.profiles.items()
            ],
        },
        indent=2,
        ensure_ascii=False,
        default=str,
    )


def _as_text(settings: Settings, rows: list[_Row], command: str | None) -> str:
    lines = ["Files, the last wins:"]
    lines += [
        f"  {path}{'' if path in settings.files else ' (not there)'}" for path in settings.looked
    ] or ["  none"]
    lines += ["", *_table(rows, command)] if rows else ["", "Nothing is set."]
    for name, profile in settings.profiles.items():
        limits = ", ".join(f"{key} {value}" for key, value in _limits(profile).items())
        lines += ["", f"Profile {name}: {limits} ({settings.profile_files[name]})"]
    return "\n".join(lines)


def _table(rows: list[_Row], command: str | None) -> list[str]:
    """A line for each value, and the commands for which it is set."""
    commands: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        commands.setdefault((row.option, _shown(row.value), row.origin), []).append(row.command)
    cells = [("OPTION", "VALUE", "FROM", "COMMANDS")]
    cells += [(*key, ", ".join(names)) for key, names in commands.items()]
    shown = 4 if command is None else 3
    widths = [max(len(line[column]) for line in cells) for column in range(shown)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=False)).rstrip()
        for line in cells
    ]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _limits(profile: OwnProfile) -> dict[str, Any]:
    """What is set in a profile, by its keys."""
    names = [field.name for field in fields(OwnProfile) if field.name != "name"]
    given = {name.replace("_", "-"): getattr(profile, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}
