"""An hour of speech, and a transcript that does not quite fit it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from truth import SAMPLE_RATE, VOICES, Clip, Span, cached, coloured_noise, sentences, speak

__all__ = ["Hour", "Line", "build", "damaged"]

_SEED = 4
_NOISE_SECONDS = 60.0
_SILENCE_SECONDS = 30.0
_GAP = (0.2, 1.5)  # seconds between sentences
_DELETED = _INSERTED = 0.05  # shares of the words
_LABELLED = 0.1  # share of the lines
_NAMES = ("ANNA", "BEN", "DR. GRAY")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the transcript: its words, and where they are heard; None: not known or nowhere."""

    words: tuple[str, ...]
    spans: tuple[Span | None, ...]
    speaker: str = ""

    def written(self, *, speakers: bool) -> str:
        """As it stands in a text file."""
        label = f"{self.speaker}: " if speakers and self.speaker else ""
        return label + " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Hour:
    """Samples at 16 kHz and the damaged transcript."""

    samples: np.ndarray
    lines: tuple[Line, ...]

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return self.samples.size / SAMPLE_RATE

    @property
    def words(self) -> list[str]:
        """All words of the transcript."""
        return [word for line in self.lines for word in line.words]

    @property
    def spans(self) -> list[Span | None]:
        """The words' true times."""
        return [span for line in self.lines for span in line.spans]


def build(seconds: float) -> Hour:
    """A minute of noise, then sentences of all voices in turns; 30 s of silence halfway.

    Raises:
        MissingError: a synthesiser or its voice is not installed.
    """
    rng = np.random.default_rng(_SEED)
    noise = coloured_noise(round(_NOISE_SECONDS * SAMPLE_RATE), rng) * 0.05
    pieces = [np.clip(noise, -1.0, 1.0).astype(np.float32)]
    clips: list[Clip] = []
    at = _NOISE_SECONDS
    halfway = False
    for clip in _sentences(seconds):
        gap = float(rng.uniform(*_GAP))
        if at > seconds / 2 and not halfway:
            gap, halfway = _SILENCE_SECONDS, True
        if at + gap + clip.seconds > seconds:
            break
        pieces += [np.zeros(round(gap * SAMPLE_RATE), np.float32), clip.samples]
        at = sum(map(len, pieces)) / SAMPLE_RATE
        begin = at - clip.seconds
        spans = tuple(span and (span[0] + begin, span[1] + begin) for span in clip.spans)
        clips.append(Clip(clip.samples[:0], clip.words, spans))
    lines = damaged([Line(clip.words, clip.spans) for clip in clips], rng)
    return Hour(np.concatenate(pieces), tuple(lines))


def _sentences(seconds: float) -> Iterator[Clip]:
    """Each sentence once, by each voice in turn; none with signs that a transcript reader minds."""
    count = round(seconds / 4.2 / len(VOICES)) + 1  # a sentence and its gap take 4.45 s on average
    texts = [text for text in sentences() if not set(text) & set('():"')]
    spoken = [
        cached(
            f"hour {voice} {count}",
            lambda n=n, voice=voice: speak(voice, texts[n :: len(VOICES)], count),
        )
        for n, voice in enumerate(VOICES)
    ]
    for turn in zip(*spoken, strict=False):
        yield from turn


def damaged(lines: Sequence[Line], rng: np.random.Generator) -> Iterator[Line]:
    """5% of the words taken out, 5% of other lines' words put in, speakers before some lines."""
    for line in lines:
        words: list[str] = []
        spans: list[Span | None] = []
        for word, span in zip(line.words, line.spans, strict=True):
            if rng.random() >= _DELETED:
                words.append(word)
                spans.append(span)
            if rng.random() < _INSERTED:
                other = lines[int(rng.integers(len(lines)))].words
                words.append(other[int(rng.integers(len(other)))])
                spans.append(None)
        speaker = str(rng.choice(_NAMES)) if rng.random() < _LABELLED else ""
        if words:
            yield Line(tuple(words), tuple(spans), speaker)
