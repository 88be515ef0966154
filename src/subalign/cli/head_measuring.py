"""`subalign heads score` and `find`: heads measured and chosen on recordings."""

from pathlib import Path
from typing import Annotated

import typer

from subalign.cli import head_options as shared
from subalign.cli import options as cli
from subalign.cli.choices import chosen_language
from subalign.cli.console import Session, shown_warnings
from subalign.cli.messages import errors_reported
from subalign.cli.standard_output import print_line, stdout_carries
from subalign.errors import InputError
from subalign.options import AudioOptions

__all__ = ["find", "score"]

_Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def score(
    context: typer.Context,
    model: shared.ModelArgument,
    audio: shared.AudioArgument,
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
    method: shared.HeadsMethod = "viterbi",
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
        options = shared.heads_options(method, qk_scale, medfilt_width, kernels)
        shared.check_one_input(audio, reference)

        from subalign.pipeline.head_data import HeadData, read_reference
        from subalign.pipeline.outputs import Input

        stem = Input(audio, Path()).stem
        data = HeadData(audio, read_reference(reference, recording=stem))

        from subalign.cli.head_reports import report_as_json, show_report
        from subalign.pipeline.heads import score_heads

        with (
            shared.loaded_heads_model(model, device, threads, session) as loaded,
            shared.counted("Hearing window", session) as on_window,
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
    model: shared.ModelArgument,
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
    overwrite: shared.Overwrite = False,
    as_json: _Json = False,
    language: cli.Language = None,
    device: cli.Device = "auto",
    threads: cli.Threads = 0,
    audio_track: cli.AudioTrack = 1,
    method: shared.HeadsMethod = "viterbi",
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
        options = shared.heads_options(method, qk_scale, medfilt_width, kernels)

        from subalign.pipeline.head_data import find_head_data

        found = list(find_head_data(data))
        usable = [item for item in found if not isinstance(item, InputError)]
        for error in (item for item in found if isinstance(item, InputError)):
            if not usable:
                raise error
            session.warn(str(error))
        if save is not None:
            from subalign.pipeline.heads import check_head_folder

            check_head_folder(model, save, overwrite=overwrite)

        from subalign.cli.head_reports import found_as_json, found_as_text
        from subalign.model import TimingHeads
        from subalign.pipeline.heads import find_best_heads, save_best_heads

        with (
            shared.loaded_heads_model(model, device, threads, session) as loaded,
            shared.counted("Hearing window", session) as on_window,
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
