"""The pace of the collector of garbage, in a process of its own, since it holds for a whole process."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
import weakref
from ferraris.kernel.garbage import OBJECTS_BEFORE_A_LOOK, settled

class Link:
    pass

before = gc.get_threshold(), gc.get_freeze_count()
work = settled()
work.__enter__()
assert gc.isenabled()
assert gc.get_threshold()[0] == OBJECTS_BEFORE_A_LOOK
assert gc.get_freeze_count() > 1_000, "what was loaded is not looked at again"
seen = []
for _ in range(2 * OBJECTS_BEFORE_A_LOOK):
    one, other = Link(), Link()
    one.other, other.other = other, one
    seen.append(weakref.ref(one))
assert sum(ref() is not None for ref in seen) <= OBJECTS_BEFORE_A_LOOK, "circles still go"
work.__exit__(None, None, None)
assert (gc.get_threshold(), gc.get_freeze_count()) == before
"""


def test_what_is_loaded_stays_and_circles_still_go() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
