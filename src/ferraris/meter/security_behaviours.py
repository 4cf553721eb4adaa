"""What the methods of Security setup and `change_hls_secret` do: each an administration of the meter's security.

A refusal says no more than that: whoever tries keys learns nothing from the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from ferraris.codec import Data
from ferraris.cosem import (
    POLICIES_OF_V0,
    AccessMode,
    AssociationLn,
    CertificateEntity,
    CertificateIdentification,
    CertificateIdentificationType,
    CertificateInfo,
    CertificateType,
    KeyData,
    SecurityPolicy,
    SecurityPolicyV0,
    SecuritySetup,
)
from ferraris.cosem.types import OCTET_STRING
from ferraris.dlms import Certificate, KeyPurpose, unwrap_key
from ferraris.kernel.errors import SecurityError
from ferraris.meter.behaviours import CosemObjectView, Outcome, behaviour
from ferraris.meter.changes import Administer
from ferraris.meter.security import MeterSecurity

PURPOSES: Final = {
    CertificateType.DIGITAL_SIGNATURE: KeyPurpose.SIGNING,
    CertificateType.KEY_AGREEMENT: KeyPurpose.AGREEMENT,
}
TYPES: Final = {
    KeyPurpose.SIGNING: CertificateType.DIGITAL_SIGNATURE,
    KeyPurpose.AGREEMENT: CertificateType.KEY_AGREEMENT,
    KeyPurpose.AUTHORITY: CertificateType.OTHER,
}


class Administrator(Protocol):
    """The client on whose behalf the meter's security is changed."""

    @property
    def name(self) -> str:
        """Of its association."""
        ...

    @property
    def system_title(self) -> bytes: ...

    @property
    def protection(self) -> int:
        """Of its request, in the bits of an access mode."""
        ...


Operation = Callable[[MeterSecurity, Administrator], bytes | None]


def _administered(operation: Operation) -> Outcome:
    return Outcome((Administer(operation),))


@behaviour(SecuritySetup.security_activate)
def security_activate(setup: CosemObjectView, policy: SecurityPolicy | int, now_ms: int) -> Outcome:
    """The argument of version 0 is a number, that of version 1 bits."""

    def activate(security: MeterSecurity, client: Administrator) -> None:
        if not isinstance(policy, SecurityPolicy):
            if policy not in list(SecurityPolicyV0):
                raise SecurityError("no such security policy", expected="0 to 3", got=policy)
            security.activate(POLICIES_OF_V0[SecurityPolicyV0(policy)])
        else:
            security.activate(policy)

    return _administered(activate)


@behaviour(SecuritySetup.key_transfer)
def key_transfer(setup: CosemObjectView, keys: tuple[KeyData, ...], now_ms: int) -> Outcome:
    return _administered(lambda security, client: security.transfer(keys))


@behaviour(SecuritySetup.key_agreement)
def key_agreement(setup: CosemObjectView, keys: tuple[KeyData, ...], now_ms: int) -> Outcome:
    result = SecuritySetup.key_agreement.result
    assert result is not None
    return _administered(lambda security, client: result.encode(security.agree(keys, client.system_title)))


@behaviour(SecuritySetup.generate_key_pair)
def generate_key_pair(setup: CosemObjectView, kind: CertificateType, now_ms: int) -> Outcome:
    return _administered(lambda security, client: security.generate_key_pair(_purpose(kind)))


@behaviour(SecuritySetup.generate_certificate_request)
def generate_certificate_request(setup: CosemObjectView, kind: CertificateType, now_ms: int) -> Outcome:
    return _administered(lambda security, client: OCTET_STRING.encode(security.certificate_request(_purpose(kind))))


@behaviour(SecuritySetup.import_certificate)
def import_certificate(setup: CosemObjectView, octets: bytes, now_ms: int) -> Outcome:
    return _administered(lambda security, client: security.import_certificate(octets))


@behaviour(SecuritySetup.export_certificate)
def export_certificate(setup: CosemObjectView, identification: CertificateIdentification, now_ms: int) -> Outcome:
    return _administered(lambda security, client: OCTET_STRING.encode(_identified(security, identification).octets))


@behaviour(SecuritySetup.remove_certificate)
def remove_certificate(setup: CosemObjectView, identification: CertificateIdentification, now_ms: int) -> Outcome:
    return _administered(lambda security, client: security.remove_certificate(_identified(security, identification)))


@behaviour(AssociationLn.change_hls_secret)
def change_hls_secret(association: CosemObjectView, secret: bytes, now_ms: int) -> Outcome:
    """The secret of the association in which it is asked for; wrapped under the master key unless the request is encrypted."""

    def change(security: MeterSecurity, client: Administrator) -> None:
        octets = secret
        if not client.protection & AccessMode.ENCRYPTED_REQUEST:
            if security.master_key is None:
                raise SecurityError("a secret in the clear", expected="one wrapped under the master key")
            octets = unwrap_key(security.master_key, secret)
        security.change_secret(client.name, octets)

    return _administered(change)


def _purpose(kind: CertificateType) -> KeyPurpose:
    if kind not in PURPOSES:
        raise SecurityError("the meter has no such key pair", expected="digital signature or key agreement", got=kind)
    return PURPOSES[kind]


def _identified(security: MeterSecurity, identification: CertificateIdentification) -> Certificate:
    """The certificate named by entity, type and system title, or by serial number and issuer. Raises SecurityError."""
    members = identification.identification_options.value
    values = [member.value for member in members if isinstance(member, Data)] if isinstance(members, tuple) else []
    for certificate in security.certificates.certificates if security.key_pairs is not None else ():
        info = certificate_info(certificate, security)
        names: list[object] = [info.certificate_entity, info.certificate_type, certificate.system_title]
        if identification.identification_type is CertificateIdentificationType.BY_SERIAL_NUMBER:
            names = [info.serial_number, info.issuer]
        if names == values:
            return certificate
    raise SecurityError("the meter has no such certificate", expected="one that it lists", got=len(values))


def certificate_info(certificate: Certificate, security: MeterSecurity) -> CertificateInfo:
    """How the meter lists a certificate.

    The serial number is a big-endian number, issuer and subject are texts after RFC 4514, as Gurux has them: the public
    sources do not say more of their form.
    """
    serial = certificate.serial_number
    if certificate.purpose is KeyPurpose.AUTHORITY:
        entity = CertificateEntity.CERTIFICATION_AUTHORITY
    else:
        entity = CertificateEntity.SERVER if security.is_own(certificate) else CertificateEntity.CLIENT
    return CertificateInfo(
        entity,
        TYPES[certificate.purpose],
        serial.to_bytes((serial.bit_length() + 7) // 8, "big"),
        certificate.issuer.encode(),
        certificate.subject.encode(),
        b"",
    )


def listed_certificates(security: MeterSecurity) -> tuple[CertificateInfo, ...]:
    """The attribute `certificates`."""
    if security.key_pairs is None:
        return ()
    return tuple(certificate_info(one, security) for one in security.certificates.certificates)
