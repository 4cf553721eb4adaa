"""The client's driver: typed services over a link, and a clear error for each way it can fail."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest

from ferraris.client import ClientAssociation, ClientSettings, descriptor_of
from ferraris.client.association import refusal_of
from ferraris.codec import Data, Tag
from ferraris.cosem import Clock, CosemDateTime, DisconnectControl, Obis, Register
from ferraris.dlms import (
    Association,
    AssociationSettings,
    Ciphering,
    CipherKeys,
    Rejected,
    Request,
    RequestReceived,
    Response,
    Role,
    SecurityControl,
    WrapperReceiver,
    encode_wpdu,
)
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    Conformance,
    DataAccessResult,
    DataNotification,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    Mechanism,
    ReleaseResponseReason,
    Rlre,
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
    LocalProtocolError,
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
    changes: dict[str, object] = {"response_timeout_ms": 5_000, **client_changes}
    return replace(client, **changes), server  # type: ignore[arg-type]


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
        with pytest.raises(RefusedError, match="service-not-supported"):
            await association.get(Register.value, ENERGY)
        with pytest.raises(InvocationCounterError) as caught:
            await association.set(Clock.time, CLOCK, NOON)
        assert caught.value.expected == 99


async def test_a_wrong_key_is_an_authentication_error() -> None:
    wrong = security(CLIENT_TITLE, keys=CipherKeys(bytes(16), bytes(16)))
    client, server = ciphered(security=wrong)
    async with served(client, Server(server, serve)) as association:
        with pytest.raises(AuthenticationError, match="authentication-failure"):
            await association.associate()


async def test_another_context_is_a_refusal() -> None:
    client, _ = ciphered()
    server = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    async with served(client, Server(server, serve)) as association:
        with pytest.raises(RefusedError, match="application-context-name-not-supported"):
            await association.associate()


@pytest.mark.parametrize("silent_from", [0, 1, 2])
async def test_a_silent_meter_is_a_timeout(silent_from: int) -> None:
    answered = 0

    def silence(apdu: bytes) -> bytes | None:
        nonlocal answered
        answered += 1
        return None if answered > silent_from else apdu

    client, server = ciphered(response_timeout_ms=50)
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


def fitting(request: Request) -> Response:
    """As `serve`, with the invoke id of a list's request."""
    response = serve(request)
    if isinstance(response, GetResponseWithList):
        return replace(response, invoke_id_and_priority=request.invoke_id_and_priority)  # type: ignore[union-attr]
    return response


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"\xd8\x01\x01",
        GetResponseNormal(0xC1, b"\x11\x05").encode(),
        b"\x63\x05\xff",
        b"",
        Rlre(ReleaseResponseReason.NOT_FINISHED).encode(),
    ],
)
async def test_a_release_ends_the_association_whatever_the_meter_says(answer: bytes | None) -> None:
    def instead(apdu: bytes) -> bytes | None:
        return answer if apdu[0] == 0x63 else apdu

    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None, response_timeout_ms=50)
    async with served(plain, Server(plain, fitting, instead)) as association:
        await association.associate()
        await association.release()
        await association.release()  # nothing is left to release
        await association.associate()
        assert await association.get(Clock.time, CLOCK) == NOON


async def test_invoke_ids_go_round_and_no_two_neighbours_share_one() -> None:
    client, server = ciphered()
    meter = Server(server, fitting)
    async with served(client, meter) as association:
        await association.associate()
        for _ in range(40):
            await association.get(Clock.time, CLOCK)
    ids = [request.invoke_id_and_priority for request in meter.requests]  # type: ignore[union-attr]
    assert {invoke_id & 0xF0 for invoke_id in ids} == {0xC0}, "confirmed, of high priority"
    assert all(before != after for before, after in itertools.pairwise(ids))
    assert len(set(ids)) == 16


async def test_notifications_between_answers_are_handed_on() -> None:
    told: list[object] = []
    here, there = loopback_pair()
    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    association = ClientAssociation(here, ClientSettings(plain), SeededEntropy(1), told.append)
    server = Association(Role.SERVER, plain, SeededEntropy(2))
    receiver = WrapperReceiver()
    notification = DataNotification(3, b"", b"\x11\x07")

    async def serve_with_notifications() -> None:
        while True:
            receiver.receive(await there.receive())
            for wpdu in receiver.events():
                server.receive(wpdu.apdu, 0)
                for event in server.events():
                    if isinstance(event, RequestReceived):
                        server.send(fitting(event.request), 0)
                for apdu in (notification.encode(), *server.outgoing()):
                    await there.send(encode_wpdu(1, 16, apdu))

    task = asyncio.create_task(serve_with_notifications())
    await association.associate()
    assert await association.get(Clock.time, CLOCK) == NOON
    assert told == [notification, notification]
    task.cancel()
    await association.aclose()
    await there.aclose()


