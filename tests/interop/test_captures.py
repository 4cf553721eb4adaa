"""What our client and a meter made with Gurux say to one another, captured and decoded: the two global keys are enough."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

import pytest

from ferraris.client import ClientAssociation, ClientSettings
from ferraris.cosem import ProfileGeneric, Register
from ferraris.dlms import Ciphering, SecurityControl
from ferraris.dlms.inspect import Conversation, InspectionKeys, Message
from ferraris.kernel.clock import SystemClock
from ferraris.kernel.entropy import SystemEntropy
from ferraris.link import CaptureLink, PcapCapture, open_tcp, read_capture
from tests.interop.load_profile import ACTIVE_ENERGY_IMPORT, LOAD_PROFILE, ROWS, numbers
from tests.interop.own_client import AUTHENTICATION_KEY, ENCRYPTION_KEY, READING, management

PEER_ROLE = "meter"
pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

MODES: dict[str, Callable[[], ClientSettings]] = {
    "authenticated and encrypted": management,
    "authenticated only": lambda: management(SecurityControl.AUTHENTICATED),
    "dedicated key": lambda: management(ciphering=Ciphering.DEDICATED),
    "general-glo": lambda: management(ciphering=Ciphering.GENERAL_GLOBAL),
    "general-ded": lambda: management(ciphering=Ciphering.GENERAL_DEDICATED),
    "blocks of 200 octets": lambda: management(max_receive_pdu_size=200),
    "low level security": lambda: READING,
}


def captured(port: int, settings: ClientSettings) -> bytes:
    """A register and the load profile, read over a link that is written down."""
    file = io.BytesIO()

    async def run() -> None:
        link = CaptureLink(await open_tcp("127.0.0.1", port), PcapCapture(file, SystemClock()))
        association = ClientAssociation(link, settings, SystemEntropy())
        try:
            await association.associate()
            await association.get(Register.value, ACTIVE_ENERGY_IMPORT)
            await association.get(ProfileGeneric.buffer, LOAD_PROFILE)
            await association.release()
        finally:
            await association.aclose()

    asyncio.run(run())
    return file.getvalue()


def decoded(capture: bytes) -> list[Message]:
    conversation = Conversation(InspectionKeys(ENCRYPTION_KEY, AUTHENTICATION_KEY))
    messages: list[Message] = []
    for chunk in read_capture(capture):
        messages += conversation.feed(chunk.source, chunk.destination, chunk.octets, datagram=False, lost=chunk.lost)
    return messages + conversation.finish()


@pytest.mark.parametrize("mode", MODES)
def test_a_captured_talk_is_decoded(gurux_meter: int, mode: str) -> None:
    messages = decoded(captured(gurux_meter, MODES[mode]()))
    # The lengths in its RLRE are too short for the user-information: the one message that does not decode.
    assert messages[-1].octets[8] == 0x63
    assert "octets follow the APDU" in str(messages[-1].error)
    assert [str(message.error) for message in messages[:-1] if message.error is not None] == []
    assert messages[0].inspection.names == ["AARQ"]
    values = {about["name"].split()[0]: about.get("value") for message in messages for about in message.about}
    assert values["Register.value"] == numbers(ROWS - 1)[1]
    assert len(values["ProfileGeneric.buffer"]) == ROWS
