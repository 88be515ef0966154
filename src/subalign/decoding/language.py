"""Which language a window, or a recording, is in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import torch

from subalign.decoding.tokens import tokenizer_of
from subalign.errors import UsageError
from subalign.mel import LogMel, has_sound
from subalign.model import EncodedAudio, Whisper

__all__ = ["LanguageGuess", "detect_language", "language_of", "spoken_language"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageThresholds:
    """When a guess is sure; measured with base on chords, knocks and speech backwards."""

    # a probability that music does not reach, where speech is likely by Whisper's own threshold
    probability: float = 0.7
    no_speech: float = 0.6
    # windows that are listened to at most, and how likely speech is taken to be at the least
    windows: int = 8
    least_speech: float = 1e-3


_THRESHOLDS = LanguageThresholds()


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The likeliest language of one window or recording and the probability of every language.

    `no_speech_prob` is how likely there is no speech.
    """

    language: str
    probabilities: tuple[tuple[str, float], ...]
    no_speech_prob: float

    @property
    def probability(self) -> float:
        """How likely the guess is."""
        return dict(self.probabilities)[self.language]

    @property
    def sure(self) -> bool:
        """Whether it is likely enough, and likely to be speech at all."""
        return (
            self.probability >= _THRESHOLDS.probability
            and self.no_speech_prob < _THRESHOLDS.no_speech
        )


@torch.inference_mode()
def detect_language(model: Whisper, encoded: EncodedAudio) -> list[LanguageGuess]:
    """A guess for each window: the likeliest language token after startoftranscript.

    Raises:
        UsageError: the model is English-only.
    """
    if not model.multilingual:
        raise UsageError(f"Model {model.name} is English-only and cannot tell languages apart.")
    tokenizer = tokenizer_of(model)
    start = torch.full((encoded.windows, 1), tokenizer.sot, device=model.device)
    logits = model.decoder(start, encoded)[:, 0]
    no_speech = logits.softmax(dim=1)[:, tokenizer.no_speech].tolist()
    tokens = torch.tensor(tokenizer.all_language_tokens, device=model.device)
    probabilities = logits[:, tokens].softmax(dim=1).tolist()
    return [
        _likeliest(tokenizer.all_language_codes, row, silent)
        for row, silent in zip(probabilities, no_speech, strict=True)
    ]


@torch.inference_mode()
def spoken_language(
    mel: LogMel,
    ranges: Sequence[tuple[int, int]],
    model: Whisper,
    encode: Callable[[int], EncodedAudio],
) -> LanguageGuess | None:
    """The language of a recording, by the first windows of these frame ranges that hold sound.

    One window is enough where the model is sure. Otherwise the probabilities of up to eight are
    averaged, each window's weighed by the square of how likely it holds speech, so that music and
    noise hardly count. `encode` encodes the window from a frame on. None where no window holds
    sound.

    Raises:
        UsageError: the model is English-only.
    """
    width = model.dims.window_frames
    windows = [(seek, end) for start, end in ranges for seek in range(start, end, width)]
    return language_of(
        model,
        (encode(seek) for seek, end in windows if has_sound(mel, seek, min(width, end - seek))),
    )


def language_of(model: Whisper, windows: Iterable[EncodedAudio]) -> LanguageGuess | None:
    """The language of a recording by windows of it that hold speech, each a batch of one.

    As many are looked at as `spoken_language` says. None where there are none.

    Raises:
        UsageError: the model is English-only.
    """
    guesses: list[LanguageGuess] = []
    for encoded in windows:
        guesses += detect_language(model, encoded)
        mean = _mean(guesses)
        if mean.sure or len(guesses) == _THRESHOLDS.windows:
            return mean
    return _mean(guesses) if guesses else None


def _mean(guesses: Sequence[LanguageGuess]) -> LanguageGuess:
    """Each window's probabilities averaged, the more weight the likelier it holds speech."""
    if len(guesses) == 1:
        return guesses[0]
    codes = [code for code, _ in guesses[0].probabilities]
    rows = torch.tensor(
        [[share for _, share in guess.probabilities] for guess in guesses], dtype=torch.float64
    )  # (windows, languages)
    speech = torch.tensor([1.0 - guess.no_speech_prob for guess in guesses], dtype=torch.float64)
    weights = speech.clamp(min=_THRESHOLDS.least_speech).square()  # (windows,)
    silent = min(guess.no_speech_prob for guess in guesses)
    return _likeliest(codes, (weights @ rows / weights.sum()).tolist(), silent)


def _likeliest(
    codes: Sequence[str], probabilities: Sequence[float], no_speech_prob: float
) -> LanguageGuess:
    pairs = tuple(zip(codes, probabilities, strict=True))
    return LanguageGuess(max(pairs, key=itemgetter(1))[0], pairs, no_speech_prob)
