"""What is evaluated on: synthetic speech of held-out sentences, and human recordings."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from subalign.audio import open_audio
from training.config import EvaluationConfig
from training.data.augment import coloured_noise, tones
from training.signal import SAMPLE_RATE
from training.synthesis.espeak import Espeak, Prosody
from training.synthesis.festival import say_all
from training.synthesis.flite import Flite
from training.synthesis.speech import Span, Speech, SynthesisError
from training.synthesis.voices import (
    ESPEAK_HELD_OUT,
    ESPEAK_TRAINED,
    FESTIVAL_HELD_OUT,
    FESTIVAL_TRAINED,
    FLITE_HELD_OUT,
    FLITE_TRAINED,
)

__all__ = [
    "JFK",
    "Clip",
    "Laid",
    "human_clips",
    "lay_out",
    "no_speech",
    "read_samples",
    "synthetic_sets",
]

JFK = (
    "And so my fellow Americans, ask not what your country can do for you, ask what you can do "
    "for your country."
)

_SEED = 20_000
_ACCENTS = ("gmw/en-US", "gmw/en", "gmw/en-GB-x-rp")
_WINDOW_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording shorter than a window, its words, and their times where they are known."""

    samples: NDArray[np.float32]
    words: tuple[str, ...]
    spans: tuple[Span | None, ...] = ()

    @property
    def text(self) -> str:
        """The transcript."""
        return " ".join(self.words)

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return self.samples.size / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Laid:
    """A window of several sentences, and where (seconds) each begins and ends."""

    samples: NDArray[np.float32]
    bounds: tuple[Span, ...]


def synthetic_sets(texts: Sequence[str]) -> dict[str, list[Clip]]:
    """The held-out sentences by each engine, in trained and in unseen voices."""
    half = texts[: max(1, len(texts) // 2)]
    espeak, flite = Espeak(), Flite()
    return {
        "eSpeak NG, trained voices": list(_espeak(espeak, texts, ESPEAK_TRAINED)),
        "Flite, trained voices": list(_flite(flite, half, FLITE_TRAINED)),
        "Festival, trained voices": list(_festival(half, FESTIVAL_TRAINED)),
        "eSpeak NG, unseen variants": list(_espeak(espeak, texts, ESPEAK_HELD_OUT)),
        "Flite kal16, unseen": list(_flite(flite, half, FLITE_HELD_OUT)),
        "Festival kal, unseen": list(_festival(texts, FESTIVAL_HELD_OUT)),
    }


def _espeak(espeak: Espeak, texts: Sequence[str], variants: Sequence[str]) -> Iterator[Clip]:
    rng = np.random.default_rng(_SEED)
    for n, text in enumerate(texts):
        prosody = Prosody(rate=int(rng.integers(140, 190)), pitch=int(rng.integers(35, 65)))
        voice = f"{_ACCENTS[n % len(_ACCENTS)]}+{variants[n % len(variants)]}"
        try:
            yield _clip(espeak.say(text, voice, prosody))
        except SynthesisError:
            continue


def _flite(flite: Flite, texts: Sequence[str], voices: Sequence[str]) -> Iterator[Clip]:
    for n, text in enumerate(texts):
        try:
            yield _clip(flite.say(text, voices[n % len(voices)]))
        except SynthesisError:
            continue


def _festival(texts: Sequence[str], voices: Sequence[str]) -> Iterator[Clip]:
    for n, voice in enumerate(voices):
        for speech in say_all(texts[n :: len(voices)], voice):
            yield _clip(speech)


def _clip(speech: Speech) -> Clip:
    return Clip(speech.samples, tuple(speech.text.split()), speech.spans)


def human_clips(config: EvaluationConfig) -> list[Clip]:
    """LJ Speech clips, evenly out of all, with the HMM's word times where there are any."""
    table = config.lj / "transcripts.tsv"
    if not table.is_file():
        return []
    rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()]
    timed = json.loads((config.lj / "words_hmm.json").read_text(encoding="utf-8"))
    rows = rows[:: max(1, len(rows) // config.human)][: config.human]
    return [_human(config.lj / f"{name}.flac", text, timed.get(name)) for name, text in rows]


def _human(path: Path, text: str, timed: list[dict[str, str | float]] | None) -> Clip:
    samples = read_samples(path)
    if timed is None:
        return Clip(samples, tuple(text.split()))
    words = tuple(str(word["word"]) for word in timed)
    return Clip(samples, words, tuple((float(w["start"]), float(w["end"])) for w in timed))


def read_samples(path: Path) -> NDArray[np.float32]:
    """All of a recording, mono at 16 kHz."""
    with open_audio(path) as stream:
        return np.concatenate([np.zeros(0, np.float32), *stream])


def lay_out(clips: Sequence[Clip], count: int) -> list[Laid]:
    """Full windows of several clips with pauses between them."""
    rng = np.random.default_rng(_SEED)
    return [_laid(clips, rng) for _ in range(count if clips else 0)]


def _laid(clips: Sequence[Clip], rng: np.random.Generator) -> Laid:
    samples = np.zeros(round(_WINDOW_SECONDS * SAMPLE_RATE), np.float32)
    bounds: list[Span] = []
    at = float(rng.uniform(0.0, 0.8))
    while True:
        clip = clips[int(rng.integers(len(clips)))]
        if at + clip.seconds > _WINDOW_SECONDS - 0.2:
            return Laid(samples, tuple(bounds))
        first, last = clip.spans[0], clip.spans[-1]
        if first is None or last is None:
            continue
        begin = round(at * SAMPLE_RATE)
        samples[begin : begin + clip.samples.size] += clip.samples
        bounds.append((at + first[0], at + last[1]))
        at += clip.seconds + float(rng.uniform(0.3, 1.5))


def no_speech(count: int) -> list[NDArray[np.float32]]:
    """Whole windows of silence, noise and something like music, at many levels."""
    rng = np.random.default_rng(_SEED)
    length = round(_WINDOW_SECONDS * SAMPLE_RATE)
    windows = []
    for n in range(count):
        sound = tones(length, rng) if n % 3 == 0 else coloured_noise(length, rng)
        level = 0.0 if n % 10 == 1 else 10 ** (rng.uniform(-60.0, -15.0) / 20)
        windows.append(np.clip(sound * level, -1.0, 1.0).astype(np.float32))
    return windows
