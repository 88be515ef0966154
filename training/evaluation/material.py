"""What is evaluated on: synthetic speech of held-out sentences, and human recordings."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from subalign.audio import open_audio
from training.config import EvaluationConfig
from training.data.augment import coloured_noise
from training.signal import SAMPLE_RATE
from training.synthesis.espeak import Espeak, Prosody
from training.synthesis.festival import say_all
from training.synthesis.flite import Flite
from training.synthesis.pico import Pico
from training.synthesis.speech import Span, Speech, SynthesisError
from training.synthesis.voices import (
    ESPEAK_HELD_OUT,
    ESPEAK_TRAINED,
    FESTIVAL_HELD_OUT,
    FESTIVAL_TRAINED,
    FLITE_HELD_OUT,
    FLITE_TRAINED,
    PICO_TRAINED,
)

__all__ = [
    "Clip",
    "Laid",
    "Material",
    "gather",
    "lay_out",
    "music",
    "no_speech",
    "read_samples",
    "trained_lj_clips",
]

_JFK = (
    "And so my fellow Americans, ask not what your country can do for you, ask what you can do "
    "for your country."
)

_LJ_TRAINED = 93  # of 186 clips: what the letters' model hears; measured is on the others
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


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that a model is evaluated on, in sets by name, so that several hear the same.

    `unseen` are voices that no training has heard, and `timed` the clips of them that are aligned;
    `timed_human` have an HMM's times. `talk` is the example, whose transcript lies beside it.
    """

    trained: dict[str, list[Clip]]
    unseen: dict[str, list[Clip]]
    human: dict[str, list[Clip]]
    timed: dict[str, list[Clip]]
    timed_human: list[Clip]
    talk: Path
    windows: list[Laid]
    no_speech: dict[str, list[NDArray[np.float32]]]


