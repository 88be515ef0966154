from pathlib import Path

import pytest

from subalign import UsageError
from subalign.pipeline.language_tags import guess_language, iso_639_2


@pytest.mark.parametrize(
    ("tag", "bibliographic", "terminological"),
    [
        ("de", "ger", "deu"),
        ("ger", "ger", "deu"),
        ("DEU", "ger", "deu"),
        ("pt-BR", "por", "por"),
        ("zh_Hant", "chi", "zho"),
        ("es-419", "spa", "spa"),
        ("de-1996", "ger", "deu"),
        ("iw", "heb", "heb"),
        ("gsw", "gsw", "gsw"),
    ],
)
def test_codes_of_three_letters(tag, bibliographic, terminological):
    assert iso_639_2(tag, "B") == bibliographic
    assert iso_639_2(tag, "T") == terminological


@pytest.mark.parametrize("tag", ["", "xx", "e", "english", "de-", "pt BR", "x-mine"])
def test_what_is_no_tag(tag):
    with pytest.raises(UsageError, match="is no language tag"):
        iso_639_2(tag, "B")


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("talk.de.srt", "de"),
        ("talk.pt-BR.sdh.srt", "pt-BR"),
        ("talk.zh-Hant.vtt", "zh-Hant"),
        ("talk.srt", None),
        ("talk.xx.srt", None),
        ("talk.final.cut.srt", None),
        ("de.srt", None),
    ],
)
def test_the_language_of_a_file_name(name, language):
    assert guess_language(Path(name)) == language
