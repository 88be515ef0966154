"""How CPU kernels are compiled: by numba, once, and kept on disk where that is possible."""

import logging
from collections.abc import Callable
from typing import Any

__all__ = ["compiled"]

log = logging.getLogger(__name__)


def compiled(kernel: Callable[..., Any], *arguments: Any, fast: bool = False) -> Callable[..., Any]:
    """The machine code of `kernel` for these numba types, from numba's cache if it is there.

    With `fast`, sums may be taken in any order, and other threads go on meanwhile.
    """
    import numba

    try:
        return numba.njit([arguments], cache=True, fastmath=fast, nogil=fast)(kernel)
    # No folder to write, a full disk, damaged files: pickle and numba raise types of all sorts.
    except Exception as error:  # noqa: BLE001
        log.debug("The compiled %s is not kept on disk: %s", kernel.__name__, error)
        return numba.njit([arguments], fastmath=fast, nogil=fast)(kernel)
