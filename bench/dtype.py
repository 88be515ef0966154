"""Number types on this processor: seconds, word error rates, and what int8 moves.

    python bench/dtype.py

The embedded model and official ones transcribe the example and clips of LJ Speech that nothing was
chosen on. Seconds are the process's own on one thread, the best of a few, as other work on the
machine disturbs these least.
"""

import time
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import partial

import numpy as np
import torch

from machine import machine
from subalign.model import Whisper, load_whisper
from subalign.options import TranscriptionOptions
from subalign.pipeline.recordings import transcribe_recording
from subalign.results import Word
from tables import heading, table_row
from truth import HUMAN, Clip, clean_set
from word_errors import word_errors

GREEDY = TranscriptionOptions(language="en", temperatures=(0.0,), beam_size=None, best_of=None)
COMPUTE = ("float32", "int8", "bfloat16")
MODELS = ("micro.en", "tiny.en", "base")
STEPS = ((1, 1), (1, 5), (8, 1), (8, 5))  # windows and beams
CLIPS = 24
ROUNDS = 7


def best_ms(call: Callable[[], object]) -> float:
    """The fewest milliseconds of the processor of a few calls after a first one."""
    call()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def one_step(model: Whisper, windows: int, beams: int) -> Callable[[], object]:
    """A call that decodes one more token of every beam behind 50 others."""
    encoded, cache = model.encode(noise(windows)), model.new_cache(windows * beams)
    model.decoder.hidden(torch.zeros(windows, 50, dtype=torch.long), encoded, cache)
    tokens = torch.zeros(windows * beams, 1, dtype=torch.long)

    def step() -> torch.Tensor:
        cache.length = 50
        return model.decoder(tokens, encoded, cache)  # type: ignore[no-any-return]

    return step


def noise(windows: int) -> torch.Tensor:
    """Mel frames of a batch."""
    return torch.randn(windows, 80, 3000, generator=torch.Generator().manual_seed(0))


def error(found: torch.Tensor, expected: torch.Tensor) -> str:
    """The size of the difference, relative to what is expected."""
    return f"{float((found.float() - expected).norm() / expected.norm()):.1%}"


def heard(model: Whisper, clips: Sequence[Clip]) -> tuple[list[list[Word]], float]:
    """The words of every clip, and the processor's seconds that they took."""
    start = time.process_time()
    words = []
    for clip in clips:
        found = transcribe_recording(clip.samples, model=model, options=GREEDY).transcript()
        words.append([word for segment in found.segments for word in segment.words or ()])
    return words, time.process_time() - start


def moved_ms(found: Sequence[Sequence[Word]], expected: Sequence[Sequence[Word]]) -> str:
    """By how much the words that both have are moved, on average."""
    moved = []
    for one, other in zip(found, expected, strict=True):
        texts = ([word.text for word in words] for words in (one, other))
        for a, b, size in SequenceMatcher(None, *texts, autojunk=False).get_matching_blocks():
            for mine, its in zip(one[a : a + size], other[b : b + size], strict=True):
                moved += [abs(mine.start - its.start), abs(mine.end - its.end)]
    return f"{1000 * np.mean(moved):.1f} ms"


def rows_of(name: str, clips: Sequence[Clip]) -> None:
    """One row for each number type; the first is what the others are compared with."""
    original = load_whisper(name, device="cpu", compute=COMPUTE[0])
    mel, tokens = noise(1), torch.arange(300, 340)[None] % original.dims.n_vocab
    encoded = original.encode(mel)
    logits = original.decoder(tokens, encoded)
    reference: list[list[Word]] = []
    for compute in COMPUTE:
        model = load_whisper(name, device="cpu", compute=compute)
        words, seconds = heard(model, clips)
        reference = reference or words
        said = [
            (" ".join(clip.words), "".join(word.text for word in found))
            for clip, found in zip(clips, words, strict=True)
        ]
        own = model.encode(mel)
        print(
            table_row(
                *(name, compute, f"{seconds:.1f} s", f"{best_ms(partial(model.encode, mel)):.0f}"),
                *(f"{best_ms(one_step(model, *step)):.1f}" for step in STEPS),
                error(own.features, encoded.features),
                error(model.decoder(tokens, own), logits),
                f"{word_errors(said, 'en').rate:.2%}",
                moved_ms(words, reference),
            ),
            flush=True,
        )


def main() -> None:
    torch.set_num_threads(1)
    print(machine() + "\n")
    steps = (f"step {windows} x {beams}, ms" for windows, beams in STEPS)
    errors = ("features", "logits", "word error rate", "words moved")
    print(heading("model", "type", f"{CLIPS} clips", "encode, ms", *steps, *errors))
    clips = clean_set(HUMAN, CLIPS)
    with torch.inference_mode():
        for name in MODELS:
            rows_of(name, clips)


if __name__ == "__main__":
    main()
