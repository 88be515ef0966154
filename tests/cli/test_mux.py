"""`subalign mux` as a user meets it; what comes of it is read back with ffmpeg."""

import json
import os
import re
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from subalign.audio import find_ffmpeg

SRT = "1\n00:00:00,500 --> 00:00:02,500\n<i>Grüße</i> an alle\n\n"
WEB = "WEBVTT\n\n00:00.500 --> 00:02.500\nGrüße &amp; Küsse\n"
SUB_STATION = """\
[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold
Style: Default,Arial,20,&H00FFFFFF,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.50,0:00:02.50,Default,,0,0,0,,{\\an8}Oben
"""


@pytest.fixture(scope="session")
def media(ffmpeg, tmp_path_factory):
    """Three seconds of grey picture and of sound as grey.mp4, grey.mkv and grey.webm."""
    folder = tmp_path_factory.mktemp("media")
    source = ("-f", "lavfi", "-i", "color=gray:s=320x180:r=10:d=3")
    source += ("-f", "lavfi", "-i", "sine=d=3")
    ffmpeg(*source, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", folder / "grey.mp4")
    ffmpeg("-i", folder / "grey.mp4", "-c", "copy", folder / "grey.mkv")
    speed = ("-deadline", "realtime", "-cpu-used", "8")
    ffmpeg(*source, "-c:v", "libvpx-vp9", *speed, "-c:a", "libopus", folder / "grey.webm")
    return folder


@pytest.fixture
def grey(media, folder):
    """The videos and subtitles of every kind, in the working folder."""
    for path in media.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "talk.de.srt").write_text(SRT)
    (folder / "talk.vtt").write_text(WEB)
    (folder / "talk.ass").write_text(SUB_STATION)
    return folder


@pytest.fixture
def mux(subalign):
    return lambda *arguments: subalign("mux", *arguments)


def describe(path):
    """Each stream's kind and codec, its language, and whether players show it unasked."""
    log = subprocess.run(
        [find_ffmpeg().path, "-hide_banner", "-i", str(path)],
        capture_output=True,
        text=True,
        check=False,
    ).stderr
    streams = re.findall(r"Stream #0:\d+(?:\[\w+\])?(?:\((\w+)\))?: (\w+): (\w+)(.*)", log)
    return [
        (kind, codec, language if language != "und" else "", "(default)" in rest)
        for language, kind, codec, rest in streams
        if kind != "Data"
    ]


def extract(path, form="srt", track=0):
    """A subtitle track as text."""
    return subprocess.run(
        [
            *(find_ffmpeg().path, "-loglevel", "error", "-i", str(path)),
            *("-map", f"0:s:{track}", "-f", form, "-"),
        ],
        capture_output=True,
        check=True,
    ).stdout.decode()


def digest(path, stream):
    """A checksum over the packets of a stream."""
    return subprocess.run(
        [
            *(find_ffmpeg().path, "-loglevel", "error", "-i", str(path)),
            *("-map", f"0:{stream}", "-c", "copy", "-f", "streamhash", "-"),
        ],
        capture_output=True,
        check=True,
    ).stdout


def brightness(path, second):
    """The pixels of a frame, as bytes of grey."""
    return subprocess.run(
        [
            *(find_ffmpeg().path, "-loglevel", "error", "-ss", str(second), "-i", str(path)),
            *("-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"),
        ],
        capture_output=True,
        check=True,
    ).stdout


