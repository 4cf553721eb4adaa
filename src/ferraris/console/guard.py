"""The guard before the console: who may ask, and what a browser may do with the answer.

The console has no accounts yet and listens on the loopback interface only, so everyone on this machine may use it. What
must not use it is a page from elsewhere that runs in an operator's browser. Two doors are shut against it:

- *Host*: a request must name one of our own names. A foreign name that was made to resolve to 127.0.0.1 (DNS rebinding)
  is refused.
- *Origin*: a request that changes something, and every web socket, must come from our own pages or from no page at all.
  Browsers state the origin of both and let no script forge it. No cookie is involved, so none can be stolen or ridden on.

Answers forbid framing by other pages (nobody shall be lured into clicking *disconnect*) and forbid loading anything from
another host.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ferraris.console.problems import problem_response
from ferraris.kernel.limits import REQUEST_OCTETS_MAX

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY_VIOLATION = 1008
"""The code with which a web socket is closed that should not have been opened (RFC 6455)."""

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
ANSWER_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Middleware that lets only our own pages, and programs that are no browsers, through."""

    def __init__(self, app: ASGIApp, *, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = LOOPBACK_NAMES | {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        size = content_length(scope)
        if size is None or size > REQUEST_OCTETS_MAX:
            detail = f"A request's body has at most {REQUEST_OCTETS_MAX} octets, and says how many."
            await problem_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)(scope, receive, send)
            return
        reason = self.objection(scope)
        if reason is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})
        else:
            await problem_response(HTTPStatus.FORBIDDEN, reason)(scope, receive, send)

    def objection(self, scope: Scope) -> str | None:
        """Why this request is refused; None when it is not."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host_name(f"//{host}") not in self._names:
            return f"This console does not go by the name {host!r}; open it as http://localhost."
        if scope["type"] == "http" and scope["method"] in READING_METHODS:
            return None
        if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
            return "A page of another site may not do this."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return f"A page of {origin} may not do this."
        return None


def content_length(scope: Scope) -> int | None:
    """How long the body is; None when that is not said beforehand."""
    headers = Headers(scope=scope)
    if "transfer-encoding" in headers:
        return None
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else None


def host_name(url: str) -> str:
    """The name in a URL's authority, in lower case; empty for none and for one that cannot be read."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _with_headers(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in ANSWER_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return guarded
