"""What a command that works for long runs on: uvloop where it runs, and a collector of garbage that has settled down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ferraris.kernel.garbage import settled


@contextmanager
def long_runner() -> Iterator[asyncio.Runner]:
    """A runner for the work of a whole process."""
    with settled(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        yield runner


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, None where it does not run: asyncio's own then."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
