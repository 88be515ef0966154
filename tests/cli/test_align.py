"""`subalign align` as a user meets it: the times, the files, the report, and what is refused."""

import io
import json
import re
import sys
from types import SimpleNamespace

import pytest

LINES = (
    "Good morning, and welcome to our program.",
    "We are very happy that you are here.",
    "Thank you very much.",
    "What kind of work do you do?",
)

UNRELATED = "\n".join(
    (
        "The quarterly figures exceeded every forecast published previously.",
        "Volcanic eruptions transformed glaciers throughout northern Iceland.",
        "Parliament debated fishing quotas until midnight.",
    )
)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def srt_times(text):
    clock = r"(\d\d):(\d\d):(\d\d),(\d{3})"
    found = re.findall(f"{clock} --> {clock}", text)
    numbers = [[int(part) for part in times] for times in found]
    return [
        tuple(h * 3600 + m * 60 + s + ms / 1000 for h, m, s, ms in (times[:4], times[4:]))
        for times in numbers
    ]


@pytest.fixture(scope="session")
def opening(talk, ffmpeg, tmp_path_factory):
    """The first 10 seconds of the talk: four sentences."""
    path = tmp_path_factory.mktemp("opening") / "talk.wav"
    ffmpeg("-i", talk, "-t", "10.2", "-ac", "1", "-ar", "16000", path)
    return path


@pytest.fixture
def recording(folder, opening):
    """talk.wav and talk.txt in the working folder."""
    path = folder / "talk.wav"
    path.write_bytes(opening.read_bytes())
    (folder / "talk.txt").write_text("\n".join(LINES) + "\n")
    return path


@pytest.fixture
def align(subalign):
    return lambda *arguments: subalign("align", "--threads", "1", *arguments)


@pytest.fixture
def says(align, folder):
    """The exit code and the one line that is said; nothing is written."""

    def call(*arguments):
        before = names(folder)
        outcome = align(*arguments)
        assert names(folder) == before
        assert outcome.out == ""
        (line,) = outcome.err.splitlines()
        return outcome.code, line

    return call


def true_words(repo_root, until):
    words = json.loads((repo_root / "examples" / "talk.words.json").read_text("utf-8"))
    found = words["words"] if isinstance(words, dict) else words
    return [word for word in found if word["end"] <= until]


# --- what comes of it --------------------------------------------------------------------------


def test_cues_sit_on_the_words(align, folder, recording, repo_root):
    outcome = align("talk.wav", "talk.txt")
    assert (outcome.code, outcome.out) == (0, "")
    assert names(folder) == ["talk.json", "talk.srt", "talk.txt", "talk.wav"]
    result = json.loads((folder / "talk.json").read_text("utf-8"))
    assert [segment["text"].strip() for segment in result["segments"]] == list(LINES)
    words = [word for segment in result["segments"] for word in segment["words"]]
    truth = true_words(repo_root, 10.2)
    assert len(words) == len(truth) == len(" ".join(LINES).split())
    errors = [abs(word["start"] - true["start"]) for word, true in zip(words, truth, strict=True)]
    assert sum(errors) / len(errors) < 0.15
    edges = [edge for word in words for edge in (word["start"], word["end"])]
    assert edges == sorted(edges)
    assert all(word["end"] - word["start"] > 0.0199 for word in words)
    assert all(isinstance(word["estimated"], bool) for word in words)
    times = srt_times((folder / "talk.srt").read_text("utf-8"))
    first = [segment["words"][0]["start"] for segment in result["segments"]]
    assert [start for start, _ in times] == pytest.approx(first)


def test_what_is_said_about_it(align, folder, recording):
    lines = align("talk.wav", "talk.txt").err.splitlines()
    assert lines[0] == "Words"
    counts = [
        re.fullmatch(r"  (heard|estimated|not found) +(\d+) +[\d.]+%", row) for row in lines[1:4]
    ]
    assert sum(int(row[2]) for row in counts) == len(" ".join(LINES).split())
    assert re.fullmatch(
        r"talk\.wav → talk\.srt, talk\.json \(10 s of audio in [\d.]+ s, [\d.]+x\)", lines[-1]
    )
    assert align("talk.wav", "talk.txt", "--overwrite", "-q").err == ""


