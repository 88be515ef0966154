"""Subtitles into a video: as tracks that players switch, or burnt into the picture.

ffmpeg does both. It works on copies of the subtitles in UTF-8 and writes to a file beside the
target, which takes its place when all has gone well.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import ffmpeg

from subalign.atomic_files import whole_file
from subalign.audio.ffmpeg import (
    Argument,
    FfmpegProgram,
    compile_command,
    find_ffmpeg,
    media_input,
    output_of,
)
from subalign.audio.log import FfmpegLog
from subalign.audio.process import FfmpegProcess, FfmpegStalledError
from subalign.audio.source import MediaSource, resolve_source
from subalign.errors import InputError, OutputError, OutputExistsError, ToolMissingError, UsageError
from subalign.pipeline.language_tags import iso_639_2
from subalign.pipeline.outputs import is_same_file, write
from subalign.subtitles.files import (
    OtherLines,
    SubtitleFile,
    read_subtitle_file,
    render_subtitle_file,
)
from subalign.subtitles.files.reading import tidy_file

__all__ = ["OnProgress", "SubtitleTrack", "burn", "check_target", "mux"]

# called with the seconds of the video that are written, and all of them where that is known
OnProgress = Callable[[float, float | None], None]

_STALLED = 300.0  # seconds without a sign of life


@dataclass(frozen=True, slots=True, kw_only=True)
class _Container:
    """What ffmpeg calls a container, and what subtitles and pictures it takes."""

    name: str
    subtitles: dict[str, str]
    language: Literal["B", "T"]
    video: dict[str, object]


# constant quality that people take for the original
_H264: dict[str, object] = {"c:v": "libx264", "crf": 18, "pix_fmt": "yuv420p"}
_VP9: dict[str, object] = {"c:v": "libvpx-vp9", "crf": 24, "b:v": 0, "row-mt": 1}

_MATROSKA = _Container(
    name="matroska",
    subtitles={"srt": "srt", "vtt": "srt", "ass": "copy"},
    language="B",  # the bibliographic codes of ISO 639-2
    video=_H264,
)
_MP4 = _Container(
    name="mp4",
    subtitles=dict.fromkeys(("srt", "vtt", "ass"), "mov_text"),
    language="T",
    video=_H264,
)
_WEBM = _Container(
    name="webm",
    subtitles=dict.fromkeys(("srt", "vtt", "ass"), "webvtt"),
    language="B",
    video=_VP9,
)
_CONTAINERS = {".mkv": _MATROSKA, ".mp4": _MP4, ".m4v": _MP4, ".webm": _WEBM}
_ASS_START = "[Script Info]"
_DEMUXERS = {"srt": "srt", "vtt": "webvtt", "ass": "ass"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtitleTrack:
    """A subtitle file to put in; `language` is a tag of BCP 47 ("de", "pt-BR")."""

    path: Path
    language: str | None = None
    title: str | None = None


def check_target(target: Path, sources: Sequence[Path | str], *, overwrite: bool) -> None:
    """Check that nothing is lost by writing a video to `target`.

    Raises:
        UsageError: its ending is none of those that take subtitles.
        OutputError: it is one of the sources, or cannot be written.
        OutputExistsError: it is there and may not be replaced.
    """
    _container(target)
    for source in sources:
        if is_same_file(target, Path(source)):
            raise OutputError(f"{target} is an input itself: give `target` another name.")
    if target.is_dir():
        raise OutputError(f"{target} is a folder: name a file in it.")
    if target.exists() and not overwrite:
        raise OutputExistsError(
            f"{target} is there already: add `overwrite` to replace it, or give `target` another "
            "name."
        )
    if not target.absolute().parent.is_dir():
        raise OutputError(f"{target.parent} does not exist: make the folder first.")


def mux(
    video: str | Path,
    tracks: Sequence[SubtitleTrack],
    target: Path,
    *,
    default: bool = True,
    overwrite: bool = True,
    on_progress: OnProgress | None = None,
) -> None:
    """Put subtitles into a copy of the video as tracks; picture and sound are not touched.

    Subtitles that the video has are kept behind the new ones, of which the first is the `default`.

    Raises:
        InputError: the video or a subtitle file cannot be used.
        ToolMissingError: there is no ffmpeg.
        OutputError: the target cannot be written.
        OutputExistsError: the target is there and may not be replaced.
        UsageError: the target's ending, or a language, is unknown.
    """
    container = _container(target)
    source = resolve_source(str(video))
    program = find_ffmpeg()
    with tempfile.TemporaryDirectory(prefix="subalign-") as folder:
        options: dict[str, object] = {"c:v": "copy", "c:a": "copy", "c:t": "copy"}
        metadata: list[str] = []
        inputs = []
        for index, track in enumerate(tracks):
            file, copy = _copied(track.path, Path(folder), index)
            inputs.append(ffmpeg.input(f"file:{copy}", f=_DEMUXERS[file.format])["s:0"])
            options[f"c:s:{index}"] = container.subtitles[file.format]
            metadata += _described(track, index, container)
            options[f"disposition:s:{index}"] = "default" if default and index == 0 else "0"
        media = media_input(source)
        options = _kept_subtitles(source, container) | options
        kept = [media["s?"], media["t?"]] if container is _MATROSKA else [media["s?"]]
        _write(
            program,
            source,
            [media["V?"], media["a?"], *inputs, *kept],
            options,
            target,
            on_progress,
            metadata=metadata,
            overwrite=overwrite,
        )


def burn(
    video: str | Path,
    subtitles: Path,
    target: Path,
    *,
    overwrite: bool = True,
    on_progress: OnProgress | None = None,
) -> None:
    """Draw subtitles into the picture of a copy of the video; its sound is not touched.

    Raises:
        InputError: the video or the subtitles cannot be used.
        ToolMissingError: there is no ffmpeg, or it has no libass.
        OutputError: the target cannot be written.
        OutputExistsError: the target is there and may not be replaced.
        UsageError: the target's ending is unknown.
    """
    container = _container(target)
    source = resolve_source(str(video))
    program = find_ffmpeg()
    _require_libass(program)
    with tempfile.TemporaryDirectory(prefix="subalign-") as folder:
        file, copy = _copied(subtitles, Path(folder), 0)
        media = media_input(source)
        # libass then looks at each line for its direction of writing; a file with styles says it
        style = {} if file.format == "ass" else {"force_style": "Encoding=-1"}
        drawn = media["V:0"].filter("subtitles", filename=str(copy), charenc="UTF-8", **style)
        options = {**container.video, "c:a": "copy"}
        _write(
            program,
            source,
            [drawn, media["a?"]],
            options,
            target,
            on_progress,
            overwrite=overwrite,
        )


def _container(target: Path) -> _Container:
    try:
        return _CONTAINERS[target.suffix.lower()]
    except KeyError:
        endings = ", ".join(_CONTAINERS)
        raise UsageError(
            f"`target={target}` does not end with one of {endings}: name it so."
        ) from None


def _copied(path: Path, folder: Path, index: int) -> tuple[SubtitleFile, Path]:
    """A subtitle file, and a copy of it that ffmpeg understands."""
    file = tidy_file(_as_text(read_subtitle_file(path)))
    if file.format == "ass" and not render_subtitle_file(file).startswith(_ASS_START):
        # what a file begins with tells ffmpeg its kind, such as a playlist, which opens others
        file = replace(file, parts=(OtherLines(line=1, text=_ASS_START), *file.parts))
    copy = folder / f"{index}.{file.format}"
    write(file, copy)
    return file, copy


def _as_text(file: SubtitleFile) -> SubtitleFile:
    """A file that was read as SubRip is, as SubRip."""
    if file.stored is None:
        return file
    plain = replace(file, stored=None, head=b"")
    return plain.with_cues(lambda cue: replace(cue, settings=""))


def _described(track: SubtitleTrack, index: int, container: _Container) -> list[str]:
    """Arguments that name a track's language and title."""
    facts = []
    if track.language is not None:
        facts.append(f"language={iso_639_2(track.language, container.language)}")
    if track.title is not None:
        facts.append(f"title={track.title}")
        if container is _MP4:
            facts.append(f"handler_name={track.title}")  # what players of MP4 show
    return [argument for fact in facts for argument in (f"-metadata:s:s:{index}", fact)]


