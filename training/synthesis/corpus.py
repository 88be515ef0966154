"""The corpus on disk: shards of utterances with word times, made one after another.

    python -m training.synthesis.corpus training/micro.toml

Each shard is a pair of files: `00007.npy` (int16 samples, one utterance after another) and
`00007.json` (what they are). The second is written last, by renaming: a shard exists once it does.
A shard depends on the seed, its number and the shards that are there: of the sentences those come
first that are said least often in them. An interrupted run goes on where it was, and training may
begin before the last shard is made.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from training.config import Config, CorpusConfig, read_config
from training.signal import SAMPLE_RATE
from training.synthesis.codecs import CODECS, transcode
from training.synthesis.espeak import Espeak, Prosody
from training.synthesis.festival import say_all
from training.synthesis.flite import Flite
from training.synthesis.pico import Pico
from training.synthesis.speech import Speech, SynthesisError
from training.synthesis.text import RareWords, least_said, read_sentences
from training.synthesis.voices import (
    ESPEAK_ACCENTS,
    ESPEAK_TRAINED,
    FESTIVAL_TRAINED,
    FLITE_TRAINED,
    PICO_TRAINED,
    EspeakVoice,
)

__all__ = ["build_corpus", "finished_shards", "write_shard"]

_LONGEST_SECONDS = 24.0
_PEAK = 0.7


@dataclass(frozen=True, slots=True)
class Engines:
    """The synthesisers of this process."""

    espeak: Espeak
    flite: Flite
    pico: Pico


def build_corpus(config: CorpusConfig) -> None:
    """Make the shards that are missing."""
    config.folder.mkdir(parents=True, exist_ok=True)
    texts = read_sentences(config.sentences, config.exclude).trained
    engines = Engines(Espeak(), Flite(), Pico())
    present = finished_shards(config.folder)
    said = _said(config.folder, present)
    rare = RareWords(texts)
    console = Console(stderr=True)
    missing = sorted(set(range(config.shards)) - set(present))
    for number in track(missing, "Synthesising", console=console, update_period=5.0):
        rng = np.random.default_rng([config.seed, number])
        part = config.part(number)
        chosen = least_said(texts, said, config.utterances, rng)
        chosen = [rare.exchanged(text, part.exchanged, rng) for text in chosen]
        speeches = [*_speak(chosen, engines, part.shares, rng)]
        said.update(chosen)  # also those that no engine can say
        order = rng.permutation(len(speeches))
        codec = None
        if rng.random() < config.codec_share:
            codec = CODECS[rng.integers(len(CODECS))]
        samples = _joined([speeches[n] for n in order])
        if codec is not None:
            samples = transcode(samples, codec)
        label = "" if codec is None else codec.encoder
        write_shard(config.folder, number, [speeches[n] for n in order], samples, label)


def finished_shards(folder: Path) -> list[int]:
    """Numbers of the shards that are complete."""
    return sorted(int(path.stem) for path in folder.glob("[0-9]*.json"))


def _said(folder: Path, shards: Sequence[int]) -> Counter[str]:
    """How often each sentence is said in these shards."""
    said: Counter[str] = Counter()
    for number in shards:
        shard = json.loads((folder / f"{number:05}.json").read_text(encoding="utf-8"))
        said.update(row["text"] for row in shard["utterances"])
    return said


def _speak(
    texts: Sequence[str],
    engines: Engines,
    shares: Mapping[str, float],
    rng: np.random.Generator,
) -> Iterator[Speech]:
    names = sorted(shares)
    weights = np.array([shares[name] for name in names])
    ends = np.cumsum(rng.multinomial(len(texts), weights / weights.sum())).tolist()
    for name, start, end in zip(names, [0, *ends], ends, strict=False):
        chosen = texts[start:end]
        if name == "festival":
            yield from _with_festival(chosen, rng)
            continue
        say = _SAY[name]
        for text in chosen:
            try:
                speech = say(text, engines, rng)
            except SynthesisError:
                continue
            if speech.seconds <= _LONGEST_SECONDS:
                yield speech


def _with_espeak(text: str, engines: Engines, rng: np.random.Generator) -> Speech:
    voice = EspeakVoice(str(rng.choice(ESPEAK_ACCENTS)), str(rng.choice(ESPEAK_TRAINED)))
    prosody = Prosody(
        rate=int(rng.integers(120, 225)),
        pitch=int(rng.integers(20, 85)),
        range=int(rng.integers(30, 90)),
        word_gap=int(rng.integers(1, 5)) if rng.random() < 0.2 else 0,
    )
    return engines.espeak.say(text, voice.name, prosody)


def _with_flite(text: str, engines: Engines, rng: np.random.Generator) -> Speech:
    return engines.flite.say(
        text,
        str(rng.choice(FLITE_TRAINED)),
        duration_stretch=float(rng.uniform(0.8, 1.3)),
        f0_shift=float(np.exp(rng.uniform(-0.3, 0.3))),
    )


def _with_pico(text: str, engines: Engines, rng: np.random.Generator) -> Speech:
    return engines.pico.say(
        text,
        str(rng.choice(PICO_TRAINED)),
        rate=int(rng.integers(75, 130)),
        pitch=int(rng.integers(70, 145)),
    )


_SAY: dict[str, Callable[[str, Engines, np.random.Generator], Speech]] = {
    "espeak": _with_espeak,
    "flite": _with_flite,
    "pico": _with_pico,
}


def _with_festival(texts: Sequence[str], rng: np.random.Generator) -> Iterator[Speech]:
    for voice, part in zip(FESTIVAL_TRAINED, (texts[::2], texts[1::2]), strict=True):
        stretch = float(rng.uniform(0.8, 1.3))
        for speech in say_all(part, voice, duration_stretch=stretch):
            if speech.seconds <= _LONGEST_SECONDS:
                yield speech


def _joined(speeches: Sequence[Speech]) -> NDArray[np.int16]:
    pieces = []
    for speech in speeches:
        peak = float(np.abs(speech.samples).max())
        pieces.append((speech.samples * (_PEAK * 32767.0 / peak)).astype(np.int16))
    return np.concatenate(pieces)


def write_shard(
    folder: Path,
    number: int,
    speeches: Sequence[Speech],
    samples: NDArray[np.int16],
    codec: str,
) -> None:
    """Write one shard; `samples` holds the utterances one after another."""
    offsets = np.cumsum([0, *(speech.samples.size for speech in speeches)]).tolist()
    rows = [
        {
            "text": speech.text,
            "engine": speech.engine,
            "voice": speech.voice,
            "start": offsets[n],
            "length": speech.samples.size,
            "words": [s and [round(s[0], 4), round(s[1], 4)] for s in speech.spans],
        }
        for n, speech in enumerate(speeches)
    ]
    np.save(folder / f"{number:05}.npy", samples)
    shard = {"sample_rate": SAMPLE_RATE, "codec": codec, "utterances": rows}
    partial = folder / f".{number:05}.partial"
    partial.write_text(json.dumps(shard), encoding="utf-8")
    partial.replace(folder / f"{number:05}.json")


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Synthesise the training corpus; goes on where it was."
    )
    parser.add_argument("config", type=Path)
    config: Config = read_config(parser.parse_args().config)
    build_corpus(config.corpus)


if __name__ == "__main__":
    main()
