"""CoAP endpoints made with aiocoap: one that is connected to a peer, and one that serves many.

aiocoap puts blocks of a payload together (RFC 7959) and repeats what is lost. How long a payload may become, and of how many
peers, is bounded here.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import aiocoap  # type: ignore[import-untyped]  # aiocoap has no annotations
from aiocoap import error as coap_error
from aiocoap import resource
from aiocoap.numbers.constants import TransportTuning  # type: ignore[import-untyped]

from ferraris.kernel.errors import LinkClosedError, LinkUnreachableError
from ferraris.kernel.limits import COAP_OCTETS_MAX, DATAGRAM_PEERS_MAX
from ferraris.link.coap_link import CoapLink
from ferraris.link.contract import LinkHandler, address_text
from ferraris.link.serving import HandlerTasks
from ferraris.link.tcp import reason_text

OCTET_STREAM: Final = 42
"""The content format application/octet-stream."""
CLIENT_TRANSPORT: Final = "simple6"
SERVER_TRANSPORT: Final = "simplesocketserver"


class _Inlet(resource.Resource):  # type: ignore[misc]
    """The resource that takes the peer's POSTs."""

    def __init__(self, take: Callable[[Any], Awaitable[bytes | None]]) -> None:
        """`take` gives the payload of the response; None where there is no room for the request."""
        super().__init__()
        self._take = take

    async def render_to_pipe(self, pipe: Any) -> None:
        block = pipe.request.opt.block1
        if block is not None and block.start + len(pipe.request.payload) > COAP_OCTETS_MAX:
            pipe.add_response(aiocoap.Message(code=aiocoap.REQUEST_ENTITY_TOO_LARGE), is_last=True)
        else:
            await super().render_to_pipe(pipe)

    async def render_post(self, request: Any) -> Any:
        answer = await self._take(request)
        if answer is None:
            return aiocoap.Message(code=aiocoap.SERVICE_UNAVAILABLE)
        if not answer:
            return aiocoap.Message(code=aiocoap.CHANGED)
        return aiocoap.Message(code=aiocoap.CREATED, payload=answer, content_format=OCTET_STREAM)


def _site_of(path: str, inlet: _Inlet) -> Any:
    site = resource.Site()
    site.add_resource(_parts(path), inlet)
    return site


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _tuning(*, confirmable: bool) -> Any:
    tuning = TransportTuning()
    tuning.reliability = confirmable
    return tuning


async def _context(site: Any, transport: str, bind: tuple[str, int] | None = None) -> Any:
    """An endpoint of aiocoap whose receiver no datagram breaks."""
    context = await aiocoap.Context.create_server_context(site, bind=bind, transports=[transport])
    for tokens in context.request_interfaces:
        interface = tokens.token_interface.message_interface
        interface._received_datagram = partial(_receive, interface._received_datagram, context.log)  # noqa: SLF001 - no other way in
    return context


def _receive(take: Callable[[Any, bytes], None], log: logging.Logger, peer: Any, datagram: bytes) -> None:
    """Pass over what aiocoap cannot take: a text that is no UTF-8, a notification that nobody asked for, what comes too late."""
    try:
        take(peer, datagram)
    except Exception as error:  # noqa: BLE001 - aiocoap fails in many ways at what strangers send
        log.warning("Ignoring a datagram of %s: %s", peer.hostinfo, type(error).__name__)


CANNOT_BE_ASKED: Final = (coap_error.Error, OSError, ValueError)
"""What aiocoap raises for a peer that is not there, or whose name is none."""


async def _exchange(context: Any, message: Any, peer: str, within_s: float | None) -> bytes:
    """Send a request; the payload of its response. Raises LinkUnreachableError.

    Nobody tells of a non-confirmable one that is lost: after `within_s` seconds it counts as answered by nothing.
    """
    try:
        async with asyncio.timeout(within_s):
            response = await context.request(message).response
    except TimeoutError:
        return b""
    except CANNOT_BE_ASKED as error:
        cause = error.__cause__
        reason = reason_text(cause) if isinstance(cause, OSError) else str(error) or type(error).__name__
        raise LinkUnreachableError(f"{peer} cannot be reached over CoAP: {reason}") from error
    except Exception as error:  # as an answer in blocks to what was not asked in blocks makes aiocoap do
        raise LinkUnreachableError(f"{peer} answers against the rules of CoAP: {type(error).__name__}") from error
    if not response.code.is_successful():
        raise LinkUnreachableError(f"{peer} does not take the request: CoAP {response.code}")
    if len(response.payload) > COAP_OCTETS_MAX:
        raise LinkUnreachableError(f"{peer} answers too much at a time: {len(response.payload)} octets")
    payload: bytes = response.payload
    return payload


