"""Protected reads, writes and calls of real virtual meters from end to end, and every way in which they are refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.client import ClientAssociation, ProtectedClient
from ferraris.client.data_protection import DATA_PROTECTION
from ferraris.codec import Data, Tag
from ferraris.cosem import ControlMode, DisconnectControl, Register, SecuritySuite, obis
from ferraris.cosem import Data as DataObject
from ferraris.cosem.classes.data_protection import DataProtection, ProtectedData, RequiredProtection
from ferraris.cosem.classes.protection_parameters import ProtectionType
from ferraris.dlms import CipherKeys, DataLayer, KnownPoints, Layer, PrivateKey, Security, curve_of_suite
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, LocalProtocolError, RefusedError
from ferraris.meter import Fleet
from tests.client.test_key_procedures import Laboratory, run
from tests.meter.laboratory import SUITES, client_security
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY

BOTH = ProtectionType.AUTHENTICATION_AND_ENCRYPTION
CIPHERED = [DataLayer(BOTH, key) for key in (Layer.IDENTIFIED, Layer.WRAPPED, Layer.ONE_PASS, Layer.STATIC_UNIFIED)]
SIGNED = DataLayer.signed()
NESTINGS = [*((layer,) for layer in CIPHERED), *((SIGNED, layer) for layer in CIPHERED), (CIPHERED[0], SIGNED)]
SYMMETRIC = (Layer.IDENTIFIED, Layer.WRAPPED)
CASES = [
    (suite, layers)
    for suite in SUITES
    for layers in NESTINGS
    if suite is not SecuritySuite.SUITE_0 or all(layer.key in SYMMETRIC for layer in layers)
]
each_case = pytest.mark.parametrize(
    ("suite", "layers"), CASES, ids=[f"{int(s)}-" + "-".join(x.key.name for x in layers) for s, layers in CASES]
)
ENERGY = (Register.value, obis.ACTIVE_ENERGY_IMPORT)
CONTROL_MODE = (DisconnectControl.control_mode, obis.DISCONNECT_CONTROL)
KWH = Data(Tag.DOUBLE_LONG_UNSIGNED, 400)
SUITE_1 = SecuritySuite.SUITE_1


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Meters with an even load."""
    made = Fleet.create(tmp_path / "fleet", PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    yield made
    made.close()


def protected(
    laboratory: Laboratory,
    association: ClientAssociation,
    layers: tuple[DataLayer, ...] = (CIPHERED[0],),
    **changes: object,
) -> ProtectedClient:
    security = client_security(laboratory.device, **changes)
    return ProtectedClient(association, security, layers, SeededEntropy("protected"))


Scenario = Callable[[Laboratory, ClientAssociation], Awaitable[None]]


@each_case
def test_reads_writes_and_calls(fleet: Fleet, suite: SecuritySuite, layers: tuple[DataLayer, ...]) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        client = protected(laboratory, association, layers)
        serial = (DataObject.value, obis.SERIAL_NUMBER)
        assert await client.read([ENERGY]) == [KWH]
        energy, number = await client.read([ENERGY, serial])
        assert (energy, number) == (KWH, await association.get(*serial))
        await client.write([(*CONTROL_MODE, ControlMode.MODE_2)])
        assert await association.get(*CONTROL_MODE) is ControlMode.MODE_2
        assert await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0) is None
        assert not await association.get(DisconnectControl.output_state, obis.DISCONNECT_CONTROL)

    run(fleet, suite, scenario)


@each_case
def test_the_buffer_is_read_and_written(fleet: Fleet, suite: SecuritySuite, layers: tuple[DataLayer, ...]) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        client = protected(laboratory, association, layers)
        wanted = DataProtection.protection_object_list
        listed = await association.get(wanted, DATA_PROTECTION)
        await association.set(wanted, DATA_PROTECTION, listed[2:3])
        await client.protect_buffer()
        first = await client.read_buffer()
        assert [value.value for value in first] == [4]
        await client.write_buffer([Data(Tag.ENUM, 1)])
        assert [value.value for value in await client.read_buffer()] == [1]
        assert await association.get(*CONTROL_MODE) is ControlMode.MODE_1

    run(fleet, suite, scenario)


