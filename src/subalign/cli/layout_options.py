"""The options of the layout of cues; their defaults are those of the profiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, get_args

import typer

from subalign.cli.console import Session
from subalign.cli.parsers import parse_style
from subalign.errors import UsageError
from subalign.options import (
    DEFAULT_PROFILE,
    FRAME_RATES,
    HighlightStyle,
    LayoutOptions,
    OwnProfile,
    ProfileName,
    SpeakerLabels,
)
from subalign.subtitles.layout.profiles import PROFILES
from subalign.subtitles.layout.speakers import chosen_labels

__all__ = ["LayoutArguments", "warn_of_limits"]

_layout = partial(typer.Option, rich_help_panel="Layout of cues")


def _complete_profile(incomplete: str) -> list[str]:
    from subalign.cli.settings import own_profile_names

    names = [*get_args(ProfileName), *own_profile_names()]
    return [name for name in names if name.startswith(incomplete)]


def _by_profile(limit: str, *, unit: str = "", openai: bool = False) -> str:
    """The default of a limit: the default profile's, and those of the profiles that differ."""

    def shown(value: float) -> str:
        return "none" if value == float("inf") else f"{round(value, 2):g}"

    usual = getattr(PROFILES[DEFAULT_PROFILE], limit)
    others = {name: getattr(profile, limit) for name, profile in PROFILES.items()}
    differing = [f"{name} {shown(value)}" for name, value in others.items() if value != usual]
    if openai:
        differing.append("openai none")
    return "; ".join(filter(None, [shown(usual) + unit, ", ".join(differing)]))


def _labels_by_profile() -> str:
    """The default of `--speaker-labels`."""
    usual = PROFILES[DEFAULT_PROFILE].speaker_labels
    labels = {name: chosen_labels(LayoutOptions(profile=name)) for name in get_args(ProfileName)}
    others = [f"{name} {value}" for name, value in labels.items() if value != usual]
    return "; ".join([usual, ", ".join(others)])


