"""The streamed log-mel against openai-whisper's, which takes a recording in one piece."""

from pathlib import Path

import numpy as np
import pytest
import torch
import whisper
import whisper.audio
from hypothesis import given, settings
from hypothesis import strategies as st

from subalign.audio import SAMPLE_RATE, open_audio
from subalign.mel import HOP_LENGTH, N_FFT, LogMel, log_mel, mel_filters

JFK = Path(__file__).parents[3] / "shared" / "data" / "jfk.flac"
N_FRAMES_30_S = 3000


@pytest.fixture(scope="module")
def jfk() -> np.ndarray:
    if not JFK.exists():
        pytest.skip(f"{JFK} is absent")
    with open_audio(JFK) as stream:
        return np.concatenate(list(stream))


def sound(n_samples: int) -> np.ndarray:
    """Noise whose loudness swings over 100 dB, so that the floor matters."""
    generator = np.random.default_rng(n_samples)
    loudness = 10 ** (-2.5 * (1 + np.sin(np.arange(n_samples) / 9000)))
    return (generator.normal(0, 0.2, n_samples) * loudness).astype(np.float32)


def reference(samples: np.ndarray, n_mels: int) -> torch.Tensor:
    """openai-whisper's values, as its `transcribe` asks for them: 30 s of silence after the end."""
    return whisper.log_mel_spectrogram(samples, n_mels, padding=30 * SAMPLE_RATE)


def all_of(mel: LogMel) -> torch.Tensor:
    return mel.window(0, mel.n_frames, mel.n_frames)


@pytest.mark.parametrize("n_mels", [80, 128])
def test_filters_are_those_of_openai_whisper(n_mels):
    ours = mel_filters(n_mels, sample_rate=SAMPLE_RATE, n_fft=N_FFT)
    theirs = whisper.audio.mel_filters("cpu", n_mels).numpy()
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-7)


def test_filters_have_unit_area_in_any_number():
    filters = mel_filters(20, sample_rate=SAMPLE_RATE, n_fft=4096)
    np.testing.assert_allclose(filters.sum(axis=1) * SAMPLE_RATE / 4096, 1.0, atol=0.01)
    with pytest.raises(ValueError, match="At least one mel band"):
        mel_filters(0, sample_rate=SAMPLE_RATE, n_fft=N_FFT)


