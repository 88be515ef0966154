"""Kernels work whatever holds, or should hold, their machine code."""

import numba
import pytest

from subalign.kernels.compiling import compiled


def _sum(first, second):
    return first + second


def kernel():
    return compiled(_sum, numba.int64, numba.int64)


@pytest.fixture(autouse=True)
def kept(monkeypatch, tmp_path):
    """An empty folder, which keeps machine code."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def test_machine_code_is_kept(kept):
    assert kernel()(3, 4) == 7
    assert {path.suffix for path in kept.rglob("*.nb?")} == {".nbi", ".nbc"}
    again = kernel()
    assert again(3, 4) == 7
    assert sum(again.stats.cache_hits.values()) == 1


def test_no_folder_can_hold_it(monkeypatch):
    monkeypatch.setattr("numba.core.caching.CompileResultCacheImpl._locator_classes", [])
    assert kernel()(3, 4) == 7


def test_it_cannot_be_written(kept, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", full)
    assert kernel()(3, 4) == 7
    assert not list(kept.rglob("*.nb?"))


@pytest.mark.parametrize("content", [None, b"", b"c__main__\nGone\n."])
def test_rubbish_stands_in_its_place(kept, content):
    kernel()
    index, *_ = kept.rglob("*.nbi")
    data, *_ = kept.rglob("*.nbc")
    whole = index.read_bytes(), data.read_bytes()
    data.write_bytes(whole[1][:-40] if content is None else content)
    assert kernel()(3, 4) == 7
    if content is not None:
        # the index is two pickles: numba's version, then what the file beside it holds
        end = whole[0].index(b".", len(numba.__version__)) + 1
        index.write_bytes(whole[0][:end] + content)
        data.write_bytes(whole[1])
        assert kernel()(3, 4) == 7
