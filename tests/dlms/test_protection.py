"""The protection stage: every service in every form and back, and nothing that is below the policy, replayed or misnamed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ferraris.codec import write_length
from ferraris.dlms import Ciphering, CipherKeys, SecurityControl
from ferraris.dlms.apdu import DEDICATED_CIPHERED_TAGS, GLOBAL_CIPHERED_TAGS
from ferraris.dlms.protection import (
    CIPHERED_TAGS,
    PROTECTION_OCTETS_MAX,
    Protection,
    VolatileCounter,
    VolatileGuard,
)
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    FerrarisError,
    InvocationCounterError,
    LocalProtocolError,
    RemoteProtocolError,
    SecurityError,
)
from ferraris.kernel.limits import INVOCATION_COUNTER_MAX
from tests.codec.changed import changed
from tests.dlms.bottle import CLIENT_TITLE, GET_VALUE, KEYS, SERVER_TITLE, Counter, Guard, security

DEDICATED_KEY = bytes(range(100, 116))
BOTH = SecurityControl.AUTHENTICATED_ENCRYPTED
POLICIES = [BOTH, SecurityControl.AUTHENTICATED, SecurityControl.ENCRYPTED]
SERVICES = sorted(set(GLOBAL_CIPHERED_TAGS.values()) & set(DEDICATED_CIPHERED_TAGS.values()))


def ends(
    policy: SecurityControl = BOTH, server_policy: SecurityControl | None = None, *, dedicated: bool = True
) -> tuple[Protection, Protection]:
    """What protects at the client's end and at the server's, each knowing the other by name."""
    client = Protection(security(CLIENT_TITLE, policy=policy))
    server = Protection(security(SERVER_TITLE, policy=policy if server_policy is None else server_policy))
    client.expect_from(SERVER_TITLE)
    server.expect_from(CLIENT_TITLE)
    if dedicated:
        client.dedicate(DEDICATED_KEY)
        server.dedicate(DEDICATED_KEY)
    return client, server


CLOSED = Protection(security(CLIENT_TITLE)).close(GET_VALUE.encode(), Ciphering.GLOBAL)
"""A GET as nearly all are protected: under the global keys, authenticated and encrypted."""


# Every form and back


@pytest.mark.parametrize(("ciphering", "policy"), list(itertools.product(Ciphering, POLICIES)))
@pytest.mark.parametrize("service", SERVICES)
def test_every_service_in_every_form_comes_back(service: int, ciphering: Ciphering, policy: SecurityControl) -> None:
    client, server = ends(policy)
    apdu = bytes((service, 1, 0xC1)) + bytes(40)
    octets = client.close(apdu, ciphering)
    assert octets[0] in CIPHERED_TAGS
    assert server.open(octets) == (apdu, ciphering)
    assert (apdu in octets) == (policy is SecurityControl.AUTHENTICATED)
    assert len(octets) <= len(apdu) + PROTECTION_OCTETS_MAX


@pytest.mark.parametrize(("ciphering", "policy"), list(itertools.product(Ciphering, POLICIES)))
def test_who_does_not_ask_how_it_was_protected_gets_the_same(ciphering: Ciphering, policy: SecurityControl) -> None:
    client, server = ends(policy)
    apdu = GET_VALUE.encode()
    octets = client.close(apdu, ciphering)
    assert server.open_apdu(octets) == apdu
    with pytest.raises(InvocationCounterError):
        server.open_apdu(octets)
    damaged = bytearray(client.close(apdu, ciphering))
    damaged[-1] ^= 1
    if policy is not SecurityControl.ENCRYPTED:
        with pytest.raises(AuthenticationError):
            server.open_apdu(bytes(damaged))


@given(st.binary(max_size=70_000), st.sampled_from(list(Ciphering)))
def test_what_protection_adds_is_bounded(content: bytes, ciphering: Ciphering) -> None:
    client, server = ends()
    apdu = b"\xc0" + content
    octets = client.close(apdu, ciphering)
    assert len(octets) - len(apdu) <= PROTECTION_OCTETS_MAX
    assert server.open(octets).apdu == apdu


@pytest.mark.parametrize("service", SERVICES)
def test_the_tag_of_a_form_belongs_to_its_service(service: int) -> None:
    client, _ = ends()
    apdu = bytes((service, 1, 0xC1))
    assert GLOBAL_CIPHERED_TAGS[client.close(apdu, Ciphering.GLOBAL)[0]] == service
    assert DEDICATED_CIPHERED_TAGS[client.close(apdu, Ciphering.DEDICATED)[0]] == service


def test_general_forms_name_their_sender() -> None:
    client, _ = ends()
    for ciphering, tag in ((Ciphering.GENERAL_GLOBAL, 0xDB), (Ciphering.GENERAL_DEDICATED, 0xDC)):
        octets = client.close(GET_VALUE.encode(), ciphering)
        assert octets[:10] == bytes((tag, 8)) + CLIENT_TITLE


def test_an_initiate_request_is_protected_by_the_policy_unless_it_carries_a_key() -> None:
    for policy in POLICIES:
        client, server = ends(policy)
        assert client.close_initiate(b"\x01initiate", None)[2] == policy
        octets = client.close_initiate(b"\x01initiate", DEDICATED_KEY)
        assert octets[2] == BOTH
        assert server.open(octets).apdu == b"\x01initiate"


# Counters


def test_global_and_dedicated_counters_are_apart() -> None:
    counters = Counter(next=500)
    client = Protection(security(CLIENT_TITLE, counters=counters))
    client.dedicate(DEDICATED_KEY)
    apdu = GET_VALUE.encode()
    sent = [client.close(apdu, ciphering) for ciphering in (Ciphering.GLOBAL, Ciphering.DEDICATED) * 2]
    assert [int.from_bytes(octets[3:7], "big") for octets in sent] == [500, 1, 501, 2]
    assert counters.taken == [500, 501]
    general = client.close(apdu, Ciphering.GENERAL_DEDICATED)
    assert int.from_bytes(general[12:16], "big") == 3


@pytest.mark.parametrize("ciphering", Ciphering)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_replay_is_refused_in_every_form(ciphering: Ciphering, policy: SecurityControl) -> None:
    client, server = ends(policy)
    first, second = (client.close(GET_VALUE.encode(), ciphering) for _ in range(2))
    server.open(first)
    server.open(second)
    for replayed in (first, second):
        with pytest.raises(InvocationCounterError):
            server.open(replayed)


def test_apdus_may_be_lost_but_never_come_late() -> None:
    client, server = ends()
    sent = [client.close(GET_VALUE.encode(), Ciphering.GLOBAL) for _ in range(4)]
    server.open(sent[0])
    server.open(sent[3])
    for late in sent[1:3]:
        with pytest.raises(InvocationCounterError):
            server.open(late)


def test_a_counter_that_does_not_verify_is_not_accepted() -> None:
    guard = Guard()
    client, _ = ends()
    server = Protection(security(SERVER_TITLE, guard=guard))
    server.expect_from(CLIENT_TITLE)
    octets = bytearray(client.close(GET_VALUE.encode(), Ciphering.GLOBAL))
    octets[3:7] = b"\xff\xff\xff\xff"
    with pytest.raises(AuthenticationError):
        server.open(bytes(octets))
    assert guard.last == {}


def test_a_counter_that_nothing_authenticates_is_not_kept_beyond_the_association() -> None:
    guard = Guard()
    client, _ = ends(SecurityControl.ENCRYPTED)
    server = Protection(security(SERVER_TITLE, guard=guard, policy=SecurityControl.ENCRYPTED))
    server.expect_from(CLIENT_TITLE)
    octets = client.close(GET_VALUE.encode(), Ciphering.GLOBAL)
    server.open(octets)
    assert guard.last == {}
    with pytest.raises(InvocationCounterError):
        server.open(octets)


def test_a_volatile_counter_ends_before_it_repeats() -> None:
    counter = VolatileCounter()
    assert [counter.take() for _ in range(3)] == [1, 2, 3]
    counter._next = INVOCATION_COUNTER_MAX
    assert counter.take() == INVOCATION_COUNTER_MAX
    with pytest.raises(SecurityError, match="used up"):
        counter.take()


@given(st.lists(st.integers(0, INVOCATION_COUNTER_MAX), max_size=30))
def test_a_volatile_guard_takes_rising_counters_only(received: list[int]) -> None:
    guard, last = VolatileGuard(), -1
    for counter in received:
        if counter > last:
            guard.accept(CLIENT_TITLE, counter)
            last = counter
        else:
            with pytest.raises(InvocationCounterError) as caught:
                guard.accept(CLIENT_TITLE, counter)
            assert (caught.value.expected, caught.value.got) == (last + 1, counter)


# Below the policy

OPENS = [
    # sent with                        policy of the receiver            taken
    (SecurityControl.NONE,             SecurityControl.NONE,             True),
    (SecurityControl.AUTHENTICATED,    SecurityControl.NONE,             True),
    (SecurityControl.ENCRYPTED,        SecurityControl.NONE,             True),
    (BOTH,                             SecurityControl.NONE,             True),
    (SecurityControl.NONE,             SecurityControl.AUTHENTICATED,    False),
    (SecurityControl.AUTHENTICATED,    SecurityControl.AUTHENTICATED,    True),
    (SecurityControl.ENCRYPTED,        SecurityControl.AUTHENTICATED,    False),
    (BOTH,                             SecurityControl.AUTHENTICATED,    True),
    (SecurityControl.NONE,             SecurityControl.ENCRYPTED,        False),
    (SecurityControl.AUTHENTICATED,    SecurityControl.ENCRYPTED,        False),
    (SecurityControl.ENCRYPTED,        SecurityControl.ENCRYPTED,        True),
    (BOTH,                             SecurityControl.ENCRYPTED,        True),
    (SecurityControl.NONE,             BOTH,                             False),
    (SecurityControl.AUTHENTICATED,    BOTH,                             False),
    (SecurityControl.ENCRYPTED,        BOTH,                             False),
    (BOTH,                             BOTH,                             True),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "policy", "taken"), OPENS)
@pytest.mark.parametrize("ciphering", Ciphering)
def test_a_protection_is_at_least_the_policys(
    sent: SecurityControl, policy: SecurityControl, taken: bool, ciphering: Ciphering
) -> None:
    client, server = ends(sent, policy)
    octets = client.close(GET_VALUE.encode(), ciphering)
    if taken:
        assert server.open(octets).apdu == GET_VALUE.encode()
        return
    with pytest.raises(AuthenticationError, match="policy") as caught:
        server.open(octets)
    assert caught.value.expected == f"{int(policy):#04x}"


def glo_get(control: int, counter: int = 1, apdu: bytes = GET_VALUE.encode(), tag: int = 0xC8) -> bytes:
    content = KEYS.protect(control, CLIENT_TITLE, counter, apdu)
    out = bytearray((tag,))
    write_length(len(content), out)
    return bytes(out + content)


@pytest.mark.parametrize("control", [0x31, 0x32, 0x3F, 0x70, 0x71])
def test_another_suite_or_the_broadcast_key_is_refused(control: int) -> None:
    _, server = ends()
    with pytest.raises(AuthenticationError, match=r"suite|broadcast"):
        server.open(glo_get(control))


@pytest.mark.parametrize("control", [0x80, 0xB0, 0xF0])
def test_compression_is_refused(control: int) -> None:
    _, server = ends()
    with pytest.raises(SecurityError, match="compression"):
        server.open(b"\xc8\x12" + bytes((control,)) + bytes(17))


# Misnamed


@pytest.mark.parametrize(("tag", "service"), GLOBAL_CIPHERED_TAGS.items())
def test_a_service_under_another_ones_tag_is_refused(tag: int, service: int) -> None:
    _, server = ends()
    octets = glo_get(0x30, tag=tag)
    if service == GET_VALUE.encode()[0]:
        assert server.open(octets).apdu == GET_VALUE.encode()
        return
    with pytest.raises(RemoteProtocolError, match="another one's tag"):
        server.open(octets)


@pytest.mark.parametrize("apdu", [b"", b"\xc8"])
def test_nothing_under_a_services_tag_is_refused(apdu: bytes) -> None:
    _, server = ends()
    with pytest.raises(RemoteProtocolError, match="another one's tag"):
        server.open(glo_get(0x30, apdu=apdu))


@pytest.mark.parametrize("title", [b"", b"FERHES0", b"FERHES02", b"FERHES011", SERVER_TITLE])
def test_a_general_form_of_another_sender_is_refused(title: bytes) -> None:
    client, server = ends()
    octets = client.close(GET_VALUE.encode(), Ciphering.GENERAL_GLOBAL)
    with pytest.raises(AuthenticationError, match="another system title") as caught:
        server.open(octets[:1] + bytes((len(title),)) + title + octets[10:])
    assert caught.value.expected == CLIENT_TITLE.hex()


@pytest.mark.parametrize("ciphering", Ciphering)
def test_an_apdu_does_not_open_at_its_own_sender(ciphering: Ciphering) -> None:
    client, _ = ends()
    with pytest.raises(SecurityError):
        client.open(client.close(GET_VALUE.encode(), ciphering))


def test_nobody_is_believed_before_a_name_is_known() -> None:
    server = Protection(security(SERVER_TITLE))
    for octets in (glo_get(0x30), b"\xdb\x00" + glo_get(0x30)[1:], b"\xdb\x08" + CLIENT_TITLE + glo_get(0x30)[1:]):
        with pytest.raises(AuthenticationError):
            server.open(octets)


@pytest.mark.parametrize(
    ("named", "expected", "summary"),
    [
        (b"", None, "wrong size"),
        (b"FERHES0", None, "wrong size"),
        (b"FERHES011", None, "wrong size"),
        (b"FERHES01", b"FERHES02", "not the expected one"),
        (SERVER_TITLE, None, "our own"),
    ],
)
def test_a_name_that_cannot_be_the_peers_is_refused(named: bytes, expected: bytes | None, summary: str) -> None:
    protection = Protection(security(SERVER_TITLE, peer_system_title=expected))
    with pytest.raises(AuthenticationError, match=summary):
        protection.expect_from(named)
    assert protection.peer_system_title == (expected or b"")


# The dedicated key


@pytest.mark.parametrize("ciphering", [Ciphering.DEDICATED, Ciphering.GENERAL_DEDICATED])
def test_without_a_dedicated_key_its_forms_are_refused(ciphering: Ciphering) -> None:
    client, _ = ends()
    octets = client.close(GET_VALUE.encode(), ciphering)
    lacking, server = ends(dedicated=False)
    with pytest.raises(SecurityError, match="no dedicated key"):
        server.open(octets)
    with pytest.raises(SecurityError, match="no dedicated key"):
        lacking.close(GET_VALUE.encode(), ciphering)


@pytest.mark.parametrize("key", [b"", bytes(15), bytes(17), bytes(32)])
def test_a_dedicated_key_of_another_size_is_refused(key: bytes) -> None:
    client, _ = ends(dedicated=False)
    with pytest.raises(LocalProtocolError):
        client.dedicate(key)


def test_a_dedicated_key_opens_nothing_of_the_global_one() -> None:
    client, server = ends()
    octets = client.close(GET_VALUE.encode(), Ciphering.GLOBAL)
    with pytest.raises(AuthenticationError):
        server.open(bytes((0xD0,)) + octets[1:])
    octets = client.close(GET_VALUE.encode(), Ciphering.DEDICATED)
    with pytest.raises(AuthenticationError):
        server.open(bytes((0xC8,)) + octets[1:])


def test_the_authentication_key_stays_the_global_one() -> None:
    client, _ = ends()
    octets = client.close(GET_VALUE.encode(), Ciphering.DEDICATED)
    keys = CipherKeys(DEDICATED_KEY, KEYS.authentication_key)
    assert keys.unprotect(CLIENT_TITLE, octets[2:]).apdu == GET_VALUE.encode()


# Any octets


@pytest.mark.parametrize(
    "octets", [b"\xc8", b"\xc8\x00", b"\xc8\x05\x30\x00\x00", b"\xc8\x02\x30\x00\x00", b"\xc8\x84\xff"]
)
def test_lengths_that_lie_are_refused(octets: bytes) -> None:
    _, server = ends()
    with pytest.raises(DecodeError):
        server.open(octets)


@given(st.sampled_from(sorted(CIPHERED_TAGS)), st.binary(max_size=80))
def test_any_octets_behind_a_ciphered_tag_only_raise_our_errors(tag: int, octets: bytes) -> None:
    for protection in (ends()[1], Protection(security(SERVER_TITLE))):
        with pytest.raises(FerrarisError):
            protection.open(bytes((tag,)) + octets)


@given(st.sampled_from(list(Ciphering)), st.data())
def test_any_change_of_an_apdu_is_noticed(ciphering: Ciphering, data: st.DataObject) -> None:
    client, server = ends()
    octets = bytearray(client.close(GET_VALUE.encode(), ciphering))
    bit = data.draw(st.integers(8, 8 * len(octets) - 1))  # behind the tag, which names another form when it changes
    octets[bit // 8] ^= 1 << bit % 8
    with pytest.raises((SecurityError, RemoteProtocolError)):
        server.open(bytes(octets))


@given(changed(CLOSED[2:]), st.sampled_from([CLOSED[:1], b"\xcb", b"\xcc"]), st.booleans())
@example(b"", CLOSED[:1], False)
@example(b"\x30", CLOSED[:1], False)
@example(CLOSED[2:18], CLOSED[:1], False)
@example(CLOSED[2:], b"\xcc", False)
@example(CLOSED[2:], CLOSED[:1], True)
def test_the_usual_protection_is_opened_as_any_other(content: bytes, tag: bytes, repeated: bool) -> None:
    """Under a policy that asks for both protections there is a short way; under one that asks for less, the long one."""
    octets = bytearray(tag)
    write_length(len(content), octets)
    ways = [Protection(security(SERVER_TITLE, policy=policy)) for policy in (BOTH, SecurityControl.AUTHENTICATED)]
    outcomes = []
    for way in ways:
        way.expect_from(CLIENT_TITLE)
        try:
            if repeated:
                way.open(CLOSED)
            outcomes.append(way.open(bytes(octets + content)).apdu)
        except FerrarisError as error:
            expected = error.expected if "policy" not in error.summary else None
            outcomes.append((type(error), error.summary, expected, error.got, error.offset))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("policy", POLICIES)
def test_where_no_name_is_known_nothing_opens_the_short_way(policy: SecurityControl) -> None:
    server = Protection(security(SERVER_TITLE, policy=policy))
    with pytest.raises(AuthenticationError, match="system title has a wrong size"):
        server.open(CLOSED)


@given(st.sampled_from(list(Ciphering)), st.data())
def test_any_truncation_of_an_apdu_is_noticed(ciphering: Ciphering, data: st.DataObject) -> None:
    client, server = ends()
    octets = client.close(GET_VALUE.encode(), ciphering)
    with pytest.raises((SecurityError, RemoteProtocolError)):
        server.open(octets[: data.draw(st.integers(1, len(octets) - 1))])


@pytest.mark.parametrize("octets", [*range(1, 24), 109, 110, 111, 112, 238, 239, 240, 65_500])
def test_the_short_way_of_an_initiate_apdu_is_the_long_one(octets: int) -> None:
    """Whatever form its length has: opened as an initiate APDU and as any other it is the same, and its counter is taken."""
    client, server = ends(dedicated=False)
    apdu = bytes((0x01,)) + bytes(octets - 1)
    closed = client.close_initiate(apdu, None)
    assert server.open_initiate(closed) == apdu
    for again in (server.open_initiate, server.open_apdu):
        with pytest.raises(InvocationCounterError):
            again(closed)
    assert server.open_apdu(client.close_initiate(apdu, None)) == apdu


@pytest.mark.parametrize("policy", POLICIES)
def test_an_initiate_response_is_protected_as_its_request_was(policy: SecurityControl) -> None:
    client, server = ends(policy, SecurityControl.NONE, dedicated=False)
    server.open_initiate(client.close_initiate(bytes((0x01, 2, 3)), None))
    response = server.close_initiate_response(bytes((0x08, 2, 3)))
    assert response[2] == policy
    assert client.open_initiate(response) == bytes((0x08, 2, 3))


@pytest.mark.parametrize("length", [b"\x00", b"\x10", b"\x7f", b"\x80", b"\x81", b"\x82\x00", b"\x84\xff\xff\xff\xff"])
@pytest.mark.parametrize("rest", [0, 1, 17, 18, 40])
def test_an_apdu_whose_length_lies_is_refused_alike_by_both_ways(length: bytes, rest: int) -> None:
    octets = b"\x21" + length + b"\x30" * rest
    _, server = ends(dedicated=False)
    for opened in (server.open_initiate, server.open, server.open_apdu):
        with pytest.raises((DecodeError, AuthenticationError)):
            opened(octets)


def test_counters_without_a_tag_rise_and_move_no_stored_one() -> None:
    guard = Guard()
    server = Protection(security(SERVER_TITLE, policy=SecurityControl.ENCRYPTED, guard=guard))
    server.expect_from(CLIENT_TITLE)
    client = Protection(security(CLIENT_TITLE, policy=SecurityControl.ENCRYPTED))
    first, second = (client.close(GET_VALUE.encode(), Ciphering.GLOBAL) for _ in range(2))
    assert server.open_apdu(second) == GET_VALUE.encode()
    for late in (first, second):
        with pytest.raises(InvocationCounterError):
            server.open_apdu(late)
    assert guard == Guard()
