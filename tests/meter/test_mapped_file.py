"""Memory files: what is written stays, and what is not such a file is refused with the reason."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from ferraris.kernel.errors import StoreError
from ferraris.meter.mapped_file import HEADER_OCTETS, MappedFile, layout_checksum

DTYPE = np.dtype([("count", "<u8"), ("small", "<u2"), ("rest", "V6")])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.nvm"


def test_rows_are_there_again_after_reopening(path: Path) -> None:
    file = MappedFile.create(path, DTYPE, meters=5, slots=3)
    file.rows["count"][4, 2] = 77
    file.flush(4)
    file.flush()
    again = MappedFile(path, DTYPE, slots=3)
    assert again.rows.shape == (5, 3)
    assert again.rows["count"][4, 2] == 77
    assert again.rows["count"].sum() == 77


def test_a_store_is_seen_by_another_mapping_without_a_flush(path: Path) -> None:
    writer = MappedFile.create(path, DTYPE, 1, 1)
    reader = MappedFile(path, DTYPE, 1)
    writer.rows["small"][0, 0] = 9
    assert reader.rows["small"][0, 0] == 9


def test_the_space_is_taken_and_others_cannot_read_it(path: Path) -> None:
    MappedFile.create(path, DTYPE, 1000, 4)
    status = path.stat()
    assert status.st_size == HEADER_OCTETS + 1000 * 4 * 16
    assert status.st_blocks * 512 >= status.st_size
    assert status.st_mode & 0o077 == 0


def test_an_existing_file_is_not_overwritten(path: Path) -> None:
    MappedFile.create(path, DTYPE, 1, 1)
    with pytest.raises(StoreError, match="File exists"):
        MappedFile.create(path, DTYPE, 1, 1)


def test_more_space_than_the_disk_has_is_refused(path: Path) -> None:
    with pytest.raises(StoreError, match="cannot create"):
        MappedFile.create(path, DTYPE, 2**40, 2)


def header(**changes: int | bytes) -> bytes:
    fields = {"magic": b"FERNVM\r\n", "version": 1, "layout": layout_checksum(DTYPE, 1), "meters": 1, "slots": 1}
    packed = struct.pack("<8sIIII", *(fields | changes).values())
    return packed + struct.pack("<I", zlib.crc32(packed))


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "not a meter's"),
        (b"FERNVM", "not a meter's"),
        (header(magic=b"FERNVM\n\n"), "not a meter's"),
        (header()[:-1] + bytes([header()[-1] ^ 1]), "damaged"),
        (header(version=2), "another version"),
        (header(slots=2), "another layout"),
        (header(layout=5), "another layout"),
        (header(meters=2), "wrong size"),
    ],
)
def test_a_file_that_is_not_of_this_layout_is_refused(path: Path, octets: bytes, reason: str) -> None:
    path.write_bytes(octets.ljust(HEADER_OCTETS + 16 if octets else 0, b"\0"))
    with pytest.raises(StoreError, match=reason):
        MappedFile(path, DTYPE, 1)


def test_a_file_cut_short_is_refused(path: Path) -> None:
    MappedFile.create(path, DTYPE, 4, 1)
    with path.open("r+b") as file:
        file.truncate(HEADER_OCTETS + 63)
    with pytest.raises(StoreError, match="wrong size"):
        MappedFile(path, DTYPE, 1)


def test_a_missing_file_is_refused(path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        MappedFile(path, DTYPE, 1)


def test_the_layout_checksum_sees_names_types_and_slots() -> None:
    others = [np.dtype([("other", "<u8"), ("small", "<u2"), ("rest", "V6")]), np.dtype([("count", "<i8")])]
    checksums = {layout_checksum(DTYPE, 1), layout_checksum(DTYPE, 2), *(layout_checksum(o, 1) for o in others)}
    assert len(checksums) == 4
