"""One file of non-volatile memory: a header page that says what it is, then one row of fixed size per meter.

Stores into the mapping live in the kernel's page cache as soon as they are made, so they survive the death of the
process (kill -9 included) without any system call. They survive a loss of power to the machine only after `flush`.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ferraris.kernel.errors import StoreError

MAGIC = b"FERNVM\r\n"
VERSION = 1
HEADER = struct.Struct("<8sIIIII")
"""magic, version, layout checksum, meters, slots per meter, checksum of the fields before it."""
HEADER_OCTETS = mmap.PAGESIZE

Rows = npt.NDArray[np.void]


def layout_checksum(dtype: np.dtype[np.void], slots: int) -> int:
    """CRC-32 of the names, types and places of the row's fields: another layout never opens as this one."""
    description = f"{dtype.descr!r} x {slots}"
    return zlib.crc32(description.encode())


def _header(dtype: np.dtype[np.void], meters: int, slots: int) -> bytes:
    fields = HEADER.pack(MAGIC, VERSION, layout_checksum(dtype, slots), meters, slots, 0)[:-4]
    return fields + struct.pack("<I", zlib.crc32(fields))


class MappedFile:
    """`rows`: a structured array of shape (meters, slots) that lies in the file."""

    def __init__(self, path: Path, dtype: np.dtype[np.void], slots: int) -> None:
        """Map an existing file; StoreError if it is not one of this layout, or cut short, or damaged in its header."""
        self.path = path
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise StoreError(f"cannot open non-volatile memory {path}: {error.strerror}") from error
        try:
            meters = self._check_header(os.pread(descriptor, HEADER.size, 0), dtype, slots)
            octets = HEADER_OCTETS + meters * slots * dtype.itemsize
            found = os.fstat(descriptor).st_size
            if found != octets:
                raise StoreError(f"{path} has the wrong size", expected=octets, got=found)
            self._mapping = mmap.mmap(descriptor, octets)
            # Meters are written and read a few rows here and there: reading ahead would bring in the whole file.
            self._mapping.madvise(mmap.MADV_RANDOM)
        finally:
            os.close(descriptor)
        flat: npt.NDArray[Any] = np.frombuffer(self._mapping, dtype, meters * slots, HEADER_OCTETS)
        self.rows: Rows = flat.reshape(meters, slots)

    def _check_header(self, header: bytes, dtype: np.dtype[np.void], slots: int) -> int:
        """Number of meters, after every field of the header was found good."""
        if len(header) < HEADER.size or header[: len(MAGIC)] != MAGIC:
            raise StoreError(f"{self.path} is not a meter's non-volatile memory", expected=MAGIC, got=header[:8])
        _, version, layout, meters, found_slots, checksum = HEADER.unpack(header)
        if checksum != zlib.crc32(header[: HEADER.size - 4]):
            raise StoreError(f"{self.path} is damaged in its header", got=header.hex())
        if version != VERSION:
            raise StoreError(f"{self.path} has another version", expected=VERSION, got=version)
        if found_slots != slots or layout != layout_checksum(dtype, slots):
            raise StoreError(f"{self.path} has another layout", expected=layout_checksum(dtype, slots), got=layout)
        return int(meters)

    @classmethod
    def create(cls, path: Path, dtype: np.dtype[np.void], meters: int, slots: int) -> MappedFile:
        """Make the file, all rows zero. Its space is taken at once: a full disk refuses here, never at a store."""
        octets = HEADER_OCTETS + meters * slots * dtype.itemsize
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, octets)
                os.pwrite(descriptor, _header(dtype, meters, slots), 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StoreError(f"cannot create {path} of {octets} octets: {error.strerror}") from error
        return cls(path, dtype, slots)

    def flush(self, meter: int | None = None) -> None:
        """Bring one meter's row, or everything, to the disk (msync): from here on a loss of power does no harm."""
        if meter is None:
            self._mapping.flush()
            return
        row_octets = self.rows.shape[1] * self.rows.dtype.itemsize
        first = HEADER_OCTETS + meter * row_octets
        page = first - first % mmap.PAGESIZE
        self._mapping.flush(page, first + row_octets - page)
