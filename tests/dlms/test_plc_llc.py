"""APDUs behind the LLC header of power lines."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.client import ClientAssociation, ClientSettings
from ferraris.dlms import Association, AssociationSettings, Role
from ferraris.dlms.framing import Framing
from ferraris.dlms.plc_llc import LlcPdu, PlcLlcFraming, decode_llc, encode_llc
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import DecodeError, LocalProtocolError, RemoteProtocolError
from ferraris.link import loopback_pair
from ferraris.simulation import run_virtual


def test_the_destination_stands_first() -> None:
    octets = bytes.fromhex("90 01 10 c001c1")
    assert encode_llc(1, 16, b"\xc0\x01\xc1") == octets
    assert decode_llc(octets) == LlcPdu(1, 16, b"\xc0\x01\xc1")


@pytest.mark.parametrize("octets", ["", "90", "900110", "910110c0", "e6e600c0"])
def test_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        decode_llc(bytes.fromhex(octets))


@pytest.mark.parametrize(("client", "server"), [(256, 1), (16, 256), (-1, 1)])
def test_an_lsap_has_one_octet(client: int, server: int) -> None:
    with pytest.raises(LocalProtocolError):
        PlcLlcFraming(client, server)


def test_a_framing_without_a_connection() -> None:
    framing: Framing = PlcLlcFraming(16, 1)
    for act in (framing.connect, framing.tick, framing.disconnect):
        act(0)
        assert framing.connected
        assert framing.wake_at() is None
    framing.send(b"\xc0", 0)
    assert framing.outgoing() == [b"\x90\x01\x10\xc0"]
    assert framing.outgoing() == []
    framing.receive(b"\x90\x10\x01\xc4", 0)
    assert framing.apdus() == [b"\xc4"]
    assert framing.apdus() == []


@pytest.mark.parametrize("octets", [b"\x90\x11\x01\xc4", b"\x90\x10\x02\xc4", b"\x90\x01\x10\xc4"])
def test_a_message_between_others_is_refused(octets: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        PlcLlcFraming(16, 1).receive(octets, 0)


def test_an_association_over_it() -> None:
    async def scenario() -> None:
        here, there = loopback_pair(datagrams=True)
        client = ClientAssociation(
            here, ClientSettings(AssociationSettings()), SeededEntropy(1), framing=PlcLlcFraming(16, 1)
        )
        server = Association(Role.SERVER, AssociationSettings(), SeededEntropy(2))

        async def serve() -> None:
            pdu = decode_llc(await there.receive())
            server.receive(pdu.apdu, 0)
            server.events()
            for apdu in server.outgoing():
                await there.send(encode_llc(pdu.source, pdu.destination, apdu))

        serving = asyncio.ensure_future(serve())
        await client.associate()
        await serving
        await client.aclose()

    run_virtual(scenario())


@given(st.integers(0, 255), st.integers(0, 255), st.binary(min_size=1))
def test_any_apdu_between_any(destination: int, source: int, apdu: bytes) -> None:
    assert decode_llc(encode_llc(destination, source, apdu)) == LlcPdu(destination, source, apdu)


@given(st.binary(max_size=20), st.sampled_from([b"", b"\x90", b"\x90\x10\x01"]))
def test_any_octets_only_raise_the_right_errors(octets: bytes, start: bytes) -> None:
    with contextlib.suppress(RemoteProtocolError):
        PlcLlcFraming(16, 1).receive(start + octets, 0)
