"""Ferraris as one of those measured: the same tasks, over the same line protocol, as the foreign implementations get."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import uvloop
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.echo import echo_work
from benchmarks.limits import LIMITS
from benchmarks.payloads import CAPTURE_OBJECTS, HEADEND_SYSTEM_TITLE, IMAGE_OCTETS, SYSTEM_TITLE, VALUES_IN_A_PUSH
from ferraris.client import ClientAssociation, ClientSettings, decode_profile, read_profile
from ferraris.codec import decode_whole
from ferraris.codec.columns import decode_table
from ferraris.cosem import CaptureObject, Obis, SecuritySuite
from ferraris.dlms import (
    AssociationSettings,
    CipherKeys,
    KeyPairs,
    KnownPoints,
    PrivateKey,
    PushReceiver,
    PushSecurity,
    Security,
)
from ferraris.dlms.apdu import GetResponseNormal, Mechanism, decode_apdu
from ferraris.dlms.elliptic import P_256
from ferraris.dlms.general_block_transfer import GeneralBlockTransferEnd
from ferraris.dlms.hdlc import HdlcDeframer
from ferraris.dlms.hls import HlsEcdsa
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.garbage import settled
from ferraris.kernel.limits import BLOCK_TRANSFER_OCTETS_MAX
from ferraris.keys import CounterGuard, ReservedCounter
from ferraris.link import open_tcp
from tests.interop.peers.python.lines import Task, cpu_seconds, repeat, serve

Once = Callable[[], Awaitable[None]]
LOAD_PROFILE = Obis.parse("1.0.99.1.0.255")
COLUMNS = tuple(CaptureObject(class_id, Obis.parse(name), 2) for class_id, name in CAPTURE_OBJECTS)


def perform(task: Task) -> Task:
    """One task of the line protocol."""
    work = task["work"]
    if work in CONCURRENT:
        return uvloop.run(CONCURRENT[work](task))
    return repeat({**WORK, **LIMITS}[work](task), task["seconds"])


def _buffer(get_response: bytes) -> bytes:
    apdu = decode_apdu(get_response)
    assert isinstance(apdu, GetResponseNormal)
    assert isinstance(apdu.result, bytes)
    return apdu.result


def profile_columns(task: Task) -> Callable[[], int]:
    """The get-response to columns, every one of them taken."""
    octets = bytes.fromhex(task["get_response"])

    def once() -> int:
        table = decode_table(_buffer(octets))
        columns = [table.column(index) for index in range(table.width)]
        return len(columns) * len(table)

    return once


def profile_rows(task: Task) -> Callable[[], int]:
    """The get-response to rows of Python values with date-times."""
    octets = bytes.fromhex(task["get_response"])

    def once() -> int:
        rows = decode_profile(decode_apdu(octets).result, COLUMNS).rows()  # type: ignore[union-attr,arg-type]
        return len(rows) * len(rows[0])

    return once


def profile_filled(task: Task) -> Callable[[], int]:
    """The get-response to times and numbers, nulls filled and differences added up, whatever the form of the buffer."""
    octets = bytes.fromhex(task["get_response"])

    def once() -> int:
        profile = decode_profile(_buffer(octets), COLUMNS, capture_period_s=900)
        columns = [profile.time_s(), *(profile.numbers(column) for column in COLUMNS[1:])]
        return len(columns) * len(profile)

    return once


def pushes(task: Task) -> Callable[[], int]:
    """general-glo-ciphering APDUs: tag verified, counter above the last one, body to a list of values."""
    octets = [bytes.fromhex(push) for push in task["pushes"].split(" ")]
    keys = CipherKeys(bytes.fromhex(task["encryption_key"]), bytes.fromhex(task["authentication_key"]))

    # As in a head-end, the receiver lives on; only the counters begin anew, since the same pushes come again.
    known: dict[bytes, PushSecurity] = {}
    receiver = PushReceiver(known.get)
    system_title = octets[0][2:10]

    def once() -> int:
        known[system_title] = PushSecurity(keys, CounterGuard({}, lambda system_title, value: None))
        for push in octets:
            if len(receiver.receive(push).notification.values) != VALUES_IN_A_PUSH:
                raise ValueError("a push did not decode to 20 values")
        return len(octets)

    return once


def deframing(task: Task) -> Callable[[], int]:
    """A stream of I frames: found, their checks verified, the information of each taken."""
    octets = bytes.fromhex(task["hdlc"])
    expected = octets.count(b"\x7e\x7e") + 1

    def once() -> int:
        deframer = HdlcDeframer()
        deframer.receive(octets, 0)
        count = sum(1 for frame in deframer.frames() if frame.information)
        if count != expected:
            raise ValueError(f"{count} frames of {expected}")
        return count

    return once


def image_blocks(task: Task) -> Callable[[], int]:
    """General blocks put together in order, the get-response decoded, the image taken out of it."""
    blocks = [bytes.fromhex(block) for block in task["image_blocks"].split(" ")]
    end = GeneralBlockTransferEnd(2_048, BLOCK_TRANSFER_OCTETS_MAX, window=63, timeout_ms=10_000, leads=True)

    def once() -> int:
        end.begin()
        for block in blocks:
            end.receive(block, 0)
        (apdu,) = end.events()
        if len(decode_whole(_buffer(apdu)).value) != IMAGE_OCTETS:  # type: ignore[arg-type]
            raise ValueError("the image is not whole")
        return 1

    return once


def hls_ecdsa(task: Task) -> Callable[[], int]:
    """A client's part in HLS by ECDSA: its answer to the meter's challenge, and the meter's answer checked."""
    own, peer = (PrivateKey(bytes.fromhex(task[name]), P_256) for name in ("own_private", "peer_private"))
    titles = HEADEND_SYSTEM_TITLE, SYSTEM_TITLE
    points = KnownPoints(dict(zip(titles, (own.point, peer.point), strict=True)))
    counters, guard = ReservedCounter(0, lambda up_to: None), CounterGuard({}, lambda system_title, value: None)
    ciphers = CipherKeys(bytes(16), bytes(16), SecuritySuite.SUITE_1)
    runs = [
        HlsEcdsa(Security(title, ciphers, counters, guard, key_pairs=KeyPairs(points, key)), SystemEntropy(), 32)
        for title, key in zip(titles, (own, peer), strict=True)
    ]
    client, meter = runs
    client.take_challenge(meter.challenge, SYSTEM_TITLE)
    meter.take_challenge(client.challenge, HEADEND_SYSTEM_TITLE)
    meters_answer = meter.answer()

    def once() -> int:
        client.answer()
        client.check(meters_answer)
        return 1

    return once


