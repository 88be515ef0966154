"""What worker processes do in tests: nothing that takes long to import."""

import os
import signal
import time
from pathlib import Path

from subalign.cli.transcribe_workers import _Line, _Loaded, _Position
from subalign.errors import UsageError
from subalign.pipeline.ledger import Row, written_files


def counter(send):
    """Tells its process, and takes tasks such as ("double", 4)."""
    done = []

    def carry_out(task):
        kind, value = task
        done.append(value)
        if kind == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "die once" and not Path(value).exists():
            Path(value).touch()
            os._exit(7)
        if kind == "sleep":
            Path(value).write_text(str(os.getpid()))
            try:
                time.sleep(60)
            finally:
                Path(value).with_suffix(".cleaned").touch()
        if kind == "raise":
            raise UsageError(value)
        if kind == "raise what cannot be sent":
            raise type("Local", (ValueError,), {})(value)
        send(("is at", value))
        return kind, value, len(done)

    return os.getpid(), carry_out


def environment(send):
    """Tells its environment."""
    return dict(os.environ), len


def unprepared(send):
    """Dies before it is ready."""
    os._exit(3)


def refusing(send):
    """Is not to be prepared."""
    raise UsageError("no such model")


def transcriber(job, debug, send):
    """In place of a loaded model: a recording's name says what comes of it."""
    compute = job.compute
    Path(f"{os.getpid()}.pid").touch()
    send(_Line(f"on {compute.device} with {compute.threads}", "", "Computing: "))

    def carry_out(work):
        name = Path(work.label).stem
        send(_Line("said once", "yellow", "Warning: "))
        send(_Position(work.label, 1.0, 4.0))
        if name == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        while name == "together" and len(list(Path().glob("*.pid"))) < 2:
            time.sleep(0.01)
        if name == "once" and not Path("died").exists():
            Path("died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "bad":
            send(_Line("bad.wav is bad.", "bold red", "Error: "))
            return Row.ended_now(work.key, "failed", error=("InputError", "bad.wav is bad."))
        for output in work.outputs:
            output.path.write_text("text")
        outputs = written_files(work.outputs, done=True)
        return Row.ended_now(work.key, "done", seconds=1, duration=4, outputs=outputs)

    return _Loaded("tiny", (), 0), carry_out


def refusing_transcriber(job, debug, send):
    """Finds that no recording can be done."""
    raise UsageError("no such model")


def cluster_transcriber(job, debug, send):
    """As `transcriber`, but in the folder of the results, and some take a while."""
    os.chdir(job.results.folder.parent)
    told, carry_out = transcriber(job, debug, send)
    mark = Path(f"{os.getpid()}.pid")

    def carry_out_slowly(work):
        if work.label.rpartition("/")[2].startswith("slow"):
            mark.write_text("at work")
            time.sleep(0.2)
            mark.write_text("")
        return carry_out(work)

    return told, carry_out_slowly


def transcriber_that_dies(job, debug, send):
    """Dies while it loads the model."""
    os.kill(os.getpid(), signal.SIGKILL)
