"""`subalign heads`: which attention heads follow the speech, and the dumps that say so.

`list`, `decode` and `encode` stand here, what needs recordings in `head_measuring` and
`head_drawing`.
"""

from typing import Annotated

import typer

from subalign.cli.completions import complete_model
from subalign.cli.console import Session
from subalign.cli.head_drawing import plot
from subalign.cli.head_measuring import find, score
from subalign.cli.messages import EXIT_CODES, errors_reported
from subalign.cli.standard_output import print_line, stdout_carries

__all__ = ["heads_app"]

heads_app = typer.Typer(
    name="heads",
    help="Show, measure, choose and draw the attention heads that words are timed by.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]


@heads_app.command("list", short_help="List the heads of the models known by name.")
def list_all(context: typer.Context, as_json: _Json = False) -> None:
    """List how many heads each model known by name has, and how many are marked."""
    session: Session = context.obj
    with errors_reported(session):
        from subalign.cli.head_views import known_as_json, known_as_table
        from subalign.model import known_heads

        models = known_heads()
        print_line(known_as_json(models) if as_json else known_as_table(models))


@heads_app.command("decode", short_help="Show which heads a model or a dump marks.")
def decode(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="NAME|DUMP",
            help="A name of `subalign heads list`, a checkpoint's folder, or a dump as "
            "openai-whisper's set_alignment_heads takes it. Put a dump between single quotes, "
            "as it may hold any other sign that shells know.",
            autocompletion=complete_model,
            show_default=False,
        ),
    ],
    layers: Annotated[
        int | None,
        typer.Option(
            "--layers",
            min=1,
            help="The decoder's layers, for a dump. A dump does not state them: without --layers "
            "and --heads they are those of the known model with as many heads.",
        ),
    ] = None,
    heads: Annotated[
        int | None, typer.Option("--heads", min=1, help="Heads in each layer, for a dump.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Show which heads a model or a dump marks: a picture, the pairs, and the dump."""
    session: Session = context.obj
    with errors_reported(session):
        from subalign.cli.head_source import find_heads
        from subalign.cli.head_views import heads_as_json, heads_as_text

        marked = find_heads(source, n_layers=layers, n_heads=heads)
        text = heads_as_json(marked) if as_json else heads_as_text(marked)
        print_line(text if stdout_carries(text) else heads_as_text(marked, plain=True))


@heads_app.command("encode", short_help="Write a dump that marks these heads.")
def encode(
    context: typer.Context,
    pairs: Annotated[
        str,
        typer.Argument(
            metavar="PAIRS",
            help="LAYER:HEAD pairs between commas, both counted from 0, such as 2:2,3:0.",
            show_default=False,
        ),
    ],
    layers: Annotated[
        int, typer.Option("--layers", min=1, help="The decoder's layers.", show_default=False)
    ],
    heads: Annotated[
        int, typer.Option("--heads", min=1, help="Heads in each layer.", show_default=False)
    ],
) -> None:
    """Write a dump that marks these heads, as openai-whisper's set_alignment_heads takes it.

    The heads of an official model give its own dump. Put a dump between single quotes in a shell.
    """
    session: Session = context.obj
    with errors_reported(session):
        from subalign.cli.head_pairs import parse_pairs
        from subalign.model import pack_heads

        print_line(pack_heads(parse_pairs(pairs), n_layers=layers, n_heads=heads))


heads_app.command("score", short_help="Measure every head on a recording.")(score)
heads_app.command("find", short_help="Choose the heads that time words best.")(find)
heads_app.command("plot", short_help="Draw the attention and the path through it.")(plot)
