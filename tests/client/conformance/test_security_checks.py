"""A ciphered association that serves what it must not, or nothing at all, is found out."""

from __future__ import annotations

import pytest

from ferraris.client.conformance import Outcome, chosen
from ferraris.meter.fleet import Fleet
from tests.client.conformance.bottle import check_meter
from tests.client.conformance.faulty import check_with, gives_data_in_the_clear, on_apdus
from tests.meter.clients import management, reading


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
