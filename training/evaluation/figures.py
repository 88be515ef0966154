"""Every figure of issue 4's table for one model, and PocketSphinx's where it can be compared."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from subalign.model import where
from training.evaluation.listen import BEAMS, Listener
from training.evaluation.material import Clip, Laid, Material
from training.evaluation.scores import WordErrors, near, time_errors, word_errors
from training.evaluation.sphinx import SphinxTimes
from training.signal import SAMPLE_RATE
from training.synthesis.speech import Span

__all__ = ["KNOWN", "UNSEEN", "Figure", "model_figures", "sphinx_figures"]

UNSEEN = "unseen voices"
KNOWN = "unseen voices, PocketSphinx's words"

_TIMESTAMP_TOLERANCE = 0.1
_NO_SPEECH, _UNSURE = 0.6, -1.0  # the thresholds of transcription
_SPEED_THREADS = 2
_SPEED_WINDOWS = 12
_RUNS = 5  # of what is timed, for the median
_LOAD = """
import sys, time
import torch
from subalign.model import load_whisper
begun = time.perf_counter()
load_whisper(sys.argv[1], device="cpu")
print(time.perf_counter() - begun)
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: of what set, what it is, its unit, and what issue 4 wants of it ("" nothing)."""

    set: str
    what: str
    value: float
    unit: str
    wanted: str
    n: int

    @property
    def reached(self) -> bool | None:
        """Whether it is as wanted; None where nothing is."""
        sign, _, bound = self.wanted.partition(" ")
        if not bound:
            return None
        limit = float(bound)
        return {"<": self.value < limit, "<=": self.value <= limit, ">=": self.value >= limit}[sign]


def model_figures(
    listener: Listener, model: str, material: Material, sphinx: Mapping[str, SphinxTimes]
) -> Iterator[Figure]:
    """All figures of the model of that name or folder, one by one as they are known.

    `sphinx` has PocketSphinx's times of the unseen sets, or is empty.
    """
    yield from _words(listener, "trained voices", material.trained, "<= 8")
    yield from _words(listener, UNSEEN, material.unseen, "<= 25")
    yield from _words(listener, "human speech", material.human, "<= 47.5")
    found = {name: listener.align(clips) for name, clips in material.timed.items()}
    pairs = {name: _pairs(clips, found[name]) for name, clips in material.timed.items()}
    for name, of_set in pairs.items():
        yield from _times(name, of_set, mean="<= 30")
    yield from _times(UNSEEN, _joined(pairs), mean="<= 30")
    if sphinx:
        yield from _times(KNOWN, _joined(_known(material, found, sphinx)))
    human = _pairs(material.timed_human, listener.align(material.timed_human))
    yield from _times("LJ Speech, HMM's times", human, median="<= 50")
    yield from _without_speech(listener, material.no_speech)
    yield from _windows(listener, material.windows)
    yield from _talk(listener, material.talk)
    folder = Path(model) if Path(model).is_dir() else where(model)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
    yield Figure("model", "size", size, "MiB", "<= 16", 1)
    yield Figure("model", "load time, median", _load_time(model), "s", "< 0.3", _RUNS)


def sphinx_figures(material: Material, sphinx: Mapping[str, SphinxTimes]) -> Iterator[Figure]:
    """PocketSphinx's times of the words that it can align, and how many it cannot."""
    own = {name: times.spans for name, times in sphinx.items()}
    yield from _times(KNOWN, _joined(_known(material, own, sphinx)))
    clips = [clip for name in sphinx for clip in material.timed[name]]
    aligned = [spans for times in sphinx.values() for spans in times.spans]
    lost = sum(len(clip.words) for clip, spans in zip(clips, aligned, strict=True) if spans is None)
    total = sum(len(clip.words) for clip in clips)
    unknown = sum(times.unknown for times in sphinx.values())
    yield Figure(KNOWN, "not in its dictionary", unknown, "words", "", total)
    yield Figure(KNOWN, "left out with their clips", lost, "words", "", total)


def _words(
    listener: Listener, group: str, sets: Mapping[str, Sequence[Clip]], wanted: str
) -> Iterator[Figure]:
    """How many words are wrong as `subalign transcribe` decodes, and in all by greedy decoding."""
    everything = [clip for clips in sets.values() for clip in clips]
    if not everything:
        return
    whole = WordErrors(0, 0)
    for name, clips in sets.items():
        if clips:
            of_set = _errors(listener, clips, BEAMS)
            whole = WordErrors(whole.errors + of_set.errors, whole.words + of_set.words)
            yield _word_figure(name, of_set, wanted)
    name = f"{group}, all"
    yield _word_figure(name, whole, wanted)
    greedy = _errors(listener, everything, None)
    yield Figure(name, "word error rate, greedy", 100 * greedy.rate, "%", "", greedy.words)


def _errors(listener: Listener, clips: Sequence[Clip], beams: int | None) -> WordErrors:
    heard = listener.transcribe([clip.samples for clip in clips], beams=beams)
    return word_errors((c.text, h.text) for c, h in zip(clips, heard, strict=True))


def _word_figure(name: str, errors: WordErrors, wanted: str) -> Figure:
    return Figure(name, "word error rate", 100 * errors.rate, "%", wanted, errors.words)


_Pairs = list[tuple[Span, Span]]