def _kept_subtitles(source: MediaSource, container: _Container) -> dict[str, object]:
    """The codec for subtitles that the video has: their own where the container is of its kind."""
    same = _CONTAINERS.get(Path(source.path or source.label).suffix.lower()) is container
    return {"c:s": "copy" if same else container.subtitles["srt"]}


def _require_libass(program: FfmpegProgram) -> None:
    answer = output_of([program.path, "-hide_banner", "-h", "filter=subtitles"], 30)
    if answer is None:
        raise ToolMissingError(f"{program.path} does not run: install ffmpeg.")
    if b"Filter subtitles" not in answer:
        raise ToolMissingError(
            f"{program.path} was built without libass, which `burn` needs: install a full ffmpeg, "
            "or take it off PATH to use the one in imageio-ffmpeg."
        )


def _write(
    program: FfmpegProgram,
    source: MediaSource,
    streams: Sequence[Any],
    options: dict[str, object],
    target: Path,
    on_progress: OnProgress | None,
    *,
    metadata: Sequence[str] = (),
    overwrite: bool,
) -> None:
    """Run ffmpeg on a file beside the target, which it then becomes."""
    try:
        with whole_file(target.absolute(), overwrite=overwrite) as part:
            output = ffmpeg.output(
                *streams,
                Argument(f"file:{part}"),
                format=_container(target).name,
                max_interleave_delta=0,  # subtitles may be minutes apart
                progress="pipe:1",
                **options,
            )
            *command, last = compile_command(program, output)
            # ffmpeg-python gives no option twice
            _run([*command, "-y", *metadata, last], source, target, on_progress)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"{target} cannot be written ({reason}): give another name.") from error


