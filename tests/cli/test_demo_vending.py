"""The demo's vending system: what it sells, the demo's meters take; made twice or half, it is what it should be."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ferraris.cli.demo_vending import FLEET_SEED, is_hybrid, set_up_vending
from ferraris.cli.vending_place import KEYSTORE_FILE, SECRET_FILE, SETTINGS_FILE, opened_vending
from ferraris.kernel.clock import ManualClock
from ferraris.meter import PaymentManufacture, decoder_reference_number, sts_configuration
from ferraris.meter.payment import decoder_key
from ferraris.sts import CreditToken, decode_token
from ferraris.vending import SaleRequest

NOW_MS = 1_790_000_000_000
CLOCK = ManualClock(NOW_MS)


def sold(directory: Path, number: int) -> str:
    """The digits of a token for a meter."""
    request = SaleRequest(
        message_id=f"m{number}", till="t", operator="o", meter=decoder_reference_number(number), amount=Decimal(60)
    )
    with opened_vending(directory, CLOCK) as vending:
        (token,) = vending.sell(request, NOW_MS).tokens
    return token.digits


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_meter_of_the_fleet_takes_what_is_sold_to_it(tmp_path: Path, number: int) -> None:
    set_up_vending(tmp_path, 3, CLOCK)
    key = decoder_key(FLEET_SEED, sts_configuration(number, PaymentManufacture()))
    token = decode_token(sold(tmp_path, number), key)
    assert isinstance(token, CreditToken)
    assert token.amount > 0


def test_set_up_again_it_is_what_it_was(tmp_path: Path) -> None:
    set_up_vending(tmp_path, 2, CLOCK)
    first = sold(tmp_path, 1)
    set_up_vending(tmp_path, 3, CLOCK)
    assert sold(tmp_path, 1) == first
    assert sold(tmp_path, 3)


@pytest.mark.parametrize(
    "left", [(KEYSTORE_FILE,), (KEYSTORE_FILE, f"{KEYSTORE_FILE}.audit"), (KEYSTORE_FILE, SECRET_FILE)]
)
def test_what_a_killed_set_up_has_left_is_thrown_away(tmp_path: Path, left: tuple[str, ...]) -> None:
    set_up_vending(tmp_path, 1, CLOCK)
    for path in list(tmp_path.iterdir()):
        if path.name not in left and not path.name.startswith("vending.sqlite"):
            path.unlink()
    assert not (tmp_path / SETTINGS_FILE).exists()
    set_up_vending(tmp_path, 1, CLOCK)
    assert sold(tmp_path, 1)


def test_most_meters_get_their_tokens_over_the_head_end() -> None:
    hybrid = [number for number in range(1, 51) if is_hybrid(number)]
    assert len(hybrid) == 38
    assert {1, 2, 3} <= set(hybrid)
    assert 4 not in hybrid
