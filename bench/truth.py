"""Recordings whose words are known, mostly with their times: synthesised, and of people.

Synthesisers know when they say a word. Of LJ Speech an aligner of another kind (an HMM) tells it:
it is itself off by 20 to 40 ms, and always lets a clip's first word begin at 0. In each telephone
sentence of WUW-II somebody labelled one word by hand.

Every set is made from fixed seeds and kept under bench/.cache, so that each run measures the same
samples. The synthetic ones say sentences that the embedded model was not trained on. What needs a
synthesiser or a folder that is not there is left out, with a sentence on stderr.
"""

import csv
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))  # `training` is not installed

from training.data.augment import coloured_noise
from training.evaluation.material import Clip, music, read_samples, trained_lj_clips
from training.signal import SAMPLE_RATE
from training.synthesis.espeak import Espeak, Prosody
from training.synthesis.festival import say_all
from training.synthesis.flite import Flite
from training.synthesis.speech import Span, Speech, SynthesisError
from training.synthesis.sphinx import Sphinx
from training.synthesis.text import read_sentences
from training.synthesis.voices import ESPEAK_HELD_OUT

# other scripts take from here what they need of `training`
__all__ = [
    "HUMAN",
    "LANGUAGES",
    "SAMPLE_RATE",
    "VOICES",
    "Clip",
    "Espeak",
    "MissingError",
    "Prosody",
    "Span",
    "Sphinx",
    "cached",
    "clean_set",
    "coloured_noise",
    "music",
    "read_aloud",
    "read_samples",
    "sentences",
    "speak",
    "telephone",
]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CACHE = Path(__file__).resolve().parent / ".cache"

_Item = TypeVar("_Item")

_RECIPE = 1  # raise it when a set is made in another way
_SEED = 3
_WORDS = range(4, 26)
_LONGEST_SECONDS = 25.0
_ACCENTS = ("gmw/en-US", "gmw/en", "gmw/en-GB-x-rp", "gmw/en-GB-scotland")


class MissingError(RuntimeError):
    """What a set is made from is not on this machine."""


def clean_set(name: str, count: int) -> list[Clip]:
    """`count` short clips without noise of one of `VOICES`, or of `HUMAN`.

    A clip's words are those of its transcript, and its spans their starts and ends in seconds, None
    where the truth does not tell.

    Raises:
        MissingError: its synthesiser or data are not here.
    """
    if name == HUMAN:
        return cached(f"{name} apart {count}", lambda: _human(count))
    # more texts than clips: a synthesiser cannot say or time all of them
    return cached(f"{name} {count}", lambda: speak(name, sentences()[: 2 * count], count))


def cached(name: str, make: Callable[[], Sequence[Clip]]) -> list[Clip]:
    """The clips kept under a name; made and kept if there are none."""
    digest = hashlib.sha256(f"{_RECIPE} {_SEED} {name}".encode()).hexdigest()[:8]
    path = CACHE / f"{name.replace(' ', '-').replace(',', '')}-{digest}.npz"
    if path.is_file():
        with np.load(path) as file:
            return list(_unpacked(dict(file)))
    clips = list(make())
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".partial.npz")
    np.savez_compressed(unfinished, **_packed(clips))
    unfinished.replace(path)
    return clips


def _packed(clips: Sequence[Clip]) -> dict[str, np.ndarray]:
    """All clips end to end, in 16 bits; spans that are not known are NaN."""
    nothing = (np.nan, np.nan)
    return {
        "samples": np.concatenate([_int16(clip.samples) for clip in clips]),
        "lengths": np.array([clip.samples.size for clip in clips]),
        "words": np.array(json.dumps([clip.words for clip in clips])),
        "spans": np.array([span or nothing for clip in clips for span in clip.spans]),
    }


def _unpacked(arrays: dict[str, np.ndarray]) -> Iterator[Clip]:
    samples = np.split(arrays["samples"], np.cumsum(arrays["lengths"])[:-1])
    spans = iter(arrays["spans"].tolist())
    for part, words in zip(samples, json.loads(str(arrays["words"])), strict=True):
        mine = [(start, end) for start, end in islice(spans, len(words))]
        known = tuple(None if np.isnan(span[0]) else span for span in mine)
        yield Clip(part.astype(np.float32) / 32768.0, tuple(words), known)


def _int16(samples: np.ndarray) -> np.ndarray:
    return np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16)


