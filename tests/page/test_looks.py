"""Dark mode, phones, and what screen readers and keyboards meet."""

from dataclasses import replace

import pytest

from subalign.options import LayoutOptions
from subalign.subtitles import PageMedia

pytestmark = pytest.mark.slow

# The contrast of every visible text with what is behind it (WCAG 2.2, 1.4.3), as [text, ratio].
CONTRASTS = """() => {
  const channels = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha };
  };
  const light = (rgb) => {
    const [red, green, blue] = rgb.map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { rgb, alpha } = channels(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.closest("script, .unseen, option, [hidden]")) continue;
    if (!element.checkVisibility() || element.matches(":disabled")) continue;
    const ink = light(channels(getComputedStyle(element).color).rgb);
    const paper = light(behind(element));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    found.push([text, ratio]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out(open_page, talk, scheme):
    page = open_page(talk, scheme=scheme)
    page.evaluate("page.seek(1.1)")
    page.get_by_label("Find in the transcript").fill("then")
    contrasts = page.evaluate(CONTRASTS)
    assert {"fox", "Then", "quick", "Cues", "Download"} <= {text for text, _ in contrasts}
    assert [(text, ratio) for text, ratio in contrasts if ratio < 4.5] == []


def test_dark_mode_is_dark(open_page, talk):
    dark = open_page(talk, scheme="dark")
    light = open_page(talk, scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert max(dark.evaluate(paper)) < 50
    assert min(light.evaluate(paper)) > 200


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (844, 390), (800, 1000), (1280, 800)])
def test_nothing_sticks_out(open_page, talk, size):
    page = open_page(talk, size=size)
    sizes = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert sizes[0] <= size[0]
    assert sizes[1] <= size[1]
    out = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea, canvas, .word")]
          .filter((element) => element.checkVisibility() && !element.closest(".unseen"))
          .filter((element) => !element.matches(".unseen"))
          .filter((element) => element.getBoundingClientRect().right > innerWidth)
          .map((element) => element.id || element.className)"""
    )
    assert out == []
    assert page.locator("#words").bounding_box()["height"] >= 60


def test_a_phone_shows_transcript_or_cues(open_page, talk):
    page = open_page(talk, size=(390, 844))
    words, cues = page.locator("#words"), page.locator("#cue-list")
    assert (words.is_visible(), cues.is_visible()) == (True, False)
    page.get_by_role("button", name="Cues", exact=True).click()
    assert (words.is_visible(), cues.is_visible()) == (False, True)
    assert page.get_by_role("button", pressed=True).all_text_contents() == ["Cues"]


def test_on_a_phone_a_finger_moves_only_the_chosen_words_boundaries(open_page, talk):
    page = open_page(talk, size=(390, 844))
    reach = """(time) => {
      const { left, width } = page.waveform.canvas.getBoundingClientRect();
      const clientX = left + ((time - page.waveform.start) / page.waveform.seconds) * width;
      return page.waveform.boundaryAt({ clientX, pointerType: "touch" })?.time ?? null;
    }"""
    page.evaluate("page.choose(6)")
    assert page.evaluate(reach, 3.2) == 3.25
    assert page.evaluate(reach, 1.0) is None


