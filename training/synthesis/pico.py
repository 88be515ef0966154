"""SVOX Pico through its Python module: about 50 times faster than real time on one core."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.signal import SAMPLE_RATE, cut_by_energy, frame_rms
from training.synthesis.speech import Span, Speech, SynthesisError, finish
from training.synthesis.sphinx import Sphinx

__all__ = ["Pico"]

_LEAST_PAUSE = 0.03  # seconds
_LOUDNESS_FRAME = 0.005


class Pico:
    """SVOX Pico, which does not tell when it says a word: PocketSphinx hears that."""

    def __init__(self) -> None:
        self._sphinx = Sphinx()
        self._voices: dict[str, Any] = {}

    def say(self, text: str, voice: str, *, rate: int = 100, pitch: int = 100) -> Speech:
        """Synthesise one sentence; `rate` and `pitch` are percentages of the voice's own.

        Raises:
            SynthesisError: the words of the text cannot be told apart.
        """
        samples = self.sound(text, voice, rate=rate, pitch=pitch)
        audio = samples.astype(np.float32) / 32768.0
        spans = self._sphinx.align(audio, text.split())
        if spans is None:
            raise SynthesisError(f"PocketSphinx cannot align {text!r}")
        return finish(text, "pico", voice, samples, SAMPLE_RATE, _without_pauses(audio, spans))

    def sound(
        self, text: str, voice: str, *, rate: int = 100, pitch: int = 100
    ) -> NDArray[np.int16]:
        """A sentence at 16 kHz, whether its words can be told apart or not."""
        engine = self._voice(voice)
        engine.rate, engine.pitch = rate, pitch
        return np.frombuffer(engine.speak(text) or b"", "<i2")

    def _voice(self, name: str) -> Any:
        if name not in self._voices:
            from ttspico import TtsEngine

            self._voices[name] = TtsEngine(name)
        return self._voices[name]


def _without_pauses(samples: NDArray[np.float32], spans: Sequence[Span]) -> list[Span | None]:
    """The words' spans; beside pauses, cut to what can be heard."""
    peak = float(frame_rms(samples, round(_LOUDNESS_FRAME * SAMPLE_RATE)).max(initial=0.0))
    cut: list[Span | None] = []
    for n, (start, end) in enumerate(spans):
        heard = cut_by_energy(samples, SAMPLE_RATE, start, end, peak=peak)
        pause_before = n == 0 or start - spans[n - 1][1] > _LEAST_PAUSE
        pause_after = n + 1 == len(spans) or spans[n + 1][0] - end > _LEAST_PAUSE
        cut.append((heard[0] if pause_before else start, heard[1] if pause_after else end))
    return cut
