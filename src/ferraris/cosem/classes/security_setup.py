"""Security setup, class 64: security policy, suite and keys of the associations that refer to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Annotated, Final

from ferraris.codec import Data, Tag
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import ENUM, OCTET_STRING, Array, Choice, Enumerated, Flags, Structure


class SecurityPolicyV0(IntEnum):
    """How every message must be protected, in version 0."""

    NOTHING = 0
    AUTHENTICATED = 1
    ENCRYPTED = 2
    AUTHENTICATED_AND_ENCRYPTED = 3


class SecurityPolicy(IntFlag):
    """How requests and responses must be protected, in version 1: one bit each."""

    NOTHING = 0
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    DIGITALLY_SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    DIGITALLY_SIGNED_RESPONSE = 0x80


POLICIES_OF_V0: Final = {
    SecurityPolicyV0.NOTHING: SecurityPolicy.NOTHING,
    SecurityPolicyV0.AUTHENTICATED: SecurityPolicy.AUTHENTICATED_REQUEST | SecurityPolicy.AUTHENTICATED_RESPONSE,
    SecurityPolicyV0.ENCRYPTED: SecurityPolicy.ENCRYPTED_REQUEST | SecurityPolicy.ENCRYPTED_RESPONSE,
    SecurityPolicyV0.AUTHENTICATED_AND_ENCRYPTED: SecurityPolicy.AUTHENTICATED_REQUEST
    | SecurityPolicy.ENCRYPTED_REQUEST
    | SecurityPolicy.AUTHENTICATED_RESPONSE
    | SecurityPolicy.ENCRYPTED_RESPONSE,
}
"""What the policies of version 0 say, in the bits of version 1."""


class SecuritySuite(IntEnum):
    """The set of algorithms: AES-GCM-128; with ECDSA and ECDH on P-256; AES-GCM-256 with P-384."""

    SUITE_0 = 0
    SUITE_1 = 1
    SUITE_2 = 2


class KeyId(IntEnum):
    """The keys that a client can transfer or agree."""

    GLOBAL_UNICAST_ENCRYPTION_KEY = 0
    GLOBAL_BROADCAST_ENCRYPTION_KEY = 1
    GLOBAL_AUTHENTICATION_KEY = 2
    MASTER_KEY = 3


class CertificateEntity(IntEnum):
    """Whose certificate it is."""

    SERVER = 0
    CLIENT = 1
    CERTIFICATION_AUTHORITY = 2
    OTHER = 3


class CertificateType(IntEnum):
    """What the certificate's key is for."""

    DIGITAL_SIGNATURE = 0
    KEY_AGREEMENT = 1
    TLS = 2
    OTHER = 3


class CertificateIdentificationType(IntEnum):
    """By what a certificate is named."""

    BY_ENTITY = 0
    BY_SERIAL_NUMBER = 1


@dataclass(frozen=True, slots=True)
class KeyData:
    """A key by its name: wrapped under the master key for a transfer, public key and signature for an agreement."""

    key_id: Annotated[KeyId, Enumerated(KeyId)]
    key_data: Annotated[bytes, OCTET_STRING] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertificateInfo:
    """A certificate that the meter holds."""

    certificate_entity: Annotated[CertificateEntity, Enumerated(CertificateEntity)]
    certificate_type: Annotated[CertificateType, Enumerated(CertificateType)]
    serial_number: Annotated[bytes, OCTET_STRING]
    issuer: Annotated[bytes, OCTET_STRING]
    subject: Annotated[bytes, OCTET_STRING]
    subject_alt_name: Annotated[bytes, OCTET_STRING]


@dataclass(frozen=True, slots=True)
class CertificateIdentification:
    """Names a certificate: by entity, type and system title, or by serial number and issuer."""

    identification_type: Annotated[CertificateIdentificationType, Enumerated(CertificateIdentificationType)]
    identification_options: Annotated[Data, Choice(Tag.STRUCTURE)]


KEYS: Final = Array(Structure(KeyData))
CERTIFICATE_IDENTIFICATION: Final = Structure(CertificateIdentification)


class SecuritySetupV0(CosemObject, class_id=64, version=0):
    """Policy, suite, system titles and the transfer of keys. Blue Book 4.4.7."""

    security_policy = Attribute(2, Enumerated(SecurityPolicyV0), STATIC)
    security_suite = Attribute(3, Enumerated(SecuritySuite), STATIC)
    client_system_title = Attribute(4, OCTET_STRING, DYNAMIC)
    server_system_title = Attribute(5, OCTET_STRING, STATIC)

    security_activate = Method(1, ENUM)
    key_transfer = Method(2, KEYS)


class SecuritySetup(CosemObject, class_id=64, version=1):
    """The policy as bits; key agreement and certificates for suites 1 and 2. Blue Book 4.4.7."""

    security_policy = Attribute(2, Flags(SecurityPolicy), STATIC)
    security_suite = Attribute(3, Enumerated(SecuritySuite), STATIC)
    client_system_title = Attribute(4, OCTET_STRING, DYNAMIC)
    server_system_title = Attribute(5, OCTET_STRING, STATIC)
    certificates = Attribute(6, Array(Structure(CertificateInfo)), DYNAMIC)

    security_activate = Method(1, Flags(SecurityPolicy))
    key_transfer = Method(2, KEYS)
    key_agreement = Method(3, KEYS, KEYS)
    generate_key_pair = Method(4, Enumerated(CertificateType))
    generate_certificate_request = Method(5, Enumerated(CertificateType), OCTET_STRING)
    import_certificate = Method(6, OCTET_STRING)
    export_certificate = Method(7, CERTIFICATE_IDENTIFICATION, OCTET_STRING)
    remove_certificate = Method(8, CERTIFICATE_IDENTIFICATION)