def refused(fleet: Fleet, changed: Callable[[Security], Security], *layers: DataLayer, reads: bool = True) -> None:
    """Whatever is wrong with the client's keys: the meter changes nothing, and what it sends is not believed."""

    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        changes = changed(client_security(laboratory.device))
        client = ProtectedClient(association, changes, layers, SeededEntropy("wrong"))
        with pytest.raises(RefusedError):
            await client.write([(*CONTROL_MODE, ControlMode.MODE_2)])
        with pytest.raises(RefusedError):
            await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
        if reads:
            with pytest.raises(AuthenticationError):
                await client.read([ENERGY])
        assert await association.get(*CONTROL_MODE) is ControlMode.MODE_4
        assert await association.get(DisconnectControl.output_state, obis.DISCONNECT_CONTROL)

    run(fleet, SUITE_1, scenario)


WRONG_PAIR = PrivateKey.generate(curve_of_suite(SUITE_1), SeededEntropy("someone else"))


def test_a_wrong_global_key(fleet: Fleet) -> None:
    def changed(security: Security) -> Security:
        return replace(security, keys=CipherKeys(b"x" * 16, security.keys.authentication_key, SUITE_1))

    refused(fleet, changed, CIPHERED[0])


def test_a_wrong_master_key(fleet: Fleet) -> None:
    refused(fleet, lambda security: replace(security, master_key=b"x" * 16), CIPHERED[1])


@pytest.mark.parametrize("layer", CIPHERED[2:], ids=lambda layer: layer.key.name)
def test_a_wrong_key_pair_for_agreement(fleet: Fleet, layer: DataLayer) -> None:
    def changed(security: Security) -> Security:
        assert security.key_pairs is not None
        pairs = replace(security.key_pairs, agreement=WRONG_PAIR, signing=WRONG_PAIR)
        return replace(security, key_pairs=pairs)

    refused(fleet, changed, layer)


@pytest.mark.parametrize("around", [False, True])
def test_a_wrong_signature(fleet: Fleet, *, around: bool) -> None:
    def changed(security: Security) -> Security:
        assert security.key_pairs is not None
        return replace(security, key_pairs=replace(security.key_pairs, signing=WRONG_PAIR))

    layers = (CIPHERED[0], SIGNED) if around else (SIGNED, CIPHERED[0])
    refused(fleet, changed, *layers, reads=False)


def test_a_meter_whose_signature_is_another(fleet: Fleet) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        security = client_security(laboratory.device)
        assert security.key_pairs is not None
        title = laboratory.device.identity.system_title
        pairs = replace(security.key_pairs, peers=KnownPoints({title: WRONG_PAIR.point}))
        client = ProtectedClient(
            association, replace(security, key_pairs=pairs), (CIPHERED[0], SIGNED), SeededEntropy("wrong")
        )
        with pytest.raises(AuthenticationError, match="does not verify"):
            await client.read([ENERGY])

    run(fleet, SUITE_1, scenario)


def test_what_the_list_does_not_name_is_refused(fleet: Fleet) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        client = protected(laboratory, association)
        with pytest.raises(RefusedError) as refusal:
            await client.read([ENERGY, (Register.value, obis.ACTIVE_ENERGY_EXPORT)])
        assert refusal.value.got == "read-write-denied (3)"
        with pytest.raises(RefusedError):
            await client.write([(Register.value, obis.ACTIVE_ENERGY_EXPORT, KWH)])
        # What it names can be written only where the association may.
        with pytest.raises(RefusedError):
            await client.write([(Register.value, obis.ACTIVE_ENERGY_IMPORT, KWH)])
        assert await client.read([ENERGY]) == [KWH]

    run(fleet, SUITE_1, scenario)


