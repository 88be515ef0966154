"""Runs fuzz targets with coverage: `python tests/fuzz/run.py srt vtt --minutes 10`.

Needs the extra `fuzz` (atheris; Linux). What breaks a promise is put into corpus/<target>/ under
its digest, for `make test` to try from then on: make it small and mend its kind. Without atheris
(`--seeded`) our own changes are tried instead.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="all by default")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seeded", action="store_true", help="without atheris")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        with_coverage(options.targets[0], options.minutes)
    from targets import TARGETS, memory

    failed = False
    for name in options.targets or TARGETS:
        if options.seeded:
            failed |= not seeded(name, options.minutes)
            continue
        # a process each: libFuzzer ends its own, with 0 whatever it found
        command = [sys.executable, __file__, name, "--here", f"--minutes={options.minutes}"]
        before = TARGETS[name].found()
        with tempfile.TemporaryDirectory(dir=memory()) as folder:
            environment = {**os.environ, "TMPDIR": folder}
            status = subprocess.run(command, check=False, env=environment).returncode
        failed |= status != 0 or TARGETS[name].found() != before
    sys.exit(failed)


def keep(name: str, data: bytes) -> Path:
    from targets import FOUND

    path = FOUND / name / hashlib.sha256(data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def seeded(name: str, minutes: float) -> bool:
    """Our own changes, until the time is over or one fails."""
    from targets import TARGETS, mutated

    end, number = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < end:
        data = mutated(name, number)
        number += 1
        try:
            TARGETS[name](data)
        except Exception:  # noqa: BLE001 (every kind is a finding)
            traceback.print_exc()
            print(f"{name}: change {number} fails: {keep(name, data)}")  # noqa: T201
            return False
    print(f"{name}: {number} changes held")  # noqa: T201
    return True


def with_coverage(name: str, minutes: float) -> None:
    """libFuzzer with the package's branches as coverage; does not come back."""
    import atheris

    with atheris.instrument_imports(include=["subalign"]):
        import targets

        target = targets.TARGETS[name]
        inputs = target.inputs()
        target(inputs[0])  # imports
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, data in enumerate(inputs):
            (corpus / str(number)).write_bytes(data)
        words = Path(folder) / "words"
        words.write_text(
            "".join('"' + "".join(f"\\x{b:02x}" for b in w[:60]) + '"\n' for w in target.words)
        )

        def run(data: bytes) -> None:
            try:
                target(data)
            except Exception:
                keep(name, data)
                raise

        arguments = ["-max_len=20000", "-timeout=20", "-rss_limit_mb=3000", "-verbosity=1"]
        arguments += [f"-max_total_time={round(60 * minutes)}", f"-dict={words}"]
        arguments += ["-print_final_stats=1", f"-artifact_prefix={folder}/"]
        atheris.Setup([sys.argv[0], *arguments, str(corpus)], run)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
