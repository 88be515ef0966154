"""subalign.toml, the variables SUBALIGN_…, what wins, and `config show`."""

import json
from pathlib import Path

import pytest

from subalign.cli.settings import read_settings

RESULT = {
    "segments": [
        {
            "start": 0.0,
            "end": 4.0,
            "text": " It was late when we left the house, and nobody was there.",
            "words": [
                {"word": word, "start": index / 3, "end": index / 3 + 0.3}
                for index, word in enumerate(
                    " It, was, late, when, we, left, the, house,, and, nobody, was, there.".split(
                        ", "
                    )
                )
            ],
        }
    ]
}


@pytest.fixture
def users(folder, monkeypatch) -> Path:
    """The user's own file; the working folder is `folder`/project."""
    monkeypatch.delenv("SUBALIGN_CONFIG")
    monkeypatch.delenv("SUBALIGN_MODEL")
    path = folder / "home" / "subalign.toml"
    path.parent.mkdir()
    monkeypatch.setattr("subalign.cli.settings._users_file", lambda: path)
    (folder / "project").mkdir()
    monkeypatch.chdir(folder / "project")
    return path


@pytest.fixture
def project(users) -> Path:
    """The project's file."""
    return Path("subalign.toml").absolute()


@pytest.fixture
def shown(subalign):
    """What `config show --json` tells of options: command and option to value and origin."""

    def show(*before):
        outcome = subalign(*before, "config", "show", "--json")
        assert outcome.code == 0, outcome.err
        options = json.loads(outcome.out)["options"]
        return {(row["command"], row["option"]): (row["value"], row["from"]) for row in options}

    return show


def test_the_nearest_file_wins_then_the_environment(users, project, shown, monkeypatch):
    users.write_text('format = "vtt"\nfps = 25\n[transcribe]\nlanguage = "de"\nbeam-size = 2\n')
    project.write_text('format = ["srt", "json"]\nlanguage = "fr"\n[transcribe]\nfps = 24\n')
    monkeypatch.setenv("SUBALIGN_LANGUAGE", "it")
    monkeypatch.setenv("SUBALIGN_MAX_CPS", "")
    found = shown()
    assert found["transcribe", "format"] == (["srt", "json"], str(project))
    assert found["transcribe", "fps"] == ("24", f"{project} [transcribe]")
    assert found["render", "fps"] == ("25", str(users))
    assert found["transcribe", "beam-size"] == ("2", f"{users} [transcribe]")
    assert found["transcribe", "language"] == ("it", "SUBALIGN_LANGUAGE")
    assert ("mux", "language") not in found
    assert ("transcribe", "max-cps") not in found