@dataclass(frozen=True, kw_only=True)
class LayoutArguments:
    """How cues are laid out and look."""

    highlight_words: Annotated[
        bool,
        _layout(
            "--highlight-words/--no-highlight-words",
            help="One cue for each spoken word.",
            show_default=False,
        ),
    ] = False
    highlight_style: Annotated[
        HighlightStyle | None,
        _layout(
            case_sensitive=False,
            help="How words light up; karaoke is one cue with its words' times in it, in VTT, ASS "
            "and TTML; in SRT as underline.",
            show_default=LayoutOptions.highlight_style,
        ),
    ] = None
    style: Annotated[
        str | None,
        _layout(
            metavar="KEY=VALUE,…",
            help="How ASS and TTML look: font=NAME, size and outline (in lines of a picture with "
            "1080), color=#rrggbb, position=bottom or top; and highlight=#rrggbb, the colour of "
            "highlighted words.",
            show_default=",".join(
                f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
                for key, value in vars(LayoutOptions.style).items()
            ),
        ),
    ] = None
    profile: Annotated[
        str | None,
        _layout(
            metavar="NAME",
            autocompletion=_complete_profile,
            help="Limits and times of cues: netflix, bbc, broadcast; social has short lines, in "
            "step with the voice, verbatim the words' own times, openai is openai-whisper's "
            "layout; or one of subalign.toml. The options below change them.",
            show_default=DEFAULT_PROFILE,
        ),
    ] = None
    max_line_width: Annotated[
        int | None,
        _layout(
            metavar="COLUMNS",
            help="The widest line; wide characters (Chinese, Japanese, Korean) take 2.",
            show_default=_by_profile("max_line_width", openai=True),
        ),
    ] = None
    max_line_count: Annotated[
        int | None,
        _layout(
            metavar="LINES",
            help="Lines in a cue; openai's needs --max-line-width.",
            show_default=_by_profile("max_line_count", openai=True),
        ),
    ] = None
    max_words_per_line: Annotated[
        int | None,
        _layout(
            metavar="WORDS",
            help="Words in a line; openai's are in a cue, and not with both limits above.",
            show_default=_by_profile("max_words_per_line"),
        ),
    ] = None
    max_cps: Annotated[
        float | None,
        _layout(
            metavar="SPEED",
            help="Characters a second to read.",
            show_default=_by_profile("max_cps"),
        ),
    ] = None
    min_duration: Annotated[
        float | None,
        _layout(
            metavar="SECONDS",
            help="The shortest cue, where there is room.",
            show_default=_by_profile("min_duration"),
        ),
    ] = None
    max_duration: Annotated[
        float | None,
        _layout(
            metavar="SECONDS", help="The longest cue.", show_default=_by_profile("max_duration")
        ),
    ] = None
    min_gap: Annotated[
        float | None,
        _layout(
            metavar="SECONDS",
            help="The least time between two cues.",
            show_default=_by_profile("gap_frames", unit=" frames"),
        ),
    ] = None
    linger: Annotated[
        float | None,
        _layout(
            metavar="SECONDS",
            help="How long a cue stays after its last word; a longer silence ends it.",
            show_default=_by_profile("linger"),
        ),
    ] = None
    fps: Annotated[
        float | None,
        _layout(
            metavar="RATE",
            help="Start and end cues on the frames of a video: "
            f"{', '.join(f'{rate:g}' for rate in FRAME_RATES[:-1])} or {FRAME_RATES[-1]:g}.",
            show_default="none",
        ),
    ] = None
    speaker_labels: Annotated[
        SpeakerLabels | None,
        typer.Option(
            rich_help_panel="Who speaks",
            case_sensitive=False,
            help="How cues tell speakers apart, where it is known who speaks: dash (where two "
            "share a cue), name (where another begins), colour (a dash in formats without), or "
            "none: by a new cue alone.",
            show_default=_labels_by_profile(),
        ),
    ] = None
    csv_formulas: Annotated[
        bool,
        typer.Option(
            "--csv-formulas",
            rich_help_panel="Results",
            help="For csv: leave text that begins with = + - @ as it is, which spreadsheets "
            "calculate.",
            show_default="an apostrophe before it",
        ),
    ] = False

    @property
    def breaks_lines_anew(self) -> bool:
        """Whether an option is given that leaves no line as it was."""
        limits = (self.max_line_width, self.max_line_count, self.max_words_per_line, self.max_cps)
        return self.profile is not None or any(limit is not None for limit in limits)

    def options(
        self, own_profiles: Mapping[str, OwnProfile] | None = None, *, keep_lines: bool = False
    ) -> LayoutOptions:
        """The same for the library.

        Raises:
            UsageError: values or combinations that cannot be carried out.
        """
        if self.highlight_style is not None and not self.highlight_words:
            raise UsageError("--highlight-style needs --highlight-words.")
        own = own_profiles or {}
        names = [*get_args(ProfileName), *own]
        if self.profile not in (None, *names):
            listed = f"{', '.join(names[:-1])} or {names[-1]}"
            raise UsageError(f"--profile must be {listed}, not {self.profile!r}.")
        given = vars(self) | {
            "profile": own.get(self.profile or "", self.profile),
            "keep_lines": keep_lines,
            "highlight_style": self.highlight_style or LayoutOptions.highlight_style,
            "style": parse_style(self.style),
        }
        return LayoutOptions(**given)  # the fields have the same names


def warn_of_limits(layout: LayoutOptions, session: Session) -> None:
    """Say which limits of openai-whisper's layout have no effect beside the others."""
    if layout.profile != "openai":
        return
    if layout.max_line_count is not None and layout.max_line_width is None:
        session.warn("--max-line-count has no effect without --max-line-width.")
    if None not in (layout.max_line_width, layout.max_line_count, layout.max_words_per_line):
        session.warn(
            "--max-words-per-line has no effect with both --max-line-width and --max-line-count."
        )
