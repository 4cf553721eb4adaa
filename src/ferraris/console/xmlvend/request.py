"""What every request of XMLVend begins with, and the parts that several use cases share.

A request says which client and terminal sent it, its message identifier (date, time and a unique number of the client's), and
mostly the operator. From client, terminal and message identifier together we make the message id under which vending keeps
an order: a client that sends the same identifier again gets the same order back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ferraris.console.xmlvend.node import LetterError, Node, node

DEVICE_KINDS = {"EANDeviceID": "ean", "GenericDeviceID": "id"}
DEVICE_CHARACTERS_MAX = 32
UNIQUE_NUMBER_DIGITS_MAX = 20
OPERATOR_CHARACTERS_MAX = 64
SYMBOLS = {"ZAR": "R"}
"""What stands for a currency in the field besides its code."""
PLAIN = re.compile(r"[ -~]+", re.ASCII)
DATE_TIME = re.compile(r"\d{14,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Device:
    """A client or a terminal, by an EAN or by a name of its maker's choice."""

    kind: str
    id: str

    @classmethod
    def read(cls, element: Node) -> Device:
        attribute = DEVICE_KINDS.get(element.type)
        if attribute is None:
            # Some clients leave the type out; the attribute tells it as well.
            attribute = next((name for name in DEVICE_KINDS.values() if name in element.attributes), "id")
        kind = next(name for name, known in DEVICE_KINDS.items() if known == attribute)
        return cls(kind, plain(element, attribute, DEVICE_CHARACTERS_MAX))

    def written(self, name: str) -> Node:
        return node(name, kind=f"base:{self.kind}", **{DEVICE_KINDS[self.kind]: self.id})


@dataclass(frozen=True, slots=True)
class MessageId:
    """A message identifier as its client wrote it."""

    date_time: str
    unique_number: str

    @classmethod
    def read(cls, element: Node) -> MessageId:
        date_time, unique_number = element.attribute("dateTime"), element.attribute("uniqueNumber")
        if not DATE_TIME.fullmatch(date_time):
            raise LetterError(
                f"dateTime of {element.name} is no time", expected="YYYYMMDDhhmmss and at most three digits more"
            )
        if not re.fullmatch(rf"\d{{1,{UNIQUE_NUMBER_DIGITS_MAX}}}", unique_number, re.ASCII):
            raise LetterError(
                f"uniqueNumber of {element.name} is no number", expected=f"1 to {UNIQUE_NUMBER_DIGITS_MAX} digits"
            )
        return cls(date_time, unique_number)

    def written(self, name: str) -> Node:
        return node(name, dateTime=self.date_time, uniqueNumber=self.unique_number)


@dataclass(frozen=True, slots=True)
class Request:
    """A request: who sent it under which identifier, and its element for the rest."""

    body: Node
    client: Device
    terminal: Device
    message: MessageId
    operator: str
    """Empty where the client gives none."""

    @property
    def message_id(self) -> str:
        return self.order_of(self.message)

    def order_of(self, message: MessageId) -> str:
        """Under which message id vending keeps what this client ordered with `message`."""
        return f"xmlvend/{self.till}/{message.date_time}/{message.unique_number}"

    @property
    def till(self) -> str:
        """The till in our ledger: no two terminals share one, even where their names hold slashes."""
        return "/".join(device.id.replace("~", "~~").replace("/", "~s") for device in (self.client, self.terminal))


@dataclass(frozen=True, slots=True)
class MeterReference:
    """The meter that a request is about, and what its card or old token said of its configuration."""

    number: str
    supply_group_code: str | None = None
    key_revision_number: int | None = None
    tariff_index: int | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """How much is bought: money or units, one of them."""

    amount: Decimal | None = None
    units: Decimal | None = None


def read_request(body: Node) -> Request:
    """What stands in every request. Raises LetterError."""
    credentials = body.get("authCred")
    operator = None if credentials is None else credentials.get("opName")
    name = "" if operator is None else operator.text
    if name and (len(name) > OPERATOR_CHARACTERS_MAX or not PLAIN.fullmatch(name)):
        raise LetterError("opName is no name of an operator", expected=f"1 to {OPERATOR_CHARACTERS_MAX} characters")
    return Request(
        body,
        client=Device.read(body.need("clientID")),
        terminal=Device.read(body.need("terminalID")),
        message=MessageId.read(body.need("msgID")),
        operator=name,
    )


def read_meter(method: Node) -> MeterReference:
    """The meter of a VendIDMethod, or of a MeterConfig that stands in its place. Raises LetterError."""
    identifier = method.get("meterIdentifier") or method
    if identifier.type == "MeterCard":
        raise LetterError("meter cards are not read here", expected="MeterNumber or MeterDetail", got="MeterCard")
    number = identifier.attribute("msno")
    if not re.fullmatch(r"\d{11}(\d\d)?", number, re.ASCII):
        raise LetterError("msno is no meter number", expected="11 or 13 digits", got=number[:40])
    return MeterReference(
        number,
        supply_group_code=_digits(identifier, "sgc", 6),
        key_revision_number=_number(identifier, "krn", 1),
        tariff_index=_number(identifier, "ti", 2),
    )


def read_purchase(body: Node, currency: str) -> Purchase:
    """The purchase value of a vend, in our currency or in units. Raises LetterError."""
    value = body.need("purchaseValue")
    amount, units = value.get("amt"), value.get("units")
    if (amount is None) == (units is None):
        raise LetterError("purchaseValue says neither or both", expected="amt or units")
    if units is not None:
        return Purchase(units=units.amount())
    assert amount is not None
    return Purchase(amount=read_money(amount, currency))


def read_money(amount: Node, currency: str) -> Decimal:
    """An amount of money; a symbol, where there is one, must be our currency's. Raises LetterError."""
    symbol = amount.attributes.get("symbol", "").strip()
    if symbol not in {"", currency, SYMBOLS.get(currency, currency)}:
        raise LetterError("another currency than ours", expected=currency, got=symbol[:8])
    return amount.amount()


def plain(element: Node, attribute: str, characters_max: int) -> str:
    """An attribute of printable ASCII, not too long."""
    value = element.attribute(attribute)
    if len(value) > characters_max or not PLAIN.fullmatch(value):
        raise LetterError(
            f"{attribute} of {element.name} is no plain name", expected=f"at most {characters_max} characters"
        )
    return value


def _digits(element: Node, attribute: str, length: int) -> str | None:
    value = element.attributes.get(attribute, "").strip()
    if not value:
        return None
    if not re.fullmatch(rf"\d{{1,{length}}}", value, re.ASCII):
        raise LetterError(f"{attribute} of {element.name} is no number", expected=f"{length} digits", got=value[:20])
    return value.zfill(length)


def _number(element: Node, attribute: str, length: int) -> int | None:
    digits = _digits(element, attribute, length)
    return None if digits is None else int(digits)
