"""A fleet in service: every meter listens at its own address, captures on time, and pushes what happens to it.

Listener, connector, clock and entropy are handed in: real sockets in service, a simulated network in the simulator.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ferraris.cosem import TransportService
from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod
from ferraris.dlms import Framing, GatewayAddress, Security, WrapperFraming
from ferraris.dlms.hdlc import HdlcFraming, server_address
from ferraris.iec62056_21 import Mode
from ferraris.kernel.clock import Clock
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import ConfigError
from ferraris.link import AdjustableLine, Connector, Link, LinkHandler, LinkServer, Listener
from ferraris.meter.auto_connect import Callers
from ferraris.meter.device import LogicalDevice
from ferraris.meter.faults import Fault, FaultKind
from ferraris.meter.fleet import Fleet
from ferraris.meter.gateway import Gateway, MeterBehind
from ferraris.meter.hdlc_line import HdlcLineService
from ferraris.meter.identity import PORT
from ferraris.meter.image import IMAGES, meters_with_images
from ferraris.meter.mbus_line import MbusLineService
from ferraris.meter.model import MeterModel
from ferraris.meter.optical_head import OpticalHead
from ferraris.meter.payment import PaymentManufacture, Prepayment, TokenOutcome
from ferraris.meter.pusher import Pusher
from ferraris.meter.server import MeterServer
from ferraris.sts import bare_digits

CAPTURES_TOGETHER_MS: Final = 5_000
"""Clocks differ by seconds: captures that lie this close are made in one go, those of a meter being read at once."""

GATEWAY_NETWORK: Final = 0
"""Of the fleet's meters behind a gateway."""
CAPTURE_REST_S: Final = 0.01
"""The shortest rest between two looks at what is to be captured, in the event loop's seconds."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How a fleet is served. `push_host` empty: nothing is pushed unless a client sets a destination."""

    port: int = PORT
    push_host: str = ""
    push_port: int = 0
    heartbeat_s: float = 1.0
    """How often the memory is told that power is there, in the event loop's seconds."""
    pushes_at_once: int = 16
    hdlc: bool = False
    """Whether the meters speak HDLC on their ports instead of the wrapper."""
    payment: PaymentManufacture = field(default_factory=PaymentManufacture)
    """How prepayment meters leave the works."""

    @property
    def push_destination(self) -> str:
        return f"{self.push_host}:{self.push_port}" if self.push_host else ""


class _Turn(NamedTuple):
    """The beginning or the end of a fault."""

    at_ms: int
    fault: Fault
    begins: bool


def _turns_of(faults: Sequence[Fault], now_ms: int) -> deque[_Turn]:
    """What is still to come of the faults, in order of time. A fault that is over by now was played before."""
    turns = [
        _Turn(at_ms, fault, begins)
        for fault in faults
        if fault.until_ms > now_ms
        for at_ms, begins in ((fault.from_ms, True), (fault.until_ms, False))
    ]
    return deque(sorted(turns, key=lambda turn: turn.at_ms))


