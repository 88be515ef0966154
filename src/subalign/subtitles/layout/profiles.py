"""Profiles: what a cue may be, by the house that shows it, and what the user has changed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from math import inf
from types import MappingProxyType

from subalign.options import LayoutOptions, OwnProfile, SpeakerLabels
from subalign.subtitles.layout.frame_rates import MILLISECONDS, Clock, frame_rate

__all__ = ["PROFILES", "Profile", "chosen_profile"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Limits of a cue. Times are seconds; infinity is no limit.

    - Widths are display columns: an East Asian wide character takes two. A line of which such
      characters take half or more has the limit `max_wide_line_width`.
    - Speeds are characters a second, spaces and punctuation too, combining marks not. A cue of
      mostly wide characters has the limit `max_wide_cps`.
    - `gap_frames` are left free between cues; without a frame rate they are 1/25 s each. `min_gap`
      stands for them in seconds.
    - `linger` is how long a cue stays after its last word, and the longest silence within a cue.
    - Where less than `chain_gap` would be left before the next cue, a cue stays until that.
    - `speaker_labels` say how speakers are told apart, where it is known who speaks.
    """

    name: str
    max_line_width: float = 42
    max_wide_line_width: float = 32
    max_line_count: int = 2
    max_words_per_line: float = inf
    max_cps: float = 17.0
    max_wide_cps: float = 12.0
    min_duration: float = 1.0
    max_duration: float = 7.0
    gap_frames: int = 2
    min_gap: float | None = None
    linger: float = 1.0
    chain_gap: float = 0.5
    fps: Fraction | None = None
    speaker_labels: SpeakerLabels = "dash"

    @property
    def clock(self) -> Clock:
        """What times are counted in: frames where there is a rate, else milliseconds."""
        return MILLISECONDS if self.fps is None else Clock(self.fps)

    @property
    def gap_ticks(self) -> int:
        """The least distance between cues, in ticks of the clock."""
        if self.min_gap is not None:
            return self.clock.at_least(self.min_gap)
        return self.gap_frames * 40 if self.fps is None else self.gap_frames


# Netflix, Timed Text Style Guide: 42 columns (16 full-width), 20 characters a second, 5/6 s to 7 s,
# 2 frames between cues, smaller gaps than half a second closed.
_NETFLIX = Profile(name="netflix", max_cps=20.0, min_duration=5 / 6)
# BBC Subtitle Guidelines: 37 characters of teletext, 160-180 words a minute, gaps closed or seen, a
# colour for each speaker.
_BBC = Profile(name="bbc", max_line_width=37, max_cps=18.0, chain_gap=1.0, speaker_labels="colour")
_BROADCAST = Profile(name="broadcast")
# Vertical video: one short line in the middle of the picture, in step with the voice.
_SOCIAL = Profile(
    name="social",
    max_line_width=24,
    max_wide_line_width=20,
    max_line_count=1,
    max_cps=25.0,
    max_wide_cps=15.0,
    min_duration=0.4,
    max_duration=3.0,
    gap_frames=0,
    linger=0.4,
    chain_gap=0.4,
    speaker_labels="colour",  # a dash has no second line to stand on
)
# Every word when it is said: a record, not a reading speed.
_VERBATIM = Profile(
    name="verbatim",
    max_line_count=3,
    max_cps=inf,
    max_wide_cps=inf,
    min_duration=0.0,
    max_duration=10.0,
    gap_frames=0,
    linger=0.5,
    chain_gap=0.0,
    speaker_labels="name",
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in (_NETFLIX, _BBC, _BROADCAST, _SOCIAL, _VERBATIM)}
)


def chosen_profile(options: LayoutOptions) -> Profile:
    """The profile that options name, with what they set in its place.

    `openai` is no profile: its layout is `openai_whisper`'s.
    """
    profile = PROFILES[options.base_profile]
    if isinstance(own := options.profile, OwnProfile):
        profile = replace(_changed(profile, own), name=own.name)
    return _changed(profile, options)


def _changed(profile: Profile, options: LayoutOptions | OwnProfile) -> Profile:
    """The profile with the limits that options set; a limit for all lines is one for wide ones."""
    names = {field.name for field in fields(Profile)} - {"name"}
    given = {name: value for name in names if (value := getattr(options, name, None)) is not None}
    if "max_line_width" in given:
        given.setdefault("max_wide_line_width", given["max_line_width"])
    if "max_cps" in given:
        given.setdefault("max_wide_cps", given["max_cps"])
    if "fps" in given:
        given["fps"] = frame_rate(given["fps"])
    if "max_duration" in given:
        shortest = min(profile.min_duration, given["max_duration"])
        given.setdefault("min_duration", shortest)
    return replace(profile, **given)
