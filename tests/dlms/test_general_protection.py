"""General ciphering and signing between two ends, in every kind of layer and nesting, and what must not pass for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import write_length
from ferraris.cosem import SecuritySuite
from ferraris.dlms import Ciphering, CipherKeys, Security, SecurityControl
from ferraris.dlms.apdu import (
    AgreedKey,
    GeneralCiphering,
    GeneralSigning,
    IdentifiedKey,
    WrappedKey,
    decode_general_ciphering,
    decode_general_signing,
)
from ferraris.dlms.ciphering import wrap_key
from ferraris.dlms.elliptic import PrivateKey, curve_of_suite
from ferraris.dlms.general_protection import ENVELOPE_OCTETS_MAX
from ferraris.dlms.key_agreement import AlgorithmArcs
from ferraris.dlms.protection import Opened, Protection
from ferraris.dlms.settings import BroadcastKeys, Envelope, Layer
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    FerrarisError,
    InvocationCounterError,
    SecurityError,
)
from ferraris.kernel.limits import OTHER_INFORMATION_OCTETS_MAX, PROTECTION_DEPTH_MAX, TRANSACTION_ID_OCTETS_MAX
from tests.dlms.bottle import CLIENT_TITLE, GET_VALUE, SERVER_TITLE, VALUE_READ, Counter, Guard
from tests.dlms.hls.ends import signing_key, suite_keys, suite_security

REQUEST, ANSWER = GET_VALUE.encode(), VALUE_READ.encode()
BOTH = SecurityControl.AUTHENTICATED_ENCRYPTED
SUITES = (SecuritySuite.SUITE_1, SecuritySuite.SUITE_2)
CIPHERED_LAYERS = tuple(layer for layer in Layer if layer is not Layer.SIGNED)
NESTINGS: list[tuple[Ciphering | Layer, ...]] = [
    *((layer,) for layer in CIPHERED_LAYERS),
    *((Layer.SIGNED, layer) for layer in CIPHERED_LAYERS),
    *((layer, Layer.SIGNED) for layer in CIPHERED_LAYERS),
    (Layer.SIGNED, Ciphering.GLOBAL),
    (Ciphering.GENERAL_GLOBAL, Layer.SIGNED),
    (Layer.SIGNED, Ciphering.GENERAL_GLOBAL),
    (Layer.SIGNED, Layer.ONE_PASS, Layer.SIGNED),
]
each_suite = pytest.mark.parametrize("suite", SUITES)
each_nesting = pytest.mark.parametrize("layers", NESTINGS, ids=lambda layers: " around ".join(x.name for x in layers))


def with_everything(title: bytes, suite: SecuritySuite = SecuritySuite.SUITE_1, **changes: object) -> Security:
    """Keys for every kind of layer."""
    octets = 32 if suite is SecuritySuite.SUITE_2 else 16
    broadcast = BroadcastKeys(CipherKeys(b"B" * octets, b"A" * octets, suite), Counter(), Guard())
    return suite_security(title, suite, master_key=b"M" * octets, broadcast=broadcast, **changes)


def ends(suite: SecuritySuite = SecuritySuite.SUITE_1, **changes: object) -> tuple[Protection, Protection]:
    client = Protection(with_everything(CLIENT_TITLE, suite, **changes), SeededEntropy("client"))
    server = Protection(with_everything(SERVER_TITLE, suite, **changes), SeededEntropy("server"))
    client.expect_from(SERVER_TITLE)
    server.expect_from(CLIENT_TITLE)
    return client, server


def sent(*layers: Ciphering | Layer, suite: SecuritySuite = SecuritySuite.SUITE_1) -> tuple[bytes, Protection]:
    """A request in these layers, and the server that it is for."""
    client, server = ends(suite)
    return client.close(REQUEST, Envelope(layers)), server


@each_suite
@each_nesting
def test_a_request_and_its_answer_come_through(suite: SecuritySuite, layers: tuple[Ciphering | Layer, ...]) -> None:
    client, server = ends(suite)
    for _ in range(3):
        octets = client.close(REQUEST, Envelope(layers))
        opened = server.open(octets)
        assert opened.apdu == REQUEST
        assert isinstance(opened.ciphering, Envelope)
        assert opened.ciphering.layers == layers
        assert opened.ciphering.control == BOTH
        assert opened.ciphering.signed == (Layer.SIGNED in layers)
        answer = server.close(ANSWER, opened.ciphering)
        to_one = tuple(Layer.IDENTIFIED if layer is Layer.BROADCAST else layer for layer in layers)
        assert client.open(answer) == Opened(ANSWER, replace(opened.ciphering, layers=to_one))


@each_suite
def test_two_layers_add_no_more_than_is_reckoned_with(suite: SecuritySuite) -> None:
    for layers in permutations(Layer, 2):
        octets, _ = sent(*layers, suite=suite)
        assert len(octets) - len(REQUEST) <= ENVELOPE_OCTETS_MAX


@each_nesting
def test_the_text_shows_nowhere(layers: tuple[Ciphering | Layer, ...]) -> None:
    octets, _ = sent(*layers)
    assert REQUEST[3:] not in octets


@each_nesting
def test_a_request_heard_before_is_refused(layers: tuple[Ciphering | Layer, ...]) -> None:
    octets, server = sent(*layers)
    server.open(octets)
    with pytest.raises(SecurityError):
        server.open(octets)


@pytest.mark.parametrize("layers", [(Layer.WRAPPED,), (Layer.ONE_PASS,), (Layer.STATIC_UNIFIED,)])
def test_a_request_heard_before_is_refused_over_associations(layers: tuple[Layer, ...]) -> None:
    """Keys that come along have no counter: the transaction ids outlive the association."""
    octets, _ = sent(*layers)
    security = with_everything(SERVER_TITLE)
    for turn in range(2):
        server = Protection(security, SeededEntropy("server"))
        server.expect_from(CLIENT_TITLE)
        if not turn:
            server.open(octets)
            continue
        with pytest.raises(SecurityError, match="transaction id is repeated"):
            server.open(octets)


@each_nesting
def test_an_answer_to_an_earlier_request_is_refused(layers: tuple[Ciphering | Layer, ...]) -> None:
    client, server = ends()
    first = server.open(client.close(REQUEST, Envelope(layers))).ciphering
    answer = server.close(ANSWER, first)
    client.close(REQUEST, Envelope(layers))
    with pytest.raises(AuthenticationError, match="another transaction"):
        client.open(answer)


@each_nesting
@given(st.data())
def test_a_flipped_bit_anywhere_is_noticed(layers: tuple[Ciphering | Layer, ...], data: st.DataObject) -> None:
    octets, server = sent(*layers)
    changed = bytearray(octets)
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(FerrarisError):
        server.open(bytes(changed))


@each_nesting
def test_what_is_cut_short_is_refused(layers: tuple[Ciphering | Layer, ...]) -> None:
    octets, server = sent(*layers)
    for cut in range(1, len(octets)):
        with pytest.raises(FerrarisError):
            server.open(octets[:cut])


@given(st.sampled_from((0xDD, 0xDF)), st.binary(max_size=80))
def test_any_octets_only_raise_our_errors(tag: int, octets: bytes) -> None:
    _, server = ends()
    with pytest.raises(FerrarisError):
        server.open(bytes((tag,)) + octets)


# Headers


def changed_header(octets: bytes, **changes: object) -> bytes:
    """An APDU of general ciphering whose header no tag covers, changed."""
    return replace(decode_general_ciphering(octets), **changes).encode()  # type: ignore[arg-type]


@pytest.mark.parametrize("layer", CIPHERED_LAYERS)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"originator_system_title": b"FER00009"}, "comes from another"),
        ({"originator_system_title": b""}, "comes from another"),
        ({"recipient_system_title": b"FER00009"}, "for another"),
        ({"recipient_system_title": CLIENT_TITLE}, "for another"),
        ({"transaction_id": bytes(TRANSACTION_ID_OCTETS_MAX + 1)}, "wrong size"),
        ({"transaction_id": bytes(8)}, "tag does not verify"),
        ({"date_time": bytes(12)}, "tag does not verify"),
        ({"date_time": bytes(11)}, "wrong size"),
        ({"other_information": bytes(OTHER_INFORMATION_OCTETS_MAX + 1)}, "wrong size"),
    ],
)
def test_a_wrong_header_is_refused(layer: Layer, changes: dict[str, bytes], message: str) -> None:
    octets, server = sent(layer)
    with pytest.raises(FerrarisError, match=message):
        server.open(changed_header(octets, **changes))


def test_only_a_broadcast_may_name_nobody() -> None:
    octets, server = sent(Layer.BROADCAST)
    with pytest.raises(AuthenticationError, match="tag does not verify"):
        server.open(changed_header(octets, recipient_system_title=b""))
    client = Protection(with_everything(CLIENT_TITLE), SeededEntropy(1))
    assert server.open(client.close(REQUEST, Envelope((Layer.BROADCAST,)))).apdu == REQUEST
    octets, server = sent(Layer.IDENTIFIED)
    with pytest.raises(AuthenticationError, match="for another"):
        server.open(changed_header(octets, recipient_system_title=b""))


def test_a_fresh_key_needs_a_transaction_id() -> None:
    client, server = ends(tag_covers_header=False)
    octets = client.close(REQUEST, Envelope((Layer.WRAPPED,)))
    with pytest.raises(SecurityError, match="no transaction id"):
        server.open(changed_header(octets, transaction_id=b""))


def test_a_signature_cannot_be_put_around_another_transaction() -> None:
    client, server = ends()
    inner = client.close(REQUEST, Envelope((Layer.IDENTIFIED,), transaction_id=bytes(7) + b"\x01"))
    octets = client.close(inner, Envelope((Layer.SIGNED,), transaction_id=bytes(7) + b"\x02"))
    with pytest.raises(AuthenticationError, match="different transactions"):
        server.open(octets)


def test_no_key_information_means_the_global_key() -> None:
    octets, server = sent(Layer.IDENTIFIED)
    assert server.open(changed_header(octets, key_info=None)).apdu == REQUEST


# Keys


def general(security: Security, key_info: object, keys: CipherKeys, control: int = 0x30) -> bytes:
    number = security.counters.take().to_bytes(8, "big")
    header = b"".join(bytes((len(field),)) + field for field in (number, CLIENT_TITLE, SERVER_TITLE, b"", b""))
    content = keys.bound_to(header).protect(control, security.system_title, 1, REQUEST)
    return GeneralCiphering(number, CLIENT_TITLE, SERVER_TITLE, b"", b"", key_info, content).encode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key_info", "message"),
    [
        (IdentifiedKey(2), "no such global key"),
        (WrappedKey(1, wrap_key(b"M" * 16, bytes(16))), "no such key-encrypting key"),
        (WrappedKey(0, wrap_key(b"X" * 16, bytes(16))), "wrapped key does not verify"),
        (WrappedKey(0, wrap_key(b"M" * 16, bytes(32))), "another suite's size"),
        (WrappedKey(0, b""), "wrapped key does not verify"),
        (AgreedKey(b"\x00", b""), "no such key agreement"),
        (AgreedKey(b"\x02", b"more"), "no such key agreement"),
        (AgreedKey(b"\x01", b""), "no signed public key"),
    ],
)
def test_a_key_that_cannot_be_had_is_said_by_name(key_info: object, message: str) -> None:
    _, server = ends()
    with pytest.raises(SecurityError, match=message):
        server.open(general(with_everything(CLIENT_TITLE), key_info, suite_keys(SecuritySuite.SUITE_1)))


@pytest.mark.parametrize(
    ("layer", "lacking"),
    [
        (Layer.BROADCAST, "broadcast"),
        (Layer.WRAPPED, "master_key"),
        (Layer.ONE_PASS, "key_pairs"),
        (Layer.STATIC_UNIFIED, "key_pairs"),
        (Layer.SIGNED, "key_pairs"),
    ],
)
def test_an_end_without_the_key_says_so(layer: Layer, lacking: str) -> None:
    octets, _ = sent(layer)
    security = with_everything(SERVER_TITLE)
    server = Protection(replace(security, **{lacking: None}), SeededEntropy(1))  # type: ignore[arg-type]
    server.expect_from(CLIENT_TITLE)
    with pytest.raises(SecurityError, match="this end has no"):
        server.open(octets)
    with pytest.raises(SecurityError, match="this end has no"):
        server.close(ANSWER, Envelope((layer,)))


def test_a_strangers_ephemeral_key_is_refused() -> None:
    """A key that the originator did not sign is somebody else's: he would read the answer, and write the request."""
    octets, server = sent(Layer.ONE_PASS)
    apdu = decode_general_ciphering(octets)
    stranger = PrivateKey.generate(curve_of_suite(SecuritySuite.SUITE_1), SeededEntropy("stranger"))
    assert isinstance(apdu.key_info, AgreedKey)
    for key_data in (
        stranger.point + stranger.sign(stranger.point),
        stranger.point + apdu.key_info.key_ciphered_data[64:],
        apdu.key_info.key_ciphered_data[:64] + stranger.sign(apdu.key_info.key_ciphered_data[:64]),
    ):
        with pytest.raises(AuthenticationError, match="signature does not verify"):
            server.open(replace(apdu, key_info=AgreedKey(b"\x01", key_data)).encode())


