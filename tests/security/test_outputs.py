"""Results appear whole, replace nothing unasked, and a killed run's remains go away."""

import os
import signal
import subprocess
import sys

import pytest

from subalign import atomic_files
from subalign.atomic_files import whole_file
from subalign.errors import OutputError, OutputExistsError
from subalign.pipeline.outputs import Output, prepare_outputs, write_text


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_file_that_appears_during_the_work_is_kept(tmp_path):
    target = tmp_path / "a.srt"
    with (
        pytest.raises(OutputExistsError, match=r"a\.srt has appeared"),
        whole_file(target, overwrite=False),
    ):
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    assert names(tmp_path) == ["a.srt"]


def test_file_that_appears_is_replaced_if_that_is_allowed(tmp_path):
    write_text("old", tmp_path / "a.srt")
    write_text("new", tmp_path / "a.srt")
    assert (tmp_path / "a.srt").read_text() == "new"
    assert names(tmp_path) == ["a.srt"]


@pytest.mark.parametrize("links", [True, False])
def test_new_file(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", refused)
    write_text("text", tmp_path / "a.srt", overwrite=False)
    assert (tmp_path / "a.srt").read_text() == "text"
    with pytest.raises(OutputExistsError):
        write_text("other", tmp_path / "a.srt", overwrite=False)
    assert (tmp_path / "a.srt").read_text() == "text"
    assert names(tmp_path) == ["a.srt"]


def refused(*arguments):
    raise PermissionError(1, "Operation not permitted")


def test_failure_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), whole_file(tmp_path / "a.srt", overwrite=True) as part:
        {}[part]
    assert names(tmp_path) == []


def test_result_that_is_a_dangling_link_is_there_already(tmp_path):
    (tmp_path / "a.srt").symlink_to("nowhere")
    with pytest.raises(OutputExistsError):
        prepare_outputs((Output("srt", tmp_path / "a.srt"),), "refuse")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
@pytest.mark.parametrize("name", ["a.srt", "a" * 250 + ".srt", "[*].srt"])
def test_remains_of_a_killed_run_are_removed(tmp_path, name):
    program = (
        "import sys, os, signal, pathlib\n"
        "from subalign.atomic_files import whole_file\n"
        "with whole_file(pathlib.Path(sys.argv[1]), overwrite=False) as part:\n"
        "    part.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, tmp_path / name], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 1
    write_text("whole", tmp_path / name, overwrite=False)
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "whole"


KILLED_EVERYWHERE = """
import os, pathlib, signal, sys
from subalign.pipeline.outputs import Output, prepare_outputs, write_text

folder, before, overwrite = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "True"
target, new = folder / "a.srt", "new" * 100_000
left = 0


def killing_at(number):
    def hook(event, arguments):
        nonlocal number
        if event in ("open", "os.link", "os.rename", "os.remove"):
            number -= 1
            if number == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    return hook


def attempt(number):
    if before:
        target.write_text(before)
    pid = os.fork()
    if not pid:
        sys.addaudithook(killing_at(number))
        write_text(new, target, overwrite=overwrite)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


number = 1
while attempt(number):
    found = target.read_text() if target.exists() else ""
    assert found in (before, new), (number, found[:9])
    left += len(list(folder.glob(".*.part")))
    prepare_outputs((Output("srt", target),), "skip")  # as the next run does
    if found != new:
        write_text(new, target, overwrite=overwrite)
    assert [path.name for path in folder.iterdir()] == ["a.srt"], number
    target.unlink()
    number += 1
print(number - 1, left)
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
@pytest.mark.parametrize(("before", "overwrite"), [("", False), ("", True), ("old", True)])
def test_killed_at_each_step_the_file_is_whole_or_absent(tmp_path, before, overwrite):
    run = subprocess.run(
        [sys.executable, "-c", KILLED_EVERYWHERE, tmp_path, before, str(overwrite)],
        check=True,
        capture_output=True,
        text=True,
    )
    steps, left = map(int, run.stdout.split())
    assert steps >= 3
    assert left >= 2


@pytest.mark.skipif(os.name != "posix", reason="Windows lets nobody remove an open file")
def test_two_runs_on_one_target_leave_each_other_alone(tmp_path):
    target = tmp_path / "a.srt"
    with whole_file(target, overwrite=True) as first:
        first.write_text("first")
        with whole_file(target, overwrite=True) as second:
            assert second != first
            second.write_text("second")
        assert target.read_text() == "second"
        assert first.read_text() == "first"
    assert target.read_text() == "first"
    assert names(tmp_path) == ["a.srt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_others_put_at_the_temporary_name_is_not_written_to(tmp_path):
    (tmp_path / "victim").write_text("safe")
    (tmp_path / ".a.srt.part").symlink_to(tmp_path / "victim")
    os.mkfifo(tmp_path / ".b.srt.part")
    (tmp_path / ".c.srt.part").mkdir()
    for name in ("a.srt", "b.srt", "c.srt"):
        write_text("text", tmp_path / name)
        assert (tmp_path / name).read_text() == "text"
    assert (tmp_path / "victim").read_text() == "safe"


def test_file_system_without_locks(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic_files, "_hold", lambda descriptor: True)
    write_text("text", tmp_path / "a.srt")
    assert names(tmp_path) == ["a.srt"]


def test_folder_that_went_away(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_text("text", tmp_path / "gone" / "a.srt")


def test_render_keeps_what_appears_meanwhile(tmp_path, monkeypatch, capsys):
    from subalign.cli.app import run
    from subalign.subtitles.formats.srt import SRTWriter

    (tmp_path / "a.json").write_text('{"segments":[{"start":0,"end":1,"text":" fine"}]}')
    render = SRTWriter.render

    def slow(self, transcript):
        (tmp_path / "a.srt").write_text("theirs")
        return render(self, transcript)

    monkeypatch.setattr(SRTWriter, "render", slow)
    assert run(["render", str(tmp_path / "a.json")]) == 1
    assert "has appeared since" in capsys.readouterr().err
    assert (tmp_path / "a.srt").read_text() == "theirs"
    assert run(["render", str(tmp_path / "a.json"), "--overwrite"]) == 0
    assert "fine" in (tmp_path / "a.srt").read_text()
