"""What readers do with the page: hear, search, correct, download."""

import io
import json
from dataclasses import replace
from itertools import pairwise

import pytest

from page_transcripts import timed_segment, transcript_of, until
from subalign.heads.reference_words import read_reference_words
from subalign.options import LayoutOptions
from subalign.results import Chapter, Transcript, Word
from subalign.subtitles import PageMedia, get_writer
from subalign.subtitles.script import read_script

pytestmark = pytest.mark.slow

FORMATS = ("srt", "vtt", "ass", "txt", "json")


def written(transcript: Transcript, format: str, layout: LayoutOptions = LayoutOptions()) -> str:
    text = io.StringIO()
    get_writer(format, layout).write(transcript, text)
    return text.getvalue()


def said(page) -> str | None:
    return page.evaluate("document.querySelector('.word.said')?.textContent ?? null")


def chosen(page) -> str:
    return page.locator(".word.chosen").text_content()


def time_of(page) -> float:
    return page.evaluate("media.currentTime")


def words_of(path) -> list[tuple[str, float, float]]:
    return [(word.text, word.start, word.end) for word in read_reference_words(path).words]


# reading


def test_a_speakers_name_stands_before_what_they_begin_with(open_page, talk):
    first, second = talk.segments
    words = tuple(replace(word, speaker="Anna") for word in first.words)
    others = tuple(replace(word, speaker="Ben & Co") for word in second.words)
    page = open_page(transcript_of(replace(first, words=words), replace(second, words=others)))
    assert page.locator("#words .speaker").all_text_contents() == ["Anna", "Ben & Co"]
    assert page.evaluate("page.transcript.cues.map(speakerOf)") == ["Anna", "Ben & Co"]
    assert page.locator(".cue-name").all_text_contents() == ["Anna", "Ben & Co"]


# hearing


@pytest.mark.parametrize(
    ("time", "word"),
    [(0.2, None), (0.5, "The"), (0.99, "quick"), (1.01, "fox"), (2.0, None), (3.2, "jumps.")],
)
def test_the_word_that_is_said_lights_up(open_page, talk, time, word):
    page = open_page(talk)
    page.evaluate("time => (media.currentTime = time)", time)
    until(page, "time => Math.abs(media.currentTime - time) < 0.01", time)
    until(page, "!media.seeking")
    assert said(page) == word


def test_words_light_up_in_turn_while_it_plays(open_page, talk):
    page = open_page(talk)
    page.evaluate(
        """() => {
          window.seen = [];
          page.player.addEventListener("time", () => {
            const word = document.querySelector(".word.said")?.textContent ?? null;
            if (seen.at(-1) !== word) seen.push(word);
          });
        }"""
    )
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, "media.ended")
    seen = page.evaluate("seen.filter((word) => word !== null)")
    assert seen == ["The", "quick", "fox", "waits.", "Then", "it", "jumps."]
    assert said(page) is None
    assert page.get_by_role("button", name="Play", exact=True).is_enabled()


def test_a_click_on_a_word_plays_from_there(open_page, talk):
    page = open_page(talk)
    page.get_by_text("Then", exact=True).first.click()
    until(page, "!media.paused && media.currentTime >= 2.25")
    assert time_of(page) < 4.0
    assert chosen(page) == "Then"
    assert page.locator("#word-text").input_value() == "Then"


def test_a_segments_time_and_a_cue_play_from_their_first_word(open_page, talk):
    page = open_page(talk, layout=LayoutOptions(profile="openai"))
    page.get_by_role("button", name="Play from 0:00:02").click()
    until(page, "media.currentTime >= 2.25")
    page.locator("[data-cue='0']").click()
    until(page, "media.currentTime < 1.5 && !media.paused")
    assert chosen(page) == "The"


def test_play_word_stops_after_the_word(open_page, talk):
    page = open_page(talk)
    page.keyboard.press("ArrowRight")
    page.locator("#editor summary").click()
    page.get_by_role("button", name="Play word").click()
    until(page, "media.paused && media.currentTime >= 1.0")
    assert time_of(page) < 1.3


