"""The PrismToken driver: answers that are lost, credentials that run out, services that answer something else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ferraris.keys.security_module import (
    Keystore,
    PrismTokenModule,
    SecurityModuleError,
    SecurityModuleUnavailable,
    SoftwareSecurityModule,
)
from ferraris.keys.security_module.prismtoken_module import HiddenText
from ferraris.keys.security_module.thrift_messages import decode_call, encode_reply, frame, interface
from ferraris.sts import CreditToken, CurrencyCreditToken, Service
from tests.keys.security_module.benches import (
    OFFICER,
    OLD,
    PRESENT,
    RANDOM,
    SECRETS,
    TILL,
    meter,
    minute,
    prismtoken_server,
    software_module,
)

CREDIT = CreditToken(Service.ELECTRICITY, minute(), RANDOM, 256)


class Relay:
    """Stands between driver and service; `lose` names methods whose next answer it swallows, cutting the connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.lose: list[str] = []
        self.seen: list[str] = []
        self.change: Callable[[str, Any], bytes | None] = lambda method, call: None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(connection,), daemon=True).start()

    def _relay(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._port)) as far:
            while header := near.recv(4, socket.MSG_WAITALL):
                message = near.recv(int.from_bytes(header, "big"), socket.MSG_WAITALL)
                method, sequence, call = decode_call(message)
                self.seen.append(method)
                if (instead := self.change(method, call)) is not None:
                    near.sendall(frame(instead.replace(b"\x00\x00\x30\x39", sequence.to_bytes(4, "big"), 1)))
                    continue
                far.sendall(header + message)
                size = far.recv(4, socket.MSG_WAITALL)
                answer = far.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
                if method in self.lose:
                    self.lose.remove(method)
                    return
                near.sendall(size + answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def held(tmp_path: Path) -> SoftwareSecurityModule:
    return software_module(tmp_path / "keystore", transactions=100)


@pytest.fixture
def relay(held: SoftwareSecurityModule, tmp_path: Path) -> Iterator[Relay]:
    with prismtoken_server(held, tmp_path / "memory") as server:
        relay = Relay(server.port)
        yield relay
        relay.close()


def till(relay: Relay, **options: Any) -> PrismTokenModule:
    return PrismTokenModule("127.0.0.1", relay.port, TILL, SECRETS[TILL], timeout_s=5, **options)


@pytest.mark.parametrize("external_clock", [False, True])
def test_an_answer_that_was_lost_is_fetched_and_not_issued_again(
    relay: Relay, held: SoftwareSecurityModule, external_clock: bool
) -> None:
    relay.lose = ["issueCreditToken"]
    module = till(relay, external_clock=external_clock)
    issued = module.issue(meter(), CREDIT)
    assert relay.seen.count("issueCreditToken") == 1
    assert relay.seen.count("fetchTokenResult") == 2
    assert held.status().transactions_left == 99
    assert issued.digits == held.issue(meter(), CREDIT).digits


def test_a_till_that_crashed_gets_the_same_token(relay: Relay, held: SoftwareSecurityModule) -> None:
    """With the service's own choice of the minute, a second issue would be a second token."""
    first = till(relay, external_clock=True).issue(meter(), CREDIT)
    again = till(relay, external_clock=True).issue(meter(), CREDIT)
    assert again == first
    assert held.status().transactions_left == 99


def test_a_lost_key_change_is_fetched_too(relay: Relay, held: SoftwareSecurityModule) -> None:
    relay.lose = ["issueKeyChangeTokens"]
    assert len(till(relay).issue_key_change(meter(OLD), meter(PRESENT))) == 2
    assert relay.seen.count("issueKeyChangeTokens") == 1
    assert held.status().transactions_left == 99


def test_answers_lost_again_and_again_are_unavailable_and_the_next_call_finds_the_token(relay: Relay) -> None:
    relay.lose = ["issueCreditToken", "fetchTokenResult", "fetchTokenResult", "fetchTokenResult"]
    module = till(relay)
    with pytest.raises(SecurityModuleUnavailable, match="does not answer"):
        module.issue(meter(), CREDIT)
    relay.lose = []
    assert module.issue(meter(), CREDIT).token == CREDIT


def test_two_requests_are_two_tokens(relay: Relay) -> None:
    module = till(relay)
    other = CreditToken(Service.ELECTRICITY, minute() + 2, RANDOM, 256)
    assert module.issue(meter(), CREDIT).digits != module.issue(meter(), other).digits


def test_with_the_services_clock_the_token_says_which_minute_it_got(relay: Relay) -> None:
    module = till(relay, external_clock=True)
    module.issue(meter(), CREDIT)
    other = CreditToken(Service.ELECTRICITY, minute(), RANDOM, 300)
    assert module.issue(meter(), other).token == CreditToken(Service.ELECTRICITY, minute() + 1, RANDOM, 300)


def test_a_credential_that_ran_out_is_renewed(relay: Relay) -> None:
    module = till(relay)
    module.status()
    module._credential = HiddenText("run out")
    assert module.issue(meter(), CREDIT).token == CREDIT
    assert relay.seen.count("signInWithPassword") == 2


def test_a_wrong_secret_is_no_missing_service(relay: Relay) -> None:
    module = PrismTokenModule("127.0.0.1", relay.port, TILL, "wrong", timeout_s=5)
    with pytest.raises(SecurityModuleError) as refused:
        module.issue(meter(), CREDIT)
    assert refused.value.result == "ESignin.Authentication"
    assert not isinstance(refused.value, SecurityModuleUnavailable)


def test_a_service_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    module = PrismTokenModule("127.0.0.1", port, TILL, "secret", timeout_s=1)
    with pytest.raises(SecurityModuleUnavailable):
        module.registers()
    assert not module.status().reachable


def test_a_service_that_is_silent_is_unavailable_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        module = PrismTokenModule("127.0.0.1", silent.getsockname()[1], TILL, "secret", timeout_s=0.2)
        with pytest.raises(SecurityModuleUnavailable, match="does not answer"):
            module.registers()


SEQUENCE = 12_345


def wire(**changes: Any) -> Any:
    fields = {
        "drn": meter().meter_pan.decoder_reference_number, "pan": meter().meter_pan.digits, "ea": 7, "tct": 2,
        "sgc": 123_456, "krn": 2, "ti": 7, "tokenClass": 0, "subclass": 0, "tid": minute(), "transferAmount": 256.0,
        "isReservedTid": False, "description": "", "stsUnitName": "", "scaledAmount": "", "scaledUnitName": "",
        "tokenDec": "1" * 20, "tokenHex": "0" * 17, "idSm": "", "vkKcv": "000000",
    }  # fmt: skip
    return interface().Token(**(fields | changes))


WRONG: dict[str, Any] = {
    "another meter": [wire(pan="600727000000000017")],
    "another supply group": [wire(sgc=1)],
    "another key revision": [wire(krn=1)],
    "another tariff index": [wire(ti=8)],
    "another class": [wire(tokenClass=2)],
    "another subclass": [wire(subclass=1)],
    "another minute": [wire(tid=minute() + 1)],
    "nineteen digits": [wire(tokenDec="1" * 19)],
    "digits of another script": [wire(tokenDec="١" * 20)],
    "half a unit": [wire(transferAmount=0.5)],
    "no number": [wire(transferAmount=float("nan"))],
    "a key change that nobody asked for": [wire(), wire()],
    "no token": [],
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_answer_to_something_else_is_refused(relay: Relay, wrong: str) -> None:
    def change(method: str, call: Any) -> bytes | None:
        if method != "fetchTokenResult":
            return None
        return encode_reply(method, SEQUENCE, success=WRONG[wrong])

    relay.change = change
    with pytest.raises(SecurityModuleError) as refused:
        till(relay).issue(meter(), CREDIT)
    assert not isinstance(refused.value, SecurityModuleUnavailable)


def test_a_verification_in_words_of_its_own_is_refused(relay: Relay) -> None:
    relay.change = lambda method, call: (
        encode_reply(method, SEQUENCE, success=interface().VerifyResult(validationResult="EVerify.Perhaps"))
        if method == "verifyToken"
        else None
    )
    with pytest.raises(SecurityModuleError, match=r"EVerify\.Perhaps"):
        till(relay).verify(meter(), "1" * 20)


def test_registers_in_another_form_are_passed_over(relay: Relay) -> None:
    node = interface().NodeStatus(info={"register.1": "in words of its own", "register.2": "1 2 3"}, alerts=[])
    relay.change = lambda method, call: (
        encode_reply(method, SEQUENCE, success=[node]) if method == "getStatus" else None
    )
    module = till(relay)
    assert module.registers() == ()
    assert module.status().transactions_left is None


def test_money_that_a_floating_number_cannot_hold_is_refused_before_it_is_sent(relay: Relay) -> None:
    huge = CurrencyCreditToken(Service.ELECTRICITY, minute(), 123_456_789_012_345_678)
    with pytest.raises(SecurityModuleError, match="exactly"):
        till(relay).issue(meter(), huge)
    assert relay.seen == []


def test_a_licence_is_handed_on(relay: Relay, held: SoftwareSecurityModule, tmp_path: Path) -> None:
    text = Keystore.open(tmp_path / "keystore", OFFICER, SECRETS[OFFICER]).write_licence(50)
    till(relay).load_licence(text)
    assert held.status().transactions_left == 150


def test_threads_share_one_connection(relay: Relay) -> None:
    module, found = till(relay), []

    def sell(number: int) -> None:
        token = CreditToken(Service.ELECTRICITY, minute() + 10 + number, RANDOM, number)
        found.append(module.issue(meter(), token).token == token)

    threads = [threading.Thread(target=sell, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8
