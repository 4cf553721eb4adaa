"""Telnet as RFC 2217 needs it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import RemoteProtocolError
from ferraris.kernel.limits import TELNET_SUBNEGOTIATION_OCTETS_MAX
from ferraris.link.telnet import COM_PORT, WANTED, Telnet, escaped, subnegotiation

PIECES = st.one_of(st.binary(max_size=20), st.just(b"\xff\xff"), st.just(b"\xff"))


@given(st.lists(PIECES, max_size=10), st.integers(1, 7))
def test_octets_of_the_line_arrive_as_they_were(pieces: list[bytes], cut: int) -> None:
    octets = b"".join(pieces)
    stream = escaped(octets)
    telnet = Telnet()
    for start in range(0, len(stream), cut):
        telnet.receive(stream[start : start + cut])
    assert telnet.data() == octets
    assert telnet.outgoing() == b""


@given(st.binary(max_size=40), st.binary(max_size=10))
def test_what_is_said_about_an_option_is_not_of_the_line(content: bytes, data: bytes) -> None:
    telnet = Telnet()
    for octet in escaped(data) + subnegotiation(COM_PORT, content) + escaped(data):
        telnet.receive(bytes((octet,)))
    assert telnet.data() == data + data
    assert telnet.subnegotiations() == [bytes((COM_PORT,)) + content]


def test_two_ends_agree_and_then_are_silent() -> None:
    client, server = Telnet(), Telnet()
    client.offer(WANTED)
    for _ in range(5):
        server.receive(client.outgoing())
        client.receive(server.outgoing())
    assert client.outgoing() == server.outgoing() == b""
    assert not client.refused(COM_PORT)


def test_a_refusal_is_remembered_and_acknowledged_once() -> None:
    telnet = Telnet()
    telnet.offer((COM_PORT,))
    telnet.outgoing()
    for _ in range(3):
        telnet.receive(bytes((0xFF, 0xFE, COM_PORT)))
    assert telnet.refused(COM_PORT)
    assert telnet.outgoing() == bytes((0xFF, 0xFC, COM_PORT))


def test_what_we_do_not_know_is_refused_once() -> None:
    telnet = Telnet()
    for _ in range(3):
        telnet.receive(b"\xff\xfb\x01\xff\xfd\x18")
    assert telnet.outgoing() == b"\xff\xfe\x01\xff\xfc\x18"


def test_other_commands_are_passed_over() -> None:
    telnet = Telnet()
    telnet.receive(b"a\xff\xf1b\xff\xf9c")
    assert telnet.data() == b"abc"


def test_a_subnegotiation_without_an_end_is_refused() -> None:
    telnet = Telnet()
    telnet.receive(b"\xff\xfa" + bytes(TELNET_SUBNEGOTIATION_OCTETS_MAX))
    with pytest.raises(RemoteProtocolError):
        telnet.receive(b"\x00")


@given(st.binary(max_size=200))
def test_any_octets_are_bounded_in_what_they_cause(octets: bytes) -> None:
    telnet = Telnet()
    with contextlib.suppress(RemoteProtocolError):
        telnet.receive(octets)
    assert len(telnet.data()) <= len(octets)
    assert len(telnet.outgoing()) <= len(octets)
