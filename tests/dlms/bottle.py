"""Two association engines in a bottle: a client's and a server's end, without framing, link or clock, and three objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ferraris.cosem import Obis
from ferraris.dlms import (
    Associate,
    Associated,
    Association,
    AssociationSettings,
    Ciphering,
    CipherKeys,
    Event,
    Request,
    RequestReceived,
    Response,
    ResponseReceived,
    Role,
    Security,
    SecurityControl,
)
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    Mechanism,
    MethodDescriptor,
    SetRequestNormal,
    SetResponseNormal,
)
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import InvocationCounterError

ENCRYPTION_KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
AUTHENTICATION_KEY = bytes.fromhex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf")
KEYS = CipherKeys(ENCRYPTION_KEY, AUTHENTICATION_KEY)
CLIENT_TITLE = b"FERHES01"
SERVER_TITLE = b"FER00001"


@dataclass
class Counter:
    """Invocation counters from a number on, all of them remembered."""

    next: int = 1
    taken: list[int] = field(default_factory=list)

    def take(self) -> int:
        self.taken.append(self.next)
        self.next += 1
        return self.taken[-1]


@dataclass
class Guard:
    """The highest counter accepted from each sender."""

    last: dict[bytes, int] = field(default_factory=dict)

    def accept(self, system_title: bytes, received: int) -> None:
        if received <= self.last.get(system_title, -1):
            expected = self.last[system_title] + 1
            raise InvocationCounterError("an invocation counter is not new", expected=expected, got=received)
        self.last[system_title] = received


def security(title: bytes, **changes: object) -> Security:
    """The keys of both ends, with counters of their own."""
    return replace(Security(title, KEYS, Counter(), Guard()), **changes)  # type: ignore[arg-type]


def settings(title: bytes, mechanism: Mechanism = Mechanism.HLS_GMAC, **changes: object) -> AssociationSettings:
    """Settings of one end; `security=None` for the plain context."""
    base = AssociationSettings(mechanism=mechanism, secret=b"12345678", security=security(title))
    return replace(base, **changes)  # type: ignore[arg-type]


def ciphered_settings(ciphering: Ciphering, policy: SecurityControl) -> tuple[AssociationSettings, AssociationSettings]:
    """Client's and server's settings of a ciphered context."""
    client = settings(CLIENT_TITLE, security=security(CLIENT_TITLE, ciphering=ciphering, policy=policy))
    return client, settings(SERVER_TITLE, security=security(SERVER_TITLE, policy=policy))


Serve = Callable[[Request], Response]


class Bottle:
    """Carries APDUs between the two ends until neither has any more; keeps everything that was said."""

    def __init__(self, client: AssociationSettings, server: AssociationSettings, serve: Serve, seed: int = 1) -> None:
        entropy = SeededEntropy(seed)
        self.client = Association(Role.CLIENT, client, entropy.fork("client"))
        self.server = Association(Role.SERVER, server, entropy.fork("server"))
        self.serve = serve
        self.to_server: list[bytes] = []
        self.to_client: list[bytes] = []
        self.server_events: list[Event] = []

    def tell(self, command: object) -> list[Event]:
        """Give the client a command and carry APDUs until all is quiet; the client's events."""
        self.client.send(command, 0)  # type: ignore[arg-type]
        return self.carry()

    def carry(self) -> list[Event]:
        """Carry APDUs until all is quiet; the client's events."""
        events: list[Event] = []
        while True:
            upwards = self.client.outgoing()
            for apdu in upwards:
                self.to_server.append(apdu)
                self.server.receive(apdu, 0)
            self._answer()
            downwards = self.server.outgoing()
            for apdu in downwards:
                self.to_client.append(apdu)
                self.client.receive(apdu, 0)
            events += self.client.events()
            if not upwards and not downwards:
                return events

    def _answer(self) -> None:
        for event in self.server.events():
            self.server_events.append(event)
            if isinstance(event, RequestReceived):
                self.server.send(self.serve(event.request), 0)


# A meter of three objects

VALUE = AttributeDescriptor(3, Obis.parse("1.0.1.8.0.255"), 2)
PROFILE = AttributeDescriptor(7, Obis.parse("1.0.99.1.0.255"), 2)
DISCONNECT = MethodDescriptor(70, Obis.parse("0.0.96.3.10.255"), 1)
LONG_VALUE = b"\x09\x82\x10\x00" + bytes(range(256)) * 16
GET_VALUE = GetRequestNormal(0xC1, VALUE)
VALUE_READ = GetResponseNormal(0xC1, b"\x06\x00\x00\x00\x2a")


def serve(request: Request) -> Response:
    """The answers of a meter of three objects."""
    invoke_id = request.invoke_id_and_priority  # type: ignore[union-attr]
    if isinstance(request, GetRequestWithList):
        return GetResponseWithList(invoke_id, tuple(_value(descriptor) for descriptor, _ in request.items))
    if isinstance(request, GetRequestNormal):
        return GetResponseNormal(invoke_id, _value(request.descriptor))
    if isinstance(request, SetRequestNormal):
        return SetResponseNormal(invoke_id, DataAccessResult.READ_WRITE_DENIED)
    assert isinstance(request, ActionRequestNormal)
    return ActionResponseNormal(invoke_id, ActionResult.SUCCESS, None)


def _value(descriptor: AttributeDescriptor) -> bytes | DataAccessResult:
    if descriptor == VALUE:
        return b"\x06\x00\x00\x00\x2a"
    return LONG_VALUE if descriptor == PROFILE else DataAccessResult.OBJECT_UNDEFINED


def associated(bottle: Bottle) -> Bottle:
    assert [type(event) for event in bottle.tell(Associate())] == [Associated]
    return bottle


def plain(mechanism: Mechanism = Mechanism.LOWEST, /, **client_changes: object) -> Bottle:
    server = settings(SERVER_TITLE, mechanism, security=None)
    return Bottle(replace(server, **client_changes), server, serve)  # type: ignore[arg-type]


def ciphered(**client_changes: object) -> Bottle:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    return Bottle(replace(client, **client_changes), server, serve)  # type: ignore[arg-type]


def answer(bottle: Bottle, request: Request) -> Response:
    (event,) = bottle.tell(request)
    assert isinstance(event, ResponseReceived)
    return event.response
