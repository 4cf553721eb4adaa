"""The head-end of a directory: registry files, the master key, clocks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from ferraris.cli.head_end import MASTER_KEY_FILE, clock_of, import_registry, opened, runtime_of
from ferraris.kernel.clock import ManualClock, ScaledClock, SystemClock
from ferraris.kernel.errors import ConfigError

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
