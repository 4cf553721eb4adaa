"""What REST says to a caller who asks wrongly: a status, and one sentence that names the field and what would do."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

METER = "/api/v1/meters/FER0000000001"

# What is asked for; {m} is a meter that there is. What stands in the sentence that comes back.
QUESTIONS = """
path                                                status   told
/api/v1/meters?limit=0                              422      limit: ... at least 1
/api/v1/meters?limit=-1                             422      limit: ... at least 1
/api/v1/meters?limit=1001                           422      limit: ... at most 1000
/api/v1/meters?limit=x                              422      limit:
/api/v1/meters?limit=1.5                            422      limit:
/api/v1/meters?limit=                               422      limit:
/api/v1/meters?offset=-1                            422      offset: ... at least 0
/api/v1/meters?sort=colour                          422      sort: ... 'last_seen'
/api/v1/meters?state=happy                          422      state: ... 'wrong_key'
/api/v1/meters?format=xml                           422      format: ... 'csv'
/api/v1/meters?descending=perhaps                   422      descending:
/api/v1/meters/NOBODY                               404      There is no meter NOBODY.
/api/v1/meters/FER0000000001%20                     404      There is no meter
/api/v1/meters/..%2f..                              404      There is nothing at
/api/v2/meters                                      404      There is nothing at /api/v2/meters.
{m}/readings?start=yesterday                        422      start:
{m}/readings?start=nan                              422      start:
{m}/readings?start=1e99                             422      start:
{m}/readings?start=2026-13-01                       422      start:
{m}/readings?start=2026-09-21T25:00                 422      start:
{m}/readings?start=99999999999999999999999          422      start:
{m}/readings?end=soon                               422      end:
{m}/readings?start=10&end=5                         422      The span is empty: its end must come after its start.
{m}/readings?start=5&end=5                          422      The span is empty
{m}/readings?start=-1                               422      The span holds more than 200000 readings
{m}/readings?start=0&end=99999999999                422      The span holds more than 200000 readings
{m}/readings?channel=VOLTAGE_L9                     422      There is no channel 'VOLTAGE_L9' ... VOLTAGE_L1
{m}/readings?channel=-1                             422      There is no channel '-1'
{m}/readings?channel=                               422      There is no channel ''
{m}/readings?channel=99999999999999999999           422      There is no channel
{m}/readings?format=pdf                             422      format: ... 'csv'
{m}/gaps?end=x                                      422      end:
{m}/events?limit=0                                  422      limit: ... at least 1
{m}/events?limit=10001                              422      limit: ... at most 10000
{m}/objects/3/1.0.1.8.0.255/99                      404      There is no attribute 3/1.0.1.8.0.255/99 in FER0000000001.
{m}/objects/3/1.0.1.8.0.256/2                       404      There is no attribute
{m}/objects/3/1.0.1.8.0.255/-1                      404      There is no attribute
{m}/objects/1/1.0.1.8.0.255/2                       404      There is no attribute
{m}/objects/x/1.0.1.8.0.255/2                       422      class_id:
/api/v1/commands?state=lost                         422      state: ... 'pending'
/api/v1/commands?limit=1e3                          422      limit:
/api/v1/alarms?closed=maybe                         422      closed:
/api/v1/alarms?limit=99999999999999999999           422      limit: ... at most 10000
"""

# A body, where it goes, and what stands in the sentence that comes back.
BODIES = """
path                         status   body                                        told
{m}/commands                 422                                                  body
{m}/commands                 422      {                                           JSON
{m}/commands                 422      []                                          object
{m}/commands                 422      null                                        object
{m}/commands                 422      "read_now"                                  object
{m}/commands                 422      {}                                          kind
{m}/commands                 422      {"kind": "explode"}                         kind: ... 'read_now'
{m}/commands                 422      {"kind": null}                              kind:
{m}/commands                 422      {"kind": ["read_now"]}                      kind:
{m}/commands                 422      {"kind": "Disconnect"}                      kind:
{m}/commands                 422      {"kind": "read_now", "argument": 7}         argument:
{m}/commands                 422      {"kind": "read_now", "argument": null}      argument:
{m}/commands                 422      {"kind": "read_now", "arguments": ""}       arguments
{m}/commands                 422      {"kind": "read_now", "argument": "\\u0000"}  argument:
/api/v1/alarms/acknowledge   422      {}                                          kind
/api/v1/alarms/acknowledge   422      {"kind": 3}                                 kind:
/api/v1/alarms/acknowledge   422      {"kind": "wrong_key", "meter": "x"}         meter
/api/v1/alarms/acknowledge   404      {"kind": "wrong_key"}                       There is no open alarm wrong_key of the system.
/api/v1/collections          422      {"crowd": "default"}                        crowd
/api/v1/collections          422      {"serial": "FER0000000001"}                 serial
/api/v1/collections          422      {"serials": "FER0000000001"}                serials:
/api/v1/collections          422      {"serials": [1]}                            serials
/api/v1/collections          422      {"serials": {}}                             serials:
/api/v1/collections          422      {"group": 7}                                group:
/api/v1/collections          404      {"serials": ["NOBODY"]}                     NOBODY
"""


def rows(table: str) -> list[list[str]]:
    head, *lines = table.strip("\n").splitlines()
    starts = [head.index(word) for word in head.split()]
    return [[line[at:to].strip() for at, to in zip(starts, [*starts[1:], None], strict=True)] for line in lines]


def says(sentence: str, told: str) -> bool:
    """Whether the parts stand in the sentence, one after another."""
    at = 0
    for part in told.split(" ... "):
        at = sentence.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


@pytest.mark.parametrize("row", rows(QUESTIONS), ids=lambda row: row[0])
def test_a_wrong_question_is_answered_by_what_would_do(reader: TestClient, row: list[str]) -> None:
    path, status, told = row
    answer = reader.get(path.replace("{m}", METER))
    assert answer.status_code == int(status)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert says(problem["detail"], told), problem["detail"]
    assert (problem["status"], problem["type"]) == (int(status), "about:blank")
    assert problem["detail"].endswith(".")
    assert "\n" not in problem["detail"]


@pytest.mark.parametrize("row", rows(BODIES), ids=lambda row: f"{row[0]} {row[2]}")
def test_a_wrong_order_is_answered_and_nothing_is_done(reader: TestClient, row: list[str]) -> None:
    path, status, body, told = row
    before = done(reader)
    headers = {"Content-Type": "application/json"}
    answer = reader.post(path.replace("{m}", METER), content=body.encode(), headers=headers)
    assert answer.status_code == int(status), answer.text
    assert says(answer.json()["detail"], told), answer.json()["detail"]
    assert done(reader) == before


@pytest.mark.parametrize("octets", [b"\xff", b"[" * 100_000, b'{"kind":' * 50_000, b"9" * 5_000], ids=len)
@pytest.mark.parametrize("path", [f"{METER}/commands", "/api/v1/collections", "/api/v1/alarms/acknowledge"])
def test_octets_that_are_no_order(reader: TestClient, path: str, octets: bytes) -> None:
    before = done(reader)
    answer = reader.post(path, content=octets, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 413, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.text) < 1_000
    assert done(reader) == before


def done(reader: TestClient) -> list[object]:
    """Everything that an order could change."""
    return [reader.get(f"/api/v1/{what}").json() for what in ("commands", "alarms", "summary")]
