"""The bench: wires that take anything, talks that protect or damage, and silence that does not last for ever."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ferraris.client import ClientSettings
from ferraris.client.conformance import Bench
from ferraris.client.conformance.bench import Talk, Wire
from ferraris.client.conformance.requests import LOGICAL_DEVICE_NAME, get_request
from ferraris.dlms import AssociationSettings, encode_wpdu
from ferraris.dlms.apdu import Aarq, InitiateRequest, Mechanism, decode_apdu
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError, RefusedError
from ferraris.link import Link, loopback_pair
from ferraris.simulation import run_virtual
from tests.meter.clients import management

NOTIFICATION = bytes.fromhex("0f000000010002011105")
ANSWER = bytes.fromhex("c401c5001105")


async def _wired() -> tuple[Wire, Link]:
    here, there = loopback_pair()
    return Wire(here, 16, 1, patience_s=5.0), there


def test_silence_is_an_answer_after_the_patience() -> None:
    async def run() -> None:
        wire, _ = await _wired()
        assert str(await wire.ask(b"\xc0")) == "no answer"

    run_virtual(run())


def test_the_end_of_the_link_is_an_answer() -> None:
    async def run() -> None:
        wire, there = await _wired()
        await there.aclose()
        assert (await wire.ask(b"\xc0")).link_closed
        assert await wire.octets() == b""

    run_virtual(run())


def test_what_comes_unasked_is_passed_over() -> None:
    async def run() -> None:
        wire, there = await _wired()
        await there.send(encode_wpdu(1, 16, NOTIFICATION) + encode_wpdu(1, 16, ANSWER))
        assert (await wire.ask(b"\xc0")).octets == ANSWER

    run_virtual(run())


def test_broken_framing_is_silence_that_is_told() -> None:
    async def run() -> None:
        wire, there = await _wired()
        await there.send(b"\x00\x07garbage")
        answer = await wire.ask(b"\xc0")
        assert not answer.gives_data
        assert "no wrapper" in str(answer)

    run_virtual(run())


def test_a_proposal_is_changed_where_one_wants() -> None:
    here, _ = loopback_pair()
    talk = Talk(Wire(here, 16, 1, 1.0), AssociationSettings(Mechanism.LLS, b"secret"), SeededEntropy(1))
    octets = talk.proposal(
        lambda aarq: replace(aarq, calling_authentication_value=b"wrong"),
        lambda request: replace(request, dlms_version=5),
    )
    aarq = decode_apdu(octets)
    assert isinstance(aarq, Aarq)
    assert aarq.calling_authentication_value == b"wrong"
    request = decode_apdu(aarq.user_information or b"")
    assert isinstance(request, InitiateRequest)
    assert request.dlms_version == 5


def test_a_rejected_talk_raises() -> None:
    async def run() -> None:
        async def open_link() -> Link:
            here, there = loopback_pair()

            async def reject() -> None:
                await there.receive()
                await there.send(
                    encode_wpdu(1, 16, bytes.fromhex("6117a109060760857405080101a203020101a305a10302010d"))
                )

            tasks.append(asyncio.create_task(reject()))
            return here

        tasks: list[asyncio.Task[None]] = []
        bench = Bench(open_link, ClientSettings(AssociationSettings()), SeededEntropy(1), lambda: 0)
        with pytest.raises(RefusedError):
            async with bench.talk():
                pass
        accepted, words = await bench.attempt(AssociationSettings())
        assert (accepted, "authentication-failure" in words) == (False, True)

    run_virtual(run())


def test_requests_are_protected_only_once_the_association_ciphers() -> None:
    here, _ = loopback_pair()
    request = get_request(LOGICAL_DEVICE_NAME)
    plain = Talk(Wire(here, 16, 1, 1.0), AssociationSettings(), SeededEntropy(1))
    plain.proposal()
    assert plain.protected(request) == request
    ciphered = Talk(Wire(here, 1, 1, 1.0), management().association, SeededEntropy(1))
    ciphered.proposal()
    assert ciphered.protected(request)[0] == 0xC8


def test_a_link_is_closed_whatever_happens_in_between() -> None:
    opened: list[Link] = []

    async def open_link() -> Link:
        here, there = loopback_pair()
        opened.append(there)
        return here

    async def run() -> None:
        bench = Bench(open_link, management(), SeededEntropy(1), lambda: 0)
        with pytest.raises(ZeroDivisionError):
            async with bench.wire():
                raise ZeroDivisionError
        with pytest.raises(LinkError):
            await opened[0].receive()

    run_virtual(run())
