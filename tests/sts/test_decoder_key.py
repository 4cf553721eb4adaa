"""Decoder keys: what they do, and that they give nothing away."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

from ferraris.sts import DecoderKey, EncryptionAlgorithm, StaTables, StsError
from ferraris.sts.des import des_encrypt
from tests.sts.published import EA07_KEY, KEY

EA07, EA09, EA11 = EncryptionAlgorithm


def test_a_key_shows_itself_to_who_asks_and_to_no_one_else() -> None:
    secret = KEY.octets.hex()
    for shown in (repr(KEY), str(KEY), f"{KEY}", repr([KEY]), repr(EA07_KEY)):
        assert secret not in shown
        assert "hidden" in shown
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
    with pytest.raises(TypeError):
        hash(KEY)
    assert copy.copy(KEY) is copy.deepcopy(KEY) is KEY


def test_keys_are_equal_by_octets_algorithm_and_tables() -> None:
    assert DecoderKey(EA11, KEY.octets) == KEY
    assert DecoderKey(EA11, bytes(16)) != KEY
    assert DecoderKey(EA07, bytes(8)) != DecoderKey(EA09, bytes(8))
    swapped = StaTables(
        StaTables.SAMPLE.second_substitution, StaTables.SAMPLE.first_substitution, StaTables.SAMPLE.permutation
    )
    assert DecoderKey(EA07, bytes(8), swapped) != DecoderKey(EA07, bytes(8))
    assert KEY != "a key"


@pytest.mark.parametrize(("algorithm", "octets"), [(EA07, 16), (EA07, 0), (EA09, 7), (EA11, 8), (EA11, 20)])
def test_a_key_of_a_wrong_length_is_refused_unseen(algorithm: EncryptionAlgorithm, octets: int) -> None:
    secret = b"\xa5" * octets
    with pytest.raises(StsError, match=f"a decoder key of {algorithm.name}") as refused:
        DecoderKey(algorithm, secret)
    assert secret.hex()[:4] not in str(refused.value) or not secret
    assert "a5a5" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("key", [KEY, EA07_KEY], ids=repr)
def test_a_key_undoes_what_it_has_done(key: DecoderKey) -> None:
    assert key.decrypt_block(key.encrypt_block(0x0123_4567_89AB_CDEF)) == 0x0123_4567_89AB_CDEF


def test_ea09_is_decoded_only() -> None:
    octets = bytes.fromhex("133457799bbcdff1")
    key = DecoderKey(EA09, octets)
    block = 0x0123_4567_89AB_CDEF
    assert key.decrypt_block(int.from_bytes(des_encrypt(octets, block.to_bytes(8, "big")), "big")) == block
    with pytest.raises(StsError, match="decoded only"):
        key.encrypt_block(block)


def test_check_values_tell_keys_apart() -> None:
    assert len(KEY.check_value) == 6
    assert DecoderKey(EA11, KEY.octets).check_value == KEY.check_value
    assert len({KEY.check_value, EA07_KEY.check_value, DecoderKey(EA09, EA07_KEY.octets).check_value}) == 3
    assert KEY.check_value.lower() not in KEY.octets.hex()
