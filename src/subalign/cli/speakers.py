"""The options of who speaks, and what is told of them."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from subalign.cli.console import Session
from subalign.cli.parsers import parse_names
from subalign.errors import UsageError
from subalign.options import SpeakerOptions
from subalign.results import Transcript

__all__ = ["SpeakerArguments", "load_voices", "tell_speakers"]

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

    def options(self) -> SpeakerOptions:
        """The same for the library.

        Raises:
            InputError: the file of turns cannot be read, or holds none.
            UsageError: values that make no sense.
        """
        from subalign.pipeline.speakers import speaker_options

        if self.speaker_names is not None and self.speakers is None:
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


def load_voices(options: SpeakerOptions, session: Session, *, quiet: bool) -> None:
    """Have the network on this machine that tells voices apart, where it is needed.

    Raises:
        ModelError: it is not available.
    """
    if options.by_voice:
        from subalign.cli.loading import fetch_shown
        from subalign.speakers.weights import voice_encoder

        with fetch_shown(session, quiet=quiet) as progress:
            voice_encoder(progress)
