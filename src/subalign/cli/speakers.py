"""The options of who speaks, and what is told of them."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from subalign.cli.console import Session
from subalign.cli.parsers import parse_names
from subalign.errors import UsageError
from subalign.options import SpeakerOptions
from subalign.results import Transcript

if TYPE_CHECKING:
    import torch

__all__ = ["SPEAKERS", "SpeakerArguments", "prepare_voices", "tell_speakers"]

SPEAKERS = "Speakers: "
"""What the line begins with that names what tells them apart."""

_option = partial(typer.Option, rich_help_panel="Who speaks")


@dataclass(frozen=True, kw_only=True)
class SpeakerArguments:
    """Who speaks, and under which names."""

    speakers: Annotated[
        str | None,
        _option(
            metavar="WHO",
            help="Tell who says what: auto or how many speak, by their voices (extra speakers); "
            "channels, for a speaker on each (of a call); or the turns in a file NAME.rttm.",
            show_default=False,
        ),
    ] = None
    speaker_names: Annotated[
        str | None,
        _option(
            metavar="A=NAME,…",
            help="What speakers are called: A=Anna,B=Ben.",
            show_default=False,
        ),
    ] = None

    def options(self, *, transcript_has_voices: bool = False) -> SpeakerOptions:
        """The same for the library; names alone are of a given transcript's voices.

        Raises:
            InputError: the file of turns cannot be read, or holds none.
            UsageError: values that make no sense.
        """
        from subalign.pipeline.speakers import speaker_options

        names_nobody = self.speaker_names is not None and self.speakers is None
        if names_nobody and not transcript_has_voices:
            raise UsageError("--speaker-names needs --speakers.")
        return speaker_options(self.speakers, parse_names(self.speaker_names))

    def renamed(self) -> SpeakerOptions:
        """The new names alone, for speakers that are known.

        Raises:
            UsageError: they make no sense.
        """
        return SpeakerOptions(speaker_names=tuple(parse_names(self.speaker_names).items()))


def tell_speakers(
    transcript: Transcript, options: SpeakerOptions, label: str, session: Session, *, quiet: bool
) -> None:
    """Say who speaks how much, and which names are of nobody."""
    missing = [old for old, new in options.speaker_names if new not in transcript.speakers]
    if missing and transcript.segments:
        has = ", ".join(transcript.speakers) or "none"
        session.warn(f"{label} has no speaker {', '.join(missing)}; its speakers are: {has}.")
    pieces = [piece for one in transcript.segments for piece in one.words or (one,)]
    counts = Counter(piece.speaker for piece in pieces if piece.speaker is not None)
    if counts and not quiet:
        shares = [f"{name} ({count / counts.total():.0%})" for name, count in counts.most_common()]
        speakers = "1 speaker" if len(counts) == 1 else f"{len(counts)} speakers"
        session.say(f"{label}: {speakers}: {', '.join(shares)} of the words.")


def prepare_voices(
    options: SpeakerOptions, device: "torch.device", session: Session, *, quiet: bool
) -> None:
    """Load what tells voices apart, where it is needed, and say what it is.

    Raises:
        ModelError: it is not available.
        UsageError: neither of the packages is here that can.
    """
    if options.by_voice:
        from subalign.cli.loading import fetch_shown
        from subalign.speakers.voices import load_voices

        with fetch_shown(session, quiet=quiet) as progress:
            name = load_voices(device, progress)
        if not quiet:
            session.say(f"told apart by {name}.", prefix=SPEAKERS)
