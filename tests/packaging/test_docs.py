"""The documentation names what there is: what is public, every format, every profile."""

import re
from typing import get_args

import pytest

import subalign
from subalign.options import ProfileName
from subalign.subtitles.formats.registry import FORMATS


@pytest.fixture(scope="module")
def docs(repo_root):
    return repo_root / "docs"


def test_the_library_reference_has_each_public_name_once(docs):
    text = (docs / "library.md").read_text("utf-8")
    named = re.findall(r"^::: subalign\.(\w+)$", text, re.MULTILINE)
    assert sorted(named) == sorted(set(subalign.__all__) - {"__version__"})


def test_the_tables_name_each_format_and_profile(docs):
    for page, names in (("formats.md", FORMATS), ("cues.md", get_args(ProfileName))):
        rows = re.findall(r"^\| `(\w+)`", (docs / page).read_text("utf-8"), re.MULTILINE)
        assert sorted(set(names) - set(rows)) == []


def test_each_page_is_in_the_contents(docs, repo_root):
    contents = (repo_root / "mkdocs.yml").read_text("utf-8")
    named = re.findall(r": ([\w/-]+\.md)$", contents, re.MULTILINE)
    written = {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}
    assert written <= set(named)


def test_readme_links_to_files_that_are_there(repo_root):
    links = re.findall(r"\]\(([^)#]+)\)", (repo_root / "README.md").read_text("utf-8"))
    assert len(links) > 10
    assert [link for link in links if "://" not in link and not (repo_root / link).exists()] == []


def test_the_map_of_contributing_leads_to_files_that_are_there(repo_root):
    text = (repo_root / "CONTRIBUTING.md").read_text("utf-8")
    table = text.partition("## To change X, go to Y")[2].partition("\n## ")[0]
    paths = re.findall(r"`([\w/]+(?:\.py|/))`", table)
    assert len(paths) > 10
    package = repo_root / "src" / "subalign"
    assert [path for path in paths if not (package / path).exists()] == []
