"""A meter's keys and certificates in its memory: whole or not at all, for the owner alone, and never shown."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.cosem import KeyId, SecuritySuite
from ferraris.dlms import KeyPurpose, PrivateKey
from ferraris.dlms.elliptic import P_256
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import StoreError
from ferraris.meter.security import MADE_AT_S, fleet_authority
from ferraris.meter.security_memory import DIRECTORY, SecurityMemory, SecurityState

SUITE = SecuritySuite.SUITE_1
SIGNING = PrivateKey.generate(P_256, SeededEntropy("a meter"))
CERTIFICATES = tuple(
    fleet_authority(1, SUITE).issue(bytes([7] * 8), SIGNING.point, purpose, MADE_AT_S)
    for purpose in (KeyPurpose.SIGNING, KeyPurpose.AGREEMENT)
)
STATE = SecurityState(
    keys={"GLOBAL_UNICAST_ENCRYPTION_KEY": b"secret key 12345"},
    private_keys={"SIGNING": SIGNING.octets, "new AGREEMENT": SIGNING.octets},
    secrets={"reading": b"a secret"},
    certificates=CERTIFICATES,
    former_keys=(b"digest",),
    policy=12,
    transactions={"4645523030303031": 7},
)
KEYS = st.dictionaries(st.sampled_from([key.name for key in KeyId]), st.binary(min_size=16, max_size=16))
SECRETS = st.dictionaries(st.text(max_size=5), st.binary())


def test_a_meter_that_was_given_nothing_has_no_file(tmp_path: Path) -> None:
    assert SecurityMemory(tmp_path, 3).load(SUITE) == SecurityState()
    assert not list(tmp_path.iterdir())


@given(KEYS, SECRETS, st.none() | st.integers(0, 255), st.dictionaries(st.text(max_size=5), st.integers(0, 2**64)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_saved_is_loaded(
    tmp_path: Path, keys: dict[str, bytes], secrets: dict[str, bytes], policy: int | None, numbers: dict[str, int]
) -> None:
    state = SecurityState(keys=keys, secrets=secrets, policy=policy, transactions=numbers)
    SecurityMemory(tmp_path, 1).save(state)
    assert SecurityMemory(tmp_path, 1).load(SUITE) == state


def test_each_meter_has_its_own(tmp_path: Path) -> None:
    SecurityMemory(tmp_path, 1).save(STATE)
    assert SecurityMemory(tmp_path, 1).load(SUITE) == STATE
    assert SecurityMemory(tmp_path, 2).load(SUITE) == SecurityState()


def test_the_file_is_its_owners_alone_and_a_state_shows_no_key(tmp_path: Path) -> None:
    SecurityMemory(tmp_path, 1).save(STATE)
    directory = tmp_path / DIRECTORY
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "1.json").stat().st_mode) == 0o600
    for hidden in (b"secret key", b"a secret"):
        assert hidden.decode() not in repr(STATE)
    assert repr(SIGNING.octets) not in repr(STATE)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"keys": 1}', "\x00", "{" * 5000, '{"a":' * 100_000, "9" * 5_000], ids=range(9)
)
def test_a_damaged_file_is_said_by_name(tmp_path: Path, content: str) -> None:
    memory = SecurityMemory(tmp_path, 1)
    memory.save(STATE)
    (tmp_path / DIRECTORY / "1.json").write_text(content)
    with pytest.raises(StoreError, match=r"1\.json is damaged"):
        memory.load(SUITE)


DAMAGED = [
    # field           what it holds                                what is told
    ("keys",          None,                                        "keys, which is not an object"),
    ("keys",          ["00"],                                      "keys, which is not an object"),
    ("keys",          {"MASTER_KEY": 7},                           "keys.MASTER_KEY, which is not octets in hexadecimal digits"),
    ("keys",          {"MASTER_KEY": "0" * 31},                    "keys.MASTER_KEY, which is not octets in hexadecimal digits"),
    ("keys",          {"MASTER_KEY": "c0 ff"},                     "keys.MASTER_KEY, which is not octets in hexadecimal digits"),
    ("keys",          {"MASTER_KEY": "c0ffee"},                    "keys.MASTER_KEY, which is not a key of suite 1"),
    ("keys",          {"MASTER_KEY": "c0" * 32},                   "keys.MASTER_KEY, which is not a key of suite 1"),
    ("keys",          {"SPARE_KEY": "c0" * 16},                    "keys.SPARE_KEY, which is not a key of suite 1"),
    ("private_keys",  {"SIGNING": "c0ffee"},                       "private_keys.SIGNING, which is not a private key of suite 1"),
    ("private_keys",  {"SIGNING": "ff" * 32},                      "private_keys.SIGNING, which is not a private key of suite 1"),
    ("private_keys",  {"new SIGNING": "00" * 32},                  "private_keys.new SIGNING, which is not a private key"),
    ("private_keys",  {"AUTHORITY": "11" * 32},                    "private_keys.AUTHORITY, which is not a private key"),
    ("secrets",       {"reading": None},                           "secrets.reading, which is not octets"),
    ("secrets",       "c0ffee",                                    "secrets, which is not an object"),
    ("certificates",  {},                                          "certificates, which is not a list"),
    ("certificates",  ["c0ffee"],                                  "certificates, which is not a list of certificates of suite 1"),
    ("certificates",  [7],                                         "certificates, which is not octets"),
    ("former_keys",   None,                                        "former_keys, which is not a list"),
    ("former_keys",   [1],                                         "former_keys, which is not octets"),
    ("policy",        "12",                                        "policy, which is not a security policy"),
    ("policy",        True,                                        "policy, which is not a security policy"),
    ("policy",        256,                                         "policy, which is not a security policy"),
    ("policy",        -1,                                          "policy, which is not a security policy"),
    ("policy",        1.5,                                         "policy, which is not a security policy"),
    ("transactions",  [],                                          "transactions, which is not an object"),
    ("transactions",  {"data 01": "7"},                            "transactions.data 01, which is not a whole number from 0"),
    ("transactions",  {"data 01": -7},                             "transactions.data 01, which is not a whole number from 0"),
    ("transactions",  {"data 01": True},                           "transactions.data 01, which is not a whole number from 0"),
    ("colour",        "red",                                       "colour, which is not known"),
    ("x" * 500,       "red",                                       "x" * 40 + ", which is not known"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "told"), DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_field_is_said_by_name_and_no_key_is(tmp_path: Path, field: str, value: object, told: str) -> None:
    memory = SecurityMemory(tmp_path, 1)
    memory.save(STATE)
    path = tmp_path / DIRECTORY / "1.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(StoreError) as damaged:
        memory.load(SUITE)
    assert str(path) in str(damaged.value)
    assert told in str(damaged.value)
    assert "c0ff" not in str(damaged.value)


@pytest.mark.parametrize("field", sorted(SecurityState.__slots__))
def test_a_missing_field_is_said_by_name(tmp_path: Path, field: str) -> None:
    memory = SecurityMemory(tmp_path, 1)
    memory.save(STATE)
    path = tmp_path / DIRECTORY / "1.json"
    path.write_text(json.dumps({name: one for name, one in json.loads(path.read_text()).items() if name != field}))
    with pytest.raises(StoreError, match=f"{field}, which is not there"):
        memory.load(SUITE)


def test_a_file_of_another_suite_is_told(tmp_path: Path) -> None:
    for suite, field in ((SecuritySuite.SUITE_0, "private_keys"), (SecuritySuite.SUITE_2, "keys")):
        SecurityMemory(tmp_path, 1).save(STATE)
        with pytest.raises(StoreError, match=rf"{field}\.\w+, which is not a (private )?key of suite {suite:d}"):
            SecurityMemory(tmp_path, 1).load(suite)
    SecurityMemory(tmp_path, 1).save(SecurityState(certificates=CERTIFICATES))
    with pytest.raises(StoreError, match="certificates of suite 2"):
        SecurityMemory(tmp_path, 1).load(SecuritySuite.SUITE_2)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda any_: st.lists(any_, max_size=3) | st.dictionaries(st.text(max_size=4), any_, max_size=3),
    ),
    st.sampled_from(SecurityState.__slots__),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_content_of_a_field_is_loaded_or_told(tmp_path: Path, value: object, field: str) -> None:
    memory = SecurityMemory(tmp_path, 1)
    memory.save(STATE)
    path = tmp_path / DIRECTORY / "1.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with contextlib.suppress(StoreError):
        memory.save(memory.load(SUITE))


def test_half_a_file_that_a_death_left_behind_does_no_harm(tmp_path: Path) -> None:
    memory = SecurityMemory(tmp_path, 1)
    memory.save(STATE)
    (tmp_path / DIRECTORY / "1.part").write_text('{"keys": {"GLO')
    assert memory.load(SUITE) == STATE
    memory.save(SecurityState(policy=4))
    assert memory.load(SUITE) == SecurityState(policy=4)


def test_a_memory_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / DIRECTORY).write_text("a file where the directory should be")
    with pytest.raises(StoreError, match="cannot be written"):
        SecurityMemory(tmp_path, 1).save(STATE)


KILLED = """
import sys
from pathlib import Path
from ferraris.meter.security_memory import SecurityMemory, SecurityState
memory = SecurityMemory(Path(sys.argv[1]), 1)
for number in range(1, 1_000_000):
    keys = {"MASTER_KEY": number.to_bytes(16, "big")}
    memory.save(SecurityState(keys=keys, transactions={"number": number}), durable=False)
    if number == 20:
        print("ready", flush=True)
"""


def test_a_kill_at_any_moment_leaves_one_whole_state(tmp_path: Path) -> None:
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        os.kill(writer.pid, 9)
        writer.wait(20)
        writer.stdout.close()
        state = SecurityMemory(tmp_path, 1).load(SUITE)
        assert state.keys["MASTER_KEY"] == state.transactions["number"].to_bytes(16, "big")