@pytest.mark.parametrize(
    ("video", "target", "subtitles", "codec"),
    [
        ("grey.mp4", "new.mkv", "talk.de.srt", "subrip"),
        ("grey.mp4", "new.mkv", "talk.vtt", "subrip"),
        ("grey.mkv", "new.mkv", "talk.ass", "ass"),
        ("grey.mkv", "new.mp4", "talk.de.srt", "mov_text"),
        ("grey.mp4", "new.mp4", "talk.vtt", "mov_text"),
        ("grey.mp4", "new.m4v", "talk.ass", "mov_text"),
        ("grey.webm", "new.webm", "talk.de.srt", "webvtt"),
        ("grey.webm", "new.webm", "talk.vtt", "webvtt"),
    ],
)
def test_a_track(mux, grey, video, target, subtitles, codec):
    before = (grey / video).read_bytes()
    outcome = mux(video, subtitles, "-o", target, "--language", "german")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith(f"{video}, {subtitles} → {target} (")
    streams = describe(grey / target)
    assert [stream[0] for stream in streams] == ["Video", "Audio", "Subtitle"]
    language = "deu" if target.endswith(("mp4", "m4v")) else "ger"
    assert streams[2] == ("Subtitle", codec, language, True)
    assert ("Grüße" if subtitles != "talk.ass" else "Oben") in extract(grey / target)
    assert "00:00:00,500 --> 00:00:02,500" in extract(grey / target)
    for stream in ("v", "a"):  # not touched
        assert digest(grey / target, stream) == digest(grey / video, stream)
    assert (grey / video).read_bytes() == before
    assert not list(grey.glob(".*"))


def test_styles_of_sub_station_alpha_are_kept(mux, grey):
    assert mux("grey.mp4", "talk.ass", "-o", "new.mkv", "-q").code == 0
    text = extract(grey / "new.mkv", "ass")
    assert "Style: Default,Arial,20,&H00FFFFFF,1" in text
    assert "{\\an8}Oben" in text


def test_several_tracks_titles_and_languages(mux, grey):
    outcome = mux(
        *("grey.mp4", "talk.de.srt", "talk.vtt", "-o", "new.mkv", "--no-default"),
        *("--language", "pt-BR", "--language", "fr", "--title", "Bühne: =1"),
    )
    assert outcome.code == 0
    assert describe(grey / "new.mkv")[2:] == [
        ("Subtitle", "subrip", "por", False),
        ("Subtitle", "subrip", "fre", False),
    ]
    log = subprocess.run(
        [find_ffmpeg().path, "-i", "new.mkv"], capture_output=True, check=False
    ).stderr.decode()
    assert re.search(r"title +: Bühne: =1", log)


def test_the_language_of_a_name(mux, grey):
    assert mux("grey.mp4", "talk.de.srt", "talk.vtt", "-o", "new.mp4", "-q").code == 0
    assert [stream[2:] for stream in describe(grey / "new.mp4")[2:]] == [("deu", True), ("", False)]


def test_tracks_that_are_there_stay(mux, grey):
    assert mux("grey.mp4", "talk.de.srt", "-o", "one.mp4", "-q").code == 0
    for target in ("two.mp4", "two.mkv"):
        assert mux("one.mp4", "talk.vtt", "-o", target, "--language", "en", "-q").code == 0
        assert [stream[2] for stream in describe(grey / target)[2:]] == [
            "eng",
            "deu",
        ]
        assert "Küsse" in extract(grey / target, track=0)
        assert "an alle" in extract(grey / target, track=1)


@pytest.mark.parametrize("target", ["new.mp4", "new.mkv", "new.webm"])
def test_burning(mux, grey, target):
    video = target.replace("new", "grey")
    assert mux(video, "talk.de.srt", "--burn", "-o", target).code == 0
    assert [stream[0] for stream in describe(grey / target)] == ["Video", "Audio"]
    assert digest(grey / target, "a") == digest(grey / video, "a")
    shown, plain = brightness(grey / target, 1.5), brightness(grey / target, 0.1)
    assert len(shown) == 320 * 180
    assert max(shown) > 200  # letters, in the lower third
    assert max(shown[: 320 * 100]) < 160
    assert max(plain) < 160


def test_burning_keeps_positions(mux, grey):
    assert mux("grey.mp4", "talk.ass", "--burn", "-o", "new.mkv").code == 0
    shown = brightness(grey / "new.mkv", 1.5)
    assert max(shown[: 320 * 60]) > 200
    assert max(shown[320 * 120 :]) < 160


