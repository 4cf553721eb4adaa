"""Opens ciphered APDUs with the keys that whoever inspects has, and says what was and what was not verified.

Where keys are missing the APDU stays closed, with a warning. Where only the authentication key is missing the text can be
read but not verified: it is shown, with a warning.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from ferraris.cosem import SecuritySuite
from ferraris.dlms.apdu import (
    AgreedKey,
    CipheredApdu,
    GeneralCiphering,
    GeneralDedicatedCiphering,
    GeneralGlobalCiphering,
    GeneralSigning,
    IdentifiedKey,
    KeyInfo,
    ServiceCiphered,
    WrappedKey,
)
from ferraris.dlms.ciphering import (
    HEADER_OCTETS,
    SYSTEM_TITLE_OCTETS,
    TAG_OCTETS,
    CipherKeys,
    SecurityControl,
    unwrap_key,
)
from ferraris.dlms.elliptic import P_256, curve_of, is_on_curve, verify_signature
from ferraris.dlms.inspect.framing import Layer
from ferraris.dlms.inspect.keys import InspectionKeys
from ferraris.dlms.key_agreement import AlgorithmArcs, algorithm_id, derive_key, shared_secret, static_party_u
from ferraris.dlms.protection_layers import ONE_PASS, STATIC_UNIFIED, header_octets
from ferraris.kernel.errors import AuthenticationError, DecodeError, SecurityError

SUITES: Final = {16: SecuritySuite.SUITE_0, 32: SecuritySuite.SUITE_2}
"""By the octets of their keys; which suite of 16 octets it is stands in the APDU's security control."""
CipheredWithKey = ServiceCiphered | GeneralGlobalCiphering | GeneralDedicatedCiphering | GeneralCiphering


class Opened(NamedTuple):
    """A layer of protection, and the APDU inside it if it could be opened."""

    layer: Layer
    plain: bytes | None


def open_ciphered(apdu: CipheredApdu, keys: InspectionKeys) -> Opened:
    """Take one layer of protection off. Raises DecodeError, AuthenticationError or SecurityError for one that does not hold."""
    layer: Layer = {"layer": type(apdu).__name__, "warnings": []}
    if isinstance(apdu, GeneralSigning):
        layer |= {name: getattr(apdu, name).hex() for name in apdu.__slots__}
        layer["verified"] = _is_signed(apdu, header_octets(apdu) + apdu.content, apdu.signature, keys)
        if not layer["verified"]:
            layer["warnings"].append("the signature was not verified")
        return Opened(layer, apdu.content)
    if isinstance(apdu, ServiceCiphered):
        layer["tag_octet"] = apdu.tag
        if apdu.dedicated:
            keys = replace(keys, encryption_key=keys.dedicated_key)
    elif isinstance(apdu, GeneralCiphering):
        keys = _enter_general(apdu, keys, layer)
    else:
        layer["system_title"] = apdu.system_title.hex()
        if apdu.system_title:
            keys = replace(keys, system_title=apdu.system_title)
        if isinstance(apdu, GeneralDedicatedCiphering):
            keys = replace(keys, encryption_key=keys.dedicated_key)
    return Opened(layer, _open(apdu, keys, layer))


def _open(
    apdu: CipheredWithKey,
    keys: InspectionKeys,
    layer: Layer,
) -> bytes | None:
    octets = apdu.octets
    if len(octets) < HEADER_OCTETS:
        raise DecodeError("a protected APDU is cut short", expected=HEADER_OCTETS, got=len(octets), offset=len(octets))
    control = octets[0]
    layer["security_control"] = f"{control:02x}"
    layer["invocation_counter"] = int.from_bytes(octets[1:HEADER_OCTETS], "big")
    if keys.system_title and len(keys.system_title) != SYSTEM_TITLE_OCTETS:
        got = len(keys.system_title)
        raise SecurityError("a system title has a wrong size", expected=f"{SYSTEM_TITLE_OCTETS} octets", got=got)
    authenticated = bool(control & SecurityControl.AUTHENTICATED)
    if authenticated:
        layer["tag"] = octets[-TAG_OCTETS:].hex()
    layer["protected"] = octets[HEADER_OCTETS : len(octets) - TAG_OCTETS * authenticated].hex()
    if len(keys.encryption_key) not in SUITES or not keys.system_title:
        return _closed(octets, keys, layer)
    if authenticated and not keys.authentication_key:
        layer["verified"] = False
        layer["warnings"].append("no authentication key: the authentication tag was not verified")
        return _unverified(octets, keys, layer)
    suite = SUITES[len(keys.encryption_key)]
    cipher_keys = CipherKeys(keys.encryption_key, keys.authentication_key, suite)
    plain = _unprotected(apdu, cipher_keys, keys.system_title, layer)
    layer["verified"] = authenticated
    layer["plain"] = plain.hex()
    return plain


def _unprotected(apdu: CipheredWithKey, cipher_keys: CipherKeys, system_title: bytes, layer: Layer) -> bytes:
    """The APDU whose tag holds; that of general ciphering covers the header or not, and which of them is seen by trying."""
    try:
        return cipher_keys.unprotect(system_title, apdu.octets).apdu
    except AuthenticationError:
        if not isinstance(apdu, GeneralCiphering):
            raise
        bound = cipher_keys.bound_to(header_octets(apdu))
        plain = bound.unprotect(system_title, apdu.octets).apdu
        layer["tag_covers_header"] = True
        return plain


