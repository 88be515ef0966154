"""Segments get words by any method, in order; by dtw openai-whisper's words, times and bounds."""

import random
import threading
from itertools import pairwise
from typing import get_args

import pytest
from whisper.timing import add_word_timestamps

from openai_parity import time_segments_by_dtw
from subalign.alignment import AttentionTimer, WordTiming
from subalign.alignment.segments import words_by_segment
from subalign.options import AlignmentMethod, AlignmentOptions
from subalign.results import Segment

PARTS = [
    " And so, my fellow Americans:",
    ' ask not "what" your country can do (for you).',
    " Ask what you can do for your country!",
]
WORDS = (
    " one two (three) four, \"five\" six. Seven? eight! nine: ten - eleven 12 'thirteen'".split()
)


def segment(case, start, end, text, seek=0):
    """As the transcription makes them, timestamps among the tokens."""
    tokenizer = case.tokenizer
    offset = tokenizer.timestamp_begin
    first, last = (round((time - seek / 100) * 50) for time in (start, end))
    tokens = (offset + first, *tokenizer.encode(text), offset + last)
    return Segment(0, seek, start, end, text, tokens, 0.0, -0.5, 1.2, 0.01)


def by_openai(case, segments, num_frames, last_speech_end, **options):
    """(start, end, words) a segment."""
    dicts = [
        {"seek": s.seek, "start": s.start, "end": s.end, "tokens": list(s.tokens)} for s in segments
    ]
    add_word_timestamps(
        segments=dicts,
        model=case.peer,
        tokenizer=case.peer_tokenizer,
        mel=case.mel,
        num_frames=num_frames,
        last_speech_timestamp=last_speech_end,
        **options,
    )
    return [
        (d["start"], d["end"], [(w["word"], w["start"], w["end"]) for w in d["words"]])
        for d in dicts
    ]


def by_dtw(case, segments, num_frames, last_speech_end, **options):
    return time_segments_by_dtw(
        case.model,
        case.tokenizer,
        segments,
        case.encoded,
        num_frames,
        last_speech_end,
        AlignmentOptions(method="dtw", **options),
    )


def bounds_and_words(segments):
    return [(s.start, s.end, [(w.text, w.start, w.end) for w in s.words]) for s in segments]


def assert_equals_openai(case, segments, last_speech_end=0.0, num_frames=None):
    num_frames = case.num_frames if num_frames is None else num_frames
    timed = by_dtw(case, segments, num_frames, last_speech_end)
    expected = by_openai(case, segments, num_frames, last_speech_end)
    assert bounds_and_words(timed) == expected
    for before, after in zip(segments, timed, strict=True):
        assert (before.id, before.seek, before.text, before.tokens) == (
            after.id,
            after.seek,
            after.text,
            after.tokens,
        )
    return timed


@pytest.mark.parametrize("seek", [0, 1234])
@pytest.mark.parametrize("last_speech_end", [0.0, 12.3])
def test_jfk_equals_openai(jfk, seek, last_speech_end):
    offset = seek / 100
    bounds = [(0.0, 3.2), (3.2, 7.6), (8.0, 11.0)]
    segments = [
        segment(jfk, offset + start, offset + end, text, seek)
        for (start, end), text in zip(bounds, PARTS, strict=True)
    ]
    timed = assert_equals_openai(jfk, segments, last_speech_end)
    assert ["".join(word.text for word in s.words) for s in timed] == PARTS
    assert all(0 < word.probability < 1 for s in timed for word in s.words)


def random_segments(case, seed):
    """A few segments, some without text, with bounds that often contradict the words."""
    chance = random.Random(seed)
    length = case.num_frames / 100
    seek = chance.choice([0, 0, 777])
    times = sorted(chance.uniform(0, length) for _ in range(2 * chance.randint(1, 4)))
    segments = []
    for bounds in list(pairwise(times))[::2]:
        text = "".join(" " + chance.choice(WORDS) for _ in range(chance.choice([0, 1, 2, 5, 9])))
        start, end = (round(seek / 100 + round(time * 50) / 50, 2) for time in bounds)
        segments.append(segment(case, start, end, text, seek))
    return segments, chance.choice([0.0, seek / 100, seek / 100 - 3.0])


@pytest.mark.parametrize("seed", range(20))
def test_random_segments_equal_openai(noise, seed):
    segments, last_speech_end = random_segments(noise, seed)
    assert_equals_openai(noise, segments, last_speech_end)


@pytest.mark.parametrize("seed", range(100, 105))
def test_random_segments_of_speech_equal_openai(jfk, seed):
    segments, last_speech_end = random_segments(jfk, seed)
    assert_equals_openai(jfk, segments, last_speech_end)


