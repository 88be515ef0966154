"""`subalign doctor`: whether everything that subalign needs is there and works."""

from typing import Annotated

import typer

from subalign.cli.console import Session
from subalign.cli.messages import errors_reported
from subalign.cli.standard_output import print_line

__all__ = ["doctor"]


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Show versions, ffmpeg, devices and models; exit code 1 if something needed fails."""
    session: Session = context.obj
    with errors_reported(session):
        from subalign.cli.diagnosis import diagnose

        with session.console.status("Looking around"):
            diagnosis = diagnose()
        print_line(diagnosis.as_json() if as_json else diagnosis.as_text())
        raise typer.Exit(1 if diagnosis.problems else 0)
