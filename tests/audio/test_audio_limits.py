"""Small files that would decode to days are refused at once; `max_seconds` lets them through."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from subalign.audio import SAMPLE_RATE, open_audio
from subalign.audio.limits import SoundThresholds
from subalign.errors import MediaReadError, UsageError
from subalign.options import AudioOptions


def slow_wav(path: Path, n_bytes: int = 20000, rate: int = 1) -> Path:
    """8-bit sound at `rate` samples a second."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate, 1, 8)
    data = struct.pack("<4sI", b"data", n_bytes) + np.random.default_rng(1).bytes(n_bytes)
    path.write_bytes(
        struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data
    )
    return path


def with_gaps(make_media, name: str, n_gaps: int, seconds: int) -> Path:
    """A tenth of a second of sound before and after each of the gaps."""
    clock = f"asetpts='PTS+floor(N/1600)*{seconds}*SR'"
    sound = f"sine=300:d={(n_gaps + 1) / 10}:r=16000:samples_per_frame=1600"
    return make_media(
        name, "-f", "lavfi", "-i", sound, "-af", clock, "-c:a", "libopus", "-b:a", "8k"
    )


@pytest.fixture
def small_limits(monkeypatch):
    """A minute of any file, and ten milliseconds a byte."""
    limits = SoundThresholds(always=60.0, per_byte=0.01)
    monkeypatch.setattr("subalign.audio.limits._THRESHOLDS", limits)


def test_an_hour_for_a_kilobyte_is_refused_before_it_is_decoded(tmp_path):
    path = slow_wav(tmp_path / "bomb.wav")
    with pytest.raises(MediaReadError) as caught:
        open_audio(path)
    assert str(caught.value) == (
        f"{path} would give more than 1.6 hours of sound from 20044 bytes, as no recording does:"
        " if it is one, say with `max_seconds` how many seconds it may have."
    )


def test_the_same_from_a_stream_is_refused_while_it_is_read(tmp_path, small_limits):
    content = slow_wav(tmp_path / "bomb.wav").read_bytes()
    with open_audio(io.BytesIO(content)) as stream:
        with pytest.raises(
            MediaReadError, match=r"^The given stream would give more than 0\.1 hours"
        ):
            list(stream)
        assert stream.n_samples < 300 * SAMPLE_RATE


def test_gaps_that_make_days_are_refused(make_media):
    path = with_gaps(make_media, "gaps.mkv", 78, 1700)
    assert path.stat().st_size < 200_000
    with pytest.raises(MediaReadError, match=r"would give more than .* hours of sound from"):
        open_audio(path)


def test_gaps_of_more_than_four_hours_are_refused_in_a_larger_file_too(make_media):
    path = with_gaps(make_media, "gaps.mkv", 9, 1700)
    with path.open("ab") as file:
        file.write(bytes(1_000_000))  # as many bytes as hours would need
    with pytest.raises(MediaReadError) as caught:
        open_audio(path)
    assert str(caught.value) == (
        f"{path} has gaps of more than 4 hours in its sound, as no recording has: if it is one,"
        " say with `max_seconds` how many seconds it may have."
    )


def test_gaps_of_a_stream_are_summed_up_while_it_is_read(make_media, monkeypatch):
    monkeypatch.setattr("subalign.audio.limits._THRESHOLDS", SoundThresholds(gaps=200.0))
    content = with_gaps(make_media, "gaps.mkv", 2, 170).read_bytes()
    # as many bytes as hours would need, in an element that says nothing (EBML Void)
    content += b"\xec\x01" + (1_000_000).to_bytes(7, "big") + bytes(1_000_000)
    with open_audio(io.BytesIO(content)) as stream:
        with pytest.raises(MediaReadError, match="has gaps of more than"):
            list(stream)
        assert stream.n_samples < 340 * SAMPLE_RATE


def test_an_hour_of_gaps_is_a_muted_call(make_media, caplog):
    path = with_gaps(make_media, "call.mkv", 2, 1700)
    with open_audio(path) as stream:
        n_samples = sum(block.size for block in stream)
    assert n_samples / SAMPLE_RATE == pytest.approx(3400.3, abs=0.5)
    assert caplog.messages == []


def test_any_length_up_to_the_one_that_is_allowed(tone, tmp_path, small_limits):
    path = slow_wav(tmp_path / "slow.wav", n_bytes=500)
    with pytest.raises(MediaReadError):
        open_audio(path)
    with open_audio(path, options=AudioOptions(max_seconds=500)) as stream:
        assert sum(block.size for block in stream) == 500 * SAMPLE_RATE
    with (
        open_audio(tone, options=AudioOptions(max_seconds=11)) as stream,
        pytest.raises(MediaReadError) as caught,
    ):
        list(stream)
    assert str(caught.value) == (
        f"{tone} holds more than the 11 s of sound that `max_seconds` allows: give a larger number."
    )


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_limit_is_above_nothing(seconds):
    with pytest.raises(UsageError, match="`max_seconds` takes seconds above 0"):
        AudioOptions(max_seconds=seconds)
