"""Custody in software: what was sealed for a register opens for that register, and for nothing else."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import SecurityError
from ferraris.keys.security_module.custody import KEY_OCTETS, SoftwareCustody

CUSTODY = SoftwareCustody(bytes(range(KEY_OCTETS)))


@given(key=st.binary(max_size=40), register=st.binary(max_size=100))
def test_what_was_sealed_opens(key: bytes, register: bytes) -> None:
    sealed = CUSTODY.seal(key, register)
    assert CUSTODY.open(sealed, register) == key
    assert sealed != CUSTODY.seal(key, register)


@given(register=st.binary(max_size=30), other=st.binary(max_size=30))
def test_it_does_not_open_for_another_register(register: bytes, other: bytes) -> None:
    if register != other:
        with pytest.raises(SecurityError, match="another register"):
            CUSTODY.open(CUSTODY.seal(b"key", register), other)


@given(place=st.integers(0, 12 + 20 + 16 - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_is_noticed(place: int, bit: int) -> None:
    sealed = bytearray(CUSTODY.seal(bytes(20), b"register"))
    sealed[place] ^= 1 << bit
    with pytest.raises(SecurityError):
        CUSTODY.open(bytes(sealed), b"register")


@given(octets=st.binary(max_size=60))
def test_any_octets_raise_security_errors_only(octets: bytes) -> None:
    with pytest.raises(SecurityError):
        CUSTODY.open(octets, b"register")


def test_another_keystores_key_does_not_open() -> None:
    with pytest.raises(SecurityError):
        SoftwareCustody(bytes(KEY_OCTETS)).open(CUSTODY.seal(b"key", b""), b"")


def test_it_is_always_there_and_shows_nothing() -> None:
    CUSTODY.check()
    CUSTODY.close()
    assert repr(CUSTODY) == "SoftwareCustody(hidden)"
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(CUSTODY)
