"""Firmware images: built and opened, and refused when one octet is another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import AuthenticationError, DecodeError, LocalProtocolError
from ferraris.meter.firmware import MAGIC, Firmware, build_image, manufacturer_key, open_image, signing_key

VERSIONS = st.text(min_size=1, max_size=8)


@given(VERSIONS, st.binary(max_size=200))
def test_what_was_built_is_opened(version: str, payload: bytes) -> None:
    image = build_image(Firmware(version, payload), signing_key(1))
    assert open_image(image, manufacturer_key(1)) == Firmware(version, payload)


@given(st.data())
def test_an_octet_changed_is_refused(data: st.DataObject) -> None:
    image = bytearray(build_image(Firmware("2.0", b"new"), signing_key(1)))
    place = data.draw(st.integers(0, len(image) - 1))
    image[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((AuthenticationError, DecodeError)):
        open_image(bytes(image), manufacturer_key(1))


def test_another_manufacturer_is_refused() -> None:
    image = build_image(Firmware("2.0", b"new"), signing_key(2))
    with pytest.raises(AuthenticationError, match="manufacturer"):
        open_image(image, manufacturer_key(1))


@pytest.mark.parametrize("image", [b"", MAGIC, b"\x7fELF" + bytes(200)])
def test_what_is_no_image_is_refused(image: bytes) -> None:
    with pytest.raises(DecodeError, match="no firmware image"):
        open_image(image, manufacturer_key(1))


@pytest.mark.parametrize("version", ["", "v" * 33])
def test_a_version_of_a_wrong_size_is_not_built(version: str) -> None:
    with pytest.raises(LocalProtocolError):
        build_image(Firmware(version, b""), signing_key(1))
