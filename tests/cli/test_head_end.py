"""The head-end of a directory: registry files, the master key, clocks."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferraris.cli.head_end import MASTER_KEY_FILE, clock_of, import_registry, opened, runtime_of
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


def test_a_meter_is_reached_over_tcp_unless_its_line_says_udp(tmp_path: Path) -> None:
    async def story() -> None:
        other = {"serial": "FER0000000002", "system_title": "4645520000000002", "link": "udp"}
        assert await imported(tmp_path, LINE, LINE | other) == (2, 0)
        with opened(tmp_path) as (stores, _):
            assert [row.link for row in stores.records.meters()] == ["tcp", "udp"]
        assert await imported(tmp_path, LINE | {"link": "udp"}) == (0, 1)

    asyncio.run(story())


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Stores without a meter, for what is refused and leaves no trace."""
    with opened(tmp_path_factory.mktemp("empty")) as stores_and_key:
        yield stores_and_key


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "3", {}, LINE | {"encryption_key": "00"}, LINE | {"encryption_key": "zz"}, LINE | {"port": "x"}],
    ids=str,
)
def test_a_line_that_is_no_meter_is_named_without_its_keys(empty: Opened, tmp_path: Path, line: object) -> None:
    with pytest.raises(ConfigError, match="line 2: not a meter") as caught:
        asyncio.run(imported_into(empty, tmp_path, LINE, line))
    assert "1111" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"port": 0}, "port, expected 1 to 65535"),
        ({"port": 65_536}, "port, expected 1 to 65535"),
        ({"client_sap": 77}, "an association of smr5_three_phase"),
        ({"profile": "smr9"}, "no such companion profile"),
        ({"profile": "../profiles/smr5_three_phase"}, "no such companion profile"),
        ({"system_title": "00"}, "system_title, expected 8 octets"),
        ({"serial": "other"}, "another one than that of FER0000000001"),
        ({}, "each meter once"),
        ({"serial": ""}, "serial, expected"),
        ({"serial": "x" * 65}, "serial, expected"),
        ({"serial": "a\nb"}, "serial, expected"),
        ({"serial": "../x"}, "serial, expected"),
        ({"serial": "\ud800"}, "serial, expected"),
        ({"group": "g" * 65}, "group, expected"),
        ({"host": ""}, "host, expected"),
        ({"created_ms": -1}, "created_ms, expected"),
        ({"created_ms": 10**30}, "created_ms, expected"),
        ({"link": "pigeon"}, "link, expected tcp or udp"),
        ('{"port": 1e999}', "KeyError"),
        (json.dumps(LINE)[:-1] + ', "port": 1e999}', "OverflowError"),
        ("[" * 100_000, "RecursionError"),
        ("\x00", "JSONDecodeError"),
    ],
    ids=lambda what: str(what)[:40].encode("ascii", "backslashreplace").decode(),
)
def test_a_meter_that_could_never_be_read_is_refused_before_it_is_on_record(
    empty: Opened, tmp_path: Path, wrong: dict[str, object] | str, text: str
) -> None:
    """One wrong line must not be found by the next start, which would then bring nothing up."""
    line = wrong if isinstance(wrong, str) else LINE | wrong
    with pytest.raises(ConfigError, match=f"line 2: not a meter: .*{text}") as caught:
        asyncio.run(imported_into(empty, tmp_path, LINE, line))
    assert "1111" not in str(caught.value)
    stores, _ = empty
    assert stores.records.meters() == []


@pytest.mark.parametrize(("octets", "text"), [(b"\xff\xfe", "is not text in UTF-8"), (None, "cannot be read: No such")])
def test_a_registry_that_is_no_file_of_text_is_refused(
    empty: Opened, tmp_path: Path, octets: bytes | None, text: str
) -> None:
    path = tmp_path / "lines.json"
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(ConfigError, match=text):
        asyncio.run(taken(empty, path))


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
