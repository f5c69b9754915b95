"""A piece of work under a magnifying glass: its steps and bytes counted, another thread between any two steps.

All of it says the same on a fast machine and on a busy one.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from threading import Thread
from types import FrameType, ModuleType
from typing import Any, TypeVar

T = TypeVar("T")

BLOCKED = 0.02
"""Seconds after which a reader is taken to wait for a lock, and the work goes on."""


def count_steps(work: Callable[[], object]) -> int:
    """Lines of Python that were executed."""
    steps = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return trace

    usual = sys.gettrace()
    gc.disable()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(usual)
        gc.enable()
    return steps


def count_bytes(work: Callable[[], object]) -> int:
    """How far memory rose while it ran, whatever was given back at its end."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def read_between(work: Callable[[], object], read: Callable[[], T], *modules: ModuleType) -> list[T]:
    """What another thread reads between any two steps that ``work`` makes in ``modules``."""
    files = {module.__file__ for module in modules}
    found: list[T] = []
    readers: list[Thread] = []

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            readers.append(Thread(target=lambda: found.append(read())))
            readers[-1].start()
            readers[-1].join(BLOCKED)
        return trace

    usual = sys.gettrace()
    # Python 3.12 looks when tracing begins whether any frame asks for its steps.
    sys._getframe().f_trace_opcodes = True
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(usual)
    for reader in readers:
        reader.join()
    return found
