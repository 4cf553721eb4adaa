"""Two engines associate with each mechanism, in each suite and in both contexts; whoever has other secrets does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.cosem import SecuritySuite
from ferraris.dlms import Associate, Associated, AssociationSettings, Ciphering, ResponseReceived, State, Violated
from ferraris.dlms.apdu import Mechanism
from ferraris.dlms.hls import HLS_MECHANISMS, SECRET_MECHANISMS, hls_of
from ferraris.dlms.hls.mechanisms import SECURITY_MECHANISMS
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError
from tests.dlms.bottle import CLIENT_TITLE, GET_VALUE, SERVER_TITLE, VALUE_READ, Bottle, answer, associated, serve
from tests.dlms.hls.ends import SECRET, end_settings

each_mechanism = pytest.mark.parametrize("mechanism", sorted(HLS_MECHANISMS), ids=lambda mechanism: mechanism.name)
SUITES = {
    mechanism: [suite for suite in SecuritySuite if suite or mechanism is not Mechanism.HLS_ECDSA]
    for mechanism in HLS_MECHANISMS
}
CASES = [(mechanism, suite) for mechanism in sorted(HLS_MECHANISMS) for suite in SUITES[mechanism]]


def bottle(mechanism: Mechanism, suite: SecuritySuite, **changes: object) -> Bottle:
    ends = [end_settings(title, mechanism, suite, **changes) for title in (CLIENT_TITLE, SERVER_TITLE)]
    return Bottle(ends[0], ends[1], serve)


@pytest.mark.parametrize(("mechanism", "suite"), CASES)
@pytest.mark.parametrize("plain_context", [False, True])
def test_two_ends_associate_and_talk(mechanism: Mechanism, suite: SecuritySuite, plain_context: bool) -> None:
    both = associated(bottle(mechanism, suite, plain_context=plain_context))
    assert answer(both, GET_VALUE) == VALUE_READ
    assert (both.to_server[-1][0] == GET_VALUE.encode()[0]) == plain_context


@pytest.mark.parametrize(("mechanism", "suite"), CASES)
@pytest.mark.parametrize("ciphering", Ciphering)
def test_every_form_of_ciphering_goes_with_every_suite(
    mechanism: Mechanism, suite: SecuritySuite, ciphering: Ciphering
) -> None:
    client = end_settings(CLIENT_TITLE, mechanism, suite)
    assert client.security is not None
    client = replace(client, security=replace(client.security, ciphering=ciphering))
    both = associated(Bottle(client, end_settings(SERVER_TITLE, mechanism, suite), serve))
    assert answer(both, GET_VALUE) == VALUE_READ


@pytest.mark.parametrize("mechanism", [*SECRET_MECHANISMS, Mechanism.HLS_SHA256])
def test_a_wrong_secret_proves_nothing(mechanism: Mechanism) -> None:
    client = end_settings(CLIENT_TITLE, mechanism, secret=b"guessed", plain_context=True)
    both = Bottle(client, end_settings(SERVER_TITLE, mechanism, plain_context=True), serve)
    events = both.tell(Associate())
    assert not any(isinstance(event, Associated) for event in events)
    assert any(isinstance(e, Violated) and isinstance(e.error, AuthenticationError) for e in both.server_events)
    assert both.server.state is State.IDLE


@each_mechanism
def test_the_mechanism_is_not_the_clients_to_choose(mechanism: Mechanism) -> None:
    """A server that asks for one mechanism takes no weaker one, and none at all even less."""
    for offered in Mechanism:
        if offered is mechanism:
            continue
        both = Bottle(end_settings(CLIENT_TITLE, offered), end_settings(SERVER_TITLE, mechanism), serve)
        assert not any(isinstance(event, Associated) for event in both.tell(Associate()))
        assert both.server.state is State.IDLE


@each_mechanism
def test_a_request_before_the_proof_is_not_served(mechanism: Mechanism) -> None:
    both = bottle(mechanism, SecuritySuite.SUITE_1, plain_context=True)
    both.client.send(Associate(), 0)
    both.server.receive(both.client.outgoing()[0], 0)
    both.server.events()
    both.server.receive(GET_VALUE.encode(), 0)
    assert all(isinstance(event, Violated) for event in both.server.events())


@each_mechanism
def test_no_answer_comes_before_the_clients_proof(mechanism: Mechanism) -> None:
    """A server never answers a challenge of somebody who has not proved himself: it is no oracle."""
    both = bottle(mechanism, SecuritySuite.SUITE_1, plain_context=True)
    both.client.send(Associate(), 0)
    (aarq,) = both.client.outgoing()
    both.server.receive(aarq, 0)
    (aare,) = both.server.outgoing()
    both.client.receive(aare, 0)
    (proof,) = both.client.outgoing()
    both.server.receive(proof[:-1] + bytes((proof[-1] ^ 1,)), 0)
    (refusal,) = both.server.outgoing()
    assert len(refusal) < 8


def test_the_settings_choose_the_mechanism() -> None:
    assert hls_of(AssociationSettings(), SeededEntropy(1)) is None
    assert hls_of(AssociationSettings(Mechanism.LLS, SECRET), SeededEntropy(1)) is None
    kinds = {type(hls_of(end_settings(CLIENT_TITLE, each), SeededEntropy(1))) for each in HLS_MECHANISMS}
    assert len(kinds) == len(HLS_MECHANISMS)


def test_a_read_in_suite_2_says_so_in_every_apdu() -> None:
    both = associated(bottle(Mechanism.HLS_ECDSA, SecuritySuite.SUITE_2))
    (event,) = both.tell(GET_VALUE)
    assert isinstance(event, ResponseReceived)
    assert both.to_server[-1][2] == both.to_client[-1][2] == 0x32


def test_every_mechanism_is_known_by_what_it_needs() -> None:
    assert {*SECRET_MECHANISMS, *SECURITY_MECHANISMS, Mechanism.HLS_SHA256} == HLS_MECHANISMS
    assert not SECRET_MECHANISMS.keys() & SECURITY_MECHANISMS.keys()
    for mechanism, kind in SECURITY_MECHANISMS.items():
        run = hls_of(end_settings(CLIENT_TITLE, mechanism, SecuritySuite.SUITE_1), SeededEntropy(1))
        assert type(run) is kind
