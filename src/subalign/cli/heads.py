"""`subalign heads`: which attention heads follow the speech, and the dumps that say so."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from subalign.cli import options as cli
from subalign.cli.arguments import Only, PanelledCommand, subcommand
from subalign.cli.console import Session, print_line, stdout_carries
from subalign.cli.messages import EXIT_CODES, shown_warnings
from subalign.cli.parsers import parse_pairs, parse_stretch
from subalign.errors import InputError, UsageError

if TYPE_CHECKING:
    from subalign.model import Whisper

__all__ = ["heads_app"]

heads_app = typer.Typer(
    name="heads",
    help="Show, measure, choose and draw the attention heads that words are timed by.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
)

_argument = partial(typer.Argument, rich_help_panel="Arguments", show_default=False)
_option = partial(typer.Option, rich_help_panel="Results")
_recording = partial(typer.Option, rich_help_panel="Recording")

_Json = Annotated[bool, _option("--json", help="Write JSON.")]
_Model = Annotated[
    str,
    _argument(
        metavar="MODEL",
        help="A name of `subalign models list`, a checkpoint's folder or .pt file, or a Hugging "
        "Face repository.",
        autocompletion=cli.complete_model,
    ),
]
_Audio = Annotated[str, _argument(metavar="AUDIO", help="A recording, or - for standard input.")]
_Overwrite = Annotated[bool, _option("--overwrite", help="Replace what is there.")]
_Compute = Annotated[cli.ComputeArguments, Only("device", "threads")]
_Track = Annotated[cli.AudioArguments, Only("audio_track")]
_Alignment = Annotated[
    cli.AlignmentArguments, Only("method", "qk_scale", "medfilt_width", "kernels")
]


@heads_app.command("list", short_help="List the heads of the models known by name.")
@subcommand
def list_known(session: Session, *, as_json: _Json = False) -> None:  # noqa: ARG001
    """List how many heads each model known by name has, and how many are marked."""
    from subalign.cli.heads_tables import known_as_json, known_as_table
    from subalign.model import known_heads

    models = known_heads()
    print_line(known_as_json(models) if as_json else known_as_table(models))


@heads_app.command("decode", short_help="Show which heads a model or a dump marks.")
@subcommand
def decode(
    session: Session,  # noqa: ARG001
    source: Annotated[
        str,
        _argument(
            metavar="NAME|DUMP",
            help="A name of `subalign heads list`, a checkpoint's folder, or a dump as "
            "openai-whisper's set_alignment_heads takes it. Put a dump between single quotes, "
            "as it may hold any other sign that shells know.",
            autocompletion=cli.complete_model,
        ),
    ],
    *,
    layers: Annotated[
        int | None,
        _option(
            "--layers",
            min=1,
            help="The decoder's layers, for a dump. A dump does not state them: without --layers "
            "and --heads they are those of the known model with as many heads.",
        ),
    ] = None,
    heads: Annotated[
        int | None, _option("--heads", min=1, help="Heads in each layer, for a dump.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Show which heads a model or a dump marks: a picture, the pairs, and the dump."""
    from subalign.cli.heads_tables import heads_as_json, heads_as_text
    from subalign.model import heads_of

    marked = heads_of(source.strip(), layers=layers, heads=heads)
    _print(heads_as_json(marked) if as_json else heads_as_text(marked))


@heads_app.command("encode", short_help="Write a dump that marks these heads.")
@subcommand
def encode(
    session: Session,  # noqa: ARG001
    pairs: Annotated[
        str,
        _argument(
            metavar="PAIRS",
            help="LAYER:HEAD pairs between commas, both counted from 0, such as 2:2,3:0.",
        ),
    ],
    *,
    layers: Annotated[
        int, _option("--layers", min=1, help="The decoder's layers.", show_default=False)
    ],
    heads: Annotated[
        int, _option("--heads", min=1, help="Heads in each layer.", show_default=False)
    ],
) -> None:
    """Write a dump that marks these heads, as openai-whisper's set_alignment_heads takes it.

    The heads of an official model give its own dump. Put a dump between single quotes in a shell.
    """
    from subalign.model import pack_heads

    print_line(pack_heads(parse_pairs(pairs), n_layers=layers, n_heads=heads))


