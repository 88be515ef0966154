"""Batches, each made from the seed and its number alone, in processes beside the training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from subalign.model import ModelDimensions
from subalign.tokenizer import Tokenizer
from training.config import Config
from training.data.mel import mask, window_mel
from training.data.shards import Corpus
from training.data.targets import IGNORED, Targets, make_targets
from training.data.tempo import random_tempo
from training.data.windows import Window, compose
from training.signal import SAMPLE_RATE
from training.synthesis.text import read_sentences
from training.team import Team

__all__ = ["Batch", "BatchMaker", "batches"]

_POOL_PER_WINDOW = 6
_FRAMES_PER_SECOND = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows of one length.

    `mel` (windows, n_mels, frames); `places` (windows,) first position in the 30 s window;
    `inputs` and `outputs` (windows, tokens); `intervals` (windows, tokens, 2) in positions of the
    crop, NaN for anywhere; `letters` (all windows' symbols,) and `letter_counts` (windows,);
    `positions` (windows,) how many positions hold audio.
    """

    mel: Tensor
    places: Tensor
    inputs: Tensor
    outputs: Tensor
    intervals: Tensor
    letters: Tensor
    letter_counts: Tensor
    positions: Tensor

    @property
    def seconds(self) -> float:
        """Seconds of windows in the batch."""
        return self.mel.shape[0] * self.mel.shape[2] / _FRAMES_PER_SECOND

    def to(self, device: torch.device) -> "Batch":
        """The same batch on a device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__slots__))


class BatchMaker(Dataset[Batch]):
    """Makes batch number n, or a member's part of it.

    The corpus is opened in the process that asks first.
    """

    def __init__(
        self, config: Config, dims: ModelDimensions, tokenizer: Tokenizer, team: Team = Team()
    ) -> None:
        self._team = team
        self._config = config
        self._dims = dims
        self._tokenizer = tokenizer
        self._corpus: Corpus | None = None

    def __getitem__(self, number: int) -> Batch:
        config = self._config
        stage = config.stage(number)
        rng = np.random.default_rng([config.run.seed, number])
        lengths = sorted(stage.windows)
        shares = np.array([stage.windows[length] for length in lengths])
        seconds = float(rng.choice(lengths, p=shares / shares.sum()))
        if self._team.size > 1:  # all take windows of one length, and each its own
            rng = np.random.default_rng([config.run.seed, number, self._team.rank])
        count = max(1, round(stage.batch_seconds / seconds / self._team.size))
        pool_size = max(40, int(count * seconds / 10 * _POOL_PER_WINDOW))
        pool = self._opened().choose(rng, pool_size)
        if stage.single:
            pool = [u for u in pool if u.samples.size < (seconds - 1.0) * SAMPLE_RATE] or pool
        mels, targets, windows = [], [], []
        for _ in range(count):
            window = compose(rng, seconds, pool, stage, config.windows, config.augmentation)
            earlier = pool[int(rng.integers(len(pool)))]
            mel, window = self._heard(window, rng, augment=stage.augment)
            mels.append(mel)
            targets.append(make_targets(window, self._tokenizer, rng, config.windows, earlier))
            windows.append(window)
        return _collate(mels, targets, windows, self._tokenizer.eot)

    def _opened(self) -> Corpus:
        if self._corpus is None:
            torch.set_num_threads(1)  # in a worker's process
            settings = self._config.corpus
            sentences = read_sentences(settings.sentences, settings.exclude)
            # a shard may be older than the list of what is excluded
            self._corpus = Corpus(settings.folder, sentences.forbidden, settings.weights)
        return self._corpus

    def _heard(
        self, window: Window, rng: np.random.Generator, *, augment: bool
    ) -> tuple[Tensor, Window]:
        """The log-mel of a window, and the window as it is heard there."""
        config = self._config.augmentation
        strength = config.warp if augment else 0.0
        mel = window_mel(
            window.samples,
            round(window.seconds * _FRAMES_PER_SECOND),
            n_mels=self._dims.n_mels,
            warp=float(rng.uniform(1.0 - strength, 1.0 + strength)),
            headroom=float(rng.uniform(0.0, 0.6)) if augment and rng.random() < 0.5 else 0.0,
        )
        if augment and window.utterances and rng.random() < config.tempo_share:
            tempo = random_tempo(rng, window.audio_seconds, config.tempo)
            mel, window = tempo.mel(mel), tempo.window(window)
        if augment and rng.random() < config.mask_share:
            mask(mel, rng)
        return mel, window


def batches(maker: BatchMaker, first: int, last: int, *, workers: int) -> Iterator[Batch]:
    """Batches `first` to `last` in order, made ahead by `workers` processes (0: in this one)."""
    loader = DataLoader(
        maker,
        batch_size=None,
        sampler=range(first, last),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        multiprocessing_context="fork" if workers else None,
    )
    return iter(loader)


def _collate(
    mels: Sequence[Tensor], targets: Sequence[Targets], windows: Sequence[Window], eot: int
) -> Batch:
    longest = max(len(target.inputs) for target in targets)
    inputs = torch.full((len(targets), longest), eot)
    outputs = torch.full((len(targets), longest), IGNORED)
    intervals = torch.full((len(targets), longest, 2), float("nan"))
    for row, target in enumerate(targets):
        n = len(target.inputs)
        inputs[row, :n] = torch.tensor(target.inputs)
        outputs[row, :n] = torch.tensor(target.outputs)
        intervals[row, :n] = torch.tensor(target.intervals)
    return Batch(
        mel=torch.stack(list(mels)),
        places=torch.tensor([window.place for window in windows]),
        inputs=inputs,
        outputs=outputs,
        intervals=intervals,
        letters=torch.tensor([letter for target in targets for letter in target.letters]),
        letter_counts=torch.tensor([len(target.letters) for target in targets]),
        positions=torch.tensor([max(1, round(window.audio_seconds * 50)) for window in windows]),
    )
