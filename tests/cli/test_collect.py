"""The head-end of a directory: registry files, one-shot collection over real TCP, progress."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from ferraris.cli.collect import Collected, _alone, progress_of
from ferraris.cli.head_end import MASTER_KEY_FILE, clock_of, import_registry, opened, runtime_of
from ferraris.headend import HeadEndState
from ferraris.kernel.clock import ManualClock, ScaledClock, SystemClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.link import open_tcp, serve_tcp
from ferraris.meter import Fleet, FleetService, Manufacture, ServiceSettings, meter_model, write_registry
from tests.meter.steady import STEADY

DAY_MS = 86_400_000
LINE = {
    "serial": "FER0000000001",
    "profile": "smr5_three_phase",
    "host": "127.20.0.1",
    "system_title": "4645520000000001",
    "encryption_key": "00" * 16,
    "authentication_key": "11" * 16,
}


async def imported(directory: Path, *lines: object) -> tuple[int, int]:
    path = directory / "registry.json"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    with opened(directory) as (stores, master_key):
        return import_registry(runtime_of(stores, master_key, ManualClock(5)), master_key, path, 5)


def test_a_registry_is_imported_once_and_its_changes_are_taken(tmp_path: Path) -> None:
    async def story() -> None:
        assert await imported(
            tmp_path, LINE, "", LINE | {"serial": "FER0000000002", "system_title": "4645520000000002"}
        ) == (2, 0)
        assert await imported(tmp_path, LINE) == (0, 0)
        assert await imported(tmp_path, LINE | {"host": "127.20.0.9", "created_ms": 77}) == (0, 1)
        assert await imported(tmp_path, LINE | {"host": "127.20.0.9", "encryption_key": "22" * 16}) == (0, 1)
        with opened(tmp_path) as (stores, _):
            row = stores.records.meter_by_serial("FER0000000001")
            assert row is not None
            assert (row.id, row.host, row.created_ms, row.group) == (1, "127.20.0.9", 5, "default")

    asyncio.run(story())


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "3", {}, LINE | {"encryption_key": "00"}, LINE | {"encryption_key": "zz"}, LINE | {"port": "x"}],
    ids=str,
)
def test_a_line_that_is_no_meter_is_named_without_its_keys(tmp_path: Path, line: object) -> None:
    with pytest.raises(ConfigError, match="line 2: not a meter") as caught:
        asyncio.run(imported(tmp_path, LINE, line))
    assert "1111" not in str(caught.value)


def test_stores_without_their_master_key_are_not_opened(tmp_path: Path) -> None:
    asyncio.run(imported(tmp_path, LINE))
    (tmp_path / MASTER_KEY_FILE).unlink()
    with pytest.raises(ConfigError, match="is missing"), opened(tmp_path):
        pass


def test_clocks() -> None:
    assert isinstance(clock_of(1.0), SystemClock)
    assert clock_of(900.0, "1000:2.5") == ScaledClock(1000, 2.5, 900.0)
    assert isinstance(clock_of(2.0), ScaledClock)
    with pytest.raises(ConfigError):
        clock_of(2.0, "soon")


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


def test_nothing_to_collect_is_finished() -> None:
    assert progress_of(HeadEndState(), None, 0) == Collected(0, 0, 0, 0, 0, True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
