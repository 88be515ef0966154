"""Pages that mkdocs makes when it builds: the command's reference, and two files of the root."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer import Context
from typer.main import get_command

from subalign.cli.app import app

ROOT = Path(__file__).resolve().parents[1]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add `cli.md`, made from the command itself, and CONTRIBUTING and CHANGELOG as pages."""
    command = get_command(app)
    pages = {
        "cli.md": "\n".join(_reference(command, Context(command, info_name="subalign"))),
        "contributing.md": (ROOT / "CONTRIBUTING.md").read_text("utf-8"),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text("utf-8"),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def _reference(command: Any, context: Context) -> Iterator[str]:
    """Markdown lines on a command and its subcommands: usage, then the options by panel."""
    title = "The command" if context.parent is None else f"`{context.command_path}`"
    depth = min(context.command_path.count(" ") + 1, 3)
    yield f"{'#' * depth} {title}\n"
    yield f"{command.help}\n"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```\n{usage}\n```\n"
    panels: dict[str, list[str]] = {}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            panel = getattr(parameter, "rich_help_panel", None) or "Options"
            panels.setdefault(panel, []).append(f"- `{record[0]}`: {record[1]}")
    for panel, options in panels.items():
        yield f"**{panel}**\n"
        yield "\n".join(options) + "\n"
    for name in getattr(command, "commands", ()):
        subcommand = command.get_command(context, name)
        yield from _reference(subcommand, Context(subcommand, info_name=name, parent=context))
