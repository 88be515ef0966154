"""`subalign models`: what is embedded, cached and available; fetching ahead."""

from typing import Annotated

import typer

from subalign.cli.completions import complete_model
from subalign.cli.console import Session
from subalign.cli.messages import EXIT_CODES, errors_reported

__all__ = ["models_app"]

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


@models_app.command("list", short_help="List the models known by name.")
def list_all(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """List the models that can be used by name, and what each takes on disk."""
    session: Session = context.obj
    with errors_reported(session):
        from subalign.cli.model_table import models_as_json, models_as_table
        from subalign.model import list_models

        entries = list_models()
        typer.echo(models_as_json(entries) if as_json else models_as_table(entries))


@models_app.command("get", short_help="Fetch a model ahead.")
def get(
    context: typer.Context,
    name: _Name,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Fetch a model ahead, for a machine without network, and print its folder."""
    session: Session = context.obj
    with errors_reported(session):
        from subalign.model import fetch

        typer.echo(str(fetch(name, progress=not quiet)))


@models_app.command("where", short_help="Print a model's folder.")
def show_folder(context: typer.Context, name: _Name) -> None:
    """Print the folder of a model that is on this machine."""
    session: Session = context.obj
    with errors_reported(session):
        from subalign.model import where

        typer.echo(str(where(name)))