def test_the_report(align, folder, recording):
    assert align("talk.wav", "talk.txt", "-q", "--report", "sub/report.json").code == 0
    report = json.loads((folder / "sub" / "report.json").read_text("utf-8"))
    assert report["words"] == len(" ".join(LINES).split())
    assert report["heard"] + report["estimated"] + report["missing"] == report["words"]
    assert report["heard"] >= report["edges_by_sound"] > 0
    assert report["heard_share"] >= 0.5


def test_subtitles_are_retimed(align, folder, recording):
    cues = (
        "<i>Good morning</i>, and welcome\nto our program.",
        "[applause]",
        "- ANNA: We are very happy\n- that you are here.",
        "Thank you very much.",
    )
    old = "".join(
        f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\n{cue}\n\n" for n, cue in enumerate(cues, 1)
    )
    (folder / "old.srt").write_text(old)
    assert align("talk.wav", "old.srt", "-f", "srt,vtt", "-q").code == 0
    new = (folder / "talk.srt").read_text("utf-8")
    text = re.sub(r"[\d:,]+ --> [\d:,]+", "*", new)
    assert text == re.sub(r"[\d:,]+ --> [\d:,]+", "*", old)
    assert new != old
    assert "\n<i>Good morning</i>, and welcome\n" in (folder / "talk.vtt").read_text("utf-8")
    starts = [start for start, _ in srt_times(new)]
    assert starts == sorted(starts)


def test_lines_are_laid_out_anew(align, folder, recording):
    for name, options in (
        ("kept", ()),
        ("anew", ("--profile", "openai", "--max-line-width", "20", "--max-line-count", "1")),
        ("limited", ("--profile", "openai", "--max-words-per-line", "3")),
    ):
        assert align("talk.wav", "talk.txt", "-q", "-f", "srt", "-o", name, *options).code == 0
    kept, anew, limited = (
        (folder / name / "talk.srt").read_text("utf-8") for name in ("kept", "anew", "limited")
    )
    assert f"\n{LINES[0]}\n" in kept
    assert max(map(len, anew.splitlines())) <= len("00:00:00,000 --> 00:00:00,000")
    assert "\nGood morning, and\n" in anew
    assert "\nGood morning, and\n\n" in limited


def test_words_light_up_and_labels_do_not(align, folder, recording):
    (folder / "talk.txt").write_text("ANNA: " + "\nANNA: ".join(LINES))
    assert align("talk.wav", "talk.txt", "-q", "-f", "vtt", "--highlight-words").code == 0
    text = (folder / "talk.vtt").read_text("utf-8")
    assert "\nANNA: <u>Good</u> morning, and welcome to our program.\n" in text
    assert "<u>ANNA" not in text


def test_patterns_are_kept_and_not_aligned(align, folder, recording):
    (folder / "talk.txt").write_text(LINES[0].replace(",", " *waves*,") + "\n" + LINES[1])
    assert align("talk.wav", "talk.txt", "-q", "-f", "json", "--ignore", r"\*\w+\*").code == 0
    result = json.loads((folder / "talk.json").read_text("utf-8"))
    texts = [word["word"] for word in result["segments"][0]["words"]]
    assert texts[:2] == [" Good", " morning"]
    assert "*waves*" in result["segments"][0]["text"]
    assert not any("waves" in text for text in texts)


def test_standard_streams(align, folder, recording, monkeypatch):
    data = "\n".join(LINES).encode("utf-16")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    outcome = align("talk.wav", "-", "-f", "srt", "-o", "-", "-q")
    assert outcome.code == 0
    assert f"\n{LINES[0]}\n" in outcome.out
    assert names(folder) == ["talk.txt", "talk.wav"]


