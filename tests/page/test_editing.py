"""The page as an editor of cues: what is changed is shown, undone, kept and downloaded."""

import json
from dataclasses import replace

import pytest

from page_transcripts import timed_segment, transcript_of, until
from subalign.options import LayoutOptions, StyleOptions
from subalign.results import Transcript
from subalign.subtitles import PageMedia, get_writer
from subalign.subtitles.captions import read_saved
from subalign.subtitles.script import read_script

pytestmark = pytest.mark.slow

ONE_A_SENTENCE = LayoutOptions(profile="openai")


def cues_of(page) -> list[list[object]]:
    return page.evaluate(
        "page.transcript.cues.map(({ start, end }, at) => [start, end, page.transcript.text(at)])"
    )


def texts_of(page) -> list[str]:
    return [text for _, _, text in cues_of(page)]


def words_of(page) -> list[list[object]]:
    return page.evaluate(
        """page.transcript.tokens.map(
          ({ text, word }) => [text, word.start, word.end, word.estimated])"""
    )


def type_cue(page, number: int, text: str) -> None:
    page.evaluate(f"page.chooseCue({number}, {{ reveal: true }})")
    page.get_by_label("Text of the cue").fill(text)
    page.get_by_label("Text of the cue").press("Enter")


def press(page, name: str) -> None:
    page.locator("#cue-form").get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def short(open_page, talk):
    """The two sentences as two cues of a line each, without the recording."""
    return open_page(talk, layout=ONE_A_SENTENCE, media=PageMedia(name="talk.wav"))


def test_a_cues_text_is_edited_in_its_place(short, download):
    page = short
    page.locator("[data-cue='1']").dblclick()
    field = page.get_by_label("Text of the cue")
    assert page.evaluate("document.activeElement.id") == "cue-text"
    field.fill("Then the cat it jumps high.")
    assert page.locator("#words").inner_text().endswith("Then the cat it jumps high.")  # at once
    field.press("Enter")
    assert texts_of(page) == ["The quick fox waits.", "Then the cat it jumps high."]
    words = words_of(page)[4:]
    assert [word[0] for word in words] == ["Then", "the", "cat", "it", "jumps", "high."]
    assert words[0] == ["Then", 2.25, 2.5, False]  # it stays, and so does its time
    assert words[3] == ["it", 2.5, 2.75, False]
    assert all(word[3] for word in (words[1], words[2], words[4], words[5]))
    assert (words[4][1], words[5][2]) == (2.75, 3.25)  # two share the time of one
    page.get_by_role("button", name="Undo").click()
    assert texts_of(page) == ["The quick fox waits.", "Then it jumps."]
    page.get_by_role("button", name="Redo").click()
    script = read_script(download(page, "VTT"))
    assert [line.text for line in script.lines] == texts_of(page)
    result = json.loads(download(page, "JSON").read_text("utf-8"))
    assert result["text"] == " The quick fox waits. Then the cat it jumps high."


def test_letters_typed_in_a_row_are_one_step(short):
    page = short
    page.get_by_label("Text of the cue").press("End")
    page.get_by_label("Text of the cue").press_sequentially(" Yes.")
    page.get_by_label("Text of the cue").press("Escape")
    assert texts_of(page)[0] == "The quick fox waits. Yes."
    assert page.evaluate("page.transcript.done.length") == 1
    assert page.evaluate("document.activeElement.className").startswith("word")


def test_a_typed_cue_is_wrapped_within_the_profile_and_its_lines_stay_if_only_they_change(
    open_page, talk
):
    page = open_page(talk, layout=LayoutOptions(max_line_width=20, max_line_count=3))
    type_cue(page, 0, "The old lighthouse keeper walked to the shore. Then it jumps.")
    assert texts_of(page)[
        0
    ] == "The old lighthouse\nkeeper walked to the shore.\nThen it jumps." or all(
        len(line) <= 20 for line in texts_of(page)[0].split("\n")
    )
    page.keyboard.press("t")
    wrapped = texts_of(page)[0]
    moved = " ".join(wrapped.split("\n")).replace("old ", "old\n", 1)
    page.get_by_label("Text of the cue").fill(moved)
    page.get_by_label("Text of the cue").press("Enter")
    assert texts_of(page)[0] == moved


