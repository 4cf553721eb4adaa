"""The driver of a meter's optical head (IEC 62056-21): sign-on, then a readout, values by password, or HDLC; or mode D, unasked.

Every dialogue begins at 300 baud. The head goes back there when the client of HDLC has disconnected, when the programming mode is
over, and when nobody speaks any more. Three wrong passwords close the programming mode for `LOCKED_S`, and are in the log.
"""

from __future__ import annotations

import asyncio
from typing import Final

from ferraris.iec62056_21 import (
    OPENING,
    UNSOLICITED_FORM,
    Choice,
    LineForm,
    MeterProgramming,
    MeterSignOn,
    Mode,
    SignOnState,
    encode_unsolicited,
)
from ferraris.kernel.clock import MS_PER_S, Clock
from ferraris.kernel.errors import LinkTimeoutError
from ferraris.kernel.limits import PROGRAMMING_PASSWORDS_MAX
from ferraris.link import AdjustableLine, SerialSettings, receive_within
from ferraris.meter.events import EventCode
from ferraris.meter.hdlc_line import HdlcLineService
from ferraris.meter.optical_values import OpticalValues, identification
from ferraris.meter.server import IDLE_TIMEOUT_S, MeterServer

SPEEDS: Final = {Mode.A: "?", Mode.B: "E", Mode.C: "5", Mode.E: "5"}
"""The speed's character, which says the mode: 9,600 baud but for mode A."""
UNSOLICITED_SPEED: Final = "3"
ENHANCEMENTS: Final = {Mode.E: "2"}
LOCKED_S: Final = 900.0
"""How long nobody gets into the programming mode after too many wrong passwords, in the event loop's seconds."""
REACTION_S: Final = 0.2
"""The standard's shortest reaction time, which both ends have for a change of speed."""
FOR_EVER_S: Final = 3_600.0


class OpticalHead:
    """The head of one meter."""

    def __init__(
        self, server: MeterServer, clock: Clock, mode: Mode = Mode.E, idle_timeout_s: float = IDLE_TIMEOUT_S
    ) -> None:
        self._device = server.device
        self._clock = clock
        self._mode = mode
        self._values = OpticalValues(server.device, clock)
        self._hdlc = HdlcLineService({server.device.identity.hdlc_address: server}, idle_timeout_s=idle_timeout_s)
        self._locked_until_s = 0.0

    async def serve(self, line: AdjustableLine) -> None:
        """Serve one dialogue after the other, until the line ends. Raises LinkError then."""
        while True:
            dialogue = await self._signed_on(line)
            if dialogue.choice is Choice.HDLC:
                await self._hdlc.serve(line, dialogue.rest, until_left=True)
            else:
                await self._program(line, dialogue.rest)

    async def send_unasked(self, line: AdjustableLine, period_s: int, *, checked: bool = False) -> None:
        """Mode D: send everything, time and again, until the line ends. Raises LinkError then."""
        await _adjust(line, UNSOLICITED_FORM)
        while True:
            now_ms = self._clock.now_ms()
            if self._device.meter.powered:
                who = identification(self._device, UNSOLICITED_SPEED)
                await line.send(encode_unsolicited(who, self._values.data_sets(), checked=checked))
            await asyncio.sleep(self._clock.delay_s(now_ms + period_s * MS_PER_S))

    async def _signed_on(self, line: AdjustableLine) -> MeterSignOn:
        """Wait for a reader that chooses something else than a readout."""
        await _adjust(line, OPENING)
        who = identification(self._device, SPEEDS[self._mode], ENHANCEMENTS.get(self._mode, ""))
        dialogue = MeterSignOn(who, [], self._device.identity.serial)
        while dialogue.state is not SignOnState.DONE:
            wake_ms = dialogue.wake_at()
            try:
                octets = await receive_within(line, FOR_EVER_S if wake_ms is None else _left_s(wake_ms))
            except LinkTimeoutError:
                octets = b""
            if not self._device.meter.powered:
                continue
            dialogue.data_sets = self._values.data_sets()
            dialogue.programming = _now_s() >= self._locked_until_s
            if octets:
                dialogue.receive(octets, _now_ms())
            else:
                dialogue.tick(_now_ms() if wake_ms is None else max(wake_ms, _now_ms()))
            await _say(line, dialogue.outgoing())
        return dialogue

    async def _program(self, line: AdjustableLine, octets: bytes) -> None:
        password = (self._device.keys.lls_secret or b"").decode("ascii", "replace")
        programming = MeterProgramming(password, self._values, _now_ms())
        while True:
            if octets:
                programming.receive(octets, _now_ms())
            for answer in programming.outgoing():
                await line.send(answer)
            wake_ms = programming.wake_at()
            if wake_ms is None or not self._device.meter.powered:
                break
            try:
                octets = await receive_within(line, _left_s(wake_ms))
            except LinkTimeoutError:
                octets = b""
                programming.tick(max(wake_ms, _now_ms()))
        if programming.wrong_passwords >= PROGRAMMING_PASSWORDS_MAX:
            self._locked_until_s = _now_s() + LOCKED_S
            self._device.meter.log_event(EventCode.AUTHENTICATION_FAILED, self._clock.now_ms())


async def _say(line: AdjustableLine, items: list[bytes | LineForm]) -> None:
    """Send, at the speeds that go with it: the reader gets time to change its own."""
    changed = False
    for item in items:
        if isinstance(item, LineForm):
            await _adjust(line, item)
            changed = True
        else:
            await asyncio.sleep(REACTION_S * changed)
            await line.send(item)
            changed = False


async def _adjust(line: AdjustableLine, form: LineForm) -> None:
    await line.adjust(SerialSettings(form.baud, form.data_bits, form.parity))


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _now_ms() -> int:
    return int(_now_s() * 1000)


def _left_s(until_ms: int) -> float:
    return max(until_ms / 1000 - _now_s(), 0.0)
