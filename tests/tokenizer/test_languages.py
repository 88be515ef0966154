"""Language codes, names, aliases and suggestions."""

import json
from pathlib import Path

import pytest

from subalign.errors import UsageError
from subalign.tokenizer import ALIASES, LANGUAGES, to_language_code


def test_languages_are_those_of_the_facts(shared: Path) -> None:
    facts = json.loads((shared / "facts" / "languages.json").read_text(encoding="utf-8"))
    assert list(LANGUAGES.items()) == list(facts["languages"].items())
    assert facts["aliases"] == ALIASES
    assert len(LANGUAGES) == 100


def test_every_code_name_and_alias_leads_to_its_code() -> None:
    for code, name in LANGUAGES.items():
        assert to_language_code(code) == to_language_code(name) == code
        assert to_language_code(f" {name.title()} ") == to_language_code(code.upper()) == code
    for name, code in ALIASES.items():
        assert to_language_code(name) == code


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("germn", "The language 'germn' is not known: did you mean german (de)?"),
        ("Castillian", "The language 'Castillian' is not known: did you mean castilian (es)?"),
        ("en-US", "The language 'en-US' is not known: did you mean en (english)?"),
        ("pt_BR", "The language 'pt_BR' is not known: did you mean pt (portuguese)?"),
        (
            "klingon!!",
            "The language 'klingon!!' is not known: give an English name or a code that Whisper "
            "uses, such as german or de.",
        ),
        (
            "",
            "The language '' is not known: give an English name or a code that Whisper "
            "uses, such as german or de.",
        ),
    ],
)
def test_an_unknown_language_is_refused_with_advice(wanted: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        to_language_code(wanted)
    assert str(error.value) == sentence
