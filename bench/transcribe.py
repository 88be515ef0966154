"""Time and memory of transcriptions, against other tools on the same weights in the same run.

    python bench/transcribe.py --model base             every table, as Markdown
    python bench/transcribe.py --quick                  one round, and no long recording
    python bench/transcribe.py --minutes 60 --tools "subalign int8" "faster-whisper int8 batched"

All run on the same recordings with the same number of threads, in turns; each figure is the median
of the rounds, with the word error rate where the words are known. Each long recording (the talk
again and again) is transcribed in a process of its own, once the model is loaded; its memory is the
peak, with the model's own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

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
from tools import TOOLS, Decoding, Heard, OpenAIWhisper, Subalign, Tool, load_tools
from truth import Clip, read_samples
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


def file_rows(tools: dict[str, Tool], rounds: int) -> Iterator[str]:
    """Short recordings by all tools: seconds, how many times ours, and word error rate."""
    [reading] = SETS["lj, joined"].make(40)
    talk = Clip(read_samples(TALK), tuple(TALK.with_suffix(".txt").read_text("utf-8").split()))
    for name, clip in (("talk", talk), ("5 min of reading", reading)):
        for way, decoding in WAYS.items():
            heard: dict[str, Heard] = {}

            def call(tool: str, clip: Clip = clip, decoding: Decoding = decoding) -> None:
                heard[tool] = tools[tool].transcribe(clip.samples, decoding)  # noqa: B023

            seconds = in_turns(rounds, [partial(call, tool) for tool in tools])
            rates = [word_errors([(clip.text, heard[tool].text)], "en").rate for tool in tools]
            cells = [
                f"{spent:.2f} s ({spent / seconds[0]:.2f}), {rate:.1%}"
                for spent, rate in zip(seconds, rates, strict=True)
            ]
            yield table_row(f"{name}, {way}", *cells)


def process_rows(minutes: int, tools: list[str], checkpoint: str, folder: Path) -> Iterator[str]:
    """A long recording in processes of their own: seconds, and peaks of memory."""
    path = folder / f"{minutes}.wav"
    write_wav(path, np.resize(read_samples(TALK), 60 * minutes * SAMPLE_RATE))
    figures = [fresh_process(tool, checkpoint, path) for tool in tools]
    path.unlink()
    seconds = [spent for spent, _, _ in figures]
    cells = [f"{spent:.1f} s ({spent / seconds[0]:.2f})" for spent in seconds]
    yield table_row(f"{minutes} min, a new process, 5 beams, word times", *cells)
    cells = [f"{peak:.0f} MiB, {peak - loaded:.0f} of it" for _, loaded, peak in figures]
    yield table_row(f"{minutes} min, peak memory, above the loaded model's", *cells)


def fresh_process(tool: str, checkpoint: str, path: Path) -> tuple[float, float, float]:
    """Seconds, MiB once the model is loaded, and peak MiB of a new process."""
    command = [sys.executable, __file__, "--model", checkpoint, "--one", tool, str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, loaded, peak = json.loads(output.splitlines()[-1])
    return seconds, loaded, peak


def transcribe_one(name: str, checkpoint: str, path: str) -> None:
    """What `fresh_process` runs."""
    if name == "subalign int8":  # float32 before it would leave its memory behind
        tool: Tool = Subalign(load_whisper(checkpoint, device="cpu", compute="int8"))
    else:
        tool = TOOLS[name](load_whisper(checkpoint, device="cpu", compute="float32"), checkpoint)
    reset_peak_memory()
    loaded = peak_memory()
    start = time.perf_counter()
    tool.transcribe(path, Decoding())
    print(json.dumps([time.perf_counter() - start, loaded, peak_memory()]))


def tables(arguments: argparse.Namespace, folder: Path) -> Iterator[object]:
    """All lines that are printed, each as soon as it is measured."""
    rounds = 1 if arguments.quick else 3
    yield f"{machine()}\n{arguments.model}\n\n{Row.HEADING}"
    model = load_whisper(arguments.model, device="cpu", compute="float32")
    with peer_vocabulary(model):
        yield from stage_rows(model, rounds, folder)
    tools = load_tools(arguments.tools, model, arguments.model)
    yield "\n" + heading("what", *tools)
    yield from file_rows(tools, rounds)
    for minutes in [2] if arguments.quick else [2, *arguments.minutes]:
        yield from process_rows(minutes, list(tools), arguments.model, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--model", default="tiny.en", help="a checkpoint; default: tiny.en")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=COMPARED, metavar="TOOL")
    parser.add_argument("--minutes", nargs="*", type=int, default=[10], help="of long recordings")
    parser.add_argument("--one", nargs=2, metavar=("TOOL", "PATH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    with ffmpeg_on_path(), tempfile.TemporaryDirectory() as folder:
        if arguments.one:
            name, path = arguments.one
            transcribe_one(name, arguments.model, path)
            return
        for line in tables(arguments, Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
