"""Estimate the letters' hidden Markov model that ships with the package, from many voices.

    python -m training.grapheme_hmm            writes src/subalign/assets/grapheme_hmm.npz

Heard are the first half of LJ Speech's clips (public domain), timed by attention, and the trained
voices of three synthesisers, which say when each word begins. bench/accuracy.py measures on the
other half.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from subalign.alignment import grapheme_hmm, time_texts
from subalign.alignment.boundaries import spectral_features
from subalign.alignment.grapheme_hmm import (
    ANY_LETTER,
    SILENCE,
    GraphemeHmm,
    HmmThresholds,
    SpokenWord,
    spoken_letters,
)
from subalign.alignment.script_words import script_words
from subalign.decoding import tokenizer_of
from subalign.kernels.hmm import Mixtures, MixtureStatistics, mixture_statistics
from subalign.mel import FRAMES_PER_SECOND, log_mel
from subalign.model import load_whisper
from subalign.results import Line
from training.evaluation.material import read_samples, trained_lj_clips
from training.synthesis.espeak import Espeak, Prosody
from training.synthesis.festival import say_all
from training.synthesis.flite import Flite
from training.synthesis.speech import Speech, SynthesisError
from training.synthesis.text import read_sentences
from training.synthesis.voices import ESPEAK_ACCENTS, ESPEAK_TRAINED

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ASSET = Path(grapheme_hmm.__file__).parents[1] / "assets" / "grapheme_hmm.npz"

_SEED = 1
_ESPEAK, _OTHERS = 200, 70  # utterances of eSpeak NG, and of each other voice
_COMPONENTS = 6
_FRAMES_A_COMPONENT = 60
_PASSES = 7
_LEAST_FRAMES = 40  # of a letter that gets states of its own
_OWN_FRAMES = 10.0  # of the mean of all letters that count beside a state's own
_LEAST_VARIANCE = 0.05
_SPLIT = 0.2  # deviations by which the halves of a component are moved apart


@dataclass(frozen=True, eq=False)
class Utterance:
    """Samples, their features (frames, 39), and words, of which each has its frames."""

    samples: NDArray[np.float32]
    features: NDArray[np.float32]
    words: list[SpokenWord]


def main() -> None:
    """Estimate the model and write it."""
    utterances = [*synthetic(), *human()]
    seconds = sum(len(u.features) for u in utterances) / FRAMES_PER_SECOND
    print(f"{len(utterances)} utterances, {seconds / 60:.1f} minutes")
    model = estimate(utterances)
    mixtures = model.mixtures
    np.savez_compressed(
        ASSET,
        letters=np.array("".join(model.units[2:])),
        weights=mixtures.weights.astype(np.float16),
        means=mixtures.means.astype(np.float16),
        variances=(1 / mixtures.precisions).astype(np.float16),
    )
    print(f"{ASSET}: {ASSET.stat().st_size / 1000:.0f} kB, letters {''.join(model.units[2:])}")


def synthetic() -> Iterator[Utterance]:
    """Sentences that synthesisers say, in voices that nothing is evaluated on."""
    texts = [t for t in read_sentences(DATA / "sentences.tsv.gz").trained if t.count(" ") < 20]
    rng = np.random.default_rng(_SEED)
    order = iter(rng.permutation(len(texts)).tolist())

    def some(count: int) -> list[str]:
        return [texts[n] for n in islice(order, count)]

    espeak, flite = Espeak(), Flite()
    speeches: list[Speech] = []
    for n, text in enumerate(some(_ESPEAK)):
        accent = ESPEAK_ACCENTS[n % len(ESPEAK_ACCENTS)]
        voice = f"{accent}+{ESPEAK_TRAINED[n % len(ESPEAK_TRAINED)]}"
        prosody = Prosody(rate=int(rng.integers(140, 190)), pitch=int(rng.integers(30, 70)))
        speeches += _said(lambda: espeak.say(text, voice, prosody))  # noqa: B023
    for voice in ("awb", "rms"):
        for text in some(_OTHERS):
            speeches += _said(lambda: flite.say(text, voice))  # noqa: B023
    speeches += say_all(some(_OTHERS), voice="ked_diphone")
    for speech in speeches:
        spans = [span for span in speech.spans if span is not None]
        if len(spans) == len(speech.spans):
            yield _utterance(speech.samples, speech.text.split(), spans)


def _said(say: object) -> list[Speech]:
    try:
        return [say()]  # type: ignore[operator]
    except SynthesisError:
        return []


def human() -> Iterator[Utterance]:
    """One reader's clips, timed by attention."""
    model = load_whisper("tiny.en", device="cpu")
    tokenizer = tokenizer_of(model)
    for name, text in trained_lj_clips(DATA / "lj"):
        samples = read_samples(DATA / "lj" / f"{name}.flac")
        mel = log_mel([samples], n_mels=model.dims.n_mels)
        words = [w.encoded for w in script_words(Line(text, ((0, len(text)),)), tokenizer)]
        encoded = model.encode(mel.window(0, mel.n_frames, model.dims.window_frames)[None])
        [timings] = time_texts(model, tokenizer, encoded, [words], [mel.n_frames])
        spans = [(timing.start, timing.end) for timing in timings]
        yield _utterance(samples, [timing.word for timing in timings], spans)


def _utterance(
    samples: NDArray[np.float32], words: Sequence[str], spans: Sequence[tuple[float, float]]
) -> Utterance:
    spoken = []
    for word, (start, end) in zip(words, spans, strict=True):
        first, last = round(start * FRAMES_PER_SECOND), round(end * FRAMES_PER_SECOND)
        spoken.append(SpokenWord(spoken_letters(word), first, max(last, first + 1)))
    return Utterance(samples, spectral_features(log_mel([samples], n_mels=80)), spoken)


