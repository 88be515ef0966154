"""What `subalign heads score`, `find` and `plot` share: arguments, options, the model."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, cast

import typer

from subalign.cli.choices import chosen_machine
from subalign.cli.completions import complete_model
from subalign.cli.console import Session
from subalign.errors import UsageError
from subalign.options import AlignmentMethod, AlignmentOptions, KernelChoice

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
    "heads_options",
    "loaded_heads_model",
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
