"""--replace, --remove-fillers and --censor through the command."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def said(folder):
    """talk.json, in which "Um, Jon Smith said damn." is said, each word for half a second."""
    words = [" Um,", " Jon", " Smith", " said", " damn."]
    timed = [
        {"word": word, "start": n / 2, "end": n / 2 + 0.4, "probability": 0.5}
        for n, word in enumerate(words)
    ]
    segment = {"start": 0, "end": 2.4, "text": "".join(words), "words": timed}
    (folder / "talk.json").write_text(json.dumps({"language": "en", "segments": [segment]}))
    (folder / "names.txt").write_text("jon smith => John Smythe-Jones\n")
    (folder / "bad.txt").write_text("damn\n")
    return folder


ALL = ("--replace", "names.txt", "--remove-fillers", "--censor", "bad.txt")


def test_render_writes_other_words_and_the_list_for_the_editor(said, subalign):
    outcome = subalign("render", "talk.json", "-f", "txt,vtt,csv", *ALL)
    assert outcome.code == 0, outcome.err
    assert (said / "talk.txt").read_text() == "John Smythe-Jones said [bleep].\n"
    assert "[bleep]" in (said / "talk.vtt").read_text()
    assert (said / "talk.censored.labels.txt").read_text() == "2.000\t2.400\tdamn\n"
    assert (said / "talk.csv").read_text().splitlines()[1].startswith("0,0.500,0.900,John,0.5")
    assert outcome.err.splitlines()[:3] == [
        "talk.json: 1 word replaced: Jon Smith → John Smythe-Jones.",
        "talk.json: 1 word removed: Um,.",
        "talk.json: 1 word censored.",
    ]
    assert "talk.censored.labels.txt" in outcome.err.splitlines()[3]


def test_the_list_is_one_of_the_results(said, subalign):
    (said / "talk.censored.labels.txt").write_text("mine")
    outcome = subalign("render", "talk.json", *ALL)
    assert outcome.code == 1
    assert "talk.censored.labels.txt is there already" in outcome.err
    assert not (said / "talk.srt").exists()
    assert subalign("render", "talk.json", *ALL, "--overwrite", "-q").err == ""
    printed = subalign("render", "talk.json", *ALL, "-f", "txt", "-o", "-")
    assert printed.out == "John Smythe-Jones said [bleep].\n"


def test_a_glossary_corrects_saved_results(said, subalign):
    (said / "terms.txt").write_text("Jonne Smyth\nblast => damn\n")
    outcome = subalign("render", "talk.json", "-f", "txt", "--glossary", "terms.txt")
    assert (said / "talk.txt").read_text() == "Um, Jonne Smyth said damn.\n"
    assert outcome.err.splitlines()[0] == (
        "talk.json: 1 word corrected by the glossary: Jon Smith → Jonne Smyth."
    )


def test_transcribe_tells_what_its_glossary_changed(clip, transcribe):
    Path("terms.txt").write_text("# of the talk\nMourningh\nmorning => Mourningh\n")
    outcome = transcribe("talk.wav", "-f", "txt", "--glossary", "terms.txt")
    assert "corrected by the glossary: morning → Mourningh." in outcome.err
    assert "Mourningh" in Path("talk.txt").read_text()
    quiet = transcribe("talk.wav", "-f", "txt", "--glossary", "terms.txt", "--overwrite", "-q")
    assert (quiet.code, quiet.err) == (0, "")


def test_a_list_that_cannot_be_used_is_one_sentence(said, subalign):
    missing = subalign("render", "talk.json", "--replace", "none.txt")
    assert missing.err == "Error: none.txt does not exist: check the name.\n"
    Path("names.txt").write_text("nothing")
    wrong = subalign("transcribe", "talk.wav", "--replace", "names.txt")
    assert (wrong.code, wrong.err) == (
        2,
        "Error: names.txt, line 1 replaces nothing: write this => that.\n",
    )


def test_transcribe_and_align_write_other_words(clip, transcribe, subalign):
    assert transcribe("talk.wav", "-f", "json,txt").code == 0
    first = json.loads(Path("talk.json").read_text())
    word = first["segments"][0]["words"][1]["word"].strip(" ,.")
    Path("rules.txt").write_text(f"{word} => changed\n")
    Path("bad.txt").write_text("changed\n")
    rest = ("--replace", "rules.txt", "--censor", "bad.txt", "--overwrite")
    for call in (
        lambda: transcribe("talk.wav", "-f", "json", *rest),
        lambda: subalign("align", "talk.wav", "talk.txt", "-f", "json", "--threads", "1", *rest),
    ):
        outcome = call()
        assert outcome.code == 0, outcome.err
        assert f"{word} → changed" in outcome.err
        assert "[bleep]" in json.loads(Path("talk.json").read_text())["text"]
        label = Path("talk.censored.labels.txt").read_text().splitlines()[0].split("\t")
        assert label[2] == "changed"
