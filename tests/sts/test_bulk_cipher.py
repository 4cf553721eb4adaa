"""Ciphers over arrays do what they do block by block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import DecoderKey, EncryptionAlgorithm, StaTables, StsError
from ferraris.sts.bulk_cipher import BLOCKS_AT_ONCE, BulkCipher
from tests.sts.published import EA07_KEY, KEY
from tests.sts.strategies import bits

EA07, EA09, EA11 = EncryptionAlgorithm
ALGORITHMS = st.sampled_from([(EA07, 8), (EA11, 16)])


@given(ALGORITHMS, st.data())
def test_under_one_key(kind: tuple[EncryptionAlgorithm, int], data: st.DataObject) -> None:
    algorithm, octets = kind
    key = DecoderKey(algorithm, data.draw(st.binary(min_size=octets, max_size=octets)))
    blocks = data.draw(st.lists(bits(64), max_size=20))
    cipher = BulkCipher([key])
    enciphered = cipher.encrypt(np.array(blocks, np.uint64))
    assert enciphered.tolist() == [key.encrypt_block(block) for block in blocks]
    assert cipher.decrypt(enciphered).tolist() == blocks
    assert cipher.decrypt(np.array(blocks, np.uint64)).tolist() == [key.decrypt_block(block) for block in blocks]


@given(ALGORITHMS, st.data())
def test_under_a_key_each(kind: tuple[EncryptionAlgorithm, int], data: st.DataObject) -> None:
    algorithm, octets = kind
    pairs = data.draw(
        st.lists(st.tuples(st.binary(min_size=octets, max_size=octets), bits(64)), min_size=1, max_size=20)
    )
    keys = [DecoderKey(algorithm, key) for key, _ in pairs]
    blocks = [block for _, block in pairs]
    cipher = BulkCipher(keys)
    enciphered = cipher.encrypt(np.array(blocks, np.uint64))
    assert enciphered.tolist() == [key.encrypt_block(block) for key, block in zip(keys, blocks, strict=True)]
    assert cipher.decrypt(enciphered).tolist() == blocks


@pytest.mark.parametrize("key", [KEY, EA07_KEY], ids=repr)
@pytest.mark.parametrize("count", [0, 1, BLOCKS_AT_ONCE - 1, BLOCKS_AT_ONCE, 2 * BLOCKS_AT_ONCE + 1])
def test_pieces_join_without_a_seam(key: DecoderKey, count: int) -> None:
    blocks = np.arange(count, dtype=np.uint64)
    for keys in ([key], [key] * count):
        if keys:
            enciphered = BulkCipher(keys).encrypt(blocks)
            for at in {0, count // 2, count - 1} & set(range(count)):
                assert int(enciphered[at]) == key.encrypt_block(at)
            assert (BulkCipher(keys).decrypt(enciphered) == blocks).all()


def test_other_tables_other_blocks() -> None:
    sample = StaTables.SAMPLE
    own = StaTables(sample.second_substitution, sample.first_substitution, sample.permutation)
    key = DecoderKey(EA07, EA07_KEY.octets, own)
    assert BulkCipher([key]).encrypt(np.array([7], np.uint64)).tolist() == [key.encrypt_block(7)]
    assert key.encrypt_block(7) != EA07_KEY.encrypt_block(7)


def test_keys_must_go_together() -> None:
    with pytest.raises(StsError, match="without a key"):
        BulkCipher([])
    with pytest.raises(StsError, match="different algorithms"):
        BulkCipher([KEY, EA07_KEY])
    with pytest.raises(StsError, match="EA09"):
        BulkCipher([DecoderKey(EA09, bytes(8))])
    with pytest.raises(StsError, match="expected 1 or 3, got 2"):
        BulkCipher([KEY, KEY]).encrypt(np.zeros(3, np.uint64))


def test_a_cipher_hides_its_keys() -> None:
    assert repr(BulkCipher([KEY])) == "BulkCipher(EA11, 1 hidden)"
