"""Two-slot commit: whatever part of a row was written when the process died, one whole row is found, the older or the
newer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.kernel.errors import StoreError
from ferraris.meter.committed_rows import CommittedRows, checksums, committed_dtype
from ferraris.meter.mapped_file import MappedFile

DTYPE = committed_dtype([("energy", "<i8", (4,)), ("head", "<u4"), ("flag", "u1")])


def make(path: Path, meters: int = 3) -> CommittedRows:
    first = np.zeros(meters, DTYPE)
    first["head"] = np.arange(meters)
    return CommittedRows.create(MappedFile.create(path, DTYPE, meters, 2), first)


def reopen(path: Path) -> CommittedRows:
    return CommittedRows(MappedFile(path, DTYPE, 2))


def test_a_row_type_is_whole_words_with_the_checksum_last() -> None:
    assert DTYPE.itemsize % 8 == 0
    assert DTYPE.names is not None
    assert (DTYPE.names[0], DTYPE.names[-1]) == ("sequence", "checksum")
    assert committed_dtype([("word", "<u8")]).names == ("sequence", "word", "checksum")


def test_what_is_committed_is_read_again_after_reopening(tmp_path: Path) -> None:
    rows = make(tmp_path / "x")
    meters = np.array([2, 0])
    changed = rows.read(meters)
    changed["energy"][:, 1] = [20, 10]
    rows.commit(meters, changed)
    for current in (rows, reopen(tmp_path / "x")):
        assert current.column("energy")[:, 1].tolist() == [10, 0, 20]
        assert current.column("sequence").tolist() == [2, 1, 2]
        assert current.field("head", 2) == 2
        assert len(current) == 3


def test_reading_gives_a_copy(tmp_path: Path) -> None:
    rows = make(tmp_path / "x")
    rows.read(np.array([0]))["head"] = 9
    assert rows.field("head", 0) == 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.integers(0, DTYPE.itemsize), commits=st.integers(1, 3), seed=st.integers(0, 2**32 - 1))
def test_a_torn_write_leaves_the_older_row(tmp_path: Path, written: int, commits: int, seed: int) -> None:
    """The process dies after the first `written` octets of the last commit."""
    path = tmp_path / f"{seed}-{written}-{commits}"
    rows = make(path, meters=1)
    generator = np.random.default_rng(seed)
    slots = rows._slots
    me = np.array([0])
    for _ in range(commits):
        before = slots.copy()
        current = rows.read(me)
        changed = current.copy()
        changed["energy"] = generator.integers(0, 2**60, 4)
        rows.commit(me, changed)
    after = slots.copy()
    torn = bytearray(before.tobytes())
    place = int(rows._current[0]) * DTYPE.itemsize
    torn[place : place + written] = after.tobytes()[place : place + written]
    slots[:] = np.frombuffer(bytes(torn), DTYPE).reshape(1, 2)
    found = reopen(path).read(me)
    whole = bytes(torn) == after.tobytes()
    assert found["energy"].tolist() == (changed if whole else current)["energy"].tolist()
    path.unlink()


def test_a_meter_without_a_valid_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x"
    rows = make(path)
    rows._slots["head"][1] = 99
    with pytest.raises(StoreError, match="no valid copy of the row of 1 meters, got 1"):
        reopen(path)


@given(place=st.integers(0, DTYPE.itemsize - 9), bit=st.integers(0, 7))
def test_every_flipped_bit_changes_the_checksum(place: int, bit: int) -> None:
    row = np.zeros(1, DTYPE)
    row["energy"] = 12345
    octets = bytearray(row.tobytes())
    octets[place] ^= 1 << bit
    assert checksums(np.frombuffer(bytes(octets), DTYPE)) != checksums(row)


def test_zeros_are_not_a_valid_row() -> None:
    row = np.zeros(1, DTYPE)
    assert checksums(row)[0] != row["checksum"][0]
