"""float32 against bfloat16 on this processor: seconds and word error rates.

    python bench/dtype.py

The embedded model and official ones transcribe the example, and each of their stages is timed.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from machine import THREADS, machine
from subalign.model import Whisper, load_whisper
from subalign.options import TranscriptionOptions
from subalign.pipeline.recordings import transcribe_recording
from tables import heading, table_row
from word_errors import word_errors

TALK = Path(__file__).resolve().parents[1] / "examples" / "talk.mp4"
GREEDY = TranscriptionOptions(language="en", temperatures=(0.0,), beam_size=None, best_of=None)
DTYPES = ("float32", "bfloat16")
MODELS = ("micro.en", "tiny.en", "base")
BEAMS = 5
ROUNDS = 5


def median_ms(call: Callable[[], object]) -> float:
    """Median milliseconds of a few calls after a first one."""
    call()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def one_step(model: Whisper, mel: torch.Tensor) -> Callable[[], object]:
    """A call that decodes one more token of five beams behind 50 others."""
    encoded, cache = model.encode(mel), model.new_cache(BEAMS)
    model.decoder.hidden(torch.zeros(1, 50, dtype=torch.long), encoded, cache)
    tokens = torch.zeros(BEAMS, 1, dtype=torch.long)

    def step() -> torch.Tensor:
        cache.length = 50
        return model.decoder(tokens, encoded, cache)  # type: ignore[no-any-return]

    return step


def row_of(name: str, dtype: str, said: str) -> str:
    model = load_whisper(name, device="cpu", compute=dtype)

    def transcribe() -> str:
        return transcribe_recording(TALK, model=model, options=GREEDY).transcript().text

    text = transcribe()
    whole = median_ms(transcribe)
    mel = torch.randn(1, 80, 3000, generator=torch.Generator().manual_seed(0))
    encode = median_ms(lambda: model.encode(mel))
    step = median_ms(one_step(model, mel))
    times = (f"{whole:.0f} ms", f"{encode:.0f} ms", f"{step:.1f} ms")
    return table_row(name, dtype, *times, f"{word_errors([(said, text)], 'en').rate:.1%}")


def main() -> None:
    torch.set_num_threads(THREADS)
    print(machine() + "\n")
    stages = ("example, greedy", "encode 30 s", f"a token, {BEAMS} beams")
    print(heading("model", "type", *stages, "word error rate"))
    said = TALK.with_suffix(".txt").read_text(encoding="utf-8")
    with torch.inference_mode():
        for name in MODELS:
            for dtype in DTYPES:
                print(row_of(name, dtype, said), flush=True)


if __name__ == "__main__":
    main()