def _run(
    command: list[str], source: MediaSource, target: Path, on_progress: OnProgress | None
) -> None:
    log = FfmpegLog(address=source.address, label=source.label)
    running = FfmpegProcess(command, log=log, data=None, stall_timeout=_STALLED)
    try:
        with running:
            rest = b""
            while chunk := running.read():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    key, _, value = line.partition(b"=")
                    known = key == b"out_time_us" and value.strip().isdigit()
                    if known and on_progress is not None:
                        on_progress(int(value) / 1e6, log.duration)
    except FfmpegStalledError as error:
        raise OutputError(
            f"ffmpeg gave no sign of life for {_STALLED:.0f} s: {target} was not written."
        ) from error
    if running.exit_code != 0:
        raise _failure(log, source, target)


def _failure(log: FfmpegLog, source: MediaSource, target: Path) -> InputError | OutputError:
    """Why ffmpeg gave up, as a sentence."""
    reason = (log.first_problem or log.reason or "no reason given").rstrip(".")
    if not log.tracks:
        why = "" if log.refused else f" ({reason})"
        return InputError(f"{source.label} is no video that ffmpeg can read{why}: give another.")
    if "bitmap" in reason:
        return OutputError(
            f"{source.label} has subtitles that are pictures, which {target.suffix} cannot hold: "
            "write to .mkv."
        )
    if all(track.kind != "Video" or track.picture for track in log.tracks):
        return InputError(f"{source.label} has no moving picture ({reason}): give a video.")
    return OutputError(
        f"ffmpeg could not write {target} ({reason}): write to .mkv, which holds every kind of "
        "picture and sound."
    )
