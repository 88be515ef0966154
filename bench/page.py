"""How fast the page (format html) of a long recording comes up, scrolls and takes an edit.

    python bench/page.py [WORDS]

Needs Chromium and playwright. The text is invented. Times are medians of five pages: from the start
of loading to the first words on the screen, of the longest frame while all is scrolled through in
two seconds, and of one word's change until everything is shown anew.
"""

import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from subalign.results import Segment, Transcript, Word
from subalign.subtitles import get_writer

WORDS = 26_000
ROUNDS = 5

# from the start of loading: when the frame after the first word's is drawn
WATCH = """new MutationObserver((_, watch) => {
  if (!document.querySelector(".word")) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => (window.shown = performance.now())));
}).observe(document, { subtree: true, childList: true });"""
LOAD = "window.shown"
SCROLL = """async () => {
  const box = document.querySelector("#words");
  const frames = [];
  let before = performance.now();
  for (const start = before; before - start < 2000; ) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - before);
    before = now;
    box.scrollTop = ((now - start) / 2000) * box.scrollHeight;
  }
  return Math.max(...frames.slice(2));
}"""
EDIT = """async () => {
  const start = performance.now();
  const middle = page.transcript.tokens.length >> 1;
  page.transcript.change(() => page.edits.setWordText(middle, "Changed"));
  await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""


def transcript(count: int) -> Transcript:
    chosen = random.Random(1)
    segments = []
    for number in range(count // 20):
        words = []
        for at in range(20):
            start = number * 8.0 + at * 0.36
            text = " " + "".join(chosen.choices("abcdefghijklmnoprstuvw", k=chosen.randint(2, 8)))
            text += "." if at % 10 == 9 else ""
            probability = 0.2 if at == 5 else 0.9
            words.append(Word(text, start, round(start + 0.3, 2), probability))
        text = "".join(word.text for word in words)
        segments.append(
            Segment(
                number,
                0,
                words[0].start,
                words[-1].end,
                text,
                (),
                0.0,
                -0.2,
                1.5,
                0.0,
                tuple(words),
            )
        )
    text = "".join(segment.text for segment in segments)
    return Transcript(text, "en", tuple(segments), count / 2.5, "tiny.en", "0")


def measured(browser: Browser, file: Path) -> list[float]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(file.as_uri())
    page.wait_for_timeout(500)
    found = [page.evaluate(LOAD), page.evaluate(SCROLL), page.evaluate(EDIT)]
    context.close()
    return found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else WORDS
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        with file.open("w", encoding="utf-8") as target:
            get_writer("html").write(transcript(count), target)
        size = file.stat().st_size
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        rounds = [measured(browser, file) for _ in range(ROUNDS)]
        browser.close()
    load, frame, edit = (statistics.median(values) for values in zip(*rounds, strict=True))
    print(f"{count} words, {size / 1e6:.1f} MB, {size / count:.0f} bytes a word")
    print(f"first words after {load:.0f} ms; longest frame {frame:.0f} ms; an edit {edit:.0f} ms")


if __name__ == "__main__":
    main()
