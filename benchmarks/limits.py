"""What the machine allows: the part of each kind of work that no implementation can do without, and nothing else."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.payloads import COLUMNS, HEADEND_SYSTEM_TITLE, ROWS, row_end, row_values

Work = Callable[[dict[str, Any]], Callable[[], int]]
SEALED_FROM = 16
"""Octets before the ciphertext of a general-glo push with a one-octet length: tag, title, length, control, counter."""


def memory_copy(task: dict[str, Any]) -> Callable[[], int]:
    """Copy the get-response's octets into fresh memory, once."""
    octets = np.frombuffer(bytes.fromhex(task["get_response"]), np.uint8)

    def once() -> int:
        octets.copy()
        return ROWS * COLUMNS

    return once


def python_rows(_task: dict[str, Any]) -> Callable[[], int]:
    """Put the same values, which are there already, into the same tuples."""
    times = [row_end(row) for row in range(ROWS)]
    columns = [list(column) for column in zip(*(row_values(row) for row in range(ROWS)), strict=True)]

    def once() -> int:
        rows = list(zip(times, *columns, strict=True))
        return len(rows) * len(rows[0])

    return once


def aes_gcm(task: dict[str, Any]) -> Callable[[], int]:
    """One AES-GCM pass over each push's ciphertext, nothing else."""
    gcm = AESGCM(bytes.fromhex(task["encryption_key"]))
    additional = bytes(17)
    nonce = HEADEND_SYSTEM_TITLE + bytes(4)
    texts = [bytes.fromhex(push)[SEALED_FROM:-12] for push in task["pushes"].split(" ")]

    def once() -> int:
        for text in texts:
            gcm.encrypt(nonce, text, additional)
        return len(texts)

    return once


def frame_checks(task: dict[str, Any]) -> Callable[[], int]:
    """The CRCs of header and rest of each frame, by the standard library, in whatever order of bits."""
    frames = bytes.fromhex(task["hdlc"]).split(b"\x7e\x7e")

    def once() -> int:
        for frame in frames:
            crc_hqx(frame[:8], 0)
            crc_hqx(frame[8:], 0)
        return len(frames)

    return once


def joining(task: dict[str, Any]) -> Callable[[], int]:
    """The octets in the blocks, wherever they stand, put together once."""
    blocks = [bytes.fromhex(block) for block in task["image_blocks"].split(" ")]

    def once() -> int:
        b"".join([block[9:] for block in blocks])
        return 1

    return once


LIMITS: dict[str, Work] = {
    "memory_copy": memory_copy,
    "python_rows": python_rows,
    "aes_gcm": aes_gcm,
    "frame_checks": frame_checks,
    "joining": joining,
}
