"""Protection of COSEM data: layers around a value, between who asks for it and the meter, whatever carries it (class 30).

The layers are those of general protection, and so are their keys. What a general-ciphering APDU says in its header stands in
the protection parameters beside the octets, but for the date-time. A tag covers it, each field with its length; so does a
signature, and the signature stands behind the content. The parameters stand in the order in which the layers are put on.
Public sources say none of this with certainty.

Invocation counters make no replay known here: the APDU that carries a value was closed after it and is opened before. The
transaction id does, in the parameters of every layer the same; so a request needs a layer that vouches for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ferraris.codec import Data, Tag
from ferraris.cosem import AccessMode, SecuritySuite
from ferraris.cosem.classes.protection_parameters import (
    KeyInfo,
    KeyInfoType,
    ProtectionOptions,
    ProtectionParameters,
    ProtectionType,
)
from ferraris.dlms.apdu import AgreedKey, GeneralCiphering, GeneralSigning, IdentifiedKey, WrappedKey
from ferraris.dlms.apdu import KeyInfo as ApduKeyInfo
from ferraris.dlms.ciphering import SYSTEM_TITLE_OCTETS, SecurityControl
from ferraris.dlms.elliptic import curve_of_suite
from ferraris.dlms.general_protection import OWN_TRANSACTION_ID_OCTETS
from ferraris.dlms.protection_layers import ONE_PASS, STATIC_UNIFIED, Header, ProtectionLayers
from ferraris.dlms.settings import Layer, Security
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError, DecodeError, SecurityError
from ferraris.kernel.limits import OTHER_INFORMATION_OCTETS_MAX, PROTECTION_DEPTH_MAX, TRANSACTION_ID_OCTETS_MAX

CLAUSE: Final = "Blue Book 4.4.9, data protection"
CONTROLS: Final = {
    ProtectionType.AUTHENTICATION: SecurityControl.AUTHENTICATED,
    ProtectionType.ENCRYPTION: SecurityControl.ENCRYPTED,
    ProtectionType.AUTHENTICATION_AND_ENCRYPTION: SecurityControl.AUTHENTICATED_ENCRYPTED,
}
_STRENGTHS: Final = {
    ProtectionType.AUTHENTICATION: AccessMode.AUTHENTICATED_REQUEST,
    ProtectionType.ENCRYPTION: AccessMode.ENCRYPTED_REQUEST,
    ProtectionType.AUTHENTICATION_AND_ENCRYPTION: AccessMode.AUTHENTICATED_REQUEST | AccessMode.ENCRYPTED_REQUEST,
    ProtectionType.DIGITAL_SIGNATURE: AccessMode.DIGITALLY_SIGNED_REQUEST,
}
_AGREEMENTS: Final = {ONE_PASS: Layer.ONE_PASS, STATIC_UNIFIED: Layer.STATIC_UNIFIED}


@dataclass(frozen=True, slots=True)
class DataLayer:
    """What one layer does, and by which key."""

    kind: ProtectionType
    key: Layer = Layer.IDENTIFIED

    @classmethod
    def signed(cls) -> DataLayer:
        """A signature."""
        return cls(ProtectionType.DIGITAL_SIGNATURE, Layer.SIGNED)


class ProtectedOctets(NamedTuple):
    """Data in its layers."""

    parameters: tuple[ProtectionParameters, ...]
    octets: bytes


def strength_of(layers: Sequence[DataLayer]) -> int:
    """What the layers protect by, in the bits of an access mode for requests."""
    strength = 0
    for layer in layers:
        strength |= _STRENGTHS[layer.kind]
    return strength


def layers_of(parameters: Sequence[ProtectionParameters]) -> tuple[DataLayer, ...]:
    """The layers that the parameters name. Raises SecurityError, DecodeError for ones that there are not."""
    if not 0 < len(parameters) <= PROTECTION_DEPTH_MAX:
        raise DecodeError("so many layers", expected=f"1 to {PROTECTION_DEPTH_MAX}", got=len(parameters), clause=CLAUSE)
    return tuple(DataLayer(one.protection_type, _key_of(one)) for one in parameters)


def parameters_for(
    layers: Sequence[DataLayer], recipient: bytes, transaction_id: bytes
) -> tuple[ProtectionParameters, ...]:
    """Parameters that ask a meter to protect what it sends: who it is for, and by keys of which kind."""
    return tuple(
        ProtectionParameters(
            layer.kind, ProtectionOptions(transaction_id, b"", recipient, b"", _key_info(_template(layer.key)))
        )
        for layer in layers
    )


class DataProtector:
    """Puts layers of protection around data at one end, and takes them off."""

    __slots__ = ("_layers", "_security")

    def __init__(self, security: Security, entropy: Entropy) -> None:
        self._security = security
        always = replace(security, tag_covers_header=True)
        self._layers = ProtectionLayers(lambda: always, entropy, _covered, counted=False)

    def new_transaction_id(self) -> bytes:
        """One that was never given before."""
        return self._security.counters.take().to_bytes(OWN_TRANSACTION_ID_OCTETS, "big")

    def protect(
        self, data: bytes, layers: Sequence[DataLayer], recipient: bytes, transaction_id: bytes
    ) -> ProtectedOctets:
        """The data in all the layers, the first one innermost. Raises SecurityError when a key is missing."""
        parameters = []
        for layer in layers:
            header: Header
            if layer.kind is ProtectionType.DIGITAL_SIGNATURE:
                header = self._layers.sign(data, transaction_id, recipient)
                data, info = header.content + header.signature, _template(Layer.IDENTIFIED)
            else:
                header = self._layers.encipher(data, layer.key, CONTROLS[layer.kind], transaction_id, recipient)
                data, info = header.octets, header.key_info or _template(Layer.IDENTIFIED)
            options = ProtectionOptions(transaction_id, self._security.system_title, recipient, b"", _key_info(info))
            parameters.append(ProtectionParameters(layer.kind, options))
        return ProtectedOctets(tuple(parameters), data)

    def open_request(self, parameters: Sequence[ProtectionParameters], octets: bytes) -> bytes:
        """The data of a request that is new. Raises AuthenticationError, SecurityError, DecodeError."""
        options = _common(parameters)
        data = self._open(parameters, octets)
        vouched = AccessMode.AUTHENTICATED_REQUEST | AccessMode.DIGITALLY_SIGNED_REQUEST
        if not strength_of(layers_of(parameters)) & vouched:
            raise AuthenticationError("nothing vouches for a transaction id", expected="a tag or a signature")
        number = int.from_bytes(options.transaction_id, "big")
        self._security.transactions.accept(options.originator_system_title, number)
        return data

    def open_answer(
        self, parameters: Sequence[ProtectionParameters], octets: bytes, originator: bytes, transaction_id: bytes
    ) -> bytes:
        """The data of the answer to a transaction of ours. Raises AuthenticationError, SecurityError, DecodeError."""
        options = _common(parameters)
        if (options.originator_system_title, options.transaction_id) != (originator, transaction_id):
            raise AuthenticationError(
                "data of another originator or transaction",
                expected=f"{originator.hex()}, {transaction_id.hex()}",
                got=f"{options.originator_system_title.hex()}, {options.transaction_id.hex()}",
                clause=CLAUSE,
            )
        return self._open(parameters, octets)

    def _open(self, parameters: Sequence[ProtectionParameters], octets: bytes) -> bytes:
        own = self._security.system_title
        if _common(parameters).recipient_system_title != own:
            raise AuthenticationError("data for another system title", expected=own.hex(), clause=CLAUSE)
        for one, layer in zip(reversed(parameters), reversed(layers_of(parameters)), strict=True):
            header = self._signing(one, octets) if layer.key is Layer.SIGNED else _ciphering(one, octets)
            octets, _, control = self._layers.open(header)
            if control & SecurityControl.AUTHENTICATED_ENCRYPTED != CONTROLS.get(layer.kind, 0):
                raise AuthenticationError("data protected otherwise than told", got=f"{control:#04x}", clause=CLAUSE)
        return octets

    def _signing(self, parameters: ProtectionParameters, octets: bytes) -> GeneralSigning:
        size = 2 * curve_of_suite(SecuritySuite(self._security.suite)).octets
        if len(octets) < size:
            raise DecodeError("signed data are cut short", expected=size, got=len(octets), clause=CLAUSE)
        return GeneralSigning(*_fields(parameters), octets[:-size], octets[-size:])


def _ciphering(parameters: ProtectionParameters, octets: bytes) -> GeneralCiphering:
    return GeneralCiphering(*_fields(parameters), _told_key(parameters.protection_options.key_info), octets)


def _fields(parameters: ProtectionParameters) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """The header of an APDU that would say what the parameters say."""
    options = parameters.protection_options
    titles = options.originator_system_title, options.recipient_system_title
    return options.transaction_id, *titles, b"", options.other_information


def _common(parameters: Sequence[ProtectionParameters]) -> ProtectionOptions:
    """What all layers say alike: transaction, originator, recipient. Raises DecodeError when they don't."""
    layers_of(parameters)
    options = parameters[0].protection_options
    said = options.transaction_id, options.originator_system_title, options.recipient_system_title
    for other in (one.protection_options for one in parameters):
        if (other.transaction_id, other.originator_system_title, other.recipient_system_title) != said:
            raise DecodeError("layers of different transactions", clause=CLAUSE)
        if len(other.other_information) > OTHER_INFORMATION_OCTETS_MAX:
            raise DecodeError("other information is too long", expected=OTHER_INFORMATION_OCTETS_MAX, clause=CLAUSE)
    if not 0 < len(options.transaction_id) <= TRANSACTION_ID_OCTETS_MAX:
        raise DecodeError("a transaction id has a wrong size", expected="1 to 8 octets", clause=CLAUSE)
    if len(options.originator_system_title) != SYSTEM_TITLE_OCTETS:
        raise DecodeError("a system title has a wrong size", expected=SYSTEM_TITLE_OCTETS, clause=CLAUSE)
    return options


