"""Samples come out as they went in, whatever the container, track or clock."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile
from scipy.signal import correlate

from subalign.audio import SAMPLE_RATE, open_audio, silence_invalid_samples
from subalign.options import AudioOptions


def decode(source, **options) -> np.ndarray:
    with open_audio(source, options=AudioOptions(**options)) as stream:
        return np.concatenate(list(stream))


def test_samples_of_a_wav_file_are_exact(tone):
    _, expected = wavfile.read(tone)
    samples = decode(tone)
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, expected.astype(np.float32) / 32768)


def test_blocks_are_ten_seconds_writable_and_counted(tone):
    with open_audio(tone) as stream:
        assert stream.declared_duration == 12.0
        assert stream.n_samples == 0
        sizes = [(block.size, block.flags.writeable) for block in stream]
        assert sizes == [(160000, True), (32000, True)]
        assert stream.n_samples == 192000
        assert list(stream) == []


@pytest.mark.parametrize(
    "name", ["a.flac", "a.mp3", "a.ogg", "a.opus", "a.m4a", "a.mka", "a.aiff", "a.wma", "a.ts"]
)
def test_containers_and_codecs_keep_sound_and_length(name, make_media, tone):
    both = ("-ar", "48000", "-af", "pan=stereo|c0=c0|c1=c0")
    samples = decode(make_media(name, "-i", str(tone), *both))
    reference = decode(tone)
    assert abs(samples.size - reference.size) < 0.15 * SAMPLE_RATE
    middle = reference[32000:96000]
    around = samples[32000 - 1600 : 96000 + 1600]
    likeness = correlate(around, middle, mode="valid") / (middle @ middle)
    assert likeness.max() > 0.9
    assert abs(int(likeness.argmax()) - 1600) < 0.05 * SAMPLE_RATE


def test_stereo_is_mixed_to_mono(tmp_path):
    left = np.full(SAMPLE_RATE, 0.5, np.float32)
    path = tmp_path / "stereo.wav"
    wavfile.write(path, SAMPLE_RATE, np.stack([left, -left / 2], axis=1))
    np.testing.assert_allclose(decode(path), 0.125, atol=1e-6)


def test_any_layout_is_mixed_and_resampled_as_openai_whisper_does(make_media, tone, ffmpeg):
    path = make_media(
        "wide.flac", "-i", str(tone), "-af", "pan=5.1|FL=c0|FC=-.5*c0", "-ar", "44100"
    )
    command = [ffmpeg, "-nostdin", "-v", "error", "-i", str(path), "-f", "s16le", "-ac", "1"]
    run = subprocess.run([*command, "-ar", "16000", "-"], capture_output=True, check=True)
    expected = np.frombuffer(run.stdout, np.int16).astype(np.float32) / 32768
    np.testing.assert_allclose(decode(path), expected, atol=2e-4)


def test_the_wanted_audio_track_of_a_video_is_decoded(make_media):
    path = make_media(
        "two.mkv",
        *("-f", "lavfi", "-i", "color=d=2:s=32x32:r=5"),
        *("-f", "lavfi", "-i", "sine=300:d=2:r=16000"),
        *("-f", "lavfi", "-i", "sine=900:d=2:r=16000"),
        *("-map", "0", "-map", "1", "-map", "2", "-c:a", "flac"),
    )
    for track, hertz in ((1, 300), (2, 900)):
        samples = decode(path, track=track)
        assert np.argmax(np.abs(np.fft.rfft(samples[:SAMPLE_RATE]))) == hertz


def test_sound_that_begins_after_the_picture_keeps_its_time(make_media, tone):
    path = make_media(
        "late.mkv",
        *("-f", "lavfi", "-i", "color=d=10:s=32x32:r=5", "-itsoffset", "1.5", "-i", str(tone)),
        *("-t", "10", "-c:a", "flac"),
    )
    samples = decode(path)
    assert not samples[: 24000 - 64].any()
    np.testing.assert_allclose(samples[24000:64000], decode(tone)[:40000], atol=1e-4)


def test_a_gap_in_the_clock_is_filled_with_silence(make_media, tone):
    gap = "asetpts='if(gte(T,4),PTS+3*SR,PTS)'"
    path = make_media("gap.mkv", "-i", str(tone), "-af", gap, "-c:a", "flac")
    samples = decode(path)
    assert samples.size == pytest.approx(15 * SAMPLE_RATE, abs=SAMPLE_RATE / 10)
    after = samples[8 * SAMPLE_RATE : 9 * SAMPLE_RATE]
    np.testing.assert_allclose(after, decode(tone)[5 * SAMPLE_RATE : 6 * SAMPLE_RATE], atol=1e-4)


def test_a_gap_of_hours_is_a_damaged_clock_and_is_closed(make_media, tone):
    gap = "asetpts='if(gte(T,4),PTS+36000*SR,PTS)'"
    path = make_media("gap.mkv", "-i", str(tone), "-af", gap, "-c:a", "flac")
    assert decode(path).size == pytest.approx(12 * SAMPLE_RATE, abs=SAMPLE_RATE / 10)


@pytest.mark.parametrize("name", ["-x", "concat:a", "http:a", "pipe:0", "file:a", "ä ' %d\n.wav"])
def test_any_name_is_a_file(name, tone, tmp_path, monkeypatch):
    if os.name == "nt" and set(name) & set(':"\n'):
        pytest.skip("Windows has no such file names")
    (tmp_path / name).write_bytes(tone.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert decode(name).size == 12 * SAMPLE_RATE
    assert decode(Path(name)).size == 12 * SAMPLE_RATE


def test_a_binary_stream_is_read_from_where_it_stands(tone):
    stream = io.BytesIO(b"skipped" + tone.read_bytes())
    stream.seek(7)
    np.testing.assert_array_equal(decode(stream), decode(tone))


def test_minus_is_standard_input(tone, monkeypatch):
    class Input:
        buffer = io.BytesIO(tone.read_bytes())

    monkeypatch.setattr(sys, "stdin", Input())
    np.testing.assert_array_equal(decode("-"), decode(tone))


def test_an_mp4_with_its_index_at_the_end_comes_through_a_pipe(make_media, tone, monkeypatch):
    path = make_media("end.mp4", "-i", str(tone))
    content = path.read_bytes()
    assert content.index(b"mdat") < content.index(b"moov")
    folder = path.parent / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with open_audio(io.BytesIO(content)) as stream:
        assert len(list(folder.iterdir())) == 1
        piped = np.concatenate(list(stream))
    np.testing.assert_array_equal(piped, decode(path))
    assert list(folder.iterdir()) == []


def test_fifty_milliseconds_are_enough(tmp_path):
    path = tmp_path / "short.wav"
    wavfile.write(path, SAMPLE_RATE, np.full(800, 0.25, np.float32))
    np.testing.assert_array_equal(decode(path), np.full(800, 0.25, np.float32))


def test_samples_that_are_no_numbers_become_silence_with_one_warning(tmp_path, caplog):
    samples = np.full(12 * SAMPLE_RATE, 0.25, np.float32)
    samples[[5, 100, 170000]] = np.nan, np.inf, -np.inf
    samples[180000] = 1e30
    path = tmp_path / "nan.wav"
    wavfile.write(path, SAMPLE_RATE, samples)
    decoded = decode(path)
    expected = np.full(12 * SAMPLE_RATE, 0.25, np.float32)
    expected[[5, 100, 170000, 180000]] = 0.0
    np.testing.assert_array_equal(decoded, expected)
    assert caplog.messages == [
        f"{path} holds 4 samples that are no numbers of a sound (NaN or infinite):"
        " they are taken as silence."
    ]


def test_silencing_tells_how_many_and_leaves_good_samples():
    block = np.array([0.5, np.nan, -3.0, np.inf], np.float32)
    assert silence_invalid_samples(block) == 2
    np.testing.assert_array_equal(block, np.array([0.5, 0.0, -3.0, 0.0], np.float32))
    assert silence_invalid_samples(block) == 0
