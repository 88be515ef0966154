"""What holds for every layout by a profile, whatever the words are."""

import io
import logging
import re
from itertools import combinations, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subalign.options import FRAME_RATES, LayoutOptions
from subalign.results import Transcript, Word
from subalign.subtitles import Cue, TextSpan, get_writer, lay_out
from subalign.subtitles.check import check_file
from subalign.subtitles.files import parse_subtitle_file
from subalign.subtitles.layout.frame_rates import frame_rate
from subalign.subtitles.layout.limits import find_breaches
from subalign.subtitles.layout.profiles import PROFILES, chosen_profile
from subalign.subtitles.layout.timing import SHIFT, Ticks
from subalign.subtitles.tags import plain_text
from subtitles.layout.streams import segment_of, spaced_words, word_streams

OPTIONS = st.builds(
    LayoutOptions,
    profile=st.sampled_from(list(PROFILES)),
    fps=st.sampled_from([None, None, *FRAME_RATES]),
    max_line_width=st.sampled_from([None, None, 12, 30]),
    max_line_count=st.sampled_from([None, None, 1, 2, 3]),
    max_words_per_line=st.sampled_from([None, None, 3]),
    linger=st.sampled_from([None, None, 0.0, 2.0]),
)
LANGUAGE = st.sampled_from([None, "en", "de", "ja"])
SETTINGS = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", plain_text(text))


def cues_of(words: tuple[Word, ...], options: LayoutOptions, language: str | None) -> list[Cue]:
    return list(lay_out([segment_of(*words)], options, language=language))


