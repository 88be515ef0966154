"""What the page (format html) has of its recording: where it is, or all of it, and its peaks.

Peaks are read from the recording once more, as transcription keeps no samples.
"""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from subalign.audio import SAMPLE_RATE, is_address, open_audio
from subalign.audio.source import address_name, legible, printable
from subalign.errors import InputError, OutputError, ToolMissingError, UsageError
from subalign.options import AudioOptions
from subalign.subtitles.page.page import PEAKS_PER_SECOND, PageMedia

__all__ = ["MAX_EMBEDDED", "check_embedding", "page_media"]

_logger = logging.getLogger("subalign")

# Bytes. Browsers hold a page's text and what it decodes to in memory, twice for a while.
MAX_EMBEDDED = 100 << 20

_SAMPLES_PER_PEAK = SAMPLE_RATE // PEAKS_PER_SECOND


def page_media(
    source: str | os.PathLike[str],
    folder: Path,
    *,
    embed: bool = False,
    audio: AudioOptions = AudioOptions(),
) -> PageMedia:
    """The recording for a page that is written into `folder`.

    A page has no part of standard input ("-") and of addresses: it asks for the file.

    Raises:
        OutputError: what is to be embedded is too large.
        UsageError: it is no file.
    """
    if embed:
        check_embedding(source)
    name = os.fspath(source)
    if name == "-" or is_address(name):
        return PageMedia(name="" if name == "-" else printable("".join(address_name(name))))
    file = Path(name)
    return PageMedia(
        name=legible(file.name),
        href=None if embed else _relative_address(file, folder),
        embedded=file if embed else None,
        peaks=_read_peaks(name, audio),
    )


def check_embedding(source: str | os.PathLike[str]) -> None:
    """Check, before any work, that a page can hold the recording.

    Raises:
        OutputError: it is too large.
        UsageError: it is no file.
    """
    name = os.fspath(source)
    if name == "-" or is_address(name):
        raise UsageError("`embed` needs a recording that is a file: save it first.")
    try:
        size = Path(name).stat().st_size
    except OSError:
        return  # whoever reads the recording says so
    if size > MAX_EMBEDDED:
        raise OutputError(
            f"{name} has {size / 2**20:.0f} MiB, more than the {MAX_EMBEDDED >> 20} MiB that "
            "`embed` puts into a page: leave `embed` out and keep the two files side by side."
        )


def peaks_of(blocks: Iterable[NDArray[np.float32]]) -> bytes:
    """The largest absolute sample of each 10 ms, the loudest of all being 255.

    `blocks` are mono samples at 16 kHz; the last 10 ms may be incomplete.
    """
    rest = np.zeros(0, np.float32)
    found = []
    for block in blocks:
        samples = np.concatenate((rest, np.abs(block)))
        whole = len(samples) // _SAMPLES_PER_PEAK * _SAMPLES_PER_PEAK
        # (n_samples,) -> (n_peaks, samples of a peak)
        found.append(samples[:whole].reshape(-1, _SAMPLES_PER_PEAK).max(axis=1))
        rest = samples[whole:]
    if rest.size:
        found.append(rest.max(keepdims=True))
    peaks = np.concatenate(found) if found else np.zeros(0, np.float32)
    # in float64, as the faintest float32 has no reciprocal of its type
    shares = peaks.astype(np.float64) / (float(peaks.max(initial=0.0)) or 1.0)
    return np.rint(255 * shares).astype(np.uint8).tobytes()


def _read_peaks(source: str, audio: AudioOptions) -> bytes:
    try:
        with open_audio(source, options=audio) as stream:
            return peaks_of(stream)
    except (InputError, ToolMissingError) as error:
        _logger.warning("The page has no waveform: %s", error)
        return b""


def _relative_address(file: Path, folder: Path) -> str:
    """Where a browser finds the recording from the page."""
    try:
        path = os.path.relpath(file.absolute(), folder.absolute())
    except ValueError:  # another drive
        return file.absolute().as_uri()
    address = quote(os.fsencode(Path(path).as_posix()))  # any bytes: names may be no UTF-8
    # a colon in the first name would make it a scheme
    return address if address.startswith(".") else f"./{address}"
