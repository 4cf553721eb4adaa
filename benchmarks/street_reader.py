"""Reads one day's load profile of every meter in a registry, one association for each, a limited number at a time.

Prints a JSON object: meters read, rows, seconds, processor seconds, and this process' greatest resident memory.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.payloads import HEADEND_SYSTEM_TITLE
from ferraris.client import ClientAssociation, ClientSettings, read_profile
from ferraris.cosem import Obis, ProfileGeneric
from ferraris.dlms import AssociationSettings, CipherKeys, Security
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.entropy import SystemEntropy
from ferraris.keys import CounterGuard, ReservedCounter
from ferraris.link import open_tcp

LOAD_PROFILE = Obis.parse("1.0.99.1.0.255")
LANES = 64
DAY_MS = 86_400_000


def settings(line: dict[str, Any]) -> ClientSettings:
    """The management client of one meter."""
    keys = CipherKeys(bytes.fromhex(line["encryption_key"]), bytes.fromhex(line["authentication_key"]))
    counters = ReservedCounter(0, lambda up_to: None)
    guard = CounterGuard({}, lambda system_title, value: None)
    security = Security(HEADEND_SYSTEM_TITLE, keys, counters, guard)
    return ClientSettings(AssociationSettings(Mechanism.HLS_GMAC, security=security), client_sap=1)


async def read_day(line: dict[str, Any], entropy: SystemEntropy, now_ms: int) -> int:
    """The rows of the last day, their times and numbers taken."""
    association = ClientAssociation(await open_tcp(line["host"], line["port"]), settings(line), entropy)
    try:
        await association.associate()
        columns = await association.get(ProfileGeneric.capture_objects, LOAD_PROFILE)
        profile = await read_profile(association, LOAD_PROFILE, columns, now_ms - DAY_MS, now_ms)
        for column in columns[1:]:
            profile.numbers(column)
        rows = len(profile.time_s())
        await association.release()
    finally:
        await association.aclose()
    return rows


async def read_all(lines: list[dict[str, Any]], now_ms: int) -> int:
    """Rows read from all meters."""
    entropy = SystemEntropy()
    waiting: Iterator[dict[str, Any]] = iter(lines)

    async def lane() -> int:
        return sum([await read_day(line, entropy, now_ms) for line in waiting])

    return sum(await asyncio.gather(*(lane() for _ in range(LANES))))


def main() -> None:
    """Read the registry that the first argument names, up to the moment (ms) in the second."""
    lines = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    start = time.perf_counter()
    rows = uvloop.run(read_all(lines, int(sys.argv[2])))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    report = {
        "meters": len(lines),
        "rows": rows,
        "seconds": time.perf_counter() - start,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "rss_kib": usage.ru_maxrss,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
