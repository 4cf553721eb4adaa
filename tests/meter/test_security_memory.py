"""A meter's keys and certificates in its memory: whole or not at all, for the owner alone, and never shown."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.kernel.errors import StoreError
from ferraris.meter.security_memory import DIRECTORY, SecurityMemory, SecurityState

STATE = SecurityState(
    keys={"GLOBAL_UNICAST_ENCRYPTION_KEY": b"secret key 12345"},
    private_keys={"SIGNING": b"private"},
    secrets={"reading": b"a secret"},
    certificates=(b"one", b"two"),
    former_keys=(b"digest",),
    policy=12,
    transactions={"4645523030303031": 7},
)


def test_a_meter_that_was_given_nothing_has_no_file(tmp_path: Path) -> None:
    assert SecurityMemory(tmp_path, 3).load() == SecurityState()
    assert not list(tmp_path.iterdir())


@given(st.dictionaries(st.text("abc", min_size=1), st.binary()), st.none() | st.lists(st.binary()).map(tuple))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_saved_is_loaded(
    tmp_path: Path, keys: dict[str, bytes], certificates: tuple[bytes, ...] | None
) -> None:
    state = SecurityState(keys=keys, certificates=certificates)
    SecurityMemory(tmp_path, 1).save(state)
    assert SecurityMemory(tmp_path, 1).load() == state


def test_each_meter_has_its_own(tmp_path: Path) -> None:
    SecurityMemory(tmp_path, 1).save(STATE)
    assert SecurityMemory(tmp_path, 1).load() == STATE
    assert SecurityMemory(tmp_path, 2).load() == SecurityState()


def test_the_file_is_its_owners_alone_and_a_state_shows_no_key(tmp_path: Path) -> None:
    SecurityMemory(tmp_path, 1).save(STATE)
    directory = tmp_path / DIRECTORY
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "1.json").stat().st_mode) == 0o600
    for hidden in (b"secret key", b"private", b"a secret"):
        assert hidden.decode() not in repr(STATE)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"keys": 1}', "\x00", "{" * 5000, '{"a":' * 100_000, "9" * 5_000], ids=range(9)
)
def test_a_damaged_file_is_said_by_name(tmp_path: Path, content: str) -> None:
    memory = SecurityMemory(tmp_path, 1)
    memory.save(STATE)
    (tmp_path / DIRECTORY / "1.json").write_text(content)
    with pytest.raises(StoreError, match=r"1\.json is damaged"):
        memory.load()


def test_half_a_file_that_a_death_left_behind_does_no_harm(tmp_path: Path) -> None:
    memory = SecurityMemory(tmp_path, 1)
    memory.save(STATE)
    (tmp_path / DIRECTORY / "1.part").write_text('{"keys": {"GLO')
    assert memory.load() == STATE
    memory.save(SecurityState(policy=4))
    assert memory.load() == SecurityState(policy=4)


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
    memory.save(SecurityState(keys={"key": number.to_bytes(16, "big")}, policy=number), durable=False)
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
        state = SecurityMemory(tmp_path, 1).load()
        assert state.policy is not None
        assert state.keys["key"] == state.policy.to_bytes(16, "big")