def test_a_point_beside_the_curve_is_refused_even_when_it_is_signed() -> None:
    octets, server = sent(Layer.ONE_PASS)
    apdu = decode_general_ciphering(octets)
    beside = bytes(63) + b"\x01"
    key_data = beside + signing_key(CLIENT_TITLE, SecuritySuite.SUITE_1).sign(beside)
    with pytest.raises(SecurityError, match="not on its curve"):
        server.open(replace(apdu, key_info=AgreedKey(b"\x01", key_data)).encode())


@pytest.mark.parametrize("layer", [Layer.ONE_PASS, Layer.STATIC_UNIFIED])
def test_both_ends_must_mean_the_same_algorithm_ids(layer: Layer) -> None:
    client, server = ends()
    security = with_everything(CLIENT_TITLE)
    assert security.key_pairs is not None
    pairs = replace(security.key_pairs, algorithm_arcs=AlgorithmArcs.EDITION_8)
    client.rekey(replace(security, key_pairs=pairs))
    with pytest.raises(AuthenticationError):
        server.open(client.close(REQUEST, Envelope((layer,))))


@pytest.mark.parametrize("control", [0x31, 0x71, 0xB1, 0x30, 0x32])
def test_only_the_suite_and_protection_may_stand_in_the_control(control: int) -> None:
    """The key set is named by the key information; another suite and compression are refused by name."""
    _, server = ends()
    keys = suite_keys(SecuritySuite.SUITE_1)
    octets = general(with_everything(CLIENT_TITLE), IdentifiedKey(0), keys, control & 0xF0)
    content = decode_general_ciphering(octets).octets
    octets = replace(decode_general_ciphering(octets), octets=bytes((control,)) + content[1:]).encode()
    if control == 0x31:
        assert server.open(octets).apdu == REQUEST
        return
    with pytest.raises(SecurityError):
        server.open(octets)


