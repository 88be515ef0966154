"""`subalign heads`: which attention heads follow the speech, and the dumps that say so.

`list`, `decode` and `encode` stand here, what needs recordings in `head_measuring` and
`head_drawing`.
"""

import re
from collections.abc import Iterable
from typing import Annotated

import typer

from subalign.cli.completions import complete_model
from subalign.cli.console import Session
from subalign.cli.heads_measure import find, plot, score
from subalign.cli.messages import EXIT_CODES, errors_reported
from subalign.cli.standard_output import print_line, stdout_carries
from subalign.errors import UsageError
from subalign.model import MarkedHeads, heads_of, known_heads, read_dump
from subalign.model.head_dumps import DUMP_START

__all__ = [
    "find_heads",
    "find_shape",
    "heads_app",
]


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
        from subalign.cli.heads_tables import known_as_json, known_as_table
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
        from subalign.cli.heads import find_heads
        from subalign.cli.heads_tables import heads_as_json, heads_as_text

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
        from subalign.cli.parsers import parse_pairs
        from subalign.model import pack_heads

        print_line(pack_heads(parse_pairs(pairs), n_layers=layers, n_heads=heads))


heads_app.command("score", short_help="Measure every head on a recording.")(score)
heads_app.command("find", short_help="Choose the heads that time words best.")(find)
heads_app.command("plot", short_help="Draw the attention and the path through it.")(plot)


# base85 has neither points nor separators, so that a path can always be told from a dump
_NOT_IN_DUMPS = re.compile(r"[./\\]")


def find_heads(source: str, *, n_layers: int | None, n_heads: int | None) -> MarkedHeads:
    """The heads of a name, folder or dump; the numbers are a dump's, as far as they are known.

    Raises:
        UsageError: the numbers do not fit the dump, are missing, or were given for a model.
        ModelError: there is no such model, or the folder or the dump is damaged.
    """
    source = source.strip()
    if source.startswith(DUMP_START) and not _NOT_IN_DUMPS.search(source):
        dump = read_dump(source)
        known = {(heads.n_layers, heads.n_heads) for heads in known_heads()}
        shape = find_shape(len(dump.flags), n_layers=n_layers, n_heads=n_heads, known=known)
        return MarkedHeads("", *shape, dump.pairs(*shape), source)
    if n_layers is not None or n_heads is not None:
        raise UsageError(
            f"--layers and --heads belong to a dump, but {source} is none: leave them out."
        )
    return heads_of(source)


def find_shape(
    size: int,
    *,
    n_layers: int | None,
    n_heads: int | None,
    known: Iterable[tuple[int, int]],
) -> tuple[int, int]:
    """Layers, and heads in each, of a dump for `size` heads.

    One number gives the other; without both, the only one of the `known` shapes that fits is taken.

    Raises:
        UsageError: the numbers do not fit, or no shape or more than one does.
    """
    if n_layers is None and n_heads is None:
        fitting = sorted({shape for shape in known if shape[0] * shape[1] == size})
        if len(fitting) != 1:
            found = " and ".join(f"{layers} x {heads}" for layers, heads in fitting)
            raise UsageError(
                f"The dump is for {size} heads, which "
                f"{f'may be {found}' if found else 'no known model has'}: give --layers and "
                "--heads."
            )
        return fitting[0]
    layers = n_layers if n_layers is not None else size // (n_heads or 1)
    heads = n_heads if n_heads is not None else size // layers
    if layers * heads != size:
        raise UsageError(
            f"The dump is for {size} heads: --layers times --heads must give that number."
        )
    return layers, heads
