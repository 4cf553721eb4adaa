"""What the commands of `ferraris vend` share: where they ask and for whom, and lines of orders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cli.head_end import DEFAULT_DIRECTORY
from ferraris.cli.vend_connection import VendRefused
from ferraris.cli.vend_options import DIRECTORY, Clerk, Lines, Place, answer_order, order_id
from ferraris.kernel.errors import ConfigError, LinkError

LINES = Lines("sales", {"till": "T", "operator": "ann"}, frozenset({"meter", "amount", "message_id", "till"}))


class Echo:
    """Answers with what it was asked, or refuses."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.refusal = refusal

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        if self.refusal is not None:
            raise self.refusal
        return {"method": method, "path": path, "body": body}


def answered(line: str, echo: Echo | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(answer_order(echo or Echo(), LINES, line.encode()))
    return answer


def test_an_order_is_named_after_its_line() -> None:
    answer = answered('{"id": 7, "meter": "1", "amount": 20.10}')
    assert answer["body"] == {
        "till": "T",
        "operator": "ann",
        "meter": "1",
        "amount": "20.10",
        "message_id": "jsonl/T/7",
    }
    assert (answer["id"], answer["ok"], answer["path"]) == (7, True, "sales")


def test_a_message_id_of_its_own_is_kept() -> None:
    assert answered('{"id": 1, "message_id": "mine"}')["body"]["message_id"] == "mine"
    without = answered('{"meter": "1"}')
    assert without["body"]["message_id"].startswith("cli-")
    assert without["id"] is None


def test_a_refusal_has_the_standards_name_where_there_is_one() -> None:
    named = answered('{"id": 1}', Echo(VendRefused("no", status=422, error="amount_error", result="range_error")))
    assert named == {"id": 1, "ok": False, "error": "range_error", "detail": "no"}
    assert answered('{"id": 1}', Echo(VendRefused("no", status=409, error="shift_error")))["error"] == "shift_error"
    assert answered('{"id": 1}', Echo(VendRefused("no", status=500)))["error"] == "refused"


@given(st.binary(max_size=60))
def test_any_line_is_answered(line: bytes) -> None:
    answer = json.loads(answer_order(Echo(), LINES, line))
    assert set(answer) >= {"id", "ok"}


def test_the_directory_is_that_of_serve() -> None:
    assert DIRECTORY == DEFAULT_DIRECTORY


def test_order_ids() -> None:
    assert order_id("mine") == "mine"
    assert order_id("") != order_id("")


BAD_LINES = [
    b"[" * 200_000,
    b"",
    b"[]",
    b"\xff",
    b'{"id": NaN}',
    b'{"amount": ' + b"9" * 5_000 + b"}",
    b'{"id": 1, "amount": 5, "amount": 500}',
    b'{"id": 1, "colour": 5}',
]


@pytest.mark.parametrize("line", BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_line_that_is_no_order_is_answered_and_sells_nothing(line: bytes) -> None:
    answer = json.loads(answer_order(Echo(AssertionError("sold")), LINES, line))
    assert (answer["ok"], answer["error"]) == (False, "bad_line")


def test_a_clerk_is_named_in_orders() -> None:
    assert Clerk("T", "ann").fields == {"till": "T", "operator": "ann"}
    assert Clerk().fields == {"till": "cli", "operator": "cli"}


def test_a_place_asks_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ferraris vend init"):
        Place(directory=tmp_path).ask("GET", "settings")
    with pytest.raises(LinkError, match="cannot be asked"):
        Place("http://127.0.0.1:9", tmp_path).ask("GET", "settings")
