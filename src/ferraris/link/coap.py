"""CoAP links are opened and served here. aiocoap is loaded by the first one: it takes longer than everything else together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ferraris.kernel.errors import LinkUnreachableError
from ferraris.link.coap_link import ANSWER_WITHIN_S, CoapLink
from ferraris.link.contract import LinkHandler, address_text
from ferraris.link.tcp import CANNOT_BE_OPENED, reason_text

if TYPE_CHECKING:
    from ferraris.link.coap_endpoint import CoapServer

ACK_TIMEOUT_S: Final = 2.0
"""Of RFC 7252. Networks of sleepy modems need 15 seconds and more."""


async def open_coap(
    host: str,
    port: int,
    path: str = "",
    *,
    answer_within_s: float = ANSWER_WITHIN_S,
    ack_timeout_s: float = ACK_TIMEOUT_S,
    confirmable: bool = True,
) -> CoapLink:
    """A link to a CoAP resource. Nothing is sent yet, so a peer that is not there shows only later, or never without confirmation."""
    from ferraris.link.coap_endpoint import connect

    return await connect(host, port, path, answer_within_s, ack_timeout_s, confirmable=confirmable)


async def open_coap_unconfirmed(host: str, port: int, path: str = "") -> CoapLink:
    """The same with non-confirmable requests."""
    return await open_coap(host, port, path, confirmable=False)


async def serve_coap(
    host: str, port: int, handler: LinkHandler, path: str = "", *, answer_within_s: float = ANSWER_WITHIN_S
) -> CoapServer:
    """Bind `host` (an address, not a name) and `port` (0: any free one); `handler` runs once for each peer that is heard."""
    from ferraris.link.coap_endpoint import CoapServer

    server = CoapServer(host, port, path, handler, answer_within_s)
    try:
        await server.bind()
    except (*CANNOT_BE_OPENED, ValueError) as error:
        raise LinkUnreachableError(f"Cannot listen on {address_text(host, port)}: {reason_text(error)}") from error
    return server
