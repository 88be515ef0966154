"""The page as a file: whole, safe, and with all that the other formats hold."""

import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.options import LayoutOptions
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import HTMLWriter, JSONWriter, PageMedia, get_writer, lay_out
from subalign.subtitles.layout.profiles import PROFILES
from subalign.subtitles.page.cues import Token, page_cues, piece_texts
from subalign.subtitles.page.page import _SCRIPTS
from subalign.subtitles.tags import plain_text

VOID = {"meta", "input", "link", "br", "path"}


class Page(HTMLParser):
    """Elements of a page; fails where one is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: dict[str, str] = {}  # by the id or the name of the element before them
        self.last = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        self.last = dict(attrs).get("id") or tag

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts[self.last] = self.texts.get(self.last, "") + data


def page_text(transcript, layout=None, **media) -> str:
    text = io.StringIO()
    found = PageMedia(**media) if media else None
    HTMLWriter(layout, recording="talk", media=found).write(transcript, text)
    return text.getvalue()


def json_of(transcript) -> str:
    return "".join(JSONWriter().render(transcript))


def test_the_page_is_well_formed_and_holds_style_script_and_data(spoken):
    page = Page(page_text(spoken, name="talk.mp4", href="./talk.mp4"))
    assert page.texts["title"].strip() == page.texts["h1"].strip() == "talk.mp4"
    assert '"use strict"' in page.texts["script"]
    assert ":root" in page.texts["style"]
    assert page.texts["result"].strip() == json_of(spoken).strip()


def test_nothing_in_it_is_from_elsewhere(spoken):
    text = page_text(spoken, name="talk.mp4", href="./talk.mp4")
    assert "http:" not in text
    assert "https:" not in text
    assert not re.search(r"@import|url\(|import\(|\bfetch\(|XMLHttpRequest|WebSocket", text)
    page = Page(text)
    assert [value for _, name, value in page.attributes if name in {"src", "href"}] == ["#words"]
    assert [name for _, name, _ in page.attributes if name.startswith("on")] == []
    assert [name for _, name, _ in page.attributes if name == "style"] == []


def test_the_policy_lets_in_the_pages_own_style_and_script_alone(spoken):
    text = page_text(spoken)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["media-src"] == "'self' file: blob:"
    for rule, pattern in (
        ("style-src", "<style>(.*)</style>"),
        ("script-src", "<script>(.*)</script>"),
    ):
        (content,) = re.findall(pattern, text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_the_script_asks_for_strictness_and_ends_no_element():
    from importlib import resources

    folder = resources.files("subalign.subtitles") / "page"
    scripts = [file for file in folder.iterdir() if file.name.endswith(".js")]
    assert len(scripts) == len(_SCRIPTS) == 21
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        assert text.startswith('"use strict";\n'), script.name
        assert not re.search("</script|<!--", text), script.name
        assert not re.search(r"innerHTML\s*=|insertAdjacentHTML|document\.write|\beval\(", text)
        assert max(map(len, text.splitlines())) <= 130, script.name


EVIL = "</script><script>alert(1)</script><!-- \u2028\u2029 & \" ' {{script}}"


def test_text_cannot_leave_its_place(make):
    transcript = make([(f" {EVIL}", 0.0, 1.0)], (1.0, 2.0, EVIL))
    text = page_text(transcript, name=f"{EVIL}.mp4", href="./x.mp4")
    page = Page(text)
    assert page.texts["h1"].strip() == f"{EVIL}.mp4"
    assert "\u2028" not in page.texts["result"]
    assert json.loads(page.texts["result"]) == json.loads(json_of(transcript))
    assert json.loads(page.texts["page-facts"])["name"] == f"{EVIL}.mp4"
    assert "alert(1)" not in page.texts["script"]
    assert len(re.findall(r"<script[^>]*>", text)) == 5


def test_facts_name_the_recording(spoken):
    facts = json.loads(
        Page(page_text(spoken, name="a b.mp3", href="../a%20b.mp3")).texts["page-facts"]
    )
    assert facts["href"] == "../a%20b.mp3"
    assert (facts["stem"], facts["type"], facts["embedded"]) == ("a b", "audio/mpeg", False)


def test_without_a_recording_the_page_is_named_after_its_file(spoken):
    facts = json.loads(Page(page_text(spoken)).texts["page-facts"])
    assert (facts["name"], facts["href"], facts["embedded"]) == ("talk", None, False)
    assert Page(page_text(spoken)).texts["peaks"].strip() == ""


def test_an_embedded_recording_is_there_byte_for_byte(spoken, tmp_path):
    data = bytes(range(256)) * 2500
    (tmp_path / "talk.wav").write_bytes(data)
    page = Page(
        page_text(spoken, name="talk.wav", embedded=tmp_path / "talk.wav", href="./talk.wav")
    )
    lines = page.texts["embedded"].split()
    assert len(lines) > 1
    assert b"".join(map(base64.b64decode, lines)) == data
    facts = json.loads(page.texts["page-facts"])
    assert (facts["embedded"], facts["href"]) == (True, None)


def test_peaks_are_there(spoken):
    page = Page(page_text(spoken, name="talk.wav", peaks=bytes([0, 128, 255])))
    assert base64.b64decode(page.texts["peaks"]) == bytes([0, 128, 255])


@pytest.mark.parametrize(
    ("layout", "speeds"),
    [
        (LayoutOptions(), (17, PROFILES["broadcast"].max_wide_cps)),
        (LayoutOptions(profile="netflix"), (20, PROFILES["netflix"].max_wide_cps)),
        (LayoutOptions(profile="openai"), (17, PROFILES["broadcast"].max_wide_cps)),
        (LayoutOptions(profile="verbatim"), (None, None)),
        (LayoutOptions(max_cps=12.5), (12.5, 12.5)),
    ],
)
def test_speeds_are_the_profiles(spoken, layout, speeds):
    limits = json.loads(Page(page_text(spoken, layout)).texts["page-facts"])["rules"]["limits"]
    assert (limits["speed"], limits["wideSpeed"]) == speeds


def test_lines_are_wrapped_only_where_they_have_a_width(spoken):
    def wraps(**layout):
        facts = json.loads(Page(page_text(spoken, LayoutOptions(**layout))).texts["page-facts"])
        return facts["rules"]["wraps"], facts["rules"]["limits"]["width"]

    assert wraps() == (True, 42)
    assert wraps(profile="openai") == (False, None)
    assert wraps(profile="openai", max_line_width=30) == (True, 30)
    assert wraps(keep_lines=True) == (False, 42)


def test_edits_are_kept_by_what_the_page_holds(spoken):
    def fingerprint(transcript, layout=None, **media):
        text = page_text(transcript, layout, **media)
        return json.loads(Page(text).texts["page-facts"])["fingerprint"]

    own = fingerprint(spoken)
    assert fingerprint(spoken, name="other.mp4", href="./other.mp4") == own
    assert fingerprint(spoken, LayoutOptions(max_line_width=12)) != own
    assert fingerprint(replace(spoken, duration=99.0)) != own


def test_the_page_of_a_long_recording_stays_small():
    word = Word(" word", 0.0, 0.3, 0.9)
    words = tuple(replace(word, start=at / 3, end=at / 3 + 0.25) for at in range(3000))
    segment = Segment(0, 0, 0.0, 1000.0, " word" * 3000, (), 0.0, 0.0, 1.0, 0.0, words)
    transcript = Transcript(segment.text, "en", (segment,), 1000.0, "m", "0")
    beside = len(page_text(transcript)) - len(json_of(transcript))
    alone = len(page_text(replace(transcript, segments=(), text="")))
    assert (beside - alone) / 3000 < 20  # bytes a word beside those of the result


def test_the_registry_gives_it(spoken):
    writer = get_writer("html", media=PageMedia(name="x.mp4"))
    assert isinstance(writer, HTMLWriter)
    assert writer.media.name == "x.mp4"


# cues


def shown(cue, pieces: list[str]) -> str:
    """A cue's plain text, put together as the page does."""
    text, gap = "", ""
    for part in cue.parts:
        if isinstance(part, str):
            gap = part
            continue
        if isinstance(part, int):
            text += gap + pieces[part].strip()
        else:
            text += gap + plain_text(part.before) + part.text + plain_text(part.after)
        gap = " "
    return "\n".join(line for line in text.strip().splitlines() if line.strip())


