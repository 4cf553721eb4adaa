"""Letters of vending clients, written as clients in the field write them: with and without prefixes and types."""

from __future__ import annotations

from ferraris.console.xmlvend.envelope import read_envelope
from ferraris.console.xmlvend.names import BASE, METER, REVENUE, SOAP_1_1
from ferraris.console.xmlvend.node import Node
from ferraris.console.xmlvend.service import reply_to
from tests.console.shop import Shop

INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
HEADER = (
    '<clientID xmlns="{base}" xsi:type="EANDeviceID" ean="{client}"/>'
    '<terminalID xmlns="{base}" xsi:type="GenericDeviceID" id="{terminal}"/>'
    '<msgID xmlns="{base}" dateTime="{date_time}" uniqueNumber="{number}"/>'
    '<authCred xmlns="{base}"><opName>{operator}</opName><password>not looked at</password></authCred>'
)
NAMESPACES = {"r": REVENUE, "m": METER, "b": BASE}


def header(number: int = 1, **values: str) -> str:
    """What every request begins with."""
    filled = {
        "client": "6004708001509",
        "terminal": "till-1",
        "date_time": "20260701083000",
        "operator": "ann",
        **values,
    }
    return HEADER.format(base=BASE, number=number, **filled)


def letter(
    name: str, content: str = "", *, kind: str = "", number: int = 1, soap: str = SOAP_1_1, **values: str
) -> bytes:
    """A request in its envelope; `name` has the prefix r, m or b of its namespace."""
    declared = " ".join(f'xmlns:{prefix}="{namespace}"' for prefix, namespace in NAMESPACES.items())
    typed = f' xsi:type="{kind}"' if kind else ""
    return (
        f'<s:Envelope xmlns:s="{soap}" xmlns:xsi="{INSTANCE}"><s:Body><{name} {declared}{typed}>'
        f"{header(number, **values)}{content}</{name}></s:Body></s:Envelope>"
    ).encode()


def meter_method(number: str, more: str = "") -> str:
    kind = "MeterDetail" if more else "MeterNumber"
    return (
        f'<idMethod xmlns="{BASE}" xsi:type="VendIDMethod">'
        f'<meterIdentifier xsi:type="{kind}" msno="{number}"{more}/></idMethod>'
    )


def customer_method(kind: str, content: str) -> str:
    return f'<b:idMethod xsi:type="b:CustIDMethod"><b:custIdentifier xsi:type="b:{kind}" {content}</b:idMethod>'


def money(value: str, symbol: str = "R") -> str:
    return f'<r:purchaseValue xsi:type="r:PurchaseValueCurrency"><r:amt value="{value}" symbol="{symbol}"/></r:purchaseValue>'


def units(value: str) -> str:
    return f'<r:purchaseValue xsi:type="r:PurchaseValueUnits"><r:units value="{value}" siUnit="kWh"/></r:purchaseValue>'


def reply_of(shop: Shop, octets: bytes) -> Node:
    """What the service answers: the element in the body."""
    return read_envelope(reply_to(octets, shop.vending, shop.clock.now_ms()).octets).body


def answered(shop: Shop, octets: bytes, name: str) -> Node:
    """The same, for what must succeed."""
    body = reply_of(shop, octets)
    assert body.name == name, body
    return body


def fault_of(shop: Shop, octets: bytes) -> tuple[str, str]:
    """The kind of a fault and its sentence, for what must fail."""
    body = reply_of(shop, octets)
    assert body.name == "Fault", body
    fault = body.need("detail").need("xmlvendFaultResp").need("fault")
    return fault.type, fault.need("desc").text
