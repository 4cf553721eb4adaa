"""A ciphered association that serves what it must not, or nothing at all, is found out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.client.conformance import Outcome, chosen
from ferraris.dlms import AssociationSettings, ciphering
from ferraris.dlms.apdu import ExceptionResponse
from ferraris.kernel.errors import LinkClosedError
from ferraris.link import Link
from ferraris.meter.fleet import Fleet
from tests.client.conformance.bottle import Tampering, check_meter, with_settings
from tests.client.conformance.faulty import (
    accepts_everybody,
    check_spoilt,
    check_with,
    decoded,
    gives_data_in_the_clear,
    on_apdus,
)
from tests.meter.clients import NoGuard, management, reading


@pytest.mark.parametrize(
    "name", ["answers-are-ciphered", "damage-does-not-end-the-association", "request-replayed", "counter-of-yesterday"]
)
def test_an_association_that_serves_nothing_fails(fleet: Fleet, name: str) -> None:
    result = check_with(fleet, management(), name, on_apdus(lambda apdu: apdu[:-1] + bytes((apdu[-1] ^ 1,))))
    assert result.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "name",
    [
        "request-in-the-clear",
        "tag-wrong",
        "ciphertext-flipped",
        "request-replayed",
        "counter-of-yesterday",
        "system-title-of-another",
        "service-under-anothers-tag",
        "ciphered-too-short",
    ],
)
def test_a_server_that_serves_what_is_not_protected_is_found(fleet: Fleet, name: str) -> None:
    result = check_with(fleet, management(), name, on_apdus(gives_data_in_the_clear))
    assert result.outcome is Outcome.FAILED


def test_security_is_not_asked_of_a_plain_association(fleet: Fleet) -> None:
    results = check_meter(fleet, reading(), chosen(["security"]))
    assert {result.outcome for result in results} == {Outcome.NOT_APPLICABLE}


# Meters that are faulty themselves


class ForgottenCounter:
    """A sending counter that begins anew with every link."""

    last_taken = 0

    def take(self) -> int:
        self.last_taken += 1
        return self.last_taken

    def raise_to(self, minimum: int) -> None:
        """Nothing is kept."""

    def around(self, link: Link) -> Link:
        self.last_taken = 0
        return link


def without_guard(settings: AssociationSettings) -> AssociationSettings:
    security = settings.security
    return settings if security is None else replace(settings, security=replace(security, guard=NoGuard()))


@pytest.mark.parametrize("name", ["request-replayed", "counter-of-yesterday"])
def test_a_meter_that_remembers_no_counter_is_found(fleet: Fleet, name: str) -> None:
    result = check_spoilt(fleet, management(), name, with_settings(without_guard))
    assert result.outcome is Outcome.FAILED, result.got


def test_a_meter_that_begins_to_count_anew_is_found(fleet: Fleet) -> None:
    counter = ForgottenCounter()

    def forgetful(settings: AssociationSettings) -> AssociationSettings:
        assert settings.security is not None
        return replace(settings, security=replace(settings.security, counters=counter))

    [result] = check_meter(
        fleet,
        management(),
        chosen(["own-counter-rises"]),
        spoil=with_settings(forgetful),
        around=counter.around,
    )
    assert result.outcome is Outcome.FAILED
    assert result.expected == "counters that rise"
    assert result.got.startswith("1, "), result.got


@pytest.mark.parametrize("name", ["tag-wrong", "ciphertext-flipped", "authentication-key-wrong"])
def test_a_meter_that_looks_at_no_tag_is_found(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(ciphering, "compare_digest", lambda one, other: True)
    result = check_spoilt(fleet, management(), name, lambda meter: None)
    assert result.outcome is Outcome.FAILED, result.got


@pytest.mark.parametrize("name", ["encryption-key-wrong", "authentication-key-wrong"])
def test_a_server_that_lets_in_whoever_has_another_key_is_found(fleet: Fleet, name: str) -> None:
    result = check_with(fleet, management(), name, on_apdus(accepts_everybody))
    assert result.outcome is Outcome.FAILED, result.got


@pytest.mark.parametrize("named", [None, 0])
def test_a_server_that_names_no_counter_or_an_old_one_is_found(fleet: Fleet, named: int | None) -> None:
    def change(apdu: bytes) -> bytes:
        refusal = decoded(apdu)
        if not isinstance(refusal, ExceptionResponse):
            return apdu
        if named is not None:
            return replace(refusal, invocation_counter=named).encode()
        return apdu[:3]

    result = check_with(fleet, management(), "counter-refused-in-words", on_apdus(change))
    expected = Outcome.NOT_APPLICABLE if named is None else Outcome.FAILED
    assert result.outcome is expected, result.got


class EndsAtAnError(Tampering):
    """A server that closes the link where it should only refuse."""

    async def send(self, octets: bytes) -> None:
        if octets[8:9] == b"\xd8":
            await self._link.aclose()
            raise LinkClosedError("closed at an error")
        await self._link.send(octets)


def test_a_server_that_anybody_can_make_hang_up_is_found(fleet: Fleet) -> None:
    [result] = check_meter(
        fleet,
        management(),
        chosen(["damage-does-not-end-the-association"]),
        around=lambda link: EndsAtAnError(link, bytes),
    )
    assert result.outcome is Outcome.FAILED
    assert "anybody" in result.expected
