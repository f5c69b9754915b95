"""Memory that is not needed goes back to the system: a syncer runs for months beside what it serves."""

from __future__ import annotations

import ctypes
import gc

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
LARGE = 128 * 1024

COLLECTIONS = 700, 10, 50
"""Python's own but the last: all that lasts is looked through a fifth as often."""


def be_frugal() -> None:
    """One heap for all threads, and large blocks outside of it. Call it before the first thread starts.

    By default glibc gives each thread a heap of its own, and learns from each large block that is freed to keep the
    next one. Other C libraries have no such switches, and no such habits.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, LARGE)
        mallopt(M_TRIM_THRESHOLD, LARGE)


def settle_in() -> None:
    """What has been loaded by now stays for good: the garbage collector looks through it no more.

    Otherwise it does time and again while names are written, and through all objects of the cluster: a twentieth of a
    first start.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)


def give_back() -> None:
    """Return what is free to the system; about a millisecond."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)
