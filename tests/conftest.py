"""What holds for all tests: no network, none of the user's settings, the same numbers."""

import functools
import json
import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
# Where models lie. What the user had set is kept for tests/official, pytest-xdist's workers too.
CACHES = ("SUBALIGN_CACHE", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE")
USERS_CACHES = "SUBALIGN_TESTS_USERS_CACHES"

# A second thread that waits for a busy core takes many times the time. Before PyTorch is imported.
os.environ |= {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

settings.register_profile("subalign", derandomize=True, deadline=None)
settings.load_profile("subalign")


def pytest_configure(config):
    """Keep the user's settings, caches and terminal out of every test.

    Before collection: huggingface_hub reads its variables when it is imported.
    """
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    if USERS_CACHES not in os.environ:
        patch.setenv(USERS_CACHES, json.dumps({name: os.environ.get(name) for name in CACHES}))
    caches = tempfile.TemporaryDirectory(prefix="subalign-tests-")
    config.add_cleanup(caches.cleanup)
    for name in CACHES:
        patch.setenv(name, str(Path(caches.name) / name))
    patch.setenv("HF_HUB_OFFLINE", "1")
    patch.setenv("SUBALIGN_CONFIG", "none")
    patch.setenv("NO_COLOR", "1")
    patch.setenv("TERM", "dumb")
    patch.setenv("COLUMNS", "100")
    for name in ("SUBALIGN_MODEL", "HF_TOKEN", "FORCE_COLOR", "CLICOLOR_FORCE"):
        patch.delenv(name, raising=False)


@functools.cache
def _cuda_is_available() -> bool:
    import torch

    return torch.cuda.is_available()


def pytest_collection_modifyitems(config, items):
    """Where there is no CUDA device, skip tests marked `gpu` and let Triton interpret its kernels.

    Triton reads its variable when it is imported, which no test module does by itself.
    """
    gpu_tests = [item for item in items if item.get_closest_marker("gpu")]
    if gpu_tests and not _cuda_is_available():
        for item in gpu_tests:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))
        patch = pytest.MonkeyPatch()
        config.add_cleanup(patch.undo)
        patch.setenv("TRITON_INTERPRET", "1")


def pytest_collection_finish():
    """Have openai-whisper's dynamic time warping compiled once for all, not in each process."""
    timing = sys.modules.get("whisper.timing")
    if timing is not None:
        timing.dtw_cpu.enable_caching()
        timing.backtrace.enable_caching()


@pytest.fixture(scope="session", params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def kernel_device(request) -> str:
    """Where Triton's kernels run: interpreted on the CPU, or compiled on a GPU."""
    pytest.importorskip("triton")
    if request.param == "cpu" and os.environ.get("TRITON_INTERPRET") != "1":
        pytest.skip("Triton compiles its kernels in this process")
    return request.param


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The repository's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """`../shared`: test data beside the project; its tests are skipped where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the test data in {folder}")
    return folder


@pytest.fixture(scope="session")
def embedded() -> Path:
    """The folder of the embedded model."""
    return ROOT / "src" / "subalign" / "assets" / "micro.en"


@pytest.fixture(scope="session")
def embedded_model():
    """The embedded model in float32; tests leave it as it is."""
    from subalign.model import load_whisper

    return load_whisper("micro.en", device="cpu", compute="float32")


@pytest.fixture(scope="session")
def talk() -> Path:
    """The example recording: 16 kHz mono speech of two voices, in a video."""
    return ROOT / "examples" / "talk.mp4"


@pytest.fixture
def install_pyannote(tmp_path, monkeypatch):
    """Installs pyannote.audio's stand-in for the test, with pipelines' files in the hub's cache."""
    from huggingface_hub import constants

    import stand_in_pyannote as stand_in
    from subalign.speakers.pyannote import pyannote_pipeline

    def forget():
        pyannote_pipeline.cache_clear()
        for name in [name for name in sys.modules if name.partition(".")[0] == "pyannote"]:
            del sys.modules[name]

    def install(*cached, **package):
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.delenv("PYANNOTE_METRICS_ENABLED", raising=False)
        monkeypatch.syspath_prepend(stand_in.install(tmp_path / "site", **package))
        for repository in cached or (stand_in.COMMUNITY,):
            stand_in.cache(tmp_path / "hub", repository)

    forget()
    yield install
    forget()


@pytest.fixture(scope="session", autouse=True)
def _no_network():
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect
    connect_ex = socket.socket.connect_ex

    def refuse_remote(sock, address):
        remote = sock.family in (socket.AF_INET, socket.AF_INET6)
        if remote and address[0] not in LOCAL_HOSTS:
            raise OSError(f"tests reach no network, but {address} was asked for")

    def guarded(sock, address):
        refuse_remote(sock, address)
        return connect(sock, address)

    def guarded_ex(sock, address):
        refuse_remote(sock, address)
        return connect_ex(sock, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    patch.setattr(socket.socket, "connect_ex", guarded_ex)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _torch_threads():
    """One thread for PyTorch once it is imported: numbers stay steady, and workers apart."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