@pytest.mark.parametrize("given", ["talk.srt", "talk.ass"])
def test_burning_from_right_to_left(mux, subalign, grey, given):
    def drawn(text):
        (grey / "talk.srt").write_text(f"1\n00:00:00,500 --> 00:00:02,500\n{text}\n")
        if given == "talk.ass":
            words = [{"word": text, "start": 0.5, "end": 2.5}]
            segment = {"start": 0.5, "end": 2.5, "text": text, "words": words}
            (grey / "talk.json").write_text(json.dumps({"segments": [segment]}))
            assert subalign("render", "talk.json", "-f", "ass", "--overwrite").code == 0
        assert mux("grey.mp4", given, "--burn", "-o", "new.mkv", "--overwrite").code == 0
        return brightness(grey / "new.mkv", 1.5)

    # the marks of an embedding ask for it without fail; the last mark stands on the left
    assert drawn("אב!!!") == drawn("\u202bאב!!!\u202c") != drawn("!!!אב")


@pytest.mark.parametrize(
    "start",
    [
        "ffconcat version 1.0\nfile talk.de.srt",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:9/a.m3u8",
    ],
)
def test_a_playlist_before_sub_station_alpha_is_none(mux, grey, start):
    (grey / "talk.ass").write_text(f"{start}\n\n{SUB_STATION}")
    assert mux("grey.mp4", "talk.ass", "--burn", "-o", "new.mkv").code == 0
    assert max(brightness(grey / "new.mkv", 1.5)[: 320 * 60]) > 200


def test_fonts_are_no_files(mux, grey, monkeypatch):
    text = SUB_STATION.replace("Arial", "/etc/passwd").replace("{", "{\\fn../../../etc/passwd")
    (grey / "talk.ass").write_text(f"{text}\n[Fonts]\nfontname: a.ttf\n{'M5!x' * 2000}\n")
    assert mux("grey.mp4", "talk.ass", "--burn", "-o", "new.mkv").code == 0
    assert max(brightness(grey / "new.mkv", 1.5)[: 320 * 60]) > 200


@pytest.mark.parametrize(
    "name", ["it's [a] 50%; b,c=d: {e}.srt", "-x.srt", "Ünï çödé 你好.srt", "back\\slash.srt"]
)
def test_odd_names(mux, grey, name, monkeypatch):
    if os.name == "nt":
        pytest.skip("Windows forbids such names")
    odd = grey / name.replace(".srt", "")
    odd.mkdir()
    (odd / name).write_text(SRT)
    video = odd / name.replace(".srt", ".mp4")
    video.write_bytes((grey / "grey.mp4").read_bytes())
    monkeypatch.setattr(tempfile, "tempdir", str(odd))  # where ffmpeg finds its copy
    for options in ((), ("--burn",)):
        target = odd / name.replace(".srt", f"{len(options)}.mkv")
        assert mux(video, odd / name, "-o", target, "-q", *options).code == 0
        assert len(describe(target)) == 3 - len(options)
    assert max(brightness(target, 1.5)) > 200
    assert len(list(odd.iterdir())) == 4


def test_damaged_subtitles_are_repaired_on_the_way(mux, grey):
    damaged = SRT.replace(",500", ".500").replace("an alle", "an\n\nalle").replace("\n", "\r\n")
    (grey / "old.srt").write_bytes(damaged.encode("cp1252"))
    assert mux("grey.mp4", "old.srt", "-o", "new.mkv", "-q").code == 0
    assert "<i>Grüße</i> an\nalle" in extract(grey / "new.mkv").replace("\r\n", "\n")


