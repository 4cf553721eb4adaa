"""The vending system of a simulated collector: the product's own, over files that its process may die at any write of.

What a fleet of virtual meters was made from says which vending key it needs, and what its meters are for vending.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from ferraris.kernel.entropy import Entropy
from ferraris.keys.security_module import Keystore, Role, SoftwareSecurityModule, VendingKey, VendingKeyRegister
from ferraris.meter import PaymentManufacture, sts_configuration, vending_key
from ferraris.store import VENDING_FILE, WriteHook, open_vending_store
from ferraris.sts import KEY_NEVER_EXPIRES
from ferraris.vending import NewMeter, Vending, VendingSettings, sample_tariffs

KEYSTORE: Final = "keystore.json"
OFFICER: Final = "officer"
CREDENTIAL: Final = "till"
SECRET: Final = "a simulated secret"  # noqa: S105 - it guards keys that follow from a seed
WORK_FACTOR: Final = 1 << 4
"""Of scrypt: nobody guesses at a secret that stands here."""
TARIFF: Final = "flat"
OPERATOR: Final = "simulation"


def make_fleet_keystore(path: Path, fleet_seed: int, secret: str, officers_secret: str, work_factor: int) -> None:
    """A new keystore with the vending key of a fleet, which the credential `CREDENTIAL` opens."""
    configuration = sts_configuration(1, PaymentManufacture())
    register = VendingKeyRegister(
        configuration.supply_group_code,
        configuration.key_revision_number,
        configuration.key_type,
        configuration.base_date,
        KEY_NEVER_EXPIRES,
        configuration.key_derivation,
    )
    keystore = Keystore.create(path, OFFICER, officers_secret, work_factor=work_factor)
    with closing(SoftwareSecurityModule(keystore)) as module:
        module.load_key(register, VendingKey(vending_key(fleet_seed, configuration.supply_group_code)))
        keystore.add_credential(CREDENTIAL, secret, (Role.OPERATOR, Role.SUPERVISOR), work_factor=work_factor)


def new_meters(numbers: Iterable[int], tariffs: tuple[str, ...]) -> list[NewMeter]:
    """Meters of a fleet, each with a customer of its own; tariffs are dealt out in turn."""
    made = PaymentManufacture()
    return [
        NewMeter(
            sts_configuration(number, made),
            account=f"account-{number:04}",
            tariff=tariffs[number % len(tariffs)],
            customer=f"customer-{number:04}",
            customer_name=f"Household {number}",
        )
        for number in numbers
    ]


@contextmanager
def opened_till(
    directory: Path, fleet_seed: int, numbers: Iterable[int], entropy: Entropy, now_ms: int, hook: WriteHook
) -> Iterator[Vending]:
    """The vending system in a directory, made where there is none. `hook` is told of each write."""
    path = directory / KEYSTORE
    if not path.exists():
        make_fleet_keystore(path, fleet_seed, SECRET, SECRET, WORK_FACTOR)
    with (
        closing(SoftwareSecurityModule.open(path, CREDENTIAL, SECRET)) as module,
        closing(open_vending_store(directory / VENDING_FILE, hook)) as store,
    ):
        vending = Vending(store, module, entropy, VendingSettings(sample_tariffs()))
        vending.registry.register(new_meters(numbers, (TARIFF,)), OPERATOR, now_ms)
        yield vending
