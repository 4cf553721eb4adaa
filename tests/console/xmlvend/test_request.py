"""What every request begins with, as clients in the field write it and as none should."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ferraris.console.xmlvend.envelope import read_envelope
from ferraris.console.xmlvend.node import LetterError, Node
from ferraris.console.xmlvend.request import (
    Device,
    MessageId,
    MeterReference,
    Purchase,
    read_meter,
    read_purchase,
    read_request,
)
from tests.console.xmlvend.letters import letter, meter_method, money, units

CARD = ' sgc="1234" krn="2" ti="07"'


def body(content: str = "", **values: str) -> Node:
    return read_envelope(letter("r:creditVendReq", content, **values)).body


def test_who_sent_it_and_under_which_identifier() -> None:
    request = read_request(body())
    assert request.client == Device("EANDeviceID", "6004708001509")
    assert request.terminal == Device("GenericDeviceID", "till-1")
    assert request.message == MessageId("20260701083000", "1")
    assert (request.operator, request.till) == ("ann", "6004708001509/till-1")
    assert request.message_id == "xmlvend/6004708001509/till-1/20260701083000/1"


def test_clients_of_the_same_numbers_have_orders_of_their_own() -> None:
    ids = {read_request(body(client=client)).message_id for client in ("1", "2")}
    assert len(ids) == 2


def test_the_type_of_a_device_may_be_left_out() -> None:
    assert Device.read(Node("", "clientID", attributes={"ean": "600"})) == Device("EANDeviceID", "600")
    assert Device.read(Node("", "clientID", attributes={"id": "x"})) == Device("GenericDeviceID", "x")


def test_devices_and_identifiers_are_written_as_they_came() -> None:
    written = Device("EANDeviceID", "600").written("base:clientID")
    assert (written.type, dict(written.attributes)) == ("base:EANDeviceID", {"ean": "600"})
    written = MessageId("20260701083000", "7").written("base:reqMsgID")
    assert (written.name, dict(written.attributes)) == ("reqMsgID", {"dateTime": "20260701083000", "uniqueNumber": "7"})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"client": ""}, "clientID has no attribute ean"),
        ({"client": "x" * 33}, "ean of clientID is no plain name"),
        ({"terminal": "té"}, "id of terminalID is no plain name"),
        ({"date_time": "yesterday"}, "dateTime of msgID is no time"),
        ({"date_time": "2026-07-01T08:30:00"}, "dateTime of msgID is no time"),
        ({"number": "seven"}, "uniqueNumber of msgID is no number"),
        ({"number": "1" * 21}, "uniqueNumber of msgID is no number"),
        ({"operator": "o" * 65}, "opName is no name"),
    ],
)
def test_what_is_wrong_at_the_beginning(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(LetterError, match=sentence):
        read_request(body(**values))  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", ["clientID", "terminalID", "msgID"])
def test_what_is_missing_at_the_beginning(missing: str) -> None:
    whole = body()
    children = tuple(child for child in whole.children if child.name != missing)
    with pytest.raises(LetterError, match=f"has no {missing}"):
        read_request(Node("", "creditVendReq", children=children))


@pytest.mark.parametrize(
    ("method", "meter"),
    [
        (meter_method("01234567890"), MeterReference("01234567890")),
        (meter_method("0123456789012"), MeterReference("0123456789012")),
        (meter_method("01234567890", CARD), MeterReference("01234567890", "001234", 2, 7)),
    ],
)
def test_meters(method: str, meter: MeterReference) -> None:
    assert read_meter(body(method).need("idMethod")) == meter


@pytest.mark.parametrize(
    ("number", "more"),
    [
        ("123", ""),
        ("0123456789A", ""),
        ("", ""),
        ("012345678901", ""),
        ("01234567890", ' sgc="x"'),
        ("01234567890", ' krn="12"'),
    ],
)
def test_no_meters(number: str, more: str) -> None:
    with pytest.raises(LetterError):
        read_meter(body(meter_method(number, more)).need("idMethod"))


def test_a_meter_card_is_not_read_here() -> None:
    with pytest.raises(LetterError, match="meter cards"):
        read_meter(Node("", "idMethod", children=(Node("", "meterIdentifier", "MeterCard"),)))


@pytest.mark.parametrize("symbol", ["", "R", "ZAR"])
def test_money(symbol: str) -> None:
    assert read_purchase(body(money("20.50", symbol)), "ZAR") == Purchase(amount=Decimal("20.50"))


def test_units() -> None:
    assert read_purchase(body(units("12.5")), "ZAR") == Purchase(units=Decimal("12.5"))


@pytest.mark.parametrize("content", [money("20", "USD"), money("twenty"), "<r:purchaseValue/>", "", money("20") * 2])
def test_no_purchase(content: str) -> None:
    with pytest.raises(LetterError):
        read_purchase(body(content), "ZAR")


TERMINALS = [
    # client    terminal
    ("a",       "b/c"),
    ("a/b",     "c"),
    ("a~sb",    "c"),
    ("a~",      "sb/c"),
    ("a~~sb",   "c"),
    ("a",       "b~sc"),
    ("a/",      "b"),
    ("a",       "/b"),
    ("a",       "b"),
]  # fmt: skip


def test_no_two_terminals_share_a_till_or_an_order() -> None:
    """Whoever names its client a/b must not be taken for terminal b of client a, nor be given its tokens."""
    requests = [read_request(body(client=client, terminal=terminal)) for client, terminal in TERMINALS]
    assert len({request.till for request in requests}) == len(TERMINALS)
    assert len({request.message_id for request in requests}) == len(TERMINALS)
    assert requests[-1].till == "a/b"
    assert requests[-1].message_id == "xmlvend/a/b/20260701083000/1"


def test_time_and_number_do_not_run_into_each_other() -> None:
    one = read_request(body(date_time="20260701083000", number="123"))  # type: ignore[arg-type]
    other = read_request(body(date_time="202607010830001", number="23"))  # type: ignore[arg-type]
    assert one.message_id != other.message_id


AMOUNTS = [
    # text            amount
    ("20",            "20"),
    ("020.50",        "20.50"),
    ("20.",           "20"),
    (".5",            "0.5"),
    ("-5",            "-5"),
    ("9" * 20,        "9" * 20),
    ("9" * 21,        None),
    ("1e2",           None),
    ("1,5",           None),
    ("1.2.3",         None),
    ("+5",            None),
    ("--5",           None),
    ("0x10",          None),
    ("NaN",           None),
    ("Infinity",      None),
    ("١٢",            None),
    ("",              None),
    (" ",             None),
    ("-",             None),
    (".",             None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "amount"), AMOUNTS)
def test_amounts(text: str, amount: str | None) -> None:
    letter_body = body(money(text))
    if amount is None:
        with pytest.raises(LetterError):
            read_purchase(letter_body, "ZAR")
    else:
        assert read_purchase(letter_body, "ZAR") == Purchase(amount=Decimal(amount))
