"""Time codes, as text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subalign.subtitles.timecode import srt_timecode, to_milliseconds, vtt_timecode

utils = pytest.importorskip("whisper.utils", reason="openai-whisper is a test dependency")


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [
        (0.0, 0),
        (1.08, 1080),
        (0.0005, 0),
        (0.0015, 2),
        (2.0004999, 2000),
        (-0.02, 0),
        (9e4, 9 * 10**7),
    ],
)
def test_seconds_round_to_the_nearest_millisecond(seconds: float, milliseconds: int) -> None:
    assert to_milliseconds(seconds) == milliseconds


@pytest.mark.parametrize(
    ("milliseconds", "srt", "vtt"),
    [
        (0, "00:00:00,000", "00:00.000"),
        (1080, "00:00:01,080", "00:01.080"),
        (59_999, "00:00:59,999", "00:59.999"),
        (3_599_999, "00:59:59,999", "59:59.999"),
        (3_600_000, "01:00:00,000", "01:00:00.000"),
        (360_061_001, "100:01:01,001", "100:01:01.001"),
    ],
)
def test_time_codes(milliseconds: int, srt: str, vtt: str) -> None:
    assert srt_timecode(milliseconds) == srt
    assert vtt_timecode(milliseconds) == vtt


@given(st.floats(0, 1e6))
def test_time_codes_equal_openai_whisper(seconds: float) -> None:
    milliseconds = to_milliseconds(seconds)
    assert srt_timecode(milliseconds) == utils.format_timestamp(seconds, True, ",")
    assert vtt_timecode(milliseconds) == utils.format_timestamp(seconds)