def signatures(task: Task) -> Callable[[], int]:
    """What no handshake can do without: OpenSSL signs once and verifies once."""
    key = PrivateKey(bytes.fromhex(task["own_private"]), P_256).key
    public, algorithm, message = key.public_key(), ECDSA(SHA256()), bytes(80)
    signature = key.sign(message, algorithm)

    def once() -> int:
        key.sign(message, algorithm)
        public.verify(signature, message, algorithm)
        return 1

    return once


def client_settings(task: Task) -> ClientSettings:
    """The management client; what it sends goes on counting from one association to the next."""
    keys = CipherKeys(bytes.fromhex(task["encryption_key"]), bytes.fromhex(task["authentication_key"]))
    security = Security(
        HEADEND_SYSTEM_TITLE,
        keys,
        ReservedCounter(task["invocation_counter"], lambda up_to: None),
        CounterGuard({}, lambda system_title, value: None),
    )
    return ClientSettings(
        AssociationSettings(Mechanism.HLS_GMAC, security=security), task["client_sap"], task["server_sap"]
    )


async def one_association(task: Task, settings: ClientSettings, entropy: SystemEntropy) -> None:
    """The whole of it: connect, AARQ, HLS-GMAC, read the load profile, RLRQ."""
    association = ClientAssociation(await open_tcp(task["host"], task["port"]), settings, entropy)
    try:
        await association.associate()
        profile = await read_profile(association, LOAD_PROFILE, COLUMNS)
        columns = [profile.time_s(), *(profile.numbers(column) for column in COLUMNS[1:])]
        if any(len(column) != task["rows"] for column in columns):
            raise ValueError(f"expected {task['rows']} rows, got {len(profile)}")
        await association.release()
    finally:
        await association.aclose()


async def associations(task: Task) -> Task:
    """As many associations after one another as fit, in each of `lanes` at a time. Each lane reads a meter of its own."""
    entropy = SystemEntropy()

    def lane() -> Once:
        settings = client_settings(task)
        return lambda: one_association(task, settings, entropy)

    with settled():  # as every command that works for long is
        return await in_lanes([lane() for _ in range(task["lanes"])], task["seconds"])


async def echo(task: Task) -> Task:
    """The bare echo of the same round trips and octets."""
    once = echo_work(task["echo_port"], [(sent, answered) for sent, answered in task["round_trips"]])
    return await in_lanes([once] * task["lanes"], task["seconds"])


async def in_lanes(lanes: Sequence[Once], seconds: float) -> Task:
    """Do each lane's work again and again for `seconds`, all lanes at the same time."""
    loop = asyncio.get_running_loop()
    start, start_cpu = loop.time(), cpu_seconds()
    units = 0

    async def keep_doing(once: Once) -> None:
        nonlocal units
        while True:
            await once()
            units += 1
            if loop.time() >= start + seconds:
                return

    await asyncio.gather(*map(keep_doing, lanes))
    return {"units": units, "seconds": loop.time() - start, "cpu_seconds": cpu_seconds() - start_cpu}


WORK: dict[str, Callable[[Task], Callable[[], int]]] = {
    "profile_columns": profile_columns,
    "profile_rows": profile_rows,
    "profile_filled": profile_filled,
    "pushes": pushes,
    "deframing": deframing,
    "image_blocks": image_blocks,
    "hls_ecdsa": hls_ecdsa,
    "signatures": signatures,
}
CONCURRENT: dict[str, Callable[[Task], Coroutine[Any, Any, Task]]] = {"associations": associations, "echo": echo}

if __name__ == "__main__":
    serve(perform)
