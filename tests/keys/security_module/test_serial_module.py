"""The STS600-8-6 driver against an emulated module: garbled, lost and late answers; what it refuses."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferraris.keys.security_module import (
    SecurityModuleError,
    SecurityModuleUnavailable,
    SerialSecurityModule,
    TransactionsExhausted,
    VendingKeyNotFound,
)
from ferraris.keys.security_module.sts600_8_6 import encode_answer, printable
from ferraris.sts import CreditToken, CurrencyCreditToken, Service, TokenError
from tests.keys.security_module.benches import (
    NUMBERED,
    PRESENT,
    RANDOM,
    FixedBits,
    StandingClock,
    meter,
    minute,
    software_module,
)
from tests.keys.security_module.serial_emulator import EmulatedNetworkPort, SerialEmulator

CREDIT = CreditToken(Service.ELECTRICITY, minute(), RANDOM, 256)
OTHER = CreditToken(Service.ELECTRICITY, minute() + 5, RANDOM, 999)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[EmulatedNetworkPort]:
    held = software_module(tmp_path / "keystore", transactions=20)
    port = EmulatedNetworkPort(SerialEmulator(held, NUMBERED, FixedBits()))
    yield port
    port.close()


@pytest.fixture
def module(port: EmulatedNetworkPort) -> Iterator[SerialSecurityModule]:
    module = SerialSecurityModule(port.url, NUMBERED, timeout_s=0.3, clock=StandingClock())
    yield module
    module.close()


def test_a_new_line_begins_with_the_identification(module: SerialSecurityModule, port: EmulatedNetworkPort) -> None:
    module.issue(meter(), CREDIT)
    assert port.emulator.requests == ["SM?DI", "SM?VC"]
    assert module.status().name == "EMULATED 1"


@pytest.mark.parametrize("times", [1, 2])
def test_a_garbled_answer_is_asked_again(module: SerialSecurityModule, port: EmulatedNetworkPort, times: int) -> None:
    port.emulator.faults = ["garbled"] * times
    assert module.issue(meter(), CREDIT).token == CREDIT
    assert port.emulator.requests.count("SM?VC") == 1 + times


def test_a_line_that_garbles_everything_is_unavailable(module: SerialSecurityModule, port: EmulatedNetworkPort) -> None:
    port.emulator.faults = ["garbled"] * 3
    with pytest.raises(SecurityModuleUnavailable, match="garbles"):
        module.issue(meter(), CREDIT)
    assert module.issue(meter(), CREDIT).token == CREDIT


def test_a_lost_answer_is_unavailable_and_the_next_call_works(
    module: SerialSecurityModule, port: EmulatedNetworkPort
) -> None:
    port.emulator.faults = ["lost"]
    with pytest.raises(SecurityModuleUnavailable, match="no line in time"):
        module.issue(meter(), CREDIT)
    assert module.issue(meter(), CREDIT).token == CREDIT


def test_a_late_answer_is_never_taken_for_the_next_one(module: SerialSecurityModule, port: EmulatedNetworkPort) -> None:
    """The next customer would be given this customer's token."""
    expected = module.issue(meter(), OTHER).digits
    port.emulator.faults = ["late"]
    with pytest.raises(SecurityModuleUnavailable):
        module.issue(meter(), CREDIT)
    assert module.issue(meter(), OTHER).digits == expected


def test_an_answer_to_something_else_is_refused(module: SerialSecurityModule, port: EmulatedNetworkPort) -> None:
    port.emulator.faults = ["other"]
    with pytest.raises(SecurityModuleError, match="something else"):
        module.issue(meter(), CREDIT)


def test_a_cut_connection_is_made_anew(module: SerialSecurityModule, port: EmulatedNetworkPort) -> None:
    module.issue(meter(), CREDIT)
    port.unplug()
    with pytest.raises(SecurityModuleUnavailable):
        module.issue(meter(), CREDIT)
    assert module.issue(meter(), CREDIT).token == CREDIT


def test_the_modules_status_becomes_our_error(module: SerialSecurityModule) -> None:
    for _ in range(20):
        module.issue(meter(), CREDIT)
    with pytest.raises(TransactionsExhausted, match="43 vending limit exceeded"):
        module.issue(meter(), CREDIT)


def test_a_register_that_the_module_lacks_is_named(port: EmulatedNetworkPort) -> None:
    module = SerialSecurityModule(port.url, {17: PRESENT}, timeout_s=0.3)
    with pytest.raises(VendingKeyNotFound, match="28 vending key register not found"):
        module.issue(meter(), CREDIT)
    module.close()


def test_money_has_no_public_form(module: SerialSecurityModule, port: EmulatedNetworkPort) -> None:
    with pytest.raises(SecurityModuleError, match="not public"):
        module.issue(meter(), CurrencyCreditToken(Service.ELECTRICITY, minute(), 1))
    assert port.emulator.requests == []


def test_digits_that_are_no_token_are_refused_without_the_module(module: SerialSecurityModule) -> None:
    with pytest.raises(TokenError):
        module.verify(meter(), "12")


def test_a_device_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    for url in (str(tmp_path / "ttyS99"), "socket://127.0.0.1:1", "nonsense://x"):
        module = SerialSecurityModule(url, NUMBERED, timeout_s=0.3)
        with pytest.raises(SecurityModuleUnavailable, match="cannot be opened"):
            module.issue(meter(), CREDIT)
        assert not module.status().reachable


TOKENS = {
    "hex and decimal differ": [printable("0" * 17), printable("1" * 20)],
    "one digit less": [printable(f"{int('1' * 19):017X}"), printable("1" * 19)],
    "two tokens": [printable(f"{int('1' * 20):017X}" * 2), printable("1" * 40)],
    "letters": [printable("x" * 17), printable("x" * 20)],
    "one field": [printable("1" * 20)],
    "none": [],
}


@pytest.mark.parametrize("answer", TOKENS)
def test_tokens_that_are_not_what_they_should_be_are_refused(answer: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        module = SerialSecurityModule(f"socket://127.0.0.1:{listener.getsockname()[1]}", NUMBERED, timeout_s=1)

        def serve() -> None:
            connection, _ = listener.accept()
            for header, fields in (("SM?DI", []), ("SM?VC", TOKENS[answer])):
                connection.recv(4096)
                connection.sendall(encode_answer(header, "00", fields))

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(SecurityModuleError, match="an answer"):
            module.issue(meter(), CREDIT)
        thread.join()
        module.close()


def test_rubbish_without_end_is_unavailable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        module = SerialSecurityModule(f"socket://127.0.0.1:{listener.getsockname()[1]}", NUMBERED, timeout_s=0.5)

        def serve() -> None:
            connection, _ = listener.accept()
            try:
                for _ in range(10_000):
                    connection.sendall(b"N" * 1_000)
            except OSError:
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        begun = time.monotonic()
        with pytest.raises(SecurityModuleUnavailable, match="no line in time"):
            module.issue(meter(), CREDIT)
        assert time.monotonic() - begun < 5
        module.close()
        thread.join()