def test_our_own_json_is_a_transcript(align, folder, recording):
    assert align("talk.wav", "talk.txt", "-q", "-f", "json").code == 0
    assert align("talk.wav", "talk.json", "-q", "-f", "json", "-o", "again").code == 0
    first, again = (
        json.loads((folder / name).read_text("utf-8")) for name in ("talk.json", "again/talk.json")
    )
    assert again["segments"] == first["segments"]


def test_a_text_of_another_recording_does_not_align(align, folder, recording):
    (folder / "other.txt").write_text(UNRELATED)
    outcome = align("talk.wav", "other.txt", "--report", "report.json")
    assert outcome.code == 4
    assert names(folder) == [
        "other.txt",
        "report.json",
        "talk.json",
        "talk.srt",
        "talk.txt",
        "talk.wav",
    ]
    assert re.search(
        r"^Error: Only \d+% of the words of other\.txt were heard in talk\.wav, less than "
        r"--min-heard 0\.5: check that the two belong together, or use a better --model\.$",
        outcome.err,
        re.MULTILINE,
    )
    assert json.loads((folder / "report.json").read_text("utf-8"))["heard_share"] < 0.5
    assert align("talk.wav", "other.txt", "-q", "--overwrite", "--min-heard", "0").code == 0


# --- files that are there ----------------------------------------------------------------------


def test_a_transcript_is_never_lost(align, folder, recording):
    srt = folder / "talk.srt"
    srt.write_text("1\n00:00:01,000 --> 00:00:02,000\nGood morning.\n\n")
    before = srt.read_text()
    outcome = align("talk.wav", "talk.srt")
    assert outcome.code == 1
    assert outcome.err == (
        "Error: talk.srt is the transcript itself: add --overwrite to replace it, or give another "
        "--output-dir.\n"
    )
    assert align("talk.wav", "talk.srt", "--skip-existing", "-q").code == 0
    assert srt.read_text() == before
    assert (folder / "talk.json").exists()
    outcome = align("talk.wav", "talk.srt", "--overwrite", "--min-heard", "1", "-q")
    if outcome.code == 4:  # not all was heard
        assert "Warning: talk.srt is left as it was" in outcome.err
        assert srt.read_text() == before
    assert align("talk.wav", "talk.srt", "--overwrite", "--min-heard", "0", "-q").code == 0
    assert srt.read_text() != before
    assert "\nGood morning.\n" in srt.read_text()


def test_a_transcript_that_does_not_fit_stays_as_it_is(align, folder, recording):
    srt = folder / "talk.srt"
    cues = UNRELATED.splitlines()
    srt.write_text(
        "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{cue}\n\n" for n, cue in enumerate(cues))
    )
    before = srt.read_text()
    outcome = align("talk.wav", "talk.srt", "--overwrite", "-q")
    assert outcome.code == 4
    assert outcome.err.startswith(
        "Warning: talk.srt is left as it was, as it does not fit the recording.\n"
    )
    assert srt.read_text() == before
    assert (folder / "talk.json").exists()


def test_results_that_are_there(align, folder, recording):
    (folder / "talk.json").write_text("mine")
    (folder / "report.json").write_text("mine")
    outcome = align("talk.wav", "talk.txt", "--report", "report.json")
    assert outcome.err == (
        "Error: talk.json, report.json is there already: add --overwrite to replace it or "
        "--skip-existing to keep it.\n"
    )
    (folder / "talk.srt").write_text("mine")
    outcome = align("talk.wav", "talk.txt", "--report", "report.json", "--skip-existing")
    assert (outcome.code, outcome.err) == (0, "talk.wav is skipped: its results are there.\n")


