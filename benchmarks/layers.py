"""What each layer costs: one load profile's answer on its way in, layer by layer, and one push; best of the rounds.

The layers are timed by themselves on the same octets, so that it is easy to see where the next gain is. What a whole
association costs beyond their sum is the event loop, the kernel and the driver.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.ferraris_worker import COLUMNS, LOAD_PROFILE
from benchmarks.payloads import HEADEND_SYSTEM_TITLE, Payloads, keys_as_task
from ferraris.client import decode_profile
from ferraris.codec.columns import decode_table
from ferraris.cosem import ProfileGeneric
from ferraris.dlms import (
    Associate,
    Association,
    AssociationSettings,
    CipherKeys,
    RequestReceived,
    Role,
    Security,
    WrapperReceiver,
    encode_wpdu,
)
from ferraris.dlms.apdu import (
    AttributeDescriptor,
    GetRequestNormal,
    GetResponseNormal,
    Mechanism,
    decode_apdu,
)
from ferraris.dlms.notification_layout import NotificationDecoder
from ferraris.kernel.entropy import SeededEntropy
from ferraris.keys import CounterGuard, ReservedCounter

Work = Callable[[], object]
BUFFER = AttributeDescriptor(ProfileGeneric.class_id, LOAD_PROFILE, ProfileGeneric.buffer.number)
METER_SYSTEM_TITLE = b"FER00001"


@dataclass(frozen=True)
class Layer:
    """One stage of the way in."""

    name: str
    microseconds: float


def measure_layers(rounds: int, seconds: float) -> list[Layer]:
    """Each layer's best round, in microseconds a call."""
    return [Layer(name, _best(work, rounds, seconds)) for name, work in _layers().items()]


def _best(work: Work, rounds: int, seconds: float) -> float:
    calls = 1
    best = float("inf")
    for _ in range(rounds + 1):
        start = time.perf_counter()
        for _ in range(calls):
            work()
        took = time.perf_counter() - start
        best = min(best, took / calls)
        calls = max(1, int(seconds / best))
    return best * 1e6


def _layers() -> dict[str, Work]:
    task = {**Payloads.make().as_task(), **keys_as_task(HEADEND_SYSTEM_TITLE)}
    keys = CipherKeys(bytes.fromhex(task["encryption_key"]), bytes.fromhex(task["authentication_key"]))
    answer = bytes.fromhex(task["get_response"])
    sealed = keys.protect(0x30, METER_SYSTEM_TITLE, 1, answer)
    wpdu = encode_wpdu(1, 1, answer)
    profile = decode_apdu(answer)
    assert isinstance(profile, GetResponseNormal)
    assert isinstance(profile.result, bytes)
    buffer = profile.result
    table = decode_profile(buffer, COLUMNS)
    push = bytes.fromhex(task["pushes"].split(" ")[0])
    push_keys = CipherKeys(keys.encryption_key, keys.authentication_key)
    opened = push_keys.unprotect(push[2:10], push[_header_octets(push) :]).apdu
    decoder = NotificationDecoder()
    receiver = WrapperReceiver()

    def deframe() -> None:
        receiver.receive(wpdu)
        receiver.events()

    return {
        "deframe: wrapper, get-response of 4.2 kB": deframe,
        "decipher: tag checked, counter not": lambda: keys.unprotect(METER_SYSTEM_TITLE, sealed),
        "decode: APDU": lambda: decode_apdu(answer),
        "decode: buffer to a table": lambda: decode_table(buffer),
        "decode: times and seven columns of numbers": lambda: [
            table.time_s(),
            *(table.numbers(column) for column in COLUMNS[1:]),
        ],
        "transition: request and plain answer": _plain_exchange(answer),
        "transition: association with HLS-GMAC, both ends": lambda: _associated(keys),
        "push: decipher": lambda: push_keys.unprotect(push[2:10], push[_header_octets(push) :]),
        "push: decode by its layout": lambda: decoder.decode(opened),
    }


def _header_octets(push: bytes) -> int:
    """Octets before the security header of a general-glo-ciphering APDU: tag, system title, length."""
    return 13 if push[10] == 0x82 else 12 if push[10] == 0x81 else 11


def _plain_exchange(answer: bytes) -> Work:
    client, _ = _pair(AssociationSettings(), AssociationSettings())
    request = GetRequestNormal(answer[2], BUFFER)

    def exchange() -> None:
        client.send(request, 0)
        client.outgoing()
        client.receive(answer, 0)
        client.events()

    return exchange


def _associated(keys: CipherKeys) -> None:
    _pair(_secured(keys, HEADEND_SYSTEM_TITLE), _secured(keys, METER_SYSTEM_TITLE))


def _secured(keys: CipherKeys, system_title: bytes) -> AssociationSettings:
    counters = ReservedCounter(0, lambda up_to: None)
    guard = CounterGuard({}, lambda title, value: None)
    return AssociationSettings(Mechanism.HLS_GMAC, security=Security(system_title, keys, counters, guard))


def _pair(ours: AssociationSettings, theirs: AssociationSettings) -> tuple[Association, Association]:
    """A client and a server that have associated."""
    entropy = SeededEntropy(7)
    client, server = Association(Role.CLIENT, ours, entropy), Association(Role.SERVER, theirs, entropy)
    client.send(Associate(), 0)
    while waiting := client.outgoing():
        for apdu in waiting:
            server.receive(apdu, 0)
        assert not any(isinstance(event, RequestReceived) for event in server.events())
        for apdu in server.outgoing():
            client.receive(apdu, 0)
    client.events()
    return client, server
