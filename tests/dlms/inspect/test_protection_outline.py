"""Whatever protects an APDU is told field by field, in the order in which the decoder reads it."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import AgreedKey, GeneralCiphering, GeneralSigning, IdentifiedKey, KeyInfo, WrappedKey
from ferraris.dlms.inspect.apdu_outline import apdu_fields
from tests.dlms.inspect.test_octet_map import assert_gapless

PROTECTED = bytes.fromhex("31000000010102030405060708090a0b0c0d")
HEADER = b"\x00\x01", b"FERHES01", b"FERMETER", b"", b""


@pytest.mark.parametrize(
    ("key_info", "said"),
    [
        (None, {"key-info present": "no"}),
        (IdentifiedKey(1), {"key-info choice": "identified-key", "key-id": "global broadcast encryption key"}),
        (WrappedKey(0, bytes(24)), {"key-info choice": "wrapped-key", "kek-id": "master key"}),
        (AgreedKey(b"\x01", bytes(128)), {"key-info choice": "agreed-key", "key-parameters": "C(1e, 1s)"}),
        (AgreedKey(b"\x02", b""), {"key-parameters": "C(0e, 2s)"}),
    ],
)
def test_general_ciphering(key_info: KeyInfo | None, said: dict[str, str]) -> None:
    octets = GeneralCiphering(*HEADER, key_info, PROTECTED).encode()
    fields = apdu_fields(octets)
    assert_gapless(fields, octets)
    meanings = {field.name: field.value for field in fields}
    assert said.items() <= meanings.items()
    assert meanings["security-control"] == "suite 1, authenticated and encrypted"
    assert [field.octets for field in fields if field.name == "originator-system-title"] == [b"FERHES01"]


def test_general_signing() -> None:
    octets = GeneralSigning(*HEADER, b"\xc0\x01", bytes(64)).encode()
    fields = apdu_fields(octets)
    assert_gapless(fields, octets)
    assert [field.name for field in fields][-4:] == ["content length", "content", "signature length", "signature"]


@pytest.mark.parametrize("cut", range(1, 40))
def test_cut_short(cut: int) -> None:
    octets = GeneralCiphering(*HEADER, AgreedKey(b"\x01", bytes(8)), PROTECTED).encode()[:cut]
    assert_gapless(apdu_fields(octets), octets)
