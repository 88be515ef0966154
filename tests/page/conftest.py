"""The page in a headless Chromium, opened from a file as readers open it."""

import shutil
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from page_transcripts import timed_segment, transcript_of, until
from subalign.options import LayoutOptions
from subalign.pipeline.page_media import page_media
from subalign.results import Transcript
from subalign.subtitles import HTMLWriter, PageMedia

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]

OpenPage = Callable[..., "object"]


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def talk() -> Transcript:
    """Two sentences of 4 s in all; " fox" is unsure, " jumps" estimated."""
    first = timed_segment(
        0, (" The", 0.5, 0.75), (" quick", 0.75, 1.0), (" fox", 1.0, 1.3), (" waits.", 1.3, 1.6)
    )
    second = timed_segment(1, (" Then", 2.25, 2.5), (" it", 2.5, 2.75), (" jumps.", 2.75, 3.25))
    words = list(first.words)
    words[2] = replace(words[2], probability=0.25)
    others = list(second.words)
    others[2] = replace(others[2], estimated=True)
    return transcript_of(replace(first, words=tuple(words)), replace(second, words=tuple(others)))


@pytest.fixture(scope="session")
def sound() -> bytes:
    """4 s of a tone, loud in the middle, as 16-bit samples at 8 kHz."""
    at = np.arange(32000)
    tone = 20000 * np.sin(np.pi * at / 32000) * np.sin(2 * np.pi * 220 * at / 8000)
    return tone.round().astype("<i2").tobytes()


@pytest.fixture
def recording(tmp_path, sound) -> Path:
    path = tmp_path / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(sound)
    return path


@pytest.fixture
def open_page(browser, tmp_path, recording) -> Iterator[OpenPage]:
    """Writes a transcript's page and opens it; fails where the page has an error."""
    contexts = []
    problems = []

    def opened(
        transcript: Transcript,
        *,
        layout: LayoutOptions = LayoutOptions(),
        embed: bool = False,
        media: PageMedia | None = None,
        size: Sequence[int] = (1280, 800),
        scheme: str = "light",
    ):
        file = tmp_path / "talk.html"
        media = media or page_media(str(recording), tmp_path, embed=embed)
        with file.open("w", encoding="utf-8", newline="\n") as target:
            HTMLWriter(layout, media=media).write(transcript, target)
        if embed:
            recording.rename(recording.with_name("elsewhere.wav"))
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            accept_downloads=True,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.requests = []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console", lambda said: problems.append(said.text) if said.type == "error" else None
        )
        page.goto(file.as_uri())
        if media.href or media.embedded:
            until(page, "page.player.ready || !document.querySelector('#notice').hidden")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture
def download(tmp_path):
    """Presses a button and gives the file that comes of it."""

    def downloaded(page, button: str) -> Path:
        page.get_by_role("button", name="Download", exact=True).click()
        with page.expect_download() as found:
            page.get_by_role("button", name=f"Download {button}").click()
        target = tmp_path / "downloads" / found.value.suggested_filename
        found.value.save_as(target)
        return target

    return downloaded
