"""How `ferraris vend` reaches vending: a running system over REST, or the vending directory itself.

Both ways ask the same REST functions; without a running system they are called inside this process, over the directory. The
vending store may be shared, so a directory that `ferraris serve` has open can be used as well. Each way loads what it needs
when it is taken: a till that asks a running system does without stores, security modules and web servers of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from ferraris.cli.system_url import checked_system_url
from ferraris.cli.vend_answers import ANSWER, checked_answer
from ferraris.kernel.errors import ConfigError, FerrarisError, LinkError
from ferraris.kernel.json_text import read_json

if TYPE_CHECKING:
    import asyncio

    import httpx

PREFIX: Final = "/api/v1/vending"
TIMEOUT_S: Final = 60.0
"""A sale may wait for the security module, and for another till's turn."""
WAITS_MAX: Final = 10
"""How often an order waits because too many before it were refused; each wait is as long as the system says."""
DOCUMENTS: Final = ("text/plain", "application/pdf")
"""Receipts."""


class VendRefused(FerrarisError):  # noqa: N818 - vending refuses
    """Vending said no. `error` and `result` are the names that the problem gave."""

    def __init__(self, summary: str, *, status: int, error: str = "", result: str = "") -> None:
        super().__init__(summary)
        self.status = status
        self.error = error
        self.result = result


class VendingConnection(Protocol):
    """Asks REST."""

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """What the function at `path` answers, read from JSON; octets where it is none. Raises VendRefused, LinkError."""
        ...


class RemoteVending:
    """A running system."""

    def __init__(self, client: httpx.Client, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """A request that was not read, since too many were refused before it, is sent again when it will be."""
        answer = self._request(method, path, body, query)
        for _ in range(WAITS_MAX):
            wait_s = answer.headers.get("retry-after", "")
            if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS or not (wait_s.isascii() and wait_s.isdigit()):
                break
            self._sleep(min(int(wait_s), TIMEOUT_S))
            answer = self._request(method, path, body, query)
        return checked_answer(method, path, content_of(answer))

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, Any]
    ) -> httpx.Response:
        import httpx

        try:
            return self._client.request(method, f"{PREFIX}/{path}", json=body, params=_given(query))
        except httpx.HTTPError as error:
            raise LinkError(f"{self._client.base_url} cannot be asked: {error}") from None


class LocalVending:
    """A directory, opened by this process."""

    def __init__(self, client: httpx.AsyncClient, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        request = self._client.request(method, f"{PREFIX}/{path}", json=body, params=_given(query))
        return checked_answer(method, path, content_of(self._runner.run(_awaited(request))))


@contextmanager
def connected(url: str, directory: Path) -> Iterator[VendingConnection]:
    """Vending at `url`, or, when that is empty, of the directory. Raises ConfigError."""
    if url:
        with _client(url) as client:
            yield RemoteVending(client)
        return
    with _inside(directory) as connection:
        yield connection


@contextmanager
def _inside(directory: Path) -> Iterator[VendingConnection]:
    """Vending of the directory, by REST functions inside this process."""
    from ferraris.cli.vending_place import has_vending, opened_vending

    if not has_vending(directory):
        raise ConfigError(
            f"there is no vending in {directory}: make one with `ferraris vend init --dir {directory}`, or name a running "
            "system with --url"
        )
    import asyncio

    import httpx

    from ferraris.console import create_vending_rest
    from ferraris.kernel.clock import SystemClock

    clock = SystemClock()
    with opened_vending(directory, clock) as vending, asyncio.Runner() as runner:
        transport = httpx.ASGITransport(create_vending_rest(vending, clock, throttled=False))
        inside = httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=None)  # noqa: S113 - no network
        try:
            yield LocalVending(inside, runner)
        finally:
            runner.run(inside.aclose())


def content_of(answer: httpx.Response) -> Any:
    """What an answer holds. Raises VendRefused for a problem, LinkError for what vending never answers."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if answer.is_success:
        if kind == "application/json":
            return read_json(answer.content, "the answer", expected=ANSWER, error=LinkError)
        if kind not in DOCUMENTS:
            raise LinkError("the answer is none of vending's", expected=ANSWER, got=kind or "no content-type")
        return answer.content
    try:
        problem = read_json(answer.content, "the problem")
    except ConfigError:
        problem = {}
    told = problem if isinstance(problem, dict) else {}
    detail = str(told.get("detail", f"status {answer.status_code}")).rstrip(".")
    raise VendRefused(
        detail, status=answer.status_code, error=str(told.get("error", "")), result=str(told.get("result", ""))
    )


def named(name: str) -> str:
    """A name as a part of a path, whatever it holds. Raises ConfigError for none."""
    if name.strip(".") == "":
        raise ConfigError("that is no name", got=repr(name))
    return quote(name, safe="")


def _client(url: str) -> httpx.Client:
    import httpx

    return httpx.Client(base_url=checked_system_url(url), timeout=TIMEOUT_S)


def _given(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value not in (None, "")}


async def _awaited(request: Any) -> httpx.Response:
    answer: httpx.Response = await request
    return answer
