"""Long recordings aligned with their transcripts, each in a process of its own.

    python bench/long_form.py TOOL MODEL AUDIO TRANSCRIPT

prints what `measure` reads: the timed words, the processor's seconds and the peak of memory.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from machine import THREADS, peak_memory, reset_peak_memory

if TYPE_CHECKING:  # what is measured imports no more than it needs
    from hour import Hour

__all__ = ["Measured", "measure"]

_SAMPLE_RATE = 16000


@dataclass(frozen=True, slots=True)
class Measured:
    """What a process found (text, start, end, estimated), and what it took.

    `cpu_seconds` counts all threads and ffmpeg, from the first import on; `peak` is in MiB, with
    the model's own memory but not what loading took.
    """

    pieces: list[tuple[str, float, float, bool]]
    cpu_seconds: float
    peak: float


def measure(hour: "Hour", tool: str, model: str, limit: float) -> Measured | None:
    """Align in a new process; None where it takes longer than `limit` seconds.

    stable-ts, which knows nothing of speakers' names, gets the text without them.
    """
    with tempfile.TemporaryDirectory() as folder:
        audio, text = Path(folder, "hour.wav"), Path(folder, "hour.txt")
        with wave.open(str(audio), "wb") as file:
            file.setparams((1, 2, _SAMPLE_RATE, 0, "NONE", ""))
            file.writeframes((hour.samples * 32767).astype("<i2").tobytes())
        lines = [line.written(speakers=tool != "stable-ts") for line in hour.lines]
        text.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, __file__, tool, model, str(audio), str(text)]
        # as the command `subalign` does: threads that wait for long use no processor time
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000"}
        try:
            done = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, timeout=limit, env=environment
            )
        except subprocess.TimeoutExpired:
            return None
    told = json.loads(done.stdout.splitlines()[-1])
    return Measured([tuple(piece) for piece in told["pieces"]], told["cpu_seconds"], told["peak"])


def _found(tool: str, model_name: str, audio: str, text: str) -> Iterator[tuple[object, ...]]:
    from subalign.model import load_whisper

    model = load_whisper(model_name, device="cpu", compute="float32")
    if tool == "stable-ts":
        from tools import StableTs, stable_ts_pieces
        from truth import read_samples

        written = Path(text).read_text(encoding="utf-8")
        reset_peak_memory()
        for piece in stable_ts_pieces(StableTs(model), read_samples(Path(audio)), written, "en"):
            yield piece.text, piece.start, piece.end, False
        return
    from subalign.options import AlignmentOptions, ScriptOptions
    from subalign.pipeline.recordings import align_recording

    alignment = AlignmentOptions(method="dtw") if tool == "subalign dtw" else AlignmentOptions()
    options = ScriptOptions(language="en")
    reset_peak_memory()
    found = align_recording(audio, text, model=model, options=options, alignment=alignment)
    for word in found.transcript.words:
        yield word.text, word.start, word.end, word.estimated


def main() -> None:
    import torch

    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    pieces = list(_found(*sys.argv[1:]))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu_seconds = sum(usage.ru_utime + usage.ru_stime for usage in used)
    print(json.dumps({"pieces": pieces, "cpu_seconds": cpu_seconds, "peak": peak_memory()}))


if __name__ == "__main__":
    main()
