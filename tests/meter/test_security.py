"""A meter's security without a client: what the works give it, what it refuses to change, and what it remembers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.cosem import KeyData, KeyId, SecurityPolicy, SecurityPolicyV0, SecuritySuite
from ferraris.dlms import Certificate, KeyPurpose, SecurityControl, wrap_key
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import InvocationCounterError, SecurityError
from ferraris.kernel.limits import INVOCATION_COUNTER_SENDERS_MAX
from ferraris.meter.fleet import Fleet
from ferraris.meter.identity import meter_keys
from ferraris.meter.security import MADE_AT_S, MeterSecurity, Works, fleet_authority
from ferraris.meter.security_memory import SecurityMemory
from tests.meter.laboratory import SUITES, profile_of
from tests.meter.steady import MONDAY_MS, device_of

TITLE = b"FER\x00\x00\x00\x00\x01"
GUEK = KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY


def made(tmp_path: Path, suite: SecuritySuite = SecuritySuite.SUITE_1, **changes: object) -> MeterSecurity:
    keys = meter_keys(1, 1, 32 if suite is SecuritySuite.SUITE_2 else 16)
    works = replace(Works(TITLE, suite, keys, SecurityPolicy.NOTHING, 1), **changes)  # type: ignore[arg-type]
    return MeterSecurity(works, SecurityMemory(tmp_path, 1), lambda: MONDAY_MS // 1000, SeededEntropy(2))


@pytest.mark.parametrize("suite", SUITES)
def test_the_works_give_keys_of_the_suite_and_certificates(fleet: Fleet, suite: SecuritySuite) -> None:
    device = device_of(fleet, profile=profile_of(suite))
    security = device.security
    assert security.suite is suite
    assert security.cipher_keys.suite is suite
    assert security.broadcast_keys is None
    if suite is SecuritySuite.SUITE_0:
        assert security.key_pairs is None
        return
    pairs = security.key_pairs
    assert pairs is not None
    title = device.identity.system_title
    assert pairs.peers.signing_point(title) == pairs.own_signing.point
    assert pairs.peers.agreement_point(title) == pairs.own_agreement.point
    root = fleet_authority(1, suite).certificate
    for certificate in security.certificates.certificates:
        certificate.check_issued_by(root)


def test_two_meters_have_nothing_in_common(fleet: Fleet) -> None:
    """One meter's stolen keys open no other meter."""
    one, other = (device_of(fleet, index, "security_suite_1").security for index in (0, 1))
    assert one.cipher_keys.encryption_key != other.cipher_keys.encryption_key
    assert one.master_key != other.master_key
    assert one.key_pairs is not None and other.key_pairs is not None  # noqa: PT018
    assert one.key_pairs.own_signing.point != other.key_pairs.own_signing.point


@pytest.mark.parametrize(
    ("policy", "request_policy", "answer_policy"),
    [
        (SecurityPolicy.NOTHING, 0x00, 0x00),
        (SecurityPolicy.AUTHENTICATED_REQUEST, 0x10, 0x00),
        (SecurityPolicy.ENCRYPTED_RESPONSE, 0x00, 0x20),
        (SecurityPolicy.AUTHENTICATED_REQUEST | SecurityPolicy.ENCRYPTED_REQUEST, 0x30, 0x00),
        (SecurityPolicy(0xFC), 0x30, 0x30),
    ],
)
def test_a_policy_in_bits_of_the_security_control(
    tmp_path: Path, policy: SecurityPolicy, request_policy: int, answer_policy: int
) -> None:
    security = made(tmp_path, policy=policy)
    assert (security.request_policy, security.answer_policy) == (request_policy, answer_policy)
    assert isinstance(security.request_policy, SecurityControl)
    assert security.wants_signatures == bool(policy & SecurityPolicy.DIGITALLY_SIGNED_REQUEST)


def test_a_setup_of_version_0_shows_its_policy_as_a_number(tmp_path: Path) -> None:
    both = SecurityPolicy.AUTHENTICATED_REQUEST | SecurityPolicy.ENCRYPTED_REQUEST
    assert made(tmp_path, policy=both).shown_policy is both
    shown = made(tmp_path, policy=both, setup_version=0).shown_policy
    assert shown is SecurityPolicyV0.AUTHENTICATED_AND_ENCRYPTED


