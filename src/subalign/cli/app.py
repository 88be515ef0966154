"""The root of the command: `subalign`, its subcommands and its two own options."""

import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer
from typer.main import get_command

from subalign.cli.align import align
from subalign.cli.arguments import ASKS_HELP, PanelledCommand, RootGroup
from subalign.cli.check import check
from subalign.cli.config import config_app
from subalign.cli.console import Session, discard_output, output_error
from subalign.cli.doctor import doctor
from subalign.cli.heads import heads_app
from subalign.cli.jobs import jobs_app
from subalign.cli.messages import EXIT_CODES, INTERRUPTED, errors_reported, report
from subalign.cli.models import models_app
from subalign.cli.mux import mux
from subalign.cli.render import render
from subalign.cli.retime import retime
from subalign.cli.settings import Settings, own_commands, read_settings
from subalign.cli.transcribe import transcribe
from subalign.errors import UsageError

__all__ = ["app", "run"]

app = typer.Typer(
    name="subalign",
    cls=RootGroup,
    epilog=EXIT_CODES,
    no_args_is_help=True,
    # Rich's help cuts long option names short on narrow terminals, and wraps errors into boxes.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["--help", "-h"],
        # openai-whisper spells its options with underscores
        "token_normalize_func": lambda name: name.replace("_", "-"),
    },
)
for _command, _short_help in (
    (transcribe, "Turn recordings into subtitles."),
    (align, "Time the words of a given transcript."),
    (render, "Write saved results anew, without a model."),
    (check, "Find and fix what is wrong with subtitles."),
    (retime, "Shift, stretch or re-align subtitles."),
    (mux, "Put subtitles into a video."),
):
    app.command(
        cls=PanelledCommand, short_help=_short_help, epilog=EXIT_CODES, no_args_is_help=True
    )(_command)
app.add_typer(jobs_app)
app.add_typer(config_app)
app.add_typer(models_app)
app.add_typer(heads_app)
app.command(short_help="Show whether everything needed is there.")(doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        from subalign import __version__

        typer.echo(f"subalign {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar="SUBALIGN_DEBUG", help="Show tracebacks of errors."),
    ] = False,
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            envvar="SUBALIGN_CONFIG",
            metavar="FILE",
            help="Take settings from this file alone; none takes them from no file.",
            show_default="subalign.toml of the user and of the working folder or one above it",
        ),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """Subtitles with every word timed, from recordings.

    `subalign FILE` is `subalign transcribe FILE`.
    """
    session = Session(debug=debug)
    settings = Settings()
    with suppress(UsageError) if context.meta[ASKS_HELP] else errors_reported(session):
        settings = read_settings(own_commands(context.command), config)
    context.obj = Session(debug=debug, settings=settings)
    context.default_map = dict(settings.values)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line and return its exit code."""
    command = get_command(app)
    try:
        with warnings.catch_warnings():
            # Notices of other packages are for developers, who ask for them with -W.
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            command(list(arguments), prog_name="subalign")
    except KeyboardInterrupt as error:
        return report(error, Session())
    except OSError as error:  # help and version; what commands raise was reported
        discard_output()
        return report(output_error(error, "lead it elsewhere"), Session())
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # what Typer makes of it, wherever it comes
            return report(KeyboardInterrupt(), Session())
        return stop.code if isinstance(stop.code, int) else 0
    return 0
