"""A format is one file with one class: the registry, the library and its files know it by that."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import subalign
from subalign import Transcript
from subalign.subtitles import file_name, format_of, get_writer, resolve_formats
from subalign.subtitles.formats.base import WRITERS

TOY = '''
from subalign.subtitles import CueWriter

class SungWriter(CueWriter):
    """A line for each cue, with a note before the word that is sung."""

    name = "sung"
    extension = "sung.txt"

    def render(self, transcript):
        for span in self.rendered(transcript):
            yield f"{span.start_ms} {span.text}\\n"

    def escape(self, text):
        return text.replace("#", "\\N{MUSIC SHARP SIGN}")

    def tag(self, tag):
        return {"i": "/"}.get(tag.style, "")

    def highlight_tags(self):
        return "\\N{EIGHTH NOTE}", ""
'''


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[None]:
    """The format as a file, imported, and forgotten afterwards."""
    path = tmp_path / "sung.py"
    path.write_text(TOY, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("sung", path)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    yield
    del WRITERS["sung"]


@pytest.mark.usefixtures("toy")
def test_a_file_adds_a_format(make: Callable[..., Transcript], tmp_path: Path) -> None:
    assert resolve_formats(["srt,sung"]) == ("srt", "sung")
    assert file_name("talk", "sung") == "talk.sung.txt"
    assert format_of("talk.sung.txt") == ("sung", "talk")
    transcript = make([(" A#", 0.0, 1.0), (" B", 1.0, 2.0)])
    options = subalign.LayoutOptions(profile="openai", highlight_words=True)
    assert list(get_writer("sung", options).render(transcript)) == ["0 ♪A♯ B\n", "1000 A♯ ♪B\n"]
    path = tmp_path / "talk.sung.txt"
    subalign.write(transcript, path, layout=subalign.LayoutOptions(profile="openai"))
    assert path.read_text(encoding="utf-8") == "0 A♯ B\n"