def test_every_control_has_a_name_and_every_id_is_unique(open_page, talk):
    page = open_page(talk)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, canvas, dialog, section")]
          .filter((element) => !element.matches("[aria-hidden=true]"))
          .filter((element) => {
            const label = element.labels?.[0]?.textContent.trim();
            const by = document.getElementById(element.getAttribute("aria-labelledby"));
            return !(element.ariaLabel || by || label || (element.matches("button") &&
              element.textContent.trim()));
          })
          .map((element) => element.outerHTML.slice(0, 80))"""
    )
    assert nameless == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))
    broken = page.evaluate(
        """() => [...document.querySelectorAll("[for], [aria-labelledby]")].flatMap((element) =>
          (element.getAttribute("for") ?? element.getAttribute("aria-labelledby")).split(" "))
          .filter((id) => !document.getElementById(id))"""
    )
    assert broken == []


def test_landmarks_headings_and_language(open_page, talk):
    page = open_page(talk)
    for role in ("banner", "main", "search"):
        assert page.get_by_role(role).count() == 1
    assert page.get_by_role("region", name="Player").count() == 1
    assert page.get_by_role("heading", level=1).text_content() == "talk.wav"
    assert page.get_by_role("heading", level=2).all_text_contents() == ["Transcript", "Cues"]
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator(".segment p").first.get_attribute("lang") == "en"


def test_the_tab_key_meets_each_part_once(open_page, talk):
    page = open_page(talk, layout=LayoutOptions(profile="openai"))
    page.evaluate("page.seek(1.1)")
    met = []
    for _ in range(40):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "(({ id, dataset, localName }) => id || dataset.token || dataset.cue || localName)"
            "(document.activeElement)"
        )
        if here in met[:1]:
            break
        if here != "body":  # on the way around
            met.append(here)
    assert met == [
        "a",  # the link to the transcript
        *("saves-open", "help-open", "search", "search-previous", "search-next"),
        *("summary", "threshold", "mark-estimated"),
        "2",  # of all words, the chosen one
        *("only-warned", "cue-start", "cue-in", "cue-end", "cue-out", "cue-speaker"),
        *("cue-split", "cue-merge", "cue-insert", "cue-remove"),
        *("0", "cue-text"),  # of all cues, the one on the screen
        "summary",
        *("position", "back", "play", "forward", "follow", "speed", "zoom-out", "zoom-in"),
    ]


def test_the_chosen_word_tells_its_time_and_probability(open_page, talk):
    page = open_page(talk)
    page.evaluate("page.choose(2)")
    word = page.get_by_role("button", name="fox", exact=True)
    assert word.get_attribute("aria-description") == "0:00:01.00 to 0:00:01.30, probability 25 %"
    page.evaluate("page.choose(6)")
    assert page.locator("#words [role=button]").all_text_contents() == ["jumps."]
    described = page.locator("#words [aria-description]").get_attribute("aria-description")
    assert described == "0:00:02.75 to 0:00:03.25, time estimated"


def test_the_play_button_says_what_it_does(open_page, talk):
    page = open_page(talk)
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert page.locator("#position").get_attribute("aria-valuetext").endswith(" of 0:00:04.0")


def test_without_a_recording_play_is_off(open_page, talk):
    page = open_page(talk, media=PageMedia(name="talk.wav"))
    assert page.get_by_role("button", name="Play", exact=True).is_disabled()


def test_a_recording_that_is_not_there_is_told(open_page, talk, recording):
    # A file that is not found is an error on the console, so an unplayable one stands in.
    recording.with_name("broken.wav").write_bytes(b"no sound")
    page = open_page(talk, media=PageMedia(name="broken.wav", href="./broken.wav"))
    assert "broken.wav is not where this page looks for it" in page.locator("#notice").inner_text()


def test_right_to_left_text_runs_so(open_page, talk):
    from page_transcripts import timed_segment, transcript_of

    segment = timed_segment(0, (" שלום", 0.5, 1.0), (" עולם", 1.0, 1.5))
    page = open_page(transcript_of(segment, language="he"))
    first, second = (
        page.locator(f".word[data-token='{index}']").bounding_box() for index in range(2)
    )
    assert first["x"] > second["x"]
    assert page.locator(".segment p").get_attribute("lang") == "he"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_object_to(open_page, talk, scheme):
    api = pytest.importorskip("axe_playwright_python.sync_playwright")
    first, second = talk.segments
    words = tuple(replace(word, speaker="Anna") for word in first.words)
    others = tuple(replace(word, speaker="Ben") for word in second.words)
    dialogue = replace(talk, segments=(replace(first, words=words), replace(second, words=others)))
    page = open_page(dialogue, scheme=scheme)
    page.locator("#replacing summary").click()
    page.locator("#speakers summary").click()
    page.locator("#editor summary").click()
    for size, view in (((1280, 800), "words"), ((390, 844), "words"), ((390, 844), "cues")):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.evaluate(f"page.showView('{view}')")
        found = api.Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    page.locator("#help-open").click()
    found = api.Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
