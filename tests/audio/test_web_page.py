"""Recordings in pages of the web: a stand-in for yt-dlp, and a server on this machine."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from subalign.audio import open_audio
from subalign.audio.source import address_name, resolve_source
from subalign.errors import MediaReadError
from subalign.options import AudioOptions
from subalign.results import Chapter

SECONDS = 12
PAGE = b"<!DOCTYPE html><title>A talk</title><video></video>"

# It answers to the options as yt-dlp does: files beside `--output`, errors on standard error.
STAND_IN = """#!{python}
import json, shutil, sys
from pathlib import Path

arguments = sys.argv[1:]
Path({told!r}).write_text(json.dumps(arguments))
output = arguments[arguments.index("--output") + 1]
sys.stderr.write({error!r})
if {recording!r}:
    shutil.copyfile({recording!r}, output.replace("%(ext)s", "wav").replace("%%", "%"))
    Path(output.replace("%(ext)s", "info.json").replace("%%", "%")).write_text({facts!r})
sys.exit({code})
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server whose every answer is a page, but for what is forbidden or not there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code = {"/forbidden": 403, "/gone": 404}.get(self.path, 200)
            self.send_response(code)
            self.send_header("Content-Type", "text/html")
            if self.path != "/unending":
                self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def yt_dlp(tmp_path, monkeypatch, tone):
    """Puts a stand-in on PATH; gives the file with the arguments that it was called with."""
    if sys.platform == "win32":
        pytest.skip("programs are no scripts there")

    def install(*, error: str = "", code: int = 0, found: bool = True, facts: str = "{}") -> Path:
        told = tmp_path / "told.json"
        program = tmp_path / "bin" / "yt-dlp"
        program.parent.mkdir()
        recording = str(tone) if found else ""
        program.write_text(
            STAND_IN.format(
                python=sys.executable,
                told=str(told),
                recording=recording,
                facts=facts,
                error=error,
                code=code,
            )
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
        return told

    return install


@pytest.fixture
def no_yt_dlp(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("subalign.audio.web_page.find_spec", lambda name: None)


def test_without_yt_dlp_a_page_is_refused_with_the_remedy(address, no_yt_dlp):
    for page in ("/watch?v=dQw4w9WgXcQ", "/talk.mp4"):
        with pytest.raises(MediaReadError) as caught:
            open_audio(address + page)
        assert str(caught.value) == (
            f"{address}{page} is no recording (ffmpeg: Invalid data found): give the address "
            "of the file itself, or have yt-dlp find it in the page: pip install 'subalign[web]'."
        )


def test_what_is_not_there_is_no_page(address, yt_dlp):
    told = yt_dlp()
    with pytest.raises(MediaReadError, match="404 Not Found"):
        open_audio(f"{address}/gone")
    assert not told.exists()


@pytest.mark.parametrize("page", ["/watch?v=dQw4w9WgXcQ&list=PL1", "/forbidden", "/unending"])
def test_yt_dlp_gives_a_pages_recording_and_its_chapters(address, yt_dlp, page):
    chapters = [
        {"start_time": 5.5, "end_time": 12, "title": "Second\u202e"},
        {"start_time": 0, "end_time": 5.5, "title": "First"},
        {"start_time": 9, "end_time": 3},
    ]
    told = yt_dlp(facts=json.dumps({"title": "A talk", "chapters": chapters}))
    with open_audio(address + page, options=AudioOptions(stall_timeout=7)) as stream:
        assert stream.label == address + page
        assert stream.chapters == (Chapter(0, 5.5, "First"), Chapter(5.5, 12, "Second?"))
        assert sum(block.size for block in stream) == SECONDS * 16000
    arguments = json.loads(told.read_text())
    assert arguments[-2:] == ["--", address + page]
    assert arguments[arguments.index("--socket-timeout") + 1] == "7"
    assert "--no-playlist" in arguments
    output = Path(arguments[arguments.index("--output") + 1])
    assert not output.parent.exists()  # what it fetched is gone


@pytest.mark.parametrize("facts", ["", "{", "[]", '{"chapters": [{"title": 3}, 4]}', "[" * 100_000])
def test_facts_that_cannot_be_read_are_no_chapters(address, yt_dlp, facts):
    yt_dlp(facts=facts)
    with open_audio(f"{address}/watch") as stream:
        assert stream.chapters == ()


def test_what_yt_dlp_complains_of_is_the_reason(address, yt_dlp):
    page = f"{address}/watch?v=1&token=secret"
    yt_dlp(error=f"WARNING: x\nERROR: [generic] Unsupported URL: {page}\n", code=1, found=False)
    with pytest.raises(MediaReadError) as caught:
        open_audio(page)
    label = f"{address}/watch?v=1"
    assert str(caught.value) == (
        f"{label} cannot be read (yt-dlp: Unsupported URL: {label}): check the address, and that "
        "yt-dlp is up to date."
    )


def test_a_list_or_a_live_broadcast_is_refused(address, yt_dlp):
    yt_dlp(found=False)
    with pytest.raises(MediaReadError) as caught:
        open_audio(f"{address}/playlist?list=PL1")
    assert str(caught.value) == (
        f"{address}/playlist?list=PL1 is a list or a live broadcast: give the address of one "
        "recording that has ended."
    )


def test_yt_dlp_may_be_a_package_of_pythons(address, yt_dlp, monkeypatch, tmp_path):
    yt_dlp()
    (tmp_path / "bin" / "yt-dlp").rename(tmp_path / "yt_dlp.py")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    with open_audio(f"{address}/watch") as stream:
        assert sum(block.size for block in stream) == SECONDS * 16000


def test_a_yt_dlp_that_does_not_run(address, yt_dlp, tmp_path):
    yt_dlp()
    (tmp_path / "bin" / "yt-dlp").write_text("no program")
    with pytest.raises(MediaReadError, match=r"/watch cannot be read \(yt-dlp: does not run"):
        open_audio(f"{address}/watch")


@pytest.mark.parametrize(
    ("address", "label", "name"),
    [
        (
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3s",
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3s",
            ("watch", "?v=dQw4w9WgXcQ&t=3s"),
        ),
        ("https://me:pass@h/get?id=5&token=abc", "https://h/get?id=5", ("get", "?id=5")),
        ("https://h/get?X-Amz-Signature=5&k=" + 40 * "x", "https://h/get", ("get", "")),
        ("https://h/a%20b.mp3?id=5", "https://h/a%20b.mp3", ("a b.mp3", "")),
        ("https://h", "https://h", ("", "")),
    ],
)
def test_a_pages_query_is_told_but_for_secrets(address, label, name):
    assert resolve_source(address).label == label
    assert address_name(address) == name
