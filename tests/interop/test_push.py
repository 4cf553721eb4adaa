"""Pushes: what our virtual meter sends is opened by Gurux, and what Gurux makes is opened by our receiver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ferraris.cosem import CosemDateTime
from ferraris.dlms import (
    CipherKeys,
    IncomingPushes,
    NotificationDecoder,
    OutgoingPush,
    PushReceiver,
    PushSecurity,
    WrapperReceiver,
)
from ferraris.dlms.apdu import decode_apdu
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, InvocationCounterError
from ferraris.keys import CounterGuard
from ferraris.meter import Fleet, LogicalDevice
from ferraris.meter.associations import OfferedAssociations
from ferraris.meter.push import push_of, wrapped
from tests.interop.own_client import AUTHENTICATION_KEY, ENCRYPTION_KEY, KEYS, METER_TITLE
from tests.interop.peers.process import PeerProcess
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, device_of

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]
as_client, as_meter = pytest.mark.peer_role("client"), pytest.mark.peer_role("meter")

TIME_MS = MONDAY_MS + 3_600_000
VALUES = [0, 1, 255, 65_536, 4_294_967_295]
COUNTERS = count(10, 10)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[LogicalDevice]:
    fleet = Fleet.create(tmp_path / "fleet", PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    yield device_of(fleet)
    fleet.close()


@as_client
def test_a_push_of_our_meter_is_opened(gurux: PeerProcess, device: LogicalDevice) -> None:
    push = push_of(device, OfferedAssociations(device).security, TIME_MS).octets
    task = {
        "do": "push",
        "push": push.hex(),
        "system_title": b"FERHES01".hex(),
        "encryption_key": device.keys.encryption_key.hex(),
        "authentication_key": device.keys.authentication_key.hex(),
    }
    time, serial, code, alarms = gurux.ask(task)["values"]
    assert CosemDateTime.from_octets(bytes.fromhex(time)).to_epoch_ms() == TIME_MS
    assert (bytes.fromhex(serial), code, alarms) == (b"FER0000000001", 0, 0)


@as_client
def test_a_long_push_of_our_meter_is_put_together(gurux: PeerProcess, device: LogicalDevice) -> None:
    push = push_of(device, OfferedAssociations(device).security, TIME_MS)
    blocks = OutgoingPush(push.apdu, 60, 4_000, 0).outgoing()
    assert len(blocks) > 1
    task = {
        "do": "push",
        "push": b"".join(map(wrapped, blocks)).hex(),
        "system_title": b"FERHES01".hex(),
        "encryption_key": device.keys.encryption_key.hex(),
        "authentication_key": device.keys.authentication_key.hex(),
    }
    time, serial, code, alarms = gurux.ask(task)["values"]
    assert CosemDateTime.from_octets(bytes.fromhex(time)).to_epoch_ms() == TIME_MS
    assert (bytes.fromhex(serial), code, alarms) == (b"FER0000000001", 0, 0)


@dataclass
class HeadEnd:
    """A receiver that knows the meter that Gurux plays."""

    keys: CipherKeys = field(default_factory=lambda: CipherKeys(ENCRYPTION_KEY, AUTHENTICATION_KEY))

    def __post_init__(self) -> None:
        guard = CounterGuard({}, lambda title, value: None)
        self.receiver = PushReceiver({METER_TITLE: PushSecurity(self.keys, guard)}.get)


def made(gurux: PeerProcess, **task: Any) -> list[bytes]:
    """The WPDUs of a push that Gurux makes."""
    told = {"do": "push", "values": VALUES, "time_ms": TIME_MS, "system_title": METER_TITLE.hex(), **KEYS}
    return [bytes.fromhex(message) for message in gurux.ask(told | task)["messages"]]


def pushed(gurux: PeerProcess, **task: Any) -> bytes:
    """The APDU of a push that Gurux makes."""
    receiver = WrapperReceiver()
    for message in made(gurux, **task):
        receiver.receive(message)
    (wpdu,) = receiver.events()
    assert (wpdu.source, wpdu.destination) == (1, 1)
    return wpdu.apdu


@as_meter
def test_a_push_is_opened(gurux: PeerProcess) -> None:
    push = HeadEnd().receiver.receive(pushed(gurux, ciphered=True, invocation_counter=next(COUNTERS)))
    assert push.system_title == METER_TITLE
    assert list(push.notification.values) == VALUES
    assert CosemDateTime.from_octets(push.notification.date_time).to_epoch_ms() == TIME_MS


def blocks_of(gurux: PeerProcess, **task: Any) -> list[bytes]:
    """The general blocks of a long push of Gurux: it streams them and waits for nothing."""
    wrapper = WrapperReceiver()
    for message in made(gurux, values=list(range(100)), pdu_size=150, **task):
        wrapper.receive(message)
    return [wpdu.apdu for wpdu in wrapper.events()]


@as_meter
def test_a_long_push_in_general_blocks_is_put_together(gurux: PeerProcess) -> None:
    pushes = IncomingPushes()
    *rest, whole = [pushes.take(block) for block in blocks_of(gurux)]
    assert rest == [None] * len(rest)
    assert rest
    assert whole is not None
    assert list(NotificationDecoder().decode(whole).values) == list(range(100))


@as_meter
def test_a_long_push_is_ciphered_without_an_end(gurux: PeerProcess) -> None:
    """No block of it is marked as the last one; the octets are those of one ciphered APDU."""
    blocks = [decode_apdu(block) for block in blocks_of(gurux, ciphered=True, invocation_counter=next(COUNTERS))]
    assert not any(block.last_block for block in blocks)  # type: ignore[union-attr]
    whole = b"".join(block.octets for block in blocks)  # type: ignore[union-attr]
    assert list(HeadEnd().receiver.receive(whole).notification.values) == list(range(100))


@as_meter
def test_a_push_in_the_clear_is_read(gurux: PeerProcess) -> None:
    assert list(NotificationDecoder().decode(pushed(gurux)).values) == VALUES


@as_meter
def test_a_push_is_taken_once_and_under_its_key_only(gurux: PeerProcess) -> None:
    push, head_end = pushed(gurux, ciphered=True, invocation_counter=next(COUNTERS)), HeadEnd()
    head_end.receiver.receive(push)
    with pytest.raises(InvocationCounterError):
        head_end.receiver.receive(push)
    with pytest.raises(AuthenticationError):
        HeadEnd(CipherKeys(bytes(16), AUTHENTICATION_KEY)).receiver.receive(push)
