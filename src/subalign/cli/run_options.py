"""Options of a run over many recordings."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from subalign.cli.job import RunOptions
from subalign.cli.parsers import parse_jobs, parse_shard

__all__ = ["RunArguments"]

_many = partial(typer.Option, rich_help_panel="Many recordings")


@dataclass(frozen=True, kw_only=True)
class RunArguments:
    """How a run over many recordings is done."""

    manifest: Annotated[
        str | None,
        _many(
            "--manifest",
            metavar="FILE",
            help="Recordings as JSON lines: path, id (what the results are called), and of its own "
            "language, task, initial_prompt, clip, audio_track, channel, speakers, speaker_names; "
            "- for standard input.",
            show_default=False,
        ),
    ] = None
    ledger: Annotated[
        Path | None,
        _many(
            "--ledger",
            metavar="FILE",
            help="Keep account of every recording in this SQLite file: `subalign jobs` shows it.",
            show_default="with --resume subalign.ledger, of a shard subalign-I-of-N.ledger, beside "
            "the results",
        ),
    ] = None
    resume: Annotated[
        bool,
        _many(
            "--resume",
            help="Go on where the run of the ledger ended, or begin one: what is done stays, what "
            "was interrupted goes on.",
        ),
    ] = False
    retry_failed: Annotated[
        bool,
        _many("--retry-failed", help="As --resume, and try again what failed."),
    ] = False

    jobs: Annotated[
        str | None,
        _many(
            "--jobs",
            "-j",
            metavar="N",
            help="Work in so many processes at once, each with the model and a share of the cores, "
            "or a GPU; auto: as many as there are cores (GPUs) and room in memory. One that dies "
            "costs its own recording alone.",
            show_default="in this process",
        ),
    ] = None

    engine: Annotated[
        Literal["local", "ray"],
        _many(help="Where --jobs are: on this machine, or actors on a Ray cluster (extra ray)."),
    ] = "local"
    address: Annotated[
        str | None,
        _many(
            "--address",
            metavar="HOST:PORT",
            help="The Ray cluster's.",
            show_default="$RAY_ADDRESS, else a cluster of this machine alone",
        ),
    ] = None
    shard: Annotated[
        str | None,
        _many(
            "--shard",
            metavar="I/N",
            help="Only part I of N of the recordings, by their names: for N machines with the same "
            "storage, from 1/N to N/N.",
            show_default="all",
        ),
    ] = None

    report: Annotated[
        Path | None,
        _many(
            "--report",
            metavar="FILE",
            help="Write in the end, as JSON, what came of each recording: its results and their "
            "checksums, how long it took, or why it failed.",
            show_default=False,
        ),
    ] = None

    def options(self) -> RunOptions:
        """The same, checked."""
        return RunOptions(
            ledger=self.ledger,
            resume=self.resume,
            retry_failed=self.retry_failed,
            jobs=parse_jobs(self.jobs),
            engine=self.engine,
            address=self.address,
            shard=parse_shard(self.shard),
            report=self.report,
        )
