"""Pushes in layers of general protection: opened by whom they are for, and by nobody else, and never weaker than the policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import SecuritySuite
from ferraris.cosem.classes.protection_parameters import ProtectionType
from ferraris.dlms import (
    CipherKeys,
    DataLayer,
    KeyPairs,
    KnownPoints,
    Layer,
    PrivateKey,
    PushReceiver,
    PushSecurity,
    Security,
    curve_of_suite,
    open_push_in_layers,
    parameters_for,
    protect_push_in_layers,
    sender_of,
)
from ferraris.dlms.apdu import DataNotification
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, DecodeError, RemoteProtocolError, SecurityError
from tests.meter.clients import NoGuard, RisingCounters

METER, HEADEND = b"FER00001", b"FERHES01"
SUITE = SecuritySuite.SUITE_1
ENTROPY = SeededEntropy(1)
KEYS = CipherKeys(bytes(16), bytes(range(16)), SUITE)
PAIRS = {
    (who, what): PrivateKey.generate(curve_of_suite(SUITE), SeededEntropy(f"{who!r} {what}"))
    for who in (METER, HEADEND)
    for what in ("signing", "agreement")
}
PUSH = DataNotification(7, b"", b"\x02\x01\x11\x05").encode()
BOTH = ProtectionType.AUTHENTICATION_AND_ENCRYPTION
FORMS = {
    "identified": [DataLayer(BOTH)],
    "wrapped": [DataLayer(BOTH, Layer.WRAPPED)],
    "one-pass": [DataLayer(BOTH, Layer.ONE_PASS)],
    "static-unified": [DataLayer(BOTH, Layer.STATIC_UNIFIED)],
    "signed then ciphered": [DataLayer.signed(), DataLayer(BOTH)],
    "ciphered then signed": [DataLayer(BOTH, Layer.ONE_PASS), DataLayer.signed()],
    "by turns": [DataLayer(ProtectionType.ENCRYPTION), DataLayer(ProtectionType.AUTHENTICATION)],
}
"""The last one has no tag under its encryption: a receiver does not take that under a global key."""


def end(own: bytes, peer: bytes) -> Security:
    points = KnownPoints({peer: PAIRS[peer, "signing"].point}, {peer: PAIRS[peer, "agreement"].point})
    pairs = KeyPairs(points, PAIRS[own, "signing"], PAIRS[own, "agreement"])
    return Security(
        own, KEYS, RisingCounters(), NoGuard(), peer_system_title=peer, key_pairs=pairs, master_key=bytes(16)
    )


def pushed(form: str, recipient: bytes = HEADEND) -> bytes:
    parameters = parameters_for(FORMS[form], recipient, b"")
    return protect_push_in_layers(PUSH, parameters, end(METER, HEADEND), ENTROPY)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "by turns"])
def test_whom_it_is_for_opens_it_once(form: str) -> None:
    octets, security = pushed(form), end(HEADEND, METER)
    assert sender_of(octets) == METER
    known = PushSecurity(KEYS, NoGuard(), open_layers=lambda octets: open_push_in_layers(octets, security, ENTROPY))
    receiver = PushReceiver({METER: known}.get)
    received = receiver.receive(octets)
    assert (received.system_title, list(received.notification.values)) == (METER, [5])
    if form in ("wrapped", "one-pass", "static-unified"):
        with pytest.raises(SecurityError, match="repeated"):
            receiver.receive(octets)


def test_encryption_without_a_tag_is_not_believed() -> None:
    with pytest.raises(AuthenticationError):
        open_push_in_layers(pushed("by turns"), end(HEADEND, METER), ENTROPY)


def test_somebody_elses_push_is_refused() -> None:
    with pytest.raises(AuthenticationError, match="for another system title"):
        open_push_in_layers(pushed("identified", b"FERHES09"), end(HEADEND, METER), ENTROPY)


@pytest.mark.parametrize("place", [3, 12, 20, 40, -1])
def test_a_changed_octet_is_seen(place: int) -> None:
    octets = bytearray(pushed("ciphered then signed"))
    octets[place] ^= 1
    with pytest.raises((SecurityError, DecodeError)):
        open_push_in_layers(bytes(octets), end(HEADEND, METER), ENTROPY)


@pytest.mark.parametrize(
    "layers", [[DataLayer.signed()], [DataLayer(ProtectionType.ENCRYPTION)], [DataLayer(ProtectionType.AUTHENTICATION)]]
)
def test_layers_weaker_than_the_policy_are_not_sent(layers: list[DataLayer]) -> None:
    parameters = parameters_for(layers, HEADEND, b"")
    with pytest.raises(SecurityError, match="less than the policy"):
        protect_push_in_layers(PUSH, parameters, end(METER, HEADEND), ENTROPY)


def test_a_key_that_is_missing_is_said() -> None:
    parameters = parameters_for(FORMS["one-pass"], HEADEND, b"")
    with pytest.raises(SecurityError):
        protect_push_in_layers(PUSH, parameters, replace(end(METER, HEADEND), key_pairs=None), ENTROPY)
    with pytest.raises(DecodeError):
        protect_push_in_layers(PUSH, (), end(METER, HEADEND), ENTROPY)


def test_who_may_not_send_so_is_a_stranger() -> None:
    for find in ({METER: PushSecurity(KEYS, NoGuard())}.get, {}.get):
        with pytest.raises(AuthenticationError, match="unknown system title"):
            PushReceiver(find).receive(pushed("one-pass"))


@given(st.binary(max_size=80))
def test_any_octets_are_refused(octets: bytes) -> None:
    sender_of(octets)
    for tag in (b"", b"\xdd", b"\xdf"):
        with pytest.raises((DecodeError, SecurityError, RemoteProtocolError)):
            PushReceiver({}.get).receive(tag + octets)
