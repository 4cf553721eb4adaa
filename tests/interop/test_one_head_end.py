"""One head-end, three makers, one run: a meter of Gurux, one of jDLMS and one of ours, from one registry."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferraris.cli.head_end import import_registry, opened, runtime_of
from ferraris.headend import Activity
from ferraris.kernel.clock import ScaledClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.link import open_tcp, serve_tcp
from ferraris.meter import Fleet, FleetService, Manufacture, ServiceSettings, meter_model, registry_line
from ferraris.runtime import Runtime
from tests.interop.foreign_meter import meter_of
from tests.interop.load_profile import FIRST_S, ROWS, end_s, numbers
from tests.interop.own_client import KEYS
from tests.interop.peers.process import PeerProcess
from tests.meter.steady import STEADY

pytestmark = [pytest.mark.interop, pytest.mark.peer_role("meter"), pytest.mark.xdist_group("interop")]

CHANNELS = (1, 2, 3, 4, 5, 6)
"""Those of the foreign meters' columns behind clock and status."""
TITLES = {"GRX1": b"GRX\0\0\0\0\1".hex(), "JDL1": b"JDL\0\0\0\0\1".hex()}
NIGHT_MS = (end_s(ROWS - 1) + 300) * 1_000
PATIENCE_S = 60
PROFILE = """
name = "one_day"
title = "What the foreign meters have"
inherit = "smr5_three_phase"

[source]
document = "Meters made for tests"
edition = "1"
licence = "Apache-2.0"

[objects.LOAD_PROFILE]
capture = [
    "CLOCK.time", "PROFILE_STATUS.value", "ACTIVE_ENERGY_IMPORT.value", "ACTIVE_ENERGY_EXPORT.value",
    "REACTIVE_ENERGY_IMPORT.value", "REACTIVE_ENERGY_EXPORT.value", "VOLTAGE_L1.value", "VOLTAGE_L2.value",
]
"""


@pytest.fixture(scope="module")
def gurux_port(gurux: PeerProcess) -> Iterator[int]:
    yield from meter_of(gurux, system_title=TITLES["GRX1"], hdlc=True)


@pytest.fixture(scope="module")
def jdlms_port(jdlms: PeerProcess) -> Iterator[int]:
    yield from meter_of(jdlms, system_title=TITLES["JDL1"])


def foreign(serial: str, port: int, **terms: object) -> dict[str, object]:
    return {
        "serial": serial,
        "profile": "one_day.toml",
        "host": "127.0.0.1",
        "port": port,
        "system_title": TITLES[serial],
        "encryption_key": KEYS["encryption_key"],
        "authentication_key": KEYS["authentication_key"],
        "created_ms": FIRST_S * 1_000,
        **terms,
    }


def test_meters_of_three_makers_are_collected_in_one_run(tmp_path: Path, gurux_port: int, jdlms_port: int) -> None:
    (tmp_path / "one_day.toml").write_text(PROFILE)

    async def story() -> None:
        clock = ScaledClock.starting_at(NIGHT_MS, 1.0)
        fleet = Fleet.create(
            tmp_path / "fleet", Manufacture(1, index_wh_max=0), STEADY, SeededEntropy(5), FIRST_S * 1_000
        )
        fleet.advance(NIGHT_MS)
        settings = ServiceSettings(port=_free_port())
        models = [meter_model("short_name_meter")]
        service = FleetService(fleet, models, 11, clock, SeededEntropy(3), serve_tcp, open_tcp, settings)
        await service.start()
        lines = [
            foreign("GRX1", gurux_port, link="hdlc+tcp"),
            foreign("JDL1", jdlms_port),
            registry_line(service.devices[0], settings.port) | {"created_ms": FIRST_S * 1_000},
        ]
        registry = tmp_path / "registry.json"
        registry.write_text("\n".join(map(json.dumps, lines)))
        try:
            with opened(tmp_path / "head-end") as (stores, master_key):
                runtime = runtime_of(stores, master_key, clock)
                assert import_registry(runtime, master_key, registry, NIGHT_MS) == (3, 0)
                await _collected(runtime)
                day_s = FIRST_S, end_s(ROWS - 1)
                for meter in (1, 2):
                    for place, channel in enumerate(CHANNELS, 1):
                        read = stores.intervals.read(meter, [channel], *day_s)
                        assert read.time_s.tolist() == [end_s(row) for row in range(ROWS)]
                        assert read.value.tolist() == [numbers(row)[place] for row in range(ROWS)]
                assert len(stores.intervals.read(3, [1], *day_s)) == ROWS
        finally:
            await service.aclose()
            fleet.close()

    asyncio.run(story())


async def _collected(runtime: Runtime) -> None:
    runtime.request_collection()
    running = asyncio.create_task(runtime.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await asyncio.wait([running], timeout=0.1)
                if running.done():
                    running.result()
                meters = runtime.head_end.state.meters.values()
                if meters and all(m.activity is Activity.IDLE and m.last_attempt_ms for m in meters):
                    assert {m.row.serial: m.detail for m in meters if m.failures} == {}
                    if not any(c.missing.oldest for m in meters for c in m.coverage if c.profile.tag == "LOAD_PROFILE"):
                        return
    finally:
        runtime.stop()
        await asyncio.wait([running])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
