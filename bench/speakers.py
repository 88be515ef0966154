"""Who speaks: the error of diarisation on dialogues with true turns, and what it costs.

    python bench/speakers.py                        the table, on the voices that chose nothing
    python bench/speakers.py --half choose
    python bench/speakers.py --model tiny.en        the words whose speaker is wrong, too
    python bench/speakers.py --seconds 3600         time and memory of an hour

The error is NIST's: speech that is missed, sound that is taken for speech, and speech given to the
wrong speaker, over all speech, with the best match of names; without a collar, and with 0.25 s
around each edge of a true turn left out. A change of speakers is found where one is told within
0.3 s of the silence between two true turns. `found` is in how many dialogues the number of speakers
is right; "given" tells the number, "channels" has each speaker on a channel, in which the others
are heard 10 dB fainter.
"""

import argparse
import resource
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from dialogues import KINDS, Dialogue, dialogues
from machine import THREADS, machine
from subalign.audio.voice_activity import speech_detector
from subalign.model import load_whisper
from subalign.options import SpeakerTurn, TranscriptionOptions
from subalign.pipeline.recordings import transcribe_recording
from subalign.results import Word
from subalign.speakers.channels import channel_levels, turns_by_channel
from subalign.speakers.diarisation import find_turns
from subalign.speakers.embedding import VoiceSpectrogram
from subalign.speakers.turns import assign_speakers
from subalign.speakers.weights import voice_encoder
from tables import heading, table_row
from truth import SAMPLE_RATE

_RATE = 100  # frames a second
_COLLAR = 0.25
_NEAR = 0.3  # seconds
_LEAK = 10 ** (-10 / 20)
_MANNERS = ("auto", "given", "channels")
_ENGLISH = ("telephone", "synthetic")


