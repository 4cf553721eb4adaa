"""A head-end changes keys, secrets and certificates of real virtual meters; links die at the worst moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.client import (
    ClientAssociation,
    activate_policy,
    agree_keys,
    by_holder,
    by_serial_number,
    change_hls_secret,
    export_certificate,
    import_certificate,
    key_in_use,
    remove_certificate,
    renew_key_pair,
    transfer_keys,
    with_keys,
)
from ferraris.client.key_procedures import SECURITY_SETUP
from ferraris.cosem import (
    CertificateEntity,
    KeyData,
    KeyId,
    Register,
    SecurityPolicy,
    SecuritySetup,
    SecuritySuite,
    obis,
)
from ferraris.dlms import Certificate, KeyPurpose, Security, wrap_key
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, LinkClosedError, LinkError, RefusedError, SecurityError
from ferraris.link import Link
from ferraris.meter import Fleet, LogicalDevice, MeterServer
from ferraris.meter.security import MADE_AT_S, fleet_authority
from ferraris.simulation import run_virtual
from tests.meter.clients import HEADEND_TITLE, associated, link_to
from tests.meter.laboratory import SUITES, client, client_certificate, client_security, know_client, profile_of
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, device_of

NOW_S = MONDAY_MS // 1000
GUEK, GAK, KEK, GBEK = (
    KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY,
    KeyId.GLOBAL_AUTHENTICATION_KEY,
    KeyId.MASTER_KEY,
    KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY,
)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Meters with an even load."""
    made = Fleet.create(tmp_path / "fleet", PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    yield made
    made.close()


each_suite = pytest.mark.parametrize("suite", SUITES)
with_key_pairs = pytest.mark.parametrize("suite", SUITES[1:])


async def energy(association: ClientAssociation) -> object:
    """A register's value."""
    return (await association.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)).value


class Laboratory:
    """One meter of a suite, its server, and links to it."""

    def __init__(self, fleet: Fleet, suite: SecuritySuite) -> None:
        self.suite = suite
        self.fleet = fleet
        self.device = device_of(fleet, profile=profile_of(suite))
        self.server = MeterServer(self.device, ManualClock(MONDAY_MS + 3_600_000), SeededEntropy(4))
        if suite is not SecuritySuite.SUITE_0:
            know_client(self.device)
        self.tasks: list[asyncio.Task[None]] = []

    def link(self) -> Link:
        return link_to(self.server, self.tasks)

    async def reads(self, security: Security, mechanism: Mechanism = Mechanism.HLS_GMAC, secret: bytes = b"") -> object:
        """A register of the meter, read under these keys in an association of its own."""
        settings = client(self.device, mechanism)
        association = replace(settings.association, security=security, secret=secret or settings.association.secret)
        async with associated(self.link(), replace(settings, association=association)) as reader:
            return await energy(reader)

    def restarted(self) -> LogicalDevice:
        """The meter as it finds itself again after its process died."""
        return device_of(self.fleet, profile=profile_of(self.suite))

    def key(self, letter: bytes) -> bytes:
        return letter * len(self.device.keys.encryption_key)


def run(
    fleet: Fleet, suite: SecuritySuite, scenario: Callable[[Laboratory, ClientAssociation], Awaitable[None]]
) -> Laboratory:
    """Play a scenario on a meter with which a client has associated."""
    laboratory = Laboratory(fleet, suite)

    async def play() -> None:
        async with associated(laboratory.link(), client(laboratory.device)) as association:
            await scenario(laboratory, association)
        await asyncio.gather(*laboratory.tasks)

    run_virtual(play())
    return laboratory


@each_suite
@pytest.mark.parametrize(
    "key_ids", [(GUEK,), (GAK,), (KEK,), (GUEK, GAK, KEK)], ids=lambda ids: "+".join(i.name for i in ids)
)
def test_keys_are_transferred_and_used_at_once_and_ever_after(
    fleet: Fleet, suite: SecuritySuite, key_ids: tuple[KeyId, ...]
) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        old = client_security(laboratory.device)
        new = await transfer_keys(association, old, {key_id: laboratory.key(b"%d" % key_id) for key_id in key_ids})
        assert await energy(association) == 400
        assert await laboratory.reads(new) == 400
        if key_ids != (KEK,):
            with pytest.raises(AuthenticationError):
                await laboratory.reads(old)
        # A second change goes under the master key that holds by then.
        await transfer_keys(association, new, {GUEK: laboratory.key(b"z")})
        assert await energy(association) == 400

    laboratory = run(fleet, suite, scenario)
    security = laboratory.restarted().security
    assert security.cipher_keys.encryption_key == laboratory.key(b"z")
    assert (security.master_key == laboratory.key(b"3")) == (KEK in key_ids)


