"""A vending system in a bottle: a store in memory or on disk, a module that holds one street's vending keys, and its meters.

`StreetModule` is a security module with its keys in plain sight and none of the custody: the same derivation and the same codec,
without keystore, roles and counters. It can be away, refuse, or kill its caller, when a test says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from ferraris.kernel.entropy import SeededEntropy
from ferraris.keys.security_module import IssuedToken, ModuleStatus, SecurityModuleError, VendingKeyRegister
from ferraris.store import VendingStore, WriteHook, open_vending_store
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
from ferraris.vending import (
    NewMeter,
    SaleRequest,
    Tariff,
    TariffBook,
    Vending,
    VendingSettings,
    read_tariff,
    sample_tariffs,
)

NOON_MS = 1_782_907_200_000
"""2026-07-01, 12:00 UTC: a Wednesday."""
MINUTE_MS = 60_000
DAY_MS = 86_400_000
SUPERVISOR = "sarah"
OPERATOR = "olga"


class StreetModule:
    """Issues tokens under one vending key for each supply group and key revision, made up from their names."""

    def __init__(self) -> None:
        self._keys: dict[StsConfiguration, DecoderKey] = {}
        self.failure: SecurityModuleError | None = None
        self.interrupt: BaseException | None = None
        self.issued: Counter[str] = Counter()

    def decoder_key(self, configuration: StsConfiguration) -> DecoderKey:
        if configuration not in self._keys:
            name = f"{configuration.supply_group_code}{configuration.key_revision_number}"
            self._keys[configuration] = derive_decoder_key(name.encode().ljust(20, b"k"), configuration)
        return self._keys[configuration]

    def status(self) -> ModuleStatus:
        return ModuleStatus("street", "street", self.failure is None, None, ())

    def registers(self) -> tuple[VendingKeyRegister, ...]:
        return ()

    def issue(self, configuration: StsConfiguration, token: Token) -> IssuedToken:
        self._fail()
        digits = encode_token(token, self.decoder_key(configuration))
        self.issued[digits] += 1
        return IssuedToken(digits, token, "")

    def issue_key_change(self, present: StsConfiguration, new: StsConfiguration) -> tuple[IssuedToken, ...]:
        self._fail()
        keys = self.decoder_key(new), new, self.decoder_key(present), present
        return tuple(IssuedToken(digits, None, "") for digits in encode_key_change(*keys))

    def verify(self, configuration: StsConfiguration, digits: str) -> Token:
        return decode_token(digits, self.decoder_key(configuration))

    def close(self) -> None:
        return

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure
        if self.interrupt is not None:
            raise self.interrupt


def reference_number(serial: int) -> str:
    """The decoder reference number of a made-up meter of maker 01."""
    body = f"01{serial:08d}"
    return body + luhn_digit(body)


def configuration(serial: int, **changes: object) -> StsConfiguration:
    """A made-up meter's configuration."""
    fields: dict[str, object] = {
        "meter_pan": MeterPan.from_reference(reference_number(serial)),
        "encryption_algorithm": EncryptionAlgorithm.EA11,
        "supply_group_code": "600727",
        "key_revision_number": 1,
        "key_type": KeyType.DUTK,
        "tariff_index": 7,
        "base_date": BaseDate.Y2014,
    }
    return StsConfiguration(**{**fields, **changes})  # type: ignore[arg-type]


@dataclass
class House:
    """A vending system with its meters: `meters[0]` is the one that a test deals with unless it says otherwise."""

    store: VendingStore
    module: StreetModule
    vending: Vending
    meters: list[str]
    now_ms: int = NOON_MS
    _sold: int = field(default=0)

    @property
    def meter(self) -> str:
        return self.meters[0]

    def request(self, amount: str | None = "100", message_id: str = "", **changes: object) -> SaleRequest:
        """An order for money at till T1, with a message id of its own unless one is given."""
        self._sold += 1
        fields: dict[str, object] = {
            "message_id": message_id or f"m{self._sold}",
            "till": "T1",
            "operator": OPERATOR,
            "meter": self.meter,
            "amount": None if amount is None else Decimal(amount),
        }
        return SaleRequest(**{**fields, **changes})  # type: ignore[arg-type]

    def another(self, module: StreetModule | None = None) -> Vending:
        """A second vending system at the same store, as after a restart or in a second process."""
        return Vending(self.store, module or self.module, SeededEntropy("another"), self.vending.settings)


def settings(**changes: object) -> VendingSettings:
    """The sample tariffs, and a supervisor."""
    fields: dict[str, object] = {"tariffs": sample_tariffs(), "supervisors": frozenset({SUPERVISOR})}
    return VendingSettings(**{**fields, **changes})  # type: ignore[arg-type]


def tariff(body: str) -> Tariff:
    """A tariff of a few lines, in force since long."""
    return read_tariff(f'name = "t"\neffective = "2000-01-01"\ncurrency = "ZAR"\n{body}', "a test")


def book(body: str) -> TariffBook:
    """A book of one such tariff."""
    return TariffBook([tariff(body)])


def make_house(
    place: Path | str = ":memory:",
    meters: int = 1,
    tariff_name: str = "flat",
    hook: WriteHook | None = None,
    seed: int | str = 1,
    **changes: object,
) -> House:
    """A vending system with meters on one tariff. The configurations are those of `configuration`, with changes if given."""
    chosen = changes.pop("settings", None) or settings()
    assert isinstance(chosen, VendingSettings)
    store = open_vending_store(place, hook)
    module = StreetModule()
    vending = Vending(store, module, SeededEntropy(seed), chosen)
    new = [
        NewMeter(configuration(serial, **changes), f"A{serial}", tariff_name, f"C{serial}", f"Customer {serial}")
        for serial in range(1, meters + 1)
    ]
    vending.registry.register(new, SUPERVISOR, NOON_MS)
    return House(store, module, vending, [one.configuration.meter_pan.decoder_reference_number for one in new])
