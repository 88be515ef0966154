"""Transcriptions on a GPU, in batches of 1, 8 and 32 windows, against faster-whisper in float16.

    python bench/gpu.py                      tiny.en and base, ten minutes of the talk
    python bench/gpu.py --models turbo --minutes 60

Both hear the same samples, in turns; each figure is the median of three rounds after one that is
not counted.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np
import torch

from machine import in_turns, machine
from subalign.model import load_whisper, where
from subalign.options import TranscriptionOptions
from subalign.pipeline.recordings import transcribe_recording
from tables import heading, table_row
from transcribe import TALK
from truth import SAMPLE_RATE, read_samples

_BATCHES = (1, 8, 32)
_ROUNDS = 3


def calls(checkpoint: str, samples: np.ndarray) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is timed, by name."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    model = load_whisper(checkpoint, device="cuda", compute="float16")
    peer = WhisperModel(str(where(checkpoint)), device="cuda", compute_type="float16")
    pipeline = BatchedInferencePipeline(peer)
    language = "en"

    def ours(size: int) -> object:
        options = TranscriptionOptions(language=language, batch_size=size)
        return transcribe_recording(samples, model=model, options=options).transcript()

    def theirs(size: int) -> object:
        options = {"language": language, "beam_size": 5, "word_timestamps": True}
        if size == 1:
            return list(peer.transcribe(samples, **options)[0])
        return list(pipeline.transcribe(samples, batch_size=size, **options)[0])

    for size in _BATCHES:
        yield f"subalign, batch {size}", lambda size=size: ours(size)
        yield f"faster-whisper, batch {size}", lambda size=size: theirs(size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["tiny.en", "base"], metavar="MODEL")
    parser.add_argument("--minutes", type=int, default=10)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("There is no CUDA device here.")
    samples = np.resize(read_samples(TALK), 60 * arguments.minutes * SAMPLE_RATE)
    print(f"{torch.cuda.get_device_name()}, {machine()}\n")
    print(heading("model", "what", "seconds", "times real time"))
    for checkpoint in arguments.models:
        named = dict(calls(checkpoint, samples))
        for name, spent in zip(named, in_turns(_ROUNDS, list(named.values())), strict=True):
            speed = f"{60 * arguments.minutes / spent:.0f}"
            print(table_row(checkpoint, name, f"{spent:.2f}", speed), flush=True)


if __name__ == "__main__":
    main()
