"""Time and memory of each stage of a transcription, against openai-whisper in the same run.

    python bench/transcribe.py              every table, as Markdown
    python bench/transcribe.py --quick      fewer rounds, and no 60-minute recording

Both run the embedded model's weights in float32 on the same samples with the same number of
threads, in turns; each figure is the median of the rounds. Memory is the peak resident size of a
fresh process that transcribes the whole file, less that of one that has only loaded the model.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import whisper
import whisper.timing

import subalign
from machine import machine, peak_memory
from subalign.alignment import align_windows
from subalign.audio import SAMPLE_RATE, find_ffmpeg, open_audio
from subalign.decoding import decode, tokenizer_of
from subalign.mel import log_mel
from subalign.model import Whisper, load_model
from subalign.options import AlignmentOptions, DecodingOptions, TranscriptionOptions
from whisper_peer import peer_of, peer_tokenizer, peer_vocabulary

ROOT = Path(__file__).resolve().parents[1]
TALK = ROOT / "examples" / "talk.mp4"
THREADS = 2


@dataclass(frozen=True)
class Row:
    """One line of a table: what was measured, and both figures."""

    name: str
    ours: float
    peer: float
    unit: str

    def __str__(self) -> str:
        ratio = self.peer / self.ours
        return (
            f"| {self.name} | {self.ours:.3g} {self.unit} | {self.peer:.3g} {self.unit} "
            f"| {ratio:.2f} |"
        )


def in_turns(rounds: int, ours: Callable[[], object], peer: Callable[[], object]) -> list[float]:
    """Median seconds of both, each called once before the rounds."""
    ours()
    peer()
    seconds: list[list[float]] = [[], []]
    for _ in range(rounds):
        for times, call in zip(seconds, (ours, peer), strict=True):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]


@contextmanager
def ffmpeg_on_path() -> Iterator[None]:
    """openai-whisper calls `ffmpeg` by name: let it find the program that we use."""
    before = os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "ffmpeg").symlink_to(find_ffmpeg().path)
        os.environ["PATH"] = folder + os.pathsep + before
        try:
            yield
        finally:
            os.environ["PATH"] = before


def samples_of(path: Path) -> np.ndarray:
    with open_audio(path) as stream:
        return np.concatenate(list(stream))


def write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def transcription_options(**changes: object) -> TranscriptionOptions:
    given: dict[str, object] = {
        "language": "en",
        "temperatures": (0.0,),
        "condition_on_previous_text": False,
    }
    return TranscriptionOptions(**(given | changes))  # type: ignore[arg-type]


def peer_transcribe(peer: whisper.Whisper, path: str, beam_size: int | None, words: bool) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = whisper.transcribe(
            peer,
            path,
            language="en",
            temperature=0.0,
            beam_size=beam_size,
            word_timestamps=words,
            condition_on_previous_text=False,
            fp16=False,
            verbose=None,
        )
    return str(result["text"])


def stage_rows(model: Whisper, rounds: int, folder: Path) -> list[Row]:
    """Each stage by itself, then whole files."""
    peer = peer_of(model)
    tokenizer = tokenizer_of(model)
    their_tokenizer = peer_tokenizer(model.vocabulary, model.num_languages, None, None)
    samples = samples_of(TALK)
    long = np.tile(samples, 1 + 300 * SAMPLE_RATE // len(samples))[: 300 * SAMPLE_RATE]
    five = folder / "five.wav"
    write_wav(five, long)
    mel = whisper.pad_or_trim(whisper.log_mel_spectrogram(samples, padding=480_000), 3000)
    encoded = model.encode(mel[None])
    rows = []

    def row(
        name: str, ours: Callable[[], object], theirs: Callable[[], object], per: float = 1
    ) -> None:
        both = [1000 * seconds / per for seconds in in_turns(rounds, ours, theirs)]
        rows.append(Row(name, *both, "ms"))
        print(rows[-1], flush=True)

    row(
        "decoding 5 min of WAV to 16 kHz",
        lambda: samples_of(five),
        lambda: whisper.load_audio(str(five)),
    )
    row(
        "log-mel of 5 min",
        lambda: log_mel(np.split(long, 30), n_mels=80),
        lambda: whisper.log_mel_spectrogram(long, padding=480_000),
    )
    row(
        "encoder, a window of 30 s (theirs without cross-attention's keys and values)",
        lambda: model.encode(mel[None]),
        lambda: peer.encoder(mel[None]),
    )
    for name, beams in (("greedy", None), ("5 beams", 5)):
        options = DecodingOptions(beam_size=beams)
        theirs = whisper.DecodingOptions(language="en", beam_size=beams, fp16=False)
        features = peer.encoder(mel[None])[0]
        result = decode(model, encoded, options)[0]
        assert list(result.tokens) == whisper.decode(peer, features, theirs).tokens
        row(
            f"decoder, a token, {name}",
            lambda options=options: decode(model, encoded, options),
            lambda theirs=theirs, features=features: whisper.decode(peer, features, theirs),
            per=len(result.tokens),
        )
    text = [token for token in result.tokens if token < tokenizer.eot]
    row(
        f"word times of a window, {len(text)} tokens (theirs encodes again)",
        lambda: align_windows(model, tokenizer, encoded, [text], [3000], AlignmentOptions()),
        lambda: whisper.timing.find_alignment(peer, their_tokenizer, text, mel, 3000),
    )
    for name, beams, words in (
        ("greedy, no word times", None, False),
        ("greedy, word times", None, True),
        ("5 beams, word times", 5, True),
    ):
        options = transcription_options(beam_size=beams, best_of=beams, word_timestamps=words)
        text = subalign.transcribe(str(TALK), model=model, options=options).text
        assert text == peer_transcribe(peer, str(TALK), beams, words)
        row(
            f"whole file, {TALK.name} ({len(samples) / SAMPLE_RATE:.0f} s), {name}",
            lambda options=options: subalign.transcribe(str(TALK), model=model, options=options),
            lambda beams=beams, words=words: peer_transcribe(peer, str(TALK), beams, words),
        )
    return rows


def fresh_process(side: str, path: str) -> tuple[float, float]:
    """Seconds and peak MiB of a new process that transcribes `path` ("" only loads the model)."""
    command = [sys.executable, __file__, "--one", side, path]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, peak = json.loads(output.splitlines()[-1])
    return seconds, peak


def transcribe_one(side: str, path: str) -> None:
    """What `fresh_process` runs: greedy with word times, from imports to the last word."""
    start = time.perf_counter()
    model = load_model("micro.en", device="cpu", dtype="float32")
    peer = peer_of(model) if side == "peer" else None
    if path and peer is not None:
        with peer_vocabulary(model):
            peer_transcribe(peer, path, None, True)
    elif path:
        options = transcription_options(beam_size=None, best_of=None)
        subalign.transcribe(path, model=model, options=options)
    print(json.dumps([time.perf_counter() - start, peak_memory()]))


def process_rows(minutes: list[int], folder: Path) -> list[Row]:
    """Seconds and memory of whole processes."""
    samples = samples_of(TALK)
    rows = []
    base = [fresh_process(side, "")[1] for side in ("ours", "peer")]
    for length in minutes:
        n_samples = 60 * length * SAMPLE_RATE
        path = folder / f"{length}.wav"
        write_wav(path, np.resize(samples, n_samples))
        ours, peer = (fresh_process(side, str(path)) for side in ("ours", "peer"))
        path.unlink()
        rows.append(Row(f"{length} min, a new process, greedy, word times", ours[0], peer[0], "s"))
        memory = [max(1.0, used - idle) for (_, used), idle in zip((ours, peer), base, strict=True)]
        rows.append(Row(f"{length} min, memory above the loaded model's", *memory, "MiB"))
        for row in rows[-2:]:
            print(row, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("SIDE", "PATH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    with ffmpeg_on_path(), tempfile.TemporaryDirectory() as folder:
        if arguments.one:
            transcribe_one(*arguments.one)
            return
        rounds = 3 if arguments.quick else 7
        print(machine() + "\n")
        print("| what | subalign | openai-whisper | ratio |\n| --- | --- | --- | --- |")
        model = load_model("micro.en", device="cpu", dtype="float32")
        with peer_vocabulary(model):
            stage_rows(model, rounds, Path(folder))
        process_rows([5] if arguments.quick else [5, 60], Path(folder))


if __name__ == "__main__":
    main()
