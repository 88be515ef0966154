"""Whether all of a recording was decoded: ffmpeg itself exits with 0 on a file cut short."""

import re

from subalign.audio.avi_header import declared_avi_seconds
from subalign.audio.command import demux_command
from subalign.audio.ffmpeg import find_ffmpeg, output_of
from subalign.audio.file_ends import missing_end
from subalign.audio.log import DecoderLog
from subalign.audio.source import MediaSource
from subalign.audio.wav_header import declared_wav_seconds
from subalign.errors import InputError, MediaReadError, NoAudioError
from subalign.options import AudioOptions

__all__ = ["damage_warning", "missing_channel", "nothing_decoded", "silent_track"]

# MP4 and Matroska: ffmpeg tells when their index or segment points beyond the file's end.
_REPORT_MISSING_ENDS = re.compile(r"(?:mov|matroska),")
# Formats of broadcast and of files, whose clock runs on: a gap in their sound is a loss. In others
# it may be a muted caller.
_WITHOUT_GAPS = re.compile(r"(?:mpegts|mpeg|asf|avi|flv)\b")
_LEAST_LOSS = 0.4  # seconds
_WHATEVER = re.compile(r"^(?:Conversion failed|Nothing was written)")


def nothing_decoded(log: DecoderLog, label: str, track: int) -> InputError:
    """The error that says why not one sample came, by what ffmpeg's log tells."""
    if log.refused:
        return MediaReadError(
            f"{label} is no recording: playlists, scripts, pictures and subtitles are not opened;"
            " give the audio or video file itself."
        )
    n_tracks = len(log.audio_tracks)
    if log.container and n_tracks == 0:
        return NoAudioError(f"{label} has no audio track: give a file with sound.")
    if log.container and n_tracks < track:
        tracks = "1 audio track" if n_tracks == 1 else f"{n_tracks} audio tracks"
        return NoAudioError(
            f"{label} has {tracks}, so --audio-track {track} does not exist:"
            f" use a number from 1 to {n_tracks}."
        )
    if log.reason is None or _WHATEVER.match(log.reason):
        return NoAudioError(f"{label} holds no sound: its audio track is empty.")
    return MediaReadError(
        f"{label} cannot be decoded (ffmpeg: {log.reason.rstrip('.')}):"
        " check that it is an intact audio or video file."
    )


def missing_channel(log: DecoderLog, label: str, options: AudioOptions) -> NoAudioError | None:
    """The error for a channel that the track has not: ffmpeg would give silence."""
    tracks = log.audio_tracks
    n_channels = tracks[options.track - 1].n_channels if len(tracks) >= options.track else None
    if options.channel is None or n_channels is None or options.channel <= n_channels:
        return None
    channels = "1 channel" if n_channels == 1 else f"{n_channels} channels"
    return NoAudioError(
        f"{label} has {channels}, so --channel {options.channel} does not exist: use a number"
        f" from 1 to {n_channels}, or mix."
    )


def silent_track(log: DecoderLog, label: str, track: int) -> str | None:
    """What to tell where the track was silent; None where it is the only one."""
    tracks = log.audio_tracks
    others = [
        f"{number}" if other.language is None else f"{number} ({other.language})"
        for number, other in enumerate(tracks, 1)
        if number != track
    ]
    if not others:
        return None
    return (
        f"{label} has {len(tracks)} audio tracks, of which number {track} is silent: choose"
        f" {' or '.join(others)} with --audio-track."
    )


def damage_warning(
    log: DecoderLog,
    source: MediaSource,
    *,
    track: int,
    declared: float | None,
    decoded: float,
    exit_code: int | None,
    time_limit: float,
) -> str | None:
    """One sentence if the recording is cut short or damaged, else None; times in seconds.

    `declared` is the container's or the track's duration. `time_limit` bounds a second look at
    containers that keep silent about a missing end.
    """
    promised = _promised(log, source, track, declared)
    if promised is not None and _is_short(decoded, promised):
        return (
            f"{source.label} should hold {promised:.1f} s of sound, but only {decoded:.1f} s could"
            " be decoded and are used: the file is cut short or damaged."
        )
    if log.n_problems or exit_code:
        times = "once" if log.n_problems <= 1 else f"{log.n_problems} times"
        first = log.first_problem or f"exit status {exit_code}"
        return (
            f"{source.label} is cut short or damaged, ffmpeg complained {times}"
            f" ({first.rstrip('.')}): the {decoded:.1f} s that could be decoded are used."
        )
    if log.gaps > _LEAST_LOSS and _WITHOUT_GAPS.match(log.container or ""):
        return (
            f"{source.label} is damaged, {log.gaps:.1f} s of its sound are missing: there is"
            " silence in their place."
        )
    fault = None if source.path is None else missing_end(source.path, log.container)
    if fault is not None:
        return (
            f"{source.label} is cut short or damaged, {fault}: the {decoded:.1f} s of sound that"
            " could be decoded are used."
        )
    if _ends_early(log, source, track, declared, decoded, time_limit):
        return (
            f"{source.label} should last {declared:.1f} s, but ends earlier, the file is cut short"
            f" or damaged: the {decoded:.1f} s of sound that could be decoded are used."
        )
    return None


def _promised(
    log: DecoderLog, source: MediaSource, track: int, declared: float | None
) -> float | None:
    """How much sound there should be, where that is known and not a guess of ffmpeg's."""
    if log.container == "avi" and source.path is not None:
        return declared_avi_seconds(source.path, track)
    if log.estimated:
        return None if source.path is None else declared_wav_seconds(source.path)
    # A container lasts as long as its longest track: beside a picture, sound may end earlier.
    if log.only_audio or declared != log.duration:
        return declared
    return None


def _is_short(decoded: float, promised: float) -> bool:
    return promised - decoded > max(_LEAST_LOSS, 0.02 * promised)


def _ends_early(
    log: DecoderLog,
    source: MediaSource,
    track: int,
    declared: float | None,
    decoded: float,
    time_limit: float,
) -> bool:
    """Whether no track at all reaches the container's end, and ffmpeg has not said so."""
    if declared is None or log.only_audio or log.estimated or not _is_short(decoded, declared):
        return False
    if log.container is None or _REPORT_MISSING_ENDS.match(log.container) or source.path is None:
        return False
    reached = _reached(source, time_limit)
    # Ogg and ASF may count a track's late beginning twice
    return reached is not None and _is_short(reached + log.lead(track), declared)


def _reached(source: MediaSource, time_limit: float) -> float | None:
    """Seconds until the end of the longest track, by demuxing the file; None if not found out."""
    progress = output_of(demux_command(find_ffmpeg(), source), time_limit)
    if progress is None:
        return None
    times = re.findall(rb"^out_time_us=(\d+)", progress, re.MULTILINE)
    return int(times[-1]) / 1e6 if times else None
