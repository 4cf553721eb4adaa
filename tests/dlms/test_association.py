"""The association engine: client and server in a bottle, what holds for every way to associate."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from ferraris.dlms import (
    Ciphering,
    Release,
    Released,
    SecurityControl,
    State,
)
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    DataAccessResult,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    Mechanism,
    SetRequestNormal,
    SetResponseNormal,
)
from tests.dlms.bottle import (
    DISCONNECT,
    GET_VALUE,
    LONG_VALUE,
    PROFILE,
    VALUE,
    Bottle,
    Counter,
    answer,
    associated,
    ciphered,
    ciphered_settings,
    plain,
    serve,
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
