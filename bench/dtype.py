"""float32 against bfloat16 on this processor: seconds, and word error rate where weights are here.

    python bench/dtype.py

The embedded model transcribes the example. The official checkpoints' shapes run on random weights,
which tells their speed but not what becomes of their text.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import jiwer
import torch

import subalign
from machine import machine
from subalign.model import Whisper, load_model, official_models
from subalign.options import TranscriptionOptions
from whisper_peer import random_model

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
DTYPES = ("float32", "bfloat16")
SHAPES = ("tiny.en", "base.en", "small.en")
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


def word_error_rate(text: str) -> float:
    """Share of the example's words that `text` has wrong, without case and punctuation."""
    plain = jiwer.Compose(
        [
            jiwer.ToLowerCase(),
            jiwer.RemovePunctuation(),
            jiwer.RemoveMultipleSpaces(),
            jiwer.Strip(),
            jiwer.ReduceToListOfListOfWords(),
        ]
    )
    truth = (EXAMPLES / "talk.txt").read_text(encoding="utf-8").replace("\n", " ")
    return float(jiwer.wer(truth, text, reference_transform=plain, hypothesis_transform=plain))


def example_table() -> None:
    print("| type | example, greedy | word error rate |\n| --- | --- | --- |")
    options = TranscriptionOptions(language="en", temperatures=(0.0,), beam_size=None, best_of=None)
    talk = EXAMPLES / "talk.mp4"
    for dtype in DTYPES:
        model = load_model("micro.en", device="cpu", dtype=dtype)
        text = subalign.transcribe(talk, model=model, options=options).text
        spent = median_ms(lambda m=model: subalign.transcribe(talk, model=m, options=options))
        print(f"| {dtype} | {spent:.0f} ms | {word_error_rate(text):.1%} |", flush=True)


def one_step(model: Whisper, mel: torch.Tensor) -> Callable[[], object]:
    """A call that decodes one more token of five beams behind 50 others."""
    encoded, cache = model.encode(mel), model.new_cache(BEAMS)
    model.decoder.hidden(torch.zeros(1, 50, dtype=torch.long), encoded, cache)
    tokens = torch.zeros(BEAMS, 1, dtype=torch.long)

    def step() -> torch.Tensor:
        cache.length = 50
        return model.decoder(tokens, encoded, cache)  # type: ignore[no-any-return]

    return step


def shapes_table() -> None:
    print(f"\n| shape | type | encode 30 s | a token, {BEAMS} beams |\n| --- | --- | --- | --- |")
    for name in SHAPES:
        random = random_model(official_models()[name].dims)
        mel = torch.randn(1, 80, 3000, generator=torch.Generator().manual_seed(0))
        for dtype in DTYPES:
            model = random.to(getattr(torch, dtype))
            encode = median_ms(lambda m=model, mel=mel: m.encode(mel))
            step = median_ms(one_step(model, mel))
            print(f"| {name} | {dtype} | {encode:.0f} ms | {step:.1f} ms |", flush=True)


def main() -> None:
    torch.set_num_threads(2)
    print(machine() + "\n")
    with torch.inference_mode():
        example_table()
        shapes_table()


if __name__ == "__main__":
    main()
