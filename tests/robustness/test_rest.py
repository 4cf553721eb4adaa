"""Whatever is asked of REST, the answer is an answer: every parameter of every path with values that somebody will try."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from ferraris.console import create_rest
from tests.console.town import Town, TownMeter

SERIAL = "FER0000000001"
PLAUSIBLE = {
    "serial": SERIAL,
    "class_id": "3",
    "logical_name": "1.0.1.8.0.255",
    "attribute": "2",
    "command": "1",
    "collection": "1",
}
VALUES = (
    "", "0", "-1", "1e999", "nan", "inf", "true", "99999999999999999999999", "-99999999999999999999",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "253402300800", "-62135596801", "1e18", "-1e300",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-02",
    "a" * 70, "x" * 20_000, "\x00", "\xff", "\u0661", "../..", "'; DROP TABLE meter;--", "%_", "1.0.1.8.0.255", "A+",
)  # fmt: skip
BODIES = (
    b"", b"{", b"null", b"[]", b"3", b"[" * 100_000, b"\xff\xfe", b'{"kind":"a\\ud800"}', b'{"kind":"unreachable","serial":"\\ud800"}',
    b'{"kind":"read_attribute","argument":"\\ud800"}', b'{"kind":"read_attribute","argument":"' + b"x" * 100_000 + b'"}',
    b'{"kind":"disconnect","argument":"\\u0000"}', b'{"kind":"' + b"k" * 100_000 + b'"}', b'{"serials":["nope"]}',
    b'{"serials":[1]}', b'{"serials":["\\ud800"]}', b'{"group":"\\ud800"}', b'{"group":{}}', b'{"serials":' + b"[" * 5_000,
)  # fmt: skip
ORDERS = ("/api/v1/alarms/acknowledge", "/api/v1/collections", f"/api/v1/meters/{SERIAL}/commands")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town"), [TownMeter(1), TownMeter(2)])
    town.run(3_600)
    yield town
    town.close()


@pytest.fixture
def client(town: Town) -> TestClient:
    return TestClient(create_rest(town), base_url="http://localhost", raise_server_exceptions=False)


def parameters(town: Town) -> list[tuple[str, str, dict[str, Any], list[dict[str, Any]]]]:
    """(method, path, parameter, all parameters) of everything that REST offers."""
    paths = create_rest(town).openapi()["paths"]
    return [
        (method, path, parameter, operation["parameters"])
        for path, operations in paths.items()
        for method, operation in operations.items()
        for parameter in operation.get("parameters", [])
    ]


def filled(path: str, wrong: dict[str, Any], every: list[dict[str, Any]], value: str) -> str:
    for parameter in every:
        if parameter["in"] == "path":
            text = value if parameter is wrong else PLAUSIBLE[parameter["name"]]
            path = path.replace(f"{{{parameter['name']}}}", quote(text or " ", safe=""))
    return path


def test_no_parameter_makes_the_server_fail(town: Town, client: TestClient) -> None:
    tried = 0
    for method, path, wrong, every in parameters(town):
        for value in VALUES:
            headers = (
                {wrong["name"]: value} if wrong["in"] == "header" and value.isprintable() and value.isascii() else {}
            )
            query = {wrong["name"]: value} if wrong["in"] == "query" else {}
            body = {"kind": "read_now"} if method == "post" else None
            url = filled(path, wrong, every, value)
            answer = client.request(method, url, params=query, headers=headers, json=body)
            assert answer.status_code < 500, (method, url[:80], query)
            assert len(answer.content) < 300_000
            tried += 1
    assert tried > 500


@pytest.mark.parametrize("path", ORDERS)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:40].decode("ascii", "backslashreplace"))
def test_no_body_makes_the_server_fail_or_is_kept(town: Town, client: TestClient, path: str, body: bytes) -> None:
    before = len(town.stores.records.commands(None, None, 10_000))
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code < 500
    assert len(answer.content) < 10_000
    assert len(town.stores.records.commands(None, None, 10_000)) == before
