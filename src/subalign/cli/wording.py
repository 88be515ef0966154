"""The options that change which words are written, and what is told of the changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from subalign.cli.console import Session
from subalign.results import Transcript
from subalign.wording.apply import Wording, apply_wording
from subalign.wording.censoring import read_censored
from subalign.wording.edits import Change
from subalign.wording.glossary import read_glossary
from subalign.wording.replacements import read_replacements

__all__ = ["WordingArguments", "reword", "tell_changes"]

_option = partial(typer.Option, rich_help_panel="Which words are written")
_TOLD = 8  # different changes in a message


@dataclass(frozen=True, kw_only=True)
class WordingArguments:
    """Lists of words, each a text file with a line for each entry."""

    glossary: Annotated[
        Path | None,
        _option(
            metavar="FILE",
            help="Names and terms as they are written, one a line, or heard as => term: made "
            "likelier where something like them is heard, and put in place of what sounds like "
            "them.",
            show_default=False,
        ),
    ] = None
    replace: Annotated[
        Path | None,
        _option(
            metavar="FILE",
            help="Replace words, which keep their times: this => that on each line, or "
            "/regular expression/ => that.",
            show_default=False,
        ),
    ] = None
    remove_fillers: Annotated[
        bool,
        _option("--remove-fillers", help="Leave out um, uh and the like, by language."),
    ] = False
    censor: Annotated[
        Path | None,
        _option(
            metavar="FILE",
            help="Write [bleep] for the words of this list (one a line; * is any letters), and "
            "their times to NAME.censored.labels.txt.",
            show_default=False,
        ),
    ] = None

    def wording(self) -> Wording:
        """The same, read.

        Raises:
            InputError: a list cannot be read.
            UsageError: a line of it makes no sense.
        """
        return Wording(
            terms=read_glossary(_text(self.glossary), str(self.glossary)),
            replacements=read_replacements(_text(self.replace), str(self.replace)),
            without_fillers=self.remove_fillers,
            censored=read_censored(_text(self.censor), str(self.censor)),
        )


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    from subalign.subtitles.files.encodings import read_text_file

    advice = "give a text file with a line for each entry"
    return read_text_file(path, noun="list of words", endings=".txt", advice=advice).text


def reword(
    transcript: Transcript, wording: Wording, label: str, session: Session, *, quiet: bool
) -> tuple[Transcript, Sequence[Change]]:
    """The transcript with the wanted words, and what was censored; the changes are told."""
    found = apply_wording(transcript, wording)
    if not quiet:
        for verb, changes in (
            ("corrected by the glossary", found.corrected),
            ("replaced", found.replaced),
            ("removed", found.fillers),
        ):
            tell_changes(label, verb, [(one.before, one.after) for one in changes], session)
        if found.censored:
            session.say(f"{label}: {_words(len(found.censored))} censored.")
    return found.transcript, found.censored


def tell_changes(
    label: str, verb: str, changes: Sequence[tuple[str, str]], session: Session
) -> None:
    """One line on what was changed into what, the most frequent first."""
    if not changes:
        return
    counted = Counter(changes)
    parts = [
        (f"{before} {session.arrow} {after}" if after else before)
        + (f" ({count} times)" if count > 1 else "")
        for (before, after), count in counted.most_common(_TOLD)
    ]
    others = len(counted) - len(parts)
    rest = f", and {others} more" if others else ""
    session.say(f"{label}: {_words(len(changes))} {verb}: {', '.join(parts)}{rest}.")


def _words(count: int) -> str:
    return f"{count} {'word' if count == 1 else 'words'}"
