"""Memory that is not needed is not kept: a syncer runs for months beside what it serves."""

from __future__ import annotations

import gc
from types import FunctionType

COLLECTIONS = 700, 10, 50
"""Python's own but the last: all that lasts is looked through a fifth as often."""


def settle_in() -> None:
    """What has been loaded by now stays for good: the garbage collector looks through it no more. What its functions
    say of types goes: it was for those who check them, and for what reads them while it is loaded.

    Otherwise the collector looks through it time and again while names are written, and through all objects of the
    cluster: a twentieth of a first start. The types are 0.3 MB.
    """
    for it in gc.get_objects():
        if type(it) is FunctionType:
            del it.__annotations__
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
