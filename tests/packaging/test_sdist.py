"""The sdist: that its own tests run from it."""

import os
import subprocess
import sys
import tarfile

import pytest

pytestmark = pytest.mark.slow

# those that need folders beside src and tests: bench, docs, examples, training
OUTSIDE = ("tests/bench", "tests/packaging/test_docs.py", "tests/training/test_parts.py")


def test_tests_run_from_the_sdist(repo_root, tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path]
    subprocess.run(build, cwd=repo_root, check=True, capture_output=True, timeout=120)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    unpacked = archive.with_name(archive.name.removesuffix(".tar.gz"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider", *OUTSIDE],
        check=False,
        cwd=unpacked,
        env=os.environ | {"PYTHONPATH": str(unpacked / "src")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
