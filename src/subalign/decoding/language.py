"""Which language a window is in."""

from dataclasses import dataclass
from operator import itemgetter

import torch

from subalign.decoding.tokens import tokenizer_of
from subalign.errors import UsageError
from subalign.model import EncodedAudio, Whisper

__all__ = ["LanguageGuess", "detect_language"]


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """The likeliest language of one window and the probability of every language."""

    language: str
    probabilities: tuple[tuple[str, float], ...]

    @property
    def probability(self) -> float:
        """How likely the guess is."""
        return dict(self.probabilities)[self.language]


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
    tokens = torch.tensor(tokenizer.all_language_tokens, device=model.device)
    probabilities = logits[:, tokens].softmax(dim=1).tolist()
    codes = tokenizer.all_language_codes
    return [
        LanguageGuess(
            max(zip(codes, row, strict=True), key=itemgetter(1))[0],
            tuple(zip(codes, row, strict=True)),
        )
        for row in probabilities
    ]
