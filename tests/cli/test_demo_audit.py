"""The audit of the demo's prepaid meters: real meters' memory against a real vending store, sound and spoilt."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ferraris.cli.demo_audit import PrepaidPlaces, audited, settled
from ferraris.cli.demo_households import FleetKeypads, RestTill, household_log
from ferraris.cli.demo_vending import FLEET_SEED, set_up_vending
from ferraris.cli.keypad import Keypads
from ferraris.cli.vending_place import opened_vending
from ferraris.cosem import TokenDeliveryMethod
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter import Fleet, LogicalDevice, PaymentManufacture, decoder_reference_number, meter_model
from ferraris.simulation.households import Households
from ferraris.store import SaleFilter
from ferraris.vending import Delivery, SaleRequest
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY

PREPAID = 3
NOW_MS = MONDAY_MS + 3_600_000
CLOCK = ManualClock(NOW_MS)


class Street:
    """Three prepaid meters, whose process has ended when the audit looks."""

    def __init__(self, directory: Path) -> None:
        self.places = PrepaidPlaces(directory / "meters", directory / "headend", PREPAID, PREPAID)
        made = type(PERFECT)(**{**_fields(PERFECT), "count": PREPAID})
        fleet = Fleet.create(self.places.meters, made, STEADY, SeededEntropy(1), MONDAY_MS)
        self._devices(fleet)
        fleet.close()
        set_up_vending(self.places.head_end, PREPAID, CLOCK)
        till = RestTill("http://127.0.0.1:1", "t")
        keypads = FleetKeypads(Keypads(self.places.meters))
        note = household_log(directory / "log", CLOCK.now_ms)
        self.households = Households(PREPAID, till, keypads, CLOCK.now_ms, note)

    def _devices(self, fleet: Fleet) -> list[LogicalDevice]:
        made = PaymentManufacture()
        model = meter_model("sts_single_phase")
        return [LogicalDevice(meter, model, FLEET_SEED, "", made) for meter in fleet.meters]

    def sell(self, number: int, *, delivery: Delivery | None = None) -> str:
        request = SaleRequest(
            message_id=f"m{number}", till="t", operator="o", meter=decoder_reference_number(number), amount=Decimal(60)
        )
        with opened_vending(self.places.head_end, CLOCK) as vending:
            sale = vending.sell(request, NOW_MS)
            if delivery is not None:
                vending.mark_delivered(sale.number, delivery, NOW_MS)
        return sale.tokens[0].digits

    def type(self, number: int, digits: str) -> None:
        with closing(Fleet.open(self.places.meters, STEADY, NOW_MS)) as fleet:
            payment = self._devices(fleet)[number - 1].payment
            assert payment is not None
            payment.enter_token(digits, TokenDeliveryMethod.MANUAL, NOW_MS)

    def audit(self) -> dict[str, Any]:
        return audited(self.places, CLOCK, self.households)


def _fields(made: Any) -> dict[str, Any]:
    return {name: getattr(made, name) for name in made.__dataclass_fields__}


@pytest.fixture
def street(tmp_path: Path) -> Street:
    return Street(tmp_path)


def test_sold_taken_and_balanced(street: Street) -> None:
    street.type(1, street.sell(1, delivery=Delivery.ACCEPTED))
    token = street.sell(2, delivery=Delivery.TYPED)
    street.type(2, token[:-1] + str((int(token[-1]) + 1) % 10))
    street.type(2, token)
    assert settled(street.places, street.households)
    told = street.audit()
    assert told["audit_findings"] == []
    assert told["ledger_balanced"] is True
    assert (told["tokens_sold"], told["tokens_accepted"], told["tokens_refused"]) == (2, 2, 1)
    assert (told["delivered_remotely"], told["typed"]) == (1, 1)
    assert told["units_sold_kwh"] == told["units_credited_kwh"]
    assert Decimal(told["units_sold_kwh"]) > 0
    assert told["reconnections_on_credit"] == 2


def test_a_reversed_sale_whose_token_is_in_the_meter_is_told_apart(street: Street) -> None:
    with opened_vending(street.places.head_end, CLOCK) as vending:
        supervisor = min(vending.settings.supervisors)
    street.type(1, street.sell(1, delivery=Delivery.ACCEPTED))
    street.sell(2)
    with opened_vending(street.places.head_end, CLOCK) as vending:
        for sale in vending.sales(SaleFilter()):
            vending.reverse(sale.number, supervisor, NOW_MS)
    told = street.audit()
    assert told["audit_findings"] == []
    assert (told["tokens_sold"], told["tokens_accepted"], told["taken_after_reversal"]) == (1, 1, 1)
    assert (told["delivered_remotely"], told["typed"], told["ledger_balanced"]) == (1, 0, True)


def test_a_token_that_is_in_no_meter_is_lost(street: Street) -> None:
    street.sell(3)
    assert not settled(street.places, street.households)
    (lost, missing) = street.audit()["audit_findings"]
    assert "one is lost" in lost
    assert "credited 0 Wh" in missing


def test_a_token_whose_delivery_is_not_known_is_not_settled(street: Street) -> None:
    street.type(1, street.sell(1))
    assert not settled(street.places, street.households)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE posting SET amount_minor = amount_minor + 1 WHERE entry = 1 AND position = 1", "altered"),
        ("DELETE FROM entry WHERE number = 2", ""),
    ],
)
def test_a_ledger_that_somebody_has_altered_is_not_balanced(street: Street, statement: str, said: str) -> None:
    street.type(1, street.sell(1, delivery=Delivery.ACCEPTED))
    with closing(sqlite3.connect(street.places.head_end / "vending.sqlite")) as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement)
        database.commit()
    told = street.audit()
    assert told["ledger_balanced"] is False
    assert any(said in finding for finding in told["audit_findings"])


def test_what_the_till_refused_is_a_finding(street: Street) -> None:
    street.households.problems.append("household 1, order 1: the till refuses a sale")
    assert street.audit()["audit_findings"] == street.households.problems


def test_a_street_without_anything_yet_is_not_settled(tmp_path: Path, street: Street) -> None:
    assert not settled(PrepaidPlaces(tmp_path / "no", tmp_path / "where", 1, 1), street.households)
    assert settled(PrepaidPlaces(tmp_path / "no", tmp_path / "where", 1, 0), street.households)
