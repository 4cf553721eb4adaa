"""The demo's households: what they do when till or keypads are away, and that a repeated order buys nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ferraris.cli.demo_households import FleetKeypads, RestTill, household_log
from ferraris.cli.keypad import Keypads
from ferraris.kernel.errors import ConfigError
from ferraris.meter import decoder_reference_number
from ferraris.simulation.household import Temper
from ferraris.simulation.households import Households, TillRefusedError

MINUTE_MS = 60_000
EAGER = Temper(careful=1, types=1, slips=0, types_twice=0, retries=1)


class Shop:
    """A till as it behaves: it knows its message ids. `answers` are said first, one a request."""

    def __init__(self) -> None:
        self.sold: dict[str, dict[str, Any]] = {}
        self.answers: list[tuple[int, str]] = []

    def sell(self, order: dict[str, str]) -> tuple[int, str]:
        if self.answers:
            return self.answers.pop(0)
        number = len(self.sold) + 1
        sale = {
            "units_tenths": 55,
            "tokens": [{"digits": f"{number:020}"}],
            "delivery": "none",
            "meter": order["meter"],
        }
        return 201, json.dumps({"sale": self.sold.setdefault(order["message_id"], sale)})

    def sales(self, meter: str) -> tuple[int, str]:
        return 200, json.dumps([{"sale": sale} for sale in self.sold.values() if sale["meter"] == meter])


class Pads(Keypads):
    """Keypads of meters that take every token once."""

    def __init__(self, meters: int) -> None:
        super().__init__(Path("nowhere"))
        self.away = False
        self.meters = meters
        self.typed: list[tuple[int, str]] = []
        self.lit = True

    def type(self, number: int, token: str) -> dict[str, Any]:
        if self.away:
            raise ConfigError("no keypad answers")
        self.typed.append((number, token))
        return {"result": "accept" if self.typed.count((number, token)) == 1 else "used_error"}

    def displays(self) -> list[dict[str, Any]]:
        if self.away:
            raise ConfigError("no keypad answers")
        credit = 0 if self.lit else None
        return [{"number": number, "credit_wh": credit, "supplied": False} for number in range(1, self.meters + 1)]


@contextmanager
def served(shop: Shop) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            self._answer(shop.sell(json.loads(self.rfile.read(length))))

        def do_GET(self) -> None:
            self._answer(shop.sales(self.path.partition("meter=")[2].partition("&")[0]))

        def _answer(self, answer: tuple[int, str]) -> None:
            self.send_response(answer[0])
            self.end_headers()
            self.wfile.write(answer[1].encode())

        def log_message(self, *args: object) -> None:
            del args

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


class Row:
    """A row of households in virtual time."""

    def __init__(self, address: str, tmp_path: Path, meters: int = 1) -> None:
        self.now_ms = 0
        self.pads = Pads(meters)
        self.till = RestTill(address, "t")
        self.log = tmp_path / "households.jsonl"
        note = household_log(self.log, lambda: self.now_ms)
        keypads = FleetKeypads(self.pads)
        self.households = Households(meters, self.till, keypads, lambda: self.now_ms, note, temper=EAGER)

    def live(self, minutes: int) -> None:
        for _ in range(minutes):
            self.now_ms += MINUTE_MS
            self.households.look()


def test_who_has_no_supply_buys_and_types_and_a_repeated_order_buys_nothing_twice(tmp_path: Path) -> None:
    shop = Shop()
    with served(shop) as address:
        row = Row(address, tmp_path)
        row.live(100)
    assert list(shop.sold) == [f"household 1, order {number}" for number in range(1, len(shop.sold) + 1)]
    assert row.pads.typed == [(1, sale["tokens"][0]["digits"]) for sale in shop.sold.values()][: len(row.pads.typed)]
    lines = [json.loads(line) for line in row.log.read_text().splitlines()]
    assert [line["what"] for line in lines if line["did"] == "bought"][:2] == ["household 1, order 1"] * 2


@pytest.mark.parametrize("answer", [(500, "defect"), (503, "{}"), (409, '{"retry": true}')])
def test_a_till_that_cannot_answer_is_asked_again_under_the_same_message_id(
    tmp_path: Path, answer: tuple[int, str]
) -> None:
    shop = Shop()
    shop.answers = [answer] * 3
    with served(shop) as address:
        row = Row(address, tmp_path)
        row.live(70)
    assert next(iter(shop.sold)) == "household 1, order 1"
    assert row.households.problems == []


def test_what_the_till_refuses_for_good_is_a_problem(tmp_path: Path) -> None:
    shop = Shop()
    shop.answers = [(422, "no such meter")]
    with served(shop) as address:
        Row(address, tmp_path).till.close()
        row = Row(address, tmp_path)
        row.live(70)
        shop.answers = [(422, "no such meter")]
        with pytest.raises(TillRefusedError):
            row.till.sell("m", "1", Decimal(5))
    assert "order 1: the till refuses a sale" in row.households.problems[0]


@pytest.mark.parametrize(
    ("text", "told"), [("<html>", "line 1 column 1"), ('{"sale": 1, "sale": 2}', "'sale' twice"), ("[NaN]", "NaN")]
)
def test_a_till_that_answers_no_json(text: str, told: str, tmp_path: Path) -> None:
    shop = Shop()
    shop.answers = [(201, text)]
    with served(shop) as address:
        row = Row(address, tmp_path)
        with pytest.raises(TillRefusedError, match="the till's answer is not JSON") as refused:
            row.till.sell("m", "1", Decimal(5))
        row.till.close()
    assert told in str(refused.value)


def test_keypads_that_are_away_are_tried_again(tmp_path: Path) -> None:
    shop = Shop()
    with served(shop) as address:
        row = Row(address, tmp_path)
        row.pads.away = True
        row.live(60)
        assert shop.sold == {}
        row.pads.away = False
        row.pads.lit = False
        row.live(60)
        assert shop.sold == {}, "a meter without power shows nothing"
        row.pads.lit = True
        row.live(120)
    assert row.pads.typed


def test_after_a_start_the_receipts_are_still_in_the_drawer(tmp_path: Path) -> None:
    shop = Shop()
    meter = decoder_reference_number(1)
    shop.sell({"message_id": "household 1, order 1", "meter": meter})
    shop.sell({"message_id": "household 1, order 2", "meter": meter})
    shop.sold["household 1, order 1"]["delivery"] = "accepted"
    with served(shop) as address:
        row = Row(address, tmp_path)
        row.households.closing = True
        row.live(5)
        assert row.households.quiet
        assert row.pads.typed == [(1, f"{2:020}")]
        row.households.closing = False
        row.live(1)
    assert len(shop.sold) == 2


def test_a_till_that_is_not_there_yet_lets_nobody_move_in(tmp_path: Path) -> None:
    row = Row("http://127.0.0.1:1", tmp_path)
    row.live(5)
    assert not row.log.exists()


def test_somebody_tries_the_neighbours_token(tmp_path: Path) -> None:
    shop = Shop()
    with served(shop) as address:
        row = Row(address, tmp_path, meters=2)
        row.live(100)
    bought = {
        sale["tokens"][0]["digits"] for sale in shop.sold.values() if sale["meter"] == decoder_reference_number(2)
    }
    assert any(number == 1 and token in bought for number, token in row.pads.typed)
