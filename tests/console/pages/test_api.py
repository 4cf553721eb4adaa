"""The page that describes REST is made from the description itself."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ferraris.console.pages.api import by_topic, introduction
from tests.console.conftest import Served
from tests.console.test_markup import Reader


@pytest.fixture(scope="module")
def openapi(reader: TestClient) -> Any:
    return reader.get("/api/v1/openapi.json").json()


def test_every_endpoint_is_on_the_page(openapi: Any) -> None:
    topics = by_topic(openapi)
    assert list(topics) == ["system", "meters", "alarms", "commands", "collection"]
    assert sum(map(len, topics.values())) == sum(len(path) for path in openapi["paths"].values())


def test_parameters_with_defaults_and_choices(openapi: Any) -> None:
    text = Reader(by_topic(openapi)["meters"][0]).text
    assert "GET/api/v1/metersThe meters found" in text
    assert "limit = 100" in text
    assert "state: one of new, ok, late, unreachable, wrong_key, quarantined" in text
    assert "sort = serial: one of serial, communication" in text


def test_code_in_the_words_is_code(openapi: Any) -> None:
    read = Reader(introduction(openapi, "http://127.0.0.1:8080/"))
    assert "Times named _s and _ms are" in read.text
    assert "`" not in read.text


def test_the_examples_ask_where_the_page_was_found(openapi: Any) -> None:
    """They are there to be copied."""
    text = Reader(introduction(openapi, "https://meters.example:8099/")).text
    assert text.count("'https://meters.example:8099/api/v1/meters") == text.count("curl") == 3
    assert "8080" not in text
    assert '{"kind": "read_now"}' in text


def test_the_page_names_the_port_that_it_was_asked_at(served: Served) -> None:
    page = served.get("/docs").text
    assert f"{served.address}/api/v1/meters?state=late" in page
    assert ":8080" not in page
