"""Whatever remembers what was said before: associations and block transfers, told anything in any order.

Where an end holds keys, half of what it is told is told under them: what authenticates is not therefore well-formed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cache
from typing import Any

from ferraris.dlms import (
    Associate,
    Association,
    AssociationSettings,
    Ciphering,
    Release,
    RequestReceived,
    Role,
    Security,
)
from ferraris.dlms.apdu import (
    AccessItem,
    AccessKind,
    AccessRequest,
    ActionRequestNormal,
    ExceptionResponse,
    GeneralBlockTransfer,
    GetRequestWithList,
    Mechanism,
    ServiceErrorCode,
    SetRequestNormal,
    StateError,
)
from ferraris.dlms.general_block_transfer import GeneralBlockTransferEnd
from ferraris.dlms.protection import Protection
from ferraris.kernel.errors import FerrarisError, LocalProtocolError, SecurityError
from tests.dlms.bottle import (
    CLIENT_TITLE,
    DISCONNECT,
    GET_VALUE,
    PROFILE,
    SERVER_TITLE,
    VALUE,
    Bottle,
    Counter,
    security,
    serve,
    settings,
)
from tests.dlms.short_name_bottle import READ_VALUE, Meter, by_short_names
from tests.fuzz.seeds import bare_apdus, seeds
from tests.fuzz.target import in_turns, turns

LONG = bytes.fromhex("098203e8") + bytes(1_000)
REQUESTS: tuple[Any, ...] = (
    GET_VALUE,
    GetRequestWithList(0xC1, ((VALUE, None), (PROFILE, None))),
    SetRequestNormal(0xC1, VALUE, None, LONG),
    ActionRequestNormal(0xC1, DISCONNECT, LONG),
    AccessRequest(0x4000_0001, b"", (AccessItem(AccessKind.GET, VALUE),) * 3, (b"\x00",) * 3),
    READ_VALUE,
    Associate(),
    Release(),
)
SETUPS = ("plain", "narrow", "ciphered", "by short names", "held", "ciphered, by short names", "strange")
FIRST_COUNTER_OF_STRANGERS = 1_000
SAID, SEALED, TOLD, PASSED, AGAIN = range(5)
"""What a turn is: octets as they are, octets under the right keys, a command, time, the last octets once more."""


def _setup(name: str) -> tuple[AssociationSettings, AssociationSettings]:
    """Client's and server's settings."""
    ciphered = name.startswith("ciphered")
    mechanism = Mechanism.HLS_GMAC if ciphered else Mechanism.LOWEST
    sizes = {"max_receive_pdu_size": 100} if name == "narrow" else {}
    held = {"pre_established_pdu_size": 500} if name == "held" else {}
    ends = [
        settings(title, mechanism, security=security(title) if ciphered else None, **sizes, **held)
        for title in (CLIENT_TITLE, SERVER_TITLE)
    ]
    if name.endswith("by short names"):
        ends = [by_short_names(end) for end in ends]
    return ends[0], ends[1]


def _serve(request: Any) -> Any:
    """An answer to whatever a server may be asked."""
    try:
        return Meter().serve(request) if hasattr(request, "specifications") else serve(request)
    except AssertionError:
        return ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED)


def association(role: Role) -> Callable[[bytes], None]:
    """An association's end that stands up to anything: it must not raise at all, and must let go what it was sent."""

    def converse(octets: bytes) -> None:
        name = SETUPS[octets[0] % len(SETUPS)] if octets else "strange"
        bottle = Bottle(*_setup(name), _serve)
        if name not in ("held", "strange"):
            bottle.tell(Associate())
        end = bottle.client if role is Role.CLIENT else bottle.server
        peer_title = SERVER_TITLE if role is Role.CLIENT else CLIENT_TITLE
        seal = _seal(security(peer_title, counters=Counter(FIRST_COUNTER_OF_STRANGERS)), role)
        now_ms, last = 0, b""
        for turn in turns(octets[1:]):
            kind, body = (turn[0] % 5, turn[1:]) if turn else (SAID, b"")
            if kind in (SAID, SEALED):
                last = seal(body) if kind == SEALED and body else body
            if kind in (SAID, SEALED, AGAIN):
                _receive(end, last, now_ms)
            elif kind == TOLD:
                _tell(end, REQUESTS[body[0] % len(REQUESTS)] if body else REQUESTS[0], now_ms)
            else:
                now_ms += int.from_bytes(body[:2], "big")
                end.tick(now_ms)
            _settle(end, now_ms)

    return converse