def _covered(header: Header) -> bytes:
    fields = (
        header.transaction_id,
        header.originator_system_title,
        header.recipient_system_title,
        header.other_information,
    )
    return b"".join(bytes((len(field),)) + field for field in fields)


def _template(key: Layer) -> ApduKeyInfo:
    """The key information for a key that is still to be made."""
    if key is Layer.WRAPPED:
        return WrappedKey(0, b"")
    if key in (Layer.ONE_PASS, Layer.STATIC_UNIFIED):
        return AgreedKey(ONE_PASS if key is Layer.ONE_PASS else STATIC_UNIFIED, b"")
    return IdentifiedKey(int(key is Layer.BROADCAST))


def _key_info(info: ApduKeyInfo) -> KeyInfo:
    if isinstance(info, IdentifiedKey):
        kind, members = KeyInfoType.IDENTIFIED, [Data(Tag.ENUM, info.key_id)]
    elif isinstance(info, WrappedKey):
        kind = KeyInfoType.WRAPPED
        members = [Data(Tag.ENUM, info.kek_id), Data(Tag.OCTET_STRING, info.key_ciphered_data)]
    else:
        kind = KeyInfoType.AGREED
        members = [Data(Tag.OCTET_STRING, info.key_parameters), Data(Tag.OCTET_STRING, info.key_ciphered_data)]
    return KeyInfo(kind, Data(Tag.STRUCTURE, tuple(members)))


