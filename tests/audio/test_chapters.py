"""The chapters of a container, read from ffmpeg's log."""

import pytest

from subalign.audio import open_audio
from subalign.results import Chapter

METADATA = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=2500
title=Intro: part = one
[CHAPTER]
TIMEBASE=1/1000
START=2500
END=5000
title=Two\\
lines
[CHAPTER]
TIMEBASE=1/1000
START=5000
END=12000
title=Last
"""


@pytest.mark.parametrize("name", ["a.m4a", "a.mka", "a.mp3"])
def test_chapters_come_with_their_titles(name, make_media, tone, tmp_path):
    facts = tmp_path / "facts.txt"
    facts.write_text(METADATA)
    path = make_media(name, "-i", str(tone), "-i", str(facts), "-map_metadata", "1", "-map", "0:a")
    with open_audio(path) as stream:
        found = stream.chapters
    assert [chapter.title for chapter in found] == ["Intro: part = one", "Two lines", "Last"]
    # MP3 begins with the encoder's delay
    assert [chapter.start for chapter in found] == pytest.approx([0, 2.5, 5], abs=0.08)
    assert [chapter.end for chapter in found] == pytest.approx([2.5, 5, 12], abs=0.08)


def test_other_titles_are_no_chapters(make_media, tone):
    path = make_media("a.m4a", "-i", str(tone), "-metadata", "title=A talk")
    with open_audio(path) as stream:
        assert stream.chapters == ()


def test_a_log_with_odd_chapters():
    from subalign.audio.log import FfmpegLog

    log = FfmpegLog(address="file:a", label="a")
    lines = [
        "[info] Input #0, mp3, from 'a':",
        "[info]   Metadata:",
        "[info]     title           : The book",
        "[info]   Duration: 00:00:09.00, start: 1.000000, bitrate: 32 kb/s",
        "[info]     Chapter #0.1: start 5.000000, end 9.000000",
        "[info]     Chapter #0.0: start -1.000000, end 5.000000",
        "[info]       Metadata:",
        "[info]         TITLE           : A\x1b[31m",
        "                        : B",
        "[info]         other           : C",
        "                        : D",
        "[info]   Stream #0:0: Audio: mp3, 22050 Hz, mono",
        "[info]         title           : no chapter's",
    ]
    for line in lines:
        log.read_line(line)
    assert log.chapters == (Chapter(0.0, 4.0, "A?[31m B"), Chapter(4.0, 8.0, ""))
