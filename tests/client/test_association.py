"""The client's driver: typed services over a link, and a clear error for each way it can fail."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ferraris.client import ClientAssociation, ClientSettings, descriptor_of
from ferraris.codec import Data, Tag
from ferraris.cosem import Clock, CosemDateTime, DisconnectControl, Obis, Register
from ferraris.dlms import AssociationSettings, Ciphering, CipherKeys, Request, Response, SecurityControl
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    DataAccessResult,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    Mechanism,
    ServiceErrorCode,
    SetRequestNormal,
    SetResponseNormal,
    StateError,
)
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    InvocationCounterError,
    LinkClosedError,
    LinkTimeoutError,
    RefusedError,
    RemoteProtocolError,
)
from ferraris.link import loopback_pair
from tests.client.served import Server, served
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE, ciphered_settings, security, settings

pytestmark = pytest.mark.anyio

ENERGY = Obis.parse("1.0.1.8.0.255")
CLOCK = Obis.parse("0.0.1.0.0.255")
SWITCH = Obis.parse("0.0.96.3.10.255")
NOON = CosemDateTime.from_epoch_ms(1_750_000_000_000)


def serve(request: Request) -> Response:
    if isinstance(request, GetRequestWithList):
        return GetResponseWithList(1, (b"\x06\x00\x00\x00\x2a", DataAccessResult.OBJECT_UNDEFINED))
    if isinstance(request, GetRequestNormal):
        values: dict[Obis, bytes | DataAccessResult] = {
            ENERGY: b"\x06\x00\x00\x00\x2a",
            CLOCK: b"\x09\x0c" + NOON.to_octets(),
        }
        found = values.get(request.descriptor.logical_name, DataAccessResult.OBJECT_UNDEFINED)
        return GetResponseNormal(request.invoke_id_and_priority, found)
    if isinstance(request, SetRequestNormal):
        allowed = request.descriptor.logical_name == CLOCK
        result = DataAccessResult.SUCCESS if allowed else DataAccessResult.READ_WRITE_DENIED
        return SetResponseNormal(request.invoke_id_and_priority, result)
    assert isinstance(request, ActionRequestNormal)
    opened = request.descriptor.method_id == 1
    result = ActionResult.SUCCESS if opened else ActionResult.TEMPORARY_FAILURE
    return ActionResponseNormal(request.invoke_id_and_priority, result, None)


def ciphered(**client_changes: object) -> tuple[AssociationSettings, AssociationSettings]:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    return replace(client, response_timeout_ms=50, **client_changes), server  # type: ignore[arg-type]


async def test_reads_writes_and_invocations_are_typed() -> None:
    client, server = ciphered()
    meter = Server(server, serve)
    async with served(client, meter) as association:
        associated = await association.associate()
        assert associated.peer_system_title == SERVER_TITLE
        assert await association.get(Register.value, ENERGY) == Data(Tag.DOUBLE_LONG_UNSIGNED, 42)
        assert await association.get(Clock.time, CLOCK) == NOON
        await association.set(Clock.time, CLOCK, NOON)
        assert await association.invoke(DisconnectControl.remote_disconnect, SWITCH, 0) is None
        descriptors = [descriptor_of(Register.value, ENERGY), descriptor_of(Register.value, SWITCH)]
        with pytest.raises(RemoteProtocolError, match="another invoke id"):
            await association.get_list(descriptors)
    assert len(meter.requests) == 5
    invoke_ids = [request.invoke_id_and_priority & 0x0F for request in meter.requests]  # type: ignore[union-attr]
    assert len(set(invoke_ids)) == 5


async def test_a_list_comes_in_one_round_trip() -> None:
    def listed(request: Request) -> Response:
        response = serve(request)
        assert isinstance(response, GetResponseWithList)
        assert isinstance(request, GetRequestWithList)
        return replace(response, invoke_id_and_priority=request.invoke_id_and_priority)

    client, server = ciphered()
    async with served(client, Server(server, listed)) as association:
        await association.associate()
        descriptors = [descriptor_of(Register.value, ENERGY), descriptor_of(Register.value, SWITCH)]
        assert await association.get_list(descriptors) == [b"\x06\x00\x00\x00\x2a", DataAccessResult.OBJECT_UNDEFINED]
        with pytest.raises(RemoteProtocolError, match="another length"):
            await association.get_list(descriptors * 2)
        with pytest.raises(ValueError, match="1 to 256"):
            await association.get_list([])


async def test_refusals_carry_the_standards_name() -> None:
    client, server = ciphered()
    async with served(client, Server(server, serve)) as association:
        await association.associate()
        with pytest.raises(RefusedError) as caught:
            await association.get(Register.value, SWITCH)
        assert (caught.value.result, caught.value.code) == ("object-undefined", 4)
        with pytest.raises(RefusedError, match="read-write-denied"):
            await association.set(Register.value, ENERGY, Data(Tag.DOUBLE_LONG_UNSIGNED, 0))
        with pytest.raises(RefusedError, match="temporary-failure"):
            await association.invoke(DisconnectControl.remote_reconnect, SWITCH, 0)
        with pytest.raises(DecodeError):
            await association.get(Clock.time, ENERGY)
        await association.release()


async def test_an_exception_response_is_a_refusal_or_tells_the_counter() -> None:
    def refuse(request: Request) -> Response:
        if isinstance(request, GetRequestNormal):
            return ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
        return ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, 99)

    client, server = ciphered()
    async with served(client, Server(server, refuse)) as association:
        await association.associate()
        with pytest.raises(RefusedError, match="SERVICE_NOT_SUPPORTED"):
            await association.get(Register.value, ENERGY)
        with pytest.raises(InvocationCounterError) as caught:
            await association.set(Clock.time, CLOCK, NOON)
        assert caught.value.expected == 99


async def test_a_wrong_key_is_an_authentication_error() -> None:
    wrong = security(CLIENT_TITLE, keys=CipherKeys(bytes(16), bytes(16)))
    client, server = ciphered(security=wrong)
    async with served(client, Server(server, serve)) as association:
        with pytest.raises(AuthenticationError, match="authentication_failure"):
            await association.associate()


async def test_another_context_is_a_refusal() -> None:
    client, _ = ciphered()
    server = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    async with served(client, Server(server, serve)) as association:
        with pytest.raises(RefusedError, match="CONTEXT"):
            await association.associate()


@pytest.mark.parametrize("silent_from", [0, 1, 2])
async def test_a_silent_meter_is_a_timeout(silent_from: int) -> None:
    answered = 0

    def silence(apdu: bytes) -> bytes | None:
        nonlocal answered
        answered += 1
        return None if answered > silent_from else apdu

    client, server = ciphered()
    async with served(client, Server(server, serve, silence)) as association:
        if silent_from == 2:
            await association.associate()
        with pytest.raises(LinkTimeoutError):
            await (association.get(Register.value, ENERGY) if silent_from == 2 else association.associate())


async def test_a_link_that_ends_is_an_error_but_not_for_a_release() -> None:
    client, server = ciphered()
    meter = Server(server, serve)
    async with served(client, meter) as association:
        await association.associate()
        await association.aclose()
        with pytest.raises(LinkClosedError):
            await association.get(Register.value, ENERGY)
        await association.release()


async def test_a_meter_that_stops_in_mid_block_is_a_timeout() -> None:
    blocks = 0

    def stop(apdu: bytes) -> bytes | None:
        nonlocal blocks
        blocks += apdu[0] == 0xC4
        return None if blocks > 2 else apdu

    def long(request: Request) -> Response:
        return GetResponseNormal(request.invoke_id_and_priority, b"\x09\x82\x04\x00" + bytes(1024))  # type: ignore[union-attr]

    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None, response_timeout_ms=50)
    async with served(replace(plain, max_receive_pdu_size=128), Server(plain, long, stop)) as association:
        await association.associate()
        with pytest.raises(LinkTimeoutError):
            await association.get(Register.value, ENERGY)
    assert blocks == 3


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x02\x00\x01\x00\x10\x00\x01\x00",
        b"\x00\x01\x00\x07\x00\x10\x00\x01\x00",
        b"\x00\x01\x00\x01\x00\x10\x00\x00",
    ],
)
async def test_garbage_on_the_link_is_a_protocol_error(garbage: bytes) -> None:
    here, there = loopback_pair()
    association = ClientAssociation(here, ClientSettings(settings(CLIENT_TITLE)), SeededEntropy(1))
    waiting = asyncio.create_task(association.associate())
    await there.receive()
    await there.send(garbage)
    with pytest.raises(RemoteProtocolError):
        await waiting
    await association.aclose()