def segment_of(number: int, texts: list[str], *, timed: bool = True, **beside: str) -> Segment:
    start = number * 3.0
    words = tuple(
        Word(f" {text}", start + 0.3 * at, start + 0.3 * at + 0.25, 0.9)
        for at, text in enumerate(texts)
    )
    if words and beside:
        words = (replace(words[0], **beside), *words[1:])
    text = "".join(word.before + word.text + word.after for word in words)
    return Segment(
        number, 0, start, start + 2.9, text, (), 0.0, 0.0, 1.0, 0.0, words if timed else None
    )


LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
TEXTS = st.lists(st.text(LETTERS, min_size=1, max_size=8), min_size=1, max_size=9)
KINDS = st.sampled_from(["timed", "timed", "untimed", "labelled"])
SEGMENTS = st.lists(st.tuples(TEXTS, KINDS), max_size=6)


@given(SEGMENTS, st.sampled_from(["openai", "broadcast", "social", "lines"]))
def test_cues_are_those_of_the_layout_and_every_word_has_a_place(parts, profile):
    segments = [
        segment_of(
            number,
            texts,
            timed=kind != "untimed",
            **({"before": " ANN:"} if kind == "labelled" else {}),
        )
        for number, (texts, kind) in enumerate(parts)
    ]
    layout = (
        LayoutOptions(keep_lines=True) if profile == "lines" else LayoutOptions(profile=profile)
    )
    pieces = piece_texts(segments)
    cues = list(page_cues(segments, layout))
    expected = list(lay_out(segments, layout))
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [
        (cue.start_ms, cue.end_ms) for cue in expected
    ]
    assert [shown(cue, pieces).split() for cue in cues] == [cue.text.split() for cue in expected]
    placed = [part for cue in cues for part in cue.parts if isinstance(part, (int, Token))]
    order = [part if isinstance(part, int) else part.piece for part in placed]
    assert order == sorted(order)
    assert set(order) == set(range(len(pieces)))


