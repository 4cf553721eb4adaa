"""One timer for all the waits of an association.

`asyncio.timeout` sets and cancels a timer around every wait. A client waits a handful of times an association, nearly always
for a few milliseconds, so this one is set once and only looks, when it fires, whether the wait of that moment is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Deadline:
    """Ends a wait at a time of the event loop's clock. One wait at a time."""

    __slots__ = ("_deadline_s", "_loop", "_passed", "_task", "_timer")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._deadline_s = 0.0
        self._passed = False

    async def wait_for(self, awaitable: Awaitable[T], deadline_s: float) -> T:
        """What `awaitable` gives. Raises TimeoutError when it has given nothing by `deadline_s`."""
        task = asyncio.current_task()
        assert task is not None  # a coroutine runs in a task
        cancelled_before = task.cancelling()
        self._task, self._deadline_s, self._passed = task, deadline_s, False
        if self._timer is None or self._timer.when() > deadline_s:
            self._set(deadline_s)
        try:
            return await awaitable
        except asyncio.CancelledError:
            # As in asyncio.timeout: the cancellation is ours only if nobody else asked for one meanwhile.
            if self._passed and task.uncancel() <= cancelled_before:
                raise TimeoutError from None
            raise
        finally:
            self._task = None

    def close(self) -> None:
        """Nothing more will be waited for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, at_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at_s, self._fire)

    def _fire(self) -> None:
        self._timer = None
        if self._task is None:
            return
        if self._loop.time() < self._deadline_s:
            self._set(self._deadline_s)
        else:
            self._passed = True
            self._task.cancel()