def gather(texts: Sequence[str], config: EvaluationConfig) -> Material:
    """Say the sentences in all voices, and read what was recorded."""
    texts = texts[:: max(1, len(texts) // config.sentences)][: config.sentences]
    half = texts[: max(1, len(texts) // 2)]
    espeak, flite = Espeak(), Flite()
    trained = {
        "eSpeak NG, trained voices": list(_espeak(espeak, texts, ESPEAK_TRAINED)),
        "Flite, trained voices": list(_flite(flite, half, FLITE_TRAINED)),
        "Festival, trained voices": list(_festival(half, FESTIVAL_TRAINED)),
        "SVOX Pico, trained voices": list(_pico(half, PICO_TRAINED)),
    }
    unseen = {
        "eSpeak NG, unseen variants": list(_espeak(espeak, texts, ESPEAK_HELD_OUT)),
        "Flite kal16, unseen": list(_flite(flite, half, FLITE_HELD_OUT)),
        "Festival kal, unseen": list(_festival(texts, FESTIVAL_HELD_OUT)),
    }
    people = _lj(config)
    return Material(
        trained=trained,
        unseen=unseen,
        human={"LJ Speech (human)": people, "jfk.flac (human)": _jfk(config)},
        timed={name: clips[: config.alignment] for name, clips in unseen.items()},
        timed_human=[clip for clip in people if clip.spans][: config.alignment],
        talk=config.talk,
        windows=lay_out(trained["eSpeak NG, trained voices"], config.windows),
        no_speech=no_speech(config.silence),
    )


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


def _pico(texts: Sequence[str], voices: Sequence[str]) -> Iterator[Clip]:
    pico = Pico()
    for n, text in enumerate(texts):
        samples = pico.sound(text, voices[n % len(voices)])
        yield Clip(samples.astype(np.float32) / 32768.0, tuple(text.split()))


def _clip(speech: Speech) -> Clip:
    return Clip(speech.samples, tuple(speech.text.split()), speech.spans)


def _lj(config: EvaluationConfig) -> list[Clip]:
    """LJ Speech clips, evenly out of all, with the HMM's word times where there are any."""
    if not (config.lj / "transcripts.tsv").is_file():
        return []
    rows = _lj_transcripts(config.lj)
    timed = json.loads((config.lj / "words_hmm.json").read_text(encoding="utf-8"))
    rows = rows[:: max(1, len(rows) // config.human)][: config.human]
    return [_human(config.lj / f"{name}.flac", text, timed.get(name)) for name, text in rows]


def trained_lj_clips(folder: Path) -> list[list[str]]:
    """Name and text of the LJ Speech clips that the letters' model and net are trained on."""
    return _lj_transcripts(folder)[:_LJ_TRAINED]


def _lj_transcripts(folder: Path) -> list[list[str]]:
    table = folder / "transcripts.tsv"
    return [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()]


def _human(path: Path, text: str, timed: list[dict[str, str | float]] | None) -> Clip:
    samples = read_samples(path)
    if timed is None:
        return Clip(samples, tuple(text.split()))
    words = tuple(str(word["word"]) for word in timed)
    return Clip(samples, words, tuple((float(w["start"]), float(w["end"])) for w in timed))


def _jfk(config: EvaluationConfig) -> list[Clip]:
    there = config.jfk.is_file()
    return [Clip(read_samples(config.jfk), tuple(_JFK.split()))] if there else []


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


def no_speech(count: int) -> dict[str, list[NDArray[np.float32]]]:
    """Whole windows in which nobody speaks, `count` in all: silence, noise, music.

    The first window of silence is digital, the others have faint noise. Noise and music have levels
    from -60 to -15 dB.
    """
    rng = np.random.default_rng(_SEED)
    length = round(_WINDOW_SECONDS * SAMPLE_RATE)
    each = max(1, count // 3)
    hiss = [0.0, *(_gain(rng, -100.0, -75.0) for _ in range(each - 1))]
    return {
        "silence": [coloured_noise(length, rng) * np.float32(gain) for gain in hiss],
        "noise": [_clipped(coloured_noise(length, rng), rng) for _ in range(each)],
        "music": [_clipped(music(length, rng), rng) for _ in range(each)],
    }


def _gain(rng: np.random.Generator, low: float, high: float) -> float:
    return float(10 ** (rng.uniform(low, high) / 20))


def _clipped(sound: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    return np.clip(sound * _gain(rng, -60.0, -15.0), -1.0, 1.0).astype(np.float32)


def music(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A tune over chords and drums on a beat, of root mean square 1.

    It is made unlike the training's tones: plucked strings (Karplus and Strong 1983) in a key.
    """
    beat = 60.0 / rng.uniform(70.0, 150.0)
    root = float(rng.uniform(90.0, 180.0))
    scale = (0, 2, 4, 5, 7, 9, 11)
    sound = np.zeros(length + SAMPLE_RATE, np.float32)
    for n in range(int(length / SAMPLE_RATE / beat)):
        at = round(n * beat * SAMPLE_RATE)
        degree = (0, 3, 4, 0)[n // 4 % 4]
        chord = [degree, degree + 2, degree + 4] if n % 4 == 0 else []
        for step in (*chord, int(rng.integers(7, 14))):
            pitch = root * 2 ** ((scale[step % 7] + 12 * (step // 7)) / 12)
            _add(sound, at, _plucked(pitch, rng))
        drum = rng.standard_normal(SAMPLE_RATE // 5, dtype=np.float32)
        fall = np.exp(-np.arange(drum.size, dtype=np.float32) / (0.02 * SAMPLE_RATE))
        _add(sound, at, drum * fall * np.float32(0.5 if n % 2 else 0.2))
    sound = sound[:length]
    return sound / np.float32(sound.std() + 1e-9)


def _plucked(pitch: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A second of a string: noise that goes round a delay line and is smoothed each time."""
    period = max(2, round(SAMPLE_RATE / pitch))
    line = rng.uniform(-1.0, 1.0, period).astype(np.float32)
    rounds = []
    for _ in range(SAMPLE_RATE // period):
        rounds.append(line)
        line = np.float32(0.498) * (line + np.roll(line, 1))
    return np.concatenate(rounds)


def _add(sound: NDArray[np.float32], at: int, part: NDArray[np.float32]) -> None:
    room = sound[at : at + part.size]
    room += part[: room.size]