def test_text_that_nobody_says_has_its_tags():
    segment = segment_of(0, ["Hello"], before=" <i>ANN & BOB:")
    (cue,) = page_cues([segment], LayoutOptions(keep_lines=True))
    assert cue.parts == (Token(0, "", "<i>ANN"), Token(0, "", "&"), Token(0, "", "BOB:"), 0)


def test_what_nobody_says_is_a_piece_too():
    music = replace(segment_of(0, ["[music]"]), words=())
    segments = [music, segment_of(1, ["Good", "day."])]
    first, second = page_cues(segments, LayoutOptions(keep_lines=True))
    assert first.parts == (Token(0, "", "[music]"),)
    assert second.parts == (1, 2)


def test_labels_of_speakers_are_left_to_the_page():
    first, second, third = (
        replace(segment_of(number, ["Good", "day."]), words=words)
        for number, words in enumerate(
            tuple(
                replace(word, speaker=name) for word in segment_of(number, ["Good", "day."]).words
            )
            for number, name in enumerate(("Ann Lee", "Bob", "Bob"))
        )
    )
    untimed = replace(segment_of(3, ["Not", "timed"], timed=False), speaker="Ann Lee")
    segments = [first, second, third, untimed]
    for layout in (LayoutOptions(profile="verbatim"), LayoutOptions(profile="openai")):
        cues = list(page_cues(segments, layout))
        said = [part for cue in cues for part in cue.parts if not isinstance(part, str)]
        assert said == [0, 1, 2, 3, 4, 5, Token(6, "Not"), Token(6, "timed")]


def test_the_result_stands_beside_what_nobody_says():
    untimed = replace(segment_of(0, ["[music]"]), words=())
    blank = replace(segment_of(1, ["x"]), words=None, text=" ")
    said = segment_of(2, ["Hello", "there."], before=" <b>ANN:</b>")
    transcript = Transcript("", "en", (untimed, blank, said), 9.0, "m", "0")
    facts = json.loads(Page(page_text(transcript)).texts["page-facts"])
    assert [cue[2:] for cue in facts["cues"]][-1] == [[1, "", "<b>ANN:</b>", ""], 1, 2]
    assert facts["rules"]["tags"]["</b>"] == ["</b>", "</b>", r"{\b0}"]


def test_its_cues_know_the_language_and_the_recordings_end(make):
    text = "Whoever it was that came to see the very old house in the hills had not been there"
    said = [(f" {word}", 0.3 * at, 0.3 * at + 0.3) for at, word in enumerate(text.split())]
    transcript = replace(make(said), duration=0.3 * len(said) + 0.1)
    srt = [(cue.start_ms, cue.end_ms) for cue in get_writer("srt").cues(transcript)]
    facts = json.loads(Page(page_text(transcript)).texts["page-facts"])
    assert [tuple(cue[:2]) for cue in facts["cues"]] == srt
    unknown = replace(transcript, language="")
    assert srt != [(cue.start_ms, cue.end_ms) for cue in get_writer("srt").cues(unknown)]
    assert srt[-1][1] == 5500
