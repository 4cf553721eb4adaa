"""What vending takes from others: letters of XMLVend, bodies of REST, tariffs, lines of orders."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from ferraris import vending
from ferraris.cli.vend_options import answer_order
from ferraris.console import create_vending_rest
from ferraris.console.xmlvend.envelope import read_envelope
from ferraris.console.xmlvend.service import reply_to
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.limits import SOAP_DEPTH_MAX, SOAP_ELEMENTS_MAX
from ferraris.vending.tariff import read_tariff
from tests.cli.test_vend_options import LINES, Echo
from tests.console.xmlvend.letters import letter, meter_method, money, units
from tests.fuzz.files import text_of
from tests.fuzz.seeds import short_texts
from tests.vending.house import NOON_MS, House, make_house

TRIES_PER_HOUSE = 2_000
PREFIX = "/api/v1/vending"


class _Street:
    """A vending system that is begun anew from time to time: what fuzzing leaves in it must not slow it down."""

    def __init__(self) -> None:
        self._tries = count()
        self._house: House | None = None

    def house(self) -> House:
        if self._house is None or next(self._tries) % TRIES_PER_HOUSE == 0:
            self._house = make_house(meters=3)
        return self._house


_LETTERS, _REST = _Street(), _Street()


def envelope(octets: bytes) -> None:
    """An envelope that is read has one element in its body, none deeper or in more parts than the limits say."""
    waiting, count = [(read_envelope(octets).body, 3)], 2
    while waiting:
        element, depth = waiting.pop()
        count += 1
        assert depth <= SOAP_DEPTH_MAX
        waiting += [(child, depth + 1) for child in element.children]
    assert count <= SOAP_ELEMENTS_MAX


def xmlvend(octets: bytes) -> None:
    """Whatever comes as a letter, an envelope answers it."""
    reply = reply_to(octets, _LETTERS.house().vending, NOON_MS)
    assert read_envelope(reply.octets).body.name


@cache
def letter_seeds() -> tuple[bytes, ...]:
    meter = _LETTERS.house().meters[0]
    method = meter_method(meter)
    names = ("confirmCustomerReq", "trialCreditVendReq", "creditVendReq", "freeIssueReq", "updateMeterKeyReq")
    letters = [letter(f"r:{name}", method + money("100"), number=place) for place, name in enumerate(names)]
    letters += [letter("r:creditVendReq", method + units("10"), number=10)]
    letters += [letter("m:confirmMeterReq", meter_method(meter, ' sgc="123456" krn="1" ti="01" at="07" tt="02"'))]
    letters += [letter("m:nonMeterSpecificEngReq", '<m:meterType tt="02"/>', kind="m:TestAllReq", number=11)]
    letters += [
        letter(f"r:{name}", number=12) for name in ("startBatchReq", "totalBatchReq", "endBatchReq", "depositReq")
    ]
    letters += [letter("b:adviceReq", kind="b:LastRespAdviceReq", number=13), letter("r:reprintReq", method, number=14)]
    return tuple(letters)


# REST

_ORDER = {"till": "T1", "operator": "ann", "meter": "METER", "message_id": "m1"}
_CONFIGURATION = {"supply_group_code": "123456", "key_revision_number": 2, "tariff_index": 7, "base_date": 35}
_ENTRY = {
    "meter": "01000000993",
    "configuration": _CONFIGURATION,
    "account": "A9",
    "tariff": "flat",
    "customer": "C9",
    "customer_name": "Ann",
}
REQUESTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "quotes", {"meter": "METER", "amount": "100"}),
    ("POST", "sales", _ORDER | {"amount": "100", "payment": "cash"}),
    ("POST", "free-issues", _ORDER | {"message_id": "m2"}),
    ("POST", "key-changes", _ORDER | {"message_id": "m3"}),
    ("POST", "explain", {"token": "1" * 20, "meter": "METER"}),
    ("POST", "sales/1/reprint", {"operator": "ann", "reason": "paper"}),
    ("POST", "sales/1/reversal", {"operator": "sue", "reason": "wrong meter"}),
    ("POST", "sales/1/cancellation", {"operator": "ann"}),
    ("POST", "sales/1/typed", {"operator": "ann"}),
    ("POST", "meters", {"operator": "sue", "meters": [_ENTRY]}),
    ("POST", "meters/METER/block", {"operator": "sue", "reason": ""}),
    ("PUT", "meters/METER/wanted-configuration", {"operator": "sue", "configuration": _CONFIGURATION}),
    ("POST", "meters/METER/loaded", {"operator": "sue", "proof": "display"}),
    ("PUT", "customers/C1", {"operator": "sue", "name": "Ann", "contact": "+27 1"}),
    ("PUT", "accounts/A1/tariff", {"operator": "sue", "tariff": "flat"}),
    ("POST", "debts/D1", {"operator": "sue", "account": "A1", "name": "fee", "amount": "12.50", "percent": "10"}),
    ("POST", "engineering", _ORDER | {"message_id": "m4", "kind": "clear_tamper", "value": 0, "reason": "cover"}),
    ("POST", "engineering/approve", {"message_id": "m4", "operator": "sue"}),
    ("POST", "engineering/refuse", {"message_id": "m4", "operator": "sue"}),
    ("POST", "shifts", {"till": "T1", "operator": "ann", "float_amount": "200"}),
    ("POST", "shifts/close", {"till": "T1", "operator": "ann", "counted": "200"}),
    ("POST", "deposits", {"till": "T1", "operator": "ann", "amount": "100", "reference": "r", "message_id": "m5"}),
    ("POST", "batches", {"till": "T1", "operator": "ann"}),
    ("POST", "campaigns", {"name": "c", "operator": "sue", "meters": ["METER"], "key_revision_number": 2}),
    ("POST", "campaigns/c/issue", {"operator": "sue", "till": "T1"}),
    ("POST", "campaigns/c/close", {"operator": "sue"}),
)
ANSWERED = frozenset({200, 201, 202, 400, 403, 404, 405, 409, 413, 415, 422, 503})


@cache
def _runner() -> asyncio.Runner:
    """Made in the process that fuzzes, not in the one that it is forked from."""
    return asyncio.Runner()


def vending_rest(octets: bytes) -> None:
    """The first octet says which function is called; the body is the rest. Nothing is a defect of ours, all is JSON."""
    method, path, _ = REQUESTS[octets[0] % len(REQUESTS)] if octets else REQUESTS[0]
    house = _REST.house()
    app = (
        create_vending_rest(house.vending, ManualClock(NOON_MS), throttled=False)
        if house is not _apps.get("house")
        else None
    )
    if app is not None:
        _apps.update(house=house, app=app)
    status, body = _runner().run(_asked(_apps["app"], method, path.replace("METER", house.meters[0]), octets[1:]))
    assert status in ANSWERED, (status, body)
    json.loads(body)


_apps: dict[str, Any] = {}


async def _asked(app: Any, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        headers = {"content-type": "application/json"}
        answer = await client.request(method, f"{PREFIX}/{path}", content=body, headers=headers)
    return answer.status_code, answer.content


@cache
def rest_seeds() -> tuple[bytes, ...]:
    meter = _REST.house().meters[0]
    return tuple(
        bytes((place,)) + json.dumps(body).replace("METER", meter).encode()
        for place, (_, _, body) in enumerate(REQUESTS)
    )


# Files and lines


def tariff(octets: bytes) -> None:
    """A tariff that is read has a tax of which shares can be told."""
    read = read_tariff(text_of(octets), "fuzz")
    assert sum(read.tax_shares) >= 0


def order_line(octets: bytes) -> None:
    """A line of orders is always answered, with one line of JSON."""
    answer = answer_order(Echo(), LINES, octets)
    assert "\n" not in answer
    assert {"id", "ok"} <= json.loads(answer).keys()


TARIFFS = short_texts(Path(vending.__file__).parent / "tariffs", "*.toml")
ORDER_LINES = (
    b'{"id": 7, "meter": "1", "amount": 20.10}',
    b'{"id": "a", "message_id": "mine", "units": "29.7", "meter": "01000000016"}',
)
