"""`subalign heads plot`: attention drawn under the waveform."""

from pathlib import Path
from typing import Annotated

import typer

from subalign.cli import head_options as shared
from subalign.cli import options as cli
from subalign.cli.choices import chosen_language
from subalign.cli.console import Session, shown_warnings
from subalign.cli.messages import errors_reported
from subalign.options import AudioOptions

__all__ = ["plot"]


def plot(
    context: typer.Context,
    model: shared.ModelArgument,
    audio: shared.AudioArgument,
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
    overwrite: shared.Overwrite = False,
    language: cli.Language = None,
    device: cli.Device = "auto",
    threads: cli.Threads = 0,
    audio_track: cli.AudioTrack = 1,
    qk_scale: cli.QkScale = 1.0,
    medfilt_width: shared.PathMedfiltWidth = 7,
    kernels: cli.Kernels = "auto",
) -> None:
    """Draw the attention that times words, with the path through it, under the waveform.

    Needs matplotlib: pip install "subalign[plot]".
    """
    session: Session = context.obj
    with errors_reported(session), shown_warnings(session):
        options = shared.heads_options("dtw", qk_scale, medfilt_width, kernels)

        from subalign.cli.head_pairs import parse_pairs
        from subalign.cli.parsers import parse_stretch
        from subalign.pipeline.attention_plot import check_plot_file, plot_attention
        from subalign.pipeline.head_data import read_given_text
        from subalign.pipeline.outputs import Input

        stretch = parse_stretch(start, stop)
        pairs = parse_pairs(heads) if heads is not None else None
        check_plot_file(output, overwrite=overwrite)
        if text is not None:
            shared.check_one_input(audio, text)
        stem = Input(audio, Path()).stem
        reference = None if text is None else read_given_text(text, recording=stem)
        with shared.loaded_heads_model(model, device, threads, session) as loaded:
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
