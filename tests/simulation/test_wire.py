"""Counters are read out of the ciphered octets themselves; the same one twice under one key is an objection."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis
from ferraris.dlms import CONFORMANCE_OF_THIS_ENGINE, CipherKeys, encode_wpdu
from ferraris.dlms.apdu import (
    Aarq,
    ActionRequestNormal,
    ApplicationContext,
    GeneralGlobalCiphering,
    InitiateRequest,
    MethodDescriptor,
    ServiceCiphered,
    decode_apdu,
)
from ferraris.simulation.wire import GLO_ACTION_REQUEST, RECEIVERS_MAX, Secret, Wire

KEYS = CipherKeys(bytes(16), bytes(range(16)))
OTHER_KEYS = CipherKeys(bytes(range(16)), bytes(16))
COLLECTOR, METER, OTHER_METER, STRANGER = "10.0.0.1", "127.20.0.1", "127.20.0.2", "10.9.9.9"
TITLES = {COLLECTOR: b"FERHES01", METER: b"FER\0\0\0\0\1", OTHER_METER: b"FER\0\0\0\0\2"}
GLO_GET_REQUEST = 0xC8
GET = bytes.fromhex("c001c100080000010000ff0200")


class Watch:
    def __init__(self) -> None:
        self.objections: list[tuple[str, str]] = []
        secrets = {METER: Secret(1, KEYS), OTHER_METER: Secret(2, OTHER_KEYS)}
        self.wire = Wire(secrets, TITLES, lambda claim, detail: self.objections.append((claim, detail)), {STRANGER})

    def say(self, apdu: bytes, source: str = COLLECTOR, to: str = METER, port: int = 50_000) -> None:
        self.wire.sent(f"{source}:{port}", f"{to}:4059", encode_wpdu(1, 1, apdu))


def glo(counter: int, text: bytes = GET, tag: int = GLO_GET_REQUEST, source: str = COLLECTOR) -> bytes:
    return ServiceCiphered(tag, KEYS.protect(0x30, TITLES[source], counter, text)).encode()


def push(counter: int, source: str = METER) -> bytes:
    title = TITLES[source]
    return GeneralGlobalCiphering(title, KEYS.protect(0x30, title, counter, b"\x0f")).encode()


def hls_answer(counter: int) -> bytes:
    answer = KEYS.gmac(TITLES[COLLECTOR], counter, b"challenge")
    method = MethodDescriptor(15, Obis.parse("0.0.40.0.0.255"), 1)
    return ActionRequestNormal(0xC1, method, bytes((9, len(answer))) + answer).encode()


def aarq(counter: int) -> bytes:
    initiate = InitiateRequest(None, True, None, 6, CONFORMANCE_OF_THIS_ENGINE, 1024).encode()
    ciphered = ServiceCiphered(0x21, KEYS.protect(0x30, TITLES[COLLECTOR], counter, initiate)).encode()
    return Aarq(ApplicationContext.LOGICAL_NAME_CIPHERED, TITLES[COLLECTOR], user_information=ciphered).encode()


TWICE = "an invocation counter is used twice under one key"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (glo(5), glo(5, b"\xc1")),
        (aarq(5), glo(5)),
        (glo(5), glo(6, hls_answer(5), GLO_ACTION_REQUEST)),
        (glo(5, hls_answer(5), GLO_ACTION_REQUEST), glo(6)),
    ],
    ids=["another text", "in the initiate-request", "in the HLS answer", "in one APDU"],
)
def test_a_counter_used_twice_is_seen(first: bytes, second: bytes) -> None:
    watch = Watch()
    watch.say(first, port=50_000)
    watch.say(second, port=50_001)
    assert [claim for claim, _ in watch.objections] == [TWICE]
    assert "counter 5 of 464552484553" in watch.objections[0][1]


def test_a_push_and_an_answer_share_the_meters_counter() -> None:
    watch = Watch()
    watch.say(push(9), source="10.1.0.1", to=COLLECTOR)
    watch.say(glo(9, source=METER, tag=0xCC), source=METER, to=COLLECTOR)
    assert [claim for claim, _ in watch.objections] == [TWICE]


def test_the_same_octets_again_are_no_second_use() -> None:
    watch = Watch()
    watch.say(glo(5))
    watch.say(glo(5), port=50_001)
    assert watch.objections == []


def test_what_differs_in_key_sender_or_counter_is_no_reuse() -> None:
    watch = Watch()
    watch.say(glo(5))
    watch.say(glo(6))
    watch.say(glo(5), to=OTHER_METER)
    watch.say(glo(5, source=METER, tag=0xCC), source=METER, to=COLLECTOR)
    watch.say(push(6), source="10.1.0.1", to=COLLECTOR)
    assert watch.objections == []
    assert watch.wire.counters_seen == 5


def test_an_hls_answer_counts_besides_the_apdu_around_it() -> None:
    watch = Watch()
    watch.say(glo(7, hls_answer(6), GLO_ACTION_REQUEST))
    assert (watch.wire.counters_seen, watch.objections) == (2, [])


def test_a_stranger_may_repeat_what_it_heard() -> None:
    watch = Watch()
    watch.say(glo(5))
    watch.say(glo(5), source=STRANGER)
    assert watch.objections == []


def test_a_ciphered_text_under_another_key_is_not_looked_into() -> None:
    watch = Watch()
    octets = OTHER_KEYS.protect(0x30, TITLES[COLLECTOR], 5, hls_answer(4))
    watch.say(ServiceCiphered(GLO_ACTION_REQUEST, octets).encode())
    assert (watch.wire.counters_seen, watch.objections) == (1, [])


def test_pieces_of_a_stream_are_put_together() -> None:
    watch = Watch()
    octets = encode_wpdu(1, 1, glo(5)) + encode_wpdu(1, 1, glo(6))
    for octet in octets:
        watch.wire.sent(f"{COLLECTOR}:50000", f"{METER}:4059", bytes((octet,)))
    assert watch.wire.counters_seen == 2


@pytest.mark.parametrize("octets", [b"\0\2\0\1\0\1\0\1\0", encode_wpdu(1, 1, b"\xff\xff")], ids=["WPDU", "APDU"])
def test_a_program_that_sends_nonsense_is_an_objection(octets: bytes) -> None:
    watch = Watch()
    watch.wire.sent(f"{COLLECTOR}:50000", f"{METER}:4059", octets)
    assert [claim.split(" is ")[0] for claim, _ in watch.objections] == ["a program sends what"]


def test_directions_that_are_long_over_are_forgotten() -> None:
    watch = Watch()
    for port in range(RECEIVERS_MAX + 10):
        watch.wire.sent(f"{COLLECTOR}:{port}", f"{METER}:4059", b"\0")
    assert len(watch.wire._receivers) == RECEIVERS_MAX


def test_the_plain_text_of_these_tests_is_what_it_says() -> None:
    assert isinstance(decode_apdu(hls_answer(1)), ActionRequestNormal)
    assert isinstance(decode_apdu(aarq(1)), Aarq)
