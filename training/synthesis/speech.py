"""What a synthesiser gives: samples, and when each word of the text is heard."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.signal import SAMPLE_RATE, resample

__all__ = ["Span", "Speech", "SynthesisError", "finish"]

Span = tuple[float, float]

# silence kept around the words; the rest is cut, for pauses are laid out later
LEAD_SECONDS = 0.06
TAIL_SECONDS = 0.15
FADE_SECONDS = 0.01


class SynthesisError(RuntimeError):
    """A synthesiser cannot say this text; another text may do."""


@dataclass(frozen=True, slots=True)
class Speech:
    """One utterance at 16 kHz.

    `spans` has one entry for each word of `text.split()`: its start and end in seconds, or None
    where the synthesiser does not tell (it spoke the word joined with another).
    """

    text: str
    engine: str
    voice: str
    samples: NDArray[np.float32]
    spans: tuple[Span | None, ...]

    @property
    def seconds(self) -> float:
        """Length of the utterance."""
        return self.samples.size / SAMPLE_RATE


def finish(
    text: str,
    engine: str,
    voice: str,
    samples: NDArray[np.int16],
    sample_rate: int,
    spans: Sequence[Span | None],
    *,
    trim: bool = True,
) -> Speech:
    """Bring a synthesiser's output into the common form.

    Raises:
        SynthesisError: it is silent, or hardly a word of it is timed.
    """
    timed = [span for span in spans if span is not None]
    if not samples.size or len(timed) * 2 < len(spans) or not np.any(samples):
        raise SynthesisError(f"{engine} gives no usable speech for {text!r}")
    audio = samples.astype(np.float32) / 32768.0
    ratio = SAMPLE_RATE / sample_rate
    if trim:
        first = max(0.0, min(start for start, _ in timed) - LEAD_SECONDS)
        # an untimed word may come first or last: then nothing is cut there
        first = first if spans[0] is not None else 0.0
        last = max(end for _, end in timed) + TAIL_SECONDS
        last = last if spans[-1] is not None else audio.size / sample_rate
        audio = audio[round(first * sample_rate) : round(last * sample_rate)]
        spans = [None if s is None else (s[0] - first, s[1] - first) for s in spans]
    return Speech(text, engine, voice, _faded(resample(audio, ratio)), tuple(spans))


def _faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    samples = samples.copy()
    width = min(round(FADE_SECONDS * SAMPLE_RATE), samples.size // 2)
    ramp = np.linspace(0.0, 1.0, width, dtype=np.float32)
    samples[:width] *= ramp
    samples[samples.size - width :] *= ramp[::-1]
    return samples
