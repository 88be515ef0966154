"""What the writers of all formats share; a format is one subclass in a module of its own."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from io import TextIOWrapper
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, ClassVar, TextIO

from subalign.errors import UsageError
from subalign.options import HighlightStyle, LayoutOptions
from subalign.results import Segment, Transcript, Word
from subalign.subtitles.controls import without_controls
from subalign.subtitles.cue import Cue, CueWord, TextSpan, split_word, visible_text
from subalign.subtitles.layout.cues import lay_out, packs_words
from subalign.subtitles.layout.speakers import chosen_labels, speaker_colours
from subalign.subtitles.tags import Run, Tag, one_line, srt_tag, written_text
from subalign.subtitles.timecode import to_milliseconds

if TYPE_CHECKING:
    from subalign.subtitles.page.page import PageMedia

_logger = logging.getLogger("subalign")

__all__ = [
    "WRITERS",
    "BinaryWriter",
    "CueWriter",
    "ResultWriter",
    "SubtitlesWriter",
    "UnlitCueWriter",
    "apart",
    "segment_span",
    "word_span",
    "word_times",
]


WRITERS: dict[str, type["ResultWriter"]] = {}
"""Every format's writer by the format's name."""


class ResultWriter(ABC):
    """Turns a transcript into one text format; a subclass with an `extension` is a format.

    `extension` is the file name's, without a dot, and `name` what the format is called, where that
    is another word. `recording` is the recording's name, for formats that hold it, and `media` what
    a page has of the recording itself.
    """

    extension: ClassVar[str]
    name: ClassVar[str]

    def __init_subclass__(cls) -> None:
        if "extension" in cls.__dict__:
            cls.name = cls.__dict__.get("name", cls.extension)
            WRITERS[cls.name] = cls

    def __init__(
        self,
        options: LayoutOptions | None = None,
        *,
        recording: str = "",
        media: "PageMedia | None" = None,
    ) -> None:
        self.options = options or LayoutOptions()
        self.recording = recording
        self.media = media

    @abstractmethod
    def render(self, transcript: Transcript) -> Iterator[str]:
        """The file's text in pieces, each ending with a line break."""

    def write(self, transcript: Transcript, file: TextIO) -> None:
        """Write to a text file that was opened with UTF-8, without the text's control characters.

        Raises:
            OSError: the file cannot be written.
        """
        file.writelines(self.render(without_controls(transcript)))

    def write_bytes(self, transcript: Transcript, file: BinaryIO) -> None:
        """Write to a file of bytes: text as UTF-8, with line feeds.

        Raises:
            OSError: the file cannot be written.
        """
        text = TextIOWrapper(file, "utf-8", newline="\n")
        self.write(transcript, text)
        text.detach()


class BinaryWriter(ResultWriter):
    """A format that is no text."""

    @abstractmethod
    def content(self, transcript: Transcript) -> bytes:
        """The file's bytes, of a transcript without control characters.

        Raises:
            UsageError: the format cannot hold it.
        """

    def render(self, transcript: Transcript) -> Iterator[str]:
        raise UsageError(f"`format={self.name}` is no text: write it to a file.")

    def write_bytes(self, transcript: Transcript, file: BinaryIO) -> None:
        file.write(self.content(without_controls(transcript)))


