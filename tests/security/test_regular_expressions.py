"""No regular expression of the package backtracks over what it has read, whatever is in a text."""

import re
import sys

import pytest

from regular_expressions import Matcher, TooManyStepsError, Used, expressions, pieces, sample

SMALL, TIMES, MOST_TIMES = 12, 10, 15
MOST = 100_000  # steps of a small text; exponential growth would never end


@pytest.fixture(autouse=True)
def _deep():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    yield
    sys.setrecursionlimit(limit)


def growing(used):
    """A text of which ten times as much takes over fifteen times the steps; None without one."""
    matcher = Matcher(used)
    for start in dict.fromkeys(("", sample(used)[:-1])):
        for piece in pieces(used):
            # the end is what nothing expects
            small, large = (start + piece * n + "\0" for n in (SMALL, TIMES * SMALL))
            try:
                matcher.count(large, MOST_TIMES * matcher.count(small, MOST))
            except TooManyStepsError:
                return start, piece
    return None


def used(pattern, *, anywhere=False, whole=False, flags=0):
    return Used("here", pattern, flags, anywhere, whole)


@pytest.mark.parametrize(
    "expression",
    [
        used(r"(a+)+$"),
        used(r"(?:a|a)*b", anywhere=True),
        used(r"\s*$", anywhere=True),
        used(r"x*[xy]*z"),
        used(r"\s*(\d+)?\s*-", whole=True),
        used("-{2,}>", anywhere=True),
        used(r'"[^"]*\w*"'),
        used(r"<\w+[^>]*>"),
    ],
)
def test_backtracking_is_found(expression):
    assert growing(expression) is not None


@pytest.mark.parametrize(
    "expression",
    [
        used(r"(?<!-)-{2,}>", anywhere=True),
        used(r"\s*-"),
        used(r"[^\n]*"),
        used(r'"[^"]*(?:""[^"]*)*"'),
    ],
)
def test_what_is_linear_passes(expression):
    assert growing(expression) is None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(?i)[a-f]+\b(?!\d)", "ABCg abc1 x"),
        (r"^a|(?<=b)c+?$", "bcc"),
        (r"(?:(\d+):)?(\d+)[^\s,]{2,3}", "12:34abc, 5xy"),
        (r"\W\D*|.", "a-bc1"),
    ],
)
def test_the_matcher_finds_what_python_finds(pattern, text):
    flags = re.IGNORECASE if pattern.startswith("(?i)") else 0
    pattern = pattern.removeprefix("(?i)")
    matcher = Matcher(used(pattern, anywhere=True, flags=flags))
    found = []
    at = 0
    matcher.count(text)
    while at <= len(text):
        end = matcher._match_at(at)
        if end is None:
            at += 1
        else:
            found.append((at, end))
            at = max(end, at + 1)
    assert found == [match.span() for match in re.finditer(pattern, text, flags)]


def test_python_expressions(repo_root):
    found = list(expressions(repo_root / "src" / "subalign"))
    assert len(found) > 100
    bad = [(each.place, each.pattern, growing(each)) for each in found if unlimited(each.pattern)]
    assert [place for place in bad if place[-1] is not None] == []


def test_expressions_of_the_page(repo_root):
    scripts = repo_root.joinpath("src/subalign/subtitles/page").glob("*.js")
    text = "\n".join(path.read_text("utf-8") for path in scripts)
    found = re.findall(r"[(=] ?/((?:[^/\n\\]|\\.)+)/[gimsu]*[,)]", text)
    assert len(found) >= 5
    tried = [used(pattern, anywhere=True) for pattern in found if unlimited(pattern)]
    assert tried
    assert [each.pattern for each in tried if growing(each) is not None] == []


def unlimited(pattern):
    """Whether anything in it may come any number of times."""
    return re.search(r"[*+]|,\}", pattern) is not None