def test_every_option_is_used(jfk):
    segments = [segment(jfk, 0.0, 11.0, "".join(PARTS))]
    options = {
        "qk_scale": 1.7,
        "medfilt_width": 3,
        "prepend_punctuations": "(",
        "append_punctuations": ",",
    }
    timed = by_dtw(jfk, segments, jfk.num_frames, 0.0, **options)
    expected = by_openai(jfk, segments, jfk.num_frames, 0.0, **options)
    assert bounds_and_words(timed) == expected
    assert {":", '"', ")", "."} <= {word.text for word in timed[0].words}


def test_no_segments(jfk):
    assert AttentionTimer(jfk.model, jfk.tokenizer)([], jfk.encoded, 100, 0.0) == []


def test_segments_without_text_get_no_words_and_keep_their_bounds(jfk):
    segments = [segment(jfk, 0.0, 1.0, ""), segment(jfk, 1.0, 2.0, "")]
    timed = AttentionTimer(jfk.model, jfk.tokenizer)(segments, jfk.encoded, jfk.num_frames, 0.0)
    assert [(s.start, s.end, s.words) for s in timed] == [(0.0, 1.0, ()), (1.0, 2.0, ())]


@pytest.mark.parametrize("num_frames", [0, 1, 2, 5])
def test_hardly_any_audio_is_no_error(jfk, num_frames):
    segments = [segment(jfk, 0.0, 0.0, PARTS[0])]
    [timed] = AttentionTimer(jfk.model, jfk.tokenizer)(segments, jfk.encoded, num_frames, 0.0)
    assert "".join(word.text for word in timed.words) == PARTS[0]
    assert all(0 <= word.start <= word.end <= 0.05 for word in timed.words)


def test_text_within_the_words_stays_with_its_segment_across_borders(jfk):
    texts = [" ask not what you", "r country can do for you", " Ask what you can do"]
    segments = [
        segment(jfk, start, start + 3.0, text)
        for start, text in zip((0.0, 3.0, 6.0), texts, strict=True)
    ]
    timed = AttentionTimer(jfk.model, jfk.tokenizer)(segments, jfk.encoded, jfk.num_frames, 0.0)
    assert [[word.text.strip() for word in s.words] for s in timed] == [
        ["ask", "not", "what", "your"],
        ["country", "can", "do", "for", "you"],
        ["Ask", "what", "you", "can", "do"],
    ]
    # openai-whisper counts " your" for the first segment only, so the second takes a word more
    [_, (_, _, second), (_, _, third)] = by_openai(jfk, segments, jfk.num_frames, 0.0)
    assert [second[-1][0], third[0][0]] == [" Ask", " what"]


@pytest.fixture(params=get_args(AlignmentMethod))
def method(request):
    return request.param


def timed_by(case, segments, num_frames, last_speech_end, method):
    timer = AttentionTimer(case.model, case.tokenizer, AlignmentOptions(method=method))
    return timer(segments, case.encoded, num_frames, last_speech_end)


def assert_guaranteed(timed, first, last, least=0.02):
    """Every word has time of its own, in order and in bounds; segments go around theirs."""
    free = first
    for segment in timed:
        for word in segment.words:
            assert free - 1e-9 <= word.start
            assert word.end - word.start >= least - 1e-9
            free = word.end
        if segment.words:
            assert segment.start <= segment.words[0].start
            assert segment.end >= segment.words[-1].end
    assert free <= last + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_words_of_every_method_have_time_order_and_text(noise, method, seed):
    segments, last_speech_end = random_segments(noise, seed)
    window_start = segments[0].seek / 100
    timed = timed_by(noise, segments, 400, last_speech_end, method)
    assert_guaranteed(timed, last_speech_end, window_start + 4)
    if method != "dtw":
        assert all(
            (s.start, s.end) == (s.words[0].start, s.words[-1].end) for s in timed if s.words
        )
    whole = "".join(word.text for s in timed for word in s.words)
    assert whole.split() == "".join(s.text for s in segments).split()
    for before, after in zip(segments, timed, strict=True):
        assert (before.id, before.text, before.tokens) == (after.id, after.text, after.tokens)


