"""What the library does with results and subtitle files: cues, text, checks, fixes, new times."""

import io
from collections.abc import Sequence
from fractions import Fraction

from subalign.errors import UsageError
from subalign.options import LayoutOptions, require_kind
from subalign.results import Transcript
from subalign.subtitles.check import Problem, check_file, fix_file
from subalign.subtitles.cue import Cue
from subalign.subtitles.files import SubtitleFile
from subalign.subtitles.formats.registry import get_writer
from subalign.subtitles.layout.cues import lay_out as cues_of
from subalign.subtitles.layout.profiles import Profile, chosen_profile
from subalign.subtitles.retiming import TimeMap, through_points
from subalign.subtitles.retiming import retime as move
from subalign.wording.apply import Wording, apply_wording
from subalign.wording.censoring import read_censored
from subalign.wording.glossary import read_glossary
from subalign.wording.replacements import read_replacements

__all__ = ["check", "fix", "lay_out", "render", "retime", "reword"]

Number = float | Fraction


def lay_out(transcript: Transcript, layout: LayoutOptions = LayoutOptions()) -> tuple[Cue, ...]:
    """The cues of a transcript, in order; times are milliseconds."""
    require_kind("layout", layout, LayoutOptions)
    cues = cues_of(
        transcript.segments, layout, language=transcript.language, duration=transcript.duration
    )
    return tuple(cues)


def render(transcript: Transcript, format: str, layout: LayoutOptions = LayoutOptions()) -> str:
    """A transcript as text in a format, such as srt, vtt or json.

    Raises:
        UsageError: no such format.
    """
    require_kind("layout", layout, LayoutOptions)
    text = io.StringIO(newline="")
    get_writer(format, layout).write(transcript, text)
    return text.getvalue()


def reword(
    transcript: Transcript,
    *,
    glossary: Sequence[str] = (),
    replace: Sequence[str] = (),
    remove_fillers: bool = False,
    censor: Sequence[str] = (),
) -> Transcript:
    """A transcript with other words at the same times; new words share the time of the old ones.

    Args:
        transcript: what was transcribed, or aligned.
        glossary: names and terms that take the place of what sounds like them, each as it is
            written, or "heard as => written".
        replace: "this => that" or "/regular expression/ => that", each after those before it.
        remove_fillers: leave out what people say while they think, by the transcript's language.
        censor: words that become "[bleep]"; * is any letters, "word => text" shows a text.

    Raises:
        UsageError: an entry makes no sense.
    """
    wording = Wording(
        terms=read_glossary("\n".join(glossary), "`glossary`"),
        replacements=read_replacements("\n".join(replace), "`replace`"),
        without_fillers=remove_fillers,
        censored=read_censored("\n".join(censor), "`censor`"),
    )
    return apply_wording(transcript, wording).transcript


def check(file: SubtitleFile, layout: LayoutOptions = LayoutOptions()) -> tuple[Problem, ...]:
    """What is wrong with a subtitle file by its format's rules and a layout's limits.

    Raises:
        UsageError: the layout is openai-whisper's, which has no limits.
    """
    return tuple(check_file(file, _limits(layout)))


def fix(file: SubtitleFile, layout: LayoutOptions = LayoutOptions()) -> SubtitleFile:
    """A subtitle file with what can be put right without judgement; texts stay.

    Raises:
        UsageError: the layout is openai-whisper's, which has no limits.
    """
    return fix_file(file, _limits(layout))


def _limits(layout: LayoutOptions) -> Profile:
    require_kind("layout", layout, LayoutOptions)
    if layout.profile == "openai":
        raise UsageError("`profile=openai` is a layout without limits: name another profile.")
    return chosen_profile(layout)


def retime(
    file: SubtitleFile,
    *,
    shift: Number = 0,
    scale: Number = 1,
    at: Sequence[tuple[Number, Number]] = (),
) -> SubtitleFile:
    """A subtitle file whose times t (seconds) are `scale` · t + `shift`.

    `at` gives one or two pairs of an old and a new time in their place.

    Raises:
        UsageError: the times make no sense together.
    """
    if at and (shift, scale) != (0, 1):
        raise UsageError("`at` says all about the times: leave `shift` and `scale` out.")
    if at:
        times = through_points([(Fraction(old), Fraction(new)) for old, new in at])
    else:
        times = TimeMap(Fraction(scale), Fraction(shift))
    return move(file, times).file
