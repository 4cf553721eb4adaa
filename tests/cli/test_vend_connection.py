"""How `ferraris vend` reaches vending: both ways ask the same functions, and what does not answer is said."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ferraris.cli.vend_connection import (
    TIMEOUT_S,
    WAITS_MAX,
    RemoteVending,
    VendRefused,
    connected,
    content_of,
    named,
)
from ferraris.kernel.errors import ConfigError, LinkError
from tests.cli.shops import METERS, VendDirectory, make_directory, served
from tests.vending.house import make_house


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> VendDirectory:
    return make_directory(tmp_path_factory.mktemp("vend") / "shop")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    house = make_house(meters=2)
    with served(house.vending) as address:
        yield address
    house.store.close()


def test_a_running_system_is_asked(address: str, tmp_path: Path) -> None:
    with connected(address, tmp_path) as connection:
        assert connection.ask("GET", "settings")["currency"] == "ZAR"
        body = {"meter": METERS[0], "amount": "50", "till": "T", "operator": "ann", "message_id": "m"}
        sold = connection.ask("POST", "sales", body)
        assert connection.ask("POST", "sales", body) == sold
        assert connection.ask("GET", f"sales/{sold['sale']['number']}/receipt").startswith(b" ")
        with pytest.raises(VendRefused) as caught:
            connection.ask("POST", "sales", {**body, "amount": "60"})
    assert (caught.value.status, caught.value.error) == (409, "message_conflict_error")


def modules_after(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    )


def test_each_way_loads_what_it_needs() -> None:
    """A till without a head-end loads none; one that asks a running system loads no store either."""
    remote = modules_after("import ferraris.cli.vend, httpx; from ferraris.vending import money_text")
    local = modules_after(
        "import ferraris.cli.vend, ferraris.cli.vending_place, ferraris.console, ferraris.store.vending_sql"
    )
    assert not remote & {"sqlalchemy", "duckdb", "fastapi", "ferraris.console", "ferraris.headend"}
    assert not local & {"duckdb", "nicegui", "uvicorn", "ferraris.headend", "ferraris.dlms", "ferraris.cosem"}
    assert {"sqlalchemy", "fastapi"} <= local


def test_a_command_over_a_running_system(address: str, tmp_path: Path) -> None:
    text = VendDirectory(tmp_path).text("sell", METERS[1], "--amount", "20", "--url", address)
    assert "TOTAL                            ZAR 20.00" in text


def test_a_directory_is_asked(directory: VendDirectory) -> None:
    with connected("", directory.path) as connection:
        assert connection.ask("GET", "settings")["utility"] == "Street Power"
        assert connection.ask("GET", "meters", search="Customer 1")[0]["meter"] == METERS[1]
        with pytest.raises(VendRefused, match="No such order"):
            connection.ask("GET", "sales/77")


def test_two_processes_may_have_the_directory_open(directory: VendDirectory) -> None:
    with connected("", directory.path) as one, connected("", directory.path) as other:
        body = {"meter": METERS[1], "amount": "50", "till": "T", "operator": "ann", "message_id": "shared"}
        assert one.ask("POST", "sales", body) == other.ask("POST", "sales", body)


def test_nobody_answers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with (
        connected(f"http://127.0.0.1:{port}", tmp_path) as connection,
        pytest.raises(LinkError, match="cannot be asked"),
    ):
        connection.ask("GET", "settings")


def test_there_is_nothing_to_open(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="vend init"), connected("", tmp_path):
        pass


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx.Response(500, text="<html>"), "status 500"),
        (httpx.Response(502, json=["x"]), "status 502"),
        (httpx.Response(429, json={"detail": "Too many."}), "Too many"),
    ],
)
def test_answers_that_are_no_problems(answer: httpx.Response, sentence: str) -> None:
    with pytest.raises(VendRefused) as caught:
        content_of(answer)
    assert str(caught.value) == sentence


STRANGE = [
    # content-type             what it holds            what is told
    ("application/json",       b'{"a": NaN}',           "NaN, which is no number"),
    ("application/json",       b'{"a": 1, "a": 2}',     "'a' twice"),
    ("application/json",       b"{",                    "line 1 column 2"),
    ("application/json",       b"\xff",                 "no UTF-8"),
    ("application/json",       b"[" * 100_000,          "nested too deep"),
    ("application/json",       b"9" * 5_000,            "a number of 5000 digits"),
    ("text/html",              b"<html>",               "got text/html"),
    ("application/jsonp",      b"{}",                   "got application/jsonp"),
    ("",                       b"",                     "got no content-type"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "told"), STRANGE)
def test_answers_that_vending_never_gives(kind: str, content: bytes, told: str) -> None:
    """Something else may stand at --url: it is told from vending, and its answer reaches no command."""
    answer = httpx.Response(200, content=content, headers={"content-type": kind} if kind else {})
    with pytest.raises(LinkError, match=re.escape(told)) as caught:
        content_of(answer)
    assert caught.value.expected == "a running system of Ferraris at --url"


@pytest.mark.parametrize("content", [b'{"detail": "a", "detail": "b"}', b'{"detail": NaN}', b"\xff", b"[" * 100_000])
def test_problems_that_cannot_be_read(content: bytes) -> None:
    with pytest.raises(VendRefused, match=r"^status 409$"):
        content_of(httpx.Response(409, content=content))


def test_a_receipt_is_no_json() -> None:
    for kind in ("text/plain; charset=utf-8", "application/pdf"):
        assert content_of(httpx.Response(200, content=b"%PDF", headers={"content-type": kind})) == b"%PDF"


# A system that wants its clients to wait

DEPOSIT = {"message_id": "m", "amount_minor": 100}


def answering(*answers: httpx.Response) -> tuple[RemoteVending, list[float], list[httpx.Request]]:
    """A system that gives these answers in turn, and what its client sent and waited."""
    left, waits, sent = list(answers), list[float](), list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return left.pop(0)

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://localhost")
    return RemoteVending(client, waits.append), waits, sent


def busy(wait: str | None) -> httpx.Response:
    headers = {} if wait is None else {"retry-after": wait}
    return httpx.Response(429, json={"detail": "Too many requests."}, headers=headers)


def test_an_order_that_was_not_read_is_sent_again_when_it_will_be() -> None:
    connection, waits, sent = answering(busy("2"), busy("3"), httpx.Response(201, json=DEPOSIT))
    assert connection.ask("POST", "deposits", {"message_id": "m"}) == DEPOSIT
    assert waits == [2, 3]
    assert len({request.content for request in sent}) == 1


def test_nobody_waits_for_ever() -> None:
    connection, waits, _ = answering(*[busy("9999")] * (1 + WAITS_MAX))
    with pytest.raises(VendRefused) as caught:
        connection.ask("GET", "sales")
    assert caught.value.status == 429
    assert len(waits) == WAITS_MAX
    assert max(waits) == TIMEOUT_S


@pytest.mark.parametrize("wait", [None, "", "soon", "-1", "1.5", "٣", "Wed, 01 Jul 2026 12:00:00 GMT"])
def test_who_does_not_say_how_long_is_not_waited_for(wait: str | None) -> None:
    answer = httpx.Response(429, headers=[] if wait is None else [(b"retry-after", wait.encode())])
    connection, waits, _ = answering(answer)
    with pytest.raises(VendRefused):
        connection.ask("GET", "sales")
    assert waits == []


ADDRESSES = [
    # --url                      what is told
    ("http://[::1",              "is no address"),
    ("http://a\x00b",            "no spaces or control characters"),
    ("http://127.0.0.1:port",    "names no port"),
    ("127.0.0.1:8080",           "such as http://127.0.0.1:8080"),
    ("tcp://127.0.0.1:4059",     "such as http://127.0.0.1:8080"),
    ("http://h?key=1",           "such as http://127.0.0.1:8080"),
    ("http://ann:hush@h",        "secrets do not belong in a URL"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "told"), ADDRESSES)
def test_an_address_that_is_none(url: str, told: str, tmp_path: Path) -> None:
    """The same is refused as for `ferraris collect --url`."""
    with pytest.raises(ConfigError, match=re.escape(told)) as refused, connected(url, tmp_path):
        pass
    assert "hush" not in str(refused.value)


def test_an_address_with_a_path(tmp_path: Path) -> None:
    """A proxy may put vending under a path of its own."""
    with (
        connected("http://127.0.0.1:1/ami/", tmp_path) as connection,
        pytest.raises(LinkError, match=r":1/ami/? cannot"),
    ):
        connection.ask("GET", "settings")


NAMES = [
    # name          as a part of a path
    ("rollover",    "rollover"),
    ("2026/North",  "2026%2FNorth"),
    ("a b",         "a%20b"),
    ("../settings", "..%2Fsettings"),
    ("why?#1%",     "why%3F%231%25"),
    ("Zürich",      "Z%C3%BCrich"),
    ("",            None),
    (".",           None),
    ("..",          None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "part"), NAMES)
def test_names_as_parts_of_a_path(name: str, part: str | None) -> None:
    if part is None:
        with pytest.raises(ConfigError, match="no name"):
            named(name)
    else:
        assert named(name) == part


def test_many_wrong_lines_over_a_directory_stop_no_right_one(directory: VendDirectory) -> None:
    """Nobody guesses meters in a directory of his own: the throttle of the network has no place there."""
    lines = [{"id": f"w{number}", "meter": "01000000990", "amount": "50"} for number in range(40)]
    answers = directory.answers("sell", lines=[*lines, {"id": "right", "meter": METERS[0], "amount": "50"}])
    assert {answer["error"] for answer in answers[:-1]} == {"unknown_meter_error"}
    assert (answers[-1]["id"], answers[-1]["ok"]) == ("right", True)
