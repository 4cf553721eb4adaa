"""The tasks that serve accepted links: bounded in number, each link closed when its handler ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ferraris.kernel.errors import LinkError
from ferraris.link.contract import Link, LinkHandler


class HandlerTasks:
    """Runs one handler a link, at most `connections_max` at a time."""

    def __init__(self, handler: LinkHandler, connections_max: int) -> None:
        self._handler = handler
        self._connections_max = connections_max
        self._closing = False
        # A dict, not a set: closing goes in the order of arrival, so that a simulated run replays.
        self._tasks: dict[asyncio.Task[None], Link] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def full(self) -> bool:
        """One more link must be refused; after `aclose`, every one that was still under way."""
        return self._closing or len(self._tasks) >= self._connections_max

    def start(self, link: Link) -> None:
        """Serve `link` in a task of its own."""
        task = asyncio.get_running_loop().create_task(self._serve(link))
        self._tasks[task] = link
        task.add_done_callback(self._done)

    async def aclose(self) -> None:
        """Cancel every handler and wait until all links are closed."""
        self._closing = True
        served = dict(self._tasks)
        for task in served:
            task.cancel()
        if served:
            await asyncio.wait(served)
        for link in served.values():  # a task cancelled before its first step never came to close its link
            await link.aclose()

    async def _serve(self, link: Link) -> None:
        try:
            # A link that fails is a peer that went away: the handler's work on it is over, nothing more.
            with suppress(LinkError):
                await self._handler(link)
        finally:
            await link.aclose()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            context = {"message": "A link's handler failed", "exception": error, "task": task}
            task.get_loop().call_exception_handler(context)
