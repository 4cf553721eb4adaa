"""A world in a bottle: a territory on a virtual clock, from one seed, watched by an auditor.

A run has two phases. In the first the script's faults come: partitions, bad weather, outages, processes that die at any
write, full disks, and operators who post commands into all of it. In the second there is calm, and within a named time
everything must be as if nothing had happened.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TextIO

from ferraris.kernel.clock import MS_PER_S
from ferraris.kernel.limits import LINK_RECEIVE_OCTETS_MAX
from ferraris.simulation.collector import Collector
from ferraris.simulation.eavesdropper import HOST as EAVESDROPPER
from ferraris.simulation.faults import FaultKind
from ferraris.simulation.life import ProcessDiedError
from ferraris.simulation.loop import VirtualLoop, run_virtual
from ferraris.simulation.neighbourhood import Neighbourhood
from ferraris.simulation.product_log import product_log_to
from ferraris.simulation.report import Report
from ferraris.simulation.script import WorldSettings, draw_script
from ferraris.simulation.territory import Territory
from ferraris.simulation.trouble import Trouble
from ferraris.store import CommandState

LOOK_S: Final = 60.0
"""Between two looks at what could grow."""
SETTLED_LOOK_S: Final = 300.0
"""Between two looks at whether the calm has healed everything."""
IDLE_S: Final = 300.0
"""After the collectors' end, so long until every link must be gone: idle ones are closed after two minutes."""
LINKS_PER_METER_MAX: Final = 16
"""Ends of links: both ends of every association, and those that nobody has told yet that they are half of one."""
TASKS_PER_METER_MAX: Final = 16
TASKS_ELSEWHERE_MAX: Final = 200
DUE_PER_METER_MAX: Final = 4
"""Entries a meter of the head-end's heap of due times, on average, and `DUE_MORE_MAX` beyond."""
DUE_MORE_MAX: Final = 65
SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - directories made in it have names that nobody can guess


def run_world(
    settings: WorldSettings, *, sink: TextIO | None = None, progress: Callable[[float], None] | None = None
) -> Report:
    """One run, from its beginning to its end. Raises AuditError with the first objection.

    `sink` takes the event log; `progress` is told what share of the time of the faults has passed.
    """
    loop = VirtualLoop()
    script = draw_script(settings)
    with tempfile.TemporaryDirectory(prefix="ferraris-simulation-", dir=_fast_directory()) as directory:
        territory = Territory(script, loop, Path(directory), sink)
        with product_log_to(territory.log, territory.auditor, directory):
            return run_virtual(_World(territory, loop, progress).run(), loop)


