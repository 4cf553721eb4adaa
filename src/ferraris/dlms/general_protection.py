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
from typing import Final

from ferraris.dlms.apdu import (
    GENERAL_CIPHERING,
    GENERAL_SIGNING,
    GeneralCiphering,
    IdentifiedKey,
    decode_general_ciphering,
    decode_general_signing,
)
from ferraris.dlms.ciphering import (
    SUITE_BITS,
    SecurityControl,
)
from ferraris.dlms.protection_layers import CLAUSE, Header, ProtectionLayers
from ferraris.dlms.settings import Ciphering, Envelope, Layer, Security
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError, DecodeError, SecurityError
from ferraris.kernel.limits import OTHER_INFORMATION_OCTETS_MAX, PROTECTION_DEPTH_MAX, TRANSACTION_ID_OCTETS_MAX

ENVELOPE_TAGS: Final = frozenset((GENERAL_CIPHERING, GENERAL_SIGNING))
ENVELOPE_OCTETS_MAX: Final = 700
"""What two layers of general protection add at most: headers of 30, a signed key of 192, a signature of 96, each with lengths."""
PROTECTED: Final = frozenset((*range(0x21, 0x2F), *range(0x41, 0x4F), *range(0xC8, 0xD8), 0xDB, 0xDC, 0xDD, 0xDF))
"""Tags of APDUs that protect others."""
OWN_TRANSACTION_ID_OCTETS: Final = 8
DATE_TIME_OCTETS: Final = (0, 12)

Simple = Callable[[bytes], tuple[bytes, Ciphering, int]]
"""Opens a layer that is not general protection's: the APDU in it, its form, its security control."""


class EnvelopeProtection:
    """General protection at one end of an association."""

    __slots__ = ("_asked", "_close_simple", "_layers", "_security")

    def __init__(
        self, security: Callable[[], Security], entropy: Entropy, close_simple: Callable[[bytes, Ciphering, int], bytes]
    ) -> None:
        self._security = security
        self._layers = ProtectionLayers(security, entropy)
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
                apdu = self._layers.sign(apdu, transaction_id, peer_system_title).encode()
            else:
                if layer is Layer.BROADCAST and envelope.transaction_id:
                    layer = Layer.IDENTIFIED  # an answer is for one
                apdu = self._layers.encipher(apdu, layer, control, transaction_id, peer_system_title).encode()
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
                octets, layer, control = self._layers.open(apdu)
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


def _decoded(octets: bytes) -> Header:
    return decode_general_signing(octets) if octets[0] == GENERAL_SIGNING else decode_general_ciphering(octets)
