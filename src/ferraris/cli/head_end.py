"""The head-end of a directory: its master key, its stores, its registry, wired to real links and a clock.

DIR/master.key         wraps the meters' keys; whoever has it and the stores has the keys
DIR/records.sqlite     registry, counters, commands, alarms
DIR/intervals.duckdb   readings
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from ferraris.cli.clocks import shared_clock
from ferraris.cosem import load_profile
from ferraris.kernel.clock import Clock, ScaledClock, SystemClock
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import ConfigError, SecurityError, TableError
from ferraris.kernel.limits import PUSH_LINKS_MAX
from ferraris.keys import MasterKey, MeterKeys
from ferraris.link import Connector, open_tcp, open_udp
from ferraris.runtime import Runtime, RuntimeSettings, World
from ferraris.store import MeterRow, Stores, open_stores

MASTER_KEY_FILE: Final = "master.key"
DEFAULT_DIRECTORY: Final = Path("ferraris-data")
MANAGEMENT_CLIENT_SAP: Final = 1
STORE_THREADS: Final = 1
OPEN_FILES_MAX: Final = 65_536
"""What the head-end raises its limit of open files to, where the system lets it."""
NAME_CHARACTERS_MAX: Final = 64
SYSTEM_TITLE_OCTETS: Final = 8
OTHER_CONNECTORS: Final[Mapping[str, Connector]] = {"udp": open_udp}
LINKS: Final = ("tcp", *OTHER_CONNECTORS)
CREATED_MS_MAX: Final = 253_402_300_799_999
"""The end of the year 9999."""


@contextmanager
def opened(directory: Path) -> Iterator[tuple[Stores, MasterKey]]:
    """The stores and the master key of a directory, made where there are none. Raises StoreError, ConfigError.

    What is made here and below is for this user alone: load profiles tell when people are at home.
    """
    path = directory / MASTER_KEY_FILE
    others = os.umask(0o077)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with open_stores(directory, threads=STORE_THREADS) as stores:
            if not path.exists() and stores.records.meters():
                raise ConfigError(
                    f"{path} is missing: without it the keys of the registered meters cannot be unwrapped"
                )
            yield stores, MasterKey.load(path) if path.exists() else MasterKey.generate(path)
    finally:
        os.umask(others)


def runtime_of(stores: Stores, master_key: MasterKey, clock: Clock) -> Runtime:
    """The runtime over real links; make it in the event loop. Bulk writes go through a thread."""
    world = World(clock, SystemEntropy(), open_tcp, _in_thread, OTHER_CONNECTORS)
    return Runtime(stores, master_key, world, RuntimeSettings(push_links_max=_places_for_pushes()))


def _places_for_pushes() -> int:
    """At most half of the files that this process may open: strangers at the push port must leave the meters theirs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(OPEN_FILES_MAX, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return PUSH_LINKS_MAX if soft == resource.RLIM_INFINITY else min(PUSH_LINKS_MAX, soft // 2)


async def _in_thread(call: Callable[[], object]) -> object:
    return await asyncio.to_thread(call)


def clock_of(speed: float, shared: str = "") -> Clock:
    """The machine's clock, or one that runs `speed` times as fast; `shared` is "origin_ms:monotonic_s" of another process."""
    if shared:
        return shared_clock(shared, speed)
    if speed == 1.0:
        return SystemClock()
    return ScaledClock.starting_at(SystemClock().now_ms(), speed)


def import_registry(runtime: Runtime, master_key: MasterKey, path: Path, now_ms: int) -> tuple[int, int]:
    """Register the meters of a file, one JSON object a line; returns how many are new and how many have changed.

    `serial`, `profile`, `host`, `system_title`, `encryption_key` and `authentication_key` must be there (octets in hex);
    `port`, `link`, `group`, `client_sap`, `server_sap`, `lls_secret`, `created_ms` may be. Raises ConfigError naming the line.
    """
    records = runtime.stores.records
    known = {row.serial: row for row in records.meters()}
    owners = {row.system_title: row.serial for row in known.values()}
    next_id = records.next_meter()
    new: list[MeterRow] = []
    changed: list[MeterRow] = []
    listed: set[str] = set()
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            old = known.get(given["serial"])
            row = _row(given, next_id + len(new) if old is None else old.id, master_key, now_ms, old)
            _check(row, owners, listed)
        except (ConfigError, TableError) as error:
            raise ConfigError(f"{path}, line {number}: not a meter: {error}") from None
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError, SecurityError) as error:
            # Not the line itself: there are keys in it.
            raise ConfigError(f"{path}, line {number}: not a meter: {type(error).__name__}") from None
        if old is None:
            new.append(row)
        elif not _same(row, old):
            changed.append(row)
    for row in changed:
        runtime.update(row)
    if new:
        runtime.register(new)
    return len(new), len(changed)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8") from None


def _check(row: MeterRow, owners: dict[bytes, str], listed: set[str]) -> None:
    """Refuse, before it is on record, a meter that could never be read. Shows no value that could be a misplaced key."""
    names = {"serial": row.serial, "host": row.host, "group": row.group}
    for name, text in names.items():
        if not (0 < len(text) <= NAME_CHARACTERS_MAX and text.isprintable()) or "/" in text:
            raise ConfigError(name, expected=f"1 to {NAME_CHARACTERS_MAX} printable characters, no slash")
    if load_profile(row.profile).association_of(row.client_sap, row.server_sap) is None:
        raise ConfigError("client_sap, server_sap", expected=f"an association of {row.profile}")
    if row.link not in LINKS:
        raise ConfigError("link", expected=" or ".join(LINKS))
    if not 0 < row.port <= 0xFFFF:
        raise ConfigError("port", expected="1 to 65535")
    if not 0 <= row.created_ms <= CREATED_MS_MAX:
        raise ConfigError("created_ms", expected=f"0 to {CREATED_MS_MAX}")
    if len(row.system_title) != SYSTEM_TITLE_OCTETS:
        raise ConfigError("system_title", expected=f"{SYSTEM_TITLE_OCTETS} octets")
    if owners.setdefault(row.system_title, row.serial) != row.serial:
        raise ConfigError("system_title", expected=f"another one than that of {owners[row.system_title]}")
    if row.serial in listed:
        raise ConfigError("serial", expected="each meter once")
    listed.add(row.serial)


def _row(given: dict[str, Any], meter: int, master_key: MasterKey, now_ms: int, old: MeterRow | None) -> MeterRow:
    secret = given.get("lls_secret")
    keys = MeterKeys(
        bytes.fromhex(given["encryption_key"]),
        bytes.fromhex(given["authentication_key"]),
        lls_secret=None if secret is None else bytes.fromhex(secret),
    ).wrapped(master_key)
    return MeterRow(
        id=meter,
        serial=str(given["serial"]),
        profile=str(given["profile"]),
        host=str(given["host"]),
        port=int(given.get("port", 4059)),
        link=str(given.get("link", "tcp")),
        group=str(given.get("group", "default")),
        client_sap=int(given.get("client_sap", MANAGEMENT_CLIENT_SAP)),
        server_sap=int(given.get("server_sap", 1)),
        system_title=bytes.fromhex(given["system_title"]),
        created_ms=int(given.get("created_ms", now_ms)) if old is None else old.created_ms,
        wrapped_encryption_key=keys.encryption_key,
        wrapped_authentication_key=keys.authentication_key,
        wrapped_lls_secret=keys.lls_secret,
    )


def _same(row: MeterRow, old: MeterRow) -> bool:
    """Wrapping the same key gives the same octets, so rows tell changed keys without unwrapping."""
    return row == old
