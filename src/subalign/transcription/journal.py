"""A recording's final windows in a file, so that a killed transcription goes on after the last.

One line of JSON tells what is transcribed, and in which language; each further one has the segments
of the windows that became final together, and what decoding the next ones depends on.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from subalign.decoding import LanguageGuess
from subalign.errors import OutputError
from subalign.results import Segment, Word

__all__ = ["Journal", "JournalEntry", "WindowState"]


@dataclass(frozen=True, slots=True)
class WindowState:
    """What decoding goes on with after a window, besides the segments before it.

    `generator` is the sampling's state. In a sequence of windows, tokens from number `prompt_from`
    on are the next window's prompt, and words before it ended at `last_speech_end` (seconds).
    """

    generator: bytes
    prompt_from: int = 0
    last_speech_end: float = 0.0


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Segments that are final, up to a mel frame of a clip, and the state after them."""

    clip: int
    frame: int
    segments: tuple[Segment, ...]
    state: WindowState


class Journal:
    """The journal of one transcription.

    `identity` stands for all that the result depends on; a journal of another one is begun anew.
    `entries` are what is in it already, and `guess` the language that was detected before them.

    Raises:
        OutputError: the file cannot be read or written.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self._path = path
        self._identity = identity
        self._generator = b""
        self.guess: LanguageGuess | None = None
        self.entries: list[JournalEntry] = []
        whole = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a+b") as file:
                file.seek(0)
                with suppress(ValueError, KeyError, TypeError):  # the last line of a killed run
                    for line in file:
                        self._take(line, first=not whole)
                        whole += len(line)
                file.truncate(whole)
        except OSError as error:
            raise self._error(error) from error
        self._begun = whole > 0

    def _take(self, line: bytes, *, first: bool) -> None:
        facts = json.loads(line)
        if not line.endswith(b"\n"):
            raise ValueError("cut off")
        if first:
            if facts["identity"] != self._identity:
                raise ValueError("of another transcription")
            self.guess = facts["guess"] and _guess(facts["guess"])
        else:
            self.entries.append(self._entry(facts))

    def _entry(self, facts: dict[str, Any]) -> JournalEntry:
        if facts["generator"] is not None:
            self._generator = bytes.fromhex(facts["generator"])
        state = WindowState(self._generator, facts["prompt_from"], facts["last_speech_end"])
        segments = tuple(_segment(segment) for segment in facts["segments"])
        return JournalEntry(facts["clip"], facts["frame"], segments, state)

    @property
    def begun(self) -> bool:
        """Whether the language, if it was to be detected, is known."""
        return self._begun

    def begin(self, guess: LanguageGuess | None) -> None:
        """Take down the language before the first window."""
        self._begun = True
        self._write({"identity": self._identity, "guess": guess and asdict(guess)})

    def append(
        self, clip: int, frame: int, segments: Sequence[Segment], state: WindowState
    ) -> None:
        """Take down what has become final, before anybody is told."""
        changed = state.generator != self._generator  # a few kilobytes, and seldom other ones
        self._generator = state.generator
        self._write(
            {
                "clip": clip,
                "frame": frame,
                "generator": state.generator.hex() if changed else None,
                "prompt_from": state.prompt_from,
                "last_speech_end": state.last_speech_end,
                "segments": [asdict(segment) for segment in segments],
            }
        )

    def _write(self, facts: dict[str, Any]) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(json.dumps(facts).encode() + b"\n")
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> OutputError:
        reason = (error.strerror or str(error)).lower()
        return OutputError(
            f"{self._path} cannot be written ({reason}): give another `ledger`, beside which it is."
        )


def _guess(facts: dict[str, Any]) -> LanguageGuess:
    probabilities = tuple((language, number) for language, number in facts["probabilities"])
    return LanguageGuess(facts["language"], probabilities, facts["no_speech_prob"])


def _segment(facts: dict[str, Any]) -> Segment:
    words = facts["words"]
    return Segment(
        **facts
        | {
            "tokens": tuple(facts["tokens"]),
            "words": words if words is None else tuple(Word(**word) for word in words),
        }
    )