def test_formatting_is_typed_as_tags(open_page, download, talk):
    page = open_page(talk, layout=ONE_A_SENTENCE)
    type_cue(page, 0, "The <i>quick fox</i> & <laughs>")
    page.evaluate("page.player.seek(0.8)")
    assert page.locator(".caption-i").all_text_contents() == ["quick", "fox"]
    assert "The <i>quick fox</i> & <laughs>" in download(page, "SRT").read_text("utf-8")
    assert "The <i>quick fox</i> &amp; &lt;laughs&gt;" in download(page, "VTT").read_text("utf-8")
    assert r"The {\i1}quick fox{\i0} & <laughs>" in download(page, "ASS").read_text("utf-8")
    assert download(page, "TXT").read_text("utf-8").startswith("The quick fox & <laughs>\n")


def test_cues_are_split_merged_inserted_and_deleted(short):
    page = short
    page.evaluate("page.choose(2)")
    press(page, "Split")  # before the chosen word
    assert cues_of(page) == [
        [500, 1000, "The quick"], [1000, 1600, "fox waits."], [2250, 3250, "Then it jumps."]
    ]  # fmt: skip
    page.evaluate("page.chooseCue(0)")
    press(page, "Merge")
    assert cues_of(page)[0] == [500, 1600, "The quick fox waits."]
    press(page, "Insert")
    page.keyboard.type("A new one")
    page.keyboard.press("Escape")
    assert cues_of(page)[1] == [1600, 2250, "A new one"]
    added = words_of(page)[4:7]
    assert [word[0] for word in added] == ["A", "new", "one"]
    assert (added[0][1], added[2][2]) == (1.6, 2.25)
    press(page, "Delete")
    assert texts_of(page) == ["The quick fox waits.", "Then it jumps."]
    for _ in range(5):
        page.keyboard.press("Control+z")
    assert cues_of(page)[0] == [500, 1600, "The quick fox waits."]
    assert page.get_by_role("button", name="Undo").is_disabled()


def test_a_cue_is_split_at_the_caret_or_where_it_reads_best(short):
    page = short
    field = page.get_by_label("Text of the cue")
    field.click()
    page.evaluate("page.cueForm.text.setSelectionRange(5, 5)")
    field.press("Control+Enter")
    assert texts_of(page)[:2] == ["The", "quick fox waits."]
    page.keyboard.press("Control+z")
    type_cue(page, 0, "First we went there, then we came home again.")
    page.evaluate("page.choose(0)")
    page.keyboard.press("s")
    assert texts_of(page)[:2] == ["First we went there,", "then we came home again."]


def test_times_of_cues_are_typed_and_set_at_the_player(open_page, talk):
    page = open_page(talk, layout=ONE_A_SENTENCE)
    page.get_by_label("In", exact=True).fill("0:00:00.250")
    page.get_by_label("In", exact=True).press("Enter")
    assert cues_of(page)[0][:2] == [250, 1600]
    page.get_by_label("Out", exact=True).press("Shift+ArrowUp")
    assert cues_of(page)[0][:2] == [250, 1700]
    page.get_by_label("Out", exact=True).fill("nonsense")
    page.get_by_label("Out", exact=True).press("Enter")
    assert page.get_by_label("Out", exact=True).input_value() == "0:00:01.700"
    page.get_by_label("Out", exact=True).press("Escape")
    page.evaluate("page.player.seek(2)")
    page.keyboard.press("o")
    assert cues_of(page)[0][:2] == [250, 2000]
    page.evaluate("page.player.seek(0.125)")
    page.keyboard.press("i")
    assert cues_of(page)[0][:2] == [125, 2000]
    assert words_of(page)[0] == ["The", 0.5, 0.75, False]  # words are said when they are