def test_keys(open_page, talk):
    page = open_page(talk)
    page.keyboard.press("ArrowRight")
    assert (chosen(page), time_of(page)) == ("quick", 0.75)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert (chosen(page), time_of(page)) == ("The", 0.5)
    page.keyboard.press(" ")
    until(page, "!media.paused")
    page.keyboard.press(" ")
    until(page, "media.paused")
    page.keyboard.press("k")
    until(page, "!media.paused")
    page.keyboard.press("k")
    until(page, "media.paused")
    page.keyboard.press("l")
    assert time_of(page) == 4.0
    page.keyboard.press("j")
    assert time_of(page) == 0.0
    page.keyboard.press(">")
    assert page.evaluate("media.playbackRate") == 1.25
    page.keyboard.press("e")
    assert page.evaluate("document.activeElement.className") == "word-field"
    page.keyboard.type("k l")  # keys are text in a field
    assert page.locator(".word-field").input_value() == "k l"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.token") == "0"
    assert chosen(page) == "The"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()


def test_down_and_up_go_from_cue_to_cue(open_page, talk):
    page = open_page(talk, layout=LayoutOptions(profile="openai"))
    page.keyboard.press("ArrowDown")
    assert (chosen(page), time_of(page)) == ("Then", 2.25)
    page.keyboard.press("ArrowUp")
    assert (chosen(page), time_of(page)) == ("The", 0.5)


def test_speed(open_page, talk):
    page = open_page(talk)
    page.get_by_label("Speed").select_option("1.5")
    assert page.evaluate("media.playbackRate") == 1.5


def test_an_embedded_recording_plays_without_the_file(open_page, talk):
    page = open_page(talk, embed=True)
    assert page.evaluate("media.src").startswith("blob:")
    assert page.evaluate("media.duration") == pytest.approx(4.0, abs=0.01)
    page.get_by_text("jumps.", exact=True).first.click()
    until(page, "!media.paused && media.currentTime > 2.8")


def test_a_missing_recording_can_be_opened(open_page, talk, recording):
    page = open_page(talk, media=PageMedia(name="talk.wav"))
    assert page.get_by_text("This page does not hold the recording.").is_visible()
    page.keyboard.press("ArrowRight")  # a transcript to read all the same
    assert said(page) == "quick"
    page.locator("#media-file").set_input_files(recording)
    until(page, "page.player.ready")
    assert page.locator("#notice").is_hidden()
    assert time_of(page) == 0.75


# marks and search


def test_unsure_and_estimated_words_are_marked(open_page, talk):
    page = open_page(talk)

    def marked(mark):
        return page.locator(f".word.{mark}").all_text_contents()

    assert (marked("doubtful"), marked("estimated")) == (["fox"], ["jumps."])
    page.get_by_label("Mark words below this probability").fill("20")
    assert marked("doubtful") == []
    page.get_by_label("Mark words below this probability").fill("95")
    assert marked("doubtful") == ["The", "quick", "fox", "waits.", "Then", "it"]
    page.get_by_label("Estimated").uncheck()
    assert marked("estimated") == []


def test_search_finds_phrases_across_segments(open_page, talk):
    page = open_page(talk)
    field = page.get_by_label("Find in the transcript")
    field.fill("FOX waits. then")
    assert page.locator(".word.match").all_text_contents() == ["fox", "waits.", "Then"]
    assert page.locator("#search-count").text_content() == "1 of 1"
    assert chosen(page) == "fox"
    field.fill("t")
    assert page.locator("#search-count").text_content() == "1 of 4"
    field.press("Enter")
    field.press("Shift+Enter")
    field.press("Shift+Enter")
    assert chosen(page) == "it"
    field.fill("zebra")
    assert page.locator("#search-count").text_content() == "Not found"
    field.press("Escape")
    assert page.locator(".word.match").count() == 0


# correcting and downloading


def tricky() -> Transcript:
    """All that the writers treat apart: asides, markup, arrows, escapes, text without words."""
    first = timed_segment(0, (" a<b", 0.5, 0.75), (" &", 0.75, 1.0), (" --->", 1.0, 1.25))
    words = (
        replace(first.words[0], before=" <i>ANN:"),
        first.words[1],
        replace(first.words[2], after="</i>", probability=float("nan")),
    )
    text = "".join(word.before + word.text + word.after for word in words)
    first = replace(first, words=words, text=text, avg_logprob=float("nan"))
    plain = timed_segment(1, (" x", 1.5, 2.0), text=" Nicht <b>gemessen</b>", words=None)
    empty = timed_segment(2, (" x", 2.0, 2.5), text=" [music]", words=())
    blank = timed_segment(3, (" x", 2.5, 2.5), text=" ", words=())
    last = timed_segment(
        4, ("日本", 2.5, 2.75), ("語。", 2.75, 3.25), (" 👋🏽\u2028</script>", 3.3, 4.0)
    )
    return transcript_of(first, plain, empty, blank, last)


