"""Two ends by short names in a bottle, and a meter of four variables behind the server's."""

from __future__ import annotations

from dataclasses import replace

from ferraris.cosem import Referencing
from ferraris.dlms import AssociationSettings, Ciphering, RequestReceived, SecurityControl
from ferraris.dlms.apdu import (
    DataAccessResult,
    Mechanism,
    ParameterisedAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteRequest,
    WriteResponse,
)
from tests.dlms.bottle import SERVER_TITLE, Bottle, ciphered_settings, settings

VALUE, LONG, DISCONNECT, ABSENT = 0x0108, 0x0208, 0x0320, 0x0F00
LONG_VALUE = b"\x09\x82\x10\x00" + bytes(range(256)) * 16
VALUE_OCTETS = b"\x06\x00\x00\x00\x2a"
READ_VALUE = ReadRequest((VariableName(VALUE),))


class Meter:
    """Answers requests; remembers what was written."""

    def __init__(self) -> None:
        self.written: list[tuple[int, bytes]] = []

    def serve(self, request: object) -> ReadResponse | WriteResponse | None:
        if isinstance(request, ReadRequest):
            return ReadResponse(tuple(self._read(specification) for specification in request.specifications))
        assert isinstance(request, WriteRequest | UnconfirmedWriteRequest)
        results = []
        for specification, value in zip(request.specifications, request.values, strict=True):
            assert isinstance(specification, VariableName)
            known = specification.short_name != ABSENT
            if known:
                self.written.append((specification.short_name, value))
            results.append(DataAccessResult.SUCCESS if known else DataAccessResult.OBJECT_UNDEFINED)
        return WriteResponse(tuple(results))

    def _read(self, specification: object) -> bytes | DataAccessResult:
        if isinstance(specification, ParameterisedAccess):
            return specification.parameter
        assert isinstance(specification, VariableName)
        values: dict[int, bytes] = {VALUE: VALUE_OCTETS, LONG: LONG_VALUE}
        return values.get(specification.short_name, DataAccessResult.OBJECT_UNDEFINED)


def by_short_names(ends: AssociationSettings, **changes: object) -> AssociationSettings:
    """The settings of an end, by short names."""
    return replace(ends, referencing=Referencing.SHORT_NAME, **changes)  # type: ignore[arg-type]


class ShortNameBottle(Bottle):
    """A bottle whose meter answers nothing to an unconfirmed write."""

    def __init__(self, client: AssociationSettings, server: AssociationSettings) -> None:
        self.meter = Meter()
        super().__init__(client, server, self.meter.serve)  # type: ignore[arg-type]

    def _answer(self) -> None:
        for event in self.server.events():
            self.server_events.append(event)
            if isinstance(event, RequestReceived):
                answer = self.meter.serve(event.request)
                if not isinstance(event.request, UnconfirmedWriteRequest):
                    self.server.send(answer, 0)  # type: ignore[arg-type]


def plain(
    mechanism: Mechanism = Mechanism.LOWEST,
    client: dict[str, object] | None = None,
    server: dict[str, object] | None = None,
) -> ShortNameBottle:
    """In the plain context."""
    base = settings(SERVER_TITLE, mechanism, security=None)
    return ShortNameBottle(by_short_names(base, **(client or {})), by_short_names(base, **(server or {})))


def ciphered(ciphering: Ciphering = Ciphering.GLOBAL, **client_changes: object) -> ShortNameBottle:
    """In the ciphered context, with HLS-GMAC."""
    client, server = ciphered_settings(ciphering, SecurityControl.AUTHENTICATED_ENCRYPTED)
    return ShortNameBottle(by_short_names(client, **client_changes), by_short_names(server))
