"""`open_audio`: a recording as an iterator of float32 blocks, with what is wrong with it told."""

import logging
import os
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from subalign.audio.command import SAMPLE_RATE, decode_command
from subalign.audio.completeness import damage_warning, nothing_decoded
from subalign.audio.decoder import Decoder, DecoderStalledError
from subalign.audio.ffmpeg import find_ffmpeg
from subalign.audio.log import DecoderLog
from subalign.audio.piped import spooled, stream_chunks
from subalign.audio.source import MediaSource, file_source, resolve_source
from subalign.errors import MediaReadError
from subalign.options import AudioOptions

__all__ = ["AudioStream", "open_audio", "silence_invalid_samples"]

_logger = logging.getLogger("subalign")

_BLOCK_SECONDS = 10
_BLOCK_BYTES = 4 * SAMPLE_RATE * _BLOCK_SECONDS

# Squares and sums of samples beyond this leave float32; full scale is 1.
_LARGEST_SAMPLE = 1e12


def open_audio(
    source: str | os.PathLike[str] | BinaryIO, *, options: AudioOptions | None = None
) -> "AudioStream":
    """Opens a recording and decodes its first block, so that what cannot be read fails here.

    `source` is a path, "-" for standard input, an http(s) address, or a binary file object.
    Raises `MediaNotFoundError`, `NoAudioError` (no such audio track, no sound),
    `MediaReadError` (not decodable, refused, silent decoder) or `ToolMissingError`.
    """
    return AudioStream(resolve_source(source), options or AudioOptions())


def silence_invalid_samples(block: NDArray[np.float32]) -> int:
    """Puts 0 for NaN, infinite and absurd samples, in place; returns how many there were."""
    valid = np.abs(block) < _LARGEST_SAMPLE  # False for NaN as well
    if valid.all():
        return 0
    block[~valid] = 0.0
    return int(block.size - np.count_nonzero(valid))


class AudioStream:
    """Blocks of mono float32 samples at 16 kHz, 10 s each but the last; a context manager.

    `declared_duration` is the container's in seconds, None where it declares none; `n_samples`
    counts the samples given so far. Gaps in the recording's clock are filled with silence, so
    that a sample's number is its time. Closing stops the decoder; the end closes by itself.
    """

    def __init__(self, source: MediaSource, options: AudioOptions) -> None:
        self.label = source.label
        self.n_samples = 0
        self._source = source
        self._options = options
        self._n_invalid = 0
        self._pending = bytearray()
        self._resources = ExitStack()
        self._finalizer = weakref.finalize(self, self._resources.close)
        try:
            self._decoder = self._start()
            self._first: NDArray[np.float32] | None = self._read_block()
            self._log.opened.wait(options.stall_timeout)
            self.declared_duration = self._declared()
            if self._first is None:
                raise nothing_decoded(self._log, self.label, options.track)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "AudioStream":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return self

    def __next__(self) -> NDArray[np.float32]:
        block = self._first if self._first is not None else self._read_block()
        self._first = None
        if block is None:
            self._end()
            raise StopIteration
        self.n_samples += block.size
        self._n_invalid += silence_invalid_samples(block)
        return block

    def close(self) -> None:
        """Stops the decoder and removes temporary files; may be called again."""
        self._first = None
        self._pending.clear()
        self._finalizer()

    def _start(self) -> Decoder:
        program = find_ffmpeg()
        source, data = self._source, None
        if source.data is not None:
            data, needs_file = stream_chunks(source.data, source.label)
            if needs_file:
                path = self._resources.enter_context(spooled(data, source.label))
                source, data = file_source(path, source.label), None
        self._source = source
        self._log = DecoderLog(address=source.address, label=source.label)
        decoder = Decoder(
            decode_command(program, source, self._options.track),
            log=self._log,
            data=data,
            stall_timeout=self._options.stall_timeout,
        )
        self._resources.callback(decoder.close)
        return decoder

    def _read_block(self) -> NDArray[np.float32] | None:
        """Up to 10 s of samples; None at the end."""
        try:
            while len(self._pending) < _BLOCK_BYTES and (chunk := self._decoder.read()):
                self._pending += chunk
        except DecoderStalledError as error:
            raise MediaReadError(
                f"{self.label} gave no sound for {self._options.stall_timeout:g} s and was given"
                " up: check the file or the connection."
            ) from error
        n_bytes = min(len(self._pending) // 4 * 4, _BLOCK_BYTES)
        block, self._pending = self._pending[:n_bytes], self._pending[n_bytes:]
        return np.frombuffer(block, "<f4").astype(np.float32, copy=False) if n_bytes else None

    def _declared(self) -> float | None:
        log = self._log
        tracks = log.audio_tracks
        own = (
            tracks[self._options.track - 1].duration if len(tracks) >= self._options.track else None
        )
        return log.duration if own is None else own

    def _end(self) -> None:
        """Closes, and warns once about what was missing or damaged."""
        already_closed = not self._finalizer.alive
        self.close()
        if already_closed:
            return
        warning = damage_warning(
            self._log,
            self._source,
            declared=self.declared_duration,
            decoded=self.n_samples / SAMPLE_RATE,
            exit_code=self._decoder.exit_code,
            time_limit=self._options.stall_timeout,
        )
        if warning is not None:
            _logger.warning(warning)
        if self._n_invalid:
            _logger.warning(
                "%s holds %d samples that are no numbers of a sound (NaN or infinite):"
                " they are taken as silence.",
                self.label,
                self._n_invalid,
            )