def _told_key(info: KeyInfo) -> ApduKeyInfo:
    """Raises DecodeError for members that are not those of the type."""
    members = info.key_info_options.value
    values = [one.value for one in members if isinstance(one, Data)] if isinstance(members, tuple) else []
    match info.key_info_type, values:
        case KeyInfoType.IDENTIFIED, [int() as key_id]:
            return IdentifiedKey(key_id)
        case KeyInfoType.WRAPPED, [int() as kek_id, bytes() as octets]:
            return WrappedKey(kek_id, octets)
        case KeyInfoType.AGREED, [bytes() as agreement, bytes() as octets]:
            return AgreedKey(agreement, octets)
    raise DecodeError("key information without its members", expected=info.key_info_type.name, clause=CLAUSE)


def _key_of(parameters: ProtectionParameters) -> Layer:
    if parameters.protection_type is ProtectionType.DIGITAL_SIGNATURE:
        return Layer.SIGNED
    info = _told_key(parameters.protection_options.key_info)
    if isinstance(info, IdentifiedKey):
        return Layer.IDENTIFIED if info.key_id == 0 else Layer.BROADCAST
    if isinstance(info, WrappedKey):
        return Layer.WRAPPED
    if info.key_parameters not in _AGREEMENTS:
        raise SecurityError("no such key agreement", expected="01 or 02", got=info.key_parameters.hex(), clause=CLAUSE)
    return _AGREEMENTS[info.key_parameters]
