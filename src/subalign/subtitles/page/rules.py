"""What the page's script goes by when it wraps, checks and writes cues that are edited there.

The rules have their one home in the layout and in the writers; here they become JSON.
"""

import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from itertools import groupby

from wcwidth import wcwidth

from subalign.options import LayoutOptions
from subalign.results import Transcript
from subalign.subtitles.layout.break_costs import rules_for_page
from subalign.subtitles.layout.chunks import TURNS
from subalign.subtitles.layout.cues import packs_words
from subalign.subtitles.layout.profiles import PROFILES, Profile, chosen_profile
from subalign.subtitles.layout.speakers import chosen_labels, speaker_colours
from subalign.subtitles.page.cues import PageCue, Token
from subalign.subtitles.tags import TAG, Tag, split_tags

__all__ = ["TagForm", "editing_rules"]

TagForm = Callable[[Tag], str]
"""What a format writes for a tag."""

# what a typed cue may have beside the tags that are in the transcript already
_USUAL_TAGS = ("<i>", "</i>", "<b>", "</b>", "<u>", "</u>")
_WIDEST_CODE = 0x3FFFF  # above it are tags and private characters, which no font has
_SPEAKERS = 20  # colours come again long before
_VIRAMA = 9  # its canonical combining class


def editing_rules(
    transcript: Transcript,
    options: LayoutOptions,
    cues: Iterable[PageCue],
    tag_forms: Sequence[TagForm],
) -> Mapping[str, object]:
    """The rules as JSON; `tag_forms` are those of SubRip, WebVTT and SubStation Alpha."""
    # it loads NumPy
    from subalign.subtitles.layout.segmenter import LIMITS, LayoutCosts

    profile = _profile(options)
    return {
        **rules_for_page(transcript.language),
        "layout": {**asdict(LayoutCosts()), **LIMITS},
        "limits": _limits(profile),
        "wraps": not options.keep_lines and math.isfinite(profile.max_line_width),
        "strips": not packs_words(options),
        "keepsLines": options.keep_lines,
        "widths": {"zero": _character_ranges(0), "wide": _character_ranges(2)},
        "viramas": _viramas(),
        "turns": [turn.pattern for turn in TURNS],
        **_speaker_rules(options),
        "tag": TAG.pattern.replace("(?P<", "(?<"),
        "tags": {tag.written: [form(tag) for form in tag_forms] for tag in _tags(transcript, cues)},
    }


def _speaker_rules(options: LayoutOptions) -> Mapping[str, object]:
    """How speakers are told apart in cues and in plain text, and the colours in their order."""
    unknown = [str(number) for number in range(_SPEAKERS)]
    asked = options.speaker_labels
    return {
        "labels": chosen_labels(options),
        "textLabels": asked if asked in ("dash", "none") else "name",
        "colours": list(dict.fromkeys(speaker_colours(unknown, options).values())),
    }


def _profile(options: LayoutOptions) -> Profile:
    """The limits that cues are held to.

    openai-whisper's layout knows few; its cues are as fast to read as those of broadcast.
    """
    if options.base_profile in PROFILES:
        return chosen_profile(options)
    broadcast = PROFILES["broadcast"]
    return Profile(
        name="openai",
        max_line_width=options.max_line_width or math.inf,
        max_wide_line_width=options.max_line_width or math.inf,
        max_line_count=options.max_line_count or 1_000,
        max_cps=broadcast.max_cps,
        max_wide_cps=broadcast.max_wide_cps,
        min_duration=0.0,
        max_duration=math.inf,
        gap_frames=0,
    )


def _limits(profile: Profile) -> Mapping[str, float | None]:
    """The profile's limits; None is none. Durations and gaps are milliseconds."""
    limits = {
        "lines": profile.max_line_count,
        "width": profile.max_line_width,
        "wideWidth": profile.max_wide_line_width,
        "words": profile.max_words_per_line,
        "speed": profile.max_cps,
        "wideSpeed": profile.max_wide_cps,
        "shortest": profile.min_duration * 1000,
        "longest": profile.max_duration * 1000,
        "gap": profile.clock.milliseconds(profile.gap_ticks),
    }
    return {name: value if math.isfinite(value) else None for name, value in limits.items()}


def _tags(transcript: Transcript, cues: Iterable[PageCue]) -> Iterator[Tag]:
    """Every tag that is beside words, or usual, once."""
    texts = dict.fromkeys(_USUAL_TAGS)
    tokens = (part for cue in cues for part in cue.parts if isinstance(part, Token))
    texts.update((text, None) for token in tokens for text in (token.before, token.after))
    texts.update((text, None) for word in transcript.words for text in (word.before, word.after))
    texts.update(dict.fromkeys(one.text for one in transcript.segments if one.words == ()))
    tags = (run for text in texts for run in split_tags(text) if isinstance(run, Tag))
    yield from {tag.written: tag for tag in tags}.values()


@cache
def _character_ranges(width: int) -> list[int]:
    """The characters of a width: from each range to the next how far it is, and how long it is."""
    found: list[int] = []
    last = 0
    for is_so, group in groupby(
        range(0xA0, _WIDEST_CODE + 1), lambda code: wcwidth(chr(code)) == width
    ):
        if is_so:
            codes = list(group)
            found += (codes[0] - last, len(codes))
            last = codes[-1] + 1
    return found


@cache
def _viramas() -> str:
    """The signs that join two letters of an Indic script into one."""
    return "".join(chr(code) for code in range(0x900, 0x11FFF) if _is_virama(chr(code)))


def _is_virama(char: str) -> bool:
    return unicodedata.combining(char) == _VIRAMA