def _is_signed(apdu: GeneralSigning | GeneralCiphering, message: bytes, signature: bytes, keys: InspectionKeys) -> bool:
    """Whether the sender's key is known. Raises AuthenticationError when the signature is not its."""
    point = keys.signing_point(apdu.originator_system_title)
    if point:
        verify_signature(point, signature, message)
    return bool(point)


def _closed(octets: bytes, keys: InspectionKeys, layer: Layer) -> bytes | None:
    """No key: only an APDU that is not encrypted can be read."""
    if not octets[0] & SecurityControl.ENCRYPTED:
        layer["verified"] = False
        if octets[0] & SecurityControl.AUTHENTICATED:
            layer["warnings"].append("no keys: the authentication tag was not verified")
        return _unverified(octets, keys, layer)
    lacking = "no system title of the sender" if keys.encryption_key else "no key of 16 or 32 octets"
    layer["warnings"].append(f"{lacking}: not deciphered")
    return None


def _unverified(octets: bytes, keys: InspectionKeys, layer: Layer) -> bytes:
    """The text without its tag, if it has one, deciphered if need be: counter mode does not need the tag."""
    if not octets[0] & SecurityControl.AUTHENTICATED:
        layer["plain"] = octets[HEADER_OCTETS:].hex()
        return octets[HEADER_OCTETS:]
    if len(octets) < HEADER_OCTETS + TAG_OCTETS:
        raise DecodeError(
            "a tag is cut short", expected=HEADER_OCTETS + TAG_OCTETS, got=len(octets), offset=len(octets)
        )
    plain = octets[HEADER_OCTETS:-TAG_OCTETS]
    if octets[0] & SecurityControl.ENCRYPTED:
        encrypted_only = bytes((SecurityControl.ENCRYPTED,)) + octets[1:-TAG_OCTETS]
        suite = SUITES[len(keys.encryption_key)]
        plain = CipherKeys(keys.encryption_key, suite=suite).unprotect(keys.system_title, encrypted_only).apdu
    layer["plain"] = plain.hex()
    return plain


def _enter_general(apdu: GeneralCiphering, keys: InspectionKeys, layer: Layer) -> InspectionKeys:
    """Note the header of a general-ciphering APDU, and find the key that it names."""
    for name in (
        "transaction_id",
        "originator_system_title",
        "recipient_system_title",
        "date_time",
        "other_information",
    ):
        layer[name] = getattr(apdu, name).hex()
    keys = replace(keys, system_title=apdu.originator_system_title)
    info = apdu.key_info
    if info is None:
        return keys
    layer["key_info"] = key_info_text(info)
    if isinstance(info, IdentifiedKey):
        return keys
    if isinstance(info, WrappedKey):
        layer["wrapped_key"] = info.key_ciphered_data.hex()
        key = unwrap_key(keys.key_encrypting_key, info.key_ciphered_data) if keys.key_encrypting_key else b""
        return replace(keys, encryption_key=key)
    return replace(keys, encryption_key=_agreed_key(apdu, info, keys, layer))


def _agreed_key(apdu: GeneralCiphering, info: AgreedKey, keys: InspectionKeys, layer: Layer) -> bytes:
    """The key of the one-pass or of the static agreement, or none."""
    layer |= split_key_material(info.key_ciphered_data)
    party_u, point = apdu.originator_system_title, b""
    if info.key_parameters == ONE_PASS and "ephemeral_public_key" in layer:
        point = bytes.fromhex(layer["ephemeral_public_key"])
    elif info.key_parameters == STATIC_UNIFIED:
        point, party_u = keys.agreement_public_key, static_party_u(party_u, apdu.transaction_id)
    if not point or not keys.static_private_key:
        layer["warnings"].append("no private key for this key agreement")
        return b""
    if info.key_parameters == ONE_PASS and not _is_signed(apdu, point, bytes.fromhex(layer["signature"]), keys):
        layer["warnings"].append("the signature of the ephemeral key was not verified")
    secret = shared_secret(keys.static_private_key, point)
    suite = SecuritySuite.SUITE_1 if curve_of(point).octets == P_256.octets else SecuritySuite.SUITE_2
    algorithm = keys.kdf_algorithm_id or algorithm_id(suite, AlgorithmArcs.LATER)
    layer["kdf_algorithm_id"] = algorithm.hex()
    return derive_key(secret, algorithm, party_u, apdu.recipient_system_title, suite)


def key_info_text(info: KeyInfo) -> str:
    """The key information in words."""
    if isinstance(info, IdentifiedKey):
        return (
            f"identified-key, {('global unicast', 'global broadcast')[info.key_id] if info.key_id < 2 else info.key_id}"
        )
    if isinstance(info, WrappedKey):
        return f"wrapped-key, under key {info.kek_id}"
    return f"agreed-key, parameters {info.key_parameters.hex()}"


def split_key_material(octets: bytes) -> dict[str, str]:
    """Key-ciphered-data of a key agreement: an ephemeral public key and its signature, if the key is a point of its curve."""
    half = len(octets) // 2
    if half not in (64, 96) or len(octets) != 2 * half or not is_on_curve(octets[:half]):
        return {}
    return {
        "curve": curve_of(octets[:half]).name,
        "ephemeral_public_key": octets[:half].hex(),
        "signature": octets[half:].hex(),
    }
