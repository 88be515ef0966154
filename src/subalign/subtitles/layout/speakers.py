"""Who speaks, as cues tell it: by a dash, a name, a colour, or by nothing but a new cue.

Labels stand in `Word.before`, where a given transcript has its own: layout measures them with the
text, and breaks there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from subalign.characters import is_unspaced
from subalign.options import LayoutOptions, SpeakerLabels
from subalign.results import Segment, Word
from subalign.subtitles.cue import Cue, CueWord
from subalign.subtitles.layout.chunks import turn_before
from subalign.subtitles.layout.profiles import PROFILES

__all__ = [
    "Labeller",
    "chosen_labels",
    "name_label",
    "shown_segments",
    "speaker_colours",
    "split_at_speakers",
]

_DASH = "- "
# As the BBC's guidelines have them, in this order after the text's own colour; then others that
# read well on dark pictures.
_COLOURS = ("#ffff00", "#00ffff", "#00ff00", "#ff9fff", "#ffb347", "#9fb7ff", "#ff8f8f", "#c0ff8f")


def chosen_labels(options: LayoutOptions) -> SpeakerLabels:
    """How speakers are told apart: as the options say, else as the profile does."""
    if options.speaker_labels is not None:
        return options.speaker_labels
    profile = PROFILES.get(options.base_profile)
    return "name" if profile is None else profile.speaker_labels


def speaker_colours(speakers: Sequence[str], options: LayoutOptions) -> Mapping[str, str]:
    """Each speaker's colour as #rrggbb, the first one's that of the text; seven or more differ."""
    own = options.style.color.lower()
    taken = {own, options.style.highlight.lower() if options.highlight_words else own}
    colours = (own, *(colour for colour in _COLOURS if colour not in taken))
    return {name: colours[number % len(colours)] for number, name in enumerate(speakers)}


def name_label(name: str) -> str:
    """What stands before what a speaker says: `ANNA: `."""
    return f"{name.upper()}：" if name and is_unspaced(name[-1]) else f"{name.upper()}: "


def split_at_speakers(segments: Iterable[Segment]) -> Iterator[Segment]:
    """The segments, parted where another speaker begins: each is one speaker's.

    A word without a speaker goes with those before it. Parts have no tokens.
    """
    for segment in segments:
        runs = list(_runs(segment.words or ()))
        if len(runs) < 2:
            speaker = runs[0][0] if runs else segment.speaker
            yield segment if speaker == segment.speaker else replace(segment, speaker=speaker)
            continue
        for number, (speaker, words) in enumerate(runs):
            yield replace(
                segment,
                start=segment.start if number == 0 else words[0].start,
                end=segment.end if number == len(runs) - 1 else words[-1].end,
                text="".join(word.before + word.text + word.after for word in words),
                words=tuple(words),
                tokens=(),
                speaker=speaker,
            )


def _runs(words: Sequence[Word]) -> Iterator[tuple[str | None, list[Word]]]:
    run: list[Word] = []
    speaker: str | None = None
    for word in words:
        if run and None not in (speaker, word.speaker) and word.speaker != speaker:
            yield speaker, run
            run, speaker = [], None
        run.append(word)
        speaker = speaker or word.speaker
    if run:
        yield speaker, run


def shown_segments(segments: Iterable[Segment], options: LayoutOptions) -> Iterator[Segment]:
    """The segments of a text without cues: parted at speakers, with names where another begins.

    Dashes, or nothing, stand there only where the options ask for that.
    """
    asked = options.speaker_labels
    labels: SpeakerLabels = asked if asked in ("dash", "none") else "name"
    return Labeller(labels, keeps_segments=options.keep_lines).segments(segments)


class Labeller:
    """Puts labels into segments before they are laid out, and takes needless ones out of cues.

    Where there is but one speaker nothing is labelled. With `keeps_segments` none is parted, and
    names alone are labels, as each is one cue.
    """

    def __init__(self, labels: SpeakerLabels, *, keeps_segments: bool = False) -> None:
        self._labels = labels
        self._keeps_segments = keeps_segments
        self._source = 0  # the number of the next word; see `CueWord`
        self._dashed: set[int] = set()  # of words before which a dash was put

    def segments(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """The segments to lay out."""
        given = iter(segments)
        for segment in given:
            if not _speakers((segment,)):
                yield segment
                self._source += len(segment.words or (segment,))
                continue
            rest = [segment, *given]
            if len(_speakers(rest)) > 1:
                yield from self._labelled(rest if self._keeps_segments else split_at_speakers(rest))
            else:
                yield from rest

    def _labelled(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        speaker: str | None = None
        for segment in segments:
            if segment.speaker is not None and segment.speaker != speaker:
                speaker = segment.speaker
                yield self._with_label(segment, speaker)
            else:
                yield segment
            self._source += len(segment.words or (segment,))

    def _with_label(self, segment: Segment, speaker: str) -> Segment:
        if self._labels == "name":
            label = name_label(speaker)
        elif self._labels == "dash" and not self._keeps_segments:
            label = _DASH
        else:
            return segment
        words = segment.words or ()
        before = words[0].before or words[0].text if words else segment.text
        if turn_before(before):
            return segment
        if label == _DASH:
            self._dashed.add(self._source)
        if not words:
            return replace(segment, text=_labelled(segment.text, label))
        if words[0].before:
            first = replace(words[0], before=_labelled(words[0].before, label))
        else:
            bare = words[0].text.lstrip()
            space = words[0].text[: len(words[0].text) - len(bare)]
            first = replace(words[0], before=space + label, text=bare)
        words = (first, *words[1:])
        text = "".join(word.before + word.text + word.after for word in words)
        return replace(segment, words=words, text=text)

    def cue(self, cue: Cue) -> Cue:
        """The cue without a dash where only one speaks in it."""
        first = cue.words[0]
        if first.source not in self._dashed or cue.speaker is None:
            return cue
        bare, rest = _without_dash(first), cue.words[1:]
        if not (bare.text or bare.before or bare.after):  # the dash was a word of untimed text
            return replace(cue, words=(rest[0]._replace(text=rest[0].text.lstrip()), *rest[1:]))
        return replace(cue, words=(bare, *rest))


def _speakers(segments: Iterable[Segment]) -> set[str]:
    names = {piece.speaker for one in segments for piece in one.words or (one,)}
    return {name for name in names if name is not None}


def _labelled(text: str, label: str) -> str:
    bare = text.lstrip()
    return text[: len(text) - len(bare)] + label + bare


def _without_dash(word: CueWord) -> CueWord:
    runs = list(word.before)
    for index, run in enumerate(runs):
        if isinstance(run, str) and run.lstrip().startswith(_DASH.strip()):
            space = run[: len(run) - len(run.lstrip())]
            runs[index] = space + run.lstrip()[1:].lstrip()
            return word._replace(before=tuple(run for run in runs if run != ""))
    text = word.text.lstrip()
    return word._replace(text=text[1:].lstrip()) if text.startswith(_DASH.strip()) else word
