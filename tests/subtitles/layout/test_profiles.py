"""Layout by profiles, case by case: breaks, speakers, tags, silences, frames, kept lines."""

from fractions import Fraction

import pytest

from subalign.options import LayoutOptions
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import SRTWriter, TextSpan, get_writer, lay_out
from subalign.subtitles.layout.break_costs import break_cost
from subalign.subtitles.layout.frame_rates import Clock, frame_rate
from subalign.subtitles.layout.limits import Breach, find_breaches
from subalign.subtitles.layout.profiles import PROFILES, chosen_profile
from subalign.subtitles.layout.width import measure


def spoken(text: str, *, start: float = 1.0, pace: float = 0.3, **beside: str) -> list[Word]:
    """The words of a text, one after the other; `beside` names what stands before the first."""
    words = text.split()
    return [
        Word(
            f" {word}",
            start + index * pace,
            start + (index + 1) * pace,
            0.5,
            before=beside.get("before", "") if index == 0 else "",
            after=beside.get("after", "") if index == len(words) - 1 else "",
        )
        for index, word in enumerate(words)
    ]


def segment(words: list[Word], text: str = "", **times: float) -> Segment:
    start, end = (words[0].start, words[-1].end) if words else (times["start"], times["end"])
    return Segment(0, 0, start, end, text, (), 0.0, 0.0, 1.0, 0.0, tuple(words))


def cues(
    *segments: Segment,
    language: str | None = "en",
    duration: float | None = None,
    **options: object,
) -> list[TextSpan]:
    layout = LayoutOptions(**options)  # type: ignore[arg-type]
    laid_out = lay_out(segments, layout, language=language, duration=duration)
    return [TextSpan(cue.start_ms, cue.end_ms, cue.text) for cue in laid_out]


def texts(*segments: Segment, **options: object) -> list[str]:
    return [cue.text for cue in cues(*segments, **options)]


@pytest.mark.parametrize(
    ("before", "after", "language", "worse"),
    [
        ("the", "house", "en", ("house", "stood")),
        ("Dr.", "Smith", "en", ("Smith.", "He")),
        ("U.S.", "army", "en", ("army.", "It")),
        ("of", "course", "en", ("course", "not")),
        ("New", "York", "en", ("nice", "town")),
        ("20", "million", "en", ("people", "came")),
        ("1", "200", "fr", ("arbres", "verts")),
        ("am", "Montag", "de", ("Montag", "kommt")),
        ("z.", "B.", "de", ("Köln,", "aber")),
        ("dans", "ce", "fr", ("jardin", "vert")),
        ("la", "casa", "es", ("casa", "blanca")),
        ("il", "mare", "it", ("mare", "blu")),
        ("uma", "casa", "pt", ("casa", "velha")),
        ("het", "huis", "nl", ("huis", "stond")),
        ("stood", "near", "en", ("fine.", "Near")),
        ("fine,", "but", "en", ("fine.", "But")),
        ("house", "stood", "en", ("house,", "stood")),
    ],
)
def test_some_breaks_cost_more_than_others(before, after, language, worse) -> None:
    assert break_cost(before, after, language, True) > break_cost(*worse, language, True)


def test_a_cue_that_fits_stays_on_one_line_and_a_longer_one_is_broken_at_its_clause() -> None:
    words = spoken("Nobody came to the house, although we had waited for them.")
    assert texts(segment(words)) == ["Nobody came to the house,\nalthough we had waited for them."]
    assert texts(segment(words[:5])) == ["Nobody came to the house,"]


def test_a_silence_longer_than_the_linger_ends_the_cue() -> None:
    words = [*spoken("We wait"), *spoken("for you.", start=2.4)]
    assert cues(segment(words)) == [TextSpan(1000, 4000, "We wait for you.")]
    assert cues(segment(words), linger=0.5) == [
        TextSpan(1000, 2320, "We wait"),
        TextSpan(2400, 3500, "for you."),
    ]


def test_a_cue_lingers_and_then_leaves_the_screen() -> None:
    words = [*spoken("We wait."), *spoken("Nobody comes.", start=20.0)]
    assert cues(segment(words))[0] == TextSpan(1000, 2600, "We wait.")
    assert cues(segment(words), linger=0.25)[0] == TextSpan(1000, 2000, "We wait.")


def test_small_gaps_are_closed_to_the_least() -> None:
    words = [*spoken("We wait for it."), *spoken("Nobody comes today.", start=3.5)]
    found = cues(segment(words), profile="netflix", linger=0.9)
    assert (found[0].start_ms, found[0].end_ms) == (1000, 3420)


