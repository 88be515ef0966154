"""Many recordings and several runs: nothing adds up, and nobody disturbs another."""

import sys
import threading
from pathlib import Path

import pytest

from subalign.options import TranscriptionOptions
from subalign.pipeline.outputs import find_inputs
from subalign.pipeline.recordings import transcribe_recording

pytestmark = pytest.mark.slow

FAST = ("--temperature", "0", "--beam-size", "1", "--threads", "1")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_many_recordings_in_one_process_leave_nothing_behind(clip, embedded_model):
    options = TranscriptionOptions(temperatures=(0.0,), beam_size=None)

    def transcribe(count):
        for _ in range(count):
            transcribe_recording(clip, model=embedded_model, options=options).transcript()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return (
            len(list(Path("/proc/self/fd").iterdir())),
            threading.active_count(),
            pages * 4 // 1024,
        )

    descriptors, threads, memory = transcribe(3)
    after = transcribe(12)
    assert after[:2] == (descriptors, threads)
    assert after[2] < memory + 20  # MiB; each recording's samples and tensors have 10


def test_two_runs_on_one_folder(in_process, folder, clip):
    for number in range(3):
        (folder / f"talk{number}.wav").write_bytes(clip.read_bytes())
    runs = [in_process("transcribe", ".", "-f", "srt,json", *FAST) for _ in range(2)]
    errors = [run.communicate()[1].decode() for run in runs]
    assert {run.returncode for run in runs} <= {0, 1}
    for line in "".join(errors).splitlines():
        assert "→" in line or "is there already" in line or "has appeared" in line or "of 4" in line
    names = sorted(path.name for path in folder.iterdir())
    stems = ["talk", "talk0", "talk1", "talk2"]
    assert names == sorted(f"{stem}.{end}" for stem in stems for end in ("wav", "srt", "json"))
    assert len({(folder / f"{stem}.srt").read_text() for stem in stems}) == 1


def test_a_folder_of_many_names(folder):
    for number in range(20_000):
        (folder / f"{number}.txt").touch()
    (folder / "talk.wav").touch()
    assert [item.source for item in find_inputs([str(folder)])] == [str(folder / "talk.wav")]