def test_warnings_follow_every_letter(open_page, talk):
    page = open_page(talk, layout=LayoutOptions(profile="broadcast", max_line_count=1))
    page.get_by_label("Text of the cue").fill("x " * 40)
    assert "2 lines, not 1" in page.locator("#cue-warnings").text_content()
    assert "characters a second, not 17" in page.locator("#cue-warnings").text_content()
    assert page.locator("#cue-summary").text_content() == "1 of 2 with warnings"
    page.get_by_label("Text of the cue").fill("Good.")
    assert page.locator("#cue-warnings").text_content() == ""
    page.get_by_label("Out", exact=True).fill("0.9")
    page.get_by_label("Out", exact=True).press("Enter")
    assert page.locator("#cue-warnings").text_content() == "0.4 s, not 1 or more"


def test_a_word_is_edited_in_its_place(short):
    page = short
    page.get_by_text("fox", exact=True).first.dblclick()
    page.keyboard.type("cat")
    page.keyboard.press("Enter")
    assert texts_of(page)[0] == "The quick cat waits."
    assert words_of(page)[2] == ["cat", 1.0, 1.3, False]
    assert page.evaluate("document.activeElement.textContent") == "cat"


def test_find_and_replace(short, download):
    page = short
    page.locator("#replacing summary").click()
    page.get_by_label("Find in the transcript").fill("FOX wait")
    page.get_by_label("Replace with").fill("dog smile")
    page.get_by_role("button", name="Replace", exact=True).click()
    assert texts_of(page)[0] == "The quick dog smiles."
    assert words_of(page)[2] == ["dog", 1.0, 1.3, False]
    page.keyboard.press("Escape")
    page.get_by_label("Find in the transcript").fill("t")
    page.get_by_label("Replace with").fill("th")
    page.get_by_label("Match case").check()
    page.get_by_role("button", name="Replace all").click()
    assert texts_of(page) == ["The quick dog smiles.", "Then ith jumps."]
    page.get_by_label("Find in the transcript").fill("the")
    page.get_by_label("Match case").uncheck()
    assert page.locator("#search-count").text_content() == "1 of 2"
    page.get_by_label("Whole words").check()
    assert page.locator("#search-count").text_content() == "1 of 1"
    page.get_by_label("Find in the transcript").fill("smiles. then")  # across cues
    page.get_by_label("Replace with").fill("")
    page.get_by_role("button", name="Replace all").click()
    assert texts_of(page) == ["The quick dog", "ith jumps."]
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    assert texts_of(page) == ["The quick dog smiles.", "Then it jumps."]


def test_speakers_are_assigned_renamed_and_coloured(open_page, download, talk, tmp_path):
    layout = LayoutOptions(profile="bbc")
    page = open_page(talk, layout=layout, media=PageMedia(name="talk.wav"))
    assert len(cues_of(page)) == 2
    page.evaluate("page.chooseCue(1)")
    assert page.locator("#speakers").is_hidden()
    page.get_by_label("Speaker", exact=True).select_option(label="New speaker")
    page.evaluate("page.chooseCue(0)")
    page.get_by_label("Speaker", exact=True).select_option(label="New speaker")
    assert page.locator(".cue-name").all_text_contents() == ["Speaker 2", "Speaker 1"]
    page.locator("#speakers summary").click()
    page.get_by_label("Name of Speaker 2").fill("Anna")
    page.get_by_label("Name of Speaker 2").press("Enter")
    assert page.locator("#words .speaker").all_text_contents() == ["Anna", "Speaker 1"]
    page.get_by_label("Colour of Anna").fill("#ff0000")
    page.evaluate("page.player.seek(1.2)")
    caption = page.locator("#caption span span").first
    assert caption.evaluate("(span) => span.style.color") == "rgb(255, 0, 0)"
    assert '<font color="#ff0000">The quick' in download(page, "SRT").read_text("utf-8")
    assert '::cue(v[voice="Anna"]) { color: #ff0000; }' in download(page, "VTT").read_text("utf-8")
    assert "Style: Speaker 1,Arial,60,&H000000FF" in download(page, "ASS").read_text("utf-8")
    saved, _ = read_saved(download(page, "JSON"))
    assert saved.speakers == ("Anna", "Speaker 1")
    assert [segment.speaker for segment in saved.segments] == ["Anna", "Speaker 1"]
    page.get_by_label("Name of Speaker 1").fill("Anna")  # one and the same
    page.get_by_label("Name of Speaker 1").press("Enter")
    assert page.evaluate("page.transcript.labels.names") == ["Anna"]