@each_suite
def test_a_transfer_is_whole_or_not_at_all(fleet: Fleet, suite: SecuritySuite) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        security = client_security(laboratory.device)
        assert security.master_key is not None
        good, other = laboratory.key(b"a"), laboratory.key(b"b")
        for items in (
            (KeyData(GAK, wrap_key(security.master_key, good)), KeyData(GUEK, wrap_key(other, good))),
            (KeyData(GAK, wrap_key(security.master_key, good)), KeyData(GUEK, good)),
            (
                KeyData(GAK, wrap_key(security.master_key, good)),
                KeyData(GUEK, wrap_key(security.master_key, bytes(24))),
            ),
        ):
            with pytest.raises(RefusedError):
                await association.invoke(SecuritySetup.key_transfer, SECURITY_SETUP, items)
        assert await energy(association) == 400
        assert await laboratory.reads(security) == 400

    laboratory = run(fleet, suite, scenario)
    assert not laboratory.restarted().security.state.keys


@each_suite
def test_a_key_that_was_in_use_does_not_come_back(fleet: Fleet, suite: SecuritySuite) -> None:
    """Under it, messages that somebody recorded would hold again."""

    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        first = client_security(laboratory.device)
        second = await transfer_keys(association, first, {GUEK: laboratory.key(b"2")})
        with pytest.raises(RefusedError):
            await transfer_keys(association, second, {GUEK: first.keys.encryption_key})
        # The same key once more is no change: a head-end that missed the answer may repeat itself.
        assert await transfer_keys(association, second, {GUEK: laboratory.key(b"2")})
        assert await laboratory.reads(second) == 400

    run(fleet, suite, scenario)