class _World:
    """One run."""

    def __init__(self, territory: Territory, loop: VirtualLoop, progress: Callable[[float], None] | None) -> None:
        self._territory = territory
        self._auditor = territory.auditor
        self._trouble = Trouble(territory)
        self._neighbourhood = Neighbourhood(territory)
        self._loop = loop
        self._progress = progress
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._report = Report(territory.script.settings.seed, territory.script.settings.meters)

    async def run(self) -> Report:
        self._loop.set_exception_handler(self._on_loop_error)
        try:
            await self._unless_objected(self._play())
        finally:
            await self._tear_down()
        return self._finished()

    async def _play(self) -> None:
        territory, trouble = self._territory, self._trouble
        script = territory.script
        for program in territory.programs:
            self._start(program.run(trouble.restart_s), program.name)
        self._start(self._look(), "look")
        if script.settings.prepaid:
            self._start(self._neighbourhood.run(), "households")
        for order in script.orders:
            self._start(trouble.order(order), f"order {order.number}")
        for fault in script.faults:
            self._start(trouble.suffer(fault, territory.collectors[0]), "fault")
        for fault in script.rival_faults:
            if fault.kind in (FaultKind.COLLECTOR_CRASH, FaultKind.DISK_FULL):
                self._start(trouble.suffer(fault, territory.collectors[-1]), "fault")
        await asyncio.sleep(script.until_s)
        await self._calm()
        await self._end()

    def _start(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        task = self._loop.create_task(coroutine, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._auditor.fail("a part of the world ends by itself", f"{task.get_name()}: {error!r}")

    async def _unless_objected(self, play: Coroutine[Any, Any, None]) -> None:
        playing = self._loop.create_task(play, name="play")
        objecting = self._loop.create_task(self._auditor.found.wait(), name="objections")
        await asyncio.wait([playing, objecting], return_when=asyncio.FIRST_COMPLETED)
        for task in (playing, objecting):
            task.cancel()
        await asyncio.wait([playing, objecting])
        if self._auditor.finding is not None:
            raise self._auditor.finding
        await playing

    # Watching

    async def _look(self) -> None:
        """At what could grow, every minute."""
        territory, report, bound = self._territory, self._report, self._auditor.bound
        meters = territory.script.settings.meters
        while True:
            await asyncio.sleep(LOOK_S)
            links, tasks = territory.network.links_open, len(asyncio.all_tasks()) - len(self._tasks)
            report.links_max, report.tasks_max = max(report.links_max, links), max(report.tasks_max, tasks)
            bound("the number of links", links, LINKS_PER_METER_MAX * (meters + 2))
            bound("what is under way", territory.network.octets_outstanding, links * LINK_RECEIVE_OCTETS_MAX)
            bound("the number of tasks", tasks, TASKS_PER_METER_MAX * meters + TASKS_ELSEWHERE_MAX)
            for collector in territory.collectors:
                if collector.runtime is not None:
                    state = collector.runtime.head_end.state
                    bound("the heap of due times", len(state.due), DUE_PER_METER_MAX * meters + DUE_MORE_MAX)
                    bound("the number of batches for the store", state.storing_count, meters * 8)
            if self._progress is not None:
                self._progress(min(1.0, self._loop.time() / territory.script.until_s))

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What asyncio would only print: an error that nobody takes."""
        del loop
        error = context.get("exception")
        if not isinstance(error, ProcessDiedError):
            self._auditor.fail("an error that nobody takes", f"{context.get('message')}: {error!r}")

    # The end

    async def _calm(self) -> None:
        """No more faults: within the named time everything must be well."""
        territory = self._territory
        territory.log.record("calm", "world")
        territory.medium.calm()
        self._auditor.calm_begins()
        self._neighbourhood.households.closing = True
        until_s = territory.clock.now_ms() // MS_PER_S
        began_s = self._loop.time()
        while wrong := self._unsettled(until_s):
            if self._loop.time() - began_s > territory.script.settings.calm_h * 3600:
                self._auditor.fail("the calm does not heal everything", wrong, wrong.split()[0])
                return
            await asyncio.sleep(SETTLED_LOOK_S)
        self._report.calm_s = self._loop.time() - began_s

    def _unsettled(self, until_s: int) -> str:
        """What is not yet as it should be, in one line; nothing when all is."""
        for collector in self._territory.collectors:
            if not collector.running:
                return f"{collector.name} does not run"
            for meter, absent in self._auditor.missing(collector.name, until_s).items():
                return f"meter{meter} has {len(absent)} rows that {collector.name} has not, the first at {absent[0]}"
            for meter, time_s in collector.awaited(until_s):
                return f"meter{meter} has no row at {time_s} that {collector.name} still awaits"
            for row in collector.settings.rows:
                for command in collector.commands(row.id):
                    if command.state not in (CommandState.CONFIRMED, CommandState.FAILED):
                        return f"meter{row.id} has command {command.id} {command.state} at {collector.name}"
                if row.id not in collector.settings.unkeyed and (unread := collector.unread_events(row.id)):
                    return f"meter{row.id} has events that {collector.name} has not: {dict(unread)}"
        return self._neighbourhood.unsettled() if self._territory.script.settings.prepaid else ""

    async def _end(self) -> None:
        """Everybody goes home, and the auditor looks through what is left."""
        if self._territory.script.settings.prepaid:
            self._close_the_till()
        for collector in self._territory.collectors:
            await self._close_books(collector)
        await asyncio.sleep(IDLE_S)
        # Whoever means harm may hold his own ends for as long as he likes; those of the system must be gone.
        links = self._territory.network.links_open_but_of(EAVESDROPPER)
        self._auditor.bound("the number of links that nobody needs", links, 0)
        for street in self._territory.streets:
            await street.stop()

    def _close_the_till(self) -> None:
        audit, ledger = self._neighbourhood.audit(), self._territory.collectors[0].ledger_fault()
        if wrong := ledger or self._neighbourhood.unsettled():
            self._auditor.fail("what was sold is not what was taken", wrong)
        elif audit is not None:
            self._report.tokens_sold, self._report.tokens_refused = audit.tokens_sold, audit.tokens_refused

    async def _close_books(self, collector: Collector) -> None:
        auditor = self._auditor
        assert collector.runtime is not None
        seen = {meter.id: meter.confirmed_control_state for meter in collector.runtime.head_end.state.meters.values()}
        stores = await collector.stop()
        auditor.reopened(collector.name, stores)
        for row in collector.settings.rows:
            auditor.check_commands(collector.name, row.id)
            for command in collector.commands(row.id):
                key = f"{command.kind} {command.state}"
                self._report.commands[key] = self._report.commands.get(key, 0) + 1
            if row.id not in collector.settings.unkeyed:
                auditor.check_events(row.id, stores)
                # A prepaid meter's switch moves by itself.
                prepaid = row.id <= self._territory.script.settings.prepaid
                if collector is self._territory.collectors[0] and not prepaid:
                    auditor.check_state(row.id, seen[row.id])

    def _finished(self) -> Report:
        report, territory = self._report, self._territory
        report.virtual_s = self._loop.time()
        report.street_deaths = sum(street.deaths for street in territory.streets)
        report.collector_deaths = sum(collector.deaths for collector in territory.collectors)
        report.intervals_captured = self._auditor.truth.captured
        report.intervals_stored = self._auditor.rows_stored
        report.commands = dict(sorted(report.commands.items()))
        report.faults = dict(sorted(self._trouble.counts.items()))
        report.commands_executed = sum(self._auditor.executions.values())
        report.streams = territory.network.streams_made
        report.counters_seen = territory.wire.counters_seen
        report.events, report.log_digest = territory.log.count, territory.log.digest
        return report

    async def _tear_down(self) -> None:
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for program in self._territory.programs:
            await program.bury()


def _fast_directory() -> str | None:
    """A place in memory for files that are thrown away; None: the system's usual one."""
    shared = Path(SHARED_MEMORY)
    return str(shared) if shared.is_dir() and os.access(shared, os.W_OK) else None
