"""Rates, channels and tracks: what changes within a file, cancels out, or is silent."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile
from scipy.signal import correlate

from subalign.audio import SAMPLE_RATE, open_audio
from subalign.errors import NoAudioError, UsageError
from subalign.options import AudioOptions

CANCELLED = (
    "The channels of {} cancel each other in the mix: where they do, the first one is used alone"
    " (`channel` chooses another)."
)


def decode(source, **options) -> np.ndarray:
    with open_audio(source, options=AudioOptions(**options)) as stream:
        return np.concatenate(list(stream))


def write(path: Path, *channels) -> Path:
    wavfile.write(path, SAMPLE_RATE, np.stack(channels, axis=1).astype(np.float32))
    return path


def noise(seed: int, seconds: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.1, seconds * SAMPLE_RATE).astype(np.float32)


def found_at(samples: np.ndarray, part: np.ndarray) -> float:
    """Where in `samples` the part lies, in seconds."""
    return int(np.abs(correlate(samples, part, mode="valid")).argmax()) / SAMPLE_RATE


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("a.mp3", ("-ar", "44100"), ("-ar", "22050")),
        ("a.mp3", ("-ac", "2"), ("-ac", "1")),
        ("a.aac", ("-ar", "48000", "-ac", "2"), ("-ar", "48000", "-ac", "6")),
        ("a.ac3", ("-ar", "48000", "-ac", "2"), ("-ar", "48000", "-ac", "6")),
    ],
)
def test_rate_and_channels_may_change_within_a_file(
    name, first, second, make_media, tone, tmp_path
):
    plain = ("-write_xing", "0", "-id3v2_version", "0") if name.endswith("mp3") else ()
    parts = [
        make_media(f"{number}{name}", "-i", str(tone), *options, *plain)
        for number, options in enumerate((first, second, first))
    ]
    path = tmp_path / name
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    samples = decode(path)
    assert samples.size / SAMPLE_RATE == pytest.approx(36.0, abs=0.4)
    part = decode(tone)[4 * SAMPLE_RATE : 6 * SAMPLE_RATE]
    for number in range(3):
        third = samples[number * 12 * SAMPLE_RATE : (number * 12 + 11) * SAMPLE_RATE]
        assert found_at(third, part) == pytest.approx(4.0, abs=0.3)


def test_a_lead_is_kept_where_the_rate_changes_later(make_media, tone, tmp_path):
    options = ("-c:a", "aac", "-muxdelay", "0", "-muxpreload", "0")
    picture = ("-f", "lavfi", "-i", "color=d=15:s=32x32:r=5")
    late = ("-itsoffset", "2.5", "-i", str(tone), "-ar", "48000")
    first = make_media("1.ts", *picture, *late, *options)
    second = make_media("2.ts", "-i", str(tone), *options, "-output_ts_offset", "15")
    path = tmp_path / "both.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    samples = decode(path, channel=1)
    assert not samples[: 2 * SAMPLE_RATE].any()
    part = decode(tone)[4 * SAMPLE_RATE : 6 * SAMPLE_RATE]
    assert found_at(samples[: 12 * SAMPLE_RATE], part) == pytest.approx(6.5, abs=0.1)


def test_a_lead_longer_than_a_block_is_silence(make_media, tone):
    picture = ("-f", "lavfi", "-i", "color=d=30:s=32x32:r=5")
    path = make_media("late.mkv", *picture, "-itsoffset", "23.5", "-i", str(tone), "-c:a", "flac")
    with open_audio(path) as stream:
        blocks = list(stream)
    assert [block.size for block in blocks] == [160000, 160000, 160000, 88000]
    samples = np.concatenate(blocks)
    assert not samples[: int(23.5 * SAMPLE_RATE)].any()
    np.testing.assert_allclose(samples[int(23.5 * SAMPLE_RATE) :], decode(tone), atol=1e-4)


@pytest.mark.parametrize("other", [-1.0, -0.95])
def test_channels_that_cancel_each_other_are_not_mixed(other, tmp_path, caplog):
    sound = noise(1)
    path = write(tmp_path / "phase.wav", sound, other * sound)
    np.testing.assert_allclose(decode(path), sound, atol=1e-6)
    assert caplog.messages == [CANCELLED.format(path)]


def test_only_the_seconds_that_are_cancelled_are_the_first_channels(tmp_path, caplog):
    sound, other = noise(1), noise(2)
    other[2 * SAMPLE_RATE :] = -sound[2 * SAMPLE_RATE :]
    path = write(tmp_path / "partly.wav", sound, other)
    expected = np.concatenate((((sound + other) / 2)[: 2 * SAMPLE_RATE], sound[2 * SAMPLE_RATE :]))
    np.testing.assert_allclose(decode(path), expected, atol=1e-6)
    assert caplog.messages == [CANCELLED.format(path)]


@pytest.mark.parametrize("place", [0, 1, 7])
def test_a_voice_in_one_of_many_channels_stays_in_the_mix(place, tmp_path, caplog):
    channels = [np.zeros(4 * SAMPLE_RATE, np.float32) for _ in range(8)]
    channels[place] = noise(1)
    samples = decode(write(tmp_path / "eight.wav", *channels))
    assert np.corrcoef(samples, channels[place])[0, 1] > 0.999
    assert caplog.messages == []


def test_silence_is_not_taken_for_cancelled(tmp_path, caplog):
    faint = noise(1) * 1e-4
    decode(write(tmp_path / "faint.wav", faint, -faint))
    assert caplog.messages == []


def test_a_channel_may_be_chosen(tmp_path):
    left, right = noise(1), noise(2)
    path = write(tmp_path / "call.wav", left, right)
    np.testing.assert_allclose(decode(path, channel=1), left, atol=1e-6)
    np.testing.assert_allclose(decode(path, channel=2), right, atol=1e-6)
    np.testing.assert_allclose(decode(path), (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize(("n", "has"), [(1, "1 channel"), (2, "2 channels"), (6, "6 channels")])
def test_a_channel_that_is_not_there(n, has, tmp_path):
    path = write(tmp_path / "a.wav", *(noise(seed) for seed in range(n)))
    with pytest.raises(NoAudioError) as caught:
        open_audio(path, options=AudioOptions(channel=n + 1))
    assert str(caught.value) == (
        f"{path} has {has}, so `channel={n + 1}` does not exist: use a number from 1 to {n}, or"
        " mix."
    )


@pytest.mark.parametrize("channel", [0, -1, 65])
def test_channels_are_numbers_from_1(channel):
    with pytest.raises(UsageError, match="`channel` must be a number from 1"):
        AudioOptions(channel=channel)


def test_a_silent_track_names_the_others(make_media, tone, caplog):
    silent = ("-f", "lavfi", "-i", "anullsrc=r=16000:d=3")
    language = ("-metadata:s:a:1", "language=deu")
    tracks = ("-map", "0", "-map", "1", "-map", "1", *language)
    path = make_media("two.m4a", *silent, "-i", str(tone), *tracks, "-t", "3")
    assert not decode(path).any()
    assert caplog.messages == [
        f"{path} has 3 audio tracks, of which number 1 is silent: choose 2 (deu) or 3 with `track`."
    ]
    caplog.clear()
    assert decode(path, track=2).any()
    assert caplog.messages == []


def test_silence_alone_names_no_tracks(make_media, caplog):
    decode(make_media("a.wav", "-f", "lavfi", "-i", "anullsrc=r=16000:d=3"))
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("name", "seconds", "warning"),
    [
        ("ratechange.mp3", 16.7, None),
        ("start10.mkv", 8.0, None),
        ("phase.mp3", 16.7, CANCELLED),
        (
            "twotracks.m4a",
            17.0,
            "{} has 2 audio tracks, of which number 1 is silent: choose 2 with `track`.",
        ),
    ],
)
def test_recordings_that_failed(name, seconds, warning, shared, caplog):
    path = shared / "cases" / name
    samples = decode(path)
    assert samples.size / SAMPLE_RATE == pytest.approx(seconds, abs=0.1)
    assert caplog.messages == ([] if warning is None else [warning.format(path)])


def test_words_after_a_change_of_rate_are_in_place(shared):
    cases = shared / "cases"
    samples, reference = decode(cases / "ratechange.mp3"), decode(cases / "ref.mp3")
    for start in (2, 8, 11, 14):
        part = reference[start * SAMPLE_RATE : (start + 2) * SAMPLE_RATE]
        assert found_at(samples, part) == pytest.approx(start, abs=0.15)


def test_opposite_channels_give_the_sound_of_one(shared):
    cases = shared / "cases"
    samples, reference = decode(cases / "phase.mp3"), decode(cases / "ref.mp3")
    part = reference[8 * SAMPLE_RATE : 10 * SAMPLE_RATE]
    assert found_at(samples, part) == pytest.approx(8.0, abs=0.05)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(np.sqrt(np.mean(reference**2)), rel=0.05)
