"""How often Python looks for circles of objects that nobody else refers to: less often in programs that run for long.

Nearly all objects here die by their last reference. The collector's usual pace, a look for every 700 objects made, costs a
head-end about a twentieth of its processor time and finds next to nothing; what was loaded at the start it need never look at
again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

OBJECTS_BEFORE_A_LOOK: Final = 20_000
"""A few MB of small objects at the most, should all of them be circles."""


@contextmanager
def settled() -> Iterator[None]:
    """For the whole of a program's work: to be entered once, when what it needs has been loaded."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BEFORE_A_LOOK, *thresholds[1:])
    try:
        yield
    finally:
        # What is frozen would never be let go, and libraries complain of that when the program ends.
        gc.unfreeze()
        gc.set_threshold(*thresholds)