def test_labels_of_speakers_follow_what_is_edited(open_page, talk):
    first, second = talk.segments
    words = tuple(replace(word, speaker="Anna") for word in first.words)
    others = tuple(replace(word, speaker="Ben") for word in second.words)
    transcript = transcript_of(replace(first, words=words), replace(second, words=others))
    page = open_page(transcript, layout=LayoutOptions(profile="verbatim"))
    assert texts_of(page) == ["ANNA: The quick fox waits.", "BEN: Then it jumps."]
    page.evaluate("page.chooseCue(1)")
    assert page.get_by_label("Text of the cue").input_value() == "Then it jumps."
    page.get_by_label("Speaker", exact=True).select_option(label="Anna")
    assert texts_of(page) == ["The quick fox waits.", "Then it jumps."]
    page.evaluate("page.speakers.rename('Anna', 'Zoe')")
    page.get_by_label("Speaker", exact=True).select_option(label="New speaker")
    assert texts_of(page) == ["ZOE: The quick fox waits.", "SPEAKER 2: Then it jumps."]


def test_edits_are_kept_in_the_browser_and_come_back(short, talk, download):
    page = short
    type_cue(page, 1, "Then the cat jumps.")
    page.evaluate("page.chooseCue(0)")
    press(page, "Insert")
    page.keyboard.type("New")
    page.keyboard.press("Escape")
    page.get_by_label("Speaker", exact=True).select_option(label="New speaker")
    before, words, saved = cues_of(page), words_of(page), download(page, "JSON").read_bytes()
    page.reload()
    until(page, "typeof page === 'object'")
    assert page.get_by_text("Your edits of").is_visible()
    assert (cues_of(page), words_of(page)) == (before, words)
    assert download(page, "JSON").read_bytes() == saved
    page.get_by_role("button", name="Discard them").click()
    assert texts_of(page) == ["The quick fox waits.", "Then it jumps."]
    assert page.locator("#restored").is_hidden()
    page.get_by_role("button", name="Undo").click()  # even that
    assert cues_of(page) == before
    page.get_by_role("button", name="Redo").click()
    page.reload()
    until(page, "typeof page === 'object'")
    assert page.locator("#restored").is_hidden()


def test_edits_are_another_transcripts_no_more(open_page, talk, tmp_path):
    page = open_page(talk, layout=ONE_A_SENTENCE)
    type_cue(page, 0, "Changed.")
    page.evaluate("page.kept.flush()")
    other = tmp_path / "other.html"
    with other.open("w", encoding="utf-8") as file:
        get_writer("html", LayoutOptions(profile="social")).write(talk, file)
    page.goto(other.as_uri())
    assert page.evaluate("Object.keys(localStorage).length") == 1
    assert page.locator("#restored").is_hidden()


