"""The application: its OpenAPI description, and no page that loads from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ferraris.console.app import create_app, create_rest


@pytest.fixture(scope="module")
def openapi(reader: TestClient) -> Any:
    return reader.get("/api/v1/openapi.json").json()


def test_every_endpoint_says_what_it_does(openapi: Any) -> None:
    operations = [operation for path in openapi["paths"].values() for operation in path.values()]
    assert len(operations) >= 18
    assert [operation["operationId"] for operation in operations if not operation.get("description")] == []
    assert {operation["tags"][0] for operation in operations} == {
        "system",
        "meters",
        "alarms",
        "commands",
        "collection",
    }


def test_answers_are_described(openapi: Any) -> None:
    for name in ("Figures", "MeterPage", "MeterView", "MeterReadings", "Summary", "CommandRow", "CollectionProgress"):
        assert name in openapi["components"]["schemas"]


def test_no_answer_has_a_place_for_a_key(openapi: Any) -> None:
    """The rows of the registry hold wrapped keys: no answer is made of them."""
    properties = {name for schema in openapi["components"]["schemas"].values() for name in schema.get("properties", ())}
    assert {name for name in properties if "key" in name or "secret" in name or "wrapped" in name} == set()


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
def test_rest_alone_has_no_pages(reader: TestClient, path: str) -> None:
    assert reader.get(path).status_code == 404


def test_both_forms_exist() -> None:
    assert create_app.__doc__
    assert create_rest.__doc__