def _pairs(clips: Sequence[Clip], found: Sequence[Sequence[Span]]) -> _Pairs:
    """The true and the found times of all words whose truth is known."""
    return [
        (true, span)
        for clip, spans in zip(clips, found, strict=True)
        for true, span in zip(clip.spans, spans, strict=True)
        if true is not None
    ]


def _joined(sets: Mapping[str, _Pairs]) -> _Pairs:
    return [pair for pairs in sets.values() for pair in pairs]


def _known(
    material: Material,
    found: Mapping[str, Sequence[Sequence[Span] | None]],
    sphinx: Mapping[str, SphinxTimes],
) -> dict[str, _Pairs]:
    """The pairs of the clips that PocketSphinx could align."""
    sets = {}
    for name, times in sphinx.items():
        clips, aligned = material.timed[name], zip(found[name], times.spans, strict=True)
        both = [(c, s) for c, (s, own) in zip(clips, aligned, strict=True) if s and own]
        sets[name] = _pairs([clip for clip, _ in both], [spans for _, spans in both])
    return sets


def _times(name: str, pairs: _Pairs, *, mean: str = "", median: str = "") -> Iterator[Figure]:
    errors = time_errors(pairs)
    if errors is None:
        return
    rows = (
        ("starts, mean error", errors.start_mean, mean),
        ("ends, mean error", errors.end_mean, mean),
        ("starts, median error", errors.start_median, median),
        ("ends, median error", errors.end_median, median),
        ("starts, bias", errors.start_bias, ""),
        ("ends, bias", errors.end_bias, ""),
    )
    for what, seconds, wanted in rows:
        yield Figure(name, what, 1000 * seconds, "ms", wanted, errors.words)
    yield Figure(name, "words without length", errors.empty, "", "", errors.words)


def _without_speech(
    listener: Listener, kinds: Mapping[str, Sequence[NDArray[np.float32]]]
) -> Iterator[Figure]:
    """In how many windows nothing is written; what transcription takes for no speech counts."""
    silent = total = 0
    for name, windows in kinds.items():
        results = listener.transcribe(windows)
        without = sum(
            not r.text.strip() or (r.no_speech_prob > _NO_SPEECH and r.avg_logprob < _UNSURE)
            for r in results
        )
        silent, total = silent + without, total + len(results)
        share = 100 * without / len(results)
        yield Figure(name, "windows without text", share, "%", ">= 95", len(results))
    if total:
        all_of_them = ", ".join(kinds)
        share = 100 * silent / total
        yield Figure(all_of_them, "windows without text", share, "%", ">= 95", total)


def _windows(listener: Listener, laid: Sequence[Laid]) -> Iterator[Figure]:
    """Timestamps of whole windows, and how fast they are decoded."""
    if not laid:
        return
    name = "30 s windows"
    heard = listener.transcribe([window.samples for window in laid])
    first = listener.tokenizer.timestamp_begin
    found = [[0.02 * (t - first) for t in result.tokens if t >= first] for result in heard]
    truth = [[bound for bounds in window.bounds for bound in bounds] for window in laid]
    right = sum(near(f, t, _TIMESTAMP_TOLERANCE) for f, t in zip(found, truth, strict=True))
    met = sum(near(t, f, _TIMESTAMP_TOLERANCE) for f, t in zip(found, truth, strict=True))
    n_found, n_true = sum(map(len, found)), sum(map(len, truth))
    share = 100 * right / max(1, n_found)
    yield Figure(name, "timestamps within 100 ms", share, "%", ">= 90", n_found)
    yield Figure(name, "bounds with a timestamp", 100 * met / max(1, n_true), "%", "", n_true)
    recordings = [window.samples for window in laid[:_SPEED_WINDOWS]]
    n = len(recordings)
    speed = _speed(listener, recordings, _SPEED_THREADS, time.perf_counter)
    yield Figure(name, f"speed, {_SPEED_THREADS} threads", speed, "x", ">= 30", n)
    # what a busy machine distorts less
    speed = _speed(listener, recordings, 1, time.process_time)
    yield Figure(name, "speed, 1 thread's CPU time", speed, "x", "", n)


def _speed(
    listener: Listener,
    recordings: Sequence[NDArray[np.float32]],
    threads: int,
    clock: Callable[[], float],
) -> float:
    """Seconds of sound that are decoded in a second, greedily and in one batch; the median."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    taken = []
    try:
        for _ in range(_RUNS):
            begun = clock()
            listener.transcribe(recordings, beams=None)
            taken.append(clock() - begun)
    finally:
        torch.set_num_threads(before)
    return sum(map(len, recordings)) / SAMPLE_RATE / statistics.median(taken)


def _talk(listener: Listener, talk: Path) -> Iterator[Figure]:
    """Word errors of the example, as `subalign transcribe` does it."""
    text = talk.with_suffix(".txt")
    if not (talk.is_file() and text.is_file()):
        return
    from subalign.pipeline.model import Model

    # the first model's folder does not say that it cannot go on from the text before
    heard = Model(listener.model).transcribe(talk, condition_on_previous_text=False)
    spoken = " ".join(segment.text for segment in heard.segments)
    yield _word_figure(talk.name, word_errors([(text.read_text(encoding="utf-8"), spoken)]), "<= 5")


def _load_time(model: str) -> float:
    """Seconds that `load_whisper` takes in a new process, after the imports."""
    command = [sys.executable, "-c", _LOAD, model]
    runs = [subprocess.run(command, check=True, capture_output=True) for _ in range(_RUNS)]
    return statistics.median(float(run.stdout) for run in runs)
