"""What holds for every HLS mechanism: four passes, and every form that must not pass for one of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Tag, decode_whole
from ferraris.dlms.apdu import Mechanism
from ferraris.dlms.hls import CURRENT_ASSOCIATION, HLS_MECHANISMS, REPLY_TO_HLS_AUTHENTICATION
from ferraris.kernel.errors import AuthenticationError
from ferraris.kernel.limits import CHALLENGE_OCTETS_MAX, CHALLENGE_OCTETS_MIN
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE
from tests.dlms.hls.ends import run_of, runs

each_mechanism = pytest.mark.parametrize("mechanism", sorted(HLS_MECHANISMS), ids=lambda mechanism: mechanism.name)


@each_mechanism
@given(st.integers(CHALLENGE_OCTETS_MIN, CHALLENGE_OCTETS_MAX))
def test_both_ends_prove_themselves(mechanism: Mechanism, challenge_octets: int) -> None:
    client, server = runs(mechanism, challenge_octets=challenge_octets)
    server.check(client.answer())
    client.check(server.answer())


@each_mechanism
def test_an_answer_is_an_octet_string(mechanism: Mechanism) -> None:
    client, _ = runs(mechanism)
    answer = decode_whole(client.answer())
    assert answer.tag == Tag.OCTET_STRING


@each_mechanism
def test_challenges_differ_from_run_to_run(mechanism: Mechanism) -> None:
    assert len({run_of(CLIENT_TITLE, mechanism, seed).challenge for seed in range(50)}) == 50


@each_mechanism
@pytest.mark.parametrize("challenge", [None, b"", bytes(CHALLENGE_OCTETS_MIN - 1), bytes(CHALLENGE_OCTETS_MAX + 1)])
def test_a_challenge_of_a_wrong_size_is_refused(mechanism: Mechanism, challenge: bytes | None) -> None:
    run = run_of(CLIENT_TITLE, mechanism, 1)
    with pytest.raises(AuthenticationError, match="wrong size") as caught:
        run.take_challenge(challenge, SERVER_TITLE)
    assert caught.value.got == (None if challenge is None else len(challenge))
    assert run.peer_challenge == b""


@each_mechanism
def test_the_smallest_and_the_largest_challenge_are_taken(mechanism: Mechanism) -> None:
    run = run_of(CLIENT_TITLE, mechanism, 1)
    for octets in (CHALLENGE_OCTETS_MIN, CHALLENGE_OCTETS_MAX):
        run.take_challenge(bytes(octets), SERVER_TITLE)
        assert run.peer_challenge == bytes(octets)


@each_mechanism
def test_our_own_challenge_sent_back_is_refused(mechanism: Mechanism) -> None:
    run = run_of(CLIENT_TITLE, mechanism, 1)
    with pytest.raises(AuthenticationError, match="reflects"):
        run.take_challenge(run.challenge, SERVER_TITLE)


@each_mechanism
def test_our_own_answer_sent_back_proves_nothing(mechanism: Mechanism) -> None:
    for run in runs(mechanism):
        with pytest.raises(AuthenticationError):
            run.check(run.answer())


@each_mechanism
def test_an_answer_to_another_challenge_proves_nothing(mechanism: Mechanism) -> None:
    client, server = runs(mechanism)
    server.take_challenge(b"another challenge, quite as long as it must be", CLIENT_TITLE)
    with pytest.raises(AuthenticationError):
        client.check(server.answer())


@each_mechanism
@given(st.binary(max_size=40))
def test_any_octets_verify_never(mechanism: Mechanism, octets: bytes) -> None:
    client, _ = runs(mechanism)
    with pytest.raises(AuthenticationError):
        client.check(octets)


@each_mechanism
@given(st.data())
def test_a_changed_answer_never_verifies(mechanism: Mechanism, data: st.DataObject) -> None:
    client, server = runs(mechanism)
    octets = bytearray(server.answer())
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 1 << bit % 8
    with pytest.raises(AuthenticationError):
        client.check(bytes(octets))


@each_mechanism
def test_a_truncated_answer_never_verifies(mechanism: Mechanism) -> None:
    client, server = runs(mechanism)
    answer = server.answer()
    for cut in range(len(answer)):
        with pytest.raises(AuthenticationError):
            client.check(answer[:cut])


@pytest.mark.parametrize("mechanism", [Mechanism.HLS_GMAC, Mechanism.HLS_SHA256, Mechanism.HLS_ECDSA])
def test_an_answer_is_its_senders_alone(mechanism: Mechanism) -> None:
    """Where f covers system titles, what one end says cannot be given out as another's."""
    client, server = runs(mechanism)
    answer = server.answer()
    client.peer_system_title = b"FER00002"
    with pytest.raises(AuthenticationError):
        client.check(answer)


def test_the_method_is_the_one_of_the_current_association() -> None:
    assert str(CURRENT_ASSOCIATION) == "0.0.40.0.0.255"
    descriptor = REPLY_TO_HLS_AUTHENTICATION
    assert (descriptor.class_id, descriptor.logical_name, descriptor.method_id) == (15, CURRENT_ASSOCIATION, 1)
