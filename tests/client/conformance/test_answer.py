"""What a server answered, in words, and whether it served or refused."""

from __future__ import annotations

import pytest

from ferraris.client.conformance.answer import Answer


@pytest.mark.parametrize(
    ("octets", "data", "refusal", "words"),
    [
        ("c401c1001105", True, False, "GetResponseNormal with 2 octets of data"),
        ("c401c10104", False, True, "GetResponseNormal object-undefined"),
        ("c402c10100000001000109", True, False, "GetResponseWithBlock with 1 octets of data"),
        ("c403c102001105010b", True, False, "GetResponseWithList (data, object-unavailable)"),
        ("c501c100", True, False, "SetResponseNormal success"),
        ("c501c103", False, True, "SetResponseNormal read-write-denied"),
        ("c701c10000", True, False, "ActionResponseNormal success"),
        ("d80101", False, True, "exception-response (service-not-allowed, operation-not-possible)"),
        ("0e010603", False, True, "confirmed-service-error (initiate 3)"),
        ("ff00", False, False, "octets that are no APDU: ff00"),
        ("c0", False, False, "octets that are no APDU: c0"),
    ],
)
def test_answers(octets: str, data: bool, refusal: bool, words: str) -> None:
    answer = Answer(bytes.fromhex(octets))
    assert (answer.gives_data, answer.refuses, str(answer)) == (data, refusal, words)


def test_silence_and_the_end_of_the_link() -> None:
    for answer, words in ((Answer.silence(), "no answer"), (Answer.closed(), "the link was closed")):
        assert (answer.gives_data, answer.refuses, str(answer)) == (False, False, words)


def test_what_does_not_open_is_no_data() -> None:
    answer = Answer(bytes.fromhex("c401c1001105"), fault="a tag does not verify")
    assert answer.apdu is None
    assert not answer.gives_data
    assert "does not open" in str(answer)


@pytest.mark.parametrize(("tag", "ciphered"), [(0xCC, True), (0xD4, True), (0xDB, True), (0xDD, True), (0xC4, False)])
def test_ciphered_answers_are_told_by_their_tags(tag: int, ciphered: bool) -> None:
    assert Answer(bytes((tag, 0))).is_ciphered is ciphered
    assert not Answer(b"").is_ciphered
