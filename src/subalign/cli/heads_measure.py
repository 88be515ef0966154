"""`subalign heads score` and `find`: heads measured and chosen on recordings."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from subalign.cli import options as cli
from subalign.cli.choices import chosen_language, chosen_machine
from subalign.cli.completions import complete_model
from subalign.cli.console import Session
from subalign.cli.messages import errors_reported, shown_warnings
from subalign.cli.standard_output import print_line, stdout_carries
from subalign.errors import InputError, UsageError
from subalign.options import AlignmentMethod, AlignmentOptions, AudioOptions, KernelChoice

if TYPE_CHECKING:
    from subalign.model import Whisper

__all__ = [
    "AudioArgument",
    "HeadsMethod",
    "ModelArgument",
    "Overwrite",
    "PathMedfiltWidth",
    "check_one_input",
    "counted",
    "find",
    "heads_options",
    "loaded_heads_model",
    "plot",
    "score",
]


ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A name of `subalign models list`, a checkpoint's folder or .pt file, or a Hugging "
        "Face repository.",
        autocompletion=complete_model,
        show_default=False,
    ),
]
AudioArgument = Annotated[
    str, typer.Argument(metavar="AUDIO", help="A recording, or - for standard input.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
PathMedfiltWidth = Annotated[
    int, typer.Option(metavar="FRAMES", help="Odd width of the median filter over 20 ms frames.")
]
HeadsMethod = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="How words are timed from several heads: viterbi (as `align` does) or dtw.",
        rich_help_panel="Words",
    ),
]


def heads_options(
    method: str, qk_scale: float, medfilt_width: int | None, kernels: str
) -> AlignmentOptions:
    """Options of what times words when heads are measured."""
    return AlignmentOptions(
        method=cast(AlignmentMethod, method),  # the options refuse any other name
        qk_scale=qk_scale,
        medfilt_width=medfilt_width,
        kernels=cast(KernelChoice, kernels),
    )


def check_one_input(audio: str, reference: str) -> None:
    """Raise `UsageError` where standard input is named twice."""
    if audio == reference == "-":
        raise UsageError("Standard input cannot be the recording and its words: name one file.")


@contextmanager
def loaded_heads_model(
    name: str, device: str, threads: int, session: Session
) -> "Iterator[Whisper]":
    """The model, as long as the context lasts."""
    machine = chosen_machine(
        model=name,
        model_dir=None,
        device=device,
        dtype=None,
        fp16=None,
        no_sdpa=False,
        threads=threads,
    )
    from subalign.cli.loading import loaded_model

    with loaded_model(machine, session, quiet=not session.console.is_terminal) as model:
        yield model


@contextmanager
def counted(what: str, session: Session) -> Iterator[Callable[[int, int], None]]:
    """A line on a terminal's standard error that tells how far the work has come."""
    if not session.console.is_terminal or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with session.console.status(what) as status:
        yield lambda done, total: status.update(f"{what} {done} of {total}")


_Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def score(
    context: typer.Context,
    model: ModelArgument,
    audio: AudioArgument,
    reference: Annotated[
        str,
        typer.Argument(
            metavar="TRANSCRIPT|TRUTH",
            help="What is said: words with true times (.json of subalign or openai-whisper, "
            ".TextGrid, .ctm), or a transcript.",
            show_default=False,
        ),
    ],
    top: Annotated[
        int,
        typer.Option(
            "--top", min=0, metavar="N", help="Heads in the table beside the marked; 0 is all."
        ),
    ] = 24,
    as_json: _Json = False,
    language: cli.Language = None,
    device: cli.Device = "auto",
    threads: cli.Threads = 0,
    audio_track: cli.AudioTrack = 1,
    method: HeadsMethod = "viterbi",
    qk_scale: cli.QkScale = 1.0,
    medfilt_width: cli.MedfiltWidth = None,
    kernels: cli.Kernels = "auto",
) -> None:
    """Measure every cross-attention head by itself on one recording.

    Against true word times where they are given, by the path through its attention; else by how
    orderly and sharp its attention is, and how far it agrees with the other heads.
    """
    session: Session = context.obj
    with errors_reported(session), shown_warnings(session):
        options = heads_options(method, qk_scale, medfilt_width, kernels)
        check_one_input(audio, reference)

        from subalign.heads.data import HeadData, read_reference
        from subalign.pipeline.outputs import Input

        stem = Input(audio, Path()).stem
        data = HeadData(audio, read_reference(reference, recording=stem))

        from subalign.cli.heads_tables import report_as_json, show_report
        from subalign.heads.measure import score_heads

        with (
            loaded_heads_model(model, device, threads, session) as loaded,
            counted("Hearing window", session) as on_window,
        ):
            report = score_heads(
                loaded,
                data,
                language=chosen_language(language),
                audio=AudioOptions(track=audio_track),
                options=options,
                on_window=on_window,
            )
        if as_json:
            print_line(report_as_json(report))
            return
        from rich.console import Console

        console = Console(markup=False, highlight=False, emoji=False, soft_wrap=True)
        plain = not stdout_carries(f"●×▁█─{report.model}")
        show_report(report, console, top=top, plain=plain)