def test_a_speaker_starts_a_cue_and_dashes_share_one() -> None:
    labels = [
        segment(spoken("Is he here?", before=" ANNA:")),
        segment(spoken("No.", start=2.0, before=" BOB:")),
    ]
    assert texts(*labels) == ["ANNA: Is he here?", "BOB: No."]
    dashes = [
        segment(spoken("Is he here?", before=" -")),
        segment(spoken("No.", start=2.0, before=" -")),
    ]
    assert texts(*dashes) == ["- Is he here?\n- No."]
    assert texts(*dashes, max_line_count=1) == ["- Is he here?", "- No."]
    first_alone = [segment(spoken("Is he here?")), dashes[1]]
    assert texts(*first_alone) == ["Is he here?", "- No."]


def test_tags_that_a_cue_leaves_open_go_on_in_the_next() -> None:
    said = spoken("We wait for it.", before=" <i>")
    more = spoken("Nobody comes.", start=9.0, after="</i>")
    transcript = Transcript("", "en", (segment(said), segment(more)), 10.0, "m", "0")
    text = "".join(get_writer("srt", LayoutOptions()).render(transcript))
    assert "\n<i>We wait for it.</i>\n" in text
    assert "\n<i>Nobody comes.</i>\n" in text


def test_right_to_left_text_keeps_its_order_and_its_tags() -> None:
    words = spoken("ברוכים הבאים לתוכנית שלנו", before=" <i>", after="</i>")
    transcript = Transcript("", "he", (segment(words),), 10.0, "m", "0")
    text = "".join(get_writer("vtt", LayoutOptions()).render(transcript))
    assert "\n<i>ברוכים הבאים לתוכנית שלנו</i>\n" in text


def test_japanese_breaks_between_phrases_and_never_before_what_clings() -> None:
    text = "今日 は 東京 の スー パー マー ケ ッ ト で 、 買っ て き た もの を ご 紹介 し ます 。"
    pieces = text.split()
    words = [
        Word(piece, 1 + 0.3 * index, 1.3 + 0.3 * index, 0.5) for index, piece in enumerate(pieces)
    ]
    found = texts(segment(words), language="ja")
    assert found == ["今日は東京の\nスーパーマーケットで、", "買ってきたものをご紹介します。"]
    for width in range(8, 40, 2):
        for line in "\n".join(texts(segment(words), language="ja", max_line_width=width)).split():
            assert line[0] not in "、。ーッ"


def test_a_chinese_word_wider_than_the_line_is_divided() -> None:
    words = [Word("我们今天要谈的是城市里的水和生活，这个问题跟每一个人都有关系。", 1.0, 9.0, 0.5)]
    found = cues(segment(words), language="zh")
    assert "".join(cue.text for cue in found).replace("\n", "") == words[0].text
    assert find_breaches(found, PROFILES["broadcast"]) == []


def test_a_word_wider_than_the_line_is_reported() -> None:
    words = spoken("Donaudampfschifffahrtsgesellschaft", pace=3.0)
    found = cues(segment(words), max_line_width=20)
    profile = chosen_profile(LayoutOptions(max_line_width=20))
    assert find_breaches(found, profile) == [Breach(0, "width", 34, 20)]


def test_untimed_text_is_spread_over_its_time() -> None:
    text = " Nobody came to the house, although we had waited for them. It was late when we left."
    untimed = Segment(0, 0, 1.0, 8.0, text, (), 0.0, 0.0, 1.0, 0.0, None)
    assert texts(untimed) == [
        "Nobody came to the house,\nalthough we had waited for them.",
        "It was late when we left.",
    ]


def test_text_of_which_nothing_is_said_is_a_cue_of_its_own() -> None:
    music = segment([], " <i>♪ soft music ♪</i> ", start=5.0, end=8.0)
    said = segment(spoken("Good morning."))
    transcript = Transcript("", "en", (said, music), 10.0, "m", "0")
    text = "".join(get_writer("srt", LayoutOptions()).render(transcript))
    assert text.endswith("00:00:05,000 --> 00:00:09,000\n<i>♪ soft music ♪</i>\n\n")


def test_kept_lines_get_the_times_of_a_profile() -> None:
    lines = [segment(spoken("Good morning.")), segment(spoken("And\n welcome.", start=5.0))]
    kept = cues(*lines, keep_lines=True)
    assert [(cue.start_ms, cue.end_ms) for cue in kept] == [(1000, 1600), (5000, 5600)]
    timed = cues(*lines, keep_lines=True, profile="netflix", fps=25)
    assert [(cue.start_ms, cue.end_ms) for cue in timed] == [(1000, 2600), (5000, 6600)]


def test_no_plain_cue_flashes_between_highlighted_words() -> None:
    words = [Word(" a", 1.0, 1.3, 0.5), Word(" b", 1.4, 1.7, 0.5), Word(" c", 2.4, 2.7, 0.5)]
    transcript = Transcript("", "en", (segment(words),), 60.0, "m", "0")
    writer = SRTWriter(LayoutOptions(highlight_words=True))
    assert list(writer.rendered(transcript)) == [
        TextSpan(1000, 1400, "<u>a</u> b c"),
        TextSpan(1400, 1700, "a <u>b</u> c"),
        TextSpan(1700, 2400, "a b c"),
        TextSpan(2400, 2700, "a b <u>c</u>"),
        TextSpan(2700, 3700, "a b c"),
    ]


