"""The page wraps, measures and checks cues as the layout does."""

import io
import json
import re
from dataclasses import replace
from random import Random

import pytest

from golden_texts import GOLDEN, LANGUAGES
from page_transcripts import transcript_of
from subalign.options import LayoutOptions
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import HTMLWriter, get_writer
from subalign.subtitles.layout.limits import find_breaches
from subalign.subtitles.layout.profiles import PROFILES, chosen_profile
from subalign.subtitles.layout.width import measure

pytestmark = pytest.mark.slow

BESIDE = [" ANN:", " -", " <i>", " Dr. Smith of York:", " (a very long direction, sighing)", " >>"]

# The cues whose lines begin elsewhere, or whose broken limits are others, than the layout has it.
DIFFERENT = """({ facts, result, breaches }) => {
  const transcript = new Transcript(result, facts);
  const edits = new Edits(transcript);
  const different = [];
  transcript.cues.forEach((cue, number) => {
    const [given, own] = [linesOf(cue.tokens), edits.lineStarts(number, cue.tokens)];
    if (String(given) !== String(own)) different.push([transcript.text(number), given, own]);
    const found = transcript.breaches(number).map(([limit, value]) => [limit, value.toFixed(3)]);
    if (String(found) !== String(breaches[number])) {
      different.push([transcript.text(number), found, breaches[number]]);
    }
  });
  return { count: transcript.cues.length, different };
}"""


@pytest.fixture(scope="module")
def script(browser, tmp_path_factory):
    """A page, of which only the script is used."""
    file = tmp_path_factory.mktemp("script") / "page.html"
    with file.open("w", encoding="utf-8") as target:
        HTMLWriter(LayoutOptions()).write(transcript_of(), target)
    context = browser.new_context()
    page = context.new_page()
    page.goto(file.as_uri())
    yield page
    context.close()


def stream_of(language: str, seed: int) -> Transcript:
    """Words of a language in any order, at any pace, said by two, with much beside them."""
    random = Random(seed)
    rows = (GOLDEN / f"{language}.words.tsv").read_text("utf-8").splitlines()
    texts = [row.split("\t")[2] for row in rows]
    words = []
    time, speaker = 0.0, "Anna"
    for _ in range(5):
        for text in random.sample(texts, len(texts)):
            start = time + random.choice([0.0, 0.0, 0.0, 0.1, 0.4, 1.2])
            time = start + random.choice([0.05, 0.2, 0.3, 0.5])
            before = random.choice(BESIDE) if random.random() < 0.04 else ""
            after = random.choice(["</i>", " [door]"]) if random.random() < 0.04 else ""
            speaker = random.choice(["Anna", "Ben"]) if random.random() < 0.05 else speaker
            words.append(Word(text, start, time, 0.9, before=before, after=after, speaker=speaker))
    if seed % 2:
        words = [replace(word, speaker=None) for word in words]
    text = "".join(word.before + word.text + word.after for word in words)
    segment = Segment(0, 0, 0.0, time, text, (), 0.0, 0.0, 1.0, 0.0, tuple(words))
    return Transcript(text, LANGUAGES[language], (segment,), time, "m", "0")


def page_data(transcript: Transcript, layout: LayoutOptions) -> dict[str, object]:
    text = io.StringIO()
    HTMLWriter(layout).write(transcript, text)
    found = {
        name: json.loads(re.search(rf'id="{name}">\n(.*?)</script>', text.getvalue(), re.DOTALL)[1])
        for name in ("page-facts", "result")
    }
    return {"facts": found["page-facts"], "result": found["result"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_break_and_limits_are_told_as_the_layout_has_it(script, language):
    first = [*LANGUAGES].index(language)
    for seed, profile in enumerate(([*PROFILES] * 4)[first : first + 2]):
        layout = LayoutOptions(profile=profile)
        transcript = stream_of(language, seed)
        cues = list(get_writer("srt", layout).cues(transcript))
        breaches = [[] for _ in cues]
        for breach in find_breaches(cues, chosen_profile(layout)):
            breaches[breach.cue].append([breach.limit, f"{breach.value:.3f}"])
        told = script.evaluate(DIFFERENT, page_data(transcript, layout) | {"breaches": breaches})
        assert told["different"] == []
        assert told["count"] == len(cues) > 8


def test_text_is_as_wide_as_in_the_layout(script):
    texts = [
        "",
        "plain",
        "e\u0301té",
        "日本語、テスト",
        "한국어",
        "👋🏽 👨\u200d👩\u200d👧 🇩🇪🇫🇷 ❤️ 1️⃣",
        "नमस्ते क्षत्रिय",
    ]
    texts += ["ไทย ำ", "বাংলা", "a\u200bb\u00adc", "Ｗｉｄｅ", "שלום", "☀︎ ☀️", "\u1100\u1161", "𝒳 🂡"]
    found = script.evaluate(
        "(texts) => texts.map((text) => page.transcript.wrapping.widths.measure(text))", texts
    )
    sizes = [(size["columns"], size["wide"], size["characters"]) for size in found]
    assert sizes == [measure(text) for text in texts]