def test_suite_0_cannot_ask_for_signatures(tmp_path: Path) -> None:
    with pytest.raises(SecurityError, match="no signatures"):
        made(tmp_path, SecuritySuite.SUITE_0).activate(SecurityPolicy.DIGITALLY_SIGNED_REQUEST)


def test_a_new_unicast_key_is_told_and_the_same_one_is_not(tmp_path: Path) -> None:
    security, told = made(tmp_path), []
    security.unicast_key_changed = lambda: told.append(security.cipher_keys.encryption_key)
    assert security.master_key is not None
    for letter in (b"a", b"a", b"b"):
        security.transfer([KeyData(GUEK, wrap_key(security.master_key, letter * 16))])
    assert told == [b"a" * 16, b"b" * 16]


def test_without_a_master_key_nothing_is_transferred(tmp_path: Path) -> None:
    keys = meter_keys(1, 1)
    bare = type(keys)(keys.encryption_key, keys.authentication_key)
    with pytest.raises(SecurityError, match="no master key"):
        made(tmp_path, keys=bare).transfer([])


def test_transaction_ids_and_broadcasts_are_remembered_over_a_restart(tmp_path: Path) -> None:
    security = made(tmp_path)
    security.accept(TITLE, 5)
    security.broadcast_guard.accept(TITLE, 3)
    again = made(tmp_path)
    for guard, seen in ((again, 5), (again.broadcast_guard, 3)):
        for number in (seen, seen - 1, 0):
            with pytest.raises(InvocationCounterError):
                guard.accept(TITLE, number)
        guard.accept(TITLE, seen + 1)


def test_only_so_many_senders_are_remembered(tmp_path: Path) -> None:
    security = made(tmp_path)
    for number in range(INVOCATION_COUNTER_SENDERS_MAX):
        security.accept(number.to_bytes(8, "big"), 1)
    with pytest.raises(SecurityError, match="too many"):
        security.accept(TITLE, 1)
    security.accept(bytes(8), 2)


def test_a_new_broadcast_key_begins_to_count_anew(tmp_path: Path) -> None:
    security = made(tmp_path)
    assert security.master_key is not None
    for letter in (b"a", b"b"):
        wrapped = wrap_key(security.master_key, letter * 16)
        security.transfer([KeyData(KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY, wrapped)])
        security.broadcast_guard.accept(TITLE, 1)
    assert security.broadcast_keys is not None


def test_a_key_pair_waits_for_its_certificate(tmp_path: Path) -> None:
    security = made(tmp_path)
    before = security.key_pairs
    security.generate_key_pair(KeyPurpose.SIGNING)
    after = security.key_pairs
    assert before is not None and after is not None  # noqa: PT018
    assert after.own_signing.point == before.own_signing.point
    # An attacker's certificate for our title, however well issued, brings no key of his into use.
    stranger = before.own_agreement.point
    octets = fleet_authority(1, SecuritySuite.SUITE_1).issue(TITLE, stranger, KeyPurpose.SIGNING, MADE_AT_S)
    with pytest.raises(SecurityError, match="not ours"):
        security.import_certificate(octets)
    assert security.certificates.find(TITLE, KeyPurpose.SIGNING) is not None


def test_what_cannot_be_kept_is_not_believed(tmp_path: Path) -> None:
    security = made(tmp_path)
    (tmp_path / "security").write_text("no directory")
    key = security.key_pairs
    assert key is not None
    authority = fleet_authority(1, SecuritySuite.SUITE_1)
    with pytest.raises(Exception, match="cannot be written"):
        security.import_certificate(authority.issue(b"FERHES01", key.own_signing.point, KeyPurpose.SIGNING, MADE_AT_S))
    assert security.certificates.find(b"FERHES01", KeyPurpose.SIGNING) is None


def test_a_certificate_of_another_fleet_is_not_believed(tmp_path: Path) -> None:
    security = made(tmp_path)
    foreign = fleet_authority(2, SecuritySuite.SUITE_1)
    pairs = security.key_pairs
    assert pairs is not None
    octets = foreign.issue(b"FERHES01", pairs.own_signing.point, KeyPurpose.SIGNING, MADE_AT_S)
    assert Certificate.parse(octets)
    with pytest.raises(SecurityError):
        security.import_certificate(octets)
