"""Pushes in layers of general protection, as the protection parameters of a push setup ask for.

The parameters stand in the order in which the layers are put on: the first is the innermost. Each is general-ciphering, by the
global key or one that is wrapped or agreed, or general-signing. They are never weaker together than the sender's own policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ferraris.cosem.classes.protection_parameters import ProtectionParameters, ProtectionType
from ferraris.dlms.apdu import (
    GENERAL_CIPHERING,
    GENERAL_SIGNING,
    decode_general_ciphering,
    decode_general_signing,
)
from ferraris.dlms.ciphering import SYSTEM_TITLE_OCTETS, SecurityControl
from ferraris.dlms.data_protection import CONTROLS, layers_of, strength_of
from ferraris.dlms.general_protection import OWN_TRANSACTION_ID_OCTETS
from ferraris.dlms.protection import GENERAL_GLOBAL, Protection
from ferraris.dlms.protection_layers import ProtectionLayers
from ferraris.dlms.settings import Security
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import DecodeError, SecurityError

STRENGTH_SHIFT: Final = 2
"""From the bits of a security control to those of an access mode for requests."""


def protect_push_in_layers(
    apdu: bytes, parameters: Sequence[ProtectionParameters], security: Security, entropy: Entropy
) -> bytes:
    """A plain data-notification in its layers. Raises SecurityError for a missing key or counter, and for too weak layers."""
    layers = layers_of(parameters)
    needed = (security.closing_policy & SecurityControl.AUTHENTICATED_ENCRYPTED) >> STRENGTH_SHIFT
    if needed & ~strength_of(layers):
        raise SecurityError("a push would be protected less than the policy asks", expected=f"{needed:#04x}")
    protection = ProtectionLayers(lambda: security, entropy)
    transaction_id = security.counters.take().to_bytes(OWN_TRANSACTION_ID_OCTETS, "big")
    for layer, parameter in zip(layers, parameters, strict=True):
        recipient = parameter.protection_options.recipient_system_title
        if layer.kind is ProtectionType.DIGITAL_SIGNATURE:
            apdu = protection.sign(apdu, transaction_id, recipient).encode()
        else:
            control = CONTROLS[layer.kind]
            apdu = protection.encipher(apdu, layer.key, control, transaction_id, recipient).encode()
    return apdu


def open_push_in_layers(octets: bytes, security: Security, entropy: Entropy) -> bytes:
    """The data-notification out of its layers, from `security.peer_system_title`. Raises as `Protection.open`."""
    return Protection(security, entropy).open(octets).apdu


def sender_of(octets: bytes) -> bytes:
    """Who a push says that it is from, in whatever form; empty for octets that do not say it. Nothing of that is proved."""
    tag = octets[0] if octets else 0
    if tag == GENERAL_GLOBAL:
        return octets[2 : 2 + SYSTEM_TITLE_OCTETS] if octets[1:2] == bytes((SYSTEM_TITLE_OCTETS,)) else b""
    try:
        if tag == GENERAL_CIPHERING:
            return decode_general_ciphering(octets).originator_system_title
        return decode_general_signing(octets).originator_system_title if tag == GENERAL_SIGNING else b""
    except DecodeError:
        return b""
