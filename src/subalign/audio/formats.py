"""Which containers ffmpeg may open, and which file names look like media.

Media come from strangers. A demuxer that opens what its file names (a playlist, a script, an
image sequence, a capture device) would let such a file read others or call an address, and
ffmpeg chooses demuxers by content, whatever the file is called. So only those demuxers are
allowed that read nothing but their own bytes. Names that an ffmpeg does not know it ignores.
"""

import os
from pathlib import Path

__all__ = ["DEMUXERS", "MEDIA_SUFFIXES", "is_media_file", "looks_like_media"]

_GENERAL_CONTAINERS = (
    "3gp asf avi flv gxf ivf kux live_flv lxf m4a matroska mov mp4 mpeg mpegts mxf nsv nut nuv "
    "ogg pmp pva rm swf ty webm wtv dv dhav hxvs"
).split()
_AUDIO_CONTAINERS = (
    "aa aac aax ac3 ac4 act adp adx aea aiff alp amr amrnb amrwb apac ape apm aptx aptx_hd ast au "
    "avr binka bit bonk caf codec2 dfpwm dsf dss dts dtshd eac3 epaf flac g722 g723_1 g726 g726le "
    "g729 gsm hca hcom iamf iff ilbc ircam iss kvag laf lc3 loas mca mlp mmf mp3 mpc mpc8 msf "
    "mtaf nistsphere nsp oma osq paf pvf qcp qoa rka rsd rso sbc sds sdx shn sln sol sox spdif "
    "tak truehd tta vag voc vqf w64 wady wav wavarc wsaud wsd wv wve xa xvag xwma"
).split()

DEMUXERS: tuple[str, ...] = (*_GENERAL_CONTAINERS, *_AUDIO_CONTAINERS)
"""Names for ffmpeg's `-format_whitelist`."""

MEDIA_SUFFIXES = frozenset(
    "." + suffix
    for suffix in (
        # sound
        "aac ac3 adts aif aifc aiff amr ape au awb caf dss dts eac3 flac gsm m4a m4b m4r mka mp1 "
        "mp2 mp3 mpa mpc oga ogg opus qcp ra rf64 shn snd spx tak tta voc w64 wav wave weba wma wv "
        # moving pictures
        "3g2 3gp asf avi divx dv f4v flv m2ts m2v m4v mkv mov mp4 mpe mpeg mpg mts mxf nut ogm ogv "
        "qt rm rmvb ts vob webm wmv wtv"
    ).split()
)
"""Lower-case file name endings that are taken for media when a folder is walked."""

_SHARED_SUFFIXES = (".ts", ".mts")
_TEXT_START = 4096  # bytes; the first packets of an MPEG stream hold zeros


def is_media_file(path: str | os.PathLike[str]) -> bool:
    """Whether the file's name ends as media do; the content is not looked at."""
    return Path(path).suffix.lower() in MEDIA_SUFFIXES


def looks_like_media(path: Path) -> bool:
    """Whether what a folder holds under this path is to be worked on: a file named as media are.

    Folders, dangling links and pipes are not, nor what macOS writes beside a file on foreign
    disks (`._talk.mp4`), nor the program texts that share .ts and .mts with MPEG streams.
    """
    if not is_media_file(path) or path.name.startswith("._") or not path.is_file():
        return False
    return path.suffix.lower() not in _SHARED_SUFFIXES or not _is_text(path)


def _is_text(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(_TEXT_START)
    except OSError:
        return False  # whoever opens it says why it cannot be read
    return start != b"" and b"\0" not in start
