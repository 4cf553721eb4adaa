"""Keys for an inspection: named, hexadecimal, never shown."""

from __future__ import annotations

import pytest

from ferraris.dlms.inspect.keys import InspectionKeys, octets_of
from ferraris.kernel.errors import LocalProtocolError

EK = "000102030405060708090a0b0c0d0e0f"


def test_keys_by_their_short_names() -> None:
    keys = InspectionKeys.of(
        {"ek": EK, "ak": "AA" * 16, "system_title": "4d4d4d00 00bc614e", "dedicated": "", "other": 5}
    )
    assert keys.encryption_key == bytes(range(16))
    assert keys.authentication_key == b"\xaa" * 16
    assert keys.system_title == bytes.fromhex("4d4d4d0000bc614e")
    assert keys.dedicated_key == b""


def test_no_keys_at_all() -> None:
    assert InspectionKeys.of({}) == InspectionKeys()


@pytest.mark.parametrize("text", ["0", "0g", "zz" * 16, 5, None, ["00"], b"00"])
def test_what_is_not_hexadecimal_is_refused_without_being_repeated(text: object) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        octets_of("ek", text)
    assert "ek" in str(caught.value)
    assert caught.value.got is None


def test_keys_are_never_shown() -> None:
    assert repr(InspectionKeys.of({"ek": EK})) == "InspectionKeys(hidden)"
