"""A stranger's file makes ffmpeg read nothing but itself, and ffmpeg never outlives its use."""

import gc
import io
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from subalign.audio import SAMPLE_RATE, find_ffmpeg, is_address, is_media_file, open_audio
from subalign.audio.ffmpeg import decode_command
from subalign.audio.source import DEMUXERS, resolve_source
from subalign.errors import MediaReadError, ToolMissingError
from subalign.options import AudioOptions

NO_RECORDING = (
    " is no recording: playlists, scripts, pictures and subtitles are not opened;"
    " give the audio or video file itself."
)


class Server(HTTPServer):
    """Serves one file's bytes on localhost and remembers what was asked for."""

    def __init__(self, content: bytes) -> None:
        self.requests: list[str] = []
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requests.append(self.path)
                found = self.path.startswith("/talk.wav")
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write(content if found else b"")

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server(tone: Path) -> Iterator[Server]:
    with Server(tone.read_bytes()) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def hls(target: str) -> str:
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:12\n"
    return f"{head}#EXTINF:12,\n{target}\n#EXT-X-ENDLIST\n"


def ffconcat(target: str) -> str:
    return f"ffconcat version 1.0\nfile '{target}'\n"


def dash(target: str) -> str:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' mediaPresentationDuration="PT12S" profiles="urn:mpeg:dash:profile:isoff-main:2011">'
        '<Period><AdaptationSet mimeType="audio/wav"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    )


def sdp(_: str) -> str:
    return "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"


@pytest.mark.parametrize("playlist", [hls, ffconcat, dash, sdp])
@pytest.mark.parametrize("suffix", ["talk.wav", "talk.m3u8"])
@pytest.mark.parametrize("place", ["file", "web"])
def test_a_playlist_is_refused_and_followed_nowhere(
    playlist, suffix, place, tone, tmp_path, server
):
    (tmp_path / "real.wav").write_bytes(tone.read_bytes())
    target = "real.wav" if place == "file" else f"{server.address}/talk.wav"
    path = tmp_path / suffix
    path.write_text(playlist(target))
    for source in (path, io.BytesIO(path.read_bytes())):
        with pytest.raises(MediaReadError) as caught:
            open_audio(source)
        label = path if source is path else "The given stream"
        assert str(caught.value) == f"{label}{NO_RECORDING}"
    assert server.requests == []


def test_the_same_playlist_is_followed_without_the_whitelist(tone, tmp_path):
    """What the test above guards against is real: the list of allowed demuxers stops it."""
    (tmp_path / "real.wav").write_bytes(tone.read_bytes())
    path = tmp_path / "talk.wav"
    path.write_text(ffconcat("real.wav"))
    command = decode_command(find_ffmpeg(), resolve_source(path), 1, None)
    position = command.index("-format_whitelist")
    unguarded = command[:position] + command[position + 2 :]
    for arguments, n_bytes in ((unguarded, 12 * SAMPLE_RATE * 8), (command, 0)):
        run = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        assert len(run.stdout) == n_bytes


def test_no_allowed_demuxer_opens_other_resources():
    followers = "avisynth concat concatf dash dvdvideo hls image2 image2pipe imf lavfi mlv mpls"
    devices = "alsa avfoundation dshow fbdev gdigrab kmsgrab openal oss pulse rtp rtsp sap sdp"
    others = "tee vapoursynth vobsub webm_dash_manifest x11grab xcbgrab libopenmpt libgme tty bin"
    forbidden = set(f"{followers} {devices} {others}".split())
    assert not forbidden & set(DEMUXERS)
    assert len(DEMUXERS) == len(set(DEMUXERS))


