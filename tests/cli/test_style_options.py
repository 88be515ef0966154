"""`--style` and `--highlight-style`: what they stand for, and what is refused."""

import pytest

from subalign.cli.layout_options import LayoutArguments
from subalign.cli.messages import with_options
from subalign.cli.parsers import parse_style
from subalign.errors import UsageError
from subalign.options import StyleOptions


def test_a_style_of_several_parts() -> None:
    assert parse_style("font=Noto Sans, size=54,highlight=#00ff00,position=top") == StyleOptions(
        font="Noto Sans", size=54, highlight="#00ff00", position="top"
    )


@pytest.mark.parametrize("text", [None, "", " , "])
def test_no_style_is_the_default(text: str | None) -> None:
    assert parse_style(text) == StyleOptions()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "weight=3",
            "--style does not know 'weight': it takes KEY=VALUE of font, size, color, highlight, "
            "outline, position.",
        ),
        ("size=big", "--style size=big is no number."),
        ("size=", "--style size= is no number."),
        ("color=red", "--style color=red is no colour: write #rrggbb, such as #ffff00."),
    ],
)
def test_what_is_no_style_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_style(text)
    assert with_options(str(error.value)) == sentence


def test_a_highlight_style_needs_highlighting() -> None:
    assert LayoutArguments(highlight_words=True).options().highlight_style == "underline"
    given = LayoutArguments(highlight_style="karaoke", highlight_words=True)
    assert given.options().highlight_style == "karaoke"
    with pytest.raises(UsageError, match=r"^--highlight-style needs --highlight-words\.$"):
        LayoutArguments(highlight_style="bold").options()
