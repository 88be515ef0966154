"""Every profile in many languages against the files of tests/subtitles/golden.

`LANGUAGE.words.tsv` holds start, end and text of words; `PROFILE/LANGUAGE.srt` what they become.
`PYTHONPATH=tests python tests/subtitles/layout/test_golden.py` writes the latter anew: read what
has changed.
"""

import pytest

from golden_texts import GOLDEN, LANGUAGES
from subalign.options import LayoutOptions, ProfileName
from subalign.results import Segment, Transcript, Word
from subalign.subtitles import get_writer
from subalign.subtitles.layout.profiles import PROFILES

CASES = [(profile, language) for profile in (*PROFILES, "openai") for language in LANGUAGES]


def laid_out(profile: ProfileName, language: str) -> str:
    rows = (GOLDEN / f"{language}.words.tsv").read_text("utf-8").splitlines()
    words = tuple(
        Word(text, float(start), float(end), 1.0)
        for start, end, text in (row.split("\t") for row in rows)
    )
    text = "".join(word.text for word in words)
    segment = Segment(0, 0, words[0].start, words[-1].end, text, (), 0.0, 0.0, 1.0, 0.0, words)
    transcript = Transcript(text, LANGUAGES[language], (segment,), words[-1].end + 5, "m", "0")
    return "".join(get_writer("srt", LayoutOptions(profile=profile)).render(transcript))


@pytest.mark.parametrize(("profile", "language"), CASES)
def test_the_layout_is_the_golden_one(profile: ProfileName, language: str) -> None:
    golden = (GOLDEN / profile / f"{language}.srt").read_text("utf-8")
    assert laid_out(profile, language) == golden


if __name__ == "__main__":
    for case in CASES:
        path = GOLDEN / case[0] / f"{case[1]}.srt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(laid_out(*case), "utf-8")
