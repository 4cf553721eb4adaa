"""Two head-ends for one street: each with a title of its own, both with the same, both over the same stores."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import StoreError
from ferraris.runtime import Runtime, World
from ferraris.store import Stores, open_stores
from tests.robustness.hostile import HostileStreet, tell
from tests.runtime.street import QUICK

SECOND = replace(QUICK, system_title=b"FERHES02")


@contextmanager
def second_head_end(
    street: HostileStreet, directory: Path, settings: object = QUICK
) -> Iterator[tuple[Runtime, Stores]]:
    """Another head-end with the same meters and keys, over stores of its own."""
    stores = open_stores(directory / "second", threads=1)
    world = World(street.clock, SeededEntropy(99), street.network.connector("10.0.0.2"))
    runtime = Runtime(stores, street.master_key, world, settings)  # type: ignore[arg-type]
    running = asyncio.create_task(runtime.run())
    runtime.register([street.row(index) for index in range(street.meters)])
    try:
        yield runtime, stores
    finally:
        running.cancel()
        stores.close()


def test_two_titles_do_not_disturb_one_another(tmp_path: Path) -> None:
    async def story(street: HostileStreet) -> None:
        with second_head_end(street, tmp_path, SECOND) as (runtime, stores):
            await street.live_until(8)
            assert stores.intervals.count() == street.stores.intervals.count() > 0
            assert stores.records.alarms() == []
            assert runtime.head_end.state.counts.associations_failed == 0
        street.check_truth(1, 7)
        assert street.alarm_kinds() == set()

    tell(tmp_path, story, meters=2)


def test_one_title_used_twice_is_an_alarm_and_no_loss(tmp_path: Path) -> None:
    """Each finds that the meter has seen higher counters than its own, follows a few times, and calls an operator."""

    async def story(street: HostileStreet) -> None:
        with second_head_end(street, tmp_path) as (runtime, stores):
            await street.live_until(26)
            kinds = {alarm.kind for alarm in stores.records.alarms()} | {kind for _, kind in street.alarm_kinds()}
            assert kinds & {"invocation_counter_implausible", "wrong_key"}
            bound = runtime.head_end.config.limits.counter_recoveries_max
            for head_end in (runtime.head_end, street.runtime.head_end):
                assert all(meter.counter_recoveries <= bound for meter in head_end.state.meters.values())
        await street.live_until(40)
        street.check_truth(1, 30)

    tell(tmp_path, story, meters=1)


def test_the_same_stores_are_refused(tmp_path: Path) -> None:
    async def story(street: HostileStreet) -> None:
        await street.live_until(0.2)
        with pytest.raises(StoreError, match="is in use by this process; one process owns it"):
            open_stores(tmp_path)
        await street.live_until(2)
        street.check_truth(1, 1)

    tell(tmp_path, story, meters=1)
