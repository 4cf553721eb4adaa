"""Attacks on the security of whole meters: downgrade, rights, reflection, exhaustion, wrapped keys, certificates, suites."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.client import ClientAssociation, ClientSettings, activate_policy, agree_keys, transfer_keys
from ferraris.client.key_procedures import SECURITY_SETUP
from ferraris.cosem import (
    DisconnectControl,
    KeyData,
    KeyId,
    Register,
    SecurityPolicy,
    SecuritySetup,
    SecuritySuite,
    obis,
)
from ferraris.dlms import CipherKeys, Envelope, KeyPurpose, Layer, SecurityControl, wrap_key
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, FerrarisError, RefusedError, SecurityError
from ferraris.kernel.limits import INVOCATION_COUNTER_MAX
from ferraris.link import CaptureLink, Direction, Link
from ferraris.meter import Fleet, MeterServer
from ferraris.meter.security import MADE_AT_S, fleet_authority
from ferraris.simulation import run_virtual
from tests.meter.clients import HEADEND_TITLE, associated, link_to
from tests.meter.laboratory import SAPS, SUITES, client, client_key, client_security, know_client, profile_of
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, device_of

BOTH = SecurityControl.AUTHENTICATED_ENCRYPTED
CONTROLS = {
    "nothing": SecurityControl.NONE,
    "authenticated": SecurityControl.AUTHENTICATED,
    "encrypted": SecurityControl.ENCRYPTED,
    "both": BOTH,
}
with_key_pairs = pytest.mark.parametrize("suite", SUITES[1:])


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet.create(tmp_path / "fleet", PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    yield made
    made.close()


class Place:
    """A laboratory meter on loopback links."""

    def __init__(self, fleet: Fleet, suite: SecuritySuite = SecuritySuite.SUITE_1) -> None:
        self.device = device_of(fleet, profile=profile_of(suite))
        if suite is not SecuritySuite.SUITE_0:
            know_client(self.device)
        self.server = MeterServer(self.device, ManualClock(MONDAY_MS + 3_600_000), SeededEntropy(4))
        self.tasks: list[asyncio.Task[None]] = []
        self.requests: list[bytes] = []

    def record(self, direction: Direction, octets: bytes, link: Link) -> None:
        """What the client sends."""
        if direction is Direction.SENT:
            self.requests.append(octets)

    def link(self) -> Link:
        return CaptureLink(link_to(self.server, self.tasks), self)

    def client(self, mechanism: Mechanism = Mechanism.HLS_GMAC, **changes: object) -> ClientSettings:
        return client(self.device, mechanism, **changes)  # type: ignore[arg-type]

    async def meets(self, settings: ClientSettings, what: Callable[[ClientAssociation], Awaitable[object]]) -> object:
        async with associated(self.link(), settings) as association:
            return await what(association)


def play(place: Place, scenario: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await scenario()
        await asyncio.gather(*place.tasks)

    run_virtual(whole())


async def energy(association: ClientAssociation) -> object:
    return (await association.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)).value


# Downgrade


@pytest.mark.parametrize("asked", ["authenticated", "encrypted", "both"])
@pytest.mark.parametrize("sent", CONTROLS)
def test_a_policy_is_the_least_that_a_meter_takes(fleet: Fleet, asked: str, sent: str) -> None:
    place = Place(fleet, SecuritySuite.SUITE_0)
    bits = {"authenticated": 0x24, "encrypted": 0x48, "both": 0x6C}[asked]

    async def scenario() -> None:
        await place.meets(place.client(), lambda association: activate_policy(association, SecurityPolicy(bits)))
        settings = place.client(policy=CONTROLS[sent])
        if CONTROLS[sent] & CONTROLS[asked] == CONTROLS[asked]:
            assert await place.meets(settings, energy) == 400
        else:
            with pytest.raises(FerrarisError):
                await place.meets(settings, energy)

    play(place, scenario)


@pytest.mark.parametrize("sent", CONTROLS)
@pytest.mark.parametrize(
    ("attribute", "asked"),
    [
        (obis.ACTIVE_ENERGY_IMPORT, SecurityControl.NONE),
        (obis.ACTIVE_POWER_IMPORT, SecurityControl.AUTHENTICATED),
        (obis.ACTIVE_POWER_EXPORT, SecurityControl.ENCRYPTED),
        (obis.CURRENT_SUM, BOTH),
    ],
)
def test_a_right_asks_for_its_protection(fleet: Fleet, attribute: object, asked: SecurityControl, sent: str) -> None:
    """Within one association, under one policy: each attribute has the protection that its access right says."""
    place = Place(fleet, SecuritySuite.SUITE_0)

    async def read(association: ClientAssociation) -> None:
        if CONTROLS[sent] & asked == asked:
            assert (await association.get(Register.value, attribute)).tag  # type: ignore[arg-type]
            return
        with pytest.raises(RefusedError, match="read-write-denied"):
            await association.get(Register.value, attribute)  # type: ignore[arg-type]

    async def scenario() -> None:
        await place.meets(place.client(policy=CONTROLS[sent]), read)

    play(place, scenario)


def test_a_method_asks_for_its_protection_too(fleet: Fleet) -> None:
    place = Place(fleet, SecuritySuite.SUITE_0)

    async def disconnect(association: ClientAssociation) -> None:
        await association.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)

    async def scenario() -> None:
        for plain in (True, False):
            settings = client(place.device, plain=plain, policy=SecurityControl.AUTHENTICATED)
            with pytest.raises(RefusedError, match="read-write-denied"):
                await place.meets(settings, disconnect)
        assert place.device.meter.output_state
        await place.meets(place.client(), disconnect)
        assert not place.device.meter.output_state

    play(place, scenario)


@with_key_pairs
def test_what_asks_for_a_signature_is_not_had_without(fleet: Fleet, suite: SecuritySuite) -> None:
    place = Place(fleet, suite)

    async def export(association: ClientAssociation) -> object:
        return (await association.get(Register.value, obis.ACTIVE_ENERGY_EXPORT)).value

    async def scenario() -> None:
        with pytest.raises(RefusedError, match="read-write-denied"):
            await place.meets(place.client(), export)
        for layers in ((Layer.SIGNED, Layer.IDENTIFIED), (Layer.ONE_PASS, Layer.SIGNED)):
            assert await place.meets(place.client(ciphering=Envelope(layers)), export) == 40

    play(place, scenario)


@with_key_pairs
@pytest.mark.parametrize("layer", [layer for layer in Layer if layer not in (Layer.SIGNED, Layer.BROADCAST)])
def test_general_ciphering_serves_a_whole_association(fleet: Fleet, suite: SecuritySuite, layer: Layer) -> None:
    place = Place(fleet, suite)

    async def scenario() -> None:
        assert await place.meets(place.client(ciphering=Envelope((layer,))), energy) == 400

    play(place, scenario)


def test_the_context_cannot_be_made_plain(fleet: Fleet) -> None:
    """An association that is ciphered is not had in the plain context, nor the other way round."""
    place = Place(fleet, SecuritySuite.SUITE_0)

    async def scenario() -> None:
        for plain in (True, False):
            settings = client(place.device, plain=plain)
            other = replace(settings, client_sap=SAPS[Mechanism.HLS_GMAC] + 16 * (not plain))
            with pytest.raises(FerrarisError):
                await place.meets(other, energy)

    play(place, scenario)


# Suites


@pytest.mark.parametrize(("ours", "theirs"), [(1, 0), (0, 1), (2, 1), (1, 2)])
def test_another_suite_is_refused(fleet: Fleet, ours: int, theirs: int) -> None:
    """Even with the very same octets of keys: the suite's number is in what the tag covers."""
    place = Place(fleet, SecuritySuite(theirs))

    async def scenario() -> None:
        suite = SecuritySuite(ours)
        octets = 32 if suite is SecuritySuite.SUITE_2 else 16
        keys = place.device.keys
        ciphers = CipherKeys(
            keys.encryption_key[:octets].ljust(octets), keys.authentication_key[:octets].ljust(octets), suite
        )
        with pytest.raises(SecurityError):
            await place.meets(place.client(keys=ciphers), energy)

    play(place, scenario)


