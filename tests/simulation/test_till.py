"""The vending system of a simulated collector."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter import PaymentManufacture, decoder_reference_number, sts_configuration
from ferraris.meter.payment import decoder_key
from ferraris.simulation.till import KEYSTORE, new_meters, opened_till
from ferraris.sts import CreditToken, decode_token
from ferraris.vending import SaleRequest, UnknownMeterError

SEED = 7
NOW_MS = 1_790_000_000_000


def sold(directory: Path, number: int, writes: list[str]) -> str:
    request = SaleRequest(
        message_id=f"m{number}", till="t", operator="o", meter=decoder_reference_number(number), amount=Decimal(20)
    )
    with opened_till(directory, SEED, range(1, 4), SeededEntropy(1), NOW_MS, writes.append) as vending:
        return vending.sell(request, NOW_MS).tokens[0].digits


def test_it_sells_what_the_meters_of_the_seed_take_and_its_writes_are_seen(tmp_path: Path) -> None:
    writes: list[str] = []
    digits = sold(tmp_path, 2, writes)
    token = decode_token(digits, decoder_key(SEED, sts_configuration(2, PaymentManufacture())))
    assert isinstance(token, CreditToken)
    assert token.amount == 100
    assert {"pending:commit", "post:committed"} <= set(writes)


def test_opened_again_it_is_the_same(tmp_path: Path) -> None:
    first = sold(tmp_path, 1, [])
    keystore = (tmp_path / KEYSTORE).read_bytes()
    assert sold(tmp_path, 1, []) == first
    assert (tmp_path / KEYSTORE).read_bytes() == keystore


def test_it_sells_to_no_stranger(tmp_path: Path) -> None:
    with pytest.raises(UnknownMeterError):
        sold(tmp_path, 9, [])


def test_tariffs_are_dealt_out_in_turn() -> None:
    assert [meter.tariff for meter in new_meters(range(3), ("a", "b"))] == ["a", "b", "a"]
