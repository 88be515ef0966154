"""Time and memory of transcriptions, against other tools on the same weights in the same run.

    python bench/transcribe.py --model base             every table, as Markdown
    python bench/transcribe.py --quick                  one round, and no long recording
    python bench/transcribe.py --minutes 60 --tools "subalign int8" "faster-whisper int8 batched"

All run on the same recordings with the same number of threads, in turns, each in a process of its
own with its model loaded (OpenMP lets threads wait otherwise where another tool has its own in the
process); each figure is the median of the rounds, with the word error rate where the words are
known. Each long recording (the talk again and again) is transcribed in a new process; its memory is
the peak, with the model's own.
"""

import argparse
import os
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
import torch
import whisper
import whisper.timing

from conditions import SETS
from machine import THREADS, in_turns, machine, peak_memory, reset_peak_memory
from subalign.alignment import time_texts
from subalign.alignment.words import split_words
from subalign.audio import SAMPLE_RATE, find_ffmpeg
from subalign.decoding import decode, tokenizer_of
from subalign.mel import log_mel
from subalign.model import Whisper, load_whisper
from subalign.options import AlignmentOptions, DecodingOptions
from tables import Row, heading, table_row
from tools import TOOLS, Decoding, OpenAIWhisper, Subalign, Tool
from truth import Clip, MissingError, read_samples
from whisper_peer import peer_vocabulary
from word_errors import word_errors

TALK = Path(__file__).resolve().parents[1] / "examples" / "talk.mp4"
WAYS = {
    "greedy, no word times": Decoding(beams=None, temperatures=(0.0,), word_times=False),
    "5 beams, word times": Decoding(),
}
# subalign's two ways to compute and to cut, and everybody's default or best on a processor
COMPARED = (
    *("subalign int8", "subalign", "subalign sequential", "openai-whisper"),
    *("faster-whisper", "faster-whisper int8", "faster-whisper int8 batched", "stable-ts"),
)


@contextmanager
def ffmpeg_on_path() -> Iterator[None]:
    """Others call `ffmpeg` by name: let them find the program that we use."""
    before = os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "ffmpeg").symlink_to(find_ffmpeg().path)
        os.environ["PATH"] = folder + os.pathsep + before
        try:
            yield
        finally:
            os.environ["PATH"] = before


def write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def stage_rows(model: Whisper, rounds: int, folder: Path) -> Iterator[Row]:
    """Each stage by itself, against openai-whisper's."""
    theirs = OpenAIWhisper(model)
    samples = read_samples(TALK)
    long = np.resize(samples, 300 * SAMPLE_RATE)
    five = folder / "five.wav"
    write_wav(five, long)
    mel = whisper.pad_or_trim(whisper.log_mel_spectrogram(samples, padding=480_000), 3000)

    def row(
        name: str, ours: Callable[[], object], peer: Callable[[], object], per: float = 1
    ) -> Row:
        both = [1000 * seconds / per for seconds in in_turns(rounds, [ours, peer])]
        return Row(name, *both, "ms")

    yield row(
        "decoding 5 min of WAV to 16 kHz",
        lambda: read_samples(five),
        lambda: whisper.load_audio(str(five)),
    )
    yield row(
        "log-mel of 5 min",
        lambda: log_mel(np.split(long, 30), n_mels=80),
        lambda: whisper.log_mel_spectrogram(long, padding=480_000),
    )
    yield row(
        "encoder, a window of 30 s (theirs without cross-attention's keys and values)",
        lambda: model.encode(mel[None]),
        lambda: theirs.peer.encoder(mel[None]),
    )
    encoded, features = model.encode(mel[None]), theirs.peer.encoder(mel[None])[0]
    for name, beams in (("greedy", None), ("5 beams", 5)):
        options = DecodingOptions(beam_size=beams, language="en")
        their_options = whisper.DecodingOptions(language="en", beam_size=beams, fp16=False)
        tokens = list(decode(model, encoded, options)[0].tokens)
        assert tokens == whisper.decode(theirs.peer, features, their_options).tokens
        yield row(
            f"decoder, a token, {name}",
            lambda options=options: decode(model, encoded, options),
            lambda options=their_options: whisper.decode(theirs.peer, features, options),
            per=len(tokens),
        )
    ours, tokenizer = tokenizer_of(model, "en"), theirs.tokenizer("en")
    text = [token for token in tokens if token < ours.eot]
    words, by_dtw = split_words(ours, text), AlignmentOptions(method="dtw")
    yield row(
        f"word times of a window, {len(text)} tokens (theirs encodes again)",
        lambda: time_texts(model, ours, encoded, [words], [3000], by_dtw),
        lambda: whisper.timing.find_alignment(theirs.peer, tokenizer, text, mel, 3000),
    )


@dataclass(frozen=True)
class Run:
    """One transcription: its seconds and text, and MiB of its process before, and at its peak."""

    seconds: float
    text: str
    loaded: float
    peak: float