def sentences() -> list[str]:
    """Sentences that nothing was trained on, in an order of their own.

    Raises:
        MissingError: the file of sentences is not here.
    """
    path = SHARED_DATA / "sentences.tsv.gz"
    if not path.is_file():
        raise MissingError(f"Left out all synthetic speech: there is no {path}.")
    texts = [t for t in read_sentences(path).held_out if len(t.split()) in _WORDS]
    order = np.random.default_rng(_SEED).permutation(len(texts))
    return [texts[n] for n in order]


def speak(voice: str, texts: Sequence[str], count: int) -> list[Clip]:
    """The first `count` of the texts that one of `VOICES` can say and time.

    Raises:
        MissingError: the synthesiser or the voice is not installed.
    """
    try:
        speeches = (s for s in VOICES[voice](texts) if s.seconds <= _LONGEST_SECONDS)
        clips = [Clip(s.samples, tuple(s.text.split()), s.spans) for s in islice(speeches, count)]
    except (OSError, SynthesisError) as error:
        raise MissingError(f"Left out {voice}: {error}.") from error
    if not clips:
        raise MissingError(f"Left out {voice}: the synthesiser or the voice is not installed.")
    return clips


def _flite(texts: Sequence[str], voice: str) -> Iterator[Speech]:
    flite = Flite()
    for text in texts:
        try:
            yield flite.say(text, voice)
        except SynthesisError:
            continue


def _espeak(texts: Sequence[str]) -> Iterator[Speech]:
    """Four accents, ten variants of the voice, many rates and pitches."""
    espeak = Espeak()
    rng = np.random.default_rng(_SEED)
    for n, text in enumerate(texts):
        voice = f"{_ACCENTS[n % len(_ACCENTS)]}+{ESPEAK_HELD_OUT[n % len(ESPEAK_HELD_OUT)]}"
        prosody = Prosody(rate=int(rng.integers(140, 190)), pitch=int(rng.integers(35, 65)))
        try:
            yield espeak.say(text, voice, prosody)
        except SynthesisError:
            continue


VOICES: dict[str, Callable[[Sequence[str]], Iterator[Speech]]] = {
    "festival kal": partial(say_all, voice="kal_diphone"),
    "festival slt": partial(say_all, voice="cmu_us_slt_arctic_hts"),
    "espeak": _espeak,
    "flite kal16": partial(_flite, voice="kal16"),
    "flite slt": partial(_flite, voice="slt"),
}

HUMAN = "lj"

LANGUAGES = ("en", "fr", "da")  # that the Declaration of Human Rights is read in


def _human(count: int) -> list[Clip]:
    """One human reader, timed by an HMM; evenly out of the clips that nothing was trained on."""
    path = _needed(SHARED_DATA / "lj" / "words_hmm.json")
    timed = json.loads(path.read_text(encoding="utf-8"))
    trained = {name for name, _ in trained_lj_clips(path.parent)}
    names = _evenly(sorted(timed.keys() - trained), count)
    return [_timed(path.parent / f"{name}.flac", timed[name]) for name in names]


def _needed(path: Path) -> Path:
    if not path.is_file():
        raise MissingError(f"Left out human speech: there is no {path}.")
    return path


def _evenly(items: Sequence[_Item], count: int) -> list[_Item]:
    """So many of them, from all over."""
    count = min(count, len(items))
    return [items[n * len(items) // count] for n in range(count)]


def _timed(path: Path, words: Sequence[dict[str, str | float]]) -> Clip:
    spans = tuple((float(word["start"]), float(word["end"])) for word in words)
    return Clip(read_samples(path), tuple(str(word["word"]) for word in words), spans)


def telephone(count: int) -> list[Clip]:
    """Spontaneous sentences said into telephones; of each, one word was timed by hand.

    Raises:
        MissingError: the recordings are not here.
    """
    path = _needed(SHARED_DATA / "wuw2" / "words.tsv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [_labelled(path.parent, row) for row in _evenly(rows, count)]


def _labelled(folder: Path, row: dict[str, str]) -> Clip:
    words = tuple(row["transcript"].split())
    spans: list[Span | None] = [None] * len(words)
    spans[int(row["index"])] = (float(row["start"]), float(row["end"]))
    return Clip(read_samples(folder / f"{row['clip']}.flac"), words, tuple(spans))


def read_aloud(language: str) -> list[Clip]:
    """The preamble of the Declaration of Human Rights in one of `LANGUAGES`, in one recording.

    Raises:
        MissingError: the recordings are not here.
    """
    path = _needed(SHARED_DATA / "udhr" / f"{language}.txt")
    words = tuple(path.read_text(encoding="utf-8").split())
    return [Clip(read_samples(path.with_suffix(".mp3")), words, (None,) * len(words))]