def test_inputs_and_outputs_are_safe(mux, grey):
    before = {path.name: path.read_bytes() for path in grey.iterdir()}
    (grey / "link.mp4").symlink_to("grey.mp4")
    for target in ("grey.mp4", "link.mp4", f"{grey}/grey.mp4"):
        outcome = mux("grey.mp4", "talk.vtt", "-o", target, "--overwrite")
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err == f"Error: {target} is an input itself: give --output another name.\n"
    outcome = mux("grey.mp4", "talk.vtt", "-o", "grey.mkv")
    assert outcome.err == (
        "Error: grey.mkv is there already: add --overwrite to replace it, or give --output another "
        "name.\n"
    )
    (grey / "link.mp4").unlink()
    assert {path.name: path.read_bytes() for path in grey.iterdir()} == before
    assert mux("grey.mp4", "talk.vtt", "-o", "grey.mkv", "--overwrite", "-q").code == 0
    assert len(describe(grey / "grey.mkv")) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("gone.mp4", "talk.vtt", "-o", "x.mkv"), 1, "gone.mp4 does not exist"),
        (("grey.mp4", "gone.srt", "-o", "x.mkv"), 1, "gone.srt does not exist"),
        (("talk.vtt", "talk.vtt", "-o", "x.mkv"), 1, "talk.vtt is no video that ffmpeg can read"),
        (("grey.mp4", "grey.mkv", "-o", "x.mkv"), 1, "grey.mkv is not a text file: give SubRip"),
        (("grey.mp4", "talk.vtt", "-o", "x.avi"), 2, "--output x.avi does not end with one of"),
        (("grey.mp4", "talk.vtt", "-o", "no/x.mkv"), 1, "no does not exist: make the folder first"),
        (("grey.mp4", "talk.vtt", "-o", "x.webm"), 1, "ffmpeg could not write x.webm ("),
        (("sound.m4a", "talk.vtt", "-o", "x.mp4", "--burn"), 1, "sound.m4a has no moving picture"),
        (("-", "talk.vtt", "-o", "x.mkv"), 2, "A video cannot come from standard input"),
        (
            ("grey.mp4", "talk.vtt", "-o", "x.mkv", "--language", "xx"),
            2,
            "--language 'xx' is no language tag",
        ),
        (
            ("grey.mp4", "talk.vtt", "-o", "x.mkv", "--language", "klingonisch"),
            2,
            "The language 'klingonisch' is not known",
        ),
        (
            ("grey.mp4", "talk.vtt", "-o", "x.mkv", "--title", "a", "--title", "b"),
            2,
            "There are more --title than subtitle files",
        ),
        (
            ("grey.mp4", "talk.vtt", "talk.ass", "-o", "x.mkv", "--burn"),
            2,
            "--burn draws one subtitle file",
        ),
    ],
)
def test_what_cannot_be_done(mux, grey, ffmpeg, arguments, code, sentence):
    ffmpeg("-i", "grey.mp4", "-vn", "-c:a", "copy", "sound.m4a")
    before = sorted(path.name for path in grey.iterdir())
    outcome = mux(*arguments)
    (line,) = outcome.err.splitlines()
    assert (outcome.code, outcome.out) == (code, "")
    assert line.startswith(f"Error: {sentence}")
    assert sorted(path.name for path in grey.iterdir()) == before


def test_an_ffmpeg_without_libass(mux, grey, monkeypatch):
    if os.name == "nt":
        pytest.skip("needs a shell script on PATH")
    (grey / "bin").mkdir()
    program = grey / "bin" / "ffmpeg"
    program.write_text("#!/bin/sh\necho \"Unknown filter 'subtitles'.\"\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{grey}/bin", prepend=os.pathsep)
    outcome = mux("grey.mp4", "talk.vtt", "--burn", "-o", "x.mkv")
    assert outcome.code == 1
    assert outcome.err == (
        f"Error: {program} was built without libass, which --burn needs: install a full ffmpeg, or "
        "take it off PATH to use the one in imageio-ffmpeg.\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing(in_process, wait_for, grey, ffmpeg, number):
    # ten minutes of picture, so that it is still at work
    ffmpeg(
        *("-f", "lavfi", "-i", "color=gray:s=320x180:r=10:d=600", "-c:v", "libx264"),
        *("-preset", "ultrafast", "long.mkv"),
    )
    before = sorted(path.name for path in grey.iterdir())
    process = in_process("mux", "long.mkv", "talk.vtt", "--burn", "-o", "new.mkv")
    wait_for(lambda: list(grey.glob(".new.mkv.part")), process)
    process.send_signal(number)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert err.decode() == "Interrupted: finished files stay.\n"
    assert sorted(path.name for path in grey.iterdir()) == before


def test_progress_counts_to_the_end(grey):
    from subalign.pipeline.mux import burn

    seen = []
    burn(
        "grey.mp4",
        Path("talk.vtt"),
        Path("new.mkv"),
        on_progress=lambda done, duration: seen.append((done, duration)),
    )
    assert seen[-1] == (pytest.approx(3.0, abs=0.2), pytest.approx(3.0, abs=0.1))
    assert seen == sorted(seen)
