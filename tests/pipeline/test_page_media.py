"""What a page has of its recording."""

import os
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.errors import OutputError, UsageError
from subalign.pipeline.page_media import (
    MAX_EMBEDDED,
    check_embedding,
    page_media,
    peaks_of,
)


@pytest.fixture
def recording(tmp_path) -> Path:
    """One second at 16 kHz: silence, then half as loud, then full scale in the last 10 ms."""
    samples = np.zeros(16000, np.int16)
    samples[8000:] = 16384
    samples[-160:] = -32768
    path = tmp_path / "in" / "a b#?.wav"
    path.parent.mkdir()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())
    return path


def test_the_address_is_relative_to_the_page(recording, tmp_path):
    assert page_media(recording, recording.parent).href == "./a%20b%23%3F.wav"
    assert page_media(recording, tmp_path).href == "./in/a%20b%23%3F.wav"
    assert page_media(recording, tmp_path / "out").href == "../in/a%20b%23%3F.wav"


def test_a_colon_in_a_name_is_no_scheme(recording, tmp_path):
    odd = recording.rename(recording.with_name("c:d.wav"))
    assert page_media(odd, odd.parent).href == "./c%3Ad.wav"


def test_peaks_are_of_10_ms_and_of_the_loudest(recording):
    peaks = page_media(recording, recording.parent).peaks
    assert peaks == bytes(50) + bytes([128] * 49) + bytes([255])


@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=1000),
    st.lists(st.integers(0, 1000), max_size=4),
)
def test_peaks_do_not_depend_on_blocks(values, cuts):
    samples = np.array(values, np.float32)
    blocks = np.split(samples, sorted(min(cut, len(samples)) for cut in cuts))
    found = np.frombuffer(peaks_of(blocks), np.uint8)
    expected = [np.abs(samples[at : at + 160]).max() for at in range(0, len(samples), 160)]
    loudest = max(expected)
    assert found == pytest.approx(
        [255 * float(peak) / float(loudest) if loudest else 0 for peak in expected], abs=1
    )


def test_silence_and_nothing_have_flat_peaks():
    assert peaks_of([np.zeros(320, np.float32)]) == bytes(2)
    assert peaks_of([]) == b""


def test_an_embedded_recording_has_no_address(recording):
    media = page_media(recording, recording.parent, embed=True)
    assert (media.href, media.embedded, media.name) == (None, recording, recording.name)


@pytest.mark.parametrize("source", ["-", "https://example.org/a/talk.mp3?key=secret"])
def test_a_page_has_nothing_of_streams_and_addresses(source, tmp_path):
    media = page_media(source, tmp_path)
    assert (media.href, media.embedded, media.peaks) == (None, None, b"")
    assert "secret" not in media.name
    with pytest.raises(UsageError, match="`embed` needs a recording that is a file"):
        page_media(source, tmp_path, embed=True)


def test_what_is_too_large_is_told_before_any_work(tmp_path):
    large = tmp_path / "large.wav"
    with large.open("wb") as file:
        os.truncate(file.fileno(), MAX_EMBEDDED + (2 << 20))
    with pytest.raises(OutputError, match="has 102 MiB, more than the 100 MiB that `embed` puts"):
        check_embedding(large)
    check_embedding(tmp_path / "missing.wav")


def test_a_recording_that_cannot_be_read_gives_a_page_without_peaks(tmp_path, caplog):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    assert page_media(broken, tmp_path).peaks == b""
    assert "The page has no waveform" in caplog.text