def test_encryption_alone_is_not_enough_under_a_global_key() -> None:
    """Its counter would have to be believed without a tag."""
    _, server = ends(policy=SecurityControl.NONE)
    octets = general(with_everything(CLIENT_TITLE), IdentifiedKey(0), suite_keys(SecuritySuite.SUITE_1), 0x20)
    with pytest.raises(AuthenticationError, match="without a tag"):
        server.open(octets)


def test_a_broadcast_has_counters_of_its_own_and_is_answered_under_the_unicast_key() -> None:
    client, server = ends()
    octets = client.close(REQUEST, Ciphering.GLOBAL, BOTH)
    assert server.open(octets).apdu == REQUEST
    keys = CipherKeys(b"B" * 16, b"A" * 16, SecuritySuite.SUITE_1)
    content = keys.protect(BOTH | SecurityControl.BROADCAST_KEY, CLIENT_TITLE, 1, REQUEST)
    out = bytearray(b"\xc8")
    write_length(len(content), out)
    opened = server.open(bytes(out) + content)
    assert opened.apdu == REQUEST
    assert server.close(ANSWER, opened.ciphering)[2] == 0x31
    with pytest.raises(InvocationCounterError):
        server.open(bytes(out) + content)


# Policy


def test_a_signature_that_the_policy_asks_for_must_be_there() -> None:
    client, server = ends(signed=True)
    for form in (
        Ciphering.GLOBAL,
        Ciphering.GENERAL_GLOBAL,
        Envelope((Layer.IDENTIFIED,)),
        Envelope((Layer.ONE_PASS,)),
    ):
        with pytest.raises(AuthenticationError, match="policy asks"):
            server.open(client.close(REQUEST, form))
    assert server.open(client.close(REQUEST, Envelope((Layer.SIGNED, Ciphering.GLOBAL)))).apdu == REQUEST


