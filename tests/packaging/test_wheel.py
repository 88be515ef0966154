"""The wheel: what is in it, and that it runs where only it was installed."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import subalign

pytestmark = pytest.mark.slow


def _run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(repo_root, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    # Without isolation the build needs no network: hatchling is a test dependency.
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, repo_root)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder of programs of a new virtual environment that holds the wheel.

    Its dependencies are lent by this environment, which comes later on the path.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    place = {"base": str(folder), "platbase": str(folder)}
    site_packages = Path(sysconfig.get_path("purelib", "venv", place))
    python = programs / Path(sys.executable).name
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    _run(*pip, "install", "--no-deps", "--no-index", wheel)
    # A .pth line only adds to the path: the .pth files of that folder, such as that of an
    # editable subalign, are not followed.
    lent = sysconfig.get_path("purelib")
    (site_packages / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
    return programs


def test_the_wheel_holds_the_package_and_its_model(wheel, repo_root):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        info = f"subalign-{subalign.__version__}.dist-info"
        entry_points = archive.read(f"{info}/entry_points.txt").decode()
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        weights = archive.read("subalign/assets/micro.en/model.safetensors")

    source = repo_root / "src"
    expected = {
        path.relative_to(source).as_posix()
        for path in (source / "subalign").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if not name.startswith(info)} == expected
    assert {"subalign/py.typed", "subalign/assets/micro.en/vocab.tiktoken"} <= names
    assert "subalign/assets/micro.en/config.json" in names
    assert f"{info}/licenses/LICENSE" in names
    assert "subalign = subalign.cli:main" in entry_points
    assert metadata["Requires-Python"] == ">=3.10"
    triton = [need for need in metadata.get_all("Requires-Dist") if need.startswith("triton")]
    assert triton
    assert all("sys_platform == 'linux'" in need for need in triton)
    embedded = source / "subalign" / "assets" / "micro.en" / "model.safetensors"
    assert weights == embedded.read_bytes()


def test_the_installed_command_subtitles_the_example(installed, talk, tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["PATH"] = str(tmp_path)  # no ffmpeg on it
    command = installed / "subalign"
    at_home = {"cwd": tmp_path, "env": environment}

    home = _run(installed / "python", "-c", "import subalign; print(subalign.__file__)", **at_home)
    assert Path(home.stdout.strip()).is_relative_to(installed.parent)

    version = _run(command, "--version", **at_home)
    assert subalign.__version__ in version.stdout

    asked = ["--format", "srt", "--highlight-words", "--format", "json", "-o", tmp_path / "out"]
    asked += ["--clip", "0-25"]
    _run(command, "transcribe", talk, *asked, **at_home)
    transcript = json.loads((tmp_path / "out" / "talk.json").read_text(encoding="utf-8"))
    words = [word for segment in transcript["segments"] for word in segment["words"]]
    assert all(word["start"] <= word["end"] <= transcript["duration"] for word in words)
    subtitles = (tmp_path / "out" / "talk.srt").read_text(encoding="utf-8")
    assert subtitles.startswith("1\n00:00:00,")
    # a word of no duration has no cue in which it could light up
    lit = [word for word in words if word["start"] < word["end"]]
    assert len(re.findall(r"<u>.+?</u>", subtitles)) == len(lit) > 40
