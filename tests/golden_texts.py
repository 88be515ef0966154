"""Timed words of twelve kinds of text, whose layouts are kept beside them."""

from pathlib import Path

GOLDEN = Path(__file__).parent / "subtitles" / "golden"
# of a text's file, the language that it is laid out as
LANGUAGES = {
    "arabic": "ar",
    "chinese": "zh",
    "emoji": "en",
    "english": "en",
    "french": "fr",
    "german": "de",
    "hebrew": "he",
    "japanese": "ja",
    "korean": "ko",
    "russian": "ru",
    "spanish": "es",
    "thai": "th",
}
