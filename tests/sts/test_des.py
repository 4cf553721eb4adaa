"""Single DES, and triple DES under two keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts.des import des_decrypt, des_encrypt

# key                               block             result, of well-known examples
KNOWN = """
133457799bbcdff1                    0123456789abcdef  85e813540f0ab405
0e329232ea6d0d73                    8787878787878787  0000000000000000
133457799bbcdff1133457799bbcdff1    0123456789abcdef  85e813540f0ab405
"""


@pytest.mark.parametrize("line", KNOWN.split("\n")[1:-1])
def test_known_blocks(line: str) -> None:
    key, block, result = (bytes.fromhex(cell) for cell in line.split())
    assert des_encrypt(key, block) == result
    assert des_decrypt(key, result) == block


@given(st.binary(min_size=8, max_size=8) | st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8))
def test_deciphering_undoes_enciphering(key: bytes, block: bytes) -> None:
    assert des_decrypt(key, des_encrypt(key, block)) == block


@given(*[st.binary(min_size=8, max_size=8)] * 3)
def test_two_keys_encipher_decipher_encipher(first: bytes, second: bytes, block: bytes) -> None:
    assert des_encrypt(first + second, block) == des_encrypt(first, des_decrypt(second, des_encrypt(first, block)))