def dialogue() -> Transcript:
    """Two who speak, one after the other within a cue, and a segment of both."""
    both = timed_segment(
        0, (" Are", 0.5, 0.7), (" you?", 0.7, 1.0), (" Yes,", 1.1, 1.4), (" I", 1.4, 1.5)
    )
    names = ("Anna, M.", "Anna, M.", 'Ben "B" Ö', 'Ben "B" Ö')
    words = tuple(replace(word, speaker=name) for word, name in zip(both.words, names, strict=True))
    first = replace(both, words=words, speaker="Anna, M.")
    plain = timed_segment(
        1, (" x", 1.6, 2.0), text=" Nicht gemessen", words=None, speaker="Anna, M."
    )
    last = timed_segment(2, (" So", 2.5, 2.75), (" am", 2.8, 3.25), (" I.", 3.3, 4.0))
    words = (replace(last.words[0], speaker="Ben"), last.words[1], last.words[2])
    return transcript_of(first, plain, replace(last, words=words, speaker="Ben"))


@pytest.mark.parametrize("profile", ["openai", "broadcast", "social", "verbatim", "bbc", None])
@pytest.mark.parametrize("name", ["talk", "tricky", "dialogue"])
def test_without_corrections_downloads_are_what_the_writers_give(
    open_page, download, talk, name, profile
):
    transcript = {"talk": talk, "tricky": tricky(), "dialogue": dialogue()}[name]
    layout = LayoutOptions(profile=profile) if profile else LayoutOptions(keep_lines=True)
    page = open_page(transcript, layout=layout)
    for kind in FORMATS:
        got = download(page, kind.upper())
        assert got.name == f"talk.{kind}"
        assert got.read_bytes().decode() == written(transcript, kind, layout), kind


def test_text_from_the_transcript_is_never_markup(open_page):
    evil = "<img/src=x/onerror=alert(1)>"
    segment = timed_segment(0, (f" {evil}", 0.5, 1.0), (" </script><b>x</b>", 1.0, 1.5))
    words = (replace(segment.words[0], before=evil), *segment.words[1:])
    page = open_page(transcript_of(replace(segment, words=words)))
    page.evaluate("page.player.seek(0.6)")
    assert page.locator(".word").all_text_contents() == [evil, "</script><b>x</b>"]
    assert page.locator("main :is(img, b)").count() == 0
    assert page.locator("#cue-text").input_value().count("</script><b>x</b>") == 1
    caption = " ".join(page.locator("#caption").inner_text().split())
    assert caption == f"{evil}{evil} </script><b>x</b>"


def test_a_corrected_word_is_in_every_download(open_page, download, talk):
    page = open_page(talk)
    page.get_by_text("fox", exact=True).first.click()
    page.locator("#editor summary").click()
    page.get_by_label("Text", exact=True).fill("cat & <dog>")
    page.get_by_label("Text", exact=True).press("Enter")
    assert page.locator(".changed").all_text_contents() == ["cat", "&", "<dog>"]
    assert "doubtful" not in page.locator("[data-token='2']").get_attribute("class")
    assert "cat & <dog>" in page.locator("#cue-text").input_value()

    result = json.loads(download(page, "JSON").read_text("utf-8"))
    word = result["segments"][0]["words"][2]
    assert word == {
        "word": " cat & <dog>", "start": 1.0, "end": 1.3, "probability": 1.0, "estimated": False
    }  # fmt: skip
    assert result["segments"][0]["text"] == " The quick cat & <dog> waits."
    assert result["segments"][0]["tokens"] == []
    assert result["text"] == " The quick cat & <dog> waits. Then it jumps."
    assert result["segments"][1] == json.loads(written(talk, "json"))["segments"][1]
    for name in ("srt", "vtt", "ass", "json"):
        script = read_script(download(page, name.upper()))
        text = " ".join(" ".join(line.text for line in script.lines).split())
        assert text == "The quick cat & <dog> waits. Then it jumps."
    vtt = (page_downloads := download(page, "VTT")).read_text("utf-8")
    assert page_downloads.name == "talk.vtt"
    assert "cat &amp; &lt;dog&gt;" in vtt


