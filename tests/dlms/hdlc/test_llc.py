"""The LLC header of DLMS."""

from __future__ import annotations

import pytest

from ferraris.dlms.hdlc.llc import LLC_COMMAND, LLC_RESPONSE, without_llc
from ferraris.kernel.errors import DecodeError


def test_the_apdu_stands_behind_the_header() -> None:
    assert without_llc(LLC_COMMAND + b"\x60\x01", LLC_COMMAND) == b"\x60\x01"
    assert without_llc(LLC_RESPONSE, LLC_RESPONSE) == b""


def test_the_quality_is_not_looked_at() -> None:
    assert without_llc(b"\xe6\xe7\x55\x61", LLC_RESPONSE) == b"\x61"


@pytest.mark.parametrize("message", [b"", b"\xe6\xe7", b"\xe6\xe6\x00\x61", b"\x61\x29\xa1"])
def test_another_header_is_refused(message: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        without_llc(message, LLC_RESPONSE)
    assert caught.value.expected == "e6e700"
