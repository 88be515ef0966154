"""openai-whisper's way from words to cues: widths, line counts, groups of words, highlighting."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from subalign.options import LayoutOptions
from subalign.results import Transcript
from subalign.subtitles import SRTWriter, VTTWriter, lay_out

Maker = Callable[..., Transcript]


def cues(transcript: Transcript, **options: object) -> list[tuple[int, int, str]]:
    layout = LayoutOptions(profile="openai", **options)  # type: ignore[arg-type]
    if layout.highlight_words:
        return [tuple(span) for span in SRTWriter(layout).rendered(transcript)]
    laid_out = lay_out(transcript.segments, layout)
    return [(cue.start_ms, cue.end_ms, cue.text) for cue in laid_out]


def test_a_segment_is_a_cue(spoken: Transcript) -> None:
    assert cues(spoken) == [
        (0, 1320, "The quick fox, it"),
        (3_600_500, 3_601_080, "jumps high."),
    ]


def test_a_width_breaks_lines_within_the_cue(spoken: Transcript) -> None:
    assert cues(spoken, max_line_width=9) == [
        (0, 1320, "The quick\nfox, it"),
        (3_600_500, 3_601_080, "jumps\nhigh."),
    ]
    assert cues(spoken, max_line_width=8)[0] == (0, 1320, "The\nquick\nfox, it")


def test_a_width_and_a_count_start_cues_and_run_across_segments(make: Maker) -> None:
    transcript = make(
        [(" One", 0, 1), (" two", 1, 2), (" three", 2, 3)],
        [(" four", 3, 4), (" five", 4, 5)],
    )
    assert cues(transcript, max_line_width=8, max_line_count=1) == [
        (0, 2000, "One two"),
        (2000, 3000, "three"),
        (3000, 4000, "four"),
        (4000, 5000, "five"),
    ]
    assert cues(transcript, max_line_width=10, max_line_count=2) == [
        (0, 4000, "One two\nthree four"),
        (4000, 5000, "five"),
    ]


@pytest.mark.parametrize(("start", "joined"), [(3.0, True), (3.01, False)])
def test_a_long_pause_starts_a_cue_across_segments(make: Maker, start: float, joined: bool) -> None:
    transcript = make([(" One", 0, 1)], [(" two", start, 5)])
    found = [text for _, _, text in cues(transcript, max_line_width=40, max_line_count=2)]
    assert found == (["One two"] if joined else ["One", "two"])


def test_a_count_without_a_width_changes_nothing(spoken: Transcript) -> None:
    assert cues(spoken, max_line_count=1) == cues(spoken)


def test_words_per_line_start_cues_within_segments_only(spoken: Transcript) -> None:
    assert cues(spoken, max_words_per_line=3) == [
        (0, 1000, "The quick fox,"),
        (1200, 1320, "it"),
        (3_600_500, 3_601_080, "jumps high."),
    ]


def test_words_per_line_have_no_effect_beside_a_width_and_a_count(spoken: Transcript) -> None:
    both = {"max_line_width": 40, "max_line_count": 2}
    assert cues(spoken, max_words_per_line=1, **both) == cues(spoken, **both)


def test_a_word_wider_than_the_line_stands_alone(make: Maker) -> None:
    transcript = make([(" A", 0, 1), (" Donaudampfschiff", 1, 2), (" B", 2, 3)])
    assert cues(transcript, max_line_width=5) == [(0, 3000, "A\nDonaudampfschiff\nB")]


def test_highlighting_shows_each_word_and_the_time_between(spoken: Transcript) -> None:
    assert cues(spoken, highlight_words=True)[:5] == [
        (0, 240, "<u>The</u> quick fox, it"),
        (240, 500, "The <u>quick</u> fox, it"),
        (500, 1000, "The quick <u>fox,</u> it"),
        (1000, 1200, "The quick fox, it"),
        (1200, 1320, "The quick fox, <u>it</u>"),
    ]


def test_highlighting_keeps_line_breaks_outside_the_word(spoken: Transcript) -> None:
    found = cues(spoken, highlight_words=True, max_line_width=9)
    assert found[2] == (500, 1000, "The quick\n<u>fox,</u> it")


def test_highlighted_cues_join_without_gap_or_overlap(spoken: Transcript) -> None:
    found = cues(spoken, highlight_words=True, max_words_per_line=4)
    first = [cue for cue in found if cue[0] < 3_600_000]
    assert all(end == start for (_, end, _), (start, _, _) in pairwise(first))


def test_escaping_reaches_text_but_not_markup_and_not_widths(make: Maker) -> None:
    transcript = make([(" a", 0, 1), (" &", 1, 2)], (2.0, 3.0, " a & b"))
    options = LayoutOptions(profile="openai", highlight_words=True, max_line_width=3)
    assert list(VTTWriter(options).rendered(transcript)) == [
        (0, 1000, "<u>a</u> &amp;"),
        (1000, 2000, "a <u>&amp;</u>"),
        (2000, 3000, "a &amp; b"),
    ]


def test_cues_come_before_later_segments_are_asked_for(spoken: Transcript) -> None:
    def segments() -> object:
        yield from spoken.segments
        raise AssertionError("asked for more than was needed")

    laid_out = lay_out(segments(), LayoutOptions(profile="openai"))  # type: ignore[arg-type]
    assert next(laid_out).text == "The quick fox, it"
