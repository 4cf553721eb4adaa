"""Sales through the ledger, on disk, with synchronous=FULL: one till, and many that share commits, beside what device and processor allow.

A sale is two commits (pending, posted). One till alone waits for both; tills that sell at the same time share them, and the
number of sales to a pair of commits is the group-commit factor. So the device allows half its rate of durable writes times that
factor, and the processor allows what the same sales reach in memory; both together are the limit that is printed.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ferraris.console.group_commit import GroupCommit
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.garbage import settled
from ferraris.keys.security_module import IssuedToken, ModuleStatus, VendingKeyRegister
from ferraris.store import open_vending_store
from ferraris.sts import (
    BaseDate,
    DecoderKey,
    EncryptionAlgorithm,
    KeyType,
    MeterPan,
    StsConfiguration,
    Token,
    decode_token,
    derive_decoder_key,
    encode_key_change,
    encode_token,
    luhn_digit,
)
from ferraris.vending import NewMeter, SaleRequest, Vending, VendingSettings, sample_tariffs

METERS = 1_000
TILLS = (1, 10, 100, 1_000)
NOW_MS = 1_782_907_200_000
BETWEEN_PURCHASES_MS = 7 * 86_400_000
LOG_OCTETS = 4 << 20
"""SQLite writes its log over and over, up to some four MiB."""
FRAME_OCTETS = 4_096 + 24


@dataclass(frozen=True)
class TillSpeed:
    """So many tills, selling as fast as they are served."""

    tills: int
    sales_per_s: float
    group: float
    """The group-commit factor: sales to a pair of commits."""
    in_memory_per_s: float
    device_per_s: float

    @property
    def limit_per_s(self) -> float:
        """What the device allows, and the processor, one after the other."""
        return 1 / (1 / self.device_per_s + 1 / self.in_memory_per_s)


@dataclass(frozen=True)
class VendingSpeed:
    """What the device makes durable, and the sales of few and of many tills."""

    commit_octets: float
    commits_per_s: float
    tills: tuple[TillSpeed, ...]

    def as_json(self) -> dict[str, object]:
        """The rates."""
        rates = {
            str(one.tills): [one.sales_per_s, one.group, one.in_memory_per_s, one.device_per_s] for one in self.tills
        }
        return {"commit octets": self.commit_octets, "commits": self.commits_per_s, "tills": rates}


class KeyedModule:
    """Issues under one vending key, with the decoder keys of all meters derived before: the ledger is what is measured."""

    def __init__(self, configurations: Iterable[StsConfiguration]) -> None:
        self._keys = {one: derive_decoder_key(b"k" * 20, one) for one in configurations}

    def _key(self, configuration: StsConfiguration) -> DecoderKey:
        return self._keys[configuration]

    def status(self) -> ModuleStatus:
        return ModuleStatus("benchmark", "benchmark", True, None, ())

    def registers(self) -> tuple[VendingKeyRegister, ...]:
        return ()

    def issue(self, configuration: StsConfiguration, token: Token) -> IssuedToken:
        return IssuedToken(encode_token(token, self._key(configuration)), token, "")

    def issue_key_change(self, present: StsConfiguration, new: StsConfiguration) -> tuple[IssuedToken, ...]:
        digits = encode_key_change(self._key(new), new, self._key(present), present)
        return tuple(IssuedToken(one, None, "") for one in digits)

    def verify(self, configuration: StsConfiguration, digits: str) -> Token:
        return decode_token(digits, self._key(configuration))

    def close(self) -> None:
        return


class Street:
    """A vending system with many meters, each of which buys once a week, and a count of the commits."""

    def __init__(self, place: Path | str) -> None:
        self.commits = 0
        self._store = open_vending_store(place, self._moment)
        self._meters = [_reference(serial) for serial in range(METERS)]
        module = KeyedModule(map(_configuration, self._meters))
        self.vending = Vending(self._store, module, SeededEntropy(1), VendingSettings(tariffs=sample_tariffs()))
        new = [
            NewMeter(_configuration(meter), f"A{place}", "flat", f"C{place}")
            for place, meter in enumerate(self._meters)
        ]
        self.vending.registry.register(new, "benchmark", NOW_MS)
        self._clock = ManualClock(NOW_MS)
        self._group = GroupCommit(self.vending, self._clock)
        self.sold = 0

    def sell(self, sales: int) -> None:
        """So many sales of one till."""
        for _ in range(sales):
            self.vending.sell(self._request(), self._clock.now_ms())

    def run(self, tills: int, seconds: float) -> tuple[float, float]:
        """Sales a second of so many tills, and the sales to a pair of commits."""
        sold, commits, began = self.sold, self.commits, time.perf_counter()
        until = began + seconds
        if tills == 1:
            while time.perf_counter() < until:
                self.sell(1)
        else:
            asyncio.run(self._open(tills, until))
        elapsed = time.perf_counter() - began
        return (self.sold - sold) / elapsed, 2 * (self.sold - sold) / (self.commits - commits)

    def close(self) -> None:
        self._store.close()

    async def _open(self, tills: int, until: float) -> None:
        await asyncio.gather(*(self._till(until) for _ in range(tills)))

    async def _till(self, until: float) -> None:
        while time.perf_counter() < until:
            await self._group.sell(self._request())

    def _request(self) -> SaleRequest:
        self.sold += 1
        if self.sold % METERS == 0:
            self._clock.advance(BETWEEN_PURCHASES_MS)
        meter = self._meters[self.sold % METERS]
        return SaleRequest(message_id=str(self.sold), till="T1", operator="o", meter=meter, amount=Decimal(50))

    def _moment(self, moment: str) -> None:
        self.commits += moment in ("pending:committed", "post:committed")


def measure_vending(seconds: float, folder: Path | None = None) -> VendingSpeed:
    """Measure in a scratch folder under `folder`, with the garbage collector at the pace of a system that serves."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch, settled():
        place = Path(scratch)
        street = Street(place / "vending.sqlite")
        octets = _commit_octets(street, place / "vending.sqlite")
        commits = _durable_rate(place / "octets", round(octets), seconds)
        on_disk = {tills: street.run(tills, seconds) for tills in TILLS}
        street.close()
    memory = Street(":memory:")
    with settled():
        in_memory = {tills: memory.run(tills, seconds)[0] for tills in TILLS}
    memory.close()
    return VendingSpeed(
        octets,
        commits,
        tuple(
            TillSpeed(tills, rate, group, in_memory[tills], commits / 2 * group)
            for tills, (rate, group) in on_disk.items()
        ),
    )