@pytest.mark.parametrize("n_mels", [80, 128])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float16, 1e-3)])
def test_speech_has_the_values_of_openai_whisper(jfk, n_mels, dtype, tolerance):
    mel = log_mel([jfk], n_mels=n_mels, dtype=dtype)
    expected = reference(jfk, n_mels)[:, :1100]
    assert (mel.n_mels, mel.n_frames, mel.duration) == (n_mels, 1100, 11.0)
    torch.testing.assert_close(all_of(mel), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("n_samples", [1, 2, 159, 160, 200, 201, 400, 800, 80079, 160000, 500001])
def test_any_length_has_the_values_of_openai_whisper(n_samples):
    samples = sound(n_samples)
    mel = log_mel([samples], n_mels=80, dtype=torch.float32)
    expected = reference(samples, 80)
    assert mel.n_frames == n_samples // HOP_LENGTH == expected.shape[1] - N_FRAMES_30_S
    # The whole of it: what follows the recording is silence there and here.
    n = expected.shape[1]
    torch.testing.assert_close(mel.window(0, n, n), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("place", [0, 79990, 80000, 160000 - 1])
def test_the_floor_hangs_on_the_maximum_of_the_whole_recording(place):
    """One loud click anywhere lifts the floor of every window, also of those before it."""
    samples = sound(160000) * 1e-3
    quiet = log_mel([samples], n_mels=80, dtype=torch.float32)
    samples[place] = 1.0
    mel = log_mel([samples], n_mels=80, dtype=torch.float32)
    expected = reference(samples, 80)[:, :1000]
    torch.testing.assert_close(all_of(mel), expected, rtol=0, atol=1e-5)
    assert mel.floor > quiet.floor + 0.5
    assert float(mel.window(400, 20, 20).min()) == pytest.approx(mel.floor)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_cut_into_blocks_gives_the_same_bits(data):
    n_samples = data.draw(st.integers(1, 200_000))
    samples = sound(n_samples)
    cuts = sorted(data.draw(st.lists(st.integers(0, n_samples), max_size=12)))
    blocks = np.split(samples, cuts)
    whole = log_mel([samples], n_mels=80)
    pieces = log_mel(iter(blocks), n_mels=80)
    assert (pieces.n_samples, pieces.floor) == (whole.n_samples, whole.floor)
    assert len(pieces.chunks) == len(whole.chunks)
    for one, other in zip(pieces.chunks, whole.chunks, strict=True):
        assert torch.equal(one, other)


def test_blocks_are_neither_changed_nor_kept():
    block = sound(160000)
    before = block.copy()

    def reused():
        for _ in range(3):
            block[:] = before
            yield block
            block[:] = np.nan

    mel = log_mel(reused(), n_mels=80)
    same = log_mel([np.tile(before, 3)], n_mels=80)
    assert torch.equal(all_of(mel), all_of(same))


@pytest.fixture(scope="module")
def eleven_minutes() -> LogMel:
    """More than is kept in one piece."""
    mel = log_mel([sound(10_560_000)], n_mels=80)
    assert len(mel.chunks) > 1
    return mel


@pytest.mark.parametrize(
    ("start", "length", "width"),
    [
        *((0, 0, 10), (0, 7000, 7000), (499, 2, 3000), (5999, 2, 2), (4800, 3000, 3000)),
        *((6000, 1, 9), (59_999, 2, 2), (58_800, 3000, 3000), (60_000, 1, 9)),
    ],
)
def test_a_window_is_a_cut_with_zeros_after_it(eleven_minutes, start, length, width):
    mel = eleven_minutes
    window = mel.window(start, length, width)
    assert (window.shape, window.dtype) == ((80, width), torch.float32)
    assert torch.equal(window[:, :length], all_of(mel)[:, start : start + length])
    assert not window[:, length:].any()


def test_a_window_over_the_end_reads_silence_then_zeros():
    """openai-whisper detects the language on the first 30 s with silence, not zeros, after it."""
    samples = sound(40000)
    window = log_mel([samples], n_mels=80, dtype=torch.float32).window(0, 3000, 3100)
    torch.testing.assert_close(
        window[:, :3000], reference(samples, 80)[:, :3000], rtol=0, atol=1e-5
    )
    assert not window[:, 3000:].any()


@pytest.mark.parametrize(("start", "length", "width"), [(-1, 5, 5), (0, 6, 5), (0, -1, 5)])
def test_a_window_that_makes_no_sense(start, length, width):
    with pytest.raises(ValueError, match="No window has"):
        log_mel([sound(16000)], n_mels=80).window(start, length, width)


@pytest.mark.parametrize("blocks", [[], [np.zeros(0, np.float32)]])
def test_no_samples_give_no_frames(blocks):
    mel = log_mel(blocks, n_mels=80)
    assert (mel.n_frames, mel.duration, mel.chunks) == (0, 0.0, ())
    assert torch.equal(mel.window(0, 0, 4), torch.zeros(80, 4))


def test_silence_is_flat():
    mel = log_mel([np.zeros(48000, np.float32)], n_mels=128)
    assert torch.equal(all_of(mel), torch.full((128, 300), -1.5))


def test_only_half_precision_frames_are_kept():
    mel = log_mel((sound(160000) for _ in range(6)), n_mels=128)
    n_bytes = sum(chunk.untyped_storage().nbytes() for chunk in mel.chunks)
    assert n_bytes <= (mel.n_frames + 2) * 128 * 2
    # An hour of it: 92 MB.
    assert n_bytes * 60 < 100e6
