"""The keypads of a fleet in service: a real socket, whatever the network does, and the command that types."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ferraris.cli.keypad import SOCKET, Keypads, keypad_text, keypads_served
from ferraris.cli.main import app
from ferraris.kernel.clock import ScaledClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import KEYPAD_CONNECTIONS_MAX
from ferraris.link import open_tcp, serve_tcp
from ferraris.meter import Fleet, FleetService, PaymentManufacture, ServiceSettings, meter_model, sts_configuration
from ferraris.meter.payment import decoder_key
from ferraris.sts import (
    CreditToken,
    CurrencyCreditToken,
    Service,
    Token,
    carried_currency,
    currency_units,
    encode_token,
    tenths,
    token_identifier_at,
)
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY

SEED = 1


@contextmanager
def keypads(folder: Path, *profiles: str) -> Iterator[FleetService]:
    """A fleet of three meters of these profiles, of which only the keypads are served: no meter has a link."""
    fleet = Fleet.create(folder, PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    clock = ScaledClock(MONDAY_MS, time.monotonic(), 0.001)
    models = [meter_model(name) for name in profiles]
    settings = ServiceSettings(payment=PaymentManufacture(credit_tenths=20))
    service = FleetService(fleet, models, SEED, clock, SeededEntropy(3), serve_tcp, open_tcp, settings)
    ready, ended = threading.Event(), threading.Event()

    async def serve() -> None:
        async with keypads_served(service, folder):
            ready.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield service
    finally:
        ended.set()
        thread.join()
        fleet.close()


def token(number: int, tenths: int) -> str:
    configuration = sts_configuration(number, PaymentManufacture())
    identifier = token_identifier_at(configuration.base_date, MONDAY_MS)
    credit = CreditToken(Service.ELECTRICITY, identifier, 5, tenths)
    return encode_token(credit, decoder_key(SEED, configuration))


CURRENCY = """
# credit token                result          display afterwards
  currency electricity 12.34  accept          14.34
  currency electricity -1.50  accept          0.50
  currency electricity -2.01  range_error     2
  currency water 5            function_error  2
  currency gas 5              function_error  2
  currency time 5             function_error  2
  units electricity 5         function_error  2
