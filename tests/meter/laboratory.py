"""The security laboratory meters, and clients with every key that they may need."""

from __future__ import annotations

from dataclasses import replace

from ferraris.client import ClientSettings
from ferraris.cosem import SecuritySuite
from ferraris.dlms import (
    AssociationSettings,
    CertificateStore,
    CipherKeys,
    KeyPairs,
    KeyPurpose,
    PrivateKey,
    Security,
    curve_of_suite,
)
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter.device import LogicalDevice
from ferraris.meter.security import MADE_AT_S, fleet_authority
from tests.meter.clients import HEADEND_TITLE, NoGuard, RisingCounters
from tests.meter.steady import MONDAY_MS

SAPS = {
    Mechanism.HLS: 32,
    Mechanism.HLS_MD5: 33,
    Mechanism.HLS_SHA1: 34,
    Mechanism.HLS_GMAC: 35,
    Mechanism.HLS_SHA256: 36,
    Mechanism.HLS_ECDSA: 37,
}
"""In the ciphered context; 16 more in the plain one."""
SUITES = tuple(SecuritySuite)


def profile_of(suite: SecuritySuite) -> str:
    return f"security_suite_{int(suite)}"


def client_key(suite: SecuritySuite, purpose: KeyPurpose) -> PrivateKey:
    """One of the head-end's key pairs."""
    return PrivateKey.generate(curve_of_suite(suite), SeededEntropy(f"head-end {purpose.value}"))


def client_certificate(suite: SecuritySuite, purpose: KeyPurpose) -> bytes:
    """The certificate of the head-end's key pair."""
    return fleet_authority(1, suite).issue(HEADEND_TITLE, client_key(suite, purpose).point, purpose, MADE_AT_S)


def know_client(device: LogicalDevice) -> None:
    """Give the meter the head-end's certificates, as the works would."""
    for purpose in (KeyPurpose.SIGNING, KeyPurpose.AGREEMENT):
        device.security.import_certificate(client_certificate(device.security.suite, purpose))


def client_security(device: LogicalDevice, **changes: object) -> Security:
    """All keys that the head-end shares with the meter or knows of it."""
    keys, suite = device.keys, device.model.profile.security_suite
    security = Security(
        HEADEND_TITLE,
        CipherKeys(keys.encryption_key, keys.authentication_key, suite),
        RisingCounters(),
        NoGuard(),
        peer_system_title=device.identity.system_title,
        master_key=keys.master_key,
    )
    if suite is not SecuritySuite.SUITE_0:
        authority = fleet_authority(1, suite).certificate
        held = CertificateStore(curve_of_suite(suite), [authority], lambda: MONDAY_MS // 1000)
        for certificate in device.security.certificates.certificates:
            if certificate.system_title == device.identity.system_title:
                held.take(certificate.octets)
        own = [client_key(suite, purpose) for purpose in (KeyPurpose.SIGNING, KeyPurpose.AGREEMENT)]
        security = replace(security, key_pairs=KeyPairs(held, *own))
    return replace(security, **changes)  # type: ignore[arg-type]


def client(
    device: LogicalDevice, mechanism: Mechanism = Mechanism.HLS_GMAC, *, plain: bool = False, **changes: object
) -> ClientSettings:
    """Settings of the head-end's client for one mechanism."""
    association = AssociationSettings(
        mechanism,
        device.keys.lls_secret or b"",
        client_security(device, **changes),
        plain_context=plain,
    )
    return ClientSettings(association, client_sap=SAPS[mechanism] + 16 * plain)