def test_a_word_without_text_is_left_out(open_page, download, talk):
    page = open_page(talk)
    page.get_by_text("quick", exact=True).first.click()
    page.locator("#editor summary").click()
    page.get_by_label("Text", exact=True).fill("")
    page.get_by_label("Text", exact=True).press("Enter")
    assert [text for text, _, _ in words_of(download(page, "JSON"))] == [
        " The", " fox", " waits.", " Then", " it", " jumps."
    ]  # fmt: skip
    assert "The fox waits." in download(page, "SRT").read_text("utf-8")
    page.get_by_role("button", name="Undo").click()
    assert download(page, "JSON").read_text("utf-8") == written(talk, "json")


def drag(page, time: float, to: float) -> None:
    """Drag on the waveform from one time to another."""
    box = page.locator("#waveform").bounding_box()
    view = page.evaluate("[page.waveform.start, page.waveform.seconds]")

    def place(at):
        return box["x"] + (at - view[0]) / view[1] * box["width"]

    y = box["y"] + box["height"] / 2
    page.mouse.move(place(time), y)
    page.mouse.down()
    page.mouse.move((place(time) + place(to)) / 2, y, steps=4)
    page.mouse.move(place(to), y, steps=4)
    page.mouse.up()


def test_a_dragged_boundary_moves_both_words(open_page, download, talk):
    page = open_page(talk)
    drag(page, 1.0, 1.125)
    words = words_of(download(page, "JSON"))
    assert words[1][2] == words[2][1] == pytest.approx(1.125, abs=0.01)
    given = [(word.text, word.start, word.end) for word in talk.words]
    assert words[1][:2] == given[1][:2]
    assert words[2][2] == given[2][2]
    assert words[:1] + words[3:] == given[:1] + given[3:]
    page.keyboard.press("Control+z")
    assert words_of(download(page, "JSON")) == given
    page.keyboard.press("Control+Shift+z")
    assert words_of(download(page, "JSON")) == words


def test_a_cue_moves_with_its_last_word(open_page, download, talk):
    layout = LayoutOptions(profile="openai")
    page = open_page(talk, layout=layout)
    drag(page, 3.25, 3.5)
    drag(page, 2.25, 2.0)
    moved = read_script(download(page, "SRT")).lines[1]
    assert moved.end == pytest.approx(3.5, abs=0.01)
    assert moved.start == pytest.approx(2.0, abs=0.01)
    assert read_script(download(page, "VTT")).lines[1] == moved
    last = json.loads(download(page, "JSON").read_text("utf-8"))["segments"][1]
    assert (last["start"], last["end"]) == (last["words"][0]["start"], last["words"][-1]["end"])
    assert last["words"][2]["estimated"] is False


@pytest.mark.parametrize(
    ("time", "to", "expected"),
    [
        (0.75, 3.0, (0.5, 0.98, 0.98, 1.0)),  # a word keeps 20 ms
        (0.75, 0.0, (0.5, 0.52, 0.52, 1.0)),
        (0.5, 0.1, (0.1, 0.75, 0.75, 1.0)),
    ],
)
def test_a_boundary_stays_between_its_neighbours(open_page, download, talk, time, to, expected):
    page = open_page(talk)
    drag(page, time, to)
    words = words_of(download(page, "JSON"))
    times = tuple(value for word in words[:2] for value in word[1:])
    assert times == pytest.approx(expected, abs=0.011)
    assert all(one[2] <= other[1] for one, other in pairwise(words))


def test_times_can_be_typed(open_page, download, talk):
    page = open_page(talk)
    page.get_by_text("it", exact=True).first.click()
    page.locator("#editor summary").click()
    page.get_by_label("Start", exact=True).fill("2.6")
    page.get_by_label("End", exact=True).fill("0:00:09")
    page.get_by_label("End", exact=True).press("Enter")
    assert page.get_by_label("End", exact=True).input_value() == "0:00:02.750"
    assert words_of(download(page, "JSON"))[5] == (" it", 2.6, 2.75)
    page.get_by_label("Start", exact=True).fill("")
    page.get_by_label("Start", exact=True).press("Enter")
    assert page.get_by_label("Start", exact=True).input_value() == "0:00:02.600"
    page.get_by_label("Start", exact=True).press("Shift+ArrowDown")
    page.get_by_label("Start", exact=True).press("ArrowUp")
    assert words_of(download(page, "JSON"))[5] == (" it", 2.51, 2.75)