"""


@pytest.mark.parametrize("line", [line for line in CURRENCY.strip().splitlines() if not line.startswith("#")])
@pytest.mark.parametrize("profile", ["sts_currency_single_phase", "sts_currency_three_phase"])
def test_a_meter_whose_credit_is_money_takes_currency_tokens_of_its_service(
    tmp_path: Path, profile: str, line: str
) -> None:
    kind, service, amount, result, shown = line.split()
    configuration = sts_configuration(1, PaymentManufacture())
    identifier = token_identifier_at(configuration.base_date, MONDAY_MS)
    if kind == "currency":
        units = carried_currency(currency_units(Decimal(amount)))
        token: Token = CurrencyCreditToken(Service[service.upper()], identifier, units)
    else:
        token = CreditToken(Service[service.upper()], identifier, 5, tenths(amount))
    digits = encode_token(token, decoder_key(SEED, configuration))
    with keypads(tmp_path / "fleet", profile):
        pads = Keypads(tmp_path / "fleet")
        answer = pads.type(1, digits)
        assert answer["result"] == result
        # While the test runs a lamp burns: a cent may be gone.
        assert Decimal(shown) - Decimal("0.01") <= Decimal(answer["credit"]) <= Decimal(shown)
        assert answer["credit_wh"] is None
        if result == "accept":
            assert pads.type(1, digits)["result"] == "used_error"
            flipped = digits[:-1] + str((int(digits[-1]) + 1) % 10)
            assert pads.type(1, flipped)["result"] == "crc_error"


def test_tokens_are_typed_and_displays_looked_at(tmp_path: Path) -> None:
    with keypads(tmp_path / "fleet", "sts_single_phase", "smr5_single_phase"):
        pads = Keypads(tmp_path / "fleet")
        assert [shown["number"] for shown in pads.displays()] == [1, 3]
        assert pads.display(1)["credit_wh"] in (1_999, 2_000)
        digits = token(3, 55)
        grouped = " ".join(digits[place : place + 4] for place in range(0, 20, 4))
        answer = pads.type(3, grouped)
        assert (answer["number"], answer["result"], answer["supplied"]) == (3, "accept", True)
        assert answer["credit_wh"] in (7_499, 7_500)
        assert answer["display"][:2] == ["accept", "+5.5 kWh"]
        assert pads.type(3, digits)["result"] == "used_error"
        assert pads.type(1, digits)["result"] == "crc_error"
        assert pads.press(1, "emergency")["done"] is False, "there is credit"
        assert pads.press(1, "reconnect")["done"] is True


@pytest.mark.parametrize("number", [0, 2, 4, -1, 10**30])
def test_there_is_no_keypad_but_those_of_prepayment_meters(tmp_path: Path, number: int) -> None:
    with keypads(tmp_path / "fleet", "sts_single_phase", "smr5_single_phase"):
        with pytest.raises(ConfigError, match="a keypad that there is not"):
            Keypads(tmp_path / "fleet").type(number, "1" * 20)
        with pytest.raises(ConfigError, match="a button that there is not"):
            Keypads(tmp_path / "fleet").press(1, "explode")


LINES = [
    b"\n",
    b"{\n",
    b"[]\n",
    b"7\n",
    b"null\n",
    b"\xff\xfe\n",
    b"[" * 200 + b"\n",
    b'{"number": "1"}\n',
    b'{"number": true, "token": "1"}\n',
    b'{"number": 1e400}\n',
    b'{"number": 1.5, "press": 7}\n',
    b'{"number": 1, "press": {}}\n',
]


def test_every_line_has_an_answer_and_the_next_one_is_heard(tmp_path: Path) -> None:
    with keypads(tmp_path / "fleet", "sts_single_phase"), connected(tmp_path / "fleet") as connection:
        stream = connection.makefile("rwb")
        for line in LINES:
            stream.write(line)
            stream.flush()
            assert "error" in json.loads(stream.readline()), line
        stream.write(b'{"number": 1, "token": ["not", "digits"]}\n')
        stream.flush()
        assert json.loads(stream.readline())["result"] == "format_error"


@contextmanager
def connected(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(folder / SOCKET))
        yield connection


def test_a_line_without_an_end_and_too_many_connections_end_at_once(tmp_path: Path) -> None:
    with keypads(tmp_path / "fleet", "sts_single_phase"):
        with connected(tmp_path / "fleet") as endless:
            endless.sendall(b"x" * 100_000)
            assert endless.recv(10) == b""
        held = [socket.socket(socket.AF_UNIX) for _ in range(KEYPAD_CONNECTIONS_MAX + 1)]
        for connection in held:
            connection.settimeout(10)
            connection.connect(str(tmp_path / "fleet" / SOCKET))
        assert held[-1].recv(10) == b""
        for connection in held:
            connection.close()
        assert len(Keypads(tmp_path / "fleet").displays()) == 3


def test_the_socket_is_its_owners_and_goes_with_the_service(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 90) / "fleet"
    deep.parent.mkdir()
    with keypads(deep, "sts_single_phase"):
        assert (deep / SOCKET).stat().st_mode & 0o177 == 0
        assert len(Keypads(deep).displays()) == 3
    assert not (deep / SOCKET).exists()
    with pytest.raises(ConfigError, match="no keypad answers"):
        Keypads(deep).displays()


def test_one_that_a_dead_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "fleet").mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "fleet" / SOCKET))
    with keypads(tmp_path / "fleet", "sts_single_phase"):
        assert len(Keypads(tmp_path / "fleet").displays()) == 3


def test_a_fleet_without_prepayment_meters_has_none(tmp_path: Path) -> None:
    with keypads(tmp_path / "fleet", "smr5_single_phase") as service:
        assert service.prepayment_meters == []
        assert not (tmp_path / "fleet" / SOCKET).exists()


def test_the_command(tmp_path: Path) -> None:
    run = CliRunner()
    directory = ["--dir", str(tmp_path / "fleet")]
    with keypads(tmp_path / "fleet", "sts_single_phase"):
        accepted = run.invoke(app, ["meter", "token", token(2, 10), "--meter", "2", *directory])
        assert (accepted.exit_code, accepted.stdout.splitlines()[:2]) == (0, ["accept", "+1 kWh"])
        assert accepted.stdout.splitlines()[-1] == "supplied"
        refused = run.invoke(app, ["meter", "token", token(2, 10), "--meter", "2", "--json", *directory])
        assert (refused.exit_code, json.loads(refused.stdout)["result"]) == (1, "used_error")
        shown = run.invoke(app, ["meter", "token", "--meter", "2", *directory])
        assert shown.exit_code == 0
        assert shown.stdout.startswith("credit ")
        pressed = run.invoke(app, ["meter", "token", "--press", "emergency", *directory])
        assert pressed.exit_code == 1
    assert run.invoke(app, ["meter", "token", *directory]).exit_code != 0


def test_a_display_without_power() -> None:
    assert keypad_text({"credit": None, "supplied": False}) == "no power\ndisconnected"


@pytest.mark.parametrize(
    "said",
    [b"", b"5\n", b"null\n", b"[]\n", b"{\n", b"\xff\n", b"[" * 100_000 + b"\n", b'{"credit": "5", "credit": "6"}\n'],
)
def test_what_is_no_keypad_behind_the_socket_is_none(tmp_path: Path, said: bytes) -> None:
    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1_000)
            connection.sendall(said)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / SOCKET))
        listening.listen()
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        with pytest.raises(ConfigError, match="no keypad answers"):
            Keypads(tmp_path).display(1)
        thread.join()