def _seal(keys: Security, role: Role) -> Callable[[bytes], bytes]:
    protection = Protection(keys)
    protection.expect_from(CLIENT_TITLE if role is Role.CLIENT else SERVER_TITLE)

    def seal(body: bytes) -> bytes:
        form = Ciphering.GLOBAL if body[0] % 4 else Ciphering.GENERAL_GLOBAL
        try:
            return protection.close(body, form)
        except FerrarisError:  # no such APDU can be ciphered
            return body

    return seal


def _receive(end: Association, octets: bytes, now_ms: int) -> None:
    try:
        end.receive(octets, now_ms)
    except FerrarisError as error:
        raise AssertionError("what was received is raised, and not told as an event") from error


def _tell(end: Association, command: Any, now_ms: int) -> None:
    with contextlib.suppress(LocalProtocolError, SecurityError):
        end.send(command, now_ms)


def _settle(end: Association, now_ms: int) -> None:
    """Answer what is asked, take what is to be sent."""
    for event in end.events():
        if isinstance(event, RequestReceived):
            answer = _serve(event.request)
            if answer is not None:
                _tell(end, answer, now_ms)
    end.outgoing()


@cache
def association_seeds() -> tuple[bytes, ...]:
    """Every telegram as it is and under the keys, in every setup, in an exchange and out of one."""
    found = []
    for place, octets in enumerate((*seeds()["apdu"], *bare_apdus())):
        said = [bytes((TOLD, place % len(REQUESTS))), bytes((SAID,)) + octets, bytes((AGAIN,))]
        found.append(bytes((place % len(SETUPS),)) + in_turns(said))
        sealed = [bytes((SEALED,)) + octets, bytes((TOLD, place % len(REQUESTS))), bytes((PASSED, 0x7F, 0xFF))]
        found.append(bytes((2 + 3 * (place % 2),)) + in_turns(sealed))
    return tuple(found)


def general_blocks(octets: bytes) -> None:
    """Blocks with any header and the right form; either end, with a window from 1 to 63."""
    first = octets[0] if octets else 0
    end = GeneralBlockTransferEnd(
        pdu_size=64 + first, octets_max=10_000, window=1 + first % 63, timeout_ms=1_000, leads=bool(first & 1)
    )
    now_ms = 0
    for turn in turns(octets[1:]):
        control, number, acknowledged = (turn + bytes(3))[:3]
        if control == 0x3F:
            end.send(turn[1:] * (1 + number), now_ms)
        elif control == 0x3E:
            now_ms += 100 * number
            end.tick(now_ms)
        else:
            with contextlib.suppress(FerrarisError):
                end.receive(GeneralBlockTransfer(control, number, acknowledged, turn[3:]).encode(), now_ms)
        assert sum(map(len, end.events())) <= 10_000
        assert len(end.outgoing()) <= 1_000


GENERAL_BLOCK_SEEDS = (
    bytes((1,)) + in_turns([b"\x3f\x04" + bytes(100), b"\x02\x00\x02", b"\x82\x01\x05abc"]),
    bytes((2,))
    + in_turns([b"\x42\x01\x00abc", b"\x42\x03\x00abc", b"\x42\x02\x00abc", b"\x82\x04\x00x", b"\x3f\x01abcd"]),
    bytes((63,)) + in_turns([b"\x3f\x10" + bytes(50), b"\x3e\x7f", b"\xbe\x01\x01", b"\x3e\xff", b"\x85\x02\x01ab"]),
)
