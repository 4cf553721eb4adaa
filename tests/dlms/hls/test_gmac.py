"""HLS-GMAC: what its answer is made of, and that each one takes a counter."""

from __future__ import annotations

import pytest

from ferraris.codec import decode_whole
from ferraris.cosem import SecuritySuite
from ferraris.dlms import CipherKeys
from ferraris.dlms.hls import HlsGmac
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError
from tests.dlms.bottle import CLIENT_TITLE, KEYS, SERVER_TITLE, Counter, security
from tests.dlms.hls.ends import suite_keys


def gmac(title: bytes, keys: CipherKeys = KEYS, seed: int = 1, counters: Counter | None = None) -> HlsGmac:
    return HlsGmac(security(title, keys=keys, counters=counters or Counter()), SeededEntropy(seed), 16)


def test_an_answer_is_control_counter_and_tag() -> None:
    run = gmac(CLIENT_TITLE)
    run.take_challenge(bytes(16), SERVER_TITLE)
    assert decode_whole(run.answer()).value == KEYS.gmac(CLIENT_TITLE, 1, bytes(16))


def test_each_answer_takes_a_counter_of_its_own() -> None:
    counters = Counter(next=40)
    run = gmac(CLIENT_TITLE, counters=counters)
    run.take_challenge(bytes(16), SERVER_TITLE)
    assert run.answer() != run.answer()
    assert counters.taken == [40, 41]


@pytest.mark.parametrize("suite", SecuritySuite)
def test_the_answer_names_its_suite_and_holds_for_it_alone(suite: SecuritySuite) -> None:
    client, server = gmac(CLIENT_TITLE, suite_keys(suite)), gmac(SERVER_TITLE, suite_keys(suite), 2)
    client.take_challenge(server.challenge, SERVER_TITLE)
    server.take_challenge(client.challenge, CLIENT_TITLE)
    answer = client.answer()
    assert answer[2] == 0x10 | suite
    server.check(answer)
    with pytest.raises(AuthenticationError):
        server.check(answer[:2] + bytes((0x10 | (suite + 1) % 3,)) + answer[3:])


def test_another_key_and_another_title_do_not_verify() -> None:
    client, impostor = gmac(CLIENT_TITLE), gmac(SERVER_TITLE, CipherKeys(bytes(16), bytes(16)), 2)
    client.take_challenge(impostor.challenge, SERVER_TITLE)
    impostor.take_challenge(client.challenge, CLIENT_TITLE)
    with pytest.raises(AuthenticationError):
        client.check(impostor.answer())


@pytest.mark.parametrize("title", [b"", b"FER0000", b"FER000011"])
def test_a_peer_without_a_system_title_proves_nothing(title: bytes) -> None:
    client, server = gmac(CLIENT_TITLE), gmac(SERVER_TITLE, seed=2)
    client.take_challenge(server.challenge, title)
    server.take_challenge(client.challenge, CLIENT_TITLE)
    with pytest.raises(AuthenticationError):
        client.check(server.answer())