class Deaf:
    """A link on which nothing comes back once it is told so."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.capabilities = link.capabilities
        self.deaf = False
        self.dumb = False

    async def send(self, octets: bytes) -> None:
        if self.dumb:
            raise LinkClosedError("the link broke before the request")
        await self._link.send(octets)

    async def receive(self) -> bytes:
        octets = await self._link.receive()
        if self.deaf:
            raise LinkClosedError("the link broke before the answer")
        return octets

    async def aclose(self) -> None:
        await self._link.aclose()


@each_suite
@pytest.mark.parametrize("arrives", [True, False])
def test_after_a_lost_answer_the_meter_shows_which_key_it_has(
    fleet: Fleet, suite: SecuritySuite, arrives: bool
) -> None:
    laboratory = Laboratory(fleet, suite)

    async def play() -> None:
        old = client_security(laboratory.device)
        new = with_keys(old, {GUEK: laboratory.key(b"n")})
        link = Deaf(laboratory.link())
        association = ClientAssociation(link, client(laboratory.device), SeededEntropy(1))
        await association.associate()
        link.deaf, link.dumb = arrives, not arrives
        with pytest.raises(LinkError):
            await transfer_keys(association, old, {GUEK: laboratory.key(b"n")})
        await association.aclose()
        assert await key_in_use(laboratory.reads, new, old) is (new if arrives else old)
        stranger = with_keys(old, {GUEK: laboratory.key(b"?")})
        with pytest.raises(AuthenticationError, match="neither"):
            await key_in_use(laboratory.reads, stranger, stranger)
        await asyncio.gather(*laboratory.tasks)

    run_virtual(play())


def test_a_dead_link_says_nothing_about_the_key() -> None:
    async def dead(security: Security) -> None:
        raise LinkClosedError("no")

    with pytest.raises(LinkError):
        asyncio.run(key_in_use(dead, None, None))  # type: ignore[arg-type]


# Key agreement


@with_key_pairs
@pytest.mark.parametrize(
    "key_ids", [(GUEK,), (GUEK, GAK), (KEK,), (GBEK,)], ids=lambda ids: "+".join(i.name for i in ids)
)
def test_keys_are_agreed_and_used_at_once(fleet: Fleet, suite: SecuritySuite, key_ids: tuple[KeyId, ...]) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        old = client_security(laboratory.device)
        new = await agree_keys(association, old, laboratory.device.identity.system_title, key_ids, SeededEntropy(9))
        assert await energy(association) == 400
        assert await laboratory.reads(new) == 400
        if GUEK in key_ids:
            assert new.keys.encryption_key != old.keys.encryption_key
        if KEK in key_ids:
            assert new.master_key == laboratory.device.security.master_key != old.master_key

    run(fleet, suite, scenario)


@with_key_pairs
def test_an_agreement_with_a_strangers_key_is_refused_by_both(fleet: Fleet, suite: SecuritySuite) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        security = client_security(laboratory.device)
        assert security.key_pairs is not None
        stranger = replace(security, key_pairs=replace(security.key_pairs, signing=security.key_pairs.agreement))
        with pytest.raises(RefusedError):
            await agree_keys(association, stranger, laboratory.device.identity.system_title, (GUEK,), SeededEntropy(9))
        with pytest.raises(AuthenticationError):
            await agree_keys(association, security, HEADEND_TITLE, (GAK,), SeededEntropy(9))

    run(fleet, suite, scenario)


def test_suite_0_neither_agrees_keys_nor_has_certificates(fleet: Fleet) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        security = client_security(laboratory.device)
        with pytest.raises(SecurityError):
            await agree_keys(association, security, laboratory.device.identity.system_title, (GUEK,), SeededEntropy(9))
        for kind in KeyPurpose.SIGNING, KeyPurpose.AGREEMENT:
            with pytest.raises(RefusedError):
                await renew_key_pair(association, b"FER00001", kind, fleet_authority(1, SUITES[1]), NOW_S)
        with pytest.raises(RefusedError):
            await import_certificate(association, client_certificate(SUITES[1], KeyPurpose.SIGNING))

    run(fleet, SecuritySuite.SUITE_0, scenario)


# Certificates


@with_key_pairs
@pytest.mark.parametrize("purpose", [KeyPurpose.SIGNING, KeyPurpose.AGREEMENT])
def test_a_key_pair_is_renewed_and_survives(fleet: Fleet, suite: SecuritySuite, purpose: KeyPurpose) -> None:
    authority = fleet_authority(1, suite)

    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        meter = laboratory.device.identity.system_title
        before = laboratory.device.security.certificates.find(meter, purpose)
        octets = await renew_key_pair(association, meter, purpose, authority, NOW_S)
        certificate = Certificate.parse(octets)
        assert before is not None
        assert certificate.point != before.point
        listed = await association.get(SecuritySetup.certificates, SECURITY_SETUP)
        (info,) = [
            one
            for one in listed
            if one.subject == certificate.subject.encode() and one.certificate_type == (purpose is KeyPurpose.AGREEMENT)
        ]
        for name in (
            by_holder(CertificateEntity.SERVER, purpose, meter),
            by_serial_number(info.serial_number, info.issuer),
        ):
            assert await export_certificate(association, name) == octets
        if purpose is KeyPurpose.SIGNING:
            assert await laboratory.reads(client_security(laboratory.device), Mechanism.HLS_ECDSA) == 400

    laboratory = run(fleet, suite, scenario)
    security = laboratory.restarted().security
    pairs, found = security.key_pairs, security.certificates.find(laboratory.device.identity.system_title, purpose)
    assert pairs is not None and found is not None  # noqa: PT018
    assert found.point == (pairs.own_signing if purpose is KeyPurpose.SIGNING else pairs.own_agreement).point


@with_key_pairs
def test_a_clients_certificate_goes_and_comes_back(fleet: Fleet, suite: SecuritySuite) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        name = by_holder(CertificateEntity.CLIENT, KeyPurpose.SIGNING, HEADEND_TITLE)
        await remove_certificate(association, name)
        with pytest.raises(RefusedError):
            await export_certificate(association, name)
        with pytest.raises(AuthenticationError):
            await laboratory.reads(client_security(laboratory.device), Mechanism.HLS_ECDSA)
        await import_certificate(association, client_certificate(suite, KeyPurpose.SIGNING))
        assert await laboratory.reads(client_security(laboratory.device), Mechanism.HLS_ECDSA) == 400

    run(fleet, suite, scenario)


@with_key_pairs
def test_certificates_that_the_meter_does_not_take_or_give_up(fleet: Fleet, suite: SecuritySuite) -> None:
    foreign = fleet_authority(2, suite)

    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        meter = laboratory.device.identity.system_title
        pairs = laboratory.device.security.key_pairs
        assert pairs is not None
        own_authority = fleet_authority(1, suite)
        for octets in (
            foreign.issue(b"FERHES09", pairs.own_signing.point, KeyPurpose.SIGNING, MADE_AT_S),
            own_authority.issue(meter, pairs.own_agreement.point, KeyPurpose.SIGNING, MADE_AT_S),
            own_authority.issue(b"FERHES09", pairs.own_signing.point, KeyPurpose.SIGNING, MADE_AT_S, days=1),
            foreign.certificate.octets,
            b"no certificate",
        ):
            with pytest.raises(RefusedError):
                await import_certificate(association, octets)
        with pytest.raises(RefusedError):
            await remove_certificate(association, by_holder(CertificateEntity.SERVER, KeyPurpose.SIGNING, meter))
        with pytest.raises(RefusedError):
            await remove_certificate(association, by_holder(CertificateEntity.SERVER, KeyPurpose.SIGNING, b"FER00099"))

    run(fleet, suite, scenario)


# Policy and secrets

BOTH_WAYS = (
    SecurityPolicy.AUTHENTICATED_REQUEST
    | SecurityPolicy.ENCRYPTED_REQUEST
    | SecurityPolicy.AUTHENTICATED_RESPONSE
    | SecurityPolicy.ENCRYPTED_RESPONSE
)


@each_suite
def test_a_policy_is_only_ever_strengthened(fleet: Fleet, suite: SecuritySuite) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        await activate_policy(association, SecurityPolicy.AUTHENTICATED_REQUEST)
        await activate_policy(association, BOTH_WAYS)
        assert await association.get(SecuritySetup.security_policy, SECURITY_SETUP) == BOTH_WAYS
        for weaker in (SecurityPolicy.NOTHING, SecurityPolicy.AUTHENTICATED_REQUEST, SecurityPolicy.ENCRYPTED_RESPONSE):
            with pytest.raises(RefusedError):
                await activate_policy(association, weaker)

    laboratory = run(fleet, suite, scenario)
    assert laboratory.restarted().security.policy == BOTH_WAYS


@each_suite
@pytest.mark.parametrize("mechanism", [Mechanism.HLS, Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256])
def test_a_new_secret_is_that_associations_alone(fleet: Fleet, suite: SecuritySuite, mechanism: Mechanism) -> None:
    laboratory = Laboratory(fleet, suite)

    async def play() -> None:
        security = client_security(laboratory.device)
        async with associated(laboratory.link(), client(laboratory.device, mechanism)) as association:
            await change_hls_secret(association, b"a new secret")
            for wrong in (b"short", bytes(65)):
                with pytest.raises(RefusedError):
                    await change_hls_secret(association, wrong)
        assert await laboratory.reads(security, mechanism, b"a new secret") == 400
        with pytest.raises(AuthenticationError):
            await laboratory.reads(security, mechanism)
        other = Mechanism.HLS_MD5 if mechanism is not Mechanism.HLS_MD5 else Mechanism.HLS_SHA1
        assert await laboratory.reads(security, other) == 400
        await asyncio.gather(*laboratory.tasks)

    run_virtual(play())


def test_a_secret_in_the_clear_must_come_wrapped(fleet: Fleet) -> None:
    laboratory = Laboratory(fleet, SecuritySuite.SUITE_0)

    async def play() -> None:
        settings = client(laboratory.device, Mechanism.HLS_MD5, plain=True)
        async with associated(laboratory.link(), settings) as association:
            with pytest.raises(RefusedError):
                await change_hls_secret(association, b"overheard by all")
            await change_hls_secret(association, b"wrapped secret 1", laboratory.device.keys.master_key)
        with pytest.raises(AuthenticationError):
            async with associated(laboratory.link(), settings):
                pass
        renewed = replace(settings, association=replace(settings.association, secret=b"wrapped secret 1"))
        async with associated(laboratory.link(), renewed) as association:
            assert await energy(association) == 400
        await asyncio.gather(*laboratory.tasks)

    run_virtual(play())