class CueWriter(ResultWriter):
    """A format of cues: words laid out by `LayoutOptions`, optionally highlighted one by one.

    What is highlighted are words, never what stands beside them. Underlined, coloured and bold
    words make a cue for each word, in which that word stands between two tags; every player can
    show that. Karaoke is one cue that holds the words' times, in a format that has such times.

    A cue's text is put together from parts: strings, and what a format makes of tags.

    Where it is known who speaks, a format without colours has dashes in their place.
    """

    has_colours: ClassVar[bool] = False
    colours: Mapping[str, str] = MappingProxyType({})  # of the speakers of what is being written

    def cues(self, transcript: Transcript) -> Iterator[Cue]:
        """The cues, not yet highlighted. Those that break a limit are told by a warning."""
        labels = chosen_labels(self.options)
        if labels == "colour" and not self.has_colours:
            labels = "dash"
        self.colours = self.colours_of(transcript)
        cues = lay_out(
            transcript.segments,
            replace(self.options, speaker_labels=labels),
            language=transcript.language,
            duration=transcript.duration,
        )
        kept = self.options.keep_lines or packs_words(self.options)
        return cues if kept else self._held_to_limits(cues)

    def colours_of(self, transcript: Transcript) -> Mapping[str, str]:
        """The speakers' colours, as #rrggbb; none where they are not told apart by them."""
        if not self.has_colours or chosen_labels(self.options) != "colour":
            return {}
        return speaker_colours(transcript.speakers, self.options)

    def _held_to_limits(self, cues: Iterable[Cue]) -> Iterator[Cue]:
        # they load NumPy, as the layout does
        from subalign.subtitles.layout.limits import breaches_told, find_breaches
        from subalign.subtitles.layout.profiles import chosen_profile

        shown = []
        for cue in cues:
            shown.append(cue)
            yield cue
        profile = chosen_profile(self.options)
        if breaches := find_breaches(shown, profile):
            told = breaches_told(breaches, shown, profile)
            _logger.warning("%s: %s.", self.recording or "The result", told)

    def rendered(self, transcript: Transcript) -> Iterator[TextSpan]:
        """What is shown, one after the other."""
        for cue in self.cues(transcript):
            yield from self.shown(cue)

    def shown(self, cue: Cue) -> Iterator[TextSpan]:
        """A cue as the format writes it: once, or for each word; not at all without text."""
        for start, end, parts in self._states(cue):
            # a tag that the format does not carry may leave the space beside it
            if text := self.join(parts, strip=not packs_words(self.options)):
                yield TextSpan(start, max(end, start + 1), text)

    def join(self, parts: Iterable[str], *, strip: bool) -> str:
        """A cue's text without blank lines; with `strip`, without space at either end."""
        text = "".join(parts)
        return visible_text(text.strip() if strip else text)

    @property
    def highlight(self) -> HighlightStyle | None:
        """How words are highlighted, if they are."""
        return self.options.highlight_style if self.options.highlight_words else None

    def escape(self, text: str) -> str:
        """Make text safe where the format gives characters a meaning."""
        return text

    @abstractmethod
    def tag(self, tag: Tag) -> str:
        """What the format writes for a formatting tag of a given transcript, "" for nothing."""

    @abstractmethod
    def highlight_tags(self) -> tuple[str, str]:
        """What stands before and after the word that is spoken."""

    def karaoke(self, cue: Cue) -> Iterable[str]:
        """A cue's text with its words' times."""
        raise NotImplementedError

    def voice(self, speaker: str, *, alone: bool) -> tuple[str, str]:
        """What stands before and after a speaker's words, `alone` where nobody else has the cue."""
        return "", ""

    def beside(self, runs: Sequence[Run]) -> list[str]:
        """What stands beside a word."""
        return [self.escape(run) if isinstance(run, str) else self.tag(run) for run in runs]

    def word(self, word: CueWord, opening: str = "", closing: str = "") -> list[str]:
        """A word and what stands beside it, in parts.

        Tags stand around the word, not around the space before it nor a line break after it.
        """
        parts = self.beside(word.before) if word.before else []
        text = self.escape(word.text)
        if opening:
            space, said, rest = split_word(text)
            parts += [space, opening, said, closing, rest] if said else [text]
        else:
            parts.append(text)
        if word.after:
            parts += self.beside(word.after)
        return parts

    def _states(self, cue: Cue) -> Iterator[tuple[int, int, Iterable[str]]]:
        style = self.highlight if cue.timed else None
        if style == "karaoke":
            yield cue.start_ms, cue.end_ms, self._sung(cue)
            return
        words = [self.word(word) for word in cue.words]
        if style is None:
            yield cue.start_ms, cue.end_ms, self._voiced(cue, words)
            return
        opening, closing = self.highlight_tags()
        for start, end, lit in word_times(cue):
            shown = words if lit is None else [*words]
            if lit is not None:
                shown[lit] = self.word(cue.words[lit], opening, closing)
            yield start, end, self._voiced(cue, shown)

    def _sung(self, cue: Cue) -> Iterator[str]:
        """A cue's text with its words' times, and its one speaker's voice around it."""
        before, after = self.voice(cue.speaker, alone=True) if cue.speaker else ("", "")
        yield from filter(None, (before, *self.karaoke(cue), after))

    def _voiced(self, cue: Cue, words: Sequence[list[str]]) -> Iterator[str]:
        """The parts of a cue's words, with what the format has around those of each speaker."""
        alone = cue.speaker is not None
        given = zip(cue.words, words, strict=True)
        for speaker, group in groupby(given, key=lambda pair: cue.speaker or pair[0].speaker):
            parts = [part for _, own in group for part in own]
            before, after = self.voice(speaker, alone=alone) if speaker else ("", "")
            if before and type(parts[0]) is str:  # behind the line break before the words
                bare = parts[0].lstrip()
                yield parts[0][: len(parts[0]) - len(bare)]
                parts[0] = bare
            yield from filter(None, (before, *parts, after))