def estimate(utterances: Sequence[Utterance]) -> GraphemeHmm:
    """Viterbi training from a state's equal share of its word; components are split in between."""
    counts = Counter(c for u in utterances for word in u.words for c in word.letters)
    letters = sorted(c for c, count in counts.items() if count >= _LEAST_FRAMES and c != ANY_LETTER)
    units = (SILENCE, ANY_LETTER, *letters)
    frames = np.concatenate([u.features for u in utterances])
    mean, variance = frames.mean(axis=0, dtype=float), frames.var(axis=0, dtype=float)
    n_states = 2 * len(units) - 1
    flat = np.ones((n_states, 1, 1))
    model = GraphemeHmm(units, Mixtures.of(flat[..., 0], flat * mean, flat * variance))
    states = np.concatenate([equal_shares(u, units) for u in utterances])
    for training_pass in range(_PASSES):
        if training_pass:
            paths = model.paths(
                [u.features for u in utterances],
                [u.words for u in utterances],
                thresholds=HmmThresholds(away=0.0),
            )
            print(f"pass {training_pass}: {sum(not p.found for p in paths)} do not fit")
            states = np.concatenate([path.states for path in paths])
        split = 0 < training_pass < _COMPONENTS
        model = updated(model, mixture_statistics(frames, states, model.mixtures), split=split)
        model = updated(model, mixture_statistics(frames, states, model.mixtures), split=False)
    return with_any_letter(model, mixture_statistics(frames, states, model.mixtures))


def equal_shares(utterance: Utterance, units: Sequence[str]) -> NDArray[np.int64]:
    """A state for each frame: those of a word share it equally, and silence has the rest."""
    states = np.zeros(len(utterance.features), np.int64)
    for word in utterance.words:
        numbers = [units.index(c if c in units else ANY_LETTER) for c in word.letters]
        own = np.array([state for n in numbers for state in (2 * n - 1, 2 * n)])
        length = len(states[word.start : word.end])
        states[word.start : word.end] = own[np.arange(length) * len(own) // max(1, length)]
    return states


def updated(model: GraphemeHmm, statistics: MixtureStatistics, *, split: bool) -> GraphemeHmm:
    """The most probable mixtures for these statistics, near the mean of all where there are few."""
    counts, sums, squares = statistics.counts, statistics.sums, statistics.squares
    total = counts.sum(axis=1)
    centre, spread = _pooled(counts, sums, squares)
    tau = _OWN_FRAMES
    weight = (counts + tau * (counts > 0))[..., None]
    means = np.where(weight > 0, (sums + tau * centre) / np.maximum(weight, tau), centre)
    raw = (squares + tau * (spread + centre**2)) / np.maximum(weight, tau) - means**2
    variances = np.maximum(raw, _LEAST_VARIANCE)
    shares = np.maximum(counts, 1e-3)
    if split:
        means, variances, shares = _split(means, variances, shares, total)
    return GraphemeHmm(model.units, Mixtures.of(shares, means, variances))


def _pooled(
    counts: NDArray[np.float64], sums: NDArray[np.float64], squares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of each state over its components (states, 1, dimensions)."""
    everything = counts.sum()
    mean = sums.sum(axis=(0, 1)) / everything
    square = squares.sum(axis=(0, 1)) / everything
    total = (counts.sum(axis=1) + _OWN_FRAMES)[:, None, None]
    centre = (sums.sum(axis=1, keepdims=True) + _OWN_FRAMES * mean) / total
    return centre, (squares.sum(axis=1, keepdims=True) + _OWN_FRAMES * square) / total - centre**2


def _split(
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    shares: NDArray[np.float64],
    total: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """One component more, for states with frames enough: the largest in two halves."""
    n_states, n_components = means.shape[:2]
    means = np.concatenate([means, means[:, :1]], axis=1)
    variances = np.concatenate([variances, variances[:, :1]], axis=1)
    shares = np.concatenate([shares, np.zeros((n_states, 1))], axis=1)
    for state in range(n_states):
        if total[state] < _FRAMES_A_COMPONENT * (n_components + 1):
            continue
        largest = int(np.argmax(shares[state, :n_components]))
        step = _SPLIT * np.sqrt(variances[state, largest])
        means[state, n_components] = means[state, largest] + step
        means[state, largest] -= step
        variances[state, n_components] = variances[state, largest]
        shares[state, largest] /= 2
        shares[state, n_components] = shares[state, largest]
    return means, variances, shares


def with_any_letter(model: GraphemeHmm, statistics: MixtureStatistics) -> GraphemeHmm:
    """`ANY_LETTER` as all letters together: one Gaussian for each of its two states."""
    mixtures = model.mixtures
    means, variances = mixtures.means.copy(), 1 / mixtures.precisions
    weights = mixtures.weights
    for half in (1, 2):
        rows = slice(half + 2, None, 2)  # the same half of every letter
        count = statistics.counts[rows].sum()
        mean = statistics.sums[rows].sum(axis=(0, 1)) / count
        square = statistics.squares[rows].sum(axis=(0, 1)) / count
        means[half], variances[half] = mean, square - mean**2
        weights[half] = 0.0
        weights[half, 0] = 1.0
    return GraphemeHmm(model.units, Mixtures.of(weights, means, variances))


if __name__ == "__main__":
    main()
