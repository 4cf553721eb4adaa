"""The guard: a page of another site can neither order nor read, whatever name it finds for this machine."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ferraris.console import create_rest
from ferraris.console.guard import ANSWER_HEADERS, Guard, content_length, host_name
from ferraris.kernel.limits import REQUEST_OCTETS_MAX
from tests.console.town import Town

ORDER = {"kind": "read_now"}
COMMANDS = "/api/v1/meters/FER0000000001/commands"

HOSTS = [
    ("localhost", 200),
    ("localhost:8080", 200),
    ("127.0.0.1:8080", 200),
    ("[::1]:8080", 200),
    ("LOCALHOST", 200),
    ("evil.example", 403),
    ("127.0.0.1.evil.example", 403),
    ("localhost.evil.example:8080", 403),
    ("evil.example@localhost", 200),  # user information is no part of the name; browsers send none
    ("[::1", 403),
    ("", 403),
]


@pytest.mark.parametrize(("host", "status"), HOSTS)
def test_only_our_own_names_are_answered(reader: TestClient, host: str, status: int) -> None:
    answer = reader.get("/api/v1/overview", headers={"host": host})
    assert answer.status_code == status
    if status == 403:
        assert "does not go by the name" in answer.json()["detail"]


POSTS = [
    # headers of the request                                                        answer
    ({}, 202),
    ({"origin": "http://localhost"}, 202),
    ({"origin": "http://localhost", "sec-fetch-site": "same-origin"}, 202),
    ({"origin": "http://evil.example"}, 403),
    ({"origin": "null"}, 403),
    ({"origin": "http://localhost:9999"}, 403),
    ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403),
    ({"origin": "http://localhost", "sec-fetch-site": "cross-site"}, 403),
]


@pytest.mark.parametrize(("headers", "status"), POSTS)
def test_an_order_must_come_from_our_own_pages_or_from_none(
    town: Town, rest: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = rest.post(COMMANDS, json=ORDER, headers=headers)
    assert answer.status_code == status
    assert len(town.stores.records.commands()) == (1 if status == 202 else 0)


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_a_form_of_another_site_cannot_order_either(town: Town, rest: TestClient, headers: dict[str, str]) -> None:
    plain = {"content-type": "text/plain", **headers}
    assert rest.post(COMMANDS, content='{"kind": "disconnect"}', headers=plain).status_code == 403
    assert town.stores.records.commands() == []


LENGTHS = [
    ({}, 0),
    ({"content-length": "17"}, 17),
    ({"content-length": "x"}, None),
    ({"transfer-encoding": "chunked"}, None),
]


@pytest.mark.parametrize(("headers", "length"), LENGTHS)
def test_how_long_a_body_is(headers: dict[str, str], length: int | None) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert content_length({"type": "http", "headers": raw}) == length


def test_a_body_is_bounded(town: Town, rest: TestClient) -> None:
    long = b'{"kind": "read_now", "argument": "' + b"x" * REQUEST_OCTETS_MAX + b'"}'
    assert rest.post(COMMANDS, content=long).status_code == 413
    assert rest.post(COMMANDS, content=iter([b'{"kind": "read_now"}'])).status_code == 413
    assert town.stores.records.commands() == []


def test_answers_may_not_be_framed_nor_load_from_elsewhere(reader: TestClient) -> None:
    headers = reader.get("/api/v1/overview").headers
    assert {name: headers[name] for name in ANSWER_HEADERS} == ANSWER_HEADERS
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"].replace("ws: wss:", "")


def test_a_machine_can_have_a_name_of_its_own(town: Town) -> None:
    named = TestClient(create_rest(town, names=["Meters.Example"]), base_url="http://meters.example")
    assert named.get("/api/v1/overview").status_code == 200


SOCKETS = [
    ({"host": "localhost"}, False),
    ({"host": "localhost", "origin": "http://localhost"}, False),
    ({"host": "localhost", "origin": "http://evil.example"}, True),
    ({"host": "evil.example", "origin": "http://evil.example"}, True),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("headers", "closed"), SOCKETS)
async def test_web_sockets_are_for_our_own_pages(headers: dict[str, str], closed: bool) -> None:
    reached: list[str] = []
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await Guard(app)({"type": "websocket", "headers": raw}, receive, send)
    assert (reached == []) is closed
    assert [message["type"] for message in sent] == (["websocket.close"] if closed else [])


@pytest.mark.anyio
async def test_starting_and_stopping_are_not_guarded() -> None:
    reached: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    await Guard(app)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert reached == ["lifespan"]


@pytest.mark.parametrize(
    ("url", "name"), [("//A.b:80", "a.b"), ("//[::1]:1", "::1"), ("//[::1", ""), ("//", ""), ("http://x/y", "x")]
)
def test_the_name_in_a_url(url: str, name: str) -> None:
    assert host_name(url) == name
