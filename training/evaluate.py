"""Evaluate a model: `python -m training.evaluate training/micro.toml --model FOLDER`.

Prints a table and writes the same as JSON. Everything it hears was kept out of the training.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from subalign.model import load_whisper
from training.config import Config, EvaluationConfig, RunConfig, read_config
from training.evaluation.figures import Figure, model_figures, sphinx_figures
from training.evaluation.listen import Listener
from training.evaluation.material import gather
from training.evaluation.sphinx import is_installed, sphinx_times
from training.synthesis.text import read_sentences

__all__ = ["Columns", "evaluate", "table"]

FIRST_MODEL = Path("../shared/models/micro.en")
SPHINX = "PocketSphinx"

_WIDTH = 140  # of the table where it is not shown on a terminal

Columns = Mapping[str, Sequence[Figure]]
"""Each tool's figures, by its name."""


def evaluate(config: Config, models: Sequence[str], console: Console) -> dict[str, list[Figure]]:
    """All figures of the models, and PocketSphinx's where it is installed."""
    sizes = config.evaluation
    with console.status("Making speech"):
        texts = read_sentences(config.corpus.sentences, config.corpus.exclude).held_out
        material = gather(texts, sizes)
    sphinx = {}
    if is_installed():
        with console.status(SPHINX):
            sphinx = {name: sphinx_times(clips) for name, clips in material.timed.items()}
    else:
        print(f"{SPHINX} is not installed: pip install pocketsphinx", file=sys.stderr)
    columns = {}
    for model in models:
        with console.status(f"Listening with {model}"):
            listener = Listener(load_whisper(model, device="cpu"))
            columns[model] = list(model_figures(listener, model, material, sphinx))
    if sphinx:
        columns[SPHINX] = list(sphinx_figures(material, sphinx))
    return columns


def table(columns: Columns) -> Table:
    """One row a figure, one column a tool; green where what is wanted is reached, red where not."""
    shown = Table()
    for heading in ("set", "figure", "wanted", "n"):
        justify = "left" if heading in ("set", "figure") else "right"
        shown.add_column(heading, justify=justify, no_wrap=True)
    for name in columns:
        shown.add_column(_short(name), justify="right")
    by_place = {
        name: {(figure.set, figure.what): figure for figure in figures}
        for name, figures in columns.items()
    }
    rows = {place: figure for figures in by_place.values() for place, figure in figures.items()}
    for place, figure in rows.items():
        cells = (_cell(figures.get(place)) for figures in by_place.values())
        shown.add_row(*place, figure.wanted, str(figure.n), *cells)
    return shown


def _short(name: str) -> str:
    """The end of a folder's path."""
    return "/".join(Path(name).parts[-2:])


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return ""
    value = f"{figure.value:.{2 if figure.unit == 's' else 1}f} {figure.unit}".rstrip()
    if figure.reached is None:
        return value
    return f"[green]{value}[/]" if figure.reached else f"[red]{value}[/]"


def _scaled(sizes: EvaluationConfig, factor: float) -> EvaluationConfig:
    names = ("sentences", "alignment", "windows", "silence", "human")
    counts = {name: max(3, round(getattr(sizes, name) * factor)) for name in names}
    return dataclasses.replace(sizes, **counts)


def default_model(run: RunConfig) -> str:
    """The run's export, or the embedded model while there is none."""
    export = run.folder / "export"
    return str(export) if export.is_dir() else "micro.en"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a model on what it never heard.")
    parser.add_argument("config", type=Path)
    parser.add_argument(
        "--model",
        help="a checkpoint folder or a name; default: the run's export, else micro.en",
    )
    parser.add_argument(
        "--against",
        nargs="*",
        metavar="MODEL",
        default=[str(FIRST_MODEL)] if FIRST_MODEL.is_dir() else [],
        help=f"measure these too; default: the first model, if {FIRST_MODEL} is there",
    )
    parser.add_argument("--json", type=Path, help="default: evaluation.json in the run's folder")
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes; 0.2 is quick")
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    config = dataclasses.replace(config, evaluation=_scaled(config.evaluation, arguments.scale))
    torch.set_num_threads(config.evaluation.threads)
    model = arguments.model or default_model(config.run)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    begun = time.perf_counter()
    columns = evaluate(config, [model, *arguments.against], console)
    console.print(table(columns))
    output: Path = arguments.json or config.run.folder / "evaluation.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    rows = {
        name: [dataclasses.asdict(figure) for figure in figures]
        for name, figures in columns.items()
    }
    output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    console.print(f"{time.perf_counter() - begun:.0f} s; written to {output}")


if __name__ == "__main__":
    main()