class ToolProcess:
    """A tool with its model loaded, in a process of its own until the `with` block ends.

    Raises:
        MissingError: the tool cannot run here.
    """

    def __init__(self, name: str, checkpoint: str) -> None:
        self.name = name
        self._checkpoint = checkpoint
        self._executor = ProcessPoolExecutor(1, get_context("spawn"))
        try:
            self._executor.submit(prepare_here, name, checkpoint).result()
        except BaseException:
            self._executor.shutdown()
            raise

    def __enter__(self) -> "ToolProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()

    def transcribe(self, source: str | np.ndarray, decoding: Decoding) -> Run:
        told = (self.name, self._checkpoint, source, decoding)
        return self._executor.submit(transcribe_here, *told).result()


@cache
def load_here(name: str, checkpoint: str) -> Tool:
    """The tool of this process."""
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    if name == "subalign int8":  # float32 before it would leave its memory behind
        return Subalign(load_whisper(checkpoint, device="cpu", compute="int8"))
    return TOOLS[name](load_whisper(checkpoint, device="cpu", compute="float32"), checkpoint)


def prepare_here(name: str, checkpoint: str) -> None:
    load_here(name, checkpoint)  # which cannot be sent


def transcribe_here(
    name: str, checkpoint: str, source: str | np.ndarray, decoding: Decoding
) -> Run:
    tool = load_here(name, checkpoint)
    reset_peak_memory()
    loaded = peak_memory()
    start = time.perf_counter()
    text = tool.transcribe(source, decoding).text
    return Run(time.perf_counter() - start, text, loaded, peak_memory())


def file_rows(tools: list[ToolProcess], rounds: int) -> Iterator[str]:
    """Short recordings by all tools: seconds, how many times ours, and word error rate."""
    [reading] = SETS["lj, joined"].make(40)
    talk = Clip(read_samples(TALK), tuple(TALK.with_suffix(".txt").read_text("utf-8").split()))
    for name, clip in (("talk", talk), ("5 min of reading", reading)):
        for way, decoding in WAYS.items():
            # the first round is not counted
            runs = [
                [tool.transcribe(clip.samples, decoding) for tool in tools]
                for _ in range(rounds + 1)
            ]
            seconds = [
                median(run.seconds for run in turns) for turns in zip(*runs[1:], strict=True)
            ]
            rates = [word_errors([(clip.text, run.text)], "en").rate for run in runs[-1]]
            cells = [
                f"{spent:.2f} s ({spent / seconds[0]:.2f}), {rate:.1%}"
                for spent, rate in zip(seconds, rates, strict=True)
            ]
            yield table_row(f"{name}, {way}", *cells)


def process_rows(minutes: int, tools: list[str], checkpoint: str, folder: Path) -> Iterator[str]:
    """A long recording in new processes: seconds, and peaks of memory."""
    path = folder / f"{minutes}.wav"
    write_wav(path, np.resize(read_samples(TALK), 60 * minutes * SAMPLE_RATE))
    runs = []
    for name in tools:
        with ToolProcess(name, checkpoint) as tool:
            runs.append(tool.transcribe(str(path), Decoding()))
    path.unlink()
    cells = [f"{run.seconds:.1f} s ({run.seconds / runs[0].seconds:.2f})" for run in runs]
    yield table_row(f"{minutes} min, a new process, 5 beams, word times", *cells)
    cells = [f"{run.peak:.0f} MiB, {run.peak - run.loaded:.0f} of it" for run in runs]
    yield table_row(f"{minutes} min, peak memory, above the loaded model's", *cells)


def tables(arguments: argparse.Namespace, folder: Path) -> Iterator[object]:
    """All lines that are printed, each as soon as it is measured."""
    rounds = 1 if arguments.quick else 3
    yield f"{machine()}\n{arguments.model}\n\n{Row.HEADING}"
    model = load_whisper(arguments.model, device="cpu", compute="float32")
    with peer_vocabulary(model):
        yield from stage_rows(model, rounds, folder)
    del model
    with ExitStack() as stack:
        tools = []
        for name in arguments.tools:
            try:
                tools.append(stack.enter_context(ToolProcess(name, arguments.model)))
            except MissingError as error:
                print(error, file=sys.stderr)
        names = [tool.name for tool in tools]
        yield "\n" + heading("what", *names)
        yield from file_rows(tools, rounds)
    for minutes in [2] if arguments.quick else [2, *arguments.minutes]:
        yield from process_rows(minutes, names, arguments.model, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--model", default="tiny.en", help="a checkpoint; default: tiny.en")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=COMPARED, metavar="TOOL")
    parser.add_argument("--minutes", nargs="*", type=int, default=[10], help="of long recordings")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    with ffmpeg_on_path(), tempfile.TemporaryDirectory() as folder:
        for line in tables(arguments, Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
