"""General ciphering with keys that are named, wrapped or agreed, general signing, and one inside the other.

Both APDUs carry a header: transaction id, originator, recipient, date-time, other information. A layer is believed only
when its originator is the peer and its recipient is us. What protects from replay depends on the key:

| layer | key | a replay is known by |
|---|---|---|
| identified | the global key, unicast or broadcast | the invocation counter, which must rise under that key |
| wrapped | comes along, wrapped under the master key (RFC 3394) | the transaction id |
| one-pass C(1e, 1s) | of the originator's ephemeral and the recipient's static key | the transaction id |
| static unified C(0e, 2s) | of both static keys and the transaction id | the transaction id |
| signed | the originator's signing key | the transaction id |

A request's transaction id must be above every one that was accepted from the same originator, unless one of its layers has a
counter to tell it by; an answer must carry the id of its request. So each end needs one number that never falls: own
transaction ids are invocation counters, which are never given twice.

The tag of general-ciphering covers the header before it, each field with its length; where a peer does not do so
(`Security.tag_covers_header`), whoever changes a transaction id makes an old request new, and only keys with a counter are
safe. The signature goes over the header behind the tag and the content, each header field with its length, the content without
one. The standard's text can be read either way; this is what Gurux does. That of an ephemeral key in C(1e, 1s) goes over
the key alone, as in the published example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ferraris.cosem import SecuritySuite
from ferraris.dlms.apdu import (
    GENERAL_CIPHERING,
    GENERAL_SIGNING,
    AgreedKey,
    GeneralCiphering,
    GeneralSigning,
    IdentifiedKey,
    KeyInfo,
    WrappedKey,
    decode_general_ciphering,
    decode_general_signing,
)
from ferraris.dlms.ciphering import (
    KEY_OCTETS_OF,
    SUITE_BITS,
    CipherKeys,
    InvocationCounterGuard,
    SecurityControl,
    unwrap_key,
    wrap_key,
)
from ferraris.dlms.elliptic import PrivateKey, curve_of_suite, verify_signature
from ferraris.dlms.key_agreement import algorithm_id, derive_key, split_signed_point, static_party_u
from ferraris.dlms.key_pairs import KeyPairs
from ferraris.dlms.settings import BroadcastKeys, Ciphering, Envelope, Layer, Security
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError, DecodeError, SecurityError
from ferraris.kernel.limits import OTHER_INFORMATION_OCTETS_MAX, PROTECTION_DEPTH_MAX, TRANSACTION_ID_OCTETS_MAX

ENVELOPE_TAGS: Final = frozenset((GENERAL_CIPHERING, GENERAL_SIGNING))
ENVELOPE_OCTETS_MAX: Final = 700
"""What two layers of general protection add at most: headers of 30, a signed key of 192, a signature of 96, each with lengths."""
PROTECTED: Final = frozenset((*range(0x21, 0x2F), *range(0x41, 0x4F), *range(0xC8, 0xD8), 0xDB, 0xDC, 0xDD, 0xDF))
"""Tags of APDUs that protect others."""
CLAUSE: Final = "Green Book 9.5, general protection"
MASTER_KEY_ID: Final = 0
ONE_PASS: Final = b"\x01"
STATIC_UNIFIED: Final = b"\x02"
OWN_TRANSACTION_ID_OCTETS: Final = 8
DATE_TIME_OCTETS: Final = (0, 12)

Header = GeneralCiphering | GeneralSigning
Simple = Callable[[bytes], tuple[bytes, Ciphering, int]]
"""Opens a layer that is not general protection's: the APDU in it, its form, its security control."""


