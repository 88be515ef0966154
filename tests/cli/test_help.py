"""Help and completion: complete, exact, and quick."""

import re
import subprocess
import sys

import pytest

from subalign import __version__
from subalign.cli.messages import EXIT_CODES

HEAVY = ("torch", "numba", "triton", "numpy", "tiktoken", "huggingface_hub", "pydantic", "rich")

_CALLS = """
import sys
from subalign.cli.app import run
for arguments in (
    [], ["--help"], ["--version"], ["transcribe", "--help"], ["models", "--help"],
    ["models", "list", "--help"], ["models", "get", "--help"], ["models", "where", "--help"],
    ["jobs", "--help"], ["jobs", "show", "--help"], ["jobs", "verify", "--help"],
    ["doctor", "--help"], ["transcribe"], ["transcribe", "a.wav", "--nonsense"],
    ["align", "--help"], ["align"], ["align", "a.wav"],
    ["render", "--help"], ["check", "--help"], ["retime", "--help"], ["mux", "--help"],
    ["render"], ["check", "a.srt", "--in-place"], ["mux", "a.mp4"],
):
    run(arguments)
print(sorted(set(sys.argv[1:]) & set(sys.modules)), file=sys.stderr)
"""


def test_help_imports_nothing_heavy():
    result = subprocess.run(
        [sys.executable, "-c", _CALLS, *HEAVY], capture_output=True, text=True, check=True
    )
    assert result.stderr.splitlines()[-1] == "[]"
    assert f"subalign {__version__}" in result.stdout


_COMPLETE = """
import sys
from subalign.cli.app import run
code = run([])
print(sorted(set(sys.argv[1:]) & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("subalign tr", ["transcribe"]),
        ("subalign transcribe --max-li", ["--max-line-width", "--max-line-count"]),
        ("subalign transcribe --model tu", ["turbo"]),
        ("subalign transcribe --model a", ["auto"]),
        ("subalign models get tiny --from i", ["index"]),
        ("subalign transcribe --model m", ["micro.en", "medium.en", "medium"]),
        ("subalign transcribe --format srt,v", ["srt,vtt"]),
        ("subalign transcribe --task transl", ["translate"]),
        ("subalign render --highlight-style b", ["bold"]),
        ("subalign check --profile b", ["bbc", "broadcast"]),
        ("subalign models get large-v3-", ["large-v3-turbo"]),
    ],
)
def test_completion_offers_names_and_imports_nothing_heavy(monkeypatch, words, offered):
    monkeypatch.setenv("_SUBALIGN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    result = subprocess.run(
        [sys.executable, "-c", _COMPLETE, *HEAVY], capture_output=True, text=True, check=True
    )
    *completions, heavy = result.stdout.split()
    assert completions == offered
    assert heavy == "[]"


@pytest.mark.parametrize("arguments", [["--help"], ["transcribe", "--help"], ["align", "--help"]])
def test_help_tells_the_exit_codes(subalign, arguments):
    outcome = subalign(*arguments)
    assert outcome.code == 0
    assert EXIT_CODES in " ".join(outcome.out.split())


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_help_shows_every_name_in_full(subalign, monkeypatch, columns):
    from typer.main import get_command

    from subalign.cli.app import app

    monkeypatch.setenv("COLUMNS", columns)
    shown = subalign("transcribe", "--help-all").out
    options = get_command(app).commands["transcribe"].params
    names = [name for option in options[1:] for name in (*option.opts, *option.secondary_opts)]
    assert len(names) > 40
    assert [name for name in names if name not in shown] == []


def test_help_shows_what_people_use_and_help_all_the_rest(subalign):
    short, all_of_it = (subalign("transcribe", name).out for name in ("--help", "--help-all"))
    assert "--language" in short
    assert "--patience" in all_of_it
    assert "--patience" not in short
    assert len(re.findall("^ +(?:-., )?--", short, re.MULTILINE)) <= 16
    assert re.search(r"\d+ more options: --help-all\.", short)
    assert "more options" not in all_of_it
    assert "--fps-from" in subalign("retime", "--help").out


def test_every_option_that_help_shows_first_is_one():
    from typer.main import get_command

    from subalign.cli.app import app
    from subalign.cli.arguments import USED_MOST

    commands = get_command(app).commands.values()
    assert {option.name for command in commands for option in command.params} >= USED_MOST


def test_help_names_every_format(subalign):
    from subalign.subtitles import FORMATS

    shown = subalign("transcribe", "--help").out
    assert [name for name in FORMATS if f" {name}" not in shown] == []


def test_version(subalign):
    outcome = subalign("--version")
    assert (outcome.code, outcome.out) == (0, f"subalign {__version__}\n")


def test_python_m_subalign_is_the_command(in_process):
    process = in_process("--version")
    assert process.communicate()[0].decode().strip() == f"subalign {__version__}"
    assert process.returncode == 0
    assert in_process("sing").wait() == 2


_RENDER = """
import sys
from subalign.cli.app import run
code = run(["render", "talk.json"])
print(code, sorted(set(sys.argv[1:]) & set(sys.modules)))
"""

# Of these NumPy alone is needed to lay words out, and the page for the format html.
_NOT_FOR_RENDERING = (
    *(name for name in HEAVY if name != "numpy"),
    *("pydantic", "rich", "pysubs2", "praatio", "ffmpeg", "charset_normalizer", "langcodes"),
    *("subalign.model", "subalign.tokenizer", "subalign.subtitles.script.reading"),
    "subalign.subtitles.page.page",
)


def test_render_imports_what_it_needs(folder):
    (folder / "talk.json").write_text(
        '{"segments": [{"start": 0, "end": 1, "text": "Hi", '
        '"words": [{"word": "Hi", "start": 0, "end": 1}]}]}'
    )
    result = subprocess.run(
        [sys.executable, "-c", _RENDER, *_NOT_FOR_RENDERING],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (folder / "talk.srt").read_text() == "1\n00:00:00,000 --> 00:00:02,000\nHi\n\n"
    assert result.stdout == "0 []\n"