class FleetService:
    """Serves a fleet from `start` to `aclose`."""

    def __init__(
        self,
        fleet: Fleet,
        models: Sequence[MeterModel],
        seed: int,
        clock: Clock,
        entropy: Entropy,
        listener: Listener,
        connector: Connector,
        settings: ServiceSettings,
        faults: Sequence[Fault] = (),
        datagrams: Connector | None = None,
        push_carriers: Mapping[TransportService, Connector] | None = None,
    ) -> None:
        """Meters take the `models` in turn. `seed` is that of their keys. Pushes by UDP go through `datagrams`, others than those
        and TCP's through `push_carriers`.

        ConfigError for a fault of an unknown meter.
        """
        self.fleet = fleet
        self.devices = tuple(
            LogicalDevice(meter, models[meter.index % len(models)], seed, settings.push_destination, settings.payment)
            for meter in fleet.meters
        )
        self._servers = tuple(MeterServer(device, clock, entropy, self._changed) for device in self.devices)
        self._clock = clock
        self._listener = listener
        self._connector = connector
        self._settings = settings
        self._listening: dict[int, LinkServer] = {}
        carriers = {TransportService.TCP: connector, TransportService.UDP: datagrams or connector}
        carriers |= push_carriers or {}
        self._pusher = Pusher(fleet, self.devices, self._security, clock, entropy, carriers, settings.pushes_at_once)
        self._callers = Callers(self.server, clock, connector)
        self._tasks: list[asyncio.Task[None]] = []
        self._settling: dict[int, LogicalDevice] = {}
        """Meters with an image that may be verified or activated."""
        self._turns = _turns_of(faults, clock.now_ms())
        numbers = {device.identity.number: device.meter.index for device in self.devices}
        strange = [fault.number for fault in faults if fault.number not in numbers]
        if strange:
            raise ConfigError("a fault of a meter that there is not", expected=f"1 to {len(numbers)}", got=strange[0])
        self._places = numbers
        for fault in faults:
            if fault.kind is FaultKind.TAMPER:
                self._payment(fault.number)
        self._reporting = [server for server in self._servers if server.device.model.reports_events]

    @property
    def connections(self) -> int:
        """Links being served, of all meters."""
        return sum(server.connections for server in self._servers)

    def server(self, index: int) -> MeterServer:
        return self._servers[index]

    @property
    def prepayment_meters(self) -> list[int]:
        """The numbers of the meters that take tokens."""
        return [device.identity.number for device in self.devices if device.payment is not None]

    def enter_token(
        self, number: int, digits: str, delivery: TokenDeliveryMethod = TokenDeliveryMethod.MANUAL
    ) -> TokenOutcome:
        """Type a token at the keypad of meter `number`: 20 digits, blanks and hyphens do no harm.

        It needs no link: a customer's token is taken when the network is away, too. Without power the meter is not ready.
        Raises ConfigError for a meter that there is not, or that takes no tokens.
        """
        payment = self._payment(number)
        outcome = payment.enter_token(bare_digits(digits), delivery, self._clock.now_ms())
        self._changed(self.devices[self._places[number]])
        return outcome

    def press(self, number: int, button: str) -> bool:
        """The consumer presses `emergency` or `reconnect` on meter `number`; whether it helped. Raises ConfigError."""
        payment, now_ms = self._payment(number), self._clock.now_ms()
        buttons = {"emergency": payment.select_emergency, "reconnect": payment.reconnect}
        if button not in buttons:
            raise ConfigError("a button that there is not", expected=" or ".join(buttons), got=button[:40])
        done = payment.meter.powered and buttons[button](now_ms)
        self._changed(self.devices[self._places[number]])
        return done

    def keypad_display(self, number: int) -> dict[str, object]:
        """What the display of meter `number` shows: `number`, `credit`, `credit_wh`, `supplied`. Raises ConfigError."""
        return {"number": number, **self._payment(number).display(self._clock.now_ms())}

    def _payment(self, number: int) -> Prepayment:
        index = self._places.get(number)
        payment = None if index is None else self.devices[index].payment
        if payment is None:
            raise ConfigError("a keypad that there is not", expected="the number of a prepayment meter", got=number)
        return payment

    async def start(self) -> None:
        """Listen for every meter that has power, and begin to capture and to push. Raises LinkUnreachableError."""
        for index in meters_with_images(self.fleet.memory.directory / IMAGES):
            self._settling[index] = self.devices[index]
        for device in self.devices:
            self._callers.watch(device)
            if device.meter.powered:
                await self.join_network(device.meter.index)
        self._tasks = [asyncio.create_task(self._capture()), asyncio.create_task(self._pusher.run())]

    async def aclose(self) -> None:
        """End all links and tasks. The fleet stays open."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._callers.aclose()
        for index in list(self._listening):
            await self.leave_network(index)

    async def run(self) -> None:
        """Wait until the service ends, and raise what ended it."""
        await asyncio.gather(*self._tasks)

    async def join_network(self, index: int) -> None:
        """The meter's link to the world is there."""
        if index not in self._listening:
            host = self.devices[index].identity.host
            self._listening[index] = await self._listener(host, self._settings.port, self._handler(index))

    def _handler(self, index: int) -> LinkHandler:
        if not self._settings.hdlc:
            return self._servers[index].serve
        return HdlcLineService({self.devices[index].identity.hdlc_address: self._servers[index]}).serve

    async def serve_bus(self, link: Link) -> None:
        """Serve all meters on one serial line, by their physical addresses, until the link ends. Raises LinkError."""
        servers = {device.identity.hdlc_address: self._servers[device.meter.index] for device in self.devices}
        await HdlcLineService(servers).serve(link)

    async def serve_mbus(self, link: Link) -> None:
        """Serve all meters on one wired M-Bus, by their primary addresses, until the link ends. Raises LinkError."""
        servers = {device.identity.mbus_address: self._servers[device.meter.index] for device in self.devices}
        await MbusLineService(servers).serve(link)

    async def serve_optical_head(self, line: AdjustableLine, mode: Mode = Mode.E) -> None:
        """Serve the first meter's optical head until the line ends. Raises LinkError."""
        await OpticalHead(self._servers[0], self._clock, mode).serve(line)

    async def send_unasked(self, line: AdjustableLine, period_s: int, *, checked: bool = False) -> None:
        """Let the first meter send its data (mode D) until the line ends. Raises LinkError."""
        await OpticalHead(self._servers[0], self._clock).send_unasked(line, period_s, checked=checked)

    async def serve_gateway(self, host: str, port: int) -> LinkServer:
        """Forward to all meters by the gateway protocol: network 0, and a meter's serial as its address."""
        return await self._listener(host, port, Gateway(dict(self._ways())).serve)

    def _ways(self) -> Iterator[tuple[GatewayAddress, MeterBehind]]:
        """The ways from a gateway to the meters, each at its own address."""
        for device in self.devices:
            identity = device.identity

            async def open_link(host: str = identity.host) -> Link:
                return await self._connector(host, self._settings.port)

            def framing(client_sap: int, server_sap: int, physical: int = identity.hdlc_address) -> Framing:
                if self._settings.hdlc:
                    return HdlcFraming(client_sap, server_address(server_sap, physical))
                return WrapperFraming(client_sap, server_sap)

            yield GatewayAddress(GATEWAY_NETWORK, identity.serial.encode()), MeterBehind(open_link, framing)

    async def leave_network(self, index: int) -> None:
        """The meter cannot be reached any more; it goes on measuring."""
        listening = self._listening.pop(index, None)
        if listening is not None:
            await listening.aclose()
        await self._servers[index].drop_links()

    async def switch_off(self, index: int) -> None:
        """The meter's supply fails."""
        self.devices[index].meter.power_down(self._clock.now_ms())
        await self.leave_network(index)

    async def switch_on(self, index: int) -> None:
        """The meter's supply is back."""
        self.devices[index].meter.power_up(self._clock.now_ms())
        await self.join_network(index)
        self._pusher.wake()

    def _security(self, index: int) -> Security:
        return self._servers[index].associations.security

    def _changed(self, device: LogicalDevice) -> None:
        self._callers.watch(device)
        if device.image_open:
            self._settling[device.meter.index] = device
        if device.connection_wanted:
            device.connection_wanted = False
            self._callers.call(device)
        if device.meter.pushes_wanted or self._pusher.has_news(device):
            self._pusher.wake()
        if device.model.reports_events:  # when the request that changed something is answered
            asyncio.get_running_loop().call_soon(self._servers[device.meter.index].report_events)

    async def _inflict(self, now_ms: int) -> None:
        """Let faults begin and end. Both happen, however short the fault and however late this looks."""
        while self._turns and self._turns[0].at_ms <= now_ms:
            turn = self._turns.popleft()
            index = self._places[turn.fault.number]
            match turn.fault.kind, turn.begins:
                case FaultKind.LINK, True:
                    await self.leave_network(index)
                case FaultKind.LINK, False:
                    await self.join_network(index)
                case FaultKind.POWER, True:
                    await self.switch_off(index)
                case FaultKind.POWER, False:
                    await self.switch_on(index)
                case FaultKind.TAMPER, True:
                    payment = self._payment(turn.fault.number)
                    payment.tampering = True
                    payment.tamper(now_ms)
                    self._changed(self.devices[index])
                case FaultKind.TAMPER, False:
                    self._payment(turn.fault.number).tampering = False

    def _settle(self, now_ms: int) -> int | None:
        """End verifications and activations whose time has come; when the next one is over, None for never."""
        times = []
        for index, device in list(self._settling.items()):
            if device.meter.powered:
                times.append(device.image(now_ms).over_ms)
                if not device.image_open:
                    del self._settling[index]
        return min((time for time in times if time is not None), default=None)

    async def _capture(self) -> None:
        while True:
            now_ms = self._clock.now_ms()
            next_ms = self.fleet.capture_due(now_ms)
            await self._inflict(now_ms)
            settled_ms = self._settle(now_ms)
            self._pusher.wake_for_news()
            self._callers.look(now_ms)
            for server in self._reporting:
                server.report_events()
            # A clock set ahead leaves a capture overdue until some time has passed: give it that time.
            until_ms = next_ms + CAPTURES_TOGETHER_MS
            if self._turns:
                until_ms = min(until_ms, self._turns[0].at_ms)
            if settled_ms is not None:
                until_ms = min(until_ms, settled_ms)
            delay_s = max(self._clock.delay_s(until_ms), CAPTURE_REST_S)
            await asyncio.sleep(min(delay_s, self._settings.heartbeat_s))