async def connect(
    host: str, port: int, path: str, answer_within_s: float, ack_timeout_s: float, *, confirmable: bool = True
) -> CoapLink:
    """A link to the resource `path` of one endpoint."""
    peer = address_text(host, port)
    tuning = _tuning(confirmable=confirmable)
    tuning.ACK_TIMEOUT = ack_timeout_s
    links: list[CoapLink] = []

    async def take(request: Any) -> bytes | None:
        return None if links[0].full else await links[0].asked(request.payload)

    async def post(octets: bytes) -> bytes:
        uri = f"coap://{peer}/{'/'.join(_parts(path))}"
        try:
            message = aiocoap.Message(
                code=aiocoap.POST, uri=uri, payload=octets, content_format=OCTET_STREAM, transport_tuning=tuning
            )
        except CANNOT_BE_ASKED as error:
            raise LinkUnreachableError(f"{peer} is no address of CoAP: {error}") from error
        return await _exchange(context, message, peer, None if confirmable else answer_within_s)

    site = _site_of(path, _Inlet(take))
    context = await _context(site, CLIENT_TRANSPORT)
    links.append(CoapLink("coap:client", peer, post, context.shutdown, answer_within_s, confirmable=confirmable))
    return links[0]


class CoapServer:
    """A bound endpoint, and one link for each peer that was heard. The peer least recently heard gives way for others."""

    def __init__(self, host: str, port: int, path: str, handler: LinkHandler, answer_within_s: float) -> None:
        self.host = host
        self.port = port
        self._path = path
        self._answer_within_s = answer_within_s
        self._handlers = HandlerTasks(handler, 2 * DATAGRAM_PEERS_MAX)
        self._links: OrderedDict[str, CoapLink] = OrderedDict()
        self._context: Any = None

    @property
    def connections(self) -> int:
        """Peers that are being served."""
        return len(self._handlers)

    async def bind(self) -> None:
        """Raises OSError when the address cannot be had."""
        # aiocoap shares a port that somebody has, and does not say which one it got: whether and which is found out first.
        with socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((self.host, self.port))
            self.port = probe.getsockname()[1]
        site = _site_of(self._path, _Inlet(self._take))
        self._context = await _context(site, SERVER_TRANSPORT, (self.host, self.port))

    async def aclose(self) -> None:
        await self._handlers.aclose()
        await self._context.shutdown()

    async def _take(self, request: Any) -> bytes | None:
        peer: str = request.remote.hostinfo
        link = self._links.get(peer)
        if link is None:
            if self._handlers.full:
                return None
            link = self._welcome(peer, request.remote, confirmable=request.mtype is not aiocoap.NON)
        self._links.move_to_end(peer)
        return None if link.full else await link.asked(request.payload)

    def _welcome(self, peer: str, remote: Any, *, confirmable: bool) -> CoapLink:
        """A link to a new peer, which is asked as it asks itself."""
        if len(self._links) >= DATAGRAM_PEERS_MAX:
            _, eldest = self._links.popitem(last=False)
            eldest.fail(LinkClosedError("too many peers, and this one was silent the longest"))

        async def post(octets: bytes) -> bytes:
            message = aiocoap.Message(
                code=aiocoap.POST,
                uri_path=_parts(self._path),
                payload=octets,
                content_format=OCTET_STREAM,
                transport_tuning=_tuning(confirmable=confirmable),
            )
            message.remote = remote
            return await _exchange(self._context, message, peer, None if confirmable else self._answer_within_s)

        async def close() -> None:
            if self._links.get(peer) is link:
                del self._links[peer]

        address = address_text(self.host, self.port)
        link = CoapLink(address, peer, post, close, self._answer_within_s, confirmable=confirmable)
        self._links[peer] = link
        self._handlers.start(link)
        return link
