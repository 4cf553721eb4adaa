"""How a head-end changes a meter's keys, secrets and certificates through its Security setup, one association at a time.

A change of keys has a moment at which nobody knows: the request is out, and the link dies before the answer. The meter has
the new key then, or still the old one. So whoever changes a key writes the new one down before it is sent, beside the old
one, and forgets neither until the meter has shown which it has: `key_in_use` tries the new one, then the old.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from ferraris.client.association import ClientAssociation
from ferraris.codec import Data, Tag
from ferraris.cosem import (
    AssociationLn,
    CertificateEntity,
    CertificateIdentification,
    CertificateIdentificationType,
    CertificateType,
    KeyData,
    KeyId,
    Obis,
    SecurityPolicy,
    SecuritySetup,
)
from ferraris.dlms import (
    CertificateAuthority,
    CipherKeys,
    KeyPurpose,
    PrivateKey,
    Security,
    algorithm_id,
    curve_of_suite,
    derive_key,
    offer,
    offered_point,
    requested_point,
    wrap_key,
)
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import AuthenticationError, RemoteProtocolError, SecurityError

SECURITY_SETUP = Obis.parse("0.0.43.0.0.255")
CURRENT_ASSOCIATION = Obis.parse("0.0.40.0.0.255")
TYPES = {
    KeyPurpose.SIGNING: CertificateType.DIGITAL_SIGNATURE,
    KeyPurpose.AGREEMENT: CertificateType.KEY_AGREEMENT,
}


def with_keys(security: Security, keys: Mapping[KeyId, bytes]) -> Security:
    """The security with these keys in the place of those that it has."""
    old = security.keys
    ciphers = CipherKeys(
        keys.get(KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY, old.encryption_key),
        keys.get(KeyId.GLOBAL_AUTHENTICATION_KEY, old.authentication_key),
        old.suite,
    )
    return replace(security, keys=ciphers, master_key=keys.get(KeyId.MASTER_KEY, security.master_key))


async def transfer_keys(client: ClientAssociation, security: Security, keys: Mapping[KeyId, bytes]) -> Security:
    """Give the meter new keys, wrapped under its master key, and go on under them. The security that holds from then on.

    Raises RefusedError when the meter keeps the old ones; after a LinkError nobody knows which it has: see `key_in_use`.
    """
    if security.master_key is None:
        raise SecurityError("the meter's master key is not known", expected="the key that wraps others")
    items = tuple(KeyData(key_id, wrap_key(security.master_key, key)) for key_id, key in keys.items())
    await client.invoke(SecuritySetup.key_transfer, SECURITY_SETUP, items)
    return _renewed(client, security, keys)


async def agree_keys(
    client: ClientAssociation, security: Security, meter: bytes, key_ids: tuple[KeyId, ...], entropy: Entropy
) -> Security:
    """Agree new keys with the meter of this system title by C(2e, 0s), and go on under them.

    Raises AuthenticationError when the answer is not signed by the meter: its keys are unknown then, as after a LinkError, and
    only the master key or its certificate lead back to it.
    """
    pairs = security.key_pairs
    if pairs is None:
        raise SecurityError("without key pairs no key can be agreed", expected="those of suite 1 or 2")
    curve = curve_of_suite(security.suite)
    ephemerals = {key_id: PrivateKey.generate(curve, entropy) for key_id in key_ids}
    items = tuple(KeyData(key_id, offer(key_id, key, pairs.own_signing)) for key_id, key in ephemerals.items())
    answers = await client.invoke(SecuritySetup.key_agreement, SECURITY_SETUP, items)
    if answers is None or [answer.key_id for answer in answers] != list(key_ids):
        raise RemoteProtocolError("the meter agrees other keys than asked for", expected=[key.name for key in key_ids])
    keys = {}
    for answer in answers:
        point = offered_point(answer.key_id, answer.key_data, pairs.peers.signing_point(meter))
        algorithm = algorithm_id(security.suite, pairs.algorithm_arcs, answer.key_id)
        secret = ephemerals[answer.key_id].shared_secret(point)
        keys[answer.key_id] = derive_key(secret, algorithm, security.system_title, meter, security.suite)
    return _renewed(client, security, keys)


def _renewed(client: ClientAssociation, security: Security, keys: Mapping[KeyId, bytes]) -> Security:
    renewed = with_keys(security, keys)
    client.renew(renewed)
    return renewed


async def key_in_use(try_under: Callable[[Security], Awaitable[object]], new: Security, old: Security) -> Security:
    """Which of the two the meter has, once its fate is unknown: `try_under` associates, and raises AuthenticationError.

    Other errors tell nothing about the key and go through. AuthenticationError when it is neither.
    """
    for security in (new, old):
        try:
            await try_under(security)
        except AuthenticationError:
            continue
        return security
    raise AuthenticationError("the meter has neither the new key nor the old one", expected="one of the two")


async def activate_policy(client: ClientAssociation, policy: SecurityPolicy) -> None:
    """A stronger security policy. Raises RefusedError for one that is not."""
    await client.invoke(SecuritySetup.security_activate, SECURITY_SETUP, policy)


async def change_hls_secret(client: ClientAssociation, secret: bytes, master_key: bytes | None = None) -> None:
    """A new LLS or HLS secret for the association in use: as it is in an encrypted one, else wrapped under the master key."""
    octets = secret if master_key is None else wrap_key(master_key, secret)
    await client.invoke(AssociationLn.change_hls_secret, CURRENT_ASSOCIATION, octets)


async def renew_key_pair(
    client: ClientAssociation, meter: bytes, purpose: KeyPurpose, authority: CertificateAuthority, now_s: int
) -> bytes:
    """Have the meter make a new key pair, certify it, and bring it into use. The certificate.

    The old pair stays in use until the certificate is in the meter: a link that dies in between costs nothing but a repetition.
    """
    await client.invoke(SecuritySetup.generate_key_pair, SECURITY_SETUP, TYPES[purpose])
    request = await client.invoke(SecuritySetup.generate_certificate_request, SECURITY_SETUP, TYPES[purpose])
    certificate = authority.issue(meter, requested_point(request or b"", meter), purpose, now_s)
    await import_certificate(client, certificate)
    return certificate


async def import_certificate(client: ClientAssociation, certificate: bytes) -> None:
    """Have the meter believe a certificate, its own or another's."""
    await client.invoke(SecuritySetup.import_certificate, SECURITY_SETUP, certificate)


