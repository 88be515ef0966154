"""What cannot be decoded gets one sentence; what is cut short is kept, with a warning."""

import io
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from subalign.audio import SAMPLE_RATE, open_audio
from subalign.audio.truncation import _missing_end
from subalign.errors import MediaNotFoundError, MediaReadError, NoAudioError
from subalign.options import AudioOptions


def length(source) -> float:
    with open_audio(source) as stream:
        return sum(block.size for block in stream) / SAMPLE_RATE


def cut_in_half(path: Path) -> Path:
    content = path.read_bytes()
    half = path.with_name("half" + path.suffix)
    half.write_bytes(content[: len(content) // 2])
    return half


def video_with(tone: Path, seconds: int) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc=d={seconds}:s=32x32:r=5", "-i", str(tone))


def test_a_missing_file(tmp_path):
    path = tmp_path / "nope.wav"
    with pytest.raises(MediaNotFoundError) as caught:
        open_audio(path)
    assert str(caught.value) == f"{path} does not exist: check the name."


def test_a_folder(tmp_path):
    with pytest.raises(MediaReadError) as caught:
        open_audio(tmp_path)
    assert str(caught.value) == f"{tmp_path} is a folder: name a file in it."


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="needs POSIX modes")
def test_a_file_that_may_not_be_read(tone, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    with pytest.raises(MediaReadError, match="may not be read: check its permissions"):
        open_audio(tone)


def test_a_name_that_no_file_can_have():
    with pytest.raises(MediaReadError, match=r"a\?b cannot be opened .* check the name\.$"):
        open_audio("a\0b")


@pytest.mark.parametrize("piped", [False, True])
def test_an_empty_file(piped, tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(NoAudioError) as caught:
        open_audio(io.BytesIO() if piped else path)
    label = "The given stream" if piped else path
    assert str(caught.value) == f"{label} is empty (0 bytes): give a recording."


def test_a_recording_without_samples(make_media, tone):
    path = make_media("none.wav", "-i", str(tone), "-t", "0")
    with pytest.raises(NoAudioError) as caught:
        open_audio(path)
    assert str(caught.value) == f"{path} holds no sound: its audio track is empty."


def test_a_video_without_an_audio_track(make_media):
    path = make_media("mute.mp4", "-f", "lavfi", "-i", "color=d=1:s=32x32:r=5")
    with pytest.raises(NoAudioError) as caught:
        open_audio(path)
    assert str(caught.value) == f"{path} has no audio track: give a file with sound."


def test_an_audio_track_that_is_not_there(tone):
    with pytest.raises(NoAudioError) as caught:
        open_audio(tone, options=AudioOptions(track=3))
    assert str(caught.value) == (
        f"{tone} has 1 audio track, so `track=3` does not exist: use a number from 1 to 1."
    )


@pytest.mark.parametrize("name", ["junk.wav", "junk.mp3", "junk.txt"])
def test_a_file_that_is_no_media(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(np.random.default_rng(3).bytes(50000))
    with pytest.raises(MediaReadError) as caught:
        open_audio(path)
    message = str(caught.value)
    assert message.startswith(f"{path} cannot be decoded (ffmpeg: ")
    assert message.endswith("): check that it is an intact audio or video file.")


def test_ffmpegs_own_reason_is_told(make_media, tone):
    path = cut_in_half(make_media("index_at_the_end.mp4", "-i", str(tone)))
    with pytest.raises(MediaReadError) as caught:
        open_audio(path)
    assert "(ffmpeg: moov atom not found)" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["a.wav", "a.mp3", "a.flac", "a.aiff", "a.mka", "a.webm", "fast.m4a", "rf64.wav"]
)
def test_half_a_recording_is_kept_and_the_missing_half_told(name, make_media, tone, caplog):
    options = ("-rf64", "always") if "rf64" in name else ()
    options = ("-movflags", "+faststart") if "fast" in name else options
    whole = make_media(name, "-i", str(tone), "-vn", *options)
    decoded = length(whole)
    assert decoded == pytest.approx(12.0, abs=0.15)
    assert caplog.messages == []
    half = cut_in_half(whole)
    decoded = length(half)
    assert 4.0 < decoded < 7.5
    assert caplog.messages == [
        f"{half} should hold 12.0 s of sound, but only {decoded:.1f} s could be decoded and are"
        " used: the file is cut short or damaged."
    ]


def test_a_wav_cut_between_two_packets_is_noticed(tone, tmp_path, caplog):
    path = tmp_path / "aligned.wav"
    path.write_bytes(tone.read_bytes()[: 44 + 4096 * 40])
    assert length(path) == pytest.approx(5.12)
    assert "should hold 12.0 s of sound, but only 5.1 s" in caplog.text


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_of_undeclared_length_is_no_damage(size, tone, tmp_path, caplog):
    content = bytearray(tone.read_bytes())
    content[40:44] = size.to_bytes(4, "little")
    path = tmp_path / "streamed.wav"
    path.write_bytes(content)
    assert length(path) == 12.0
    assert caplog.messages == []


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.mov", "v.avi", "v.flv", "v.ts"])
def test_sound_shorter_than_the_picture_is_no_damage(name, make_media, tone, caplog):
    path = make_media(name, *video_with(tone, 30), "-ar", "44100")
    assert length(path) == pytest.approx(12.0, abs=0.1)
    assert caplog.messages == []


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.avi", "v.flv", "v.ts"])
def test_half_a_video_is_kept_with_a_warning(name, make_media, tone, caplog):
    media = video_with(tone, 12)
    path = cut_in_half(make_media(name, *media, "-ar", "44100", "-movflags", "+faststart"))
    decoded = length(path)
    assert 3.0 < decoded < 9.0
    assert len(caplog.messages) == 1
    assert f"{decoded:.1f} s" in caplog.text
    assert "cut short or damaged" in caplog.text


def test_a_video_cut_within_a_picture_is_noticed(make_media, tone, tmp_path, caplog):
    """The decoder, which skips pictures, meets no damage: no track reaches the declared end."""
    content = make_media("whole.flv", *video_with(tone, 12), "-ar", "44100").read_bytes()
    picture = 13  # the first tag: its type, its size in three bytes, seven bytes more, its data
    while content[picture] != 9 or picture < len(content) // 2:
        picture += 15 + int.from_bytes(content[picture + 1 : picture + 4], "big")
    path = tmp_path / "v.flv"
    path.write_bytes(content[: picture + 14])
    decoded = length(path)
    assert 3.0 < decoded < 9.0
    assert caplog.messages == [
        f"{path} should last 12.0 s, but ends earlier, the file is cut short or damaged:"
        f" the {decoded:.1f} s of sound that could be decoded are used."
    ]


def test_a_cover_picture_does_not_hide_that_sound_is_missing(make_media, tone, caplog):
    cover = ("-f", "lavfi", "-i", "color=s=32x32:d=1", "-frames:v", "1", "-c:v", "png")
    path = make_media("song.mp3", "-i", str(tone), *cover, "-disposition:v", "attached_pic")
    assert length(path) == pytest.approx(12.0, abs=0.1)
    assert caplog.messages == []
    length(cut_in_half(path))
    assert "should hold 12.0 s of sound" in caplog.text


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.mka"])
def test_a_damaged_middle_is_left_out_with_a_warning(name, make_media, tone, caplog):
    path = make_media(name, "-i", str(tone))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = np.random.default_rng(5).bytes(3000)
    path.write_bytes(content)
    assert 6.0 < length(path) <= 12.2
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(str(path))
    assert "cut short or damaged" in caplog.messages[0]


def test_closing_early_warns_of_nothing(make_media, tone, caplog):
    half = cut_in_half(make_media("a.wav", "-stream_loop", "9", "-i", str(tone)))
    with open_audio(half) as stream:
        next(stream)
    assert list(stream) == []
    assert caplog.messages == []


def test_control_characters_of_a_name_are_not_shown(tmp_path):
    with pytest.raises(MediaNotFoundError) as caught:
        open_audio(tmp_path / "\x1b[31mred\n")
    assert str(caught.value) == f"{tmp_path}{os.sep}?[31mred? does not exist: check the name."


@pytest.mark.parametrize(
    "name", ["a.mkv", "a.webm", "a.nut", "a.wma", "a.opus", "a.ogg", "a.m4a", "a.ts", "a.avi"]
)
def test_a_clock_that_does_not_begin_at_0_is_no_damage(name, make_media, tone, caplog):
    codec = ("-c:a", "libopus") if name == "a.webm" else ()
    path = make_media(name, "-i", str(tone), *codec, "-output_ts_offset", "10")
    assert length(path) == pytest.approx(12.0, abs=0.15)
    assert caplog.messages == []


@pytest.mark.parametrize("name", ["v.mkv", "v.mp4", "v.ts", "v.ogv", "v.wmv", "v.webm", "v.flv"])
def test_sound_that_begins_after_the_picture_is_no_damage(name, make_media, tone, caplog):
    picture = ("-f", "lavfi", "-i", "testsrc=d=12:s=32x32:r=5")
    codec = ("-c:a", "libopus") if name == "v.ogv" else ()
    late = ("-itsoffset", "2", "-i", str(tone), "-t", "12", "-ar", "48000", *codec)
    path = make_media(name, *picture, *(late if name != "v.flv" else (*late, "-ar", "44100")))
    with open_audio(path) as stream:
        samples = np.concatenate(list(stream))
    assert samples.size / SAMPLE_RATE == pytest.approx(12.0, abs=0.15)
    assert np.abs(samples[: int(1.8 * SAMPLE_RATE)]).max() < 1e-3
    assert np.abs(samples[int(2.2 * SAMPLE_RATE) : 3 * SAMPLE_RATE]).max() > 0.1
    assert caplog.messages == []


FORMATS = {
    "vorbis.ogg": ("-c:a", "libvorbis"),
    "flac.ogg": ("-c:a", "flac"),
    "a.opus": (),
    "aac.ts": ("-c:a", "aac"),
    "mp3.ts": ("-c:a", "mp3"),
    "ac3.ts": ("-c:a", "ac3", "-ar", "48000"),
    "mp3.avi": ("-c:a", "mp3"),
    "pcm.avi": ("-c:a", "pcm_s16le"),
    "ac3.avi": ("-c:a", "ac3", "-ar", "48000"),
    "mp3.flv": ("-c:a", "mp3", "-ar", "44100"),
    "v.wmv": ("-ar", "44100"),
    "a.w64": (),
}


@pytest.mark.parametrize(
    ("name", "picture"),
    [(name, False) for name in FORMATS]
    + [(name, True) for name in FORMATS if name.endswith((".ts", ".avi", ".flv", ".wmv"))],
)
def test_no_second_of_four_is_lost_without_a_word(name, picture, make_media, tone, caplog):
    """By whatever: an end cut off, a piece of the middle cut out, emptied, or overwritten."""
    media = video_with(tone, 4) if picture else ("-i", str(tone))
    path = make_media(name, *media, "-t", "4", *FORMATS[name])
    whole = length(path)
    assert whole == pytest.approx(4.0, abs=0.15)
    assert caplog.messages == []
    content = path.read_bytes()
    for part, damaged in damages(content).items():
        path.write_bytes(damaged)
        caplog.clear()
        with open_audio(path) as stream:
            n_samples = sum(block.size for block in stream)
            sound = n_samples / SAMPLE_RATE - stream._log.gaps
        assert whole - sound < 0.5 or len(caplog.messages) == 1, part
        assert whole - sound < 0.5 or "damaged" in caplog.text


@pytest.mark.parametrize("mode", [0, 1])
def test_a_transport_stream_cut_within_a_picture_is_noticed(mode, make_media, tone):
    picture = ("-f", "lavfi", "-i", "testsrc=d=4:s=320x240:r=5", "-i", str(tone), "-t", "4")
    path = make_media("v.ts", *picture, "-c:a", "aac", "-mpegts_m2ts_mode", str(mode))
    content, step = path.read_bytes(), 192 if mode else 188
    packets = [content[at : at + step][-188:] for at in range(0, len(content), step)]
    numbers = [int.from_bytes(packet[1:3], "big") & 0x1FFF for packet in packets]
    of_picture = max(numbers, key=numbers.count)
    places = [at for at, number in enumerate(numbers) if number == of_picture]
    told = {True: [], False: []}
    for at, following in list(pairwise(places))[::5]:
        path.write_bytes(content[: (at + 1) * step])
        begins = bool(packets[following][1] & 0x40)
        told[begins].append(_missing_end(str(path), "mpegts") is not None)
    assert len(told[False]) > 50
    assert told[True]
    assert all(told[False])
    # a picture that fills its last packet by chance looks cut
    assert sum(told[True]) <= 1


def damages(content: bytes) -> dict[str, bytes]:
    size = len(content)
    found = {f"cut {share}": content[: int(size * share)] for share in (0.45, 0.6, 0.75, 0.85)}
    for share in (0.4, 0.7):
        before, after = content[: int(size * share)], content[int(size * (share + 0.2)) :]
        n_bytes = size - len(before) - len(after)
        found |= {
            f"out {share}": before + after,
            f"empty {share}": before + bytes(n_bytes) + after,
            f"noise {share}": before + np.random.default_rng(7).bytes(n_bytes) + after,
        }
    return found


def test_an_ogg_file_cut_between_two_pages_is_noticed(make_media, tone, caplog):
    path = make_media("a.ogg", "-i", str(tone), "-c:a", "libvorbis")
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"OggS")])
    decoded = length(path)
    assert caplog.messages == [
        f"{path} is cut short or damaged, its last page is missing: the {decoded:.1f} s of sound"
        " that could be decoded are used."
    ]


