"""How `ferraris vend` reaches vending: both ways ask the same functions, and what does not answer is said."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ferraris.cli.vend_connection import VendRefused, connected, content_of
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
