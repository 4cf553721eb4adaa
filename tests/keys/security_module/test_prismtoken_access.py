"""Signing in to a PrismToken service: credentials that expire, and names that close under wrong secrets."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import SecurityError
from ferraris.kernel.limits import PRISMTOKEN_CREDENTIALS_MAX
from ferraris.keys.security_module import ModuleStatus, PrismTokenAccess, SecurityModuleError, one_user
from ferraris.keys.security_module.prismtoken_access import (
    CREDENTIAL_LIFETIME_MS,
    FAILURES_FREE,
    FIRST_PAUSE_MS,
    PAUSE_MS_MAX,
)
from tests.keys.security_module.benches import StandingClock


class Idle:
    """A module that is opened and closed, and does nothing else."""

    closed = 0

    def close(self) -> None:
        self.closed += 1

    def status(self) -> ModuleStatus:
        return ModuleStatus("idle", "idle", True, None, ())


MODULE = Idle()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def access(clock: StandingClock) -> PrismTokenAccess:
    return PrismTokenAccess(one_user(MODULE, "till", "a secret"), clock, SeededEntropy(1))  # type: ignore[arg-type]


def refused(access: PrismTokenAccess, realm: str = "local", who: str = "till", secret: str = "wrong") -> str:
    with pytest.raises(SecurityModuleError) as error:
        access.sign_in(realm, who, secret)
    return str(error.value.result)


def test_whoever_signed_in_is_known_by_the_credential(access: PrismTokenAccess) -> None:
    client = access.client(access.sign_in("local", "till", "a secret"))
    assert (client.who, client.module) == ("till", MODULE)


def test_credentials_differ_and_both_hold(access: PrismTokenAccess) -> None:
    one, other = (access.sign_in("local", "till", "a secret") for _ in range(2))
    assert one != other
    assert access.client(one).module is access.client(other).module


def test_a_credential_expires(access: PrismTokenAccess, clock: StandingClock) -> None:
    credential = access.sign_in("local", "till", "a secret")
    clock.at_ms += CREDENTIAL_LIFETIME_MS - 1
    access.client(credential)
    clock.at_ms += 1
    with pytest.raises(SecurityModuleError) as error:
        access.client(credential)
    assert error.value.result == "EAuthentication.Token"


@pytest.mark.parametrize("credential", ["", "x", "0" * 48])
def test_a_made_up_credential_is_refused(access: PrismTokenAccess, credential: str) -> None:
    with pytest.raises(SecurityModuleError, match="not, or no longer, valid"):
        access.client(credential)


def test_realm_name_and_secret_must_be_right(access: PrismTokenAccess) -> None:
    assert refused(access, realm="elsewhere") == "ESignin.Realm"
    assert refused(access, who="nobody") == "ESignin.Authentication"
    assert refused(access) == "ESignin.Authentication"


def test_guessing_closes_the_name_for_longer_and_longer(access: PrismTokenAccess, clock: StandingClock) -> None:
    for _ in range(FAILURES_FREE):
        refused(access)
    assert refused(access, secret="a secret") == "ESignin.Authentication"
    clock.at_ms += FIRST_PAUSE_MS
    refused(access)
    clock.at_ms += FIRST_PAUSE_MS
    assert refused(access, secret="a secret") == "ESignin.Authentication"
    clock.at_ms += FIRST_PAUSE_MS
    assert access.sign_in("local", "till", "a secret")
    refused(access)
    assert access.sign_in("local", "till", "a secret"), "a right secret begins the count again"


def test_others_sign_in_while_a_name_is_closed() -> None:
    def sign_in(who: str, secret: str) -> Idle:
        if secret != who * 3:
            raise SecurityError("wrong")
        return MODULE

    access = PrismTokenAccess(sign_in, StandingClock(), SeededEntropy(1))  # type: ignore[arg-type]
    for _ in range(FAILURES_FREE + 1):
        refused(access, who="a")
    assert access.sign_in("local", "b", "bbb")


def test_clients_and_names_take_no_memory_without_end(access: PrismTokenAccess) -> None:
    first = access.sign_in("local", "till", "a secret")
    for _ in range(PRISMTOKEN_CREDENTIALS_MAX):
        last = access.sign_in("local", "till", "a secret")
    for number in range(3_000):
        refused(access, who=str(number))
    assert len(access._failures) <= 1_024
    access.client(last)
    with pytest.raises(SecurityModuleError):
        access.client(first)


def test_closing_signs_everybody_out(access: PrismTokenAccess) -> None:
    credential = access.sign_in("local", "till", "a secret")
    before = MODULE.closed
    access.close()
    assert MODULE.closed == before + 1
    with pytest.raises(SecurityModuleError):
        access.client(credential)


def test_a_second_module_of_the_same_secret_is_closed_at_once() -> None:
    made: list[Idle] = []

    def sign_in(_: str, __: str) -> Idle:
        made.append(Idle())
        return made[-1]

    access = PrismTokenAccess(sign_in, StandingClock(), SeededEntropy(1))  # type: ignore[arg-type]
    access.sign_in("local", "till", "a secret")
    access.sign_in("local", "till", "a secret")
    assert [module.closed for module in made] == [0, 1]


class SigningIn(RuleBasedStateMachine):
    """Right and wrong secrets and a clock that goes on, beside a model: who is in, and which name is closed until when."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = StandingClock()
        self.access = PrismTokenAccess(one_user(Idle(), "till", "a secret"), self.clock, SeededEntropy(2))  # type: ignore[arg-type]
        self.credentials: dict[str, int] = {}
        self.failures, self.closed_until_ms = 0, 0

    @property
    def closed(self) -> bool:
        return self.failures >= FAILURES_FREE and self.clock.at_ms < self.closed_until_ms

    @rule()
    def right(self) -> None:
        if self.closed:
            assert refused(self.access, secret="a secret") == "ESignin.Authentication"
            return
        credential = self.access.sign_in("local", "till", "a secret")
        assert credential not in self.credentials
        self.credentials[credential] = self.clock.at_ms + CREDENTIAL_LIFETIME_MS
        self.failures = 0

    @rule(times=st.integers(1, 8))
    def wrong(self, times: int) -> None:
        for _ in range(times):
            counted = not self.closed
            assert refused(self.access) == "ESignin.Authentication"
            if counted:
                self.failures += 1
                pause_ms = FIRST_PAUSE_MS * 2 ** max(0, self.failures - FAILURES_FREE)
                self.closed_until_ms = self.clock.at_ms + min(pause_ms, PAUSE_MS_MAX)

    @rule(later_ms=st.sampled_from([1, FIRST_PAUSE_MS - 1, FIRST_PAUSE_MS, PAUSE_MS_MAX, CREDENTIAL_LIFETIME_MS]))
    def time_goes_by(self, later_ms: int) -> None:
        self.clock.at_ms += later_ms

    @invariant()
    def credentials_hold_until_their_end(self) -> None:
        for credential, until_ms in self.credentials.items():
            if self.clock.at_ms < until_ms:
                assert self.access.client(credential).until_ms == until_ms
            else:
                with pytest.raises(SecurityModuleError, match="no longer"):
                    self.access.client(credential)


SigningIn.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestSigningIn = SigningIn.TestCase
