"""Pushes from a real virtual meter's push setup to the real head-end: in layers of protection, and over CoAP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ferraris.cosem import PushMessage, PushSetup, SendDestinationAndMethod, TransportService, obis
from ferraris.cosem.classes.protection_parameters import ProtectionType
from ferraris.cosem.classes.push_setup import PushOperationMethod
from ferraris.dlms import DataLayer, KeyPurpose, Layer, parameters_for
from ferraris.headend import CollectionPlan, Event, PushReceived, PushRejected
from ferraris.kernel.clock import SystemClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.link import open_coap, open_coap_unconfirmed, open_tcp, serve_coap, serve_tcp
from ferraris.meter import Fleet, FleetService, Manufacture, ServiceSettings, meter_model
from ferraris.meter.device import LogicalDevice
from ferraris.meter.push_terms import push_setups
from ferraris.meter.security import MADE_AT_S, fleet_authority
from ferraris.runtime import RuntimeSettings
from ferraris.runtime.key_ring import KeyRing
from ferraris.runtime.push import PushListener
from ferraris.runtime.recovery import save_plan
from ferraris.runtime.settings import HEAD_END_SYSTEM_TITLE
from ferraris.simulation import run_virtual
from ferraris.store import MeterRow, open_stores
from tests.cli.meters import free_port
from tests.meter.laboratory import client_key
from tests.meter.steady import STEADY
from tests.runtime.street import COLLECTOR, FLEET_SEED, PUSH_PORT, Street
from tests.runtime.test_key_ring import MASTER

BOTH = ProtectionType.AUTHENTICATION_AND_ENCRYPTION
FORMS = {
    "identified": [DataLayer(BOTH)],
    "wrapped": [DataLayer(BOTH, Layer.WRAPPED)],
    "one-pass": [DataLayer(BOTH, Layer.ONE_PASS)],
    "static-unified": [DataLayer(BOTH, Layer.STATIC_UNIFIED)],
    "signed": [DataLayer.signed(), DataLayer(BOTH)],
}


@dataclass
class LaboratoryStreet(Street):
    """One laboratory meter; it and the head-end know each other's keys."""

    meters: int = 1
    models: tuple[str, ...] = ("security_suite_1",)

    def row(self, index: int) -> MeterRow:
        device = self.service.devices[index]
        suite, row = device.security.suite, super().row(index)
        wrap = self.master_key.wrap_secret
        signing, agreement = (client_key(suite, purpose) for purpose in (KeyPurpose.SIGNING, KeyPurpose.AGREEMENT))
        authority = fleet_authority(FLEET_SEED, suite)
        for key, purpose in ((signing, KeyPurpose.SIGNING), (agreement, KeyPurpose.AGREEMENT)):
            certificate = authority.issue(HEAD_END_SYSTEM_TITLE, key.point, purpose, MADE_AT_S)
            device.security.import_certificate(certificate)
        pairs, master_key = device.security.key_pairs, device.security.master_key
        assert pairs is not None
        assert master_key is not None
        return replace(
            row,
            wrapped_signing_key=wrap(signing.octets),
            public_key=pairs.own_signing.point,
            wrapped_agreement_key=wrap(agreement.octets),
            public_agreement_key=pairs.own_agreement.point,
            wrapped_master_key=self.master_key.wrap(master_key),
        )

    def set_up(self, attribute: Any, value: object) -> None:
        """As a client does it."""
        device = self.service.devices[0]
        setup = device.model.find(PushSetup.class_id, obis.PUSH_SETUP)
        assert setup is not None
        device.write(setup, attribute.number, attribute.datatype.encode(value), device.moment(self.clock.now_ms()))

    def push(self) -> int:
        """Set the push off; its place."""
        device = self.service.devices[0]
        setup = device.model.find(PushSetup.class_id, obis.PUSH_SETUP)
        assert setup is not None
        device.invoke(setup, PushSetup.push.number, b"\x0f\x00", device.moment(self.clock.now_ms()))
        self.service._changed(device)
        return [one.logical_name for one in push_setups(device)].index(obis.PUSH_SETUP)


def watched(street: Street) -> list[Event]:
    """What the head-end hears of pushes from now on."""
    taken: list[Event] = []
    post = street.runtime.post

    def watch(event: Event) -> None:
        if isinstance(event, PushReceived | PushRejected):
            taken.append(event)
        post(event)

    street.runtime.post = watch  # type: ignore[method-assign]
    return taken