def _commit_octets(street: Street, path: Path, sales: int = 20) -> float:
    """What a commit of one sale adds to the log."""
    with sqlite3.connect(path) as beside:
        beside.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        street.sell(sales)
        ((_, frames, _),) = beside.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    beside.close()
    return float(frames * FRAME_OCTETS) / sales / 2


def _durable_rate(path: Path, octets: int, seconds: float) -> float:
    """How often in a second the device makes so many octets durable, in a file that is long enough already."""
    block = b"\0" * octets
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    place = 0

    def once() -> int:
        nonlocal place
        os.pwrite(descriptor, block, place)
        os.fsync(descriptor)
        place = (place + octets) % LOG_OCTETS
        return 1

    try:
        os.pwrite(descriptor, b"\1" * (LOG_OCTETS + octets), 0)
        os.fsync(descriptor)
        return _rate(once, seconds)
    finally:
        os.close(descriptor)


def _rate(once: Callable[[], int], seconds: float) -> float:
    done, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        done += once()
    return done / elapsed


def _reference(serial: int) -> str:
    body = f"01{serial:08d}"
    return body + luhn_digit(body)


def _configuration(reference: str) -> StsConfiguration:
    return StsConfiguration(
        MeterPan.from_reference(reference), EncryptionAlgorithm.EA11, "123456", 1, KeyType.DUTK, 1, BaseDate.Y2014
    )
