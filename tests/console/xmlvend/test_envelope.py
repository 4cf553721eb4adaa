"""SOAP envelopes: honest ones are read and written, hostile ones are refused before they cost anything."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.console.xmlvend.envelope import EnvelopeError, read_envelope, write_envelope
from ferraris.console.xmlvend.names import BASE, REVENUE, SOAP_1_1, SOAP_1_2
from ferraris.console.xmlvend.node import Node, node
from ferraris.kernel.limits import SOAP_DEPTH_MAX, SOAP_ELEMENTS_MAX, SOAP_OCTETS_MAX

ANSWER = node(
    "revenue:creditVendResp",
    node("base:clientID", kind="base:EANDeviceID", ean="6004708001509"),
    node("base:custMsg", text="Thank <you> & come again"),
)


def envelope(content: str, soap: str = SOAP_1_1) -> bytes:
    return f'<s:Envelope xmlns:s="{soap}"><s:Header/><s:Body>{content}</s:Body></s:Envelope>'.encode()


@pytest.mark.parametrize("soap", [SOAP_1_1, SOAP_1_2])
def test_a_request_is_read(soap: str) -> None:
    content = f"""<r:creditVendReq xmlns:r="{REVENUE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
        xsi:type="r:CreditVendReq"><!-- a word --><msgID xmlns="{BASE}" uniqueNumber="7"/><r:note> text </r:note>
        </r:creditVendReq>"""
    read = read_envelope(b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>" + envelope(content, soap))
    assert read.soap == soap
    assert (read.body.namespace, read.body.name, read.body.type) == (REVENUE, "creditVendReq", "CreditVendReq")
    assert read.body.need("msgID") == Node(BASE, "msgID", attributes={"uniqueNumber": "7"})
    assert read.body.need("note").text == "text"


@pytest.mark.parametrize("soap", [SOAP_1_1, SOAP_1_2])
def test_what_is_written_can_be_read(soap: str) -> None:
    read = read_envelope(write_envelope(soap, ANSWER))
    assert read.soap == soap
    assert read.body.need("clientID").type == "EANDeviceID"
    assert read.body.need("custMsg").text == "Thank <you> & come again"


@given(st.text(max_size=40), st.text(max_size=40))
def test_every_name_of_a_customer_can_be_written(name: str, text: str) -> None:
    letter = node("base:custVendDetail", node("base:custMsg", text=text), name=name)
    read = read_envelope(write_envelope(SOAP_1_1, letter)).body
    plain = "".join(character for character in text if character.isalnum())
    assert plain == "".join(character for character in read.need("custMsg").text if character.isalnum())


HOSTILE = {
    "nothing": b"",
    "no XML": b"GET / HTTP/1.1",
    "cut off": envelope("<a/>")[:-9],
    "no envelope": b"<a/>",
    "an envelope of nobody": b"<Envelope><Body><a/></Body></Envelope>",
    "no body": f'<s:Envelope xmlns:s="{SOAP_1_1}"/>'.encode(),
    "an empty body": envelope(""),
    "two requests": envelope("<a/><b/>"),
    "two bodies": f'<s:Envelope xmlns:s="{SOAP_1_1}"><s:Body><a/></s:Body><s:Body><a/></s:Body></s:Envelope>'.encode(),
    "two documents": envelope("<a/>") + envelope("<a/>"),
    "a null octet": envelope("<a>\0</a>"),
    "octets that are no text": envelope("<a>\xff</a>").replace("\xff".encode(), b"\xff"),
    "another encoding": b"<?xml version='1.0' encoding='utf-16'?>" + envelope("<a/>"),
    "UTF-16": envelope("<a/>").decode().encode("utf-16"),
    "UTF-7": b"<?xml version='1.0' encoding='utf-7'?>" + envelope("<a/>"),
    "an unknown entity": envelope("<a>&who;</a>"),
    "a reference to no character": envelope("<a>&#0;</a>"),
    "an unknown prefix": envelope("<x:a/>"),
    "an attribute twice": envelope("<a b='1' b='2'/>"),
    "too deep": envelope("<a>" * SOAP_DEPTH_MAX + "</a>" * SOAP_DEPTH_MAX),
    "too many": envelope(f"<a>{'<b/>' * SOAP_ELEMENTS_MAX}</a>"),
    "too long": envelope(f"<a>{'x' * SOAP_OCTETS_MAX}</a>"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_honest_envelope_is_refused(name: str) -> None:
    with pytest.raises(EnvelopeError):
        read_envelope(HOSTILE[name])


def test_a_billion_laughs_cost_nothing() -> None:
    """Entities that multiply tenfold at each step, in a kilobyte."""
    steps = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY l0 "ha">{steps}]>'.encode() + envelope("<a>&l11;</a>")
    started = time.process_time()
    with pytest.raises(EnvelopeError, match="no document type"):
        read_envelope(bomb)
    assert time.process_time() - started < 0.5


def test_an_entity_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "master.key"
    secret.write_text("the secret of the house")
    content = f'<!DOCTYPE s [<!ENTITY f SYSTEM "{secret.as_uri()}">]>'.encode() + envelope("<a>&f;</a>")
    with pytest.raises(EnvelopeError) as caught:
        read_envelope(content)
    assert "secret" not in str(caught.value)


def test_an_entity_opens_no_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.dtd"
        for document_type in (
            f'<!DOCTYPE s SYSTEM "{address}">',
            f'<!DOCTYPE s [<!ENTITY % p SYSTEM "{address}"> %p;]>',
        ):
            with pytest.raises(EnvelopeError):
                read_envelope(document_type.encode() + envelope("<a/>"))
        with pytest.raises(TimeoutError):
            listener.accept()


def test_depth_is_measured_while_reading() -> None:
    """Twenty thousand open tags, and none of them closed: refused by depth, not by the missing end."""
    with pytest.raises(EnvelopeError, match=r"too deep|Excessive depth"):
        read_envelope(b"<a>" * 20_000)


@given(st.binary(max_size=200))
def test_any_octets_are_an_envelope_or_an_error(octets: bytes) -> None:
    for whole in (octets, envelope("") + octets, envelope(octets.decode("latin-1"))):
        with suppress(EnvelopeError):
            read_envelope(whole)