def test_an_initiate_request_is_never_signed_and_never_in_general_protection() -> None:
    client, server = ends(signed=True)
    initiate = bytes.fromhex("01000000065f1f0400007e1f04b0")
    assert server.open_initiate(client.close_initiate(initiate, None)) == initiate
    octets, server = sent(Layer.IDENTIFIED)
    with pytest.raises(FerrarisError, match="initiate"):
        server.open_initiate(octets)


def test_a_signature_alone_does_not_make_up_for_ciphering() -> None:
    client, server = ends()
    with pytest.raises(AuthenticationError, match="policy asks"):
        server.open(client.close(REQUEST, Envelope((Layer.SIGNED,))))
    _, server = ends(policy=SecurityControl.NONE)
    assert server.open(client.close(REQUEST, Envelope((Layer.SIGNED,)))).apdu == REQUEST


@pytest.mark.parametrize("weaker", [SecurityControl.NONE, SecurityControl.ENCRYPTED, SecurityControl.AUTHENTICATED])
def test_a_layer_below_the_policy_is_refused(weaker: SecurityControl) -> None:
    client, _ = ends(policy=weaker)
    _, server = ends()
    with pytest.raises(AuthenticationError):
        server.open(client.close(REQUEST, Envelope((Layer.WRAPPED,))))