# Exhaustion


class Counters:
    """Invocation counters from one number to the last."""

    def __init__(self, first: int) -> None:
        self.next = first

    def take(self) -> int:
        if self.next > INVOCATION_COUNTER_MAX:
            raise SecurityError("the invocation counter is used up")
        self.next += 1
        return self.next - 1


def test_a_used_up_counter_is_a_dead_key_until_another_client_changes_it(fleet: Fleet) -> None:
    """Nothing is sent beyond the last value, nothing below it is taken any more, and a new key begins anew."""
    place = Place(fleet, SecuritySuite.SUITE_0)
    associating, reading = 3, 2

    async def scenario() -> None:
        last = place.client(counters=Counters(INVOCATION_COUNTER_MAX - associating - reading + 1))
        association = ClientAssociation(place.link(), last, SeededEntropy(3))
        await association.associate()
        for _ in range(reading):
            assert await energy(association) == 400
        sent = len(place.requests)
        with pytest.raises(SecurityError, match="used up"):
            await energy(association)
        assert len(place.requests) == sent
        await association.aclose()
        with pytest.raises(SecurityError):
            await place.meets(place.client(counters=Counters(1)), energy)
        security = client_security(place.device, system_title=b"FERHES02", counters=Counters(1))
        async with associated(
            place.link(), place.client(system_title=b"FERHES02", counters=security.counters)
        ) as other:
            new = await transfer_keys(other, security, {KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY: b"n" * 16})
        assert await place.meets(place.client(keys=new.keys, counters=Counters(1)), energy) == 400

    play(place, scenario)


# Wrapped keys