@pytest.mark.parametrize("kind", [ProtectionType.AUTHENTICATION, ProtectionType.ENCRYPTION])
def test_less_protection_than_required_is_refused(fleet: Fleet, kind: ProtectionType) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        client = protected(laboratory, association, (DataLayer(kind),))
        with pytest.raises(RefusedError):
            await client.write([(*CONTROL_MODE, ControlMode.MODE_2)])
        if kind is ProtectionType.ENCRYPTION:
            with pytest.raises(RefusedError):
                await client.read([ENERGY])
        else:
            assert await client.read([ENERGY]) == [KWH]
        signed = RequiredProtection.DIGITALLY_SIGNED_RESPONSE
        await association.set(DataProtection.required_protection, DATA_PROTECTION, signed)
        with pytest.raises(RefusedError):
            await protected(laboratory, association).read([ENERGY])
        assert await protected(laboratory, association, (SIGNED,)).read([ENERGY]) == [KWH]
        assert await association.get(*CONTROL_MODE) is ControlMode.MODE_4

    run(fleet, SUITE_1, scenario)


def test_encryption_alone_vouches_for_no_request(fleet: Fleet) -> None:
    """Whoever flips bits would move the transaction id ahead, and lock the true sender out."""

    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        nothing = RequiredProtection.NOTHING
        await association.set(DataProtection.required_protection, DATA_PROTECTION, nothing)
        client = protected(laboratory, association, (DataLayer(ProtectionType.ENCRYPTION),))
        assert await client.read([ENERGY]) == [KWH]
        with pytest.raises(RefusedError):
            await client.write([(*CONTROL_MODE, ControlMode.MODE_2)])
        assert laboratory.device.security.state.transactions == {}

    run(fleet, SUITE_1, scenario)


class Recorder:
    """The association, with every argument kept that goes through it."""

    def __init__(self, association: ClientAssociation) -> None:
        self._association = association
        self.sent: list[tuple] = []
        self.answers: list[ProtectedData] = []
        self.instead: ProtectedData | None = None

    async def invoke(self, *call):  # noqa: ANN002, ANN201 - any method
        self.sent.append(call)
        answer = await self._association.invoke(*call)
        self.answers.append(answer)
        return self.instead or answer


def test_a_request_is_carried_out_once(fleet: Fleet) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        recorder = Recorder(association)
        client = protected(laboratory, recorder)  # type: ignore[arg-type]
        await client.write([(*CONTROL_MODE, ControlMode.MODE_2)])
        await client.write([(*CONTROL_MODE, ControlMode.MODE_4)])
        for call in recorder.sent:
            with pytest.raises(RefusedError):
                await association.invoke(*call)
        # The number in the parameters is under the tag.
        method, name, request = recorder.sent[0]
        (one,) = request.protection_parameters
        options = replace(one.protection_options, transaction_id=(1 << 60).to_bytes(8, "big"))
        newer = replace(request, protection_parameters=(replace(one, protection_options=options),))
        with pytest.raises(RefusedError):
            await association.invoke(method, name, newer)
        assert await association.get(*CONTROL_MODE) is ControlMode.MODE_4
        await client.write([(*CONTROL_MODE, ControlMode.MODE_2)])

    laboratory = run(fleet, SUITE_1, scenario)
    assert laboratory.restarted().security.state.transactions


def test_an_answer_to_another_request_is_not_believed(fleet: Fleet) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        recorder = Recorder(association)
        client = protected(laboratory, recorder)  # type: ignore[arg-type]
        assert await client.read([ENERGY]) == [KWH]
        recorder.instead = recorder.answers[0]
        with pytest.raises(AuthenticationError, match="another originator or transaction"):
            await client.read([ENERGY])

    run(fleet, SUITE_1, scenario)


def test_protected_data_are_for_one_meter(fleet: Fleet) -> None:
    async def scenario(laboratory: Laboratory, association: ClientAssociation) -> None:
        with pytest.raises(LocalProtocolError):
            protected(laboratory, association, peer_system_title=None)
        await asyncio.sleep(0)

    run(fleet, SUITE_1, scenario)
