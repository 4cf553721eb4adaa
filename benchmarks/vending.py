"""Sales through the ledger, on disk, with synchronous=FULL: one by one, and sharing commits, beside the device's own fsync rate.

A sale is two commits (pending, posted), so one by one cannot be faster than half the rate at which the device makes octets durable.
Tills that share commits divide that cost: the factor by which they are faster is the group-commit factor.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ferraris.kernel.entropy import SeededEntropy
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
BATCHES = (10, 100, 1_000)
NOW_MS = 1_782_907_200_000
BLOCK = b"\0" * 4_096


@dataclass(frozen=True)
class VendingSpeed:
    """Sales a second by the number of sales that share a commit, and what the device allows."""

    fsyncs_per_s: float
    sales_per_s: dict[int, float]
    in_memory_per_s: float

    @property
    def factors(self) -> dict[int, float]:
        """How many times as fast as one by one."""
        return {batch: rate / self.sales_per_s[1] for batch, rate in self.sales_per_s.items()}

    def as_json(self) -> dict[str, object]:
        """The rates."""
        return {
            "fsyncs": self.fsyncs_per_s,
            "sales": {str(batch): rate for batch, rate in self.sales_per_s.items()},
            "in memory": self.in_memory_per_s,
        }


class KeyedModule:
    """Issues under one vending key, with each meter's decoder key derived once: the ledger is what is measured."""

    def __init__(self) -> None:
        self._keys: dict[StsConfiguration, DecoderKey] = {}

    def _key(self, configuration: StsConfiguration) -> DecoderKey:
        if configuration not in self._keys:
            self._keys[configuration] = derive_decoder_key(b"k" * 20, configuration)
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
    """A vending system with many meters, and a clock that goes on by a minute when all have bought."""

    def __init__(self, place: Path | str) -> None:
        self._store = open_vending_store(place)
        self.vending = Vending(self._store, KeyedModule(), SeededEntropy(1), VendingSettings(tariffs=sample_tariffs()))
        self._meters = [_reference(serial) for serial in range(METERS)]
        new = [
            NewMeter(_configuration(meter), f"A{place}", "flat", f"C{place}")
            for place, meter in enumerate(self._meters)
        ]
        self.vending.registry.register(new, "benchmark", NOW_MS)
        self._sold = 0

    def sell(self, batch: int) -> int:
        """Sell to so many meters, in one pair of commits."""
        requests = [self._request() for _ in range(batch)]
        now_ms = NOW_MS + self._sold // METERS * 60_000
        if batch == 1:
            self.vending.sell(requests[0], now_ms)
        else:
            self.vending.sell_together(requests, now_ms)
        return batch

    def close(self) -> None:
        self._store.close()

    def _request(self) -> SaleRequest:
        self._sold += 1
        meter = self._meters[self._sold % METERS]
        return SaleRequest(message_id=str(self._sold), till="T1", operator="o", meter=meter, amount=Decimal(50))


def measure_vending(seconds: float, folder: Path | None = None) -> VendingSpeed:
    """Measure in a scratch folder under `folder`."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        place = Path(scratch)
        fsyncs = _fsync_rate(place / "octets", seconds)
        street = Street(place / "vending.sqlite")
        rates = {batch: _rate(lambda batch=batch: street.sell(batch), seconds) for batch in (1, *BATCHES)}
        street.close()
    memory = Street(":memory:")
    in_memory = _rate(lambda: memory.sell(1), seconds)
    memory.close()
    return VendingSpeed(fsyncs, rates, in_memory)


def _fsync_rate(path: Path, seconds: float) -> float:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)

    def once() -> int:
        os.write(descriptor, BLOCK)
        os.fsync(descriptor)
        return 1

    try:
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
