"""The head-end of a directory: registry files, the master key, clocks."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from ferraris.cli.head_end import MASTER_KEY_FILE, OTHER_CONNECTORS, clock_of, import_registry, opened, runtime_of
from ferraris.cli.registry_file import LINKS
from ferraris.kernel.clock import ManualClock, ScaledClock, SystemClock
from ferraris.kernel.errors import ConfigError
from ferraris.keys import MasterKey
from ferraris.store import Stores

Opened = tuple[Stores, MasterKey]

LINE = {
    "serial": "FER0000000001",
    "profile": "smr5_three_phase",
    "host": "127.20.0.1",
    "system_title": "4645520000000001",
    "encryption_key": "00" * 16,
    "authentication_key": "11" * 16,
}


async def imported(directory: Path, *lines: object) -> tuple[int, int]:
    return await imported_to(directory, directory, *lines)


async def imported_to(directory: Path, source: Path, *lines: object) -> tuple[int, int]:
    with opened(directory) as stores_and_key:
        return await imported_into(stores_and_key, source, *lines)


async def imported_into(into: Opened, source: Path, *lines: object) -> tuple[int, int]:
    path = source / "registry.json"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return await taken(into, path)


async def taken(into: Opened, path: Path) -> tuple[int, int]:
    stores, master_key = into
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


def test_every_link_of_the_registry_can_be_opened() -> None:
    assert ("tcp", *OTHER_CONNECTORS) == LINKS


def test_a_meter_is_reached_over_tcp_unless_its_line_says_udp(tmp_path: Path) -> None:
    async def story() -> None:
        other = {"serial": "FER0000000002", "system_title": "4645520000000002", "link": "udp"}
        assert await imported(tmp_path, LINE, LINE | other) == (2, 0)
        with opened(tmp_path) as (stores, _):
            assert [row.link for row in stores.records.meters()] == ["tcp", "udp"]
        assert await imported(tmp_path, LINE | {"link": "udp"}) == (0, 1)

    asyncio.run(story())


def test_what_is_kept_is_for_this_user_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        asyncio.run(imported_to(tmp_path / "data", tmp_path, LINE))
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    made = [tmp_path / "data", *(tmp_path / "data").iterdir()]
    assert {path.name for path in made} >= {MASTER_KEY_FILE, "records.sqlite", "intervals.duckdb"}
    assert [path.name for path in made if path.stat().st_mode & 0o077] == []


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
