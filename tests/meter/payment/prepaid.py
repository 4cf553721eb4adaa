"""A prepayment meter with a steady load of 400 W, 1 kWh in two and a half hours, and the vending that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ferraris.cosem import Attribute, Method, Obis, profile_from_text
from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    MethodDescriptor,
    SetRequestNormal,
)
from ferraris.meter.device import LogicalDevice
from ferraris.meter.dispatch import answer
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from ferraris.meter.live_values import Partner
from ferraris.meter.model import MeterModel, meter_model
from ferraris.meter.payment import PaymentManufacture, Prepayment, decoder_key
from ferraris.sts import (
    CreditToken,
    DecoderKey,
    Service,
    StsConfiguration,
    Token,
    TokenResult,
    encode_key_change,
    encode_token,
    token_identifier_at,
)
from tests.meter.steady import MONDAY_MS, partner

SEED = 1
KWH = 1_000_000_000
"""In millionths of a Wh."""
KWH_MS = 9_000_000
"""The time in which the load takes 1 kWh."""
MANUAL = TokenDeliveryMethod.MANUAL
HEAD = """
name = "laboratory"
title = "Prepayment laboratory"
inherit = "sts_single_phase"
[source]
document = "As inherited"
edition = "As inherited"
licence = "Apache-2.0"
[objects]
"""
MONEY = """
ACCOUNT = { values.currency = ["EUR", -2, "monetary"] }
CREDIT_TOKEN = { values.warning_threshold = 500 }
CREDIT_EMERGENCY = { values.preset_credit_amount = 1000, values.credit_available_threshold = 0 }
CHARGE_CONSUMPTION = { values.unit_charge_active = [[3, -4], [3, "1.0.1.8.0.255", 2], [["0x01", 23456]]] }
CHARGE_DAILY = { values.unit_charge_active = [[0, -2], [0, "0.0.0.0.0.0", 0], [["0x01", 150]]] }
"""
"""2.3456 a kWh, 1.50 a day, warning at 5.00, emergency credit of 10.00; shown in cents."""


def laboratory(objects: str) -> MeterModel:
    """A model of meter that differs from the single-phase prepayment meter in these objects."""
    return MeterModel(profile_from_text(HEAD + objects, "laboratory.toml"))


@dataclass
class Prepaid:
    """One meter of a fleet, and who sells to it."""

    fleet: Fleet
    model: MeterModel = field(default_factory=lambda: meter_model("sts_single_phase"))
    made: PaymentManufacture = field(default_factory=PaymentManufacture)
    index: int = 0
    seed: int = SEED
    now_ms: int = MONDAY_MS
    _issued: int = 0

    def __post_init__(self) -> None:
        self.device = LogicalDevice(self.fleet.meters[self.index], self.model, self.seed, "", self.made)
        self.configuration = self.payment.decoder.configuration
        self.key = decoder_key(self.seed, self.configuration, self.made.tables)

    @property
    def payment(self) -> Prepayment:
        assert self.device.payment is not None
        return self.device.payment

    @property
    def left(self) -> int:
        """Millionths of the amount unit, now."""
        return self.payment.left(self.now_ms)

    @property
    def supplied(self) -> bool:
        return self.device.meter.output_state

    @property
    def codes(self) -> list[int]:
        return [event.code for event in self.device.meter.events()]

    def identifier(self) -> int:
        """One that was not issued yet, of a minute before now."""
        self._issued += 1
        return token_identifier_at(self.configuration.base_date, self.now_ms) + self._issued

    def credit(self, tenths: int) -> str:
        """A credit token."""
        return self.token(CreditToken(Service.ELECTRICITY, self.identifier(), 5, tenths))

    def token(self, token: Token) -> str:
        return encode_token(token, self.key)

    def enter(self, digits: str, delivery: TokenDeliveryMethod = MANUAL) -> TokenResult:
        return self.payment.enter_token(digits, delivery, self.now_ms).result

    def passes(self, ms: int) -> None:
        """So much time."""
        self.now_ms += ms
        self.fleet.advance(self.now_ms)

    def key_change(self, **changes: object) -> tuple[DecoderKey, StsConfiguration, tuple[str, ...]]:
        """The key and configuration that a set of tokens brings, and the set."""
        new = replace(self.configuration, **changes)  # type: ignore[arg-type]
        key = decoder_key(self.seed, new, self.made.tables)
        return key, new, encode_key_change(key, new, self.key, self.configuration)

    def take_key(self, key: DecoderKey, configuration: StsConfiguration) -> None:
        """Vending goes on with this key."""
        self.key, self.configuration = key, configuration


def since(codes: list[int], *wanted: EventCode) -> list[EventCode]:
    """Those of the events that are wanted, in their order."""
    return [EventCode(code) for code in codes if code in wanted]


def invoke(
    meter: Prepaid, method: Method[Any, Any], name: Obis, argument: object, by: Partner | None = None
) -> ActionResult:
    descriptor = MethodDescriptor(method.owner.class_id, name, method.number)
    request = ActionRequestNormal(0xC1, descriptor, method.argument.encode(argument))
    result: ActionResult = answer(meter.device, by or partner(), request, meter.now_ms).result  # type: ignore[union-attr]
    return result


def write(meter: Prepaid, attribute: Attribute[Any], name: Obis, value: object) -> DataAccessResult:
    descriptor = AttributeDescriptor(attribute.owner.class_id, name, attribute.number)
    request = SetRequestNormal(0xC1, descriptor, None, attribute.datatype.encode(value))
    result: DataAccessResult = answer(meter.device, partner(), request, meter.now_ms).result  # type: ignore[union-attr, assignment]
    return result
