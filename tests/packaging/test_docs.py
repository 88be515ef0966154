"""The documentation names what there is: what is public, every format, every profile."""

import re
import shlex
from typing import get_args

import pytest
from typer.main import get_command

import subalign
from subalign.cli.app import app
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


def test_commands_in_the_pages_have_the_options_that_they_show(docs, repo_root):
    root = get_command(app)
    shown = 0
    for page in (*docs.rglob("*.md"), repo_root / "README.md"):
        blocks = re.findall(
            r"^```(?:sh)?\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
        text = "\n".join(blocks).replace("\\\n", " ")
        for line in re.findall(r"^ *(?:\$ )?(?:.*\| )?subalign (.+)$", text, re.MULTILINE):
            command, words = root, shlex.split(line, comments=True)
            while words and words[0] in getattr(command, "commands", ()):
                command = command.commands[words.pop(0)]
            known = {name for one in command.params for name in one.opts + one.secondary_opts}
            given = {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)}
            assert given <= known, (page.name, line)
            shown += 1
    assert shown > 40


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


def test_the_scripts_for_clusters_have_the_options_and_files_that_they_name(docs, repo_root):
    command = get_command(app).commands["transcribe"]
    known = {name for one in command.params for name in one.opts}
    for name in ("slurm.sh", "kubernetes.yaml"):
        text = (docs / "cluster" / name).read_text("utf-8").replace("\\\n", " ")
        [call] = re.findall(r"subalign transcribe (.+(?:\n +--.+)*)", text)
        given = set(re.findall(r"--[a-z-]+", call))
        assert {"--resume", "--jobs", "--shard"} < given <= known
    dockerfile = (docs / "cluster" / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (.+) \S+$", dockerfile, re.MULTILINE)
    files = [file for line in copied for file in line.split()]
    assert {"pyproject.toml", "src"} <= set(files)
    assert [file for file in files if not (repo_root / file).exists()] == []