def test_json_with_edits_is_rendered_by_the_writers(short, download):
    page = short
    page.evaluate("page.choose(2)")
    press(page, "Split")
    type_cue(page, 0, "A <i>very</i> quick")
    page.evaluate("page.chooseCue(2)")
    page.keyboard.press("Delete")
    saved, is_captions = read_saved(download(page, "JSON"))
    assert not is_captions
    assert [segment.id for segment in saved.segments] == [0]
    assert [(word.before + word.text + word.after) for word in saved.words] == [
        " A", " <i>very</i>", " quick", " fox", " waits."
    ]  # fmt: skip
    assert "".join(get_writer("srt").render(saved)).endswith("A <i>very</i> quick fox waits.\n\n")


def test_where_lines_are_kept_cues_are_segments(open_page, download, talk):
    layout = LayoutOptions(keep_lines=True)
    page = open_page(talk, layout=layout, media=PageMedia(name="talk.wav"))
    page.evaluate("page.choose(2)")
    press(page, "Split")
    page.get_by_label("Out", exact=True).fill("0:00:00.950")
    page.get_by_label("Out", exact=True).press("Enter")
    type_cue(page, 2, "Then\nit jumps.")
    saved, _ = read_saved(download(page, "JSON"))
    assert [(one.id, one.start, one.end, one.text) for one in saved.segments] == [
        (0, 0.5, 0.95, " The quick"),
        (1, 1.0, 1.6, " fox waits."),
        (2, 2.25, 3.25, " Then it jumps."),
    ]  # fmt: skip
    assert texts_of(page)[2] == "Then\nit jumps."


def test_cues_of_an_empty_transcript_can_be_written(open_page, download):
    page = open_page(Transcript("", "en", (), 4.0, "micro.en", "0.1.0"))
    page.get_by_role("button", name="Insert a cue").click()
    page.keyboard.type("Hello there.")
    page.keyboard.press("Escape")
    assert cues_of(page) == [[0, 2000, "Hello there."]]
    saved, _ = read_saved(download(page, "JSON"))
    assert [(word.text, word.start, word.end) for word in saved.words] == [
        (" Hello", 0.0, 0.923), (" there.", 0.923, 2.0)
    ]  # fmt: skip


def test_text_without_spaces_keeps_the_words_around_what_is_typed(open_page):
    segment = timed_segment(0, ("今日", 0.5, 1.0), ("は", 1.0, 1.2), ("東京。", 1.2, 2.0))
    page = open_page(transcript_of(segment, language="ja"))
    type_cue(page, 0, "今日は大阪と東京。")
    words = words_of(page)
    assert [word[0] for word in words] == ["今日", "は", "大", "阪", "と", "東京。"]
    assert [words[0][1:3], words[1][1:3], words[5][1:3]] == [[0.5, 1.0], [1.0, 1.2], [1.2, 2.0]]
    assert texts_of(page) == ["今日は大阪と東京。"]


def test_captions_are_shown_in_their_style(open_page, talk):
    style = StyleOptions(color="#00ff00", highlight="#ff00ff", font="Georgia", position="top")
    layout = LayoutOptions(
        profile="openai", style=style, highlight_words=True, highlight_style="color"
    )
    page = open_page(talk, layout=layout)
    page.evaluate("page.player.seek(0.8)")
    caption = page.locator("#caption")
    assert caption.inner_text() == "The quick fox waits."
    look = caption.evaluate(
        "(box) => [getComputedStyle(box).color, getComputedStyle(box).fontFamily]"
    )
    assert look == ["rgb(0, 255, 0)", "Georgia, system-ui, sans-serif"]
    assert caption.evaluate("(box) => box.classList.contains('top')")
    lit = page.locator(".lit")
    assert lit.all_text_contents() == ["quick"]
    assert lit.evaluate("(word) => getComputedStyle(word).color") == "rgb(255, 0, 255)"
    page.evaluate("page.player.seek(2)")
    assert caption.inner_text() == ""


