"""One timer for all the waits of a conversation.

`asyncio.timeout` sets and cancels a timer around every wait. A client waits a handful of times an association, nearly always
for a few milliseconds, so this one is set once and only looks, when it fires, whether the wait of that moment is over.
For a single wait, such as that for a connection, it costs a fifth.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Deadline:
    """Ends a wait at a time of the event loop's clock: `with deadline.at(…): await …`. One wait at a time."""

    __slots__ = ("_cancelled_before", "_deadline_s", "_loop", "_passed", "_task", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelled_before = 0
        self._deadline_s = 0.0
        self._passed = False

    def at(self, deadline_s: float) -> Self:
        """The block ends with TimeoutError when its wait is not over by `deadline_s`."""
        self._deadline_s = deadline_s
        return self

    def __enter__(self) -> None:
        task = asyncio.current_task(self._loop)
        assert task is not None  # a coroutine runs in a task
        self._task, self._passed, self._cancelled_before = task, False, task.cancelling()
        if self._timer is None or self._timer.when() > self._deadline_s:
            self._set(self._deadline_s)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if not self._passed:
            return
        assert task is not None  # the block was entered
        # As in asyncio.timeout: the cancellation is ours only if nobody else asked for one meanwhile.
        if task.uncancel() <= self._cancelled_before and kind is asyncio.CancelledError:
            raise TimeoutError from error

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