@heads_app.command("score", cls=PanelledCommand, short_help="Measure every head on a recording.")
@subcommand
def score(
    session: Session,
    model: _Model,
    audio: _Audio,
    reference: Annotated[
        str,
        _argument(
            metavar="TRANSCRIPT|TRUTH",
            help="What is said: words with true times (.json of subalign or openai-whisper, "
            ".TextGrid, .ctm), or a transcript.",
        ),
    ],
    *,
    top: Annotated[
        int,
        _option(
            "--top", min=0, metavar="N", help="Heads in the table beside the marked; 0 is all."
        ),
    ] = 24,
    as_json: _Json = False,
    language: cli.Language = None,
    compute: _Compute,
    track: _Track,
    alignment: _Alignment,
) -> None:
    """Measure every cross-attention head by itself on one recording.

    Against true word times where they are given, by the path through its attention; else by how
    orderly and sharp its attention is, and how far it agrees with the other heads.
    """
    options = alignment.options()
    _check_one_input(audio, reference)

    from subalign.heads.data import Recording, read_reference

    recording = Recording(audio, read_reference(reference, recording=_stem(audio)))

    from subalign.cli.heads_tables import report_as_json, show_report
    from subalign.heads.score import score_heads

    with _loaded(model, compute, session) as loaded, _counted(session) as on_window:
        report = score_heads(
            loaded,
            recording,
            language=cli.chosen_language(language),
            audio=track.options(),
            options=options,
            on_window=on_window,
        )
    if as_json:
        print_line(report_as_json(report))
        return
    plain = not stdout_carries(f"●×▁█─{report.model}")
    show_report(report, top=top, plain=plain)


@heads_app.command("find", cls=PanelledCommand, short_help="Choose the heads that time words best.")
@subcommand
def find(
    session: Session,
    model: _Model,
    data: Annotated[
        list[str],
        _argument(
            metavar="DATA",
            help="Recordings, or folders of them, each with a file beside it that has its name and "
            "ends in .words.json, .TextGrid, .ctm, .json (true times) or .txt.",
        ),
    ],
    *,
    most: Annotated[
        int, _option("--most", min=1, metavar="N", help="Choose at most that many heads.")
    ] = 10,
    save: Annotated[
        Path | None,
        _option(
            "--save",
            metavar="FOLDER",
            help="Write the model with these heads as a checkpoint folder: its timing heads and "
            "their shift, by method dtw its alignment heads. May be the model's own folder, if it "
            "is of subalign's form: then its config alone is replaced.",
            show_default=False,
        ),
    ] = None,
    overwrite: _Overwrite = False,
    as_json: _Json = False,
    language: cli.Language = None,
    compute: _Compute,
    track: _Track,
    alignment: _Alignment,
) -> None:
    """Choose the heads from which words are timed best, by greedy forward selection.

    For method viterbi with the shift that takes out what their attention lags or leads.
    Against true word times; recordings with text alone are measured against what all heads give
    together.
    """
    options = alignment.options()

    from subalign.heads.data import find_recordings

    found = list(find_recordings(data))
    usable = [item for item in found if not isinstance(item, InputError)]
    for error in (item for item in found if isinstance(item, InputError)):
        if not usable:
            raise error
        session.warn(str(error))

    from subalign.cli.heads_tables import found_as_json, found_as_text
    from subalign.heads.find import check_head_folder, find_heads, save_found_heads
    from subalign.model import TimingHeads

    if save is not None:
        check_head_folder(model, save, overwrite=overwrite)
    with _loaded(model, compute, session) as loaded, _counted(session) as on_window:
        best = find_heads(
            loaded,
            usable,
            most=most,
            language=cli.chosen_language(language),
            audio=track.options(),
            options=options,
            on_window=on_window,
        )
    _print(found_as_json(best) if as_json else found_as_text(best))
    if save is not None:
        heads = TimingHeads(best.search.best.heads, best.search.best.shift)
        save_found_heads(loaded, model, heads, save, method=best.method, overwrite=overwrite)
        session.say(f"{save} has these heads.")