def test_a_segment_without_timed_words_can_be_corrected(open_page, download):
    untimed = timed_segment(0, (" x", 0.5, 3.5), text=" Not timed at all", words=None)
    page = open_page(transcript_of(untimed))
    page.get_by_label("Text of the cue").fill("Never timed")
    page.get_by_label("Text of the cue").press("Enter")
    result = json.loads(download(page, "JSON").read_text("utf-8"))
    assert result["segments"][0]["text"] == " Never timed"
    assert "words" not in result["segments"][0]
    assert "Never timed" in download(page, "SRT").read_text("utf-8")


def test_a_press_on_the_waveform_seeks(open_page, talk):
    page = open_page(talk)
    box = page.locator("#waveform").bounding_box()
    start, seconds = page.evaluate("[page.waveform.start, page.waveform.seconds]")
    x = (2.6 - start) / seconds * box["width"]
    page.locator("#waveform").click(position={"x": x, "y": 60})
    assert time_of(page) == pytest.approx(2.6, abs=0.02)
    assert said(page) == chosen(page) == "it"


def test_fast_cues_are_told(open_page):
    slow = timed_segment(0, (" Slow", 0.0, 1.0), (" words.", 1.0, 3.0))
    fast = timed_segment(1, (" Extraordinarily", 3.0, 3.3), (" incomprehensible.", 3.3, 3.6))
    page = open_page(transcript_of(slow, fast), layout=LayoutOptions(profile="openai"))
    assert page.locator("#cue-summary").text_content() == "1 of 2 with warnings"
    assert page.locator(".fast").text_content() == "55 cps"
    assert page.locator(".cue-warnings").all_text_contents() == [
        "", "55 characters a second, not 17"
    ]  # fmt: skip
    page.locator("[data-cue='1']").click()
    page.get_by_label("Warnings only").check()
    assert page.locator(".cue-text").all_text_contents() == ["Extraordinarily incomprehensible."]


def test_words_of_other_programs_out_of_order_light_up(open_page):
    late = timed_segment(0, (" late", 2.0, 3.0))
    early = timed_segment(1, (" early", 0.5, 1.5))
    page = open_page(transcript_of(late, early))
    for time, word in ((2.5, "late"), (1.0, "early"), (1.7, None)):
        page.evaluate("time => page.player.seek(time)", time)
        assert said(page) == word


def test_a_transcript_without_words(open_page, download):
    empty = Transcript("", "en", (), 4.0, "micro.en", "0.1.0")
    page = open_page(empty)
    assert page.get_by_text("There are no words").is_visible()
    for key in ("ArrowRight", "ArrowDown", "Enter", "e", " "):
        page.keyboard.press(key)
    assert download(page, "JSON").read_text("utf-8") == written(empty, "json")


def test_nothing_comes_from_the_network(open_page, talk):
    page = open_page(talk)
    assert {url.partition(":")[0] for url in page.requests} == {"file"}


def test_a_page_whose_edits_are_not_kept_is_not_left_unasked(open_page, talk):
    page = open_page(talk)
    ask = "() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert page.evaluate(ask) is False
    page.evaluate("page.transcript.change(() => page.edits.setWordText(0, 'A'))")
    assert page.evaluate(ask) is False  # as it is kept
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    page.evaluate("page.transcript.change(() => page.edits.setWordText(0, 'B'))")
    assert page.evaluate(ask) is True


