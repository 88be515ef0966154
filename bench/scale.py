"""How many recordings a second a Ray cluster on this machine does, with 1, 2 and 4 actors.

    python bench/scale.py                   # a model of no cost: what the driver and Ray take
    python bench/scale.py --model tiny.en   # four seconds of speech each, one thread an actor

Needs the extra `ray`. A table in Markdown comes out.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="without, no model is loaded and nothing is decoded")
    parser.add_argument("--files", type=int, help="2000 without a model, 24 with one")
    parser.add_argument("--actors", type=int, nargs="+", default=[1, 2, 4])
    options = parser.parse_args()
    files = options.files or (24 if options.model else 2000)
    # processes of the driver and of the actors find the tests' model of no cost
    path = [str(ROOT / "src"), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "RAY_AUTH_MODE": "disabled"}
    print(f"{files} recordings, {options.model or 'a model of no cost'}\n")
    print("| actors | recordings a second | seconds, with the start |\n| --- | --- | --- |")
    for actors in options.actors:
        with tempfile.TemporaryDirectory() as folder:
            make_recordings(Path(folder), files, speech=options.model is not None)
            started = time.perf_counter()
            call = [sys.executable, __file__, "--run"]
            if options.model:
                call = [sys.executable, "-m", "subalign"]
            call += ["transcribe", folder, "-o", f"{folder}/out", "--resume", "--engine", "ray"]
            call += ["--jobs", str(actors), "--threads", "1", "--quiet"]
            call += ["--model", options.model] if options.model else []
            subprocess.run(call, env=environment, check=True)
            whole = time.perf_counter() - started
            print(f"| {actors} | {rate(Path(folder)):.1f} | {whole:.1f} |", flush=True)


def make_recordings(folder: Path, count: int, *, speech: bool) -> None:
    """So many recordings: four seconds of the example, or names alone."""
    content = b"sound"
    if speech:
        from subalign.audio import find_ffmpeg

        sound = folder / "speech.part"
        cut = ["-t", "4", "-ac", "1", "-f", "wav", str(sound)]
        program = find_ffmpeg().path
        talk = str(ROOT / "examples" / "talk.mp4")
        subprocess.run([program, "-loglevel", "error", "-i", talk, *cut], check=True)
        content = sound.read_bytes()
        sound.unlink()
    for number in range(count):
        (folder / f"{number}.wav").write_bytes(content)


def rate(folder: Path) -> float:
    """Recordings a second from when the first is done until the last is, by the results' times."""
    done = sorted(path.stat().st_mtime for path in (folder / "out").glob("*.srt"))
    return (len(done) - 1) / (done[-1] - done[0])


def run_without_a_model() -> int:
    """The command, with what takes the place of a loaded model."""
    import subalign.cli.transcribe_workers as transcribe_workers
    import worker_tasks
    from subalign.cli.app import run

    transcribe_workers._prepare = worker_tasks.cluster_transcriber
    return run(sys.argv[2:])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        sys.exit(run_without_a_model())
    main()