@pytest.mark.parametrize("form", list(FORMS))
def test_a_push_in_layers_is_taken_and_confirmed(tmp_path: Path, form: str) -> None:
    async def story() -> None:
        street = LaboratoryStreet(tmp_path)
        await street.open()
        await street.runtime.listen(street.network.listen, COLLECTOR, PUSH_PORT)
        taken = watched(street)
        try:
            destination = SendDestinationAndMethod(
                TransportService.TCP, f"{COLLECTOR}:{PUSH_PORT}".encode(), PushMessage.A_XDR_APDU
            )
            street.set_up(PushSetup.send_destination_and_method, destination)
            street.set_up(PushSetup.push_protection_parameters, parameters_for(FORMS[form], HEAD_END_SYSTEM_TITLE, b""))
            street.set_up(PushSetup.push_operation_method, PushOperationMethod.CONFIRMED_RETRY_ON_MISSING_CONFIRMATION)
            await street.live_until(0.1)
            place = street.push()
            await street.live_until(0.2)
            assert taken == [PushReceived(1, ())]
            assert street.service.devices[0].meter.pushes_wanted >> place & 1 == 0
            assert not {kind for _, kind in street.alarm_kinds() if kind.startswith("push")}
        finally:
            await street.close()

    run_virtual(story())


def test_a_push_that_would_be_weaker_than_the_policy_is_not_sent(tmp_path: Path) -> None:
    async def story() -> None:
        street = LaboratoryStreet(tmp_path, models=("smr5_single_phase",))
        street.row = lambda index: Street.row(street, index)  # type: ignore[method-assign]
        await street.open()
        await street.runtime.listen(street.network.listen, COLLECTOR, PUSH_PORT)
        taken = watched(street)
        try:
            destination = SendDestinationAndMethod(
                TransportService.TCP, f"{COLLECTOR}:{PUSH_PORT}".encode(), PushMessage.A_XDR_APDU
            )
            street.set_up(PushSetup.send_destination_and_method, destination)
            weak = parameters_for([DataLayer(ProtectionType.AUTHENTICATION)], HEAD_END_SYSTEM_TITLE, b"")
            street.set_up(PushSetup.push_protection_parameters, weak)
            await street.live_until(0.1)
            street.push()
            await street.live_until(0.2)
            assert street.service.devices[0].meter.pushes_wanted == 0
            assert taken == []
        finally:
            await street.close()

    run_virtual(story())


def row_of(device: LogicalDevice, port: int) -> MeterRow:
    """As a registry has the meter."""
    wrapped = device.keys.wrapped(MASTER)
    return MeterRow(
        id=1,
        serial=device.identity.serial,
        profile="smr5_single_phase",
        host=device.identity.host,
        port=port,
        group="default",
        client_sap=1,
        server_sap=1,
        system_title=device.identity.system_title,
        created_ms=0,
        wrapped_encryption_key=wrapped.encryption_key,
        wrapped_authentication_key=wrapped.authentication_key,
    )


@pytest.mark.parametrize("transport", [TransportService.COAP_CONFIRMED, TransportService.COAP_NON_CONFIRMED])
def test_an_event_is_pushed_over_coap(tmp_path: Path, transport: TransportService) -> None:
    """Over loopback sockets: the meter's last gasp, confirmed by the head-end."""

    async def story() -> None:
        clock = SystemClock()
        fleet = Fleet.create(tmp_path / "fleet", Manufacture(1), STEADY, SeededEntropy(5), clock.now_ms())
        carriers = {
            TransportService.COAP_CONFIRMED: open_coap,
            TransportService.COAP_NON_CONFIRMED: open_coap_unconfirmed,
        }
        settings = ServiceSettings(port=free_port(), heartbeat_s=0.05)
        service = FleetService(
            fleet,
            [meter_model("smr5_single_phase")],
            FLEET_SEED,
            clock,
            SeededEntropy(3),
            serve_tcp,
            open_tcp,
            settings,
            push_carriers=carriers,
        )
        device = service.devices[0]
        row = row_of(device, settings.port)
        taken: asyncio.Queue[object] = asyncio.Queue()
        with open_stores(tmp_path / "stores", threads=1) as stores:
            save_plan(stores.records, CollectionPlan())
            stores.records.add_meters([row])
            ring = KeyRing(stores.records, MASTER, RuntimeSettings())
            ring.register([row])
            listener = PushListener(ring, RuntimeSettings(), taken.put_nowait)
            server = await serve_coap("127.0.0.1", 0, listener.serve, answer_within_s=0.2)
            setup = device.model.find(PushSetup.class_id, obis.PUSH_SETUP)
            assert setup is not None
            destination = SendDestinationAndMethod(
                transport, f"127.0.0.1:{server.port}".encode(), PushMessage.A_XDR_APDU
            )
            moment = device.moment(clock.now_ms())
            values = (PushSetup.send_destination_and_method, destination), (PushSetup.randomisation_start_interval, 0)
            for attribute, value in values:
                device.write(setup, attribute.number, attribute.datatype.encode(value), moment)
            await service.start()
            device.invoke(setup, PushSetup.push.number, b"\x0f\x00", moment)
            service._changed(device)
            async with asyncio.timeout(20):
                assert await taken.get() == PushReceived(1, ())
                for _ in range(1_000):
                    if not device.meter.pushes_wanted:
                        break
                    await asyncio.sleep(0.01)
            assert not device.meter.pushes_wanted
            await service.aclose()
            await server.aclose()
        fleet.close()

    asyncio.run(story())
