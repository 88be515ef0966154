"""`open_audio`: a recording as an iterator of float32 blocks, with warnings of what is damaged."""

import logging
import os
import weakref
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from subalign.audio.channels import ChannelThresholds, missing_channel, mono_mix, silent_track
from subalign.audio.ffmpeg import LONGEST_GAP, SAMPLE_RATE, decode_command, find_ffmpeg
from subalign.audio.limits import SoundLimit
from subalign.audio.log import FfmpegLog
from subalign.audio.process import FfmpegProcess, FfmpegStalledError
from subalign.audio.source import MediaSource, file_source, resolve_source, spooled, stream_chunks
from subalign.audio.truncation import damage_warning, nothing_decoded
from subalign.audio.web_page import WebPageError, check_web_page, fetched, yt_dlp_command
from subalign.errors import MediaReadError
from subalign.options import AudioOptions
from subalign.results import Chapter

__all__ = ["AudioStream", "open_audio", "silence_invalid_samples"]

_logger = logging.getLogger("subalign")

_BLOCK_SAMPLES = 10 * SAMPLE_RATE

# Squares and sums of samples beyond this leave float32; full scale is 1.
_LARGEST_SAMPLE = 1e12


def open_audio(
    source: str | os.PathLike[str] | BinaryIO, *, options: AudioOptions | None = None
) -> "AudioStream":
    """Opens a recording and decodes its first block, so that what cannot be read fails here.

    `source` is a path, "-" for standard input, an http(s) address, or a binary file object. Where
    an address leads to a page, yt-dlp fetches the recording in it, if it is installed.
    Raises `MediaNotFoundError`, `NoAudioError` (no such audio track or channel, no sound),
    `MediaReadError` (not decodable, refused, silent decoder, more sound than its bytes can hold;
    the last also while it is read) or `ToolMissingError`.
    """
    found = resolve_source(source)
    options = options or AudioOptions()
    try:
        return AudioStream(found, options)
    except WebPageError:
        command = yt_dlp_command()
        if command is None:
            raise
    return AudioStream(found, options, yt_dlp=command)


def silence_invalid_samples(block: NDArray[np.float32]) -> int:
    """Puts 0 for NaN, infinite and absurd samples, in place; returns how many there were."""
    valid = np.abs(block) < _LARGEST_SAMPLE  # False for NaN as well
    if valid.all():
        return 0
    block[~valid] = 0.0
    return int(block.size - np.count_nonzero(valid))


