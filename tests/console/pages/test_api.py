"""The page that describes REST is made from the description itself."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ferraris.console.pages.api import by_topic, introduction
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
    read = Reader(introduction(openapi))
    assert "Times named _s and _ms are" in read.text
    assert "`" not in read.text
