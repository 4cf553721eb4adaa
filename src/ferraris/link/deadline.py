"""One timer for all the waits of a conversation, and one for all conversations whose waits end at about the same time.

`asyncio.timeout` sets and cancels a timer around every wait. A client waits a handful of times an association, nearly always
for a few milliseconds, so its deadline is set once and only looks, when it comes, whether the wait of that moment is over. All
deadlines of an event loop that fall into the same eighth of a second share the timer that makes them look; only a wait that is
still on then gets a timer of its own, for its very moment.
For a single wait, such as that for a connection, it costs a fifth of `asyncio.timeout`.
"""

from __future__ import annotations

import asyncio
from math import inf
from types import TracebackType
from typing import Final, Self

LOOKS_IN_A_SECOND: Final = 8
_looks_of: Final[dict[asyncio.AbstractEventLoop, dict[int, _Look]]] = {}
"""Those ahead in each event loop, by number. There is one loop, or a few; one that was closed is let go when another comes."""


class _Look:
    """The deadlines of an event loop that look at the same moment."""

    __slots__ = ("at_s", "deadlines")

    def __init__(self, at_s: float) -> None:
        self.at_s = at_s
        self.deadlines: dict[Deadline, None] = {}
        """In the order of their coming, so that a simulation's runs are alike."""

    @classmethod
    def before(cls, deadline_s: float, loop: asyncio.AbstractEventLoop) -> _Look:
        """The last one before a deadline."""
        looks = _looks_of.get(loop)
        if looks is None:
            for other in [other for other in _looks_of if other.is_closed()]:
                del _looks_of[other]
            looks = _looks_of[loop] = {}
        number = int(deadline_s * LOOKS_IN_A_SECOND)
        look = looks.get(number)
        if look is None:
            look = looks[number] = cls(number / LOOKS_IN_A_SECOND)
            loop.call_at(look.at_s, cls._come, looks, number)
        return look

    @staticmethod
    def _come(looks: dict[int, _Look], number: int) -> None:
        look = looks.pop(number)
        for deadline in look.deadlines:
            deadline.look(look.at_s)


class Deadline:
    """Ends a wait at a time of the event loop's clock: `with deadline.at(…): await …`. One wait at a time."""

    __slots__ = ("_cancelled_before", "_deadline_s", "_look", "_loop", "_passed", "_set_s", "_task", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._look: _Look | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._set_s = inf
        """When the look or the timer comes, whichever is set."""
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
        if self._set_s > self._deadline_s:
            self._set()

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
        look, self._look = self._look, None
        if look is not None:
            del look.deadlines[self]
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._set_s = inf

    def look(self, now_s: float) -> None:
        """Its look has come: is the wait of this moment about to end?"""
        self._look, self._set_s = None, inf
        if self._task is None:
            return
        if self._deadline_s - now_s >= 1 / LOOKS_IN_A_SECOND:
            self._set()
        else:
            self._set_s = self._deadline_s
            self._timer = self._loop.call_at(self._deadline_s, self._fire)

    def _set(self) -> None:
        self.close()
        self._look = look = _Look.before(self._deadline_s, self._loop)
        look.deadlines[self] = None
        self._set_s = look.at_s

    def _fire(self) -> None:
        self._timer, self._set_s = None, inf
        if self._task is None:
            return
        if self._loop.time() < self._deadline_s:
            self._set()
        else:
            self._passed = True
            self._task.cancel()
