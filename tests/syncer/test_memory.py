from __future__ import annotations

from tests.processes import run

SETTLED = """
import gc
from syncer import memory

class Told:
    def why(self, name: str) -> str: return name

memory.settle_in()
del Told
print(gc.get_freeze_count() > 1000, memory.settle_in.__annotations__, gc.collect(), *gc.get_threshold())
"""


def test_what_is_loaded_is_looked_through_no_more_and_says_nothing_of_types() -> None:
    ended = run(["-c", SETTLED])
    assert ended.out == "True {} 0 700 10 50\n", ended.err
