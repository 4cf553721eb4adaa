"""A process of the simulated world: the tasks that end together when it is killed."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Process:
    """Everything started in its context, and by what was started there, belongs to it.

    Killing it cancels those tasks. A cancelled task still runs its `finally` blocks, which a killed process does not:
    whoever kills one cuts it off first from its links and its files.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self._context = contextvars.copy_context()
        self._context.run(_PROCESS.set, self)
        self._tasks: dict[asyncio.Task[Any], None] = {}

    def __repr__(self) -> str:
        return f"Process({self.name!r}, alive={self.alive}, tasks={len(self._tasks)})"

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` as a part of this process."""
        return self._context.copy().run(function, *args, **kwargs)

    def start(self, coroutine: Coroutine[Any, Any, T], name: str | None = None) -> asyncio.Task[T]:
        """A task of this process."""
        loop = asyncio.get_running_loop()
        return self.run(loop.create_task, coroutine, name=name or self.name)

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Count `task` in until it is done."""
        self._tasks[task] = None
        task.add_done_callback(self._done)

    async def kill(self) -> None:
        """Cancel all its tasks, also those that start while it dies, and wait until none is left."""
        self.alive = False
        while self._tasks:
            dying = list(self._tasks)
            for task in dying:
                task.cancel()
            await asyncio.wait(dying)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if not self.alive and not task.cancelled():
            task.exception()  # what a dying task says is heard by nobody, and asyncio need not warn of that


_PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


def current_process() -> Process | None:
    """The process that the running code belongs to; None outside of any."""
    return _PROCESS.get()