class AudioStream:
    """Blocks of mono float32 samples at 16 kHz, 10 s each but the last; a context manager.

    `declared_duration` is the container's in seconds, None where it declares none; `chapters` are
    the container's, or those of the page that has the recording; `n_samples` counts the samples
    given so far, `n_channels` the track's channels, None where they are not told. `yt_dlp` is the
    command that fetches the recording of a page. Gaps in the recording's clock are filled with
    silence, so that a sample's number is its time. Where the mix of the channels cancels them, the
    first channel is given instead. Closing stops the decoder; the end closes by itself.
    """

    def __init__(
        self, source: MediaSource, options: AudioOptions, *, yt_dlp: Sequence[str] | None = None
    ) -> None:
        self.label = source.label
        self.n_samples = 0
        self._source = source
        self._options = options
        self._yt_dlp = yt_dlp
        self._page_chapters: tuple[Chapter, ...] = ()
        self._n_invalid = 0
        self._cancelled = False
        self._peak = 0.0
        self._lead: int | None = None
        self._pending = bytearray()
        self._resources = ExitStack()
        self._finalizer = weakref.finalize(self, self._resources.close)
        try:
            self._ffmpeg = self._start()
            self._first: NDArray[np.float32] | None = self._read_block()
            self._log.opened.wait(options.stall_timeout)
            self.declared_duration = self._declared()
            self.chapters = self._found_chapters()
            if self._first is None:
                check_web_page(self._source, self._log)
                raise nothing_decoded(self._log, self._source, options.track)
            missing = missing_channel(self._log, self.label, options)
            if missing is not None:
                raise missing
            self.n_channels = self._log.audio_tracks[options.track - 1].n_channels
            self._limit.check_packets(self.declared_duration, options.stall_timeout)
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
        self._peak = max(self._peak, float(np.abs(block).max()))
        self._limit.check(self.n_samples / SAMPLE_RATE, self._log.gaps)
        return block

    def close(self) -> None:
        """Stops the decoder and removes temporary files; may be called again."""
        self._first = None
        self._pending.clear()
        self._finalizer()

    def _start(self) -> FfmpegProcess:
        program = find_ffmpeg()
        source, data = self._source, None
        if self._yt_dlp is not None:
            page = fetched(source, self._yt_dlp, self._options.stall_timeout)
            recording = self._resources.enter_context(page)
            self._page_chapters = recording.chapters
            source = file_source(recording.path, source.label)
        if source.data is not None:
            data, needs_file = stream_chunks(source.data, source.label)
            if needs_file:
                path = self._resources.enter_context(spooled(data, source.label))
                source, data = file_source(path, source.label), None
        self._source = source
        self._limit = SoundLimit(source, self._options)
        self._log = FfmpegLog(address=source.address, label=source.label)
        return self._resources.enter_context(
            FfmpegProcess(
                decode_command(program, source, self._options.track, self._options.channel),
                log=self._log,
                data=None if data is None else _counted(data, self._limit),
                stall_timeout=self._options.stall_timeout,
            )
        )

    def _read_block(self) -> NDArray[np.float32] | None:
        """Up to 10 s of samples; None at the end."""
        n_silent = min(self._samples_of_lead(), _BLOCK_SAMPLES)
        size = 8 if self._options.channel is None else 4  # bytes: a pair, or one sample
        n_bytes = (_BLOCK_SAMPLES - n_silent) * size
        while len(self._pending) < n_bytes and (chunk := self._read()):
            self._pending += chunk
        n_bytes = min(len(self._pending) // size * size, n_bytes)
        block, self._pending = self._pending[:n_bytes], self._pending[n_bytes:]
        if not n_bytes and not n_silent:
            return None
        self._lead = self._samples_of_lead() - n_silent
        samples = self._mono(np.frombuffer(block, "<f4").astype(np.float32, copy=False))
        return np.concatenate((np.zeros(n_silent, np.float32), samples)) if n_silent else samples

    def _samples_of_lead(self) -> int:
        """How many silent samples are still to be given before the first of the sound."""
        if self._lead is None:
            self._pending += self._read()
            self._log.started.wait(self._options.stall_timeout)
            lead = self._log.lead(self._options.track) if self._pending else 0.0
            # as for gaps: a longer one is a damaged clock
            self._lead = round(lead * SAMPLE_RATE) if 0 < lead <= LONGEST_GAP else 0
        return self._lead

    def _mono(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._options.channel is not None:
            return samples
        mono, cancelled = mono_mix(samples.reshape(-1, 2))
        if cancelled and not self._cancelled:
            self._cancelled = True
            _logger.warning(
                "The channels of %s cancel each other in the mix: where they do, the first one is"
                " used alone (`channel` chooses another).",
                self.label,
            )
        return mono

    def _read(self) -> bytes:
        try:
            return self._ffmpeg.read()
        except FfmpegStalledError as error:
            raise MediaReadError(
                f"{self.label} gave no sound for {self._options.stall_timeout:g} s and was given"
                " up: check the file or the connection."
            ) from error

    def _declared(self) -> float | None:
        log = self._log
        tracks = log.audio_tracks
        own = (
            tracks[self._options.track - 1].duration if len(tracks) >= self._options.track else None
        )
        return log.duration if own is None else own

    def _found_chapters(self) -> tuple[Chapter, ...]:
        return self._page_chapters or self._log.chapters

    def _end(self) -> None:
        """Closes, and warns once about what was missing or damaged."""
        already_closed = not self._finalizer.alive
        self.close()
        if already_closed:
            return
        warning = damage_warning(
            self._log,
            self._source,
            track=self._options.track,
            declared=self.declared_duration,
            decoded=self.n_samples / SAMPLE_RATE,
            exit_code=self._ffmpeg.exit_code,
            time_limit=self._options.stall_timeout,
        )
        silent = silent_track(self._log, self.label, self._options.track)
        if self._peak < ChannelThresholds().silent and silent is not None:
            _logger.warning(silent)
        if warning is not None:
            _logger.warning(warning)
        if self._n_invalid:
            _logger.warning(
                "%s holds %d samples that are no numbers of a sound (NaN or infinite):"
                " they are taken as silence.",
                self.label,
                self._n_invalid,
            )


def _counted(chunks: Iterator[bytes], limit: SoundLimit) -> Iterator[bytes]:
    for chunk in chunks:
        limit.read(len(chunk))
        yield chunk
