"""Collecting without a running system: over real TCP, with progress."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from ferraris.cli.collect import Collected, _alone, progress_of
from ferraris.cli.head_end import import_registry, opened, runtime_of
from ferraris.headend import HeadEndState
from ferraris.kernel.clock import SystemClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.link import open_tcp, serve_tcp
from ferraris.meter import Fleet, FleetService, Manufacture, ServiceSettings, meter_model, write_registry
from tests.meter.steady import STEADY

DAY_MS = 86_400_000


def test_a_one_shot_collection_over_tcp(tmp_path: Path) -> None:
    """Three meters that have measured for a day; one of them does not answer."""

    async def story() -> Collected:
        clock = SystemClock()
        born_ms = clock.now_ms() - DAY_MS
        fleet = Fleet.create(tmp_path / "fleet", Manufacture(3, index_wh_max=0), STEADY, SeededEntropy(5), born_ms)
        fleet.advance(clock.now_ms())
        settings = ServiceSettings(port=_free_port())
        service = FleetService(
            fleet, [meter_model("smr5_single_phase")], 11, clock, SeededEntropy(3), serve_tcp, open_tcp, settings
        )
        await service.start()
        try:
            registry = write_registry(tmp_path, service.devices, settings.port)
            await service.leave_network(2)
            with opened(tmp_path / "head-end") as (stores, master_key):
                runtime = runtime_of(stores, master_key, clock)
                assert import_registry(runtime, master_key, registry, born_ms) == (3, 0)
                collected = await _alone(stores, master_key, None, quiet=True)
                for meter in (1, 2):
                    stored = stores.intervals.read(meter, [1], born_ms // 1000, clock.now_ms() // 1000)
                    assert len(stored) in (95, 96)
                assert stores.intervals.coverage(1, 0, 2**40).keys() == {1, 2}
            return collected
        finally:
            await service.aclose()
            fleet.close()

    collected = asyncio.run(story())
    assert (collected.meters, collected.reached, collected.failed, collected.finished) == (3, 2, 1, True)
    assert collected.missing in (95, 96, 97, 98)


@pytest.mark.parametrize(
    ("profile", "hdlc"),
    [("short_name_meter", False), ("compressed_meter", False), ("delta_meter", False), ("security_suite_2", True)],
)
def test_what_a_virtual_fleet_lists_is_collected(tmp_path: Path, profile: str, hdlc: bool) -> None:
    async def story() -> Collected:
        clock = SystemClock()
        born_ms = clock.now_ms() - DAY_MS
        fleet = Fleet.create(tmp_path / "fleet", Manufacture(2, index_wh_max=0), STEADY, SeededEntropy(5), born_ms)
        fleet.advance(clock.now_ms())
        settings = ServiceSettings(port=_free_port(), hdlc=hdlc)
        models = [meter_model(profile)]
        service = FleetService(fleet, models, 11, clock, SeededEntropy(3), serve_tcp, open_tcp, settings)
        await service.start()
        try:
            registry = write_registry(tmp_path, service.devices, settings.port, hdlc=hdlc)
            with opened(tmp_path / "head-end") as (stores, master_key):
                assert import_registry(runtime_of(stores, master_key, clock), master_key, registry, born_ms) == (2, 0)
                collected = await _alone(stores, master_key, None, quiet=True)
                for meter in (1, 2):
                    assert len(stores.intervals.read(meter, [1], born_ms // 1000, clock.now_ms() // 1000)) in (95, 96)
            return collected
        finally:
            await service.aclose()
            fleet.close()

    collected = asyncio.run(story())
    assert (collected.reached, collected.failed, collected.finished) == (2, 0, True)


def test_nothing_to_collect_is_finished() -> None:
    assert progress_of(HeadEndState(), None, 0) == Collected(0, 0, 0, 0, 0, True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
