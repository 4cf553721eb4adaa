"""The methods of Security setup, called on the logical device: what they answer, and what they refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import (
    AccessMode,
    AssociationLn,
    CertificateEntity,
    CertificateIdentification,
    CertificateIdentificationType,
    CertificateType,
    KeyData,
    KeyId,
    SecurityPolicy,
    SecuritySetup,
    SecuritySuite,
)
from ferraris.cosem.types import OCTET_STRING
from ferraris.dlms import Certificate, KeyPurpose, wrap_key
from ferraris.dlms.apdu import ActionResult
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.security_behaviours import TYPES, certificate_info, listed_certificates
from tests.meter.clients import HEADEND_TITLE
from tests.meter.laboratory import know_client, profile_of
from tests.meter.steady import MONDAY_MS, device_of, partner

SETUP_TAG = "SECURITY_SETUP"
OTHER = ActionResult.OTHER_REASON


@pytest.fixture
def device(fleet: Fleet) -> LogicalDevice:
    made = device_of(fleet, profile=profile_of(SecuritySuite.SUITE_1))
    know_client(made)
    return made


def call(device: LogicalDevice, method, argument, tag: str = SETUP_TAG, protection: int = 0x0C):  # noqa: ANN001, ANN201 - any method
    """The action result, and the answer's octets."""
    moment = device.moment(MONDAY_MS + 3_600_000, replace(partner(), protection=protection))
    entry = device.model.profile.object(tag)
    result = device.invoke(entry, method.number, method.argument.encode(argument), moment)
    return result, moment.take_answer()


@pytest.mark.parametrize("kind", [CertificateType.DIGITAL_SIGNATURE, CertificateType.KEY_AGREEMENT])
def test_a_request_for_a_certificate_is_an_octet_string(device: LogicalDevice, kind: CertificateType) -> None:
    result, answer = call(device, SecuritySetup.generate_certificate_request, kind)
    assert result is ActionResult.SUCCESS
    assert OCTET_STRING.decode(answer)[:1] == b"\x30"


@pytest.mark.parametrize("kind", [CertificateType.TLS, CertificateType.OTHER])
def test_key_pairs_that_the_meter_does_not_have(device: LogicalDevice, kind: CertificateType) -> None:
    for method in (SecuritySetup.generate_key_pair, SecuritySetup.generate_certificate_request):
        assert call(device, method, kind) == (OTHER, None)


def test_the_list_names_all_that_are_believed(device: LogicalDevice) -> None:
    listed = listed_certificates(device.security)
    entities = [info.certificate_entity for info in listed]
    assert entities.count(CertificateEntity.CERTIFICATION_AUTHORITY) == 1
    assert entities.count(CertificateEntity.SERVER) == entities.count(CertificateEntity.CLIENT) == 2
    for info, certificate in zip(listed, device.security.certificates.certificates, strict=True):
        assert info == certificate_info(certificate, device.security)
        assert int.from_bytes(info.serial_number, "big") == certificate.serial_number
        assert info.certificate_type is TYPES[certificate.purpose]


def structure(*members: Data) -> Data:
    return Data(Tag.STRUCTURE, members)


@pytest.mark.parametrize(
    "options",
    [
        structure(),
        structure(Data(Tag.ENUM, 1)),
        structure(Data(Tag.ENUM, 1), Data(Tag.ENUM, 0), Data(Tag.OCTET_STRING, b"FER00099")),
        structure(Data(Tag.ENUM, 1), Data(Tag.ENUM, 2), Data(Tag.OCTET_STRING, HEADEND_TITLE)),
        structure(structure(), structure(), structure()),
    ],
)
@pytest.mark.parametrize("kind", CertificateIdentificationType)
def test_a_certificate_that_there_is_not(
    device: LogicalDevice, options: Data, kind: CertificateIdentificationType
) -> None:
    name = CertificateIdentification(kind, options)
    for method in (SecuritySetup.export_certificate, SecuritySetup.remove_certificate):
        assert call(device, method, name) == (OTHER, None)


def test_a_certificate_is_exported_by_its_number(device: LogicalDevice) -> None:
    own = device.security.certificates.find(device.identity.system_title, KeyPurpose.SIGNING)
    assert own is not None
    info = certificate_info(own, device.security)
    options = structure(Data(Tag.OCTET_STRING, info.serial_number), Data(Tag.OCTET_STRING, info.issuer))
    name = CertificateIdentification(CertificateIdentificationType.BY_SERIAL_NUMBER, options)
    result, answer = call(device, SecuritySetup.export_certificate, name)
    assert result is ActionResult.SUCCESS
    assert Certificate.parse(OCTET_STRING.decode(answer)) == own


def test_nobody_but_a_client_changes_keys(device: LogicalDevice) -> None:
    """A script acts with the meter's own rights, and still has no business with keys."""
    moment = device.moment(MONDAY_MS + 3_600_000)
    assert device.keys.master_key is not None
    items = (KeyData(KeyId.GLOBAL_AUTHENTICATION_KEY, wrap_key(device.keys.master_key, bytes(16))),)
    method = SecuritySetup.key_transfer
    result = device.invoke(device.model.profile.object(SETUP_TAG), method.number, method.argument.encode(items), moment)
    assert result is OTHER
    assert not device.security.state.keys


def test_a_policy_is_activated_by_its_bits(device: LogicalDevice) -> None:
    policy = SecurityPolicy.AUTHENTICATED_REQUEST | SecurityPolicy.DIGITALLY_SIGNED_REQUEST
    assert call(device, SecuritySetup.security_activate, policy) == (ActionResult.SUCCESS, None)
    assert device.security.policy is policy
    assert call(device, SecuritySetup.security_activate, SecurityPolicy.NOTHING) == (OTHER, None)


def test_a_secret_goes_in_the_clear_only_where_the_request_is_encrypted(device: LogicalDevice) -> None:
    method, secret = AssociationLn.change_hls_secret, b"a new secret"
    clear = int(AccessMode.AUTHENTICATED_REQUEST)
    assert call(device, method, secret, "ASSOCIATION", clear) == (OTHER, None)
    assert call(device, method, secret, "ASSOCIATION") == (ActionResult.SUCCESS, None)
    assert device.security.secret("management") == secret
    assert device.security.secret("reading") != secret
