"""REST over the system, alarms, commands and collections, against a real head-end and real stores."""

from __future__ import annotations

from fastapi.testclient import TestClient

from tests.console.town import SECRET, START_S, Town

HOUR_S = 3_600


def test_the_overview(reader: TestClient) -> None:
    body = reader.get("/api/v1/overview").json()
    assert body["now_ms"] == (START_S + 26 * HOUR_S) * 1_000
    assert body["overview"]["meters"] == 20
    assert body["overview"]["by_communication"]["wrong_key"] == 1
    assert body["last_24_h"]["expected"] == 20 * 96
    assert 0.9 < body["last_24_h"]["rate"] < 1.0
    assert len(body["hours"]) == 26


def test_the_summary_is_what_the_demonstration_needs(reader: TestClient) -> None:
    body = reader.get("/api/v1/summary").json()
    wanted = "meters intervals_expected intervals_stored collection_rate backfilled failed_meters alarms collectable"
    assert set(body) == set(wanted.split())
    assert (body["meters"], body["failed_meters"]) == (20, 1)


def test_alarms_open_and_closed(reader: TestClient) -> None:
    alarms = reader.get("/api/v1/alarms").json()
    assert [(line["serial"], line["alarm"]["kind"]) for line in alarms] == [
        ("FER0000000003", "meter_unreachable"),
        ("FER0000000009", "terminal_cover_removed"),
        ("FER0000000007", "wrong_key"),
    ]
    every = reader.get("/api/v1/alarms", params={"closed": True}).json()
    closed = [line["serial"] for line in every if line["alarm"]["closed_ms"] is not None]
    assert "FER0000000004" in closed
    assert len(reader.get("/api/v1/alarms", params={"closed": True, "limit": 1}).json()) == 1


def test_an_alarm_is_acknowledged(town: Town, rest: TestClient) -> None:
    name = {"kind": "wrong_key", "serial": "FER0000000003"}
    answer = rest.post("/api/v1/alarms/acknowledge", json=name)
    assert (answer.status_code, answer.json()) == (202, name)
    town.settle()
    assert rest.get("/api/v1/alarms").json() == []
    assert rest.post("/api/v1/alarms/acknowledge", json=name).status_code == 404
    assert rest.post("/api/v1/alarms/acknowledge", json={"kind": "store_failing"}).status_code == 404


def test_commands_of_all_meters(reader: TestClient) -> None:
    lines = reader.get("/api/v1/commands").json()
    assert [(line["serial"], line["command"]["kind"], line["command"]["state"]) for line in lines] == [
        ("FER0000000003", "disconnect", "pending"),
        ("FER0000000005", "disconnect", "confirmed"),
        ("FER0000000002", "read_now", "confirmed"),
    ]
    pending = reader.get("/api/v1/commands", params={"state": "pending"}).json()
    assert [line["serial"] for line in pending] == ["FER0000000003"]
    number = lines[1]["command"]["id"]
    assert reader.get(f"/api/v1/commands/{number}").json() == lines[1]


def test_a_collection_from_order_to_end(town: Town, rest: TestClient) -> None:
    town.clock.advance(HOUR_S * 1_000)
    answer = rest.post("/api/v1/collections", json={})
    assert answer.status_code == 202
    number = answer.json()["id"]
    assert rest.get(f"/api/v1/collections/{number}").json()["finished"] is False
    town.settle()
    progress = rest.get(f"/api/v1/collections/{number}").json()
    assert (progress["meters"], progress["reached"], progress["failed"], progress["finished"]) == (3, 2, 1, True)
    assert rest.get("/api/v1/collections/last").json() == progress


def test_a_collection_of_named_meters(rest: TestClient) -> None:
    assert rest.post("/api/v1/collections", json={"serials": ["FER0000000002"]}).json()["meters"] == 1
    assert rest.post("/api/v1/collections", json={"serials": ["NOBODY"]}).status_code == 404
    assert rest.post("/api/v1/collections", json={"group": "nowhere"}).status_code == 422


def test_who_did_what(town: Town, rest: TestClient) -> None:
    rest.post("/api/v1/collections", json={"group": "default"})
    (entry,) = rest.get("/api/v1/audit").json()
    assert (entry["actor"], entry["action"], entry["subject"], entry["detail"]) == (
        "rest",
        "collect",
        "default",
        "3 meters",
    )


def test_no_answer_holds_a_key(reader: TestClient) -> None:
    """Wrapped or not, keys leave the stores for nobody."""
    paths = [path for path in reader.get("/api/v1/openapi.json").json()["paths"] if "{command}" not in path]
    for path in paths:
        filled = path.format(
            serial="FER0000000001", class_id=3, logical_name="1.0.1.8.0.255", attribute=2, collection=1, command=1
        )
        text = reader.get(filled).text
        assert SECRET.decode() not in text
        assert "wrapped" not in text
        assert SECRET.hex() not in text