def word_series(count: int) -> Transcript:
    segments = []
    for number in range(count // 10):
        words = [
            (f" word{number * 10 + at}", number * 2.0 + at * 0.2, number * 2.0 + at * 0.2 + 0.2)
            for at in range(10)
        ]
        segments.append(timed_segment(number, *words))
    return transcript_of(*segments, duration=count * 0.2)


def test_of_20000_words_only_those_in_view_are_there(open_page):
    page = open_page(word_series(20_000))
    assert page.evaluate("page.transcript.tokens.length") == 20_000
    assert page.locator(".word").count() < 600
    assert page.locator(".cue").count() < 40
    page.evaluate(
        """() => {
          window.touched = [];
          const watch = new MutationObserver((list) => touched.push(...list));
          watch.observe(document.querySelector("main"), {
            subtree: true, childList: true, attributes: true, characterData: true,
          });
          window.step = async (time) => {
            touched.length = 0;
            page.player.ready = false;  // the recording has 4 s, the words have an hour
            page.player.seek(time);
            await Promise.resolve();
            return touched.length;
          };
          page.seek(1000);
        }"""
    )
    assert page.locator(".word").count() < 1200
    # from one word to the next: two words change
    page.evaluate("step(1000.1)")
    assert said(page) == "word5000"
    assert page.evaluate("step(1000.15)") == 0
    assert page.evaluate("step(1000.3)") <= 12
    assert said(page) == "word5001"
    for time, word in ((3999.9, 19999), (0.05, 0), (2000.5, 10002)):
        page.evaluate(f"page.seek({time})")
        assert said(page) == chosen(page) == f"word{word}"
        top = page.locator(".said").bounding_box()["y"]
        assert 0 < top < 800
    steps = page.evaluate(
        """() => {
          let calls = 0;
          const { tokens } = page.transcript;
          page.transcript.tokens = new Proxy(tokens, {
            get(target, key) { calls += 1; return Reflect.get(target, key); },
          });
          page.transcript.at(2345.6);
          page.transcript.tokens = tokens;
          return calls;
        }"""
    )
    assert steps <= 2 * 16  # log2(20000) and a few


def test_scrolling_shows_every_word_in_turn(open_page):
    page = open_page(word_series(3_000))
    seen = page.evaluate(
        """async () => {
          const seen = new Set();
          const box = document.querySelector("#words");
          for (let top = 0; top < box.scrollHeight; top += box.clientHeight / 2) {
            box.scrollTop = top;
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            for (const word of box.querySelectorAll(".word")) seen.add(Number(word.dataset.token));
          }
          return seen.size;
        }"""
    )
    assert seen == 3_000


def test_words_beside_others_are_told_apart(open_page):
    segment = timed_segment(0, (" Hello", 0.5, 1.0), (" there.", 1.0, 1.5))
    words = (
        replace(segment.words[0], before=" <i>ANN:"),
        Word(" there.", 1.0, 1.5, 0.9, after="</i>"),
    )
    page = open_page(transcript_of(replace(segment, words=words)))
    assert page.locator(".segment p").inner_text().strip() == "ANN: Hello there."
    assert page.locator(".word").all_text_contents() == ["Hello", "there."]


def test_paragraphs_are_sentences_whatever_the_segments_are(open_page):
    """As --sequential and other programs cut segments: two sentences in one, one in two."""
    first = timed_segment(
        0, (" Yes.", 0.5, 0.7), (" We", 0.75, 1.0), (" met", 1.0, 1.3), (" Dr.", 1.3, 1.5)
    )
    second = timed_segment(1, (" Smith", 1.5, 2.0), (" there.", 2.0, 2.4), (" So", 2.5, 2.7))
    third = timed_segment(2, (" on", 5.0, 5.2))
    fourth = timed_segment(3, (" [noise]", 5.5, 6.0), words=None)
    page = open_page(transcript_of(first, second, third, fourth, duration=6.0))
    shown = page.locator(".segment").evaluate_all(
        "all => all.map(one => one.innerText.split('\\n'))"
    )
    assert [[part for part in row if part] for row in shown] == [
        ["0:00:00", "Yes."],
        ["0:00:00", "We met Dr. Smith there."],
        ["0:00:02", "So"],
        ["0:00:05", "on"],
        ["0:00:05", "[noise]"],
    ]


def test_chapters_are_headings_that_lead_to_their_beginning(open_page, talk, download):
    chapters = (Chapter(0.0, 2.0, "Intro <b>"), Chapter(2.0, 3.9, ""), Chapter(3.9, 4.0, "End"))
    page = open_page(replace(talk, chapters=chapters))
    rows = page.locator("#words .canvas > *").evaluate_all("all => all.map(one => one.tagName)")
    assert rows == ["H3", "DIV", "H3", "DIV", "H3"]
    headings = page.get_by_role("heading", level=3)
    assert headings.all_inner_texts() == ["0:00:00 Intro <b>", "0:00:02 Chapter", "0:00:03 End"]
    headings.nth(1).get_by_role("button").click()
    assert page.evaluate("page.player.time") == 2.0
    assert download(page, "JSON").read_text("utf-8") == written(
        replace(talk, chapters=chapters), "json"
    )