@pytest.mark.parametrize("suite", SUITES)
def test_a_tampered_wrapped_key_changes_nothing(fleet: Fleet, suite: SecuritySuite) -> None:
    place = Place(fleet, suite)

    async def tamper(association: ClientAssociation) -> None:
        master_key = place.device.keys.master_key
        assert master_key is not None
        wrapped = wrap_key(master_key, bytes(range(len(master_key))))
        for bit in range(0, 8 * len(wrapped), 7):
            changed = bytearray(wrapped)
            changed[bit // 8] ^= 1 << bit % 8
            items = (KeyData(KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY, bytes(changed)),)
            with pytest.raises(RefusedError):
                await association.invoke(SecuritySetup.key_transfer, SECURITY_SETUP, items)
        assert await energy(association) == 400

    async def scenario() -> None:
        await place.meets(place.client(), tamper)
        assert not place.device.security.state.keys

    play(place, scenario)


def test_a_recorded_key_transfer_is_not_played_again(fleet: Fleet) -> None:
    """Not under the old key, which is gone, nor to bring the old master key's wrapping back."""
    place = Place(fleet, SecuritySuite.SUITE_0)

    async def scenario() -> None:
        async with associated(place.link(), place.client()) as association:
            security = client_security(place.device)
            place.requests.clear()
            second = await transfer_keys(association, security, {KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY: b"2" * 16})
            (recorded,) = place.requests
            await transfer_keys(association, second, {KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY: b"3" * 16})
            link = place.link()
            await link.send(recorded)
            assert (await link.receive())[8] == 0xD8
            await link.aclose()
        assert place.device.security.cipher_keys.encryption_key == b"3" * 16

    play(place, scenario)


# Certificates


@with_key_pairs
def test_a_certificate_for_one_purpose_or_holder_serves_no_other(fleet: Fleet, suite: SecuritySuite) -> None:
    """The agreement key signs nothing, and the key of another client's certificate is not this client's."""
    place = Place(fleet, suite)

    async def scenario() -> None:
        security = client_security(place.device)
        pairs = security.key_pairs
        assert pairs is not None
        confused = replace(pairs, signing=pairs.agreement)
        with pytest.raises(AuthenticationError):
            await place.meets(place.client(Mechanism.HLS_ECDSA, key_pairs=confused), energy)
        stranger = b"FERHES66"
        octets = fleet_authority(1, suite).issue(
            stranger, client_key(suite, KeyPurpose.AGREEMENT).point, KeyPurpose.SIGNING, MADE_AT_S
        )
        place.device.security.import_certificate(octets)
        with pytest.raises(AuthenticationError):
            await place.meets(place.client(Mechanism.HLS_ECDSA, key_pairs=confused), energy)
        own = place.client(Mechanism.HLS_ECDSA, key_pairs=confused, system_title=stranger)
        assert await place.meets(own, energy) == 400
        assert await place.meets(place.client(Mechanism.HLS_ECDSA), energy) == 400

    play(place, scenario)


@with_key_pairs
def test_an_agreement_played_again_gives_the_attacker_nothing(fleet: Fleet, suite: SecuritySuite) -> None:
    """The offer is signed and may be heard; sent again inside another message it makes a key that only its maker can know."""
    place = Place(fleet, suite)

    async def scenario() -> None:
        async with associated(place.link(), place.client()) as association:
            security = client_security(place.device)
            meter = place.device.identity.system_title
            key_ids = (KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY,)
            one = await agree_keys(association, security, meter, key_ids, SeededEntropy(1))
            # The same ephemeral key of ours once more: the meter's own is new, and so is the key.
            other = await agree_keys(association, one, meter, key_ids, SeededEntropy(1))
            assert one.keys.encryption_key != other.keys.encryption_key
            assert await energy(association) == 400

    play(place, scenario)


# Reflection


@pytest.mark.parametrize("mechanism", SAPS, ids=lambda mechanism: mechanism.name)
def test_the_clients_own_title_is_nobody_elses(fleet: Fleet, mechanism: Mechanism) -> None:
    """A client that calls itself by the meter's title is refused before anything is answered."""
    place = Place(fleet, SecuritySuite.SUITE_1)

    async def scenario() -> None:
        title = place.device.identity.system_title
        settings = place.client(mechanism, system_title=title, peer_system_title=None)
        with pytest.raises(FerrarisError):
            await place.meets(settings, energy)
        assert await place.meets(place.client(mechanism), energy) == 400

    play(place, scenario)


def test_no_two_meters_of_a_fleet_share_a_key(fleet: Fleet) -> None:
    """What is learnt from one meter opens no other."""
    devices = [device_of(fleet, index, "security_suite_1") for index in range(3)]
    seen = set()
    for device in devices:
        keys = device.keys
        seen |= {keys.encryption_key, keys.authentication_key, keys.master_key, keys.lls_secret}
    assert len(seen) == 4 * len(devices)
    assert HEADEND_TITLE not in {device.identity.system_title for device in devices}
