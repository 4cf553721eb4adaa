"""The association engine: client and server in a bottle, what holds for every way to associate."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from ferraris.dlms import (
    CONFORMANCE_OF_THIS_ENGINE,
    Aborted,
    AssociationSettings,
    Ciphering,
    Event,
    Release,
    Released,
    Request,
    RequestReceived,
    Response,
    ResponseReceived,
    Role,
    SecurityControl,
    State,
    Violated,
)
from ferraris.dlms.apdu import (
    AccessItem,
    AccessKind,
    AccessRequest,
    AccessResponse,
    ActionAnswer,
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResult,
    Conformance,
    DataAccessResult,
    GeneralBlockTransfer,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    Mechanism,
    SelectiveAccess,
    SetRequestNormal,
    SetRequestWithList,
    SetResponseLastBlock,
    SetResponseNormal,
    SetResponseWithList,
    decode_apdu,
)
from ferraris.kernel.errors import LinkTimeoutError
from tests.dlms.bottle import (
    CLIENT_TITLE,
    DISCONNECT,
    GET_VALUE,
    LONG_VALUE,
    PROFILE,
    SERVER_TITLE,
    VALUE,
    VALUE_READ,
    Bottle,
    Counter,
    answer,
    associated,
    ciphered,
    ciphered_settings,
    plain,
    serve,
    settings,
)

POLICIES = [
    SecurityControl.AUTHENTICATED_ENCRYPTED,
    SecurityControl.AUTHENTICATED,
    SecurityControl.ENCRYPTED,
]


@pytest.mark.parametrize(("ciphering", "policy"), list(itertools.product(Ciphering, POLICIES)))
def test_every_ciphering_carries_every_service(ciphering: Ciphering, policy: SecurityControl) -> None:
    bottle = associated(Bottle(*ciphered_settings(ciphering, policy), serve))
    assert answer(bottle, GET_VALUE) == GetResponseNormal(0xC1, b"\x06\x00\x00\x00\x2a")
    assert answer(bottle, SetRequestNormal(0xC2, VALUE, None, b"\x11\x05")) == SetResponseNormal(
        0xC2, DataAccessResult.READ_WRITE_DENIED
    )
    assert answer(bottle, ActionRequestNormal(0xC3, DISCONNECT, b"\x0f\x00")) == ActionResponseNormal(
        0xC3, ActionResult.SUCCESS, None
    )
    assert [type(event) for event in bottle.tell(Release())] == [Released]
    assert bottle.client.state is bottle.server.state is State.IDLE
    if policy & SecurityControl.ENCRYPTED:
        assert not any(b"\x06\x00\x00\x00\x2a" in apdu for apdu in bottle.to_client)


@pytest.mark.parametrize("mechanism", [Mechanism.LOWEST, Mechanism.LLS])
def test_plain_associations(mechanism: Mechanism) -> None:
    bottle = associated(plain(mechanism))
    assert answer(bottle, GET_VALUE) == GetResponseNormal(0xC1, b"\x06\x00\x00\x00\x2a")
    assert [type(event) for event in bottle.tell(Release())] == [Released]


@pytest.mark.parametrize("pdu_size", [80, 128, 300, 1000, 4116, 4117, 5000, 0])
@pytest.mark.parametrize("is_ciphered", [True, False])
def test_long_results_travel_in_blocks_that_the_client_can_take(pdu_size: int, is_ciphered: bool) -> None:
    bottle = associated((ciphered if is_ciphered else plain)(max_receive_pdu_size=pdu_size))
    bottle.to_client.clear()
    assert answer(bottle, GetRequestNormal(0xC1, PROFILE)) == GetResponseNormal(0xC1, LONG_VALUE)
    longest = max(map(len, bottle.to_client))
    assert pdu_size == 0 or longest <= pdu_size
    assert (len(bottle.to_client) == 1) == (pdu_size == 0 or pdu_size > 4140 or (not is_ciphered and pdu_size > 4104))
    with_list = GetRequestWithList(0xC2, ((VALUE, None), (PROFILE, None), (replace(VALUE, class_id=99), None)))
    expected = (b"\x06\x00\x00\x00\x2a", LONG_VALUE, DataAccessResult.OBJECT_UNDEFINED)
    assert answer(bottle, with_list) == GetResponseWithList(0xC2, expected)


def test_a_dedicated_key_is_new_for_each_association_and_its_counters_start_anew() -> None:
    client, server = ciphered_settings(Ciphering.DEDICATED, SecurityControl.AUTHENTICATED_ENCRYPTED)
    bottle = Bottle(client, server, serve)
    requests = []
    for _ in range(2):
        associated(bottle)
        bottle.to_server.clear()
        answer(bottle, GET_VALUE)
        requests.append(bottle.to_server[-1])
        bottle.tell(Release())
    assert requests[0][3:7] == requests[1][3:7]
    assert requests[0][7:] != requests[1][7:]


def test_invocation_counters_rise_from_one_association_to_the_next() -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    bottle = Bottle(client, server, serve)
    for _ in range(3):
        associated(bottle)
        answer(bottle, GET_VALUE)
        bottle.tell(Release())
    for end in (client, server):
        assert end.security is not None
        assert isinstance(end.security.counters, Counter)
        taken = end.security.counters.taken
        assert len(set(taken)) == len(taken) == 12  # initiate, f(challenge), its ACTION and the GET, three times


# Long requests, in blocks of their service or of general block transfer

BLOCKS = (
    Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
OWN_BLOCKS = CONFORMANCE_OF_THIS_ENGINE & ~Conformance.GENERAL_BLOCK_TRANSFER
GENERAL_BLOCKS = CONFORMANCE_OF_THIS_ENGINE & ~BLOCKS
LONG_REQUESTS = [
    SetRequestNormal(0xC2, PROFILE, None, LONG_VALUE),
    SetRequestNormal(0xC2, PROFILE, SelectiveAccess(1, b"\x00"), LONG_VALUE),
    SetRequestWithList(0xC2, ((PROFILE, None), (VALUE, None)), (LONG_VALUE, b"\x11\x05")),
    ActionRequestNormal(0xC2, DISCONNECT, LONG_VALUE),
    ActionRequestWithList(0xC2, (DISCONNECT, DISCONNECT), (LONG_VALUE, LONG_VALUE)),
]


def echoed(request: Request) -> Response:
    """What was sent comes back, as far as the service has room for it."""
    match request:
        case SetRequestNormal():
            return SetResponseNormal(request.invoke_id_and_priority, DataAccessResult.SUCCESS)
        case SetRequestWithList():
            return SetResponseWithList(request.invoke_id_and_priority, (DataAccessResult.SUCCESS,) * len(request.items))
        case ActionRequestNormal():
            return ActionResponseNormal(request.invoke_id_and_priority, ActionResult.SUCCESS, request.parameters)
        case ActionRequestWithList():
            answers = tuple(ActionAnswer(ActionResult.SUCCESS, octets) for octets in request.parameters)
            return ActionResponseWithList(request.invoke_id_and_priority, answers)
        case AccessRequest():
            answered = tuple((AccessKind.ACTION, ActionResult.SUCCESS) for _ in request.items)
            return AccessResponse(request.long_invoke_id_and_priority, b"", None, request.values, answered)
    return serve(request)


@pytest.mark.parametrize(
    "conformance", [OWN_BLOCKS, GENERAL_BLOCKS, CONFORMANCE_OF_THIS_ENGINE], ids=["own", "general", "both"]
)
@pytest.mark.parametrize("pdu_size", [100, 1_000])
@pytest.mark.parametrize("ciphering", [None, *Ciphering])
@pytest.mark.parametrize("request_", LONG_REQUESTS, ids=lambda request: type(request).__name__)
def test_long_requests_and_their_long_answers_come_whole(
    request_: Request, ciphering: Ciphering | None, pdu_size: int, conformance: Conformance
) -> None:
    bottle = short_of_room(ciphering, pdu_size, conformance)
    assert answer(bottle, request_) == echoed(request_)
    received = [event.request for event in bottle.server_events if isinstance(event, RequestReceived)]
    assert received == [request_]
    assert max(map(len, bottle.to_server + bottle.to_client)) <= pdu_size
    general = any(apdu[0] == 0xE0 for apdu in bottle.to_server)
    assert general == (conformance is GENERAL_BLOCKS)
    assert answer(bottle, GET_VALUE) == GetResponseNormal(0xC1, b"\x06\x00\x00\x00\x2a")
    assert bottle.to_server[-1][0] != 0xE0


def short_of_room(ciphering: Ciphering | None, pdu_size: int, conformance: Conformance) -> Bottle:
    if ciphering is None:
        client = server = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    else:
        client, server = ciphered_settings(ciphering, SecurityControl.AUTHENTICATED_ENCRYPTED)
    sizes = {"max_receive_pdu_size": pdu_size, "conformance": conformance}
    bottle = Bottle(replace(client, **sizes), replace(server, **sizes), echoed)  # type: ignore[arg-type]
    associated(bottle)
    bottle.to_client.clear()
    bottle.to_server.clear()
    return bottle


@pytest.mark.parametrize("ciphering", [None, *Ciphering])
@pytest.mark.parametrize("value", [b"\x11\x05", LONG_VALUE])
def test_access_comes_whole_and_is_never_in_the_clear(value: bytes, ciphering: Ciphering | None) -> None:
    bottle = short_of_room(ciphering, 500, CONFORMANCE_OF_THIS_ENGINE)
    request = AccessRequest(0xC000_0001, b"", (AccessItem(AccessKind.ACTION, DISCONNECT),), (value,))
    assert answer(bottle, request) == echoed(request)
    sent = b"".join(bottle.to_server + bottle.to_client)
    assert (value[-20:] in sent) == (ciphering is None)
    if value != LONG_VALUE and ciphering is not None:
        assert {apdu[0] for apdu in bottle.to_server + bottle.to_client} <= {0xDB, 0xDC}


def test_a_long_result_by_general_blocks_takes_a_round_trip_for_each_window() -> None:
    bottle = short_of_room(None, 100, GENERAL_BLOCKS)
    assert answer(bottle, GetRequestNormal(0xC1, PROFILE)) == GetResponseNormal(0xC1, LONG_VALUE)
    blocks = len(bottle.to_client)
    assert blocks > 40
    assert len(bottle.to_server) == 1 + -(-(blocks - 1) // CLIENT_WINDOW)


CLIENT_WINDOW = AssociationSettings().general_block_window


@pytest.mark.parametrize(("streams", "round_trips"), [(False, 51), (True, 1)])
def test_a_client_that_streams_has_a_long_result_in_one_round_trip(streams: bool, round_trips: int) -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    client = replace(client, max_receive_pdu_size=125, streams_results=streams, general_block_window=63)
    bottle = associated(Bottle(client, server, serve))
    bottle.to_server.clear()
    assert answer(bottle, GetRequestNormal(0xC1, PROFILE)) == GetResponseNormal(0xC1, LONG_VALUE)
    assert len(bottle.to_server) == round_trips
    assert answer(bottle, GET_VALUE) == GetResponseNormal(0xC1, b"\x06\x00\x00\x00\x2a")


def test_blocks_that_were_not_agreed_upon_are_refused() -> None:
    bottle = short_of_room(None, 100, OWN_BLOCKS)
    bottle.server.receive(GeneralBlockTransfer(0x80, 1, 0, GET_VALUE.encode()).encode(), 0)
    assert isinstance(bottle.server.events()[0], Violated)
    bottle.client.receive(GeneralBlockTransfer(0x80, 1, 0, b"\x00").encode(), 0)
    assert isinstance(bottle.client.events()[0], Aborted)


def test_a_bomb_of_general_blocks_is_refused_and_the_association_stands() -> None:
    bottle = short_of_room(None, 60_000, GENERAL_BLOCKS)
    for number in range(1, 20):
        bottle.server.receive(GeneralBlockTransfer(0x40, number, 0, bytes(59_000)).encode(), 0)
    assert any(isinstance(event, Violated) for event in bottle.server.events())
    bottle.server.outgoing()
    assert answer(bottle, GET_VALUE) == GetResponseNormal(0xC1, b"\x06\x00\x00\x00\x2a")


def test_a_peer_that_repeats_its_blocks_does_not_keep_a_client_waiting_for_ever() -> None:
    client = settings(CLIENT_TITLE, Mechanism.LOWEST, security=None, conformance=GENERAL_BLOCKS)
    bottle = associated(Bottle(client, settings(SERVER_TITLE, Mechanism.LOWEST, security=None), serve))
    bottle.client.send(GET_VALUE, 0)
    for now_ms in range(0, 30_000, 1_000):
        bottle.client.receive(GeneralBlockTransfer(0x01, 1, 0, b"\xc4").encode(), now_ms)
        bottle.client.tick(now_ms)
        if bottle.client.state is State.IDLE:
            break
    assert now_ms == 10_000
    assert isinstance(bottle.client.events()[-1], Aborted)


@pytest.mark.parametrize("number", [1, 3])
def test_a_set_that_is_said_done_before_its_last_block_is_a_lie(number: int) -> None:
    bottle = short_of_room(None, 100, OWN_BLOCKS)
    bottle.client.send(LONG_REQUESTS[0], 0)
    bottle.client.receive(SetResponseLastBlock(0xC2, DataAccessResult.SUCCESS, number).encode(), 0)
    assert isinstance(bottle.client.events()[-1], Aborted)


def test_a_set_may_be_refused_before_its_last_block() -> None:
    bottle = short_of_room(None, 100, OWN_BLOCKS)
    bottle.client.send(LONG_REQUESTS[0], 0)
    bottle.client.receive(SetResponseLastBlock(0xC2, DataAccessResult.LONG_SET_ABORTED, 1).encode(), 0)
    (event,) = bottle.client.events()
    assert event == ResponseReceived(SetResponseNormal(0xC2, DataAccessResult.LONG_SET_ABORTED))


PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [GET_VALUE.encode(), GetRequestNormal(0xC1, PROFILE).encode(), GET_VALUE.encode()[:7], b"\xe0" * 9]
    ),
)
HOSTILE = st.one_of(
    st.builds(
        lambda *fields: GeneralBlockTransfer(*fields).encode(),
        st.integers(0, 255),
        st.sampled_from([0, 1, 2, 3, 60, 65_535]),
        st.sampled_from([0, 1, 2, 50, 65_535]),
        PIECES,
    ),
    st.sampled_from([GET_VALUE.encode(), GetRequestNormal(0xC1, PROFILE).encode()]),
)


@given(st.lists(HOSTILE, max_size=25), st.booleans())
def test_no_blocks_make_an_end_fail_or_send_without_measure(many: list[bytes], asking: bool) -> None:
    bottle = short_of_room(None, 100, GENERAL_BLOCKS)
    for octets in many:
        if asking and bottle.client.state is State.ASSOCIATED:
            bottle.client.send(GET_VALUE, 0)
        for end in (bottle.server, bottle.client):
            end.receive(octets, 0)
            for event in end.events():
                if isinstance(event, RequestReceived):
                    end.send(echoed(event.request), 0)
            assert len(end.outgoing()) <= 2 * 64
            end.tick(5_000)
            end.outgoing()
    bottle.server.receive(GET_VALUE.encode(), 0)
    assert any(isinstance(event, RequestReceived) for event in bottle.server.events())


def numbered(request: Request, number: int) -> Request:
    """The request, unlike any other in all its blocks: from one exchange to the next, only their octets tell them apart."""
    value = LONG_VALUE[:4] + bytes((octet + number) & 0xFF for octet in LONG_VALUE[4:])
    octets = request.encode().replace(LONG_VALUE, value)
    again = decode_apdu(octets[:2] + bytes((0xC0 | number,)) + octets[3:])
    assert isinstance(again, Request)
    return again


@settings_of_hypothesis(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-2, len(LONG_REQUESTS) - 1), min_size=1, max_size=5),
    st.lists(st.sampled_from((0, 0, 1, 1, 1, 1, 1, 1, 2)), max_size=200),
    st.sampled_from((None, Ciphering.GLOBAL, Ciphering.GENERAL_GLOBAL)),
    st.integers(1, 63),
    st.booleans(),
)
def test_lost_and_doubled_blocks_cost_time_and_nothing_else(
    places: list[int], fates: list[int], ciphering: Ciphering | None, window: int, streams: bool
) -> None:
    """Over datagrams: every request is carried out once and answered whole, or in the end the client gives up; plain requests
    between those in blocks come through, since nothing but blocks can be asked for again."""
    client, server = settings(SERVER_TITLE, Mechanism.LOWEST, security=None), None
    if ciphering is not None:
        client, server = ciphered_settings(ciphering, SecurityControl.AUTHENTICATED_ENCRYPTED)
    changes = {"max_receive_pdu_size": 125, "conformance": GENERAL_BLOCKS, "general_block_window": window}
    ours = replace(client, streams_results=streams, **changes)  # type: ignore[arg-type]
    bottle = associated(Bottle(ours, replace(server or client, **changes), echoed))  # type: ignore[arg-type]
    now_ms, fate = 0, iter(fates)

    def copies(apdu: bytes) -> int:
        return next(fate, 1) if apdu[0] == 0xE0 else 1

    for number, place in enumerate(places):
        request = numbered([*LONG_REQUESTS, GetRequestNormal(0xC1, PROFILE), GET_VALUE][place], number)
        bottle.server_events.clear()
        bottle.client.send(request, now_ms)
        events: list[Event] = []
        while not events:
            upwards = bottle.client.outgoing()
            for apdu in upwards:
                for _ in range(copies(apdu)):
                    bottle.server.receive(apdu, now_ms)
            bottle._answer()
            downwards = bottle.server.outgoing()
            for apdu in downwards:
                for _ in range(copies(apdu)):
                    bottle.client.receive(apdu, now_ms)
            events = bottle.client.events()
            if not upwards and not downwards and not events:
                wake_ms = bottle.client.wake_at()
                assert wake_ms is not None
                now_ms = wake_ms
                bottle.client.tick(now_ms)
        event = events[0]
        if isinstance(event, Aborted):
            assert isinstance(event.error, LinkTimeoutError)
            # What goes to a plain request is first asked for again when some of it has come.
            assert fates.count(0) > (3 if streams else 0)
            return
        assert isinstance(event, ResponseReceived)
        assert event.response == echoed(request)
        received = [told.request for told in bottle.server_events if isinstance(told, RequestReceived)]
        assert received == [request]


@pytest.mark.parametrize("role", Role)
def test_a_turn_gives_what_is_to_be_sent_and_what_happened_once(role: Role) -> None:
    """The same as asked for one by one, and nothing the next time."""
    by_turns, one_by_one = (associated(ciphered()) for _ in range(2))
    for bottle, at_once in ((by_turns, True), (one_by_one, False)):
        bottle.client.send(GET_VALUE, 0)
        [request] = bottle.client.outgoing()
        bottle.server.receive(request, 0)
        end = bottle.server
        if role is Role.CLIENT:
            bottle.server.events()
            bottle.server.send(VALUE_READ, 0)
            [response] = bottle.server.outgoing()
            bottle.client.receive(response, 0)
            end = bottle.client
        else:
            bottle.server.send(VALUE_READ, 0)
        outgoing, events = end.turn() if at_once else (end.outgoing(), end.events())
        assert len(outgoing) == (role is Role.SERVER)
        assert events == [ResponseReceived(VALUE_READ) if role is Role.CLIENT else RequestReceived(GET_VALUE)]
        assert end.turn() == ([], [])
        assert (end.outgoing(), end.events()) == ([], [])