async def export_certificate(client: ClientAssociation, identification: CertificateIdentification) -> bytes:
    """A certificate that the meter has."""
    return await client.invoke(SecuritySetup.export_certificate, SECURITY_SETUP, identification) or b""


async def remove_certificate(client: ClientAssociation, identification: CertificateIdentification) -> None:
    """Have the meter believe a certificate no longer."""
    await client.invoke(SecuritySetup.remove_certificate, SECURITY_SETUP, identification)


def by_holder(entity: CertificateEntity, purpose: KeyPurpose, system_title: bytes) -> CertificateIdentification:
    """Names a certificate by who holds it and what for."""
    members = (
        Data(Tag.ENUM, int(entity)),
        Data(Tag.ENUM, int(TYPES[purpose])),
        Data(Tag.OCTET_STRING, system_title),
    )
    return CertificateIdentification(CertificateIdentificationType.BY_ENTITY, Data(Tag.STRUCTURE, members))


def by_serial_number(serial_number: bytes, issuer: bytes) -> CertificateIdentification:
    """Names a certificate by its number, as the meter lists it."""
    members = (Data(Tag.OCTET_STRING, serial_number), Data(Tag.OCTET_STRING, issuer))
    return CertificateIdentification(CertificateIdentificationType.BY_SERIAL_NUMBER, Data(Tag.STRUCTURE, members))