# Any edits in a row: what they leave, also once they are undone, done again and restored.
EDIT_AT_RANDOM = """({ seed, count }) => {
  let state = seed;
  const random = (most) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * most);
  };
  const { transcript, edits, kept, search } = page;
  const texts = ["new", "a <i>b</i> c", "日本語です。", "- Yes.\\n- No.",
    "", "<x> & y", "one two three four five six"];
  const cue = () => random(transcript.cues.length);
  const token = () => random(transcript.tokens.length);
  const moves = [
    () => edits.setCueText(cue(), `${edits.writtenText(cue())} ${texts[random(texts.length)]}`),
    () => edits.setCueText(cue(), texts[random(texts.length)]),
    () => edits.setWordText(token(), texts[random(texts.length)]),
    () => edits.setWordTimes(token(), { start: random(40) / 10, end: random(40) / 10 }),
    () => edits.moveBoundary(edits.boundaries(token())[random(2)], random(40) / 10),
    () => edits.split(cue(), random(4)),
    () => edits.merge(cue()),
    () => edits.insert(random(transcript.cues.length + 1) - 1),
    () => transcript.cues.length > 2 && edits.remove(cue()),
    () => edits.setCueTimes(cue(), random(4000), random(4000)),
    () => edits.setSpeaker([cue()], ["Anna", "Ben", null][random(3)]),
  ];
  const wrong = [];
  const sorted = (_, value) => value && value.constructor === Object
    ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
    : value;
  const look = () => JSON.stringify(transcript.cues, sorted);
  const given = look();
  for (let number = 0; number < count; number++) {
    if (random(6) === 0) transcript.undo();
    else if (random(8) === 0) transcript.redo();
    else if (transcript.tokens.length) transcript.change(moves[random(moves.length)]);
    for (const { start, end, tokens } of transcript.cues) {
      if (!(start >= 0 && end > start)) wrong.push(["times", number, start, end]);
      if (tokens.some(({ text, before, after }) => /\\s/.test(text) || !(before + text + after))) {
        wrong.push(["text", number, tokens.map(({ text }) => text)]);
      }
      if (tokens.some(({ word }) => !(word.end >= word.start))) wrong.push(["word", number]);
    }
  }
  const edited = look();
  kept.write();
  transcript.cues = transcript.given;
  transcript.announce();
  if (transcript.isChanged && given === look()) wrong.push(["given"]);
  if (edited !== given) kept.restore();
  if (look() !== edited) {
    const [now, was] = [look(), edited];
    let at = 0;
    while (now[at] === was[at]) at += 1;
    wrong.push(["restored", now.slice(at - 80, at + 80), was.slice(at - 80, at + 80)]);
  }
  const files = Object.values(FORMATS).map(([, write]) => write(transcript, page.facts));
  while (transcript.done.length) transcript.undo();
  if (look() !== given) wrong.push(["undone"]);
  return { wrong, files };
}"""


@pytest.mark.parametrize("keep_lines", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 33])
def test_edits_in_any_order_leave_a_whole_transcript(open_page, talk, tmp_path, seed, keep_lines):
    untimed = timed_segment(2, (" x", 3.3, 4.0), text=" Never timed at all.", words=None)
    transcript = replace(talk, segments=(*talk.segments, untimed))
    layout = LayoutOptions(keep_lines=keep_lines)
    page = open_page(transcript, layout=layout, media=PageMedia(name="talk.wav"))
    found = page.evaluate(EDIT_AT_RANDOM, {"seed": seed, "count": 120})
    assert found["wrong"] == []
    file = tmp_path / "edited.json"
    file.write_text(found["files"][4], "utf-8")
    saved, _ = read_saved(file)
    words = " ".join(segment.text for segment in saved.segments)
    assert "".join(words.split()) == "".join(saved.text.split())
    assert json.loads("".join(get_writer("json").render(saved)))["segments"] == [
        {**segment, "id": number}
        for number, segment in enumerate(json.loads(found["files"][4])["segments"])
    ]
