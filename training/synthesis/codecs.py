"""Lossy codecs, through ffmpeg: the traces that recordings from the net carry."""

import subprocess
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from subalign.audio.ffmpeg import find_ffmpeg
from training.signal import SAMPLE_RATE

__all__ = ["CODECS", "Codec", "transcode"]

_LONGEST_DELAY = 4000  # samples
_COMPARED = 20 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Codec:
    """An ffmpeg encoder, its container and its settings."""

    encoder: str
    container: str
    settings: tuple[str, ...]


CODECS = (
    Codec("libmp3lame", "mp3", ("-b:a", "32k")),
    Codec("libmp3lame", "mp3", ("-b:a", "48k")),
    Codec("libopus", "ogg", ("-b:a", "16k")),
    Codec("libopus", "ogg", ("-b:a", "24k")),
    Codec("aac", "adts", ("-b:a", "32k")),
    Codec("pcm_mulaw", "wav", ("-ar", "8000")),
)


def transcode(samples: NDArray[np.int16], codec: Codec) -> NDArray[np.int16]:
    """The same samples after encoding and decoding, of the same length and without delay.

    Raises:
        RuntimeError: ffmpeg cannot do it.
    """
    raw = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1")
    program = (find_ffmpeg().path, "-loglevel", "error")
    encode = (*program, *raw, "-i", "-", "-c:a", codec.encoder, *codec.settings)
    encoded = _pipe((*encode, "-f", codec.container, "-"), samples.astype("<i2").tobytes())
    decoded = _pipe((*program, "-f", _demuxer(codec), "-i", "-", *raw, "-"), encoded)
    return _realigned(samples, np.frombuffer(decoded, "<i2"))


def _demuxer(codec: Codec) -> str:
    return "aac" if codec.container == "adts" else codec.container


def _pipe(command: tuple[str, ...], data: bytes) -> bytes:
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def _realigned(original: NDArray[np.int16], decoded: NDArray[np.int16]) -> NDArray[np.int16]:
    """Undo the codec's delay, which the best correlation tells."""
    known = original[:_COMPARED].astype(np.float32)
    heard = np.zeros(known.size + _LONGEST_DELAY, np.float32)
    part = decoded[: heard.size]
    heard[: part.size] = part
    correlation = signal.correlate(heard, known, mode="valid", method="fft")
    delay = int(np.argmax(correlation))
    shifted = np.zeros(original.size, np.int16)
    rest = decoded[delay : delay + original.size]
    shifted[: rest.size] = rest
    return shifted