class EnvelopeProtection:
    """General protection at one end of an association."""

    __slots__ = ("_asked", "_close_simple", "_entropy", "_security")

    def __init__(
        self, security: Callable[[], Security], entropy: Entropy, close_simple: Callable[[bytes, Ciphering, int], bytes]
    ) -> None:
        self._security = security
        self._entropy = entropy
        self._close_simple = close_simple
        self._asked: bytes | None = None
        """The transaction id of our last request; whoever asks believes no other."""

    def close(self, apdu: bytes, envelope: Envelope, peer_system_title: bytes) -> bytes:
        """`apdu` in all layers of the envelope. Raises SecurityError when a key or a counter for it is missing."""
        security = self._security()
        transaction_id = envelope.transaction_id
        if not transaction_id and any(isinstance(layer, Layer) for layer in envelope.layers):
            transaction_id = security.counters.take().to_bytes(OWN_TRANSACTION_ID_OCTETS, "big")
            self._asked = transaction_id
        control = (security.closing_policy | envelope.control) & SecurityControl.AUTHENTICATED_ENCRYPTED
        for layer in reversed(envelope.layers):
            if isinstance(layer, Ciphering):
                apdu = self._close_simple(apdu, layer, control)
            elif layer is Layer.SIGNED:
                apdu = self._sign(apdu, security, transaction_id, peer_system_title)
            else:
                if layer is Layer.BROADCAST and envelope.transaction_id:
                    layer = Layer.IDENTIFIED  # an answer is for one
                apdu = self._encipher(apdu, layer, control, transaction_id, peer_system_title)
        return apdu

    def open(
        self, octets: bytes, peer_system_title: bytes, simple: Simple, outer: tuple[Ciphering, int] | None = None
    ) -> tuple[bytes, Envelope]:
        """The APDU out of all its layers, and which they were; `outer` is one that was taken off already, and its control.

        Raises DecodeError, AuthenticationError, InvocationCounterError, SecurityError; whether they are enough for the policy
        is for the caller to ask.
        """
        layers: list[Ciphering | Layer] = [] if outer is None else [outer[0]]
        protection = 0 if outer is None else outer[1]
        transaction_id, counted = None, bool(protection & SecurityControl.AUTHENTICATED)
        while octets[:1] and octets[0] in PROTECTED:
            if len(layers) == PROTECTION_DEPTH_MAX:
                raise DecodeError("protection is nested too deep", expected=PROTECTION_DEPTH_MAX, clause=CLAUSE)
            layer: Ciphering | Layer
            if octets[0] not in ENVELOPE_TAGS:
                octets, layer, control = simple(octets)
                counted |= bool(control & SecurityControl.AUTHENTICATED)
            else:
                apdu = _decoded(octets)
                self._check_header(apdu, peer_system_title)
                if transaction_id not in (None, apdu.transaction_id):
                    raise AuthenticationError("layers of different transactions", got=apdu.transaction_id.hex())
                transaction_id = apdu.transaction_id
                octets, layer, control = self._open_layer(apdu)
                counted |= layer in (Layer.IDENTIFIED, Layer.BROADCAST)
            protection |= control
            layers.append(layer)
        if transaction_id is not None:
            self._check_transaction(transaction_id, peer_system_title, counted=counted)
        return octets, Envelope(tuple(layers), protection & ~SUITE_BITS, transaction_id or b"")

    def _check_header(self, apdu: Header, peer_system_title: bytes) -> None:
        own = self._security().system_title
        to_all = isinstance(apdu, GeneralCiphering) and apdu.key_info == IdentifiedKey(1)
        if apdu.originator_system_title != peer_system_title:
            raise AuthenticationError(
                "an APDU comes from another system title", expected=peer_system_title.hex(), clause=CLAUSE
            )
        if apdu.recipient_system_title != own and not (to_all and not apdu.recipient_system_title):
            raise AuthenticationError(
                "an APDU is for another system title", expected=own.hex(), got=apdu.recipient_system_title.hex()
            )
        if (
            len(apdu.transaction_id) > TRANSACTION_ID_OCTETS_MAX
            or len(apdu.date_time) not in DATE_TIME_OCTETS
            or len(apdu.other_information) > OTHER_INFORMATION_OCTETS_MAX
        ):
            raise DecodeError("a header of general protection has a wrong size", clause=CLAUSE)

    def _check_transaction(self, transaction_id: bytes, peer_system_title: bytes, *, counted: bool) -> None:
        if self._asked is not None:
            if transaction_id != self._asked:
                raise AuthenticationError(
                    "an answer to another transaction", expected=self._asked.hex(), got=transaction_id.hex()
                )
        elif not counted:
            if not transaction_id:
                raise SecurityError("no transaction id tells this APDU from a replay", expected="1 to 8 octets")
            self._security().transactions.accept(peer_system_title, int.from_bytes(transaction_id, "big"))

    def _open_layer(self, apdu: Header) -> tuple[bytes, Layer, int]:
        if isinstance(apdu, GeneralSigning):
            return self._verified(apdu), Layer.SIGNED, 0
        security = self._security()
        keys, layer, guard = self._keys_of(apdu, security)
        if security.tag_covers_header:
            keys = keys.bound_to(_header_octets(apdu))
        control, counter, plain = keys.unprotect(apdu.originator_system_title, apdu.octets)
        if control & ~0x30 != security.suite:  # the key set is named by the key information here
            raise AuthenticationError(
                "an APDU of another security suite", expected=int(security.suite), got=f"{control:#04x}"
            )
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

    def _encipher(self, apdu: bytes, layer: Layer, control: int, transaction_id: bytes, peer: bytes) -> bytes:
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
        empty = GeneralCiphering(transaction_id, own, peer, b"", b"", info, b"")
        if security.tag_covers_header:
            keys = keys.bound_to(_header_octets(empty))
        return replace(empty, octets=keys.protect(control, own, counters.take(), apdu)).encode()

    def _fresh(self, key: bytes) -> CipherKeys:
        security = self._security()
        if len(key) != KEY_OCTETS_OF[security.suite]:
            raise AuthenticationError("a wrapped key has another suite's size", got=len(key))
        return CipherKeys(key, security.keys.authentication_key, security.suite)

    def _agreed(self, secret: bytes, party_u: bytes, party_v: bytes) -> CipherKeys:
        security = self._security()
        algorithm = algorithm_id(security.suite, _pairs(security).algorithm_arcs)
        return self._fresh(derive_key(secret, algorithm, party_u, party_v, security.suite))

    def _sign(self, apdu: bytes, security: Security, transaction_id: bytes, peer: bytes) -> bytes:
        unsigned = GeneralSigning(transaction_id, security.system_title, peer, b"", b"", apdu, b"")
        signature = _pairs(security).own_signing.sign(_header_octets(unsigned) + apdu)
        return GeneralSigning(transaction_id, security.system_title, peer, b"", b"", apdu, signature).encode()

    def _verified(self, apdu: GeneralSigning) -> bytes:
        security = self._security()
        point = _pairs(security).peers.signing_point(apdu.originator_system_title)
        _verify(point, apdu.signature, _header_octets(apdu) + apdu.content, security.suite)
        return apdu.content


def _decoded(octets: bytes) -> Header:
    return decode_general_signing(octets) if octets[0] == GENERAL_SIGNING else decode_general_ciphering(octets)


def _header_octets(apdu: Header) -> bytes:
    fields = (
        apdu.transaction_id,
        apdu.originator_system_title,
        apdu.recipient_system_title,
        apdu.date_time,
        apdu.other_information,
    )
    # Each has less than 128 octets, or it would not have passed: one octet of length.
    return b"".join(bytes((len(field),)) + field for field in fields)


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
