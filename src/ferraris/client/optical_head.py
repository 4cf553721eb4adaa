"""The driver of the dialogue at an optical head: from 300 baud into HDLC, or a data readout.

line = await open_serial("/dev/ttyUSB0", SerialSettings(300, 7, "E"))
await sign_on(line)
association = ClientAssociation(line, settings, entropy, framing=HdlcFraming(16, server_address(1)))
"""

from __future__ import annotations

import asyncio

from ferraris.iec62056_21 import Choice, DataSet, LineForm, SignOn, SignOnState
from ferraris.kernel.errors import LinkTimeoutError, RemoteProtocolError
from ferraris.link import AdjustableLine, SerialSettings, receive_within


async def sign_on(line: AdjustableLine, address: str = "") -> None:
    """Bring the meter at an optical head into HDLC. Raises LinkError, and RemoteProtocolError where it has no mode E."""
    await _hold_dialogue(line, SignOn(Choice.HDLC, address))


async def read_out(line: AdjustableLine, address: str = "") -> list[DataSet]:
    """The data readout of a meter. Raises LinkError, and RemoteProtocolError for a readout that does not hold."""
    dialogue = SignOn(Choice.READOUT, address)
    await _hold_dialogue(line, dialogue)
    assert dialogue.readout is not None  # the dialogue is done
    return dialogue.readout


async def _hold_dialogue(line: AdjustableLine, dialogue: SignOn) -> None:
    loop = asyncio.get_running_loop()

    def now_ms() -> int:
        return int(loop.time() * 1000)

    dialogue.start(now_ms())
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
            dialogue.tick(max(now_ms(), wake_ms))
        else:
            dialogue.receive(octets, now_ms())
    if dialogue.rest:
        raise RemoteProtocolError("the meter speaks before it is asked", got=dialogue.rest[:8].hex())
