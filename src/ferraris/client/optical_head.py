"""The driver of the dialogue at an optical head: from 300 baud into HDLC, a data readout, values by password; and mode D.

line = await open_serial("/dev/ttyUSB0", SerialSettings(300, 7, "E"))
await sign_on(line)
association = ClientAssociation(line, settings, entropy, framing=HdlcFraming(16, server_address(1)))
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ferraris.iec62056_21 import (
    UNSOLICITED_FORM,
    Answer,
    Choice,
    DataSet,
    LineForm,
    Programmer,
    SignOn,
    SignOnState,
    Unsolicited,
    UnsolicitedReceiver,
)
from ferraris.kernel.errors import LinkError, LinkTimeoutError, RemoteProtocolError
from ferraris.link import AdjustableLine, SerialSettings, receive_within


async def sign_on(line: AdjustableLine, address: str = "") -> None:
    """Bring the meter at an optical head into HDLC. Raises LinkError, and RemoteProtocolError where it has no mode E."""
    dialogue = SignOn(Choice.HDLC, address)
    await _hold_dialogue(line, dialogue)
    if dialogue.rest:
        raise RemoteProtocolError("the meter speaks before it is asked", got=dialogue.rest[:8].hex())


async def read_out(line: AdjustableLine, address: str = "") -> list[DataSet]:
    """The data readout of a meter. Raises LinkError, and RemoteProtocolError for a readout that does not hold."""
    dialogue = SignOn(Choice.READOUT, address)
    await _hold_dialogue(line, dialogue)
    assert dialogue.readout is not None  # the dialogue is done
    return dialogue.readout


class ProgrammingSession:
    """A meter in its programming mode. What it refuses is a RefusedError."""

    def __init__(self, line: AdjustableLine, programmer: Programmer) -> None:
        self._line = line
        self._programmer = programmer

    @property
    def operand(self) -> str:
        """What the meter said first; some makers' passwords follow from it."""
        return self._programmer.operand or ""

    async def give_password(self, password: str) -> None:
        self._programmer.give_password(password, _now_ms())
        (await self._answer()).check()

    async def read(self, address: str, *, in_blocks: bool = False) -> list[DataSet]:
        """The value at an address, such as `1.8.0`, as the meter writes it."""
        self._programmer.read(address, _now_ms(), in_blocks=in_blocks)
        return (await self._answer()).data_sets

    async def write(self, address: str, value: str) -> None:
        self._programmer.write(address, value, _now_ms())
        (await self._answer()).check()

    async def begin(self, octets: bytes) -> None:
        """Hear the meter out, which speaks first; `octets` have come already."""
        self._programmer.receive(octets, _now_ms())
        while self._programmer.operand is None:
            await self._step()

    async def leave(self) -> None:
        """Say that this is the end."""
        if not self._programmer.over:
            self._programmer.leave()
            with suppress(LinkError):
                await self._send()

    async def _answer(self) -> Answer:
        while True:
            answers = self._programmer.answers()
            if answers:
                return answers[0]
            await self._step()

    async def _step(self) -> None:
        """Send what is to be sent, and wait for the meter or for the end of its time."""
        await self._send()
        wake_ms = self._programmer.wake_at()
        assert wake_ms is not None  # something is waited for
        try:
            octets = await receive_within(self._line, max(wake_ms / 1000 - asyncio.get_running_loop().time(), 0.0))
        except LinkTimeoutError:
            self._programmer.tick(max(_now_ms(), wake_ms))
        else:
            self._programmer.receive(octets, _now_ms())

    async def _send(self) -> None:
        for octets in self._programmer.outgoing():
            await self._line.send(octets)


@asynccontextmanager
async def programming(line: AdjustableLine, address: str = "") -> AsyncIterator[ProgrammingSession]:
    """The meter at an optical head in its programming mode. Raises LinkError, RemoteProtocolError."""
    dialogue = SignOn(Choice.PROGRAMMING, address)
    await _hold_dialogue(line, dialogue)
    session = ProgrammingSession(line, Programmer(_now_ms()))
    try:
        await session.begin(dialogue.rest)
        yield session
    finally:
        await session.leave()


async def telegrams(line: AdjustableLine) -> AsyncIterator[Unsolicited]:
    """What a meter in mode D sends unasked, until the line ends. Raises LinkError then."""
    await line.adjust(SerialSettings(UNSOLICITED_FORM.baud, UNSOLICITED_FORM.data_bits, UNSOLICITED_FORM.parity))
    receiver = UnsolicitedReceiver()
    while True:
        for telegram in receiver.receive(await line.receive()):
            yield telegram


async def _hold_dialogue(line: AdjustableLine, dialogue: SignOn) -> None:
    loop = asyncio.get_running_loop()
    dialogue.start(_now_ms())
    while True:
        for item in dialogue.outgoing():
            if isinstance(item, LineForm):
                await line.adjust(SerialSettings(item.baud, item.data_bits, item.parity))
            else:
                await line.send(item)
        if dialogue.state is SignOnState.DONE:
            break
        wake_ms = dialogue.wake_at()
        assert wake_ms is not None  # the reader always waits for something
        try:
            octets = await receive_within(line, max(wake_ms / 1000 - loop.time(), 0.0))
        except LinkTimeoutError:
            dialogue.tick(max(_now_ms(), wake_ms))
        else:
            dialogue.receive(octets, _now_ms())


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