@pytest.mark.parametrize(
    ("fps", "rate"),
    [(23.976, Fraction(24000, 1001)), (25.0, Fraction(25)), (59.94, Fraction(60000, 1001))],
)
def test_frame_rates_are_exact(fps, rate) -> None:
    assert frame_rate(fps) == rate
    hour = rate * 3600
    assert Clock(rate).milliseconds(int(hour)) == round(int(hour) / rate * 1000)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("abc", (3, 0, 3)),
        ("Köln", (4, 0, 4)),
        ("日本", (4, 4, 2)),
        ("กำลัง", (4, 0, 4)),
        ("👩‍👩‍👧", (2, 2, 1)),
        ("👍🏽!", (3, 2, 2)),
        ("🇩🇪🇫🇷", (4, 4, 2)),
        ("❤️ no", (5, 0, 4)),
        ("שָׁלוֹם", (4, 0, 4)),
        ("a\nb", (2, 0, 2)),
    ],
)
def test_width_and_characters_read(text, size) -> None:
    assert measure(text) == size


def test_every_limit_is_checked() -> None:
    shown = [
        TextSpan(0, 500, "short"),
        TextSpan(560, 9000, "a\nb\nc"),
        TextSpan(8000, 8000, "x"),
        TextSpan(9000, 11000, "w" * 43),
    ]
    assert [
        (breach.cue, breach.limit) for breach in find_breaches(shown, PROFILES["broadcast"])
    ] == [
        (0, "short"),
        (0, "gap"),
        (1, "lines"),
        (1, "long"),
        (1, "overlap"),
        (2, "reversed"),
        (3, "width"),
        (3, "speed"),
    ]


def test_a_cue_does_not_linger_after_the_recording() -> None:
    words = spoken("We wait for you.")
    assert cues(segment(words)) == [TextSpan(1000, 3200, "We wait for you.")]
    assert cues(segment(words), duration=2.5) == [TextSpan(1000, 2500, "We wait for you.")]
    assert cues(segment(words), duration=2.5, keep_lines=True, linger=1.0)[0].end_ms == 2500
    assert cues(segment(words), duration=2.5, fps=24)[0].end_ms == 2500
    assert cues(segment(words), duration=2.47, fps=24)[0].end_ms == 2458
    # a duration that is unknown or less than the words' says nothing
    assert cues(segment(words), duration=float("nan"))[0].end_ms == 3200
    assert cues(segment(words), duration=1.5)[0].end_ms == 2200


def test_the_recordings_end_is_told_to_every_writer() -> None:
    transcript = Transcript("", "en", (segment(spoken("We wait for you.")),), 2.5, "m", "0")
    text = "".join(get_writer("srt").render(transcript))
    assert text == "1\n00:00:01,000 --> 00:00:02,500\nWe wait for you.\n\n"


def test_a_last_word_joins_its_cue_where_the_recording_ends_too_soon_for_one_of_its_own() -> None:
    said = [*spoken("We wait for you all day."), *spoken("Bye.", start=3.3)]
    assert [cue.text for cue in cues(segment(said), duration=3.7)] == [
        "We wait for you all day. Bye."
    ]


def test_a_position_goes_on_in_every_cue_of_its_line_and_in_no_other() -> None:
    long = "Nobody came to the house, although we had waited for them for the whole of that week."
    above = spoken(long, before=r"{\an8}")
    below = spoken("I see.", start=above[-1].end)
    transcript = Transcript("", "en", (segment(above), segment(below)), 60.0, "m", "0")
    shown = [cue.text for cue in SRTWriter().rendered(transcript)]
    assert len(shown) == 3
    assert [text.startswith(r"{\an8}") for text in shown] == [True, True, False]
    assert "".join(shown).count("{") == 2


def test_lines_of_one_position_share_a_cue_and_its_tag() -> None:
    first = spoken("Nobody came.", before=r"{\an8}<i>", after="</i>")
    second = spoken("I see.", start=first[-1].end, before=r"{\an8}")
    transcript = Transcript("", "en", (segment(first), segment(second)), 60.0, "m", "0")
    (cue,) = SRTWriter().rendered(transcript)
    assert cue.text == r"{\an8}<i>Nobody came.</i> I see."


def test_kept_lines_stand_on_frames_without_another_change() -> None:
    lines = segment([Word("a", 1.01, 1.99, 0.5)]), segment([Word("b", 2.0, 2.01, 0.5)])
    found = cues(*lines, keep_lines=True, fps=25)
    assert [(cue.start_ms, cue.end_ms) for cue in found] == [(1000, 2000), (2000, 2040)]
