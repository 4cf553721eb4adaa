"""The one address of XMLVend: letters come as POST and are answered in kind."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from ferraris.console.problems import Problem
from ferraris.console.throttle import REFUSED
from ferraris.console.vending_desk import VendingDesk
from ferraris.console.xmlvend.service import reply_at

XMLVEND_PATH = "/xmlvend"


def xmlvend_routes(desk: VendingDesk) -> APIRouter:
    """The route, to be mounted at the root."""
    router = APIRouter(tags=["vending: XMLVend"])

    @router.post(XMLVEND_PATH, response_class=Response)
    async def xmlvend(request: Request) -> Response:
        """XMLVend 2.1 in SOAP 1.1 or 1.2, for vending software that speaks it already."""
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Compressed letters are not taken: send them as they are.")
        reply = await reply_at(desk, await request.body())
        request.scope[REFUSED] = reply.refused
        return Response(reply.octets, reply.status, media_type=reply.content_type)

    return router
