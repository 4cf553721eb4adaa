"""An event loop in which time is a number: nothing is waited for, and the same program runs the same way every time.

When no callback is ready, time jumps to the next timer. There are no sockets and no threads, so nothing from outside
can come between. What remains of chance in asyncio is the order of sets of tasks, which follows their addresses in
memory; tasks of this loop are hashed by their number instead, so that task groups and `asyncio.wait` replay as well. Timers of
one instant fire in the order in which they were set, where asyncio's heap of timers has an order of its own. And
what waits in a circle of references for the garbage collector is collected when the run says so: asyncio's set of all
tasks would tell otherwise when that was.
"""

from __future__ import annotations

import asyncio
import gc
import heapq
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Any, NoReturn, TypeVar

from ferraris.kernel.clock import MS_PER_S
from ferraris.kernel.limits import SIMULATION_PASSES_PER_INSTANT_MAX
from ferraris.simulation.errors import DeadlockError, SimulationError, StandstillError
from ferraris.simulation.process import current_process

T = TypeVar("T")
PASSES_PER_COLLECTION = 1 << 14
"""Rounds of the loop between two collections of garbage."""
TASKS_NAMED_MAX = 20
"""Tasks that a deadlock's text names."""


class _NumberedTask(asyncio.Task[Any]):
    """A task whose hash, and so whose place in a set, depends on when it was made and on nothing else."""

    __slots__ = ("_number",)

    def __init__(self, number: int, *args: Any, **kwargs: Any) -> None:
        # Before the base class: that one puts the task into a set.
        self._number = number
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class _NumberedTimer(asyncio.TimerHandle):
    """A timer that comes before all timers of its instant that were set after it."""

    __slots__ = ("_number",)

    def __init__(self, number: int, *args: Any) -> None:
        super().__init__(*args)
        self._number = number

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, _NumberedTimer):
            return NotImplemented
        return (self.when(), self._number) < (other.when(), other._number)


class VirtualLoop(asyncio.BaseEventLoop):
    """The loop. `passes_max` bounds the whole run: a limit for worlds that a test must not let grow."""

    def __init__(self, *, passes_max: int | None = None) -> None:
        super().__init__()
        self.passes = 0
        """Rounds of the loop so far: the measure of a run's length that no machine's speed disturbs."""
        self._passes_max = passes_max
        self._passes_at_this_instant = 0
        self._time_s = 0.0
        # asyncio fires timers that are due within this; it must exceed the rounding of a time of many years.
        self._clock_resolution = 1e-7
        self._tasks_made = 0
        self._timers_set = 0
        self._selector = _Jump(self._jump)
        self.set_task_factory(self._make_task)

    def time(self) -> float:
        """Seconds since the world began."""
        return self._time_s

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As in any loop, but that timers of one instant keep their order."""
        self._timers_set += 1
        timer = _NumberedTimer(self._timers_set, when, callback, args, self, context)
        # As the base class does.
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]  # noqa: SLF001
        return timer

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> NoReturn:  # type: ignore[override]
        """Refused: a thread would bring chance into the world."""
        raise SimulationError("A simulated world has no threads", got=func)

    async def getaddrinfo(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused, and with it every socket that asyncio would open."""
        raise SimulationError("A simulated world has no sockets", got=args[:2])

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: use the connector of the simulated network."""
        raise SimulationError("A simulated world has no sockets", got=args[1:3])

    async def create_server(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: use the listener of the simulated network."""
        raise SimulationError("A simulated world has no sockets", got=args[1:3])

    async def create_datagram_endpoint(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: use the connector of the simulated network."""
        raise SimulationError("A simulated world has no sockets", got=args[1:3])

    def _make_task(self, loop: asyncio.AbstractEventLoop, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        self._tasks_made += 1
        name = kwargs.pop("name", None) or f"task {self._tasks_made}"
        task = _NumberedTask(self._tasks_made, coro, loop=loop, name=name, **kwargs)
        process = current_process()
        if process is not None:
            process.adopt(task)
        return task

    def _jump(self, timeout_s: float | None) -> list[Any]:
        """Called where another loop would wait for sockets: let that time pass at once."""
        self.passes += 1
        if self.passes == self._passes_max:
            raise StandstillError("The run is longer than it may be", expected=f"below {self._passes_max} passes")
        if self.passes % PASSES_PER_COLLECTION == 0:
            gc.collect()
        if timeout_s is None:
            raise DeadlockError(f"Nothing is ready and no timer is set at {self._time_s:.3f} s; {self._waiting()}")
        if timeout_s > 0:
            self._time_s += timeout_s
            self._passes_at_this_instant = 0
            return []
        self._passes_at_this_instant += 1
        if self._passes_at_this_instant > SIMULATION_PASSES_PER_INSTANT_MAX:
            self._passes_at_this_instant = 0  # cancelling the tasks takes some passes more
            raise StandstillError(f"Time stands still at {self._time_s:.3f} s; {self._waiting()}")
        return []

    def _waiting(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=hash)
        names = [f"{task.get_name()} in {getattr(task.get_coro(), '__qualname__', '?')}" for task in tasks]
        more = f" and {len(names) - TASKS_NAMED_MAX} more" if len(names) > TASKS_NAMED_MAX else ""
        return f"tasks: {', '.join(names[:TASKS_NAMED_MAX])}{more}"

    # What asyncio.BaseEventLoop asks of a loop that has a selector

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nothing sleeps that would have to be woken."""


class _Jump:
    """Stands where asyncio expects a selector."""

    def __init__(self, jump: Callable[[float | None], list[Any]]) -> None:
        self.select = jump

    def close(self) -> None:
        """Nothing to close."""


class VirtualClock:
    """The kernel's clock over a virtual loop that began at `epoch_ms`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch_ms: int) -> None:
        self._loop = loop
        self.epoch_ms = epoch_ms

    def now_ms(self) -> int:
        # A timer fires within a rounding error of its time; a microsecond's grace keeps that from looking early.
        return self.epoch_ms + int(self._loop.time() * MS_PER_S + 1e-3)

    def delay_s(self, until_ms: int) -> float:
        return max(0.0, (until_ms - self.epoch_ms) / MS_PER_S - self._loop.time())


def run_virtual(main: Coroutine[Any, Any, T], loop: VirtualLoop | None = None) -> T:
    """Run `main` in virtual time to its end, then cancel what it left behind. The loop is closed afterwards."""
    with _collected_by_the_loop(), asyncio.Runner(loop_factory=lambda: loop or VirtualLoop()) as runner:
        return runner.run(main)


@contextmanager
def _collected_by_the_loop() -> Iterator[None]:
    """No garbage is collected but by the loop, and then only what the run itself has made."""
    was_enabled = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()