def test_what_stands_behind_the_end_of_an_ogg_file_is_no_damage(make_media, tone, caplog):
    path = make_media("a.ogg", "-i", str(tone), "-c:a", "libvorbis")
    with path.open("ab") as file:
        file.write(b"TAG" + bytes(125))
    assert length(path) == 12.0
    assert caplog.messages == []


def test_two_ogg_recordings_in_one_file_are_no_damage(make_media, tone, caplog):
    path = make_media("a.ogg", "-i", str(tone), "-c:a", "libvorbis", "-ar", "44100")
    other = make_media("b.ogg", "-i", str(tone), "-c:a", "libvorbis", "-ar", "44100")
    path.write_bytes(path.read_bytes() + other.read_bytes())
    assert length(path) > 11.9
    assert caplog.messages == []


def test_a_gap_in_a_transport_stream_is_a_loss(make_media, tone, caplog):
    gap = "asetpts='if(gte(T,4),PTS+3*SR,PTS)'"
    path = make_media("gap.ts", "-i", str(tone), "-af", gap, "-c:a", "mp2")
    assert length(path) == pytest.approx(15.0, abs=0.15)
    assert caplog.messages == [
        f"{path} is damaged, 3.0 s of its sound are missing: there is silence in their place."
    ]


@pytest.mark.parametrize(
    "line",
    [
        f"[info]     Last message repeated {'9' * 5000} times",
        f"[info]   Duration: {'9' * 5000}:00:01.00, start: 0.0",
        "[info]   Duration: 00:00:01.00, start: 1.2.3",
        f"[info]   Stream #0:{'9' * 5000}: Audio: aac, 44100 Hz, {'9' * 5000} channels",
        "[info]   Stream #0:0: Audio: aac, 44100 Hz, mono, start 1..2",
        "[Eval @ 0x1] [info] 1.2.3",
    ],
)
def test_log_with_numbers_that_are_none_is_read_to_its_end(line):
    from subalign.audio.log import FfmpegLog

    log = FfmpegLog(address="file:x", label="x")
    log.read([f"{line}\n".encode(), b"[error] Invalid data\n"])
    assert log.reason == "Invalid data"