@pytest.mark.parametrize("name", ["talk.json", "talk.txt", "talk.wav", "./talk.srt"])
def test_the_report_takes_no_other_files_place(says, recording, name):
    code, line = says("talk.wav", "talk.txt", "--report", name, "--overwrite")
    assert code == 2
    assert (
        line
        == f"Error: --report {name.removeprefix('./')} is another file of this run: name a new one."
    )


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", "", "a.txt holds no text: give the transcript of the recording."),
        (
            "a.txt",
            "[music]\n♪",
            "a.txt holds nothing that is said, only directions, names or signs",
        ),
        ("a.txt", "Привет, как дела?", "a.txt is written in Cyrillic letters, but model micro.en"),
        (
            "a.txt",
            "word " * 400,
            "a.txt has 400 words, more than anyone can say in the recording's",
        ),
        ("a.srt", "hello", "a.srt holds no SubRip cues: check the file"),
        ("a.json", "{}", "a.json holds no transcript (no segments): give JSON as subalign"),
    ],
)
def test_transcripts_that_are_none(align, folder, recording, name, content, sentence):
    (folder / name).write_text(content, "utf-8")
    outcome = align("talk.wav", name, "-q")
    assert outcome.code == 1
    assert outcome.err.startswith(f"Error: {sentence}")
    assert len(outcome.err.splitlines()) == 1
    assert names(folder) == sorted([name, "talk.txt", "talk.wav"])


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("no.wav", "talk.txt"), 1, "no.wav does not exist: check the name."),
        (("talk.wav", "no.txt"), 1, "no.txt does not exist: check the name."),
        (("talk.txt", "talk.wav"), 1, "talk.wav is not a text file: give the transcript as .txt"),
        ((".", "talk.txt"), 1, ". is a folder: name the recording that the transcript is of."),
        (("-", "-"), 2, "Standard input is either the recording or the transcript"),
        (("talk.wav", "talk.txt", "--ignore", "("), 2, "--ignore '(' is no regular expression"),
        (("talk.wav", "talk.txt", "--min-heard", "2"), 2, "--min-heard must lie between 0 and 1"),
        (("talk.wav", "talk.txt", "--language", "de"), 2, "Model micro.en is English-only"),
        (("talk.wav", "talk.txt", "--language", "klingon"), 2, "The language 'klingon' is not"),
        (("talk.wav", "talk.txt", "-f", "pdf"), 2, "--format does not know 'pdf'"),
        (("talk.wav", "talk.txt", "-o", "-"), 2, "Standard output takes one result"),
        (("talk.wav", "talk.txt", "--method", "magic"), 2, "--method must be"),
        (("talk.wav", "talk.txt", "--model", "nonesuch"), 3, "There is no model"),
        (
            ("talk.wav", "talk.txt", "--keep-lines", "--max-line-width", "9"),
            2,
            "--max-line-width, --max-line-count and --max-words-per-line break lines anew",
        ),
    ],
)
def test_command_lines_that_cannot_be_carried_out(says, recording, arguments, code, sentence):
    found, line = says(*arguments, "-q")
    assert (found, line[: len(sentence) + 7]) == (code, f"Error: {sentence}")


@pytest.mark.parametrize(("name", "unsaid"), [("caps.txt", 0), ("t2_digits.txt", 4)])
def test_texts_of_the_shared_cases(subalign, folder, shared, name, unsaid):
    """All that is said is heard: in capitals, and after a line of digits that nobody says."""
    cases = shared / "cases"
    if not cases.is_dir():
        pytest.skip("needs ../shared/cases")
    outcome = subalign(
        "align", cases / "ref.mp3", cases / name, "-o", ".", "-f", "txt,json", "--threads", "1"
    )
    assert outcome.code == 0, outcome.err
    text = " ".join((cases / name).read_text("utf-8").split())
    assert " ".join((folder / "ref.txt").read_text("utf-8").split()) == text
    segments = json.loads((folder / "ref.json").read_text("utf-8"))["segments"]
    words = [word for segment in segments for word in segment["words"]]
    assert sum(bool(word.get("estimated")) for word in words) == unsaid
    assert len(words) == 45 + unsaid
