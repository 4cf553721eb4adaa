"""The vending system of the demo's street: a keystore with the fleet's vending key, and a customer for each prepaid meter.

All of it is made before the head-end starts, from what the fleet of virtual meters was made from. Made again over the same
directory, it is what it was.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ferraris.cli.vending_place import (
    KEYSTORE_FILE,
    SECRET_FILE,
    SETTINGS_FILE,
    keep_secret,
    opened_vending,
)
from ferraris.kernel.clock import Clock
from ferraris.simulation import make_fleet_keystore, new_meters

FLEET_SEED: Final = 1
"""What `ferraris meter serve` takes unless it is told otherwise."""
WORK_FACTOR: Final = 1 << 14
SECRET_OCTETS: Final = 16
SETTINGS: Final = 'time_zone = "Europe/Amsterdam"\nutility = "Ferraris demo"\nsupervisors = ["supervisor"]\n'
TARIFFS: Final = ("flat", "flat", "domestic_blocks")
"""Of the accounts, dealt out in turn."""
WITHOUT_HEAD_END: Final = 4
"""Every so many meters one is not known to the head-end as a prepayment meter: its tokens are always typed."""
OPERATOR: Final = "demo"


def is_hybrid(number: int) -> bool:
    """Whether tokens of this meter travel by the head-end."""
    return number % WITHOUT_HEAD_END != 0


def set_up_vending(directory: Path, prepaid: int, clock: Clock) -> None:
    """Make keystore and settings where there are none yet, and register the first meters of the fleet."""
    with _private():
        directory.mkdir(parents=True, exist_ok=True)
        if not (directory / SETTINGS_FILE).exists():
            _make_keystore(directory)
            (directory / SETTINGS_FILE).write_text(SETTINGS, "utf-8")
        new = new_meters(range(1, prepaid + 1), TARIFFS)
        with opened_vending(directory, clock) as vending:
            vending.registry.register(new, OPERATOR, clock.now_ms())


def _make_keystore(directory: Path) -> None:
    """Under secrets that nobody but this directory knows. What a killed attempt has left is thrown away."""
    for path in (*directory.glob(f"{KEYSTORE_FILE}*"), directory / SECRET_FILE):
        path.unlink(missing_ok=True)
    secret, officers_secret = (secrets.token_hex(SECRET_OCTETS) for _ in range(2))
    make_fleet_keystore(directory / KEYSTORE_FILE, FLEET_SEED, secret, officers_secret, WORK_FACTOR)
    keep_secret(directory, secret)


@contextmanager
def _private() -> Iterator[None]:
    """What is made in the block is for this user alone."""
    others = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(others)
