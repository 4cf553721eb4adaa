"""One layer of general protection: content ciphered or signed under a header that says who, for whom and by which key.

General-ciphering and general-signing APDUs are such layers, and so is each protection of COSEM data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ferraris.cosem import SecuritySuite
from ferraris.dlms.apdu import (
    AgreedKey,
    GeneralCiphering,
    GeneralSigning,
    IdentifiedKey,
    KeyInfo,
    WrappedKey,
)
from ferraris.dlms.ciphering import (
    KEY_OCTETS_OF,
    CipherKeys,
    InvocationCounterGuard,
    SecurityControl,
    unwrap_key,
    wrap_key,
)
from ferraris.dlms.elliptic import PrivateKey, curve_of_suite, verify_signature
from ferraris.dlms.key_agreement import algorithm_id, derive_key, split_signed_point, static_party_u
from ferraris.dlms.key_pairs import KeyPairs
from ferraris.dlms.settings import BroadcastKeys, Layer, Security
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError, SecurityError

CLAUSE: Final = "Green Book 9.5, general protection"
MASTER_KEY_ID: Final = 0
ONE_PASS: Final = b"\x01"
STATIC_UNIFIED: Final = b"\x02"

Header = GeneralCiphering | GeneralSigning


def header_octets(apdu: Header) -> bytes:
    """What a tag or a signature covers of the header: each field with its length."""
    fields = (
        apdu.transaction_id,
        apdu.originator_system_title,
        apdu.recipient_system_title,
        apdu.date_time,
        apdu.other_information,
    )
    # Each has less than 128 octets, or it would not have passed: one octet of length.
    return b"".join(bytes((len(field),)) + field for field in fields)


class ProtectionLayers:
    """The layers that one end makes and opens with its keys."""

    __slots__ = ("_counted", "_covered", "_entropy", "_security")

    def __init__(
        self,
        security: Callable[[], Security],
        entropy: Entropy,
        covered: Callable[[Header], bytes] | None = None,
        *,
        counted: bool = True,
    ) -> None:
        """`covered`: what tags and signatures cover of a header. `counted`: whether invocation counters tell replays."""
        self._security = security
        self._entropy = entropy
        self._covered = covered or header_octets
        self._counted = counted

    def open(self, apdu: Header) -> tuple[bytes, Layer, int]:
        """What the layer protects, which it is and its security control.

        Raises AuthenticationError, SecurityError, DecodeError, InvocationCounterError.
        """
        if isinstance(apdu, GeneralSigning):
            return self._verified(apdu), Layer.SIGNED, 0
        security = self._security()
        keys, layer, guard = self._keys_of(apdu, security)
        if security.tag_covers_header:
            keys = keys.bound_to(self._covered(apdu))
        control, counter, plain = keys.unprotect(apdu.originator_system_title, apdu.octets)
        if control & ~0x30 != security.suite:  # the key set is named by the key information here
            raise AuthenticationError(
                "an APDU of another security suite", expected=int(security.suite), got=f"{control:#04x}"
            )
        if not self._counted:
            return plain, layer, control
        if guard is not None and control & SecurityControl.AUTHENTICATED:
            guard.accept(apdu.originator_system_title, counter)
        elif guard is not None:
            raise AuthenticationError("general ciphering without a tag under a global key", got=f"{control:#04x}")
        return plain, layer, control

    def _keys_of(
        self, apdu: GeneralCiphering, security: Security
    ) -> tuple[CipherKeys, Layer, InvocationCounterGuard | None]:
        info = apdu.key_info
        if info is None or info == IdentifiedKey(0):
            return security.keys, Layer.IDENTIFIED, security.guard
        if isinstance(info, IdentifiedKey):
            broadcast = _broadcast(security, info.key_id)
            return broadcast.keys, Layer.BROADCAST, broadcast.guard
        if isinstance(info, WrappedKey):
            return (
                self._fresh(unwrap_key(_master_key(security, info.kek_id), info.key_ciphered_data)),
                Layer.WRAPPED,
                None,
            )
        pairs = _pairs(security)
        originator, recipient = apdu.originator_system_title, security.system_title
        if info.key_parameters == ONE_PASS:
            point, signature = split_signed_point(info.key_ciphered_data)
            _verify(pairs.peers.signing_point(originator), signature, point, security.suite)
            secret = pairs.own_agreement.shared_secret(point)
            return self._agreed(secret, originator, recipient), Layer.ONE_PASS, None
        if info.key_parameters != STATIC_UNIFIED or info.key_ciphered_data:
            raise SecurityError("no such key agreement", expected="01 or 02", got=info.key_parameters.hex())
        secret = pairs.own_agreement.shared_secret(pairs.peers.agreement_point(originator))
        party_u = static_party_u(originator, apdu.transaction_id)
        return self._agreed(secret, party_u, recipient), Layer.STATIC_UNIFIED, None

    def encipher(
        self, apdu: bytes, layer: Layer, control: int, transaction_id: bytes, peer: bytes, other: bytes = b""
    ) -> GeneralCiphering:
        """The APDU in a layer of this key. Raises SecurityError when the key or a counter for it is missing."""
        security = self._security()
        own, keys, counters = security.system_title, security.keys, security.counters
        info: KeyInfo
        if layer is Layer.IDENTIFIED:
            info = IdentifiedKey(0)
        elif layer is Layer.BROADCAST:
            broadcast = _broadcast(security, 1)
            info, keys, counters = IdentifiedKey(1), broadcast.keys, broadcast.counters
        elif layer is Layer.WRAPPED:
            key = self._entropy.octets(KEY_OCTETS_OF[security.suite])
            info = WrappedKey(MASTER_KEY_ID, wrap_key(_master_key(security, MASTER_KEY_ID), key))
            keys = self._fresh(key)
        elif layer is Layer.ONE_PASS:
            pairs = _pairs(security)
            ephemeral = PrivateKey.generate(curve_of_suite(security.suite), self._entropy)
            info = AgreedKey(ONE_PASS, ephemeral.point + pairs.own_signing.sign(ephemeral.point))
            keys = self._agreed(ephemeral.shared_secret(pairs.peers.agreement_point(peer)), own, peer)
        else:
            pairs = _pairs(security)
            info = AgreedKey(STATIC_UNIFIED, b"")
            secret = pairs.own_agreement.shared_secret(pairs.peers.agreement_point(peer))
            keys = self._agreed(secret, static_party_u(own, transaction_id), peer)
        empty = GeneralCiphering(transaction_id, own, peer, b"", other, info, b"")
        if security.tag_covers_header:
            keys = keys.bound_to(self._covered(empty))
        return replace(empty, octets=keys.protect(control, own, counters.take(), apdu))

    def _fresh(self, key: bytes) -> CipherKeys:
        security = self._security()
        if len(key) != KEY_OCTETS_OF[security.suite]:
            raise AuthenticationError("a wrapped key has another suite's size", got=len(key))
        return CipherKeys(key, security.keys.authentication_key, security.suite)

    def _agreed(self, secret: bytes, party_u: bytes, party_v: bytes) -> CipherKeys:
        security = self._security()
        algorithm = algorithm_id(security.suite, _pairs(security).algorithm_arcs)
        return self._fresh(derive_key(secret, algorithm, party_u, party_v, security.suite))

    def sign(self, apdu: bytes, transaction_id: bytes, peer: bytes, other: bytes = b"") -> GeneralSigning:
        """The APDU with a signature around it. Raises SecurityError when this end has no key that signs."""
        security = self._security()
        unsigned = GeneralSigning(transaction_id, security.system_title, peer, b"", other, apdu, b"")
        signature = _pairs(security).own_signing.sign(self._covered(unsigned) + apdu)
        return replace(unsigned, signature=signature)

    def _verified(self, apdu: GeneralSigning) -> bytes:
        security = self._security()
        point = _pairs(security).peers.signing_point(apdu.originator_system_title)
        _verify(point, apdu.signature, self._covered(apdu) + apdu.content, security.suite)
        return apdu.content


def _verify(point: bytes, signature: bytes, message: bytes, suite: SecuritySuite) -> None:
    if verify_signature(point, signature, message) is not curve_of_suite(suite):
        raise AuthenticationError("a signature of another security suite", expected=int(suite), clause=CLAUSE)


def _pairs(security: Security) -> KeyPairs:
    if security.key_pairs is None:
        raise SecurityError("this end has no key pairs", expected="those of suite 1 or 2", clause=CLAUSE)
    return security.key_pairs


def _master_key(security: Security, kek_id: int) -> bytes:
    if security.master_key is None or kek_id != MASTER_KEY_ID:
        raise SecurityError("this end has no such key-encrypting key", expected="the master key", got=kek_id)
    return security.master_key


def _broadcast(security: Security, key_id: int) -> BroadcastKeys:
    if security.broadcast is None or key_id != 1:
        raise SecurityError("this end has no such global key", expected="0, unicast, or 1, broadcast", got=key_id)
    return security.broadcast