@heads_app.command(
    "plot", cls=PanelledCommand, short_help="Draw the attention and the path through it."
)
@subcommand
def plot(
    session: Session,
    model: _Model,
    audio: _Audio,
    text: Annotated[
        str | None,
        _argument(
            metavar="[TEXT]",
            help="What is said in the stretch: a file as for `heads score`, or several words "
            "themselves. Without it the stretch is transcribed.",
        ),
    ] = None,
    *,
    output: Annotated[
        Path,
        _option("--output", "-o", metavar="FILE", help="Where to draw: .png, .svg or .pdf."),
    ] = Path("heads.png"),
    start: Annotated[
        str | None,
        _recording("--from", metavar="TIME", help="Where to begin: seconds, m:ss or h:mm:ss."),
    ] = None,
    stop: Annotated[
        str | None, _recording("--to", metavar="TIME", help="Where to end, one window at most.")
    ] = None,
    heads: Annotated[
        str | None,
        _option(
            "--heads",
            metavar="PAIRS",
            help="Draw these heads: LAYER:HEAD pairs between commas.",
            show_default="the alignment heads",
        ),
    ] = None,
    overwrite: _Overwrite = False,
    language: cli.Language = None,
    compute: _Compute,
    track: _Track,
    alignment: Annotated[cli.AlignmentArguments, Only("qk_scale", "medfilt_width", "kernels")],
) -> None:
    """Draw the attention that times words, with the path through it, under the waveform.

    Needs matplotlib: pip install "subalign[plot]".
    """
    options = replace(alignment, method="dtw").options()

    from subalign.heads.data import parse_reference
    from subalign.heads.plot import check_plot_file, plot_attention

    clip = parse_stretch(start, stop)
    pairs = parse_pairs(heads) if heads is not None else None
    check_plot_file(output, overwrite=overwrite)
    if text is not None:
        _check_one_input(audio, text)
    reference = None if text is None else parse_reference(text, recording=_stem(audio))
    with _loaded(model, compute, session) as loaded:
        plot_attention(
            loaded,
            audio,
            output,
            reference=reference,
            clip=clip,
            heads=pairs,
            language=cli.chosen_language(language),
            audio=track.options(),
            options=options,
            overwrite=overwrite,
        )
    session.say(f"{output} is drawn.")


def _print(text: str) -> None:
    from subalign.cli.heads_tables import to_ascii

    print_line(text if stdout_carries(text) else to_ascii(text))


def _check_one_input(audio: str, reference: str) -> None:
    if audio == reference == "-":
        raise UsageError("Standard input cannot be the recording and its words: name one file.")


def _stem(audio: str) -> str:
    from subalign.pipeline.outputs import Input

    return Input(audio, Path()).stem


@contextmanager
def _loaded(name: str, compute: cli.ComputeArguments, session: Session) -> "Iterator[Whisper]":
    """A model, and the warnings of what is done with it."""
    from subalign.cli.loading import loaded_model

    options, quiet = replace(compute, model=name).options(), not session.console.is_terminal
    with shown_warnings(session), loaded_model(options, session, quiet=quiet) as model:
        yield model


@contextmanager
def _counted(session: Session) -> Iterator[Callable[[int, int], None]]:
    """A line on a terminal's standard error that tells how many windows have been heard."""
    if not session.console.is_terminal or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with session.console.status("Hearing window") as status:
        yield lambda done, total: status.update(f"Hearing window {done} of {total}")