def word_times(cue: Cue) -> Iterator[tuple[int, int, int | None]]:
    """When each word of a cue is spoken, by its index, and when none is (None), in order.

    The words' times lie within the cue's. A word of no duration is left out, unless no other has
    one, and so is time that overlapping words went past.
    """
    shown_until = cue.start_ms
    empty = True
    for index, word in enumerate(cue.words):
        if word.start_ms > shown_until:
            yield shown_until, word.start_ms, None
            empty = False
        if word.end_ms > word.start_ms:
            yield word.start_ms, word.end_ms, index
            empty = False
        shown_until = max(shown_until, word.end_ms)
    if empty or cue.end_ms > shown_until:
        yield cue.start_ms if empty else shown_until, cue.end_ms, None


class UnlitCueWriter(CueWriter):
    """A format that has no means, or no room, to highlight words one by one: none ever is."""

    @property
    def highlight(self) -> HighlightStyle | None:
        return None

    def highlight_tags(self) -> tuple[str, str]:
        return "", ""

    def tag(self, tag: Tag) -> str:
        return srt_tag(tag)


class SubtitlesWriter(CueWriter):
    """SubRip or WebVTT: a block of text for each cue.

    Under the profile openai, for the same transcript and options, the text is openai-whisper's,
    byte for byte, with these exceptions, where its text is wrong:

    1. A segment without timed words becomes a cue of its own, whatever the other segments have;
       openai-whisper fails or leaves its text out.
    2. No empty cue is written for a segment or words without text.
    3. Blank lines in a cue's text are left out, as they would end the cue, and each line ends with
       a line feed alone.
    4. A cue lasts at least 1 ms: WebVTT forbids a cue that ends when it starts, or before.
    5. A word of no duration gets no highlighted cue, unless its cue has no other; time that
       overlapping words went past gets no cue that runs backwards.
    6. A word with a line break in it is highlighted too, and a word of mere space is not.
       A line break before a word is a space.
    7. A time before the recording's start counts as 0; openai-whisper fails.

    The formats add their own, numbered on.
    """

    def render(self, transcript: Transcript) -> Iterator[str]:
        for number, span in enumerate(self.rendered(transcript), start=1):
            yield self.block(number, span)

    @abstractmethod
    def block(self, number: int, span: TextSpan) -> str:
        """One cue as it stands in the file, with the blank line after it."""


def word_span(word: Word) -> TextSpan:
    """The spoken text on one line, without what stands beside it."""
    return _span(word.start, word.end, word.text)


def segment_span(segment: Segment) -> TextSpan:
    """A segment's text as written on one line, without a given transcript's formatting tags."""
    given = segment.words is not None  # text of which nothing is said
    return _span(segment.start, segment.end, written_text(segment, keep_lines=given))


def apart(spans: Iterable[TextSpan]) -> Iterator[TextSpan]:
    """Spans in order that do not overlap, each of a millisecond or more; none without text."""
    until = 0
    for span in spans:
        if span.text:
            start = max(until, span.start_ms)
            until = max(start + 1, span.end_ms)
            yield TextSpan(start, until, span.text)


def _span(start: float, end: float, text: str) -> TextSpan:
    start_ms = to_milliseconds(start)
    return TextSpan(start_ms, max(start_ms + 1, to_milliseconds(end)), one_line(text))
