"""REST over meters: the list, readings as JSON and CSV, gaps, events, objects, commands."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.console.town import PERIOD_S, START_S, Town

HOUR_S = 3_600
METER = "/api/v1/meters/FER0000000001"


def serials(client: TestClient, **query: Any) -> list[str]:
    return [line["serial"][-2:] for line in client.get("/api/v1/meters", params=query).json()["lines"]]


LISTS = [
    # query                                                    total   the first ones
    ({}, 20, ["01", "02", "03"]),
    ({"descending": True}, 20, ["20", "19", "18"]),
    ({"offset": 18}, 20, ["19", "20"]),
    ({"offset": 50}, 20, []),
    ({"limit": 2}, 20, ["01", "02"]),
    ({"search": "000001"}, 11, ["01", "10", "11"]),
    ({"search": "127.20.0.1:"}, 0, []),
    ({"search": "fer0000000007"}, 1, ["07"]),
    ({"state": "wrong_key"}, 1, ["07"]),
    ({"state": "new"}, 0, []),
    ({"group": "elsewhere"}, 0, []),
    ({"sort": "missing", "descending": True, "limit": 2}, 20, ["07", "03"]),
    ({"sort": "last_seen", "limit": 2}, 20, ["07", "03"]),
]


@pytest.mark.parametrize(("query", "total", "first"), LISTS)
def test_lists(reader: TestClient, query: dict[str, Any], total: int, first: list[str]) -> None:
    assert reader.get("/api/v1/meters", params=query).json()["total"] == total
    assert serials(reader, **query)[: len(first) or None] == first


def test_the_list_as_csv(reader: TestClient) -> None:
    answer = reader.get("/api/v1/meters", params={"format": "csv", "state": "wrong_key"})
    (line,) = csv.DictReader(StringIO(answer.text))
    assert answer.headers["content-type"].startswith("text/csv")
    assert (line["serial"], line["communication"], line["last_seen_utc"]) == ("FER0000000007", "wrong_key", "")


def test_a_meter(reader: TestClient) -> None:
    body = reader.get("/api/v1/meters/FER0000000005").json()
    assert body["line"]["communication"] == "ok"
    assert (body["commanded_control_state"], body["confirmed_control_state"]) == (0, 0)
    assert body["profiles"][0]["absent"] == 8
    assert "row" not in body
    assert body["terms"] == {
        "link": "tcp",
        "framing": "wrapper",
        "physical_address": None,
        "gateway": "",
        "referencing": "logical name",
        "authentication": "hls_gmac",
        "context": "ciphered",
        "suite": 0,
        "policy": "authenticated_encrypted",
        "ciphering": "glo",
    }


def test_the_commanded_state_stands_beside_the_confirmed_one(reader: TestClient) -> None:
    body = reader.get("/api/v1/meters/FER0000000003").json()
    assert (body["commanded_control_state"], body["confirmed_control_state"]) == (0, 1)


def test_readings_of_a_span(street: Town, reader: TestClient) -> None:
    query = {"channel": "ACTIVE_ENERGY_IMPORT", "start": START_S, "end": START_S + HOUR_S}
    body = reader.get(f"{METER}/readings", params=query).json()
    (series,) = body["series"]
    assert (body["serial"], body["start_s"], body["end_s"]) == ("FER0000000001", START_S, START_S + HOUR_S)
    assert (series["logical_name"], series["unit"], series["scaler"]) == ("1.0.1.8.0.255", "Wh", 0)
    assert [point["time_s"] for point in series["readings"]] == [START_S + n * PERIOD_S for n in (1, 2, 3, 4)]
    assert series["readings"][0]["value"] == street.meters[1].register_wh(START_S + PERIOD_S)


def test_times_may_be_written_as_people_do(reader: TestClient) -> None:
    query = {"channel": "1", "start": "2026-09-21T00:00:00Z", "end": "2026-09-21T03:00:00+02:00"}
    assert len(reader.get(f"{METER}/readings", params=query).json()["series"][0]["readings"]) == 4


def test_all_channels_of_the_last_day(reader: TestClient) -> None:
    series = reader.get(f"{METER}/readings").json()["series"]
    assert [entry["channel"] for entry in series] == [1, 2, 3, 4, 5, 6, 7]
    assert all(85 < len(entry["readings"]) <= 96 for entry in series)


def test_some_channels(reader: TestClient) -> None:
    series = reader.get(f"{METER}/readings", params={"channel": ["VOLTAGE_L1", "8"]}).json()["series"]
    assert [(entry["tag"], bool(entry["readings"])) for entry in series] == [
        ("VOLTAGE_L1", True),
        ("CURRENT_L1", False),
    ]


def test_readings_as_csv(reader: TestClient) -> None:
    query = {"channel": "VOLTAGE_L1", "start": START_S, "end": START_S + HOUR_S, "format": "csv"}
    answer = reader.get(f"{METER}/readings", params=query)
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert 'filename="FER0000000001-readings.csv"' in answer.headers["content-disposition"]
    assert [row["time_utc"] for row in rows][:2] == ["2026-09-21T00:15:00Z", "2026-09-21T00:30:00Z"]
    assert {(row["unit"], row["scaler"], row["channel"]) for row in rows} == {("V", "-1", "VOLTAGE_L1")}


def test_gaps(reader: TestClient) -> None:
    gaps = reader.get("/api/v1/meters/FER0000000005/gaps", params={"end": START_S + 20 * HOUR_S}).json()
    assert [(gap["first_s"] - START_S, gap["missing"]) for gap in gaps] == [(8 * HOUR_S + PERIOD_S, 8)]


def test_registers_and_events(reader: TestClient) -> None:
    registers = reader.get(f"{METER}/registers").json()
    assert registers[0]["tag"] == "ACTIVE_ENERGY_IMPORT"
    events = reader.get("/api/v1/meters/FER0000000009/events").json()
    assert [event["code"] for event in events] == [5, 40]


def test_objects_and_one_attribute(reader: TestClient) -> None:
    objects = reader.get(f"{METER}/objects").json()
    energy = next(entry for entry in objects if entry["tag"] == "ACTIVE_ENERGY_IMPORT")
    assert (energy["class_id"], energy["interface_class"]) == (3, "Register")
    attribute = reader.get(f"{METER}/objects/3/1.0.1.8.0.255/2").json()
    assert attribute == energy["attributes"][1]
    assert attribute["known"]["source"] == "collected"


def test_a_command_from_order_to_confirmation(town: Town, rest: TestClient) -> None:
    answer = rest.post(f"{METER}/commands", json={"kind": "disconnect"}, headers={"Idempotency-Key": "k-1"})
    assert answer.status_code == 202
    ordered = answer.json()
    assert (ordered["kind"], ordered["state"]) == ("disconnect", "pending")
    town.settle()
    again = rest.post(f"{METER}/commands", json={"kind": "disconnect"}, headers={"Idempotency-Key": "k-1"}).json()
    assert (again["id"], again["state"]) == (ordered["id"], "confirmed")
    assert [row["id"] for row in rest.get(f"{METER}/commands").json()] == [ordered["id"]]
    assert town.meters[1].connected is False


def test_an_attribute_is_read_from_the_meter(town: Town, rest: TestClient) -> None:
    path = "8/0.0.1.0.0.255/2"
    rest.post(f"{METER}/commands", json={"kind": "read_attribute", "argument": path})
    assert rest.get(f"{METER}/objects/{path}").json()["known"] is None
    town.settle()
    assert rest.get(f"{METER}/objects/{path}").json()["known"]["source"] == "read"


WRONG_ORDERS = [
    ({"kind": "explode"}, {}, 422),
    ({}, {}, 422),
    ({"kind": "read_attribute", "argument": "8/" + "0" * 255}, {}, 422),
    ({"kind": "read_now"}, {"Idempotency-Key": "k" * 129}, 422),
    ({"kind": "read_attribute"}, {}, 422),
    ({"kind": "read_attribute", "argument": "nonsense"}, {"Idempotency-Key": "k-1"}, 422),
    ({"kind": "read_attribute", "argument": "8/0.0.1.0.0.255"}, {}, 422),
    ({"kind": "read_attribute", "argument": "8/0.0.1.0.0.256/2"}, {}, 422),
    ({"kind": "read_attribute", "argument": "8/0.0.1.0.0.255/200"}, {}, 422),
]


@pytest.mark.parametrize(("order", "headers", "status"), WRONG_ORDERS)
def test_orders_that_are_none(
    town: Town, rest: TestClient, order: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = rest.post(f"{METER}/commands", json=order, headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert town.stores.records.commands() == []


def test_why_an_attribute_is_none_is_told_at_once(rest: TestClient) -> None:
    answer = rest.post(f"{METER}/commands", json={"kind": "read_attribute", "argument": "8/clock/2"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(
        "No such attribute: not an attribute, expected class_id/logical_name/attribute_id"
    )
    assert "'8/clock/2'" in answer.json()["detail"]


TAKE_NO_ARGUMENT = ["read_now", "set_clock", "disconnect", "reconnect"]


@pytest.mark.parametrize("argument", ["3/1.0.1.8.0.255/2", "now", " ", "12345678901234567890"])
@pytest.mark.parametrize("kind", TAKE_NO_ARGUMENT)
def test_an_argument_that_a_command_does_not_take_is_refused(
    town: Town, rest: TestClient, kind: str, argument: str
) -> None:
    answer = rest.post(f"{METER}/commands", json={"kind": kind, "argument": argument})
    assert answer.status_code == 422
    told = f"Not ordered: {kind} takes no argument, expected none, got {len(argument)} characters."
    assert answer.json()["detail"] == told
    assert town.stores.records.commands() == []
    assert town.stores.records.audit() == []


@pytest.mark.parametrize("kind", TAKE_NO_ARGUMENT)
def test_an_empty_argument_is_none(rest: TestClient, kind: str) -> None:
    assert rest.post(f"{METER}/commands", json={"kind": kind, "argument": ""}).status_code == 202


TOKEN = "12345678901234567890"
# What somebody takes for tokens, and what he is told.
NO_TOKENS = [
    ("", "token 1 is none"),
    (TOKEN[:-1], "19 characters"),
    (TOKEN + "1", "21 characters"),
    ("+" + TOKEN[1:], "20 digits"),
    ("1234567890123456_890", "20 digits"),
    ("1234567890123456789O", "20 digits"),
    (f"{TOKEN},", "token 2 is none"),
    (f"{TOKEN},,{TOKEN}", "token 2 is none"),
    (f"{TOKEN};{TOKEN}", "token 1 is none"),
    (",".join([TOKEN] * 9), "at most 8"),
]


@pytest.mark.parametrize(("argument", "told"), NO_TOKENS)
def test_tokens_that_are_none_are_refused_at_once(town: Town, rest: TestClient, argument: str, told: str) -> None:
    for headers in ({}, {"Idempotency-Key": "k-1"}):
        answer = rest.post(f"{METER}/commands", json={"kind": "enter_token", "argument": argument}, headers=headers)
        assert answer.status_code == 422
        assert told in answer.json()["detail"]
        assert TOKEN[:8] not in answer.text
    assert town.stores.records.commands() == []
    assert town.stores.records.audit() == []


@pytest.mark.parametrize("argument", [TOKEN, "1234 5678 9012 3456 7890", ", ".join([TOKEN] * 8)])
def test_tokens_are_ordered_as_people_write_them(town: Town, rest: TestClient, argument: str) -> None:
    answer = rest.post(f"{METER}/commands", json={"kind": "enter_token", "argument": argument})
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    assert len(town.stores.records.commands()) == 1


def test_a_key_of_another_command_is_a_conflict(rest: TestClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    rest.post(f"{METER}/commands", json={"kind": "disconnect"}, headers=headers)
    assert rest.post(f"{METER}/commands", json={"kind": "reconnect"}, headers=headers).status_code == 409


def test_an_order_to_nobody(rest: TestClient) -> None:
    assert rest.post("/api/v1/meters/NOBODY/commands", json={"kind": "read_now"}).status_code == 404
