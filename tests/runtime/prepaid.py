"""A prepaid street in a bottle: real prepayment meters, the real head-end, and a real vending system that sells for them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from ferraris.kernel.entropy import SeededEntropy
from ferraris.keys.security_module import SoftwareSecurityModule
from ferraris.meter import PaymentManufacture, decoder_reference_number, sts_configuration
from ferraris.meter.payment import Prepayment, decoder_key
from ferraris.simulation import (
    SoldTokens,
    TakenTokens,
    audit_prepayment,
    make_fleet_keystore,
    new_meters,
    run_virtual,
)
from ferraris.store import MeterRow, SaleFilter, WriteHook, open_vending_store
from ferraris.sts import (
    CreditToken,
    Service,
    StsConfiguration,
    Token,
    encode_key_change,
    encode_token,
    token_identifier_at,
)
from ferraris.vending import Sale, SaleRequest, SaleState, Vending, VendingSettings, sample_tariffs
from tests.runtime.street import FLEET_SEED, Street

MADE = PaymentManufacture()
MILLION = 1_000_000
SECRET = "till of tests"
SUPERVISOR = "boss"
WORK_FACTOR = 1 << 4
"""Of scrypt: these keystores guard nothing."""
MODELS = ("sts_single_phase", "sts_three_phase")
Story = Callable[[Street], Coroutine[Any, Any, None]]


@dataclass
class PrepaidStreet(Street):
    """Prepayment meters that the head-end knows as such."""

    models: tuple[str, ...] = MODELS

    def row(self, index: int) -> MeterRow:
        return replace(super().row(index), decoder_reference_number=decoder_reference_number(index + 1))

    def payment(self, number: int = 1) -> Prepayment:
        payment = self.service.devices[number - 1].payment
        assert payment is not None
        return payment

    def taken(self, number: int = 1) -> TakenTokens:
        row = self.payment(number).row
        accepted, refused, credited = (int(row[name][0]) for name in ("tokens_accepted", "tokens_refused", "credited"))
        return TakenTokens(accepted, refused, credited // MILLION)

    def token(self, tenths: int, number: int = 1, *, identifier: int | None = None) -> str:
        """A credit token for a meter, as it stands now."""
        now = token_identifier_at(MADE.base_date, self.clock.now_ms()) if identifier is None else identifier
        return encoded(CreditToken(Service.ELECTRICITY, now, 5, tenths), number)


def encoded(token: Token, number: int = 1, configuration: StsConfiguration | None = None) -> str:
    present = configuration or sts_configuration(number, MADE)
    return encode_token(token, decoder_key(FLEET_SEED, present))


def key_change(number: int, new: StsConfiguration) -> tuple[str, ...]:
    """The tokens that bring a meter from its works' configuration to a new one."""
    old = sts_configuration(number, MADE)
    return encode_key_change(decoder_key(FLEET_SEED, new), new, decoder_key(FLEET_SEED, old), old)


def tell(tmp_path: Path, story: Callable[[PrepaidStreet], Coroutine[Any, Any, None]], **what: Any) -> None:
    """Play a story on a street of its own, in virtual time."""

    async def whole() -> None:
        street = PrepaidStreet(tmp_path, **({"meters": 1} | what))
        await street.open()
        try:
            await story(street)
        finally:
            await street.close()

    run_virtual(whole())


@contextmanager
def open_till(directory: Path, meters: int, now_ms: int, hook: WriteHook | None = None) -> Iterator[Vending]:
    """A vending system that knows the street's meters; the same directory brings the same one back."""
    path = directory / "keystore.json"
    if not path.exists():
        make_fleet_keystore(path, FLEET_SEED, SECRET, SECRET, WORK_FACTOR)
    with (
        closing(SoftwareSecurityModule.open(path, "till", SECRET)) as module,
        closing(open_vending_store(directory / "vending.sqlite", hook)) as store,
    ):
        vending = Vending(
            store, module, SeededEntropy("till"), VendingSettings(sample_tariffs(), supervisors=frozenset({SUPERVISOR}))
        )
        vending.registry.register(new_meters(range(1, meters + 1), ("flat",)), "tests", now_ms)
        yield vending


def sell(vending: Vending, number: int, now_ms: int, message_id: str, amount: int = 20) -> Sale:
    """A sale at the flat tariff: ten kWh for twenty."""
    meter = decoder_reference_number(number)
    request = SaleRequest(message_id=message_id, till="till", operator="ann", meter=meter, amount=Decimal(amount))
    return vending.sell(request, now_ms)


def findings(vending: Vending, street: PrepaidStreet) -> tuple[str, ...]:
    """What does not add up between what was sold and what the meters took."""
    sales = vending.sales(SaleFilter(states=(SaleState.POSTED.value,)))
    sold = [
        SoldTokens(sale.receipt_number, sale.meter, tuple(token.digits for token in sale.tokens), sale.units_tenths)
        for sale in sales
    ]
    meters = {decoder_reference_number(number): street.taken(number) for number in range(1, street.meters + 1)}
    return audit_prepayment(sold, meters).findings
