"""Cut off anywhere: the head-end dies or stops in the middle of an association, and every write to a store fails once."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from ferraris.headend import CommandKind
from ferraris.kernel.errors import StoreError
from ferraris.store import CommandState
from tests.runtime.street import QUICK, Street, tell
from tests.runtime.test_conversation import DISCONNECTION, fate, settled, times_switched


async def all_is_well(street: Street, hours: int) -> None:
    """Everything until `hours` is stored once, no link is left open, no alarm stands."""
    for meter in range(1, street.meters + 1):
        assert street.stored_slots(meter)[: hours * 4] == street.slots(0, hours)
        assert street.communication(meter) == "ok"
    assert street.alarm_kinds() == set()
    for time_s in street.stores.intervals.read(1, [1], 0, 2**40).time_s.tolist():
        assert len(street.stores.intervals.versions(1, 1, time_s)) == 1


def rising(marks: list[dict[tuple[int, str], int]]) -> bool:
    """Every counter's mark is at least what it was before."""
    return all(later.get(key, -1) >= mark for earlier, later in pairwise(marks) for key, mark in earlier.items())


def marks_of(street: Street) -> dict[tuple[int, str], int]:
    return {(row.meter, row.name): row.reserved for row in street.stores.records.invocation_counters()}


# One association lasts about 400 ms of the street's time; every await of it lies somewhere in between.
MOMENTS_MS = [*range(0, 440, 40)]


@pytest.mark.parametrize("moment_ms", MOMENTS_MS)
def test_a_death_at_any_await_leaves_nothing_that_the_next_life_does_not_mend(tmp_path: Path, moment_ms: int) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        marks = [marks_of(street)]
        street.runtime.request_collection()
        await street.live_until(1.2 + moment_ms / 3_600_000)
        await street.kill_head_end()
        street.open_head_end()
        marks.append(marks_of(street))
        await street.live_until(2.4)
        marks.append(marks_of(street))
        assert rising(marks)
        await all_is_well(street, 1)

    tell(tmp_path, story, meters=1)


@pytest.mark.parametrize("moment_ms", MOMENTS_MS[::2])
def test_a_graceful_stop_at_any_await_finishes_what_is_under_way(tmp_path: Path, moment_ms: int) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        command = street.runtime.post_command(1, CommandKind.DISCONNECT)
        await street.live_until(1.2 + moment_ms / 3_600_000)
        await street.close_head_end()
        street.open_head_end()
        at_the_stop = fate(street, command).state
        assert at_the_stop in {CommandState.PENDING, CommandState.CONFIRMED}, "nothing is left half done by a good stop"
        assert (await settled(street, command)).state is CommandState.CONFIRMED
        assert times_switched(street, DISCONNECTION) == 1

    tell(tmp_path, story, meters=1)


def test_a_graceful_stop_under_load_starts_nothing_more_and_keeps_what_came(tmp_path: Path) -> None:
    """Six meters, two places: at the stop two are being read and others wait. The two are finished, the others not begun."""
    narrow = replace(QUICK, limits=replace(QUICK.limits, concurrency_max=2, urgent_reserve=1))

    async def story(street: Street) -> None:
        await street.live_until(1.9)
        state = street.runtime.head_end.state
        before = state.counts.associations
        street.runtime.request_collection()
        await street.until(lambda: state.running_count == 2, 60, 0.01)
        begun = state.counts.associations - before
        await street.close_head_end()
        assert state.counts.associations_failed == 0
        street.open_head_end()
        read = [meter for meter in range(1, 7) if len(street.stored_slots(meter)) == 7]
        assert len(read) == begun < 6
        await street.live_until(4.4)
        await all_is_well(street, 3)

    tell(tmp_path, story, meters=6, settings=narrow)


def test_a_stop_does_not_wait_for_ever_for_a_meter_that_says_nothing(tmp_path: Path) -> None:
    """The meter's answers are lost: after its time the association is given up, and the stop is in good order."""
    hasty = replace(QUICK, stop_timeout_s=2, response_timeout_s=30)

    async def story(street: Street) -> None:
        await street.live_until(1.2)
        street.runtime.request_collection()
        await street.until(lambda: street.runtime.head_end.state.running_count > 0, 60, 0.01)
        street.network.medium.cut("silence", [street.service.devices[0].identity.host])
        begun_ms = street.clock.now_ms()
        await street.close_head_end()
        assert street.clock.now_ms() - begun_ms <= 2_500
        street.network.medium.heal("silence")
        street.open_head_end()
        await street.live_until(3.4)
        await all_is_well(street, 2)

    tell(tmp_path, story, meters=1, settings=hasty)


class FailsOnce:
    """A write hook: the n-th moment after it was armed fails, before or after the commit; all others go well."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.failed = ""

    def __call__(self, moment: str) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            self.failed = moment
            raise StoreError(f"no space left on the device ({moment})")


@pytest.mark.parametrize("write", range(20))
def test_a_store_that_fails_once_at_any_write_costs_nothing(tmp_path: Path, write: int) -> None:
    """A command and a collection of two meters; the n-th write is refused, or done and reported as failed."""
    disk = FailsOnce()

    async def story(street: Street) -> None:
        await street.live_until(1.2)
        command = street.runtime.post_command(1, CommandKind.DISCONNECT)
        street.runtime.request_collection()
        disk.left = write
        await street.until(lambda: disk.failed, 2 * 3_600, 1)
        disk.left = None
        row = await settled(street, command)
        # Recorded as sent, and never sent: that is known to have failed. Carried out is known as confirmed.
        assert times_switched(street, DISCONNECTION) == (row.state is CommandState.CONFIRMED)
        await street.live_until(street.hours() + 2)
        await all_is_well(street, int(street.hours()) - 1)

    tell(tmp_path, story, meters=2, before_write=disk)
    assert disk.failed


@pytest.mark.parametrize(
    "operation", ["append", "save_states", "add_events", "reserve_invocation_counters", "open_alarm"]
)
def test_a_store_that_fails_for_an_hour_and_a_death_in_that_hour(tmp_path: Path, operation: str) -> None:
    class Full:
        full = False

        def __call__(self, moment: str) -> None:
            if self.full and moment == f"{operation}:commit":
                raise StoreError("no space left on the device")

    disk = Full()

    async def story(street: Street) -> None:
        await street.live_until(2.2)
        disk.full = True
        await street.live_until(3.2)
        await street.kill_head_end()
        disk.full = False
        street.open_head_end()
        await street.live_until(5.4)
        await all_is_well(street, 4)

    tell(tmp_path, story, meters=2, before_write=disk)