@pytest.mark.parametrize("piece", [1, 3, 7])
async def test_answers_may_come_in_any_pieces(piece: int) -> None:
    here, there = loopback_pair()
    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    association = ClientAssociation(here, ClientSettings(plain), SeededEntropy(1))
    server = Association(Role.SERVER, plain, SeededEntropy(2))
    receiver = WrapperReceiver()

    async def serve_in_pieces() -> None:
        while True:
            receiver.receive(await there.receive())
            for wpdu in receiver.events():
                server.receive(wpdu.apdu, 0)
                for event in server.events():
                    if isinstance(event, RequestReceived):
                        server.send(fitting(event.request), 0)
                octets = b"".join(encode_wpdu(1, 16, apdu) for apdu in server.outgoing())
                for start in range(0, len(octets), piece):
                    await there.send(octets[start : start + piece])

    task = asyncio.create_task(serve_in_pieces())
    await association.associate()
    assert await association.get(Clock.time, CLOCK) == NOON
    task.cancel()
    await association.aclose()
    await there.aclose()


async def test_a_list_that_the_meter_breaks_off_is_a_refusal() -> None:
    def long(request: Request) -> Response:
        assert isinstance(request, GetRequestWithList)
        return GetResponseWithList(request.invoke_id_and_priority, (b"\x09\x82\x04\x00" + bytes(1024),))

    def break_off(apdu: bytes) -> bytes:
        if apdu[:2] == b"\xc4\x02" and apdu[4:8] == b"\x00\x00\x00\x02":
            return GetResponseWithBlock(apdu[2], True, 2, DataAccessResult.LONG_GET_ABORTED).encode()
        return apdu

    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None, response_timeout_ms=500)
    async with served(replace(plain, max_receive_pdu_size=200), Server(plain, long, break_off)) as association:
        await association.associate()
        with pytest.raises(RefusedError, match="breaks off") as caught:
            await association.get_list([descriptor_of(Register.value, ENERGY)])
    assert caught.value.result == "long-get-aborted"


@pytest.mark.parametrize("count", [0, 257])
async def test_a_list_has_one_to_256_attributes(count: int) -> None:
    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    meter = Server(plain, fitting)
    async with served(plain, meter) as association:
        await association.associate()
        with pytest.raises(ValueError, match="1 to 256"):
            await association.get_list([descriptor_of(Register.value, ENERGY)] * count)
    assert meter.requests == []


async def test_what_was_not_negotiated_is_a_refusal_and_the_association_stands() -> None:
    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    async with served(replace(plain, conformance=Conformance.GET), Server(plain, fitting)) as association:
        associated = await association.associate()
        assert associated.conformance == Conformance.GET
        with pytest.raises(RefusedError, match="service-not-supported"):
            await association.set(Clock.time, CLOCK, NOON)
        with pytest.raises(RefusedError, match="service-not-supported"):
            await association.invoke(DisconnectControl.remote_disconnect, SWITCH, 0)
        with pytest.raises(RefusedError, match="service-not-supported"):
            await association.get_list([descriptor_of(Register.value, ENERGY)])
        assert await association.get(Clock.time, CLOCK) == NOON


async def test_a_result_that_fits_no_apdu_is_a_refusal() -> None:
    def long(request: Request) -> Response:
        return GetResponseNormal(request.invoke_id_and_priority, b"\x09\x82\x04\x00" + bytes(1024))  # type: ignore[union-attr]

    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    small = replace(plain, max_receive_pdu_size=128, conformance=Conformance.GET)
    async with served(small, Server(plain, long)) as association:
        await association.associate()
        with pytest.raises(RefusedError, match="pdu-too-long"):
            await association.get(Register.value, ENERGY)


async def test_a_cancelled_request_leaves_an_association_that_says_so() -> None:
    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    here, there = loopback_pair()
    association = ClientAssociation(here, ClientSettings(plain), SeededEntropy(1))
    waiting = asyncio.create_task(association.associate())
    await there.receive()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(LocalProtocolError, match="state does not allow"):
        await association.get(Register.value, ENERGY)
    await association.aclose()
    await there.aclose()


@pytest.mark.parametrize(
    ("rejected", "kind", "text"),
    [
        (Rejected("REJECTED_PERMANENT", "AUTHENTICATION_FAILURE", 13), AuthenticationError, "authentication-failure"),
        (Rejected("REJECTED_PERMANENT", "AUTHENTICATION_REQUIRED", 14), AuthenticationError, "authentication-required"),
        (Rejected("REJECTED_PERMANENT", "CALLING_AP_TITLE_NOT_RECOGNIZED", 3), AuthenticationError, "calling-ap-title"),
        (Rejected("HLS_FAILED", "OTHER_REASON", 250), AuthenticationError, "other-reason"),
        (Rejected("REJECTED_TRANSIENT", "NO_REASON_GIVEN", 1), RefusedError, "no-reason-given (1)"),
        (Rejected("REJECTED_PERMANENT", "PDU_SIZE_TOO_SHORT", 3), RefusedError, "pdu-size-too-short (3)"),
        (
            Rejected("REJECTED_PERMANENT", "APPLICATION_CONTEXT_NAME_NOT_SUPPORTED", 2),
            RefusedError,
            "application-context-name-not-supported (2)",
        ),
    ],
)
async def test_a_rejection_is_the_error_that_it_means(rejected: Rejected, kind: type[Exception], text: str) -> None:
    error = refusal_of(rejected)
    assert type(error) is kind
    assert text in str(error)
