"""The master key: published wrap vectors, its file, and what must be refused."""

from __future__ import annotations

import copy
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import ConfigError, FerrarisError, SecurityError
from ferraris.kernel.limits import LLS_SECRET_OCTETS_MAX
from ferraris.keys import MasterKey

KEK = bytes(range(32))

# RFC 3394 sections 4.3, 4.5 and 4.6: the key-encryption key is 00…1F in each.
RFC_3394 = """
4.3  00112233445566778899AABBCCDDEEFF                                  64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7
4.5  00112233445566778899AABBCCDDEEFF0001020304050607                  A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1
4.6  00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F  28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21
"""


@pytest.mark.parametrize("row", [line.split() for line in RFC_3394.strip().splitlines()], ids=lambda row: row[0])
def test_wrap_is_rfc_3394(row: list[str]) -> None:
    _, key, wrapped = row
    master_key = MasterKey(KEK)
    assert master_key.wrap(bytes.fromhex(key)).hex().upper() == wrapped
    assert master_key.unwrap(bytes.fromhex(wrapped)).hex().upper() == key


@given(st.sampled_from([16, 24, 32]).flatmap(lambda n: st.binary(min_size=n, max_size=n)))
def test_unwrap_undoes_wrap(key: bytes) -> None:
    assert MasterKey(KEK).unwrap(MasterKey(KEK).wrap(key)) == key


@given(st.binary(min_size=1, max_size=LLS_SECRET_OCTETS_MAX))
def test_unwrap_secret_undoes_wrap_secret(secret: bytes) -> None:
    assert MasterKey(KEK).unwrap_secret(MasterKey(KEK).wrap_secret(secret)) == secret


@given(st.binary(max_size=90))
def test_octets_that_were_not_wrapped_raise_security_error_only(octets: bytes) -> None:
    for unwrap in (MasterKey(KEK).unwrap, MasterKey(KEK).unwrap_secret):
        with pytest.raises(SecurityError):
            unwrap(octets)


@given(st.integers(0, 24 * 8 - 1))
def test_one_flipped_bit_is_noticed(bit: int) -> None:
    wrapped = bytearray(MasterKey(KEK).wrap(bytes(16)))
    wrapped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SecurityError, match="does not unwrap"):
        MasterKey(KEK).unwrap(bytes(wrapped))


def test_another_master_key_is_named_in_the_refusal() -> None:
    other = MasterKey(bytes(32))
    with pytest.raises(SecurityError, match=f"master key {other.check_value}"):
        other.unwrap(MasterKey(KEK).wrap(bytes(16)))


@pytest.mark.parametrize("length", [0, 8, 15, 17, 40])
def test_keys_of_other_lengths_are_not_wrapped(length: int) -> None:
    with pytest.raises(SecurityError, match="wrong length"):
        MasterKey(KEK).wrap(bytes(length))


@pytest.mark.parametrize("length", [0, LLS_SECRET_OCTETS_MAX + 1])
def test_secrets_of_other_lengths_are_not_wrapped(length: int) -> None:
    with pytest.raises(SecurityError, match="wrong length"):
        MasterKey(KEK).wrap_secret(bytes(length))


def test_a_master_key_has_256_bits() -> None:
    with pytest.raises(SecurityError, match="wrong length"):
        MasterKey(bytes(16))


def test_the_check_value_is_the_first_three_octets_of_the_enciphered_zero_block() -> None:
    # FIPS 197's cipher over the zero key and block gives DC95C078A2408989AD48A21492842087 for AES-256.
    assert MasterKey(bytes(32)).check_value == "dc95c0"


# The file


def test_a_generated_key_loads_again_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    made = MasterKey.generate(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert MasterKey.load(path).unwrap(made.wrap(bytes(16))) == bytes(16)
    assert MasterKey.load(path).check_value == made.check_value
    assert list(tmp_path.iterdir()) == [path]


def test_two_generated_keys_differ_and_a_seeded_one_replays(tmp_path: Path) -> None:
    values = [MasterKey.generate(tmp_path / f"{n}").check_value for n in range(2)]
    assert values[0] != values[1]
    seeded = [MasterKey.generate(tmp_path / f"seeded{n}", SeededEntropy(7)).check_value for n in range(2)]
    assert seeded[0] == seeded[1]


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o277)
    try:
        MasterKey.generate(tmp_path / "master.key")
    finally:
        os.umask(before)
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    MasterKey.generate(path)
    content = path.read_bytes()
    with pytest.raises(ConfigError, match="exists already"):
        MasterKey.generate(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_crash_left_behind_does_not_stop_a_second_attempt(tmp_path: Path) -> None:
    (tmp_path / f".master.key.{os.getpid()}.new").write_text("half a li")
    MasterKey.generate(tmp_path / "master.key")
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        MasterKey.generate(tmp_path / "absent" / "master.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    MasterKey.generate(path)
    path.chmod(mode)
    with pytest.raises(SecurityError, match="open to other users"):
        MasterKey.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        MasterKey.load(tmp_path / "master.key")


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    MasterKey.generate(tmp_path / "real")
    (tmp_path / "master.key").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigError, match="cannot be read"):
        MasterKey.load(tmp_path / "master.key")


def test_a_directory_and_a_fifo_are_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "fifo", 0o600)
    for name in ("directory", "fifo"):
        with pytest.raises(ConfigError, match="not a regular file"):
            MasterKey.load(tmp_path / name)


def test_another_users_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    MasterKey.generate(path)
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 12345, -1)
    with pytest.raises(SecurityError, match="belongs to another user"):
        MasterKey.load(path)


DAMAGES = {
    "empty": lambda line: b"",
    "cut off": lambda line: line[:-12],
    "a digit changed": lambda line: line[:30] + (b"0" if line[30:31] != b"0" else b"1") + line[31:],
    "a digit missing": lambda line: line[:30] + line[31:],
    "upper case": lambda line: line.upper(),
    "another version": lambda line: line.replace(b"key-1", b"key-2"),
    "a second line": lambda line: line + line,
    "a very long file": lambda line: line + b"x" * 100_000,
    "binary": lambda line: bytes(range(256)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "master.key"
    MasterKey.generate(path, SeededEntropy(1))
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(ConfigError, match="does not hold a master key, or is damaged"):
        MasterKey.load(path)


@given(content=st.binary(max_size=300))
def test_any_content_raises_only_our_errors(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("key") / "master.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(FerrarisError):
        MasterKey.load(path)


def test_a_master_key_is_not_pickled_and_not_copied() -> None:
    master_key = MasterKey(KEK)
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(master_key)
    assert copy.copy(master_key) is master_key
    assert copy.deepcopy(master_key) is master_key
