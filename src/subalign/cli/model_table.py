"""The models of `subalign models list`, as a table for people or as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from subalign.model import ModelEntry

__all__ = ["models_as_json", "models_as_table", "readable_size"]

_HEADINGS = ("NAME", "STATE", "SIZE", "")


def readable_size(n_bytes: int) -> str:
    """Bytes in decimal units, as download pages give them."""
    if n_bytes >= 1e9:
        return f"{n_bytes / 1e9:.1f} GB"
    return f"{n_bytes / 1e6:.0f} MB"


def models_as_table(entries: Sequence[ModelEntry]) -> str:
    """A line for each model; the size is that of the files here, or of the download."""
    rows = [_HEADINGS, *(_row(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        f"{name:<{widths[0]}}  {state:<{widths[1]}}  {size:>{widths[2]}}  {note}".rstrip()
        for name, state, size, note in rows
    )


def models_as_json(entries: Sequence[ModelEntry]) -> str:
    """A list of objects with the entries' own field names; sizes in bytes."""
    return json.dumps([asdict(entry) for entry in entries], indent=2, default=str)


def _row(entry: ModelEntry) -> tuple[str, str, str, str]:
    note = f"the same as {entry.alias_of}" if entry.alias_of else ""
    return entry.name, entry.state, readable_size(entry.size), note
