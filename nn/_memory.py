"""What the C library does with memory that was freed."""

from __future__ import annotations

import numpy as np

__all__ = ["keep_freed_memory"]


def keep_freed_memory() -> None:
    """Let the process keep up to 64 MB of freed memory, rather than return it to the system after each operation.

    The GNU C library returns blocks that are larger than any that was freed before, and the system clears their pages
    when they are asked for again: this takes as long as all that a convolutional network computes with them. It
    adapts when a larger block is freed, so one is, which was never written to and hence costs nothing. Elsewhere this
    has no effect, nor if ``MALLOC_TRIM_THRESHOLD_`` or ``MALLOC_MMAP_THRESHOLD_`` is set.
    """
    np.empty((1 << 25) - (1 << 14), np.uint8)  # as large as the library adapts to
