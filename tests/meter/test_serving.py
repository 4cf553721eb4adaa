"""A fleet in service on a simulated network: reached at its addresses, captured on time, pushing what happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from ferraris.client import ImageJob, transfer_image
from ferraris.cosem import CosemDateTime, DisconnectControl, ImageTransfer, PushSetupV0, Register, obis
from ferraris.cosem.classes.push_setup import PushMessage, SendDestinationAndMethod, TransportService
from ferraris.dlms import CipherKeys, PushReceiver, PushSecurity, WrapperReceiver
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import ConfigError, LinkError, RefusedError
from ferraris.link import Link
from ferraris.meter.events import EventCode, read_events
from ferraris.meter.faults import Fault, FaultKind
from ferraris.meter.firmware import Firmware, build_image, signing_key
from ferraris.meter.fleet import Fleet
from ferraris.meter.identity import meter_keys
from ferraris.meter.model import meter_model
from ferraris.meter.payment import PaymentManufacture, decoder_key, sts_configuration
from ferraris.meter.serving import FleetService, ServiceSettings
from ferraris.simulation import VirtualClock, run_virtual
from ferraris.sts import ClearTamperToken, CreditToken, Service, TokenResult, encode_token, token_identifier_at
from tests.meter.clients import NoGuard, associated, management
from tests.meter.steady import MONDAY_MS, STEADY, Maker
from tests.simulation.bottle import network

HEADEND, PUSH_PORT = "10.0.0.1", 4060
PUSHING = ServiceSettings(push_host=HEADEND, push_port=PUSH_PORT)


class World:
    """A network, a head-end that takes pushes, and the service."""

    def __init__(
        self, fleet: Fleet, settings: ServiceSettings, faults: Sequence[Fault], profiles: Sequence[str]
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.network = network()
        self.clock = VirtualClock(self.loop, MONDAY_MS)
        self.pushes: list[tuple[int, int, int]] = []
        """Meter, seconds after Monday midnight of the event, code."""
        models = [meter_model(profile) for profile in profiles]
        self.service = FleetService(
            fleet,
            models,
            1,
            self.clock,
            SeededEntropy(9),
            self.network.listen,
            self.network.connector("127.20.0.1"),
            settings,
            faults,
            self.network.datagram_connector("127.20.0.1"),
        )

    async def take_pushes(self, link: Link) -> None:
        wrapper = WrapperReceiver()
        receiver = PushReceiver(self.security)
        while True:
            wrapper.receive(await link.receive())
            for wpdu in wrapper.events():
                push = receiver.receive(wpdu.apdu)
                time, _, code, _ = push.notification.values
                assert isinstance(time, bytes)
                moment_ms = CosemDateTime.from_octets(time).to_epoch_ms()
                assert moment_ms is not None
                number = int.from_bytes(push.system_title[3:], "big")
                self.pushes.append((number, (moment_ms - MONDAY_MS) // 1000, int(str(code))))

    def security(self, system_title: bytes) -> PushSecurity:
        keys = meter_keys(1, int.from_bytes(system_title[3:], "big"))
        return PushSecurity(CipherKeys(keys.encryption_key, keys.authentication_key), NoGuard())

    async def until(self, seconds: float) -> None:
        """Let time pass until so long after the start."""
        await asyncio.sleep(seconds - self.loop.time())

    @asynccontextmanager
    async def meter(self, number: int) -> AsyncIterator[object]:
        link = await self.network.connector(HEADEND)(f"127.20.0.{number}", 4059)
        async with associated(link, management(number)) as client:
            yield client


Scenario = Callable[[World], Awaitable[None]]


def play(
    fleet: Fleet,
    scenario: Scenario,
    settings: ServiceSettings = PUSHING,
    faults: Sequence[Fault] = (),
    *,
    head: bool = True,
    profiles: Sequence[str] = ("smr5_three_phase", "smr5_single_phase"),
) -> World:
    async def main() -> World:
        world = World(fleet, settings, faults, profiles)
        if head:
            await world.network.listen(HEADEND, PUSH_PORT, world.take_pushes)
        await world.service.start()
        await scenario(world)
        await world.service.aclose()
        await world.service.aclose()
        assert world.service.connections == 0
        return world

    return run_virtual(main())


def times(fleet: Fleet, index: int) -> list[int]:
    """Minutes after Monday midnight of the captures."""
    return [(int(time) - MONDAY_MS // 1000) // 60 for time in fleet.meters[index].load_entries()["time_s"]]


def test_every_meter_answers_at_its_address_with_its_profile(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        for number in (1, 2, 3):
            async with world.meter(number) as client:
                assert (await client.get(Register.value, obis.VOLTAGE_L1)).value == 2301  # type: ignore[attr-defined]
        assert [device.model.profile.phases for device in world.service.devices] == [3, 1, 3]

    play(fleet, scenario)


def test_captures_are_made_on_time_without_being_asked(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        await world.until(3_610)

    play(fleet, scenario)
    assert [times(fleet, index) for index in range(3)] == [[15, 30, 45, 60]] * 3
    assert fleet.memory.alive_ms >= MONDAY_MS + 3_608_000


def test_an_event_is_pushed_once_and_told_as_it_was(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        await world.until(100)
        async with world.meter(2) as client:
            await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)  # type: ignore[attr-defined]
        await world.until(1_000)

    world = play(fleet, scenario)
    assert [(number, code) for number, _, code in world.pushes] == [(2, EventCode.REMOTE_DISCONNECTION)]
    assert world.pushes[0][1] == fleet.meters[1].events()[0].time_s - MONDAY_MS // 1000


def test_a_restart_is_pushed_by_every_meter(tmp_path: Path, make_fleet: Maker) -> None:
    make_fleet().close()
    fleet = Fleet.open(tmp_path / "fleet", STEADY, MONDAY_MS)

    async def scenario(world: World) -> None:
        await world.until(30)

    world = play(fleet, scenario)
    expected = [(number, 0, code) for number in (1, 2, 3) for code in (EventCode.POWER_DOWN, EventCode.POWER_UP)]
    assert sorted(world.pushes) == expected
    again = play(fleet, scenario)
    assert again.pushes == []
    fleet.close()


def test_a_push_that_fails_is_tried_again_as_set_up_and_given_up_in_the_end(fleet: Fleet) -> None:
    """The head-end comes up after 130 s: the third try, 60 s apart, finds it."""
    fleet.meters[0].log_event(EventCode.CLOCK_INVALID, MONDAY_MS)

    async def late(world: World) -> None:
        await world.until(130)
        await world.network.listen(HEADEND, PUSH_PORT, world.take_pushes)
        await world.until(1_000)

    assert play(fleet, late, head=False).pushes == [(1, 0, EventCode.CLOCK_INVALID)]
    fleet.meters[0].log_event(EventCode.CLOCK_INVALID, MONDAY_MS)

    async def never(world: World) -> None:
        await world.until(1_000)
        await world.network.listen(HEADEND, PUSH_PORT, world.take_pushes)
        await world.until(2_000)

    assert play(fleet, never, head=False).pushes == []


def test_without_a_destination_nothing_is_pushed_until_a_client_sets_one(fleet: Fleet) -> None:
    fleet.meters[0].log_event(EventCode.CLOCK_INVALID, MONDAY_MS)

    async def scenario(world: World) -> None:
        await world.until(10)
        destination = SendDestinationAndMethod(
            TransportService.TCP, f"{HEADEND}:{PUSH_PORT}".encode(), PushMessage.A_XDR_APDU
        )
        async with world.meter(1) as client:
            await client.set(PushSetupV0.send_destination_and_method, obis.PUSH_SETUP_ALARM, destination)  # type: ignore[attr-defined]
            await client.invoke(PushSetupV0.push, obis.PUSH_SETUP_ALARM, 0)  # type: ignore[attr-defined]
        await world.until(30)

    pushes = play(fleet, scenario, ServiceSettings()).pushes
    assert [(number, code) for number, _, code in pushes] == [(1, EventCode.CLOCK_INVALID)]
    assert pushes[0][1] >= 10


@pytest.mark.parametrize("destination", [b"nowhere", b"10.0.0.1:port", b"\xff\xfe:1", b":4060"])
def test_a_destination_that_is_none_is_passed_over(fleet: Fleet, destination: bytes) -> None:
    async def scenario(world: World) -> None:
        setting = SendDestinationAndMethod(TransportService.TCP, destination, PushMessage.A_XDR_APDU)
        async with world.meter(1) as client:
            await client.set(PushSetupV0.send_destination_and_method, obis.PUSH_SETUP_ALARM, setting)  # type: ignore[attr-defined]
            await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)  # type: ignore[attr-defined]
        await world.until(30)
        async with world.meter(1):
            pass

    assert play(fleet, scenario).pushes == []


def test_a_lost_link_hides_a_meter_that_goes_on_measuring(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        async with world.meter(2):
            pass
        held = await world.network.connector(HEADEND)("127.20.0.2", 4059)
        await world.until(110)
        with pytest.raises(LinkError):
            await held.receive()
        with pytest.raises(LinkError):
            await world.network.connector(HEADEND)("127.20.0.2", 4059)
        async with world.meter(1):
            pass
        await world.until(2_000)
        async with world.meter(2) as client:
            assert (await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)).value >= 222  # type: ignore[attr-defined]

    play(fleet, scenario, faults=[Fault.parse("link:2:100:1800", MONDAY_MS)])
    assert times(fleet, 1) == [15, 30]
    assert fleet.meters[1].events() == []


def test_a_lost_supply_is_an_outage(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        await world.until(4_000)
        async with world.meter(3):
            pass

    world = play(fleet, scenario, faults=[Fault.parse("power:3:1000:1900", MONDAY_MS)])
    assert times(fleet, 2) == [15, 60]
    assert [(number, code) for number, _, code in world.pushes] == [(3, 1), (3, 2)]
    assert [event.time_s - MONDAY_MS // 1000 for event in fleet.meters[2].events()] == pytest.approx(
        [1000, 2900], abs=2
    )


def test_a_meter_that_is_off_when_the_service_starts_is_not_reached(fleet: Fleet) -> None:
    fleet.meters[0].power_down(MONDAY_MS)

    async def scenario(world: World) -> None:
        with pytest.raises(LinkError):
            await world.network.connector(HEADEND)("127.20.0.1", 4059)
        await world.service.switch_on(0)
        async with world.meter(1):
            pass

    play(fleet, scenario)


def test_a_fault_shorter_than_the_rests_of_the_service_happens(fleet: Fleet) -> None:
    """At nine hundred times the speed, four minutes pass between two looks."""

    async def scenario(world: World) -> None:
        await asyncio.sleep(2_000)

    fault = Fault(FaultKind.POWER, 3, MONDAY_MS + 1_000_000, MONDAY_MS + 1_000_001)
    world = play(fleet, scenario, faults=[fault])
    codes = [event.code for event in fleet.meters[2].events()]
    assert codes[-2:] == [EventCode.POWER_DOWN, EventCode.POWER_UP]
    assert world.service.server(2).device.meter.powered


def test_a_fault_that_was_over_before_the_service_began_is_not_played_again(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        await asyncio.sleep(100)

    play(fleet, scenario, faults=[Fault(FaultKind.POWER, 3, MONDAY_MS - 2_000, MONDAY_MS - 1_000)])
    assert EventCode.POWER_DOWN not in [event.code for event in fleet.meters[2].events()]


def test_a_fault_of_no_meter_is_refused(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        raise AssertionError

    with pytest.raises(ConfigError, match="expected 1 to 3, got 4"):
        play(fleet, scenario, faults=[Fault.parse("link:4:1:1", MONDAY_MS)])


def test_what_ends_the_service_is_told(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(now_ms: int) -> int:
        raise MemoryError("worn out")

    async def scenario(world: World) -> None:
        await world.until(10)
        monkeypatch.setattr(fleet, "capture_due", broken)
        with pytest.raises(MemoryError, match="worn out"):
            await world.service.run()

    play(fleet, scenario)


PREPAID = ("smr5_three_phase", "sts_single_phase")


def credit_token(number: int, tenths: int) -> str:
    configuration = sts_configuration(number, PaymentManufacture())
    identifier = token_identifier_at(configuration.base_date, MONDAY_MS)
    return encode_token(CreditToken(Service.ELECTRICITY, identifier, 5, tenths), decoder_key(1, configuration))


def test_a_token_is_typed_while_the_link_is_away_and_told_when_it_is_back(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        await world.until(110)
        with pytest.raises(LinkError):
            await world.network.connector(HEADEND)("127.20.0.2", 4059)
        outcome = world.service.enter_token(2, credit_token(2, 10))
        assert (outcome.result, fleet.meters[1].output_state) == (TokenResult.ACCEPT, True)
        assert world.service.enter_token(2, credit_token(2, 10)).result is TokenResult.USED_ERROR
        await world.until(12_000)

    away = [Fault(FaultKind.LINK, 2, MONDAY_MS + 100_000, MONDAY_MS + 2_000_000)]
    world = play(fleet, scenario, faults=away, profiles=PREPAID)
    # 1 kWh lasts two and a half hours at 400 W; the switch opens then, not at the capture that follows.
    told = [(second, EventCode(code)) for number, second, code in world.pushes if number == 2]
    assert (110, EventCode.TOKEN_ACCEPTED) in told
    assert [second for second, code in told if code is EventCode.CREDIT_EXHAUSTED] == [0, 9_110]
    assert fleet.meters[1].import_mwh == 1_000_000


def test_a_meter_that_is_tampered_with_supplies_nobody_until_a_token_clears_it(fleet: Fleet) -> None:
    configuration = sts_configuration(2, PaymentManufacture())

    def clear(minute: int) -> TokenResult:
        identifier = token_identifier_at(configuration.base_date, MONDAY_MS) + minute
        token = encode_token(ClearTamperToken(identifier, 5), decoder_key(1, configuration))
        return world_of[0].service.enter_token(2, token).result

    world_of: list[World] = []

    async def scenario(world: World) -> None:
        world_of.append(world)
        world.service.enter_token(2, credit_token(2, 100))
        assert fleet.meters[1].output_state
        await world.until(110)
        assert not fleet.meters[1].output_state
        assert (clear(1), fleet.meters[1].output_state) == (TokenResult.ACCEPT, False), "the hand is still in it"
        await world.until(400)
        assert not fleet.meters[1].output_state, "it is over, and nothing has cleared it"
        assert (clear(2), fleet.meters[1].output_state) == (TokenResult.ACCEPT, True)
        await world.until(1_000)

    tamper = Fault.parse("tamper:2:100:200", MONDAY_MS)
    world = play(fleet, scenario, faults=[tamper], profiles=PREPAID)
    told = [EventCode(code) for number, _, code in world.pushes if number == 2]
    assert told.count(EventCode.TAMPER_DETECTED) == told.count(EventCode.TAMPER_CLEARED) == 1


def test_only_prepayment_meters_are_tampered_with(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        raise AssertionError

    with pytest.raises(ConfigError, match="a prepayment meter"):
        play(fleet, scenario, faults=[Fault.parse("tamper:1:100:200", MONDAY_MS)], profiles=PREPAID)


def test_prepayment_meters_without_power_show_nothing(fleet: Fleet) -> None:
    async def scenario(world: World) -> None:
        await world.service.switch_off(1)
        assert world.service.keypad_display(2) == {"number": 2, "credit": None, "credit_wh": None, "supplied": False}
        assert world.service.enter_token(2, credit_token(2, 10)).result is TokenResult.NOT_READY
        assert not world.service.press(2, "emergency")
        await world.service.switch_on(1)
        assert world.service.press(2, "emergency")
        assert world.service.keypad_display(2)["supplied"] is True

    play(fleet, scenario, profiles=PREPAID)


@pytest.mark.parametrize("number", [0, 1, 4])
def test_only_prepayment_meters_have_a_keypad(fleet: Fleet, number: int) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(ConfigError, match="a keypad that there is not"):
            world.service.enter_token(number, "1" * 20)
        with pytest.raises(ConfigError, match="a button that there is not"):
            world.service.press(2, "bell")

    play(fleet, scenario, profiles=PREPAID)


def test_an_image_is_activated_and_logged_at_its_time_though_nobody_asks(fleet: Fleet) -> None:
    """Verification takes two seconds, activation ten; the second one goes on after a restart of the process."""
    image = build_image(Firmware("2.0", bytes(600)), signing_key(1))

    def logged() -> dict[EventCode, int]:
        return {event.code: event.time_s - MONDAY_MS // 1000 for event in read_events(fleet.memory, 0)}

    async def bringing(world: World) -> None:
        async with world.meter(1) as client:
            await transfer_image(client, ImageJob(b"fw", image))
            with suppress(RefusedError):  # temporary failure: it has begun
                await client.invoke(ImageTransfer.image_verify, obis.IMAGE_TRANSFER, 0)
        await world.until(3_000)
        assert 0 < logged()[EventCode.FIRMWARE_READY_FOR_ACTIVATION] <= 10
        async with world.meter(1) as client:
            with suppress(RefusedError):
                await client.invoke(ImageTransfer.image_activate, obis.IMAGE_TRANSFER, 0)

    async def going_on(world: World) -> None:
        await world.until(3_600)

    play(fleet, bringing, ServiceSettings(), head=False)
    assert EventCode.FIRMWARE_ACTIVATED not in logged()
    play(fleet, going_on, ServiceSettings(), head=False)
    assert EventCode.FIRMWARE_ACTIVATED in logged()
