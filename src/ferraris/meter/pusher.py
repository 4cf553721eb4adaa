"""The driver of all meters' pushes: a limited number at once, each as its push setup says, through failures and restarts.

What is to be pushed lies in the meters' memory: the events of the log that were not told yet, a bit for each push setup that
was set off, and for each setup the tries so far and the time of the next. A restart neither forgets a push nor begins to
count anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import structlog

from ferraris.cosem import ProfileObject, TransportService
from ferraris.dlms import Security
from ferraris.kernel.clock import MS_PER_S, Clock
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import DecodeError, LinkError, SecurityError
from ferraris.link import Connector
from ferraris.meter.device import LogicalDevice
from ferraris.meter.events import MeterEvent
from ferraris.meter.fleet import Fleet
from ferraris.meter.push import (
    PUSH_SETUP,
    PUSHED,
    PushedApdu,
    mark_pushed,
    meters_with_news,
    note_confirmation,
    push_of,
    unpushed_events,
)
from ferraris.meter.push_delivery import PushDelivery
from ferraris.meter.push_terms import PushTerms, push_setups

LOG: Final = structlog.get_logger("ferraris.meter")
NO_SETUP: Final = 0xFF


class Pusher:
    """Sends pushes, a limited number at once, and tries again as the push setups say."""

    def __init__(
        self,
        fleet: Fleet,
        devices: Sequence[LogicalDevice],
        security: Callable[[int], Security],
        clock: Clock,
        entropy: Entropy,
        connectors: dict[TransportService, Connector],
        at_once: int,
    ) -> None:
        """`security` is that of a meter by its place; `connectors` are by what carries a push."""
        self._memory = fleet.memory
        self._devices = devices
        self._security = security
        self._clock = clock
        self._entropy = entropy
        self._connectors = connectors
        self._at_once = at_once
        self._alarm_places = np.array([_alarm_place(device) for device in devices])
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    def has_news(self, device: LogicalDevice) -> bool:
        index = device.meter.index
        return self._memory.state.field("event_head", index) > int(self._memory.counters["pushed"][index])

    def wake_for_news(self) -> None:
        if self._memory.state.column("pushes_wanted").any() or meters_with_news(self._memory).size:
            self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            due = self._due()
            for start in range(0, len(due), self._at_once):
                await asyncio.gather(*(self._push(index) for index in due[start : start + self._at_once]))

    def _due(self) -> list[int]:
        """Meters with something to push whose time has come; the first try to tell of an event is put off as set up."""
        now_ms, state = self._clock.now_ms(), self._memory.state
        news = meters_with_news(self._memory)
        for index in news.tolist():
            place = int(self._alarm_places[index])
            if place == NO_SETUP:
                mark_pushed(self._memory, index, [])
            elif not self._devices[index].meter.push_state(place)[1]:
                self._devices[index].put_off_push(place, now_ms, self._entropy)
        asked = np.flatnonzero((state.column("pushes_wanted") != 0) & (state.column("powered") != 0))
        return [index for index in dict.fromkeys([*asked.tolist(), *news.tolist()]) if self._places(index, now_ms)]

    def _places(self, index: int, now_ms: int) -> list[int]:
        """Which of a meter's push setups have something to send now."""
        device = self._devices[index]
        wanted = device.meter.pushes_wanted
        news = int(self._alarm_places[index]) if self.has_news(device) else NO_SETUP
        return [
            place
            for place in range(len(push_setups(device)))
            if (wanted >> place & 1 or place == news) and device.meter.push_state(place)[1] <= now_ms
        ]

    async def _push(self, index: int) -> None:
        for place in self._places(index, self._clock.now_ms()):
            await self._push_setup(index, place)

    async def _push_setup(self, index: int, place: int) -> None:
        """Send what one push setup has to send. A failure is counted, and in the end given up."""
        device, now_ms = self._devices[index], self._clock.now_ms()
        setup = push_setups(device)[place]
        terms = PushTerms.of(device, setup, now_ms)
        events = unpushed_events(self._memory, index) if place == self._alarm_places[index] else []
        wanted = bool(device.meter.pushes_wanted >> place & 1)
        try:
            pushes = self._pushes(index, setup, events, terms, now_ms, asked=wanted) if terms.address else []
            await self._send(terms, pushes, self._security(index))
        except (DecodeError, SecurityError) as error:
            # A protection that a client has asked for and the meter does not have: no other try will have it.
            LOG.warning(
                "push_not_protected", meter=device.identity.serial, setup=str(setup.logical_name), error=str(error)
            )
        except LinkError:
            if self._try_again(device, place, terms):
                return
        else:
            if pushes and terms.confirmed:
                note_confirmation(device, setup, self._clock.now_ms())
        if place == self._alarm_places[index]:
            mark_pushed(self._memory, index, events)
        device.meter.push_over(place, asked=wanted)

    def _pushes(
        self,
        index: int,
        setup: ProfileObject,
        events: list[MeterEvent],
        terms: PushTerms,
        now_ms: int,
        *,
        asked: bool,
    ) -> list[PushedApdu]:
        told: list[MeterEvent | None] = [event for event in events if event.code in PUSHED]
        return [
            push_of(
                self._devices[index], self._security(index), now_ms, event, setup, confirmed=terms.confirmed
            )
            for event in told + [None] * asked
        ]  # fmt: skip

    async def _send(self, terms: PushTerms, pushes: list[PushedApdu], security: Security) -> None:
        connector = self._connectors.get(terms.transport)
        if not pushes or terms.address is None or connector is None:
            return
        link = await connector(*terms.address)
        try:
            await PushDelivery(link, security, pushes).run()
        finally:
            await link.aclose()

    def _try_again(self, device: LogicalDevice, place: int, terms: PushTerms) -> bool:
        """Whether there is another try, which is then set."""
        tries = device.meter.push_state(place)[0] + 1
        now_ms = self._clock.now_ms()
        from_ms = device.push_opening_ms(terms, now_ms + terms.delay_s(tries) * MS_PER_S)
        if tries > terms.retries or from_ms is None:
            return False
        device.meter.set_push_state(place, tries, from_ms)
        return True


def _alarm_place(device: LogicalDevice) -> int:
    """The place of the push setup that tells of events."""
    names = [setup.logical_name for setup in push_setups(device)]
    return names.index(PUSH_SETUP) if PUSH_SETUP in names else NO_SETUP
