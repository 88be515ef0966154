"""A window's tokens become segments, and the window advances to the right frame."""

import pytest

from subalign.decoding import DecodingResult, tokenizer_of
from subalign.errors import InputError
from subalign.options import Clip
from subalign.transcription.windows import MelWindow, frame_ranges, split_window

WINDOW = MelWindow(seek=1000, length=2500, width=3000)


@pytest.fixture(scope="module")
def tokenizer(embedded_model):
    return tokenizer_of(embedded_model)


def split(tokenizer, *parts, window=WINDOW):
    """Split a window of texts and timestamps in seconds."""
    tokens = []
    for part in parts:
        if isinstance(part, str):
            tokens += tokenizer.encode(part)
        else:
            tokens.append(tokenizer.timestamp_begin + round(part / 0.02))
    result = DecodingResult(tuple(tokens), "", "en", 1.0, 0.2, -0.5, 1.1, 0.01)
    return split_window(result, tokenizer, window)


def times(found):
    return [(segment.text, round(segment.start, 2), round(segment.end, 2)) for segment in found]


def test_pairs_cut_segments_and_the_rest_is_heard_again(tokenizer):
    found = split(tokenizer, 0.0, " one", 2.0, 3.0, " two", 5.5, 5.5, " cut o")
    assert times(found.segments) == [(" one", 10.0, 12.0), (" two", 13.0, 15.5)]
    assert found.next_seek == 1550
    assert not found.speech_ended


def test_a_lone_last_timestamp_ends_the_window(tokenizer):
    found = split(tokenizer, 0.0, " one", 2.0, 3.0, " two", 5.5)
    assert times(found.segments) == [(" one", 10.0, 12.0), (" two", 13.0, 15.5)]
    assert found.next_seek == 3500
    assert found.speech_ended


def test_without_pairs_the_window_is_one_segment(tokenizer):
    found = split(tokenizer, 0.0, " one", 4.0)
    assert times(found.segments) == [(" one", 10.0, 14.0)]
    assert (found.next_seek, found.speech_ended) == (3500, True)


def test_without_an_end_the_segment_fills_the_content(tokenizer):
    for parts in ((0.0, " one"), (" one",), ()):
        found = split(tokenizer, *parts)
        assert times(found.segments) == [("".join(parts[-1:]) if parts else "", 10.0, 35.0)]
        assert found.next_seek == 3500


def test_segments_carry_what_the_decoding_said(tokenizer):
    segment = split(tokenizer, 0.0, " one", 2.0).segments[0]
    assert segment.seek == 1000
    assert segment.temperature == 0.2
    assert segment.avg_logprob == -0.5
    assert segment.words is None


def test_clips_become_frames_inside_the_recording():
    assert frame_ranges((), 700) == [(0, 700)]
    assert frame_ranges((), 0) == [(0, 0)]
    assert frame_ranges((Clip(1.5, 3), Clip(5)), 700) == [(150, 300), (500, 700)]
    assert frame_ranges((Clip(1, 99),), 700) == [(100, 700)]


def test_a_clip_behind_the_end_is_refused():
    with pytest.raises(InputError, match="starts at 8 s, but the recording ends at 7 s"):
        frame_ranges((Clip(8),), 700)