def test_every_allowed_demuxer_is_one_of_ffmpegs(ffmpeg):
    if find_ffmpeg().origin != "imageio-ffmpeg":
        pytest.skip("another build of ffmpeg may lack some")
    listing = subprocess.run(
        [ffmpeg, "-hide_banner", "-demuxers"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = {
        name
        for line in listing.partition("---")[2].splitlines()[1:]
        if "d" not in line[:4]
        for name in line[4:].split()[0].split(",")
    }
    unknown = set(DEMUXERS) - names
    assert not unknown


def test_a_command_has_no_shell_no_network_and_no_input(tone):
    command = decode_command(find_ffmpeg(), resolve_source(tone), 2, None)
    assert command[1] == "-nostdin"
    assert command[command.index("-protocol_whitelist") + 1] == "file"
    assert command[command.index("-i") + 1] == f"file:{tone}"
    assert command[command.index("-map") + 1] == "0:a:1"
    assert {"-vn", "-sn", "-dn"} <= set(command)


def test_an_address_is_decoded_and_its_secrets_are_not_told(server):
    secret = server.address.replace("http://", "HTTP://name:pass@") + "/talk.wav?token=secret"
    with open_audio(secret) as stream:
        assert sum(block.size for block in stream) == 12 * SAMPLE_RATE
    with pytest.raises(MediaReadError) as caught:
        open_audio(secret.replace("talk", "gone"))
    message = str(caught.value)
    assert "404" in message
    assert "/gone.wav" in message
    assert "secret" not in message
    assert "pass" not in message


def test_an_address_whose_server_does_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/talk.wav"
    with pytest.raises(MediaReadError) as caught:
        open_audio(address)
    assert str(caught.value).startswith(f"{address} cannot be read (ffmpeg: ")
    assert str(caught.value).endswith("): check the address and the connection.")


def test_a_silent_decoder_is_stopped():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/talk.wav"
        with pytest.raises(MediaReadError) as caught:
            open_audio(address, options=AudioOptions(stall_timeout=0.5))
    assert str(caught.value) == (
        f"{address} gave no sound for 0.5 s and was given up: check the file or the connection."
    )


def test_a_stream_that_falls_silent_is_given_up(tone):
    content = io.BytesIO(tone.read_bytes()[:300000])
    forever = threading.Event()

    class Falling(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return content.read(size) or bytes(forever.wait(60))

    try:
        with pytest.raises(MediaReadError, match=r"gave no sound for 0\.5 s"):
            open_audio(Falling(), options=AudioOptions(stall_timeout=0.5))
    finally:
        forever.set()


@pytest.mark.parametrize("way", ["close", "with", "interrupt", "garbage"])
def test_the_decoder_is_gone_on_any_exit(way, make_media, tone):
    # 15 minutes: more than fits into the pipe and the queue.
    path = make_media("long.wav", "-stream_loop", "74", "-i", str(tone), "-c", "copy")
    stream = open_audio(path)
    process = stream._ffmpeg._process
    assert process.poll() is None
    if way == "close":
        stream.close()
    elif way == "with":
        with stream:
            next(stream)
    elif way == "interrupt":
        with pytest.raises(KeyboardInterrupt), stream:
            raise KeyboardInterrupt
    else:
        del stream
        gc.collect()
    assert process.returncode is not None
    assert not any(thread.name.startswith("subalign") for thread in threading.enumerate())


def test_no_ffmpeg_anywhere(tone, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("subalign.audio.ffmpeg._bundled", lambda: None)
    with pytest.raises(ToolMissingError) as caught:
        open_audio(tone)
    assert str(caught.value) == (
        "No ffmpeg was found on PATH or in imageio-ffmpeg: install ffmpeg, or reinstall the"
        " Python package imageio-ffmpeg."
    )


def test_an_ffmpeg_on_path_comes_first(ffmpeg, tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    try:
        program.symlink_to(ffmpeg)
    except OSError:
        pytest.skip("symbolic links are not allowed here")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_ffmpeg()
    assert (found.path, found.origin) == (str(program), "PATH")
    assert found.version()[:1].isalnum()
    assert found.version() != "unknown"


def test_an_ffmpeg_that_does_not_run(tone, tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text("no program")
    program.chmod(0o755)
    monkeypatch.setattr("subalign.audio.ffmpeg.on_path", lambda _: str(program))
    with pytest.raises(ToolMissingError, match="does not run"):
        open_audio(tone)
    with pytest.raises(ToolMissingError, match="does not run"):
        find_ffmpeg().version()


@pytest.mark.parametrize(
    ("name", "address"),
    [("http://a/b", True), ("HTTPS://a", True), ("http:a", False), ("file:a", False), ("-", False)],
)
def test_only_http_addresses_are_addresses(name, address):
    assert is_address(name) is address


@pytest.mark.parametrize(
    ("name", "media"),
    [("a.MP4", True), ("b.opus", True), ("c.srt", False), ("d.m3u8", False), ("mp3", False)],
)
def test_media_are_known_by_their_endings(name, media):
    assert is_media_file(name) is media
    assert is_media_file(Path("folder.mp3") / name) is media
