"""Make page.png and burnt.jpg: the page of the talk, and a frame of its video with burnt-in cues.

Needed only to change the pictures. It needs the extra `test` and Chromium:

    python examples/make_pictures.py

The words come from `align`; who says them is known, as `make_talk.py` has each sentence's voice.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
from make_talk import HOST, TALK
from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
MODEL = ("--model", "tiny.en", "--language", "en")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SIZE = {"width": 1280, "height": 800}
SHOWN = 14.6  # seconds of the talk, in the page
BURNT = 13.9  # and in the video
WIDE = "scale=960:540:flags=lanczos"  # the talk's own picture is small
COLOURS = 128


def main() -> None:
    """Make both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        talk = Path(shutil.copy(HERE / "talk.mp4", folder))
        _page(talk, folder)
        _burnt(talk, folder)
    for picture in ("page.png", "burnt.jpg"):
        print(f"{picture}: {(HERE / picture).stat().st_size / 1000:.0f} kB")


def _page(talk: Path, folder: Path) -> None:
    """The page as it is while somebody edits a cue."""
    (folder / "talk.rttm").write_text("".join(_turns()), "utf-8")
    speakers = ("--speakers", folder / "talk.rttm", "--speaker-names", "host=Host,keeper=Keeper")
    _subalign(
        "align", talk, HERE / "talk.txt", *speakers, "--format", "html", "--profile", "bbc", *MODEL
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, reduced_motion="reduce")
        page.goto((folder / "talk.html").as_uri())
        page.wait_for_selector(".video")
        page.evaluate(f"page.seek({SHOWN})")
        page.wait_for_timeout(1000)
        page.screenshot(path=folder / "page.png")
        browser.close()
    # the picture of a screen needs no more colours
    screen = Image.open(folder / "page.png").convert("RGB").quantize(COLOURS)
    screen.save(HERE / "page.png", optimize=True)


def _burnt(talk: Path, folder: Path) -> None:
    """A frame with the words of a cue, of which the one that is said is coloured."""
    style = (
        "--highlight-words",
        "--highlight-style",
        "color",
        "--style",
        "size=84,highlight=#ffcc00",
    )
    _subalign(
        "align", talk, HERE / "talk.txt", "--format", "ass", "--profile", "social", *style, *MODEL
    )
    wide, burnt, frame = (folder / name for name in ("wide.mp4", "burnt.mp4", "frame.png"))
    _ffmpeg("-i", talk, "-vf", WIDE, "-c:a", "copy", wide)
    _subalign("mux", wide, folder / "talk.ass", "--burn", "-o", burnt)
    _ffmpeg("-ss", BURNT, "-i", burnt, "-frames:v", "1", frame)
    Image.open(frame).convert("RGB").save(HERE / "burnt.jpg", quality=85, optimize=True)


def _turns() -> Iterator[str]:
    """Who speaks from when to when, a line for each sentence."""
    words = iter(json.loads((HERE / "talk.words.json").read_text("utf-8")))
    for voice, sentence, _ in TALK:
        own = [next(words) for _ in sentence.split()]
        start, length = own[0]["start"], own[-1]["end"] - own[0]["start"]
        name = "host" if voice == HOST else "keeper"
        yield f"SPEAKER talk 1 {start:.3f} {length:.3f} <NA> <NA> {name} <NA> <NA>\n"


def _subalign(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "subalign", *map(str, arguments)], check=True)


def _ffmpeg(*arguments: str | float | Path) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *map(str, arguments)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
