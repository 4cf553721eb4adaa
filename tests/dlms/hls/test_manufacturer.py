"""HLS mechanism 2: AES-128 of the challenge, and the reflections that filling up and chaining make possible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import decode_whole
from ferraris.dlms.hls import HlsManufacturer
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, LocalProtocolError
from tests.dlms.bottle import SERVER_TITLE

FIPS_197_KEY = bytes(range(16))
FIPS_197_PLAIN = bytes.fromhex("00112233445566778899aabbccddeeff")
FIPS_197_CIPHER = bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a")


def run(secret: bytes = FIPS_197_KEY, seed: int = 1, challenge_octets: int = 16) -> HlsManufacturer:
    return HlsManufacturer(secret, SeededEntropy(seed), challenge_octets)


def answer_to(challenge: bytes, secret: bytes = FIPS_197_KEY) -> object:
    one = run(secret)
    one.take_challenge(challenge, SERVER_TITLE)
    return decode_whole(one.answer()).value


def test_one_block_is_encrypted_as_it_is() -> None:
    assert answer_to(FIPS_197_PLAIN) == FIPS_197_CIPHER


def test_challenge_and_secret_are_filled_up_with_zeros() -> None:
    assert answer_to(b"challenge", b"secret") == answer_to(b"challenge" + bytes(7), b"secret" + bytes(10))


def test_further_blocks_are_chained() -> None:
    answer = answer_to(FIPS_197_PLAIN * 2)
    assert isinstance(answer, bytes)
    assert answer[:16] == FIPS_197_CIPHER
    assert answer[16:] != FIPS_197_CIPHER


@pytest.mark.parametrize("secret", [b"", bytes(17), bytes(32)])
def test_a_secret_that_is_no_key_is_refused(secret: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="wrong size"):
        run(secret)


@given(st.integers(8, 15), st.integers(0, 40))
def test_our_challenge_with_zeros_behind_it_is_a_reflection(challenge_octets: int, zeros: int) -> None:
    victim = run(challenge_octets=challenge_octets)
    with pytest.raises(AuthenticationError, match="reflects"):
        victim.take_challenge(victim.challenge + bytes(zeros), SERVER_TITLE)


@given(st.binary(max_size=48))
def test_our_challenge_with_blocks_behind_it_is_a_reflection(tail: bytes) -> None:
    """The answer to it would begin with the very octets that we wait for."""
    victim = run()
    with pytest.raises(AuthenticationError, match="reflects"):
        victim.take_challenge(victim.challenge + tail, SERVER_TITLE)
