"""Recordings that heads are measured on, and the file beside each that says what is spoken when."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from subalign.audio.source import resolve_source
from subalign.errors import InputError
from subalign.heads.reference_words import TIMED_SUFFIXES, read_reference_words
from subalign.pipeline.outputs import find_inputs
from subalign.results import Line, Script, Word

__all__ = ["Recording", "Reference", "find_recordings", "parse_reference", "read_reference"]

# files beside talk.wav, the first that is there counts
_BESIDE = (".words.json", ".textgrid", ".ctm", ".json", ".txt")


@dataclass(frozen=True, slots=True)
class Reference:
    """What is spoken in a recording: `words` with their true times, or else a `script` alone.

    `path` is the file that it was read from, as messages name it.
    """

    path: str
    words: tuple[Word, ...]
    script: Script | None
    language: str | None

    @classmethod
    def of_text(cls, text: str, name: str) -> "Reference":
        """One line of text, which messages call `name`."""
        return cls(name, (), Script((Line(text, ((0, len(text)),)),)), None)

    @property
    def timed(self) -> bool:
        """Whether true times are known."""
        return self.script is None


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording to measure heads on, and what is spoken in it."""

    source: str
    reference: Reference


def read_reference(path: str, *, recording: str = "") -> Reference:
    """The words with times of a JSON, TextGrid or CTM file, else the text of any transcript.

    `recording` is the name in a CTM file that holds several.

    Raises:
        InputError: the file cannot be read or holds no words.
    """
    if Path(path).suffix.lower() in TIMED_SUFFIXES:
        timed = read_reference_words(path, recording=recording)
        if timed.words:
            return Reference(path, timed.words, None, timed.language)
    from subalign.subtitles.script import read_script

    script = read_script(path)
    if not any(line.spoken for line in script.lines):
        raise InputError(f"{path} holds no words: give what is said in the recording.")
    return Reference(path, (), script, script.language)


def parse_reference(text: str, *, recording: str = "") -> Reference:
    """As `read_reference`; what is no file and has a space in it are the words themselves.

    Raises:
        InputError: there is neither such a file nor a second word.
    """
    is_file = False
    with suppress(OSError, ValueError):  # too long for a name, or with a zero byte
        is_file = Path(text).is_file()
    line = " ".join(text.split())
    if " " in line and not is_file:
        return Reference.of_text(line, "The text")
    return read_reference(text, recording=recording)


def find_recordings(sources: Iterable[str]) -> Iterator[Recording | InputError]:
    """Each recording of the given files and folders with the file beside it, or what is wrong.

    That file has the recording's name up to its ending, which is .words.json, .TextGrid, .ctm,
    .json or .txt. Such files among the sources are passed over, so that a shell's * may be used.
    """
    recordings = [source for source in sources if not source.lower().endswith(_BESIDE)]
    for found in find_inputs(recordings):
        if isinstance(found, InputError):
            yield found
            continue
        try:
            resolve_source(found.source)
            beside = _beside(Path(found.source))
            if beside is None:
                raise InputError(
                    f"{found.source} has no truth or transcript beside it: add {found.stem}.json, "
                    f"{found.stem}.TextGrid, {found.stem}.ctm or {found.stem}.txt."
                )
            yield Recording(found.source, read_reference(str(beside), recording=found.stem))
        except InputError as error:
            yield error


def _beside(recording: Path) -> Path | None:
    if not recording.is_file():
        return None
    stem = recording.stem
    there = {
        item.name[len(stem) :].lower(): item
        for item in recording.parent.iterdir()
        if item.name.startswith(stem) and item.is_file()
    }
    return next((there[ending] for ending in _BESIDE if ending in there), None)
