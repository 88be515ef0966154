"""What the shell offers behind an option when Tab is pressed; nothing heavy is imported."""

import json
from importlib import resources
from typing import get_args

__all__ = [
    "complete_format",
    "complete_highlight_style",
    "complete_model",
    "complete_model_or_auto",
    "complete_profile",
    "complete_source",
    "complete_task",
]


def complete_model(incomplete: str) -> list[str]:
    """The models known by name."""
    facts = resources.files("subalign") / "assets" / "whisper_models.json"
    names = ["micro.en", *json.loads(facts.read_text("utf-8"))]
    return [name for name in names if name.startswith(incomplete)]


def complete_model_or_auto(incomplete: str) -> list[str]:
    """What chooses a model, and the models known by name."""
    return [*(["auto"] if "auto".startswith(incomplete) else []), *complete_model(incomplete)]


def complete_source(incomplete: str) -> list[str]:
    """The sources of models."""
    return [name for name in ("hub", "index", "openai") if name.startswith(incomplete)]


def complete_format(incomplete: str) -> list[str]:
    """The formats, also behind a comma."""
    from subalign.subtitles import FORMATS

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in (*FORMATS, "all") if name.startswith(last)]


def complete_task(incomplete: str) -> list[str]:
    """The two tasks."""
    return [name for name in ("transcribe", "translate") if name.startswith(incomplete)]


def complete_highlight_style(incomplete: str) -> list[str]:
    """The ways in which words light up."""
    from subalign.options import HighlightStyle

    return [name for name in get_args(HighlightStyle) if name.startswith(incomplete)]


def complete_profile(incomplete: str) -> list[str]:
    """The profiles of layout."""
    from subalign.options import ProfileName

    return [name for name in get_args(ProfileName) if name.startswith(incomplete)]