@dataclass
class Score:
    """Sums over dialogues; times are frames."""

    missed: int = 0
    taken: int = 0
    confused: int = 0
    speech: int = 0
    collared: int = 0
    collared_speech: int = 0
    changes: int = 0
    found_changes: int = 0
    false_changes: int = 0
    right_count: int = 0
    dialogues: int = 0
    wrong_words: int = 0
    words: int = 0

    def add(self, truth: Dialogue, turns: Sequence[SpeakerTurn]) -> None:
        frames = -(-truth.samples.size * _RATE // SAMPLE_RATE)
        missed, taken, confused, speech = errors(truth.turns, turns, frames, 0.0)
        self.missed, self.taken = self.missed + missed, self.taken + taken
        self.confused, self.speech = self.confused + confused, self.speech + speech
        *wrong, speech = errors(truth.turns, turns, frames, _COLLAR)
        self.collared, self.collared_speech = (
            self.collared + sum(wrong),
            self.collared_speech + speech,
        )
        true, told = list(silences(truth.turns)), list(silences(turns))
        self.changes += len(true)
        self.found_changes += sum(any(apart(one, other) <= _NEAR for other in told) for one in true)
        self.false_changes += sum(all(apart(one, other) > _NEAR for one in true) for other in told)
        self.right_count += len({turn.speaker for turn in turns}) == truth.speakers
        self.dialogues += 1

    def add_words(self, truth: Dialogue, words: Sequence[Word]) -> None:
        pairs = Counter((nearest(truth.turns, word), word.speaker) for word in words)
        true = sorted({name for name, _ in pairs})
        told = sorted({name for _, name in pairs}, key=str)
        counts = np.array([[pairs[one, other] for other in told] for one in true])
        self.words += len(words)
        self.wrong_words += len(words) - int(counts[linear_sum_assignment(-counts)].sum())


def errors(
    true: Sequence[SpeakerTurn], told: Sequence[SpeakerTurn], frames: int, collar: float
) -> tuple[int, int, int, int]:
    """Frames that are missed, taken for speech, given to another speaker; and those of speech."""
    reference, hypothesis = (_framed(turns, frames) for turns in (true, told))
    scored = np.ones(frames, bool)
    for edge in (edge for turn in true for edge in (turn.start, turn.end)) if collar else ():
        scored[max(0, round((edge - collar) * _RATE)) : round((edge + collar) * _RATE)] = False
    reference, hypothesis = reference[scored], hypothesis[scored]
    counts = np.zeros((reference.max(initial=-1) + 1, hypothesis.max(initial=-1) + 1), int)
    both = (reference >= 0) & (hypothesis >= 0)
    np.add.at(counts, (reference[both], hypothesis[both]), 1)
    right = int(counts[linear_sum_assignment(-counts)].sum())
    return (
        int(((reference >= 0) & (hypothesis < 0)).sum()),
        int(((reference < 0) & (hypothesis >= 0)).sum()),
        int(both.sum()) - right,
        int((reference >= 0).sum()),
    )


def _framed(turns: Sequence[SpeakerTurn], frames: int) -> NDArray[np.int64]:
    names = sorted({turn.speaker for turn in turns})
    found = np.full(frames, -1)
    for turn in turns:
        found[round(turn.start * _RATE) : round(turn.end * _RATE)] = names.index(turn.speaker)
    return found


def silences(turns: Sequence[SpeakerTurn]) -> Iterator[tuple[float, float]]:
    """Where a speaker has ended and another not yet begun."""
    for one, other in pairwise(turns):
        if one.speaker != other.speaker:
            yield min(one.end, other.start), max(one.end, other.start)


def apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Seconds from the one silence to the middle of the other."""
    middle = sum(other) / 2
    return max(0.0, one[0] - middle, middle - one[1])


def nearest(turns: Sequence[SpeakerTurn], word: Word) -> str:
    middle = (word.start + word.end) / 2
    return min(turns, key=lambda turn: max(turn.start - middle, middle - turn.end)).speaker


def turns_of(samples: NDArray[np.float32], n_speakers: int | None = None) -> list[SpeakerTurn]:
    spectrogram, detector = VoiceSpectrogram(), speech_detector("silero")
    assert detector is not None
    blocks = iter(np.array_split(samples, max(1, samples.size // (10 * SAMPLE_RATE))))
    for _ in detector.listen(spectrogram.listen(blocks)):
        pass
    frames, speech = spectrogram.frames(), detector.probabilities()
    return find_turns(frames, speech, voice_encoder(), n_speakers)


def channels(dialogue: Dialogue) -> Iterator[NDArray[np.float32]]:
    """Each speaker's microphone."""
    noise = np.random.default_rng(1)
    for name in sorted({turn.speaker for turn in dialogue.turns}):
        level = np.zeros(dialogue.samples.size, np.float32)
        for turn in dialogue.turns:
            part = slice(round(turn.start * SAMPLE_RATE), round(turn.end * SAMPLE_RATE))
            level[part] = 1 if turn.speaker == name else _LEAK
        hiss = 3e-4 * noise.standard_normal(level.size).astype(np.float32)
        yield dialogue.samples * level + hiss


def measure(kind: str, half: str, count: int, model: str | None) -> None:
    for manner in _MANNERS:
        score = Score()
        for dialogue in dialogues(kind, half, count):
            if manner == "channels":
                turns = turns_by_channel([channel_levels([one]) for one in channels(dialogue)])
            else:
                turns = turns_of(dialogue.samples, dialogue.speakers if manner == "given" else None)
            score.add(dialogue, turns)
            if model and kind in _ENGLISH:
                score.add_words(dialogue, _words(dialogue, turns, model))
        error = score.missed + score.taken + score.confused
        print(
            table_row(
                f"{kind}{'' if manner == 'auto' else f', {manner}'}",
                f"{error / score.speech:.1%}",
                f"{score.missed / score.speech:.1%}, {score.taken / score.speech:.1%}, "
                f"{score.confused / score.speech:.1%}",
                f"{score.collared / score.collared_speech:.1%}",
                f"{score.found_changes} of {score.changes}, {score.false_changes} false",
                f"{score.right_count} of {score.dialogues}",
                f"{score.wrong_words / score.words:.1%}" if score.words else "",
            ),
            flush=True,
        )


def _words(dialogue: Dialogue, turns: Sequence[SpeakerTurn], model: str) -> list[Word]:
    loaded = _MODELS.setdefault(model, load_whisper(model))
    options = TranscriptionOptions(language="en", beam_size=None, temperatures=(0.0,))
    stream = transcribe_recording(dialogue.samples, model=loaded, options=options)
    return list(assign_speakers(stream.transcript(), turns).words)


_MODELS: dict[str, object] = {}


def cost(seconds: int) -> None:
    """Time and memory of a long recording: dialogues of readers, again and again."""
    samples = np.concatenate([dialogue.samples for dialogue in dialogues("readers", "report", 6)])
    samples = np.resize(samples, seconds * SAMPLE_RATE)
    voice_encoder()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, spent = time.perf_counter(), time.process_time()
    turns = turns_of(samples)
    wall, spent = time.perf_counter() - started, time.process_time() - spent
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    speakers = len({turn.speaker for turn in turns})
    print(
        f"{seconds} s: {wall:.0f} s ({spent:.0f} s of processor), {memory} MiB above the samples, "
        f"{speakers} speakers in {len(turns)} turns"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--half", choices=("choose", "report"), default="report")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--count", type=int, default=6, help="dialogues of each kind")
    parser.add_argument("--model", help="transcribe the English ones, for their words")
    parser.add_argument("--seconds", type=int, help="measure time and memory instead")
    parser.add_argument("--threads", type=int, default=THREADS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(machine())
    if options.seconds:
        cost(options.seconds)
        return
    columns = ("voices", "error", "missed, taken, confused", "with a collar", "changes", "found")
    print(heading(*columns, "words' speakers wrong"))
    for kind in options.kinds:
        measure(kind, options.half, options.count, options.model)


if __name__ == "__main__":
    main()