def named(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words with a number in each, by which it is found again."""
    return tuple(
        Word(f" {number}{word.text.strip()}", word.start, word.end, 0.5)
        for number, word in enumerate(words)
    )


@given(words=word_streams(), options=OPTIONS, language=LANGUAGE)
@SETTINGS
def test_no_text_is_lost_added_or_moved(words, options, language) -> None:
    shown = "".join(cue.text for cue in cues_of(words, options, language))
    written = "".join(word.before + word.text + word.after for word in words)
    assert squeezed(shown) == squeezed(written)


@given(words=spaced_words(), options=OPTIONS, language=LANGUAGE)
@SETTINGS
def test_words_stay_apart_and_whole(words, options, language) -> None:
    shown = " ".join(cue.text for cue in cues_of(words, options, language))
    assert shown.split() == "".join(word.text for word in words).split()


@given(words=word_streams(), options=OPTIONS, language=LANGUAGE)
@SETTINGS
def test_times_rise_and_cues_never_overlap(words, options, language) -> None:
    cues = cues_of(words, options, language)
    assert all(cue.start_ms < cue.end_ms for cue in cues)
    assert all(cue.end_ms <= following.start_ms for cue, following in pairwise(cues))
    for cue in cues:
        assert all(line and line == line.strip() for line in cue.text.split("\n"))


@given(words=word_streams(), options=OPTIONS, language=LANGUAGE)
@SETTINGS
def test_a_layout_of_the_layout_is_the_same(words, options, language) -> None:
    once = cues_of(words, options, language)
    segments = [segment_of(*words[at : at + 5]) for at in range(0, len(words), 5)]
    assert list(lay_out(segments, options, language=language)) == once


@given(words=spaced_words(), options=OPTIONS)
@SETTINGS
def test_cues_keep_to_the_time_of_their_words(words, options) -> None:
    words = named(words)
    profile = chosen_profile(options)
    tick = float(1 / profile.clock.ticks_per_second)
    first = 0
    for cue in cues_of(words, options, "en"):
        count = len(re.findall(r"(?:^|\s)\d", cue.text))
        inside = words[first : first + count]
        first += count
        # one tick of rounding, and one for each word that would start with the word before it
        late = cue.start_ms / 1000 - inside[0].start
        assert -max(SHIFT, profile.linger) - tick * len(words) <= late
        assert late <= SHIFT + tick * len(words)
        if len(inside) > 1:
            silences = (after.start - before.end for before, after in pairwise(inside))
            assert max(silences) <= profile.linger + 1e-6
        reading = len(cue.text) / min(profile.max_cps, profile.max_wide_cps)
        latest = max(
            inside[-1].end + profile.linger,
            cue.start_ms / 1000 + max(profile.min_duration, reading),
        )
        assert cue.end_ms / 1000 <= latest + profile.chain_gap + tick * len(words)
    assert first == len(words)


@given(words=spaced_words(), options=OPTIONS, rest=st.sampled_from([0.0, 0.04, 0.5, 3.0]))
@SETTINGS
def test_no_cue_lingers_after_the_recording(words, options, rest) -> None:
    segments, last = [segment_of(*words)], max(word.end for word in words)
    free = list(lay_out(segments, options))
    cues = list(lay_out(segments, options, duration=last + rest))
    tick = float(1 / chosen_profile(options).clock.ticks_per_second)
    # one tick of rounding, and one for each word that would start with the word before it
    assert cues[-1].end_ms / 1000 <= last + rest + tick * len(words)
    assert squeezed("".join(cue.text for cue in cues)) == squeezed("".join(c.text for c in free))
    if free[-1].end_ms / 1000 <= last + rest - tick:
        assert cues == free


@given(words=word_streams(), fps=st.sampled_from(FRAME_RATES), highlight=st.booleans())
@SETTINGS
def test_cues_start_and_end_on_frames(words, fps, highlight) -> None:
    rate = frame_rate(fps)
    options = LayoutOptions(fps=fps, highlight_words=highlight)
    for cue in cues_of(words, options, "en"):
        for time in (cue.start_ms, cue.end_ms):
            frame = round(time * rate / 1000)
            assert abs(time - frame * 1000 / rate) <= 0.5


@given(words=word_streams(most=15), options=OPTIONS)
@SETTINGS
def test_highlighting_shows_the_laid_out_cues_word_by_word(words, options) -> None:
    laid_out = cues_of(words, options, "en")
    lit = LayoutOptions(**{**vars(options), "highlight_words": True})
    shown = iter(cues_of(words, lit, "en"))
    for cue in laid_out:
        now = cue.start_ms
        while now < cue.end_ms:
            part = next(shown)
            assert part.text.replace("<u>", "").replace("</u>", "") == cue.text
            assert part.text.count("<u>") == part.text.count("</u>") <= 1
            assert part.start_ms == now
            assert part.end_ms <= cue.end_ms
            now = part.end_ms
    assert next(shown, None) is None


@given(words=spaced_words(most=25), options=OPTIONS, form=st.sampled_from(["srt", "vtt", "ass"]))
@SETTINGS
def test_what_is_written_passes_the_check_or_is_told(words, options, form) -> None:
    """The file itself, by the same profile; what it lacks is what the warning counts and names."""
    transcript = Transcript("", "en", (segment_of(*words),), words[-1].end + 1, "m", "0")
    writer, file, warnings = get_writer(form, options, recording="talk"), io.StringIO(), []
    handler = logging.Handler()
    handler.emit = lambda record: warnings.append(record.getMessage())
    logger = logging.getLogger("subalign")
    logger.addHandler(handler)
    try:
        writer.write(transcript, file)
    finally:
        logger.removeHandler(handler)
    read = parse_subtitle_file(file.getvalue(), f"talk.{form}")
    problems = check_file(read, chosen_profile(options))
    told = re.findall(r"(?:: |, )(\d+) at \d\d:", "".join(warnings))
    counts = [int(count) for count in re.findall(r"^talk: (\d+) of ", "".join(warnings))]
    found = sorted({problem.cue for problem in problems})
    assert len(told) == min(5, sum(counts))
    # SubStation Alpha counts hundredths, which hides what is off by less
    assert len(found) <= sum(counts)
    assert form == "ass" or len(found) == sum(counts)
    assert form == "ass" or [str(cue) for cue in found[:5]] == told


@given(words=spaced_words(), options=OPTIONS)
@SETTINGS
def test_moving_starts_breaks_no_limit_that_was_kept(words, options) -> None:
    """Cues take time from the silence and from each other only where nobody misses it."""
    profile = chosen_profile(options)
    moved = find_breaches(cues_of(words, options, "en"), profile)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ticks, "_shifted", lambda self, starts, *others: starts)
        fixed = find_breaches(cues_of(words, options, "en"), profile)
    assert {(one.cue, one.limit) for one in moved} <= {(one.cue, one.limit) for one in fixed}


def test_a_cue_is_lengthened_into_the_silence_around_it() -> None:
    """Twenty letters in half a second: a second of silence before them and all after them count."""
    words = (
        *(Word(" Well.", 0.0, 0.4, 0.5), Word(" Extraordinarily", 4.0, 4.3, 0.5)),
        *(Word(" hasty.", 4.3, 4.5, 0.5), Word(" So", 4.6, 5.0, 0.5), Word(" it is.", 5.0, 7, 0.5)),
    )
    options = LayoutOptions(profile="broadcast", max_line_width=24, max_line_count=1)
    first, second, third = cues_of(words, options, "en")
    assert (first.start_ms, second.text, third.text) == (0, "Extraordinarily hasty.", "So it is.")
    # 22 characters at 17 a second, and the gap of 80 ms before the next
    assert (second.end_ms, second.start_ms) == (4520, 4520 - 1295)
    assert find_breaches((first, second, third), chosen_profile(options)) == []


def test_quick_cues_share_their_time_with_slow_neighbours() -> None:
    """A cue of 0.3 s between slow ones: 0.2 s at most are taken from each."""
    words = (
        *(Word(" Slow.", 0.0, 2.0, 0.5), Word(" Quick.", 2.0, 2.3, 0.5)),
        Word(" Slow again.", 2.3, 5.0, 0.5),
    )
    options = LayoutOptions(profile="social", max_words_per_line=1, min_duration=0.5)
    cues = cues_of(words, options, "en")
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [(0, 1800), (1800, 2300), (2300, 5300)]


def test_the_end_of_a_segment_is_no_end_of_a_cue() -> None:
    """Cues and lines are those of one segment, whatever segments the words come in."""
    texts = "We met the old man who lived by the sea. He was kind."
    words = [
        Word(f" {text}", 0.3 * number, 0.3 * number + 0.28, 0.5)
        for number, text in enumerate(texts.split())
    ]
    whole = list(lay_out([segment_of(*words)], LayoutOptions(), language="en"))
    for cut in range(1, len(words)):
        parts = [segment_of(*words[:cut]), segment_of(*words[cut:])]
        assert list(lay_out(parts, LayoutOptions(), language="en")) == whole


def divisions(count: int, most_lines: int):
    """Every division of words into cues of lines, as lists of lists of line ends."""
    for cuts in range(count):
        for inner in combinations(range(1, count), cuts):
            edges = (0, *inner, count)
            # each line end may also be the end of its cue
            for mask in range(1 << cuts):
                cues, lines = [], []
                for index, (start, end) in enumerate(pairwise(edges)):
                    lines.append((start, end))
                    if index == cuts or mask >> index & 1:
                        cues.append(lines)
                        lines = []
                if max(map(len, cues)) <= most_lines:
                    yield cues


def laid_as(words, cues, profile):
    """The cues of a division if it is lawful in every way that `find_breaches` cannot see."""
    found = []
    clock, gap = profile.clock, profile.gap_ticks
    for lines in cues:
        first, end = lines[0][0], lines[-1][1]
        if any(b.start - a.end > profile.linger + 1e-6 for a, b in pairwise(words[first:end])):
            return None
        start = clock.nearest(words[first].start)
        latest = start + clock.at_most(profile.max_duration)
        if end < len(words):
            latest = min(latest, clock.nearest(words[end].start) - gap)
        if end - first > 1 and latest < clock.nearest(words[end - 1].end) - gap:
            return None
        text = "\n".join("".join(w.text for w in words[a:b]).strip() for a, b in lines)
        found.append(TextSpan(clock.milliseconds(start), clock.milliseconds(latest), text))
    return found


@given(words=spaced_words(most=6), options=OPTIONS)
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_no_limit_is_broken_where_a_lawful_layout_exists(words, options) -> None:
    profile = chosen_profile(options)
    found = find_breaches(cues_of(words, options, "en"), profile)
    if not found:
        return
    for division in divisions(len(words), profile.max_line_count):
        lawful = laid_as(words, division, profile)
        assert lawful is None or find_breaches(lawful, profile), (lawful, found)


@pytest.mark.parametrize("profile", PROFILES)
def test_speech_at_an_ordinary_pace_breaks_no_limit(profile) -> None:
    texts = "we keep the light on until the morning and wait for the others to come home".split()
    words, now = [], 1.0
    for number, text in enumerate(texts * 30):
        end = now + 0.12 + 0.05 * len(text)
        words.append(Word(f" {text}." if number % 11 == 10 else f" {text}", now, end, 0.5))
        now = end + (0.5 if number % 11 == 10 else 0.02)
    options = LayoutOptions(profile=profile)
    cues = cues_of(tuple(words), options, "en")
    assert find_breaches(cues, chosen_profile(options)) == []
