"""Whether this Python packs the same bytes as the one that OpenAI packed its dumps with."""

import zlib

import pytest

# zlib-ng finds other, equally valid bytes; zlib (1.2.13 was tried) gives every official dump
packs_as_zlib = pytest.mark.skipif(
    "ng" in zlib.ZLIB_RUNTIME_VERSION or bool(getattr(zlib, "ZLIBNG_VERSION", "")),
    reason="this Python packs with zlib-ng, OpenAI packed with zlib",
)