def find(
    context: typer.Context,
    model: ModelArgument,
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA",
            help="Recordings, or folders of them, each with a file beside it that has its name and "
            "ends in .words.json, .TextGrid, .ctm, .json (true times) or .txt.",
            show_default=False,
        ),
    ],
    most: Annotated[
        int, typer.Option("--most", min=1, metavar="N", help="Choose at most that many heads.")
    ] = 10,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="FOLDER",
            help="Write the model with these heads as a checkpoint folder: its timing heads and "
            "their shift, by method dtw its alignment heads. May be the model's own folder, if it "
            "is of subalign's form: then its config alone is replaced.",
            show_default=False,
        ),
    ] = None,
    overwrite: Overwrite = False,
    as_json: _Json = False,
    language: cli.Language = None,
    device: cli.Device = "auto",
    threads: cli.Threads = 0,
    audio_track: cli.AudioTrack = 1,
    method: HeadsMethod = "viterbi",
    qk_scale: cli.QkScale = 1.0,
    medfilt_width: cli.MedfiltWidth = None,
    kernels: cli.Kernels = "auto",
) -> None:
    """Choose the heads from which words are timed best, by greedy forward selection.

    For method viterbi with the shift that takes out what their attention lags or leads.
    Against true word times; recordings with text alone are measured against what all heads give
    together.
    """
    session: Session = context.obj
    with errors_reported(session), shown_warnings(session):
        options = heads_options(method, qk_scale, medfilt_width, kernels)

        from subalign.heads.data import find_head_data

        found = list(find_head_data(data))
        usable = [item for item in found if not isinstance(item, InputError)]
        for error in (item for item in found if isinstance(item, InputError)):
            if not usable:
                raise error
            session.warn(str(error))
        if save is not None:
            from subalign.heads.measure import check_head_folder

            check_head_folder(model, save, overwrite=overwrite)

        from subalign.cli.heads_tables import found_as_json, found_as_text
        from subalign.heads.measure import find_best_heads, save_best_heads
        from subalign.model import TimingHeads

        with (
            loaded_heads_model(model, device, threads, session) as loaded,
            counted("Hearing window", session) as on_window,
        ):
            best = find_best_heads(
                loaded,
                usable,
                most=most,
                language=chosen_language(language),
                audio=AudioOptions(track=audio_track),
                options=options,
                on_window=on_window,
            )
        text = found_as_json(best) if as_json else found_as_text(best)
        print_line(text if stdout_carries(text) else found_as_text(best, plain=True))
        if save is not None:
            heads = TimingHeads(best.search.best.heads, best.search.best.shift)
            save_best_heads(loaded, model, heads, save, method=best.method, overwrite=overwrite)
            session.say(f"{save} has these heads.")


def plot(
    context: typer.Context,
    model: ModelArgument,
    audio: AudioArgument,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEXT]",
            help="What is said in the stretch: a file as for `heads score`, or several words "
            "themselves. Without it the stretch is transcribed.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Where to draw: .png, .svg or .pdf."),
    ] = Path("heads.png"),
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Where to begin: seconds, m:ss or h:mm:ss."),
    ] = None,
    stop: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Where to end, one window at most.")
    ] = None,
    heads: Annotated[
        str | None,
        typer.Option(
            "--heads",
            metavar="PAIRS",
            help="Draw these heads: LAYER:HEAD pairs between commas.",
            show_default="the alignment heads",
        ),
    ] = None,
    overwrite: Overwrite = False,
    language: cli.Language = None,
    device: cli.Device = "auto",
    threads: cli.Threads = 0,
    audio_track: cli.AudioTrack = 1,
    qk_scale: cli.QkScale = 1.0,
    medfilt_width: PathMedfiltWidth = 7,
    kernels: cli.Kernels = "auto",
) -> None:
    """Draw the attention that times words, with the path through it, under the waveform.

    Needs matplotlib: pip install "subalign[plot]".
    """
    session: Session = context.obj
    with errors_reported(session), shown_warnings(session):
        options = heads_options("dtw", qk_scale, medfilt_width, kernels)

        from subalign.cli.parsers import parse_pairs, parse_stretch
        from subalign.heads.data import read_given_text
        from subalign.heads.plot import check_plot_file, plot_attention
        from subalign.pipeline.outputs import Input

        stretch = parse_stretch(start, stop)
        pairs = parse_pairs(heads) if heads is not None else None
        check_plot_file(output, overwrite=overwrite)
        if text is not None:
            check_one_input(audio, text)
        stem = Input(audio, Path()).stem
        reference = None if text is None else read_given_text(text, recording=stem)
        with loaded_heads_model(model, device, threads, session) as loaded:
            plot_attention(
                loaded,
                audio,
                output,
                reference=reference,
                stretch=stretch,
                heads=pairs,
                language=chosen_language(language),
                audio=AudioOptions(track=audio_track),
                options=options,
            )
        session.say(f"{output} is drawn.")
