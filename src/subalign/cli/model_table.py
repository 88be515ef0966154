"""The models of `subalign models list`, as a table for people or as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from subalign.model import ModelEntry

__all__ = [
    "default_models",
    "default_models_as_text",
    "models_as_json",
    "models_as_table",
    "readable_size",
]

_HEADINGS = ("NAME", "STATE", "SIZE", "FROM", "")


def readable_size(n_bytes: int) -> str:
    """Bytes in decimal units, as download pages give them."""
    if n_bytes >= 1e9:
        return f"{n_bytes / 1e9:.1f} GB"
    return f"{n_bytes / 1e6:.0f} MB"


def default_models() -> dict[str, str]:
    """What each command takes on this machine where no model is named. Imports PyTorch."""
    from subalign.pipeline.default_model import choose_model, named_model

    named = named_model(None)
    return {
        "transcribe": named or choose_model("transcribe", None),
        "align": named or choose_model("align", None),
        "align --language en": named or choose_model("align", "en"),
    }


def default_models_as_text(models: Mapping[str, str]) -> str:
    """The default models in one line."""
    if len(set(models.values())) == 1:
        return next(iter(models.values()))
    return ", ".join(f"{model} for {command}" for command, model in models.items())


def models_as_table(entries: Sequence[ModelEntry]) -> str:
    """A line for each model; the size is that of the files here, or of the download."""
    rows = [_HEADINGS, *(_row(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        f"{name:<{widths[0]}}  {state:<{widths[1]}}  {size:>{widths[2]}}  {origin:<{widths[3]}}  "
        f"{note}".rstrip()
        for name, state, size, origin, note in rows
    )


def models_as_json(entries: Sequence[ModelEntry]) -> str:
    """A list of objects with the entries' own field names; sizes in bytes."""
    return json.dumps([asdict(entry) for entry in entries], indent=2, default=str)


def _row(entry: ModelEntry) -> tuple[str, str, str, str, str]:
    origin = entry.origin or ", ".join(entry.sources)
    notes = [f"the same as {entry.alias_of}"] if entry.alias_of else []
    place = entry.path or entry.repository
    if not entry.alias_of and place is not None:
        notes.append(str(place))
    return entry.name, entry.state, readable_size(entry.size), origin, ", ".join(notes)
