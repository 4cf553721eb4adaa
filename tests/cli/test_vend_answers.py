"""Answers that are none of vending's: told in one line from every command, whatever JSON stands at --url."""

from __future__ import annotations

import copy
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ferraris.cli import main
from ferraris.cli.vend_answers import _SERVICE, FORMS, checked_answer
from ferraris.cli.vend_text import (
    after_reversal,
    campaign_text,
    credited,
    debts_text,
    fields_of,
    meter_text,
    quote_text,
    sale_text,
    totals_text,
    waiting_text,
)
from ferraris.kernel.errors import LinkError
from ferraris.vending import UNIT_OF_SERVICE

METER = "01000000016"
STRANGE: tuple[Any, ...] = (
    {"hello": "world"},
    {"id": 1, "sale": {}},
    [],
    [1],
    [{"sale": None}],
    "moved",
    5,
    True,
    None,
)


class _Stranger(BaseHTTPRequestHandler):
    """Answers every question with the same JSON."""

    said = b"{}"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(self.said)))
        self.end_headers()
        self.wfile.write(self.said)

    do_POST = do_GET  # noqa: N815 - the name that http.server asks for

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


COMMANDS = [
    f"quote {METER} -a 10",
    f"sell {METER} -a 10",
    f"sell {METER} -a 10 --json",
    f"free-issue {METER}",
    f"key-change {METER}",
    "reprint 1",
    "reverse 1 --reason wrong",
    "receipt 1",
    "sales",
    f"explain {METER} 12345678901234567890",
    f"meter add {METER} --account A --sgc 600727",
    f"meter show {METER}",
    "meter find ann",
    "debt D1 --account A1 --amount 50 --percent 20",
    f"engineering {METER} clear_credit --reason moved",
    "approve",
    "approve M",
    "refuse M",
    "shift open",
    "shift close 10",
    "shift totals",
    "shift totals 1",
    "shift deposit 10 --reference R",
    "campaign start rollover",
    "campaign show rollover",
    "campaign issue rollover",
    "campaign close rollover",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_stranger_who_speaks_json_is_told_in_one_line(
    command: str, stranger: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ferraris", "vend", *command.split(), "--url", stranger])
    for said in ({"hello": "world"}, [{"sale": None}], "moved"):
        monkeypatch.setattr(_Stranger, "said", json.dumps(said).encode())
        with pytest.raises(SystemExit) as ended:
            main.run()
        shown = capsys.readouterr()
        assert (ended.value.code, shown.out) == (main.EXIT_REFUSED, "")
        complaint = [line for line in shown.err.splitlines() if not line.startswith("To send the same order again")]
        assert len(complaint) == 1
        assert "is none of vending's, expected a running system of Ferraris at --url, got" in complaint[0]


# What a command makes of an answer
READERS: dict[str, Callable[[Any], object]] = {
    "POST quotes": quote_text,
    "POST sales": lambda answer: (sale_text(answer), fields_of(answer), credited(answer["sale"])),
    "POST sales/1/reversal": lambda answer: (sale_text(answer), after_reversal(answer)),
    "GET sales/1/receipt": lambda octets: octets.decode("latin-1"),
    "GET sales": lambda rows: [sale_text(row) for row in rows],
    "POST explain": lambda told: told["text"],
    "POST meters": lambda answer: answer["registered"],
    "GET meters": lambda rows: [(one["meter"], one["account"], one["customer_name"], one["blocked"]) for one in rows],
    "GET meters/1": meter_text,
    "POST debts/D1": debts_text,
    "POST engineering": lambda row: row["message_id"],
    "GET engineering": waiting_text,
    "POST engineering/refuse": lambda _: None,
    "POST shifts": lambda row: (row["number"], row["operator"], row["till"]),
    "GET shifts": lambda rows: [row["number"] for row in rows],
    "POST shifts/close": lambda totals: totals_text(totals, 2),
    "GET shifts/1": lambda totals: totals_text(totals, 2),
    "POST deposits": lambda _: None,
    "GET settings": lambda settings: int(settings["minor_digits"]),
    "POST campaigns": lambda answer: (answer["meters"], [f"{number}: {why}" for number, why in answer["left_out"]]),
    "GET campaigns/rollover": campaign_text,
    "POST campaigns/rollover/issue": lambda rows: [sale_text(row) for row in rows],
    "POST campaigns/rollover/close": campaign_text,
}


def form_of(question: str) -> Any:
    method, path = question.split()
    return next(form for known, pattern, form in FORMS if known == method and pattern.fullmatch(path))


def sample(form: Any) -> Any:
    """An answer of this form, with all that it may have."""
    if isinstance(form, dict):
        return {name.removesuffix("?"): sample(inner) for name, inner in form.items()}
    if isinstance(form, list | tuple):
        return [sample(inner) for inner in form]
    if isinstance(form, type):
        return {int: 12, str: "1.5", bool: True, bytes: b"%PDF", object: "5.0"}[form]
    return min(form)


def changed(value: Any) -> Iterator[Any]:
    """The value with one thing in it replaced or left out, in every place."""
    yield from STRANGE
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {key: one for key, one in value.items() if key != name}
            yield from ({**value, name: other} for other in changed(inner))
    elif isinstance(value, list):
        yield value * 2
        yield []
        for place, inner in enumerate(value):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in changed(inner))


def test_every_form_is_read_here() -> None:
    assert [form_of(question) for question in READERS] == [form for _, _, form in FORMS if form_used(form)]


def form_used(form: Any) -> bool:
    return any(form_of(question) is form for question in READERS)


@pytest.mark.parametrize("question", READERS)
def test_an_answer_is_read_or_told(question: str) -> None:
    """Whatever is changed in an answer: its form is refused, or the command reads it without a defect."""
    method, path = question.split()
    whole = sample(form_of(question))
    assert checked_answer(method, path, copy.deepcopy(whole)) == whole
    READERS[question](whole)
    refused = 0
    for answer in changed(whole):
        try:
            checked_answer(method, path, answer)
        except LinkError:
            refused += 1
        else:
            READERS[question](answer)
    assert refused >= len(STRANGE) - 3


TOLD = [
    ({"currency": "ZAR"},                       "got one without 'minor_digits'"),
    ({"currency": "ZAR", "minor_digits": None}, "got None"),
    ({"currency": "ZAR", "minor_digits": 77},   "got 77"),
    ({"currency": "ZAR", "minor_digits": "2"},  "got '2'"),
    ({"currency": "ZAR", "minor_digits": True}, "got True"),
    ({"currency": ["ZAR"], "minor_digits": 2},  "'currency' of the answer is none of vending's, expected a running system of Ferraris at --url, got an array"),
    ([],                                        "got an array"),
    ("x",                                       "got a text"),
    (1.5,                                       "got a number"),
    (False,                                     "got true or false"),
    (None,                                      "got null"),
    (b"x",                                      "got a document"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "told"), TOLD)
def test_what_is_told_of_it(answer: Any, told: str) -> None:
    with pytest.raises(LinkError) as refused:
        checked_answer("GET", "settings", answer)
    assert str(refused.value).endswith(told)


def test_what_no_command_asks_has_no_form() -> None:
    assert checked_answer("GET", "tariffs", 5) == 5


def test_services_are_those_of_vending() -> None:
    assert set(UNIT_OF_SERVICE) == _SERVICE
