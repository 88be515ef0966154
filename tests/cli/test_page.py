"""`--format html` and `--embed`."""

import base64
import json
import re
from pathlib import Path

import subalign.pipeline.page_media


def data_of(page: str, element: str) -> str:
    (found,) = re.findall(rf'<script type="[^"]*" id="{element}">\n(.*?)</script>', page, re.DOTALL)
    return found


def test_a_page_stands_beside_its_recording(transcribe, folder, clip):
    assert transcribe("talk.wav", "-f", "html,json").code == 0
    page = (folder / "talk.html").read_text("utf-8")
    facts = json.loads(data_of(page, "page-facts"))
    assert (facts["name"], facts["href"], facts["embedded"]) == ("talk.wav", "./talk.wav", False)
    assert data_of(page, "result").strip() == (folder / "talk.json").read_text("utf-8").strip()
    assert len(base64.b64decode(data_of(page, "peaks"))) == 400


def test_only_a_page_reads_the_recording(transcribe, folder, clip, monkeypatch):
    read = []
    page_media = subalign.pipeline.page_media.page_media
    monkeypatch.setattr(
        subalign.pipeline.page_media,
        "page_media",
        lambda *given, **rest: read.append(given) or page_media(*given, **rest),
    )
    assert transcribe("talk.wav", "-f", "srt,json").code == 0
    assert read == []
    assert transcribe("talk.wav", "-f", "txt,html").code == 0
    assert read == [("talk.wav", Path())]


def test_a_page_elsewhere_finds_its_recording(transcribe, folder, clip):
    assert transcribe("talk.wav", "-f", "html", "-o", "pages").code == 0
    page = (folder / "pages" / "talk.html").read_text("utf-8")
    assert json.loads(data_of(page, "page-facts"))["href"] == "../talk.wav"


def test_embed_puts_the_recording_into_the_page(transcribe, folder, clip):
    assert transcribe("talk.wav", "-f", "html", "--embed").code == 0
    embedded = data_of((folder / "talk.html").read_text("utf-8"), "embedded")
    data = b"".join(map(base64.b64decode, embedded.split()))
    assert data == (folder / "talk.wav").read_bytes()


def test_a_page_can_be_printed(transcribe, clip):
    outcome = transcribe("talk.wav", "-f", "html", "--embed", "-o", "-")
    assert outcome.code == 0
    assert len(data_of(outcome.out, "embedded")) > 100_000


def test_embed_needs_a_page(transcribe, folder, clip):
    outcome = transcribe("talk.wav", "--embed")
    assert outcome.code == 2
    assert "--embed is for the page: add --format html." in outcome.err


def test_embed_needs_a_file(transcribe, folder):
    outcome = transcribe("https://example.org/talk.mp3", "-f", "html", "--embed")
    assert outcome.code == 2
    assert "--embed needs a recording that is a file: save it first." in outcome.err
