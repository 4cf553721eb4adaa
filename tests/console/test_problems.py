"""Problems: every refusal is JSON after RFC 9457, with one sentence that helps."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from fastapi.testclient import TestClient

from ferraris.console.problems import MEDIA_TYPE, Problem, not_found, problem_response, refused
from tests.console.town import Town

WRONG_REQUESTS = [
    # path                                                       status  in the sentence
    ("/api/v1/meters/NOBODY", 404, "There is no meter NOBODY."),
    ("/api/v1/commands/77", 404, "There is no command 77."),
    ("/api/v1/commands/seven", 422, "command: expected a whole number, got 'seven'"),
    ("/api/v1/meters?limit=0", 422, "limit: expected at least 1, got '0'"),
    ("/api/v1/meters?limit=1001", 422, "limit: "),
    ("/api/v1/meters?state=happy", 422, "state: expected 'new', 'ok'"),
    ("/api/v1/meters?sort=colour", 422, "sort: "),
    ("/api/v1/meters/FER0000000001/readings?channel=LIGHT", 422, "There is no channel 'LIGHT'"),
    ("/api/v1/meters/FER0000000001/readings?start=tomorrow", 422, "start: "),
    ("/api/v1/meters/FER0000000001/readings?start=200&end=100", 422, "The span is empty"),
    ("/api/v1/meters/FER0000000001/readings?start=0", 422, "more than 200000 readings"),
    ("/api/v1/meters/FER0000000001/objects/3/1.0.1.8.0.255/99", 404, "There is no attribute 3/1.0.1.8.0.255/99"),
    ("/api/v1/collections/last", 404, "There is no collection yet."),
    ("/api/v1/collections/5", 404, "There is no collection 5."),
    ("/api/v1/nothing", 404, "nothing at /api/v1/nothing"),
]


@pytest.mark.parametrize(("path", "status", "sentence"), WRONG_REQUESTS)
def test_what_is_wrong_is_said(reader: TestClient, path: str, status: int, sentence: str) -> None:
    answer = reader.get(path)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (status, status)
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert body["title"] == HTTPStatus(status).phrase
    assert sentence in body["detail"]
    assert body["detail"].endswith(".")


def test_a_store_that_fails_is_a_problem_of_ours(town: Town, rest: TestClient) -> None:
    town.stores.intervals.close()
    answer = rest.get("/api/v1/meters/FER0000000001/readings")
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("The store cannot answer: the interval store is closed")


def test_a_method_that_is_not_allowed(reader: TestClient) -> None:
    answer = reader.delete("/api/v1/overview")
    assert (answer.status_code, answer.json()["detail"]) == (405, "Method Not Allowed")


def test_problems_by_hand() -> None:
    assert str(not_found("meter", "X")) == "There is no meter X."
    assert refused("no").status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert isinstance(refused("no"), Problem)
    assert b'"limit":5' in problem_response(HTTPStatus.CONFLICT, "full", limit=5).body
