"""One vending system over real security modules: a keystore, an HSM, a PrismToken server; the same sale gives the same token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from ferraris.keys.security_module import Pkcs11Custody, Pkcs11SecurityModule, PrismTokenModule, SecurityModule
from ferraris.keys.security_module.keystore import Keystore
from ferraris.store import SaleFilter, VendingStore, open_vending_store
from ferraris.sts import CreditToken, CurrencyCreditToken
from ferraris.vending import NewMeter, Sale, SalePendingError, SaleRequest, SaleState, Vending
from tests.keys.security_module.benches import (
    HSM_KEY,
    HSM_LABEL,
    HSM_PIN,
    NOW_MS,
    PRESENT,
    SECRETS,
    TILL,
    FixedBits,
    StandingClock,
    load_keys,
    make_keystore,
    meter,
    prismtoken_server,
    soft_hsm,
    software_module,
)
from tests.vending.house import OPERATOR, SUPERVISOR, settings

CONFIGURATION = meter(PRESENT)
METER = CONFIGURATION.meter_pan.decoder_reference_number


@contextmanager
def keystore(folder: Path) -> Iterator[SecurityModule]:
    yield software_module(folder / "keystore")


@contextmanager
def prismtoken(folder: Path) -> Iterator[SecurityModule]:
    with prismtoken_server(software_module(folder / "keystore")) as server:
        module = PrismTokenModule("127.0.0.1", server.port, TILL, SECRETS[TILL], timeout_s=5)
        yield module
        module.close()


@contextmanager
def hsm(folder: Path) -> Iterator[SecurityModule]:
    with soft_hsm(folder / "hsm") as library:
        Pkcs11Custody(library, HSM_LABEL, HSM_PIN, HSM_KEY).make_key()
        kept = make_keystore(folder / "keystore", custody=f"pkcs11:{HSM_KEY}")
        officers = Pkcs11SecurityModule.open_with_hsm(kept, library, HSM_LABEL, HSM_PIN)
        load_keys(officers)
        officers.close()
        tills = Keystore.open(folder / "keystore", TILL, SECRETS[TILL])
        module = Pkcs11SecurityModule.open_with_hsm(tills, library, HSM_LABEL, HSM_PIN, clock=StandingClock())
        yield module
        module.close()


MODULES = {"keystore": keystore, "prismtoken": prismtoken, "hsm": hsm}


def vending(store: VendingStore, module: SecurityModule, tariff: str = "flat") -> Vending:
    """A till at noon. The PrismToken server draws the random bits itself, so they are the same everywhere."""
    made = Vending(store, module, FixedBits(), settings())
    made.registry.register([NewMeter(CONFIGURATION, "A1", tariff, "C1", "Customer 1")], SUPERVISOR, NOW_MS)
    return made


def request(message_id: str = "m1") -> SaleRequest:
    return SaleRequest(message_id=message_id, till="T1", operator=OPERATOR, meter=METER, amount=Decimal(100))


def sold(name: str, folder: Path, tariff: str) -> Sale:
    folder.mkdir()
    with ExitStack() as stack:
        module = stack.enter_context(MODULES[name](folder))
        till = vending(open_vending_store(folder / "vending.sqlite"), module, tariff)
        sale = till.sell(request(), NOW_MS)
        assert till.sell(request(), NOW_MS + 60_000) == sale, "a retry is the same sale"
        token = module.verify(CONFIGURATION, sale.tokens[0].digits)
        assert isinstance(token, CreditToken if tariff == "flat" else CurrencyCreditToken)
        assert till.verify_ledger().entries == 2
    return sale


@pytest.mark.parametrize("tariff", ["flat", "currency_meter"])
def test_the_same_sale_gives_the_same_token_everywhere(tmp_path: Path, tariff: str) -> None:
    sales = [sold(name, tmp_path / name, tariff) for name in MODULES]
    assert len({sale.tokens for sale in sales}) == 1
    assert {sale.state for sale in sales} == {SaleState.POSTED}


def test_an_hsm_that_goes_in_mid_sale_gives_the_token_once_when_it_is_back(tmp_path: Path) -> None:
    tokens, gone = tmp_path / "hsm" / "tokens", tmp_path / "gone"
    with hsm(tmp_path) as module:
        till = vending(open_vending_store(tmp_path / "vending.sqlite"), module)
        before = till.balances()
        tokens.rename(gone)
        for _ in range(2):
            with pytest.raises(SalePendingError):
                till.sell(request(), NOW_MS)
        assert till.balances() == before, "nothing is charged for a token that was not made"
        gone.rename(tokens)
        sale = till.sell(request(), NOW_MS + 120_000)
        assert (sale.state, len(sale.tokens)) == (SaleState.POSTED, 1)
        assert till.sell(request(), NOW_MS + 180_000) == sale
        assert till.recover(NOW_MS + 240_000).posted == 0
        assert [one.tokens for one in till.sales(SaleFilter())] == [sale.tokens]
        assert till.balances()["till:T1:cash"] == 10_000
        assert till.verify_ledger().entries == 2
