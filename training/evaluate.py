"""Evaluate a model: `python -m training.evaluate training/micro.toml --model FOLDER`.

Prints a table and writes the same as JSON. Everything it hears was kept out of the training.
"""

import argparse
import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from subalign.model import load_model
from training.config import Config, EvaluationConfig, read_config
from training.evaluation.listen import Listener
from training.evaluation.material import (
    JFK,
    Clip,
    human_clips,
    lay_out,
    no_speech,
    read_samples,
    synthetic_sets,
)
from training.evaluation.scores import near, time_errors, word_errors
from training.signal import SAMPLE_RATE
from training.synthesis.text import read_sentences

__all__ = ["Figure", "evaluate"]

_TIMESTAMP_TOLERANCE = 0.1
_NO_SPEECH, _UNSURE = 0.6, -1.0  # the thresholds of transcription


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """One number: of what set, what it is, its unit, and what issue 4 wants of it ("" nothing)."""

    set: str
    what: str
    value: float
    unit: str
    wanted: str
    n: int


def evaluate(config: Config, model: Path | str) -> Iterator[Figure]:
    """All figures of a model, one by one as they are known."""
    sizes = config.evaluation
    begun = time.perf_counter()
    listener = Listener(load_model(model))
    yield Figure("all", "load time", time.perf_counter() - begun, "s", "< 0.3", 1)
    if Path(model).is_dir():
        size = sum(file.stat().st_size for file in Path(model).iterdir())
        yield Figure("all", "size", size / 2**20, "MiB", "<= 16", 1)
    texts = read_sentences(config.corpus.sentences, config.corpus.exclude).held_out
    sets = synthetic_sets(texts[:: max(1, len(texts) // sizes.sentences)][: sizes.sentences])
    for name, clips in sets.items():
        yield from _words(listener, name, clips, "<= 8" if "trained" in name else "<= 25")
    yield from _times(listener, "Festival kal, unseen", sets["Festival kal, unseen"], sizes)
    people = human_clips(sizes)
    yield from _words(listener, "LJ Speech (human)", people, "<= 47.5")
    yield from _times(listener, "LJ Speech (human)", [c for c in people if c.spans], sizes)
    if sizes.jfk.is_file():
        clip = Clip(read_samples(sizes.jfk), tuple(JFK.split()))
        yield from _words(listener, "jfk.flac (human)", [clip], "<= 47.5")
    yield from _windows(listener, sets["eSpeak NG, trained voices"], sizes)
    yield from _silence(listener, sizes)
    yield from _talk(listener, sizes)


def _words(listener: Listener, name: str, clips: Sequence[Clip], wanted: str) -> Iterator[Figure]:
    if clips:
        heard = listener.transcribe([clip.samples for clip in clips])
        pairs = [(clip.text, result.text) for clip, result in zip(clips, heard, strict=True)]
        errors = word_errors(pairs)
        yield Figure(name, "word error rate", 100 * errors.rate, "%", wanted, errors.words)


def _times(
    listener: Listener, name: str, clips: Sequence[Clip], sizes: EvaluationConfig
) -> Iterator[Figure]:
    clips = clips[: sizes.alignment]
    pairs = [
        (true, found)
        for clip, spans in zip(clips, listener.align(clips), strict=True)
        for true, found in zip(clip.spans, spans, strict=False)
        if true is not None
    ]
    errors = time_errors(pairs)
    if errors is None:
        return
    human = "human" in name
    rows = (
        ("starts, mean error", errors.start_mean, "" if human else "<= 30"),
        ("ends, mean error", errors.end_mean, "" if human else "<= 30"),
        ("starts, median error", errors.start_median, "<= 50" if human else ""),
        ("ends, median error", errors.end_median, "<= 50" if human else ""),
        ("starts, bias", errors.start_bias, ""),
        ("ends, bias", errors.end_bias, ""),
    )
    for what, seconds, wanted in rows:
        yield Figure(name, what, 1000 * seconds, "ms", wanted, errors.words)
    yield Figure(name, "words without length", errors.empty, "", "", errors.words)


def _windows(
    listener: Listener, clips: Sequence[Clip], sizes: EvaluationConfig
) -> Iterator[Figure]:
    """Timestamps of whole windows, and how fast they are decoded."""
    laid = lay_out(clips, sizes.windows)
    if not laid:
        return
    name = "30 s windows"
    begun = time.perf_counter()
    heard = listener.transcribe([window.samples for window in laid])
    speed = sum(window.samples.size for window in laid) / SAMPLE_RATE
    yield Figure(name, "speed", speed / (time.perf_counter() - begun), "x", ">= 30", len(laid))
    first = listener.tokenizer.timestamp_begin
    found = [[0.02 * (t - first) for t in result.tokens if t >= first] for result in heard]
    truth = [[time for bounds in window.bounds for time in bounds] for window in laid]
    right = sum(near(f, t, _TIMESTAMP_TOLERANCE) for f, t in zip(found, truth, strict=True))
    met = sum(near(t, f, _TIMESTAMP_TOLERANCE) for f, t in zip(found, truth, strict=True))
    n_found, n_true = sum(map(len, found)), sum(map(len, truth))
    share = 100 * right / max(1, n_found)
    yield Figure(name, "timestamps within 100 ms", share, "%", ">= 90", n_found)
    yield Figure(name, "bounds with a timestamp", 100 * met / max(1, n_true), "%", "", n_true)


def _silence(listener: Listener, sizes: EvaluationConfig) -> Iterator[Figure]:
    results = listener.transcribe(no_speech(sizes.silence))
    silent = sum(
        not result.text or (result.no_speech_prob > _NO_SPEECH and result.avg_logprob < _UNSURE)
        for result in results
    )
    share = 100 * silent / max(1, len(results))
    yield Figure("silence, noise, tones", "without text", share, "%", ">= 95", len(results))


def _talk(listener: Listener, sizes: EvaluationConfig) -> Iterator[Figure]:
    """The example, as `subalign transcribe` does it."""
    text = sizes.talk.with_suffix(".txt")
    if not (sizes.talk.is_file() and text.is_file()):
        return
    from subalign.pipeline import transcribe

    heard = transcribe(sizes.talk, model=listener.model)
    spoken = " ".join(segment.text for segment in heard.segments)
    errors = word_errors([(text.read_text(encoding="utf-8"), spoken)])
    yield Figure(sizes.talk.name, "word error rate", 100 * errors.rate, "%", "<= 5", errors.words)


def _scaled(sizes: EvaluationConfig, factor: float) -> EvaluationConfig:
    names = ("sentences", "alignment", "windows", "silence", "human")
    counts = {name: max(2, round(getattr(sizes, name) * factor)) for name in names}
    return dataclasses.replace(sizes, **counts)


def _meets(figure: Figure) -> bool:
    sign, _, bound = figure.wanted.partition(" ")
    compare: dict[str, Callable[[float, float], bool]] = {
        "<": lambda value, limit: value < limit,
        "<=": lambda value, limit: value <= limit,
        ">=": lambda value, limit: value >= limit,
    }
    return compare[sign](figure.value, float(bound))


def _table(figures: Sequence[Figure], model: str) -> Table:
    table = Table(title=f"{model}", title_justify="left")
    for heading in ("set", "figure", "value", "wanted", "n"):
        table.add_column(heading, justify="left" if heading in ("set", "figure") else "right")
    for figure in figures:
        colour = "" if not figure.wanted else "green" if _meets(figure) else "red"
        value = f"{figure.value:.1f} {figure.unit}".rstrip()
        shown = f"[{colour}]{value}[/]" if colour else value
        table.add_row(figure.set, figure.what, shown, figure.wanted, str(figure.n))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a model on what it never heard.")
    parser.add_argument("config", type=Path)
    parser.add_argument("--model", help="a checkpoint folder or a name; default: the run's export")
    parser.add_argument("--json", type=Path, help="default: evaluation.json in the run's folder")
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes; 0.2 is quick")
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    config = dataclasses.replace(config, evaluation=_scaled(config.evaluation, arguments.scale))
    torch.set_num_threads(config.evaluation.threads)
    model = arguments.model or str(config.run.folder / "export")
    console = Console()
    begun = time.perf_counter()
    with console.status("Listening"):
        figures = list(evaluate(config, model))
    console.print(_table(figures, model))
    output: Path = arguments.json or config.run.folder / "evaluation.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    rows = [dataclasses.asdict(figure) for figure in figures]
    output.write_text(json.dumps({"model": model, "figures": rows}, indent=1) + "\n")
    console.print(f"{time.perf_counter() - begun:.0f} s; written to {output}")


if __name__ == "__main__":
    main()
