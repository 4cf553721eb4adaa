"""A server that lets in whom it should not, or does not say why it lets nobody in, is found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferraris.client.conformance import Outcome
from ferraris.dlms import ciphering
from ferraris.meter.fleet import Fleet
from tests.client.conformance import faulty
from tests.client.conformance.faulty import check_with, on_apdus
from tests.meter.clients import management, reading

FAULTS: list[tuple[str, Callable[[bytes], bytes]]] = [
    *(
        (name, on_apdus(faulty.accepts_everybody))
        for name in (
            "context-of-short-names",
            "context-unknown",
            "mechanism-missing",
            "mechanism-unknown",
            "secret-wrong",
            "pdu-size-too-short",
            "dlms-version-too-low",
            "client-unknown",
        )
    ),
    *(
        (name, on_apdus(faulty.rejects_without_reason))
        for name in ("context-unknown", "secret-wrong", "pdu-size-too-short", "dlms-version-too-low")
    ),
    *(
        (name, on_apdus(faulty.gives_data_for_everything))
        for name in ("request-without-association", "request-after-release")
    ),
    ("association-opens", on_apdus(faulty.refuses_everything)),
    *(
        (name, on_apdus(lambda apdu: b"\xd8\x01\x01"))
        for name in ("aarq-truncated", "aarq-with-lying-length", "pdu-size-zero")
    ),
    ("conformance-of-nothing", on_apdus(lambda apdu: faulty.accepts_everybody(faulty.gives_data_for_everything(apdu)))),
]
CIPHERED_FAULTS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("context-without-ciphering", on_apdus(faulty.accepts_everybody)),
    ("context-of-short-names", on_apdus(faulty.accepts_everybody)),
    ("hls-challenge-is-fresh", on_apdus(faulty.same_challenge)),
    ("hls-answer-wrong", on_apdus(faulty.gives_data_in_the_clear)),
    ("hls-pending-serves-nothing", on_apdus(faulty.gives_data_in_the_clear)),
]


@pytest.mark.parametrize(
    ("name", "change"), FAULTS, ids=[f"{number} {name}" for number, (name, _) in enumerate(FAULTS)]
)
def test_a_fault_is_found(fleet: Fleet, name: str, change: Callable[[bytes], bytes]) -> None:
    result = check_with(fleet, reading(), name, change)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)
    assert result.got


@pytest.mark.parametrize(
    ("name", "change"), CIPHERED_FAULTS, ids=[f"{number} {name}" for number, (name, _) in enumerate(CIPHERED_FAULTS)]
)
def test_a_fault_of_a_ciphered_association_is_found(fleet: Fleet, name: str, change: Callable[[bytes], bytes]) -> None:
    result = check_with(fleet, management(), name, change)
    assert result.outcome is Outcome.FAILED, (result.outcome, result.got)


def test_a_server_that_believes_every_answer_to_its_challenge_is_found(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer has the right form and a fresh counter; its tag is made up, and the server does not look."""
    monkeypatch.setattr(ciphering, "compare_digest", lambda one, other: True)
    result = check_with(fleet, management(), "hls-answer-wrong", lambda wpdu: wpdu)
    assert result.outcome is Outcome.FAILED, result.got


@pytest.mark.parametrize("name", ["hls-answer-wrong", "hls-challenge-is-fresh", "hls-pending-serves-nothing"])
def test_hls_is_not_asked_of_a_client_without_it(fleet: Fleet, name: str) -> None:
    assert check_with(fleet, reading(), name, lambda wpdu: wpdu).outcome is Outcome.NOT_APPLICABLE


def test_a_server_that_grants_what_was_not_proposed_is_found(fleet: Fleet) -> None:
    name = "conformance-is-a-part-of-the-proposal"
    granted = check_with(fleet, reading(), name, on_apdus(faulty.grants_everything))
    assert granted.outcome is Outcome.FAILED
    assert "set" in granted.got
