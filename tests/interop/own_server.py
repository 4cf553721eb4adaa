"""A server of our engine for foreign clients: it keeps what is written, gives it back, and returns what methods are given."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ferraris.dlms import (
    Association,
    AssociationSettings,
    Request,
    RequestReceived,
    Response,
    Role,
    WrapperReceiver,
    encode_wpdu,
)
from ferraris.dlms.apdu import (
    AccessAnswer,
    AccessKind,
    AccessRequest,
    AccessResponse,
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    Result,
    ServiceErrorCode,
    SetRequestNormal,
    SetRequestWithList,
    SetResponseNormal,
    SetResponseWithList,
    StateError,
)
from ferraris.kernel.entropy import SystemEntropy


@dataclass
class Keeper:
    """What clients have written, and every APDU that was carried."""

    values: dict[AttributeDescriptor, bytes] = field(default_factory=dict)
    carried: list[bytes] = field(default_factory=list)

    def serve(self, request: Request) -> Response:
        """The answer to one whole request."""
        match request:
            case GetRequestNormal():
                return GetResponseNormal(request.invoke_id_and_priority, self._get(request.descriptor))
            case GetRequestWithList():
                got = tuple(self._get(descriptor) for descriptor, _ in request.items)
                return GetResponseWithList(request.invoke_id_and_priority, got)
            case SetRequestNormal():
                self.values[request.descriptor] = request.value
                return SetResponseNormal(request.invoke_id_and_priority, DataAccessResult.SUCCESS)
            case SetRequestWithList():
                self.values |= {item[0]: value for item, value in zip(request.items, request.values, strict=True)}
                done = (DataAccessResult.SUCCESS,) * len(request.items)
                return SetResponseWithList(request.invoke_id_and_priority, done)
            case ActionRequestNormal():
                return ActionResponseNormal(request.invoke_id_and_priority, ActionResult.SUCCESS, request.parameters)
            case AccessRequest():
                return self._access(request)
        return ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED)

    def _get(self, descriptor: AttributeDescriptor) -> Result:
        return self.values.get(descriptor, DataAccessResult.OBJECT_UNDEFINED)

    def _access(self, request: AccessRequest) -> AccessResponse:
        got = [self._get(item.descriptor) for item in request.items if isinstance(item.descriptor, AttributeDescriptor)]
        values = tuple(one if isinstance(one, bytes) else b"\x00" for one in got)
        answers: tuple[AccessAnswer, ...] = tuple(
            (AccessKind.GET, one if isinstance(one, DataAccessResult) else DataAccessResult.SUCCESS) for one in got
        )
        return AccessResponse(request.long_invoke_id_and_priority, b"", None, values, answers)


@contextmanager
def keeping(settings: AssociationSettings) -> Iterator[tuple[int, Keeper]]:
    """The port of such a server, which runs in a thread, and what it keeps."""
    keeper, loop = Keeper(), asyncio.new_event_loop()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine, receiver = Association(Role.SERVER, settings, SystemEntropy()), WrapperReceiver()
        while octets := await reader.read(65_536):
            receiver.receive(octets)
            for wpdu in receiver.events():
                keeper.carried.append(wpdu.apdu)
                engine.receive(wpdu.apdu, 0)
                for event in engine.events():
                    if isinstance(event, RequestReceived):
                        engine.send(keeper.serve(event.request), 0)
                for apdu in engine.outgoing():
                    keeper.carried.append(apdu)
                    writer.write(encode_wpdu(wpdu.destination, wpdu.source, apdu))
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(talk, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def close() -> None:
        server.close()
        talks = asyncio.all_tasks() - {asyncio.current_task()}
        for talk_ in talks:
            talk_.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    try:
        yield server.sockets[0].getsockname()[1], keeper
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