@pytest.mark.parametrize("seed", range(6))
def test_dtw_is_openais_but_for_the_guarantees(noise, seed):
    segments, last_speech_end = random_segments(noise, seed)
    openais = by_dtw(noise, segments, 400, last_speech_end)
    ours = timed_by(noise, segments, 400, last_speech_end, "dtw")
    pairs = [
        (before, after)
        for old, new in zip(openais, ours, strict=True)
        for before, after in zip(old.words, new.words, strict=True)
    ]
    for before, after in pairs:
        assert (before.text, before.probability) == (after.text, after.probability)
        had_time = before.end - before.start >= 0.02
        assert after.estimated is False or not had_time or before.end < last_speech_end + 0.02
    kept = [
        abs(before.start - after.start) < 0.001 and abs(before.end - after.end) < 0.001
        for before, after in pairs
    ]
    assert sum(kept) >= len(kept) / 3


def test_viterbi_is_the_default_and_hears_speech(jfk):
    segments = [
        segment(jfk, start, end, text)
        for (start, end), text in zip([(0.0, 3.2), (3.2, 7.6), (8.0, 11.0)], PARTS, strict=True)
    ]
    timed = AttentionTimer(jfk.model, jfk.tokenizer)(segments, jfk.encoded, jfk.num_frames, 0.0)
    assert timed == timed_by(jfk, segments, jfk.num_frames, 0.0, "viterbi")
    assert_guaranteed(timed, 0.0, 11.0, least=0.04)
    assert not any(word.estimated for s in timed for word in s.words)
    assert ["".join(word.text for word in s.words) for s in timed] == PARTS
    words = [word.text for word in timed[1].words]
    assert words == [
        " ask",
        " not",
        ' "what"',
        " your",
        " country",
        " can",
        " do",
        " (for",
        " you).",
    ]
    assert timed[1].start == pytest.approx(3.3, abs=0.6)


def test_times_are_whole_milliseconds_and_openais_hundredths(jfk, method):
    segments = [segment(jfk, 20.0, 31.0, "".join(PARTS), seek=2000)]
    [found] = timed_by(jfk, segments, 1100, 0.0, method)
    times = [time for word in found.words for time in (word.start, word.end)]
    assert times == [round(time, 3) for time in times]
    hundredths = [abs(time - round(time, 2)) < 1e-9 for time in times]
    assert all(hundredths) == (method != "viterbi")


def test_words_begin_after_those_of_the_window_before(jfk, method):
    segments = [segment(jfk, 20.0, 31.0, "".join(PARTS), seek=2000)]
    free = timed_by(jfk, segments, 1100, 19.0, method)
    late = timed_by(jfk, segments, 1100, 25.0, method)
    assert_guaranteed(late, 25.0, 31.0)
    moved = [word for word in free[0].words if word.end < 25.0]
    assert len(moved) > 3
    assert all(word.estimated for word in late[0].words[: len(moved)])
    assert not late[0].words[-1].estimated


@pytest.mark.parametrize("last_speech_end", [0.0, 0.04, 0.05, 7.0])
def test_more_words_than_there_is_room_for_share_it(jfk, method, last_speech_end):
    segments = [segment(jfk, 0.0, 0.05, text) for text in PARTS[:2]]
    timed = timed_by(jfk, segments, 5, last_speech_end, method)
    assert_guaranteed(timed, min(last_speech_end, 0.05), 0.05, least=0.0)
    words = [word for s in timed for word in s.words]
    assert all(word.estimated for word in words)
    assert "".join(word.text for word in words) == "".join(PARTS[:2])
    lengths = [word.end - word.start for word in words]
    assert max(lengths) - min(lengths) < 1e-9


def timing(*tokens):
    return WordTiming("w", tokens, 0.0, 0.0, 0.0)


def test_a_word_belongs_to_the_segment_of_its_first_token():
    words = [timing(1), timing(2, 3, 4), timing(5), timing(6, 7, 8, 9, 10), timing(11)]
    assert words_by_segment(words, [0, 3, 2, 0, 1, 5]) == [
        [],
        words[:2],
        [words[2]],
        [],
        [words[3]],
        [words[4]],
    ]
    assert words_by_segment([], [0, 0]) == [[], []]
    assert words_by_segment([], []) == []


def test_two_threads_time_words_with_one_model(jfk):
    segments = {text: [segment(jfk, 0.0, 11.0, text)] for text in PARTS}
    timer = AttentionTimer(jfk.model, jfk.tokenizer)
    expected = {
        text: timer(parts, jfk.encoded, jfk.num_frames, 0.0) for text, parts in segments.items()
    }
    found = {text: [] for text in PARTS}

    def run(text):
        for _ in range(4):
            found[text].append(timer(segments[text], jfk.encoded, jfk.num_frames, 0.0))

    threads = [threading.Thread(target=run, args=(text,)) for text in PARTS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text in PARTS:
        assert [bounds_and_words(s) for s in found[text]] == [bounds_and_words(expected[text])] * 4
