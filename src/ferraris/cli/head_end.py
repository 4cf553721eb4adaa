"""The head-end of a directory: its master key, its stores, its registry, wired to real links and a clock.

DIR/master.key         wraps the meters' keys; whoever has it and the stores has the keys
DIR/records.sqlite     registry, counters, commands, alarms
DIR/intervals.duckdb   readings
"""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from ferraris.cli.clocks import shared_clock
from ferraris.cli.registry_file import Place, read_registry
from ferraris.kernel.clock import Clock, ScaledClock, SystemClock
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import PUSH_LINKS_MAX
from ferraris.keys import MasterKey
from ferraris.link import (
    MBUS_SETTINGS,
    Connector,
    Link,
    SerialSettings,
    open_coap,
    open_coap_unconfirmed,
    open_rfc2217,
    open_serial,
    open_tcp,
    open_udp,
)
from ferraris.runtime import Runtime, RuntimeSettings, World
from ferraris.store import Stores, open_stores

MASTER_KEY_FILE: Final = "master.key"
DEFAULT_DIRECTORY: Final = Path("ferraris-data")
STORE_THREADS: Final = 1
OPEN_FILES_MAX: Final = 65_536
"""What the head-end raises its limit of open files to, where the system lets it."""


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
    world = World(clock, SystemEntropy(), open_tcp, in_thread, OTHER_CONNECTORS)
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


async def in_thread(call: Callable[[], object]) -> object:
    """Do what blocks while the event loop goes on."""
    return await asyncio.to_thread(call)


def clock_of(speed: float, shared: str = "") -> Clock:
    """The machine's clock, or one that runs `speed` times as fast; `shared` is "origin_ms:monotonic_s" of another process."""
    if shared:
        return shared_clock(shared, speed)
    if speed == 1.0:
        return SystemClock()
    return ScaledClock.starting_at(SystemClock().now_ms(), speed)


def import_registry(runtime: Runtime, master_key: MasterKey, path: Path, now_ms: int) -> tuple[int, int]:
    """Register the meters of a file (see `registry_file`), all or none; returns how many are new and how many have changed.

    Wrapping the same key gives the same octets, so rows tell changed keys without unwrapping.
    """
    records = runtime.stores.records
    known = {row.serial: row for row in records.meters()}
    rows = read_registry(path, Place(path.resolve().parent, master_key, now_ms), known, records.next_meter())
    new = [row for row in rows if row.serial not in known]
    changed = [row for row in rows if known.get(row.serial, row) != row]
    for row in changed:
        runtime.update(row)
    if new:
        runtime.register(new)
    return len(new), len(changed)


async def _open_line(host: str, port: int) -> Link:
    """A serial line: the device stands where others have a host, the speed where they have a port."""
    return await open_serial(host, SerialSettings(port))


async def _open_mbus(host: str, port: int) -> Link:
    """The serial line of a level converter."""
    return await open_serial(host, replace(MBUS_SETTINGS, baud=port))


OTHER_CONNECTORS: Final[Mapping[str, Connector]] = {
    "udp": open_udp,
    "hdlc+tcp": open_tcp,
    "serial": _open_line,
    "rfc2217": open_rfc2217,
    "mbus": _open_mbus,
    "mbus+tcp": open_tcp,
    "coap": open_coap,
    "coap-non": open_coap_unconfirmed,
}
"""By the word in the registry, what opens a link. What travels over it is the runtime's business."""
