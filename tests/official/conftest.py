"""Official weights from the user's own cache: `subalign models get NAME` puts them there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import USERS_CACHES
from openai_parity import samples_of
from subalign.model import load_whisper


def _official(name: str) -> Path:
    """Where an official model lies; the test is skipped, or fails, where it is not there."""
    users = json.loads(os.environ[USERS_CACHES])
    kept = {key: value for key, value in os.environ.items() if key not in users}
    found = subprocess.run(
        [sys.executable, "-m", "subalign", "models", "where", name],
        env=kept | {key: value for key, value in users.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode == 0:
        return Path(found.stdout.strip())
    if os.environ.get("SUBALIGN_REQUIRE_MODELS"):
        pytest.fail(f"SUBALIGN_REQUIRE_MODELS is set. {found.stderr.strip()}")
    pytest.skip(found.stderr.strip())


@pytest.fixture(scope="session")
def tiny_en_path() -> Path:
    return _official("tiny.en")


@pytest.fixture(scope="session")
def tiny_en(tiny_en_path):
    return load_whisper(tiny_en_path, device="cpu", compute="float32")


@pytest.fixture(scope="session")
def base():
    return load_whisper(_official("base"), device="cpu", compute="float32")


@pytest.fixture(scope="session")
def jfk(shared):
    return samples_of(shared / "data" / "jfk.flac")


@pytest.fixture(scope="session")
def reading(shared):
    """Two minutes of one reader, clip after clip: more text than a prompt holds."""
    clips = [samples_of(path) for path in sorted((shared / "data" / "lj").glob("*.flac"))[:30]]
    return np.concatenate(clips)[: 120 * 16000]


@pytest.fixture(scope="session")
def talk_samples(talk):
    return samples_of(talk)