def test_the_project_is_the_nearest_folder_that_has_a_file(users, project, shown, monkeypatch):
    project.write_text("fps = 25")
    (project.parent / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(project.parent / "a" / "b")
    assert shown()["align", "fps"] == ("25", str(project))
    Path("../subalign.toml").write_text("quiet = true")
    assert set(shown()) == {
        (name, "quiet") for name in ("transcribe", "align", "render", "retime", "mux")
    } - {("check", "quiet")}


def test_config_names_the_one_file_or_none(users, project, shown, monkeypatch):
    users.write_text("fps = 25")
    project.write_text("fps = 24")
    Path("other.toml").write_text("quiet = false")
    assert set(shown("--config", "other.toml")) == {
        (name, "quiet") for name in ("transcribe", "align", "render", "retime", "mux")
    }
    assert shown("--config=none") == {}
    monkeypatch.setenv("SUBALIGN_CONFIG", "none")
    assert shown() == {}


def test_settings_do_what_the_options_do(project, subalign):
    Path("talk.json").write_text(json.dumps(RESULT))
    project.write_text('format = "vtt"\noutput-dir = "out"\nmax-line-width = 20\n')
    assert subalign("render", "talk.json").code == 0
    text = (project.parent / "out" / "talk.vtt").read_text()
    assert max(map(len, text.splitlines()[3:5])) <= 20
    assert subalign("render", "talk.json", "-f", "txt", "-o", "-").out.startswith("It was late")
    given = subalign("render", "talk.json", "--config", "x")
    assert "No such option" in given.err


def test_a_profile_of_ones_own(users, project, subalign, monkeypatch):
    users.write_text('[profile.wide]\nbase = "verbatim"\nmax-line-width = 30\nmax-line-count = 1\n')
    project.write_text('[profile.house]\nbase = "wide"\nmax-line-width = 20\ndefault = true\n')
    Path("talk.json").write_text(json.dumps(RESULT))

    def widest(*arguments):
        text = subalign("render", "talk.json", "-o", "-", *arguments).out
        assert text, arguments
        return max(len(line) for line in text.split("\n") if "-->" not in line)

    assert widest() <= 20
    assert 20 < widest("--profile", "wide") <= 30
    assert widest("--profile", "wide", "--max-line-width", "25") <= 25
    assert widest("--profile", "broadcast") > 30
    wrong = subalign("render", "talk.json", "--profile", "hose")
    assert wrong.code == 2
    assert "openai, wide or house, not 'hose'." in wrong.err
    listed = json.loads(subalign("config", "show", "--json").out)["profiles"]
    limits = {"base": "verbatim", "max-line-width": 20, "max-line-count": 1}
    assert listed[1] == {"name": "house", "from": str(project)} | limits


def test_check_reports_the_profile_of_ones_own(project, subalign):
    project.write_text('[profile.house]\nbase = "netflix"\nmax-cps = 2\ndefault = true\n')
    Path("talk.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nGood morning.\n\n")
    outcome = subalign("check", "talk.srt", "--json")
    (file,) = json.loads(outcome.out)["files"]
    assert (outcome.code, file["profile"]) == (1, "house")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max-cp = 3", "max-cp is no option: perhaps max-cps is meant."),
        ("max_cps = 'fast'", "max_cps takes a number, not 'fast'."),
        ("max-line-count = 1.5", "max-line-count takes a whole number, not 1.5."),
        ("language = true", "language takes text, not true."),
        ("language = ['de', 'fr']", "language takes one value, not 2."),
        ("format = [['srt']]", "format takes text, not ['srt']."),
        ("quiet = 'yes'", "quiet takes true or false, not 'yes'."),
        ("vad = 'siler'", "vad takes silero, loudness or none, not 'siler'."),
        ("threads = -1", "threads takes a whole number from 0 up, not -1."),
        ("fix = true", "fix is an option of check: write it below [check]."),
        ("[transcrib]\nx = 1", "[transcrib] is no command of subalign: perhaps transcribe is"),
        ("[check]\nprofle = 1", "[check] profle is no option: perhaps profile is meant."),
        ("[profile.a]\nbase = 'bbb'", "[profile.a] base must be netflix, bbc, broadcast, social"),
        ("[profile.a]\nmax-cp = 3", "[profile.a] does not know max-cp: perhaps max-cps is meant."),
        ("[profile.a]\nmax-cps = -3", "[profile.a] max-cps must be above 0, not -3."),
        ("[profile.a]\ngap-frames = 0.5", "[profile.a] gap-frames takes a whole number, not 0.5."),
        ("[profile.bbc]", "[profile.bbc] bbc is a profile already: choose another name."),
        ("[profile.a]\nbase = 'b'\n[profile.b]\nbase = 'a'", "[profile.a] is its own base: name"),
        ("profile.a = 1", "profile.a is no profile: write [profile.a], and below it its limits."),
        ("[profile.a]\ndefault = true\n[profile.b]\ndefault = true", "are both the default"),
        ("profile = 'a'\n[profile.a]", "write default = true in the profile."),
        ("x = [", "is no TOML: Invalid value (at end of document)."),
        ("[" * 3000, "is no TOML"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_files_name(project, subalign, text, sentence):
    project.write_text(text)
    outcome = subalign("render", "talk.json")
    assert outcome.code == 2
    assert outcome.err.startswith(f"Error: {project}")
    assert outcome.err.count("\n") == 1
    assert sentence in outcome.err
    assert subalign("transcribe", "--help").code == 0


def test_files_that_cannot_be_read(project, subalign):
    project.write_bytes(b"language = '\xff'")
    assert f"{project} is not UTF-8" in subalign("doctor").err
    missing = subalign("--config", "none.toml", "doctor")
    assert (
        missing.err == "Error: --config none.toml is no file: name a file such as subalign.toml.\n"
    )


def test_a_variable_is_checked_too(users, subalign, monkeypatch):
    monkeypatch.setenv("SUBALIGN_MAX_CPS", "fast")
    outcome = subalign("render", "talk.json")
    assert (outcome.code, outcome.err) == (
        2,
        "Error: SUBALIGN_MAX_CPS takes a number, not 'fast'.\n",
    )


def test_an_error_says_where_the_option_is_set(project, subalign):
    project.write_text("max-cps = 15\n")
    outcome = subalign("render", "talk.json", "--profile", "openai")
    assert outcome.code == 2
    assert outcome.err.endswith(f"than openai. --max-cps is set in {project}.\n")


def test_the_nearer_of_options_that_exclude_each_other_wins(users, project, subalign, shown):
    Path("talk.json").write_text(json.dumps(RESULT))
    Path("talk.srt").write_text("mine")
    users.write_text("overwrite = true\n[transcribe]\nfp16 = true\n")
    project.write_text('skip-existing = true\n[transcribe]\ncompute = "float32"\n')
    found = shown()
    assert ("render", "overwrite") not in found
    assert ("transcribe", "fp16") not in found
    assert "skipped" in subalign("render", "talk.json").err
    assert subalign("render", "talk.json", "--overwrite").code == 0
    assert Path("talk.srt").read_text() != "mine"
    project.write_text("skip-existing = true\noverwrite = true\n")
    both = subalign("render", "talk.json")
    assert f"--overwrite is set in {project}. --skip-existing is set in {project}." in both.err


def test_retime_replaces_no_file_because_of_a_setting(project, subalign):
    Path("talk.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nGood morning.\n\n")
    project.write_text("overwrite = true")
    assert subalign("retime", "talk.srt", "--shift", "1").code == 1
    project.write_text("[retime]\noverwrite = true")
    assert subalign("retime", "talk.srt", "--shift", "1").code == 0


def test_config_show_tells_people(project, subalign, monkeypatch):
    project.write_text('format = "vtt"\n[profile.house]\nbase = "bbc"\nmax-cps = 15\n')
    monkeypatch.setenv("SUBALIGN_FPS", "25")
    lines = subalign("config", "show").out.splitlines()
    assert lines[2] == f"  {project}"
    assert any(
        line.split() == ["fps", "25", "SUBALIGN_FPS", "transcribe,", "align,", "render,", "check"]
        for line in lines
    )
    assert lines[-1] == f"Profile house: base bbc, max-cps 15 ({project})"
    rows = [line.split() for line in subalign("config", "show", "check").out.splitlines()]
    assert ["fps", "25", "SUBALIGN_FPS"] in rows
    assert ["fix", "no", "default"] in rows
    wrong = subalign("config", "show", "sing")
    assert "COMMAND must be one of transcribe, align, render" in wrong.err


@pytest.mark.parametrize(
    "arguments",
    [("talk.mp4",), ("--debug", "talk.mp4"), ("-q", "-f", "vtt", "talk.mp4"), ("./talk",)],
)
def test_a_file_without_a_command_is_transcribed(folder, subalign, arguments):
    outcome = subalign(*arguments)
    assert outcome.code == 1
    assert f"{arguments[-1].removeprefix('./')} does not exist" in outcome.err


def test_a_misspelt_command_is_no_file(folder, subalign):
    outcome = subalign("transcibe", "talk.mp4")
    assert outcome.code == 2
    assert "No such command 'transcibe'. Did you mean 'transcribe'?" in outcome.err
    (folder / "talk").write_text("no sound")
    assert "No such command" not in subalign("talk").err


def test_no_option_means_two_things_at_the_top():
    """A key at the top goes to all commands that have the option: its kind must be the same."""
    from typer.main import get_command

    from subalign.cli.app import app
    from subalign.cli.settings import own_commands

    kinds: dict[str, set[tuple[str, bool]]] = {}
    for options in read_settings(own_commands(get_command(app)), "none").options.values():
        for name, option in options.items():
            if option.allow_from_autoenv:
                kinds.setdefault(name, set()).add((option.type.name, option.multiple))
    assert len(kinds) > 60
    assert [name for name, found in kinds.items() if len(found) > 1] == []