# Nesting


def test_protection_is_nested_only_so_deep() -> None:
    client, server = ends()
    fits = Envelope((Layer.SIGNED,) * (PROTECTION_DEPTH_MAX - 1) + (Layer.IDENTIFIED,))
    assert server.open(client.close(REQUEST, fits)).apdu == REQUEST
    with pytest.raises(DecodeError, match="nested too deep"):
        server.open(client.close(REQUEST, Envelope((Layer.SIGNED, *fits.layers))))


def test_a_signature_around_another_content_does_not_hold() -> None:
    octets, server = sent(Layer.SIGNED, Ciphering.GLOBAL)
    other, _ = sent(Layer.SIGNED, Layer.IDENTIFIED)
    signed = decode_general_signing(octets)
    for changed in (
        replace(signed, content=decode_general_signing(other).content),
        replace(signed, transaction_id=bytes(7) + b"\x63"),
        replace(signed, other_information=b"x"),
        replace(signed, date_time=bytes(12)),
        replace(signed, signature=bytes(64)),
        replace(signed, signature=signed.signature + bytes(1)),
    ):
        with pytest.raises(AuthenticationError):
            server.open(changed.encode())


def test_a_signature_of_the_other_suite_is_refused() -> None:
    octets, _ = sent(Layer.SIGNED, suite=SecuritySuite.SUITE_2)
    _, server = ends(SecuritySuite.SUITE_2, policy=SecurityControl.NONE)
    assert server.open(octets).apdu == REQUEST
    _, server = ends(policy=SecurityControl.NONE)
    with pytest.raises(AuthenticationError):
        server.open(octets)


def test_the_signed_octets_are_the_header_and_the_content() -> None:
    octets, _ = sent(Layer.SIGNED)
    signed = decode_general_signing(octets)
    unsigned = GeneralSigning(signed.transaction_id, CLIENT_TITLE, SERVER_TITLE, b"", b"", REQUEST, b"").encode()
    header = unsigned[1 : unsigned.index(REQUEST) - 1]
    signer = signing_key(CLIENT_TITLE, SecuritySuite.SUITE_1)
    assert signed.signature == signer.sign(header + REQUEST)


def test_without_entropy_there_is_no_general_protection() -> None:
    close: Callable[..., bytes] = Protection(with_everything(CLIENT_TITLE)).close
    with pytest.raises(SecurityError, match="randomness"):
        close(REQUEST, Envelope((Layer.WRAPPED,)))


def test_the_tag_covers_the_header_as_british_meters_have_it() -> None:
    """Authenticated only, all header fields empty and no authentication key: 0x11, five lengths of zero, then the text."""
    keys = CipherKeys(bytes(16), b"", SecuritySuite.SUITE_1).bound_to(bytes(5))
    protected = keys.protect(0x10, CLIENT_TITLE, 0, b"payload")
    tag = AESGCM(bytes(16)).encrypt(CLIENT_TITLE + bytes(4), b"", b"\x11" + bytes(5) + b"payload")[:12]
    assert protected == b"\x11" + bytes(4) + b"payload" + tag


@pytest.mark.parametrize("layer", CIPHERED_LAYERS)
def test_a_peer_whose_tags_do_not_cover_the_header_is_understood_when_told(layer: Layer) -> None:
    client, server = ends(tag_covers_header=False)
    assert server.open(client.close(REQUEST, Envelope((layer,)))).apdu == REQUEST
    _, strict = ends()
    with pytest.raises(AuthenticationError, match="tag does not verify"):
        strict.open(client.close(REQUEST, Envelope((layer,))))
