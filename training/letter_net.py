"""Train the net of letters that ships with the package beside the hidden Markov model of letters.

    python -m training.letter_net              writes src/subalign/assets/letter_net.npz

It hears what `training.grapheme_hmm` hears, after that model is written: each frame's state is the
model's on the clean sound, while the net hears it faster or slower, as by a telephone, in noise.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from subalign.alignment import grapheme_hmm
from subalign.alignment.boundaries import spectral_features
from subalign.alignment.grapheme_hmm import (
    GraphemeHmm,
    HmmThresholds,
    LetterNet,
    read_prior,
    with_neighbours,
)
from subalign.mel import log_mel
from training.data.augment import coloured_noise
from training.grapheme_hmm import Utterance, human, synthetic
from training.signal import SAMPLE_RATE, resample_fast

ASSET = Path(grapheme_hmm.__file__).parents[1] / "assets" / "letter_net.npz"

_SEED = 0
_HIDDEN = 96
_EPOCHS = 12
_UTTERANCES_AT_ONCE = 60
_BATCH = 512  # frames
_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 0.01
_HUMAN_TIMES = 2  # that the human reader is heard in an epoch

# shares of the utterances that are changed, and how
_SPEED_SHARE, _SPEED = 0.7, (0.85, 1.18)
_TELEPHONE_SHARE, _LOWEST, _HIGHEST = 0.5, (150.0, 350.0), (3300.0, 3800.0)  # Hz
_TILT = 6.0  # decibels an octave
_NOISE_SHARE, _NOISE = 0.6, (5.0, 30.0)  # decibels below the speech

# edges of synthetic words are exact
_EXACT = HmmThresholds(word=2, pause=2, silence=2)


def main() -> None:
    """Train the net and write it."""
    prior = read_prior()
    heard = [
        *_with_states(synthetic(), prior, _EXACT),
        *list(_with_states(human(), prior, HmmThresholds())) * _HUMAN_TIMES,
    ]
    torch.manual_seed(_SEED)
    net = train(heard, prior.mixtures.constants.shape[0])
    save(net, ASSET)
    print(f"{ASSET}: {ASSET.stat().st_size / 1000:.0f} kB")


def _with_states(
    utterances: Iterator[Utterance], prior: GraphemeHmm, thresholds: HmmThresholds
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Samples and each frame's state, of the utterances whose words fit."""
    for utterance in utterances:
        [path] = prior.paths([utterance.features], [utterance.words], thresholds=thresholds)
        if path.found:
            yield utterance.samples, path.states


def train(
    heard: Sequence[tuple[NDArray[np.float32], NDArray[np.int64]]], n_states: int
) -> LetterNet:
    """A net that tells each frame's state from the cepstra around it."""
    counts = np.bincount(np.concatenate([states for _, states in heard]), minlength=n_states) + 1.0
    rng = np.random.default_rng(_SEED)
    layers = [torch.nn.Linear(grapheme_hmm.INPUTS, _HIDDEN), torch.nn.Linear(_HIDDEN, _HIDDEN)]
    layers.append(torch.nn.Linear(_HIDDEN, n_states))
    relu = torch.nn.ReLU()
    model = torch.nn.Sequential(layers[0], relu, layers[1], relu, layers[2])
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=_WEIGHT_DECAY)
    for epoch in range(_EPOCHS):
        rate = _LEARNING_RATE * (0.5 * (1 + np.cos(np.pi * epoch / _EPOCHS)) + 0.01)
        optimizer.param_groups[0]["lr"] = rate
        losses = []
        order = rng.permutation(len(heard)).tolist()
        for first in range(0, len(order), _UTTERANCES_AT_ONCE):
            some = [heard[n] for n in order[first : first + _UTTERANCES_AT_ONCE]]
            inputs, states = zip(*(_changed(*one, rng) for one in some), strict=True)
            losses += _descend(model, optimizer, np.concatenate(inputs), np.concatenate(states))
        print(f"epoch {epoch}: {np.mean(losses):.3f}", flush=True)
    arrays = [(layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in layers]
    return LetterNet(tuple(arrays), np.log(counts / counts.sum()).astype(np.float32))


def save(net: LetterNet, path: Path) -> None:
    """Write what `read_letter_net` reads, in half precision."""
    arrays = {"log_priors": net.log_priors}
    for number, (weight, bias) in enumerate(net.layers):
        arrays |= {f"weight{number}": weight, f"bias{number}": bias}
    np.savez_compressed(path, **{name: array.astype(np.float16) for name, array in arrays.items()})


def _descend(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: NDArray[np.float32],
    states: NDArray[np.int64],
) -> Iterator[float]:
    """The losses of one pass over some frames."""
    frames, targets = torch.from_numpy(inputs), torch.from_numpy(states)
    for batch in torch.randperm(len(frames)).split(_BATCH):
        loss = torch.nn.functional.cross_entropy(model(frames[batch]), targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


def _changed(
    samples: NDArray[np.float32], states: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The net's input of the sound in another condition, and each frame's state."""
    if rng.random() < _SPEED_SHARE:
        samples = resample_fast(samples, 1 / rng.uniform(*_SPEED))
    if rng.random() < _TELEPHONE_SHARE:
        samples = _by_telephone(samples, rng)
    if rng.random() < _NOISE_SHARE:
        level = np.sqrt(np.square(samples).mean()) * 10 ** (-rng.uniform(*_NOISE) / 20)
        samples = samples + coloured_noise(samples.size, rng) * level
    mel = log_mel([np.clip(samples, -1, 1).astype(np.float32)], n_mels=80)
    inputs = with_neighbours(spectral_features(mel))
    frames = np.arange(len(inputs)) * len(states) / max(1, len(inputs))
    return inputs, states[np.minimum(np.rint(frames).astype(int), len(states) - 1)]


def _by_telephone(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    spectrum = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(samples.size, 1 / SAMPLE_RATE)
    octaves = np.log2(np.maximum(frequencies, 100.0) / 1000.0)
    spectrum *= 10 ** (rng.uniform(-_TILT, _TILT) * octaves / 20)
    spectrum[(frequencies < rng.uniform(*_LOWEST)) | (frequencies > rng.uniform(*_HIGHEST))] = 0
    return np.fft.irfft(spectrum, samples.size).astype(np.float32)


if __name__ == "__main__":
    main()
