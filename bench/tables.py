"""Markdown tables, a row at a time."""

from dataclasses import dataclass

__all__ = ["Row", "heading", "table_row"]


def table_row(*cells: object) -> str:
    """One line of a table."""
    return f"| {' | '.join(map(str, cells))} |"


def heading(*names: str) -> str:
    """The first two lines of a table."""
    return table_row(*names) + "\n" + table_row(*("---" for _ in names))


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, and subalign's figure and openai-whisper's."""

    name: str
    ours: float
    peer: float
    unit: str

    HEADING = heading("what", "subalign", "openai-whisper", "ratio")

    def __str__(self) -> str:
        figures = (f"{figure:.3g} {self.unit}" for figure in (self.ours, self.peer))
        return table_row(self.name, *figures, f"{self.peer / self.ours:.2f}")
