"""What a prepayment meter must not forget, in one committed row: credit, tokens taken, keys, locks.

Credit stands as it was when the import register read `reference_mwh`. What has been consumed since follows from that register,
which is committed with every step of metering: so credit is as lasting as the energy itself, and metering a fleet costs its
prepayment meters nothing more. A token's identifier and its effect are one commit: there is no moment at which a token was
credited and may be entered again. That commit is on the disk before the answer goes out.

The file exists in fleets that have prepayment meters. It holds decoder keys: those of virtual meters follow from a seed and
are no secrets, and nobody but its owner can read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ferraris.kernel.errors import StoreError
from ferraris.kernel.limits import KEY_CHANGE_SECTIONS_MAX, TOKEN_IDENTIFIERS_REMEMBERED
from ferraris.meter.committed_rows import SLOTS, CommittedRows, committed_dtype
from ferraris.meter.mapped_file import MappedFile

DECODER_KEY_OCTETS: Final = 16
TOKEN_DIGITS: Final = 20
DISPLAY_OCTETS: Final = 96
"""Of what the display showed after the last token."""
CHARGES: Final = 3
"""Charges of a meter: by consumption, by time, and for debt."""

PAYMENT: Final = committed_dtype(
    [
        # The account. Amounts are millionths of the amount unit (1 Wh, or 1/100,000 of the base currency).
        ("balance", "<i8"),  # when the import stood at `reference_mwh`; below 0 what emergency credit has lent
        ("reference_mwh", "<i8"),
        ("price", "<i8"),  # amount units for a kWh, in force since then
        ("arrears", "<i8"),  # charges by time that there was no credit for
        ("debt", "<i8"),
        ("credited", "<i8"),  # by tokens, since manufacture
        ("paid", "<i8", (CHARGES,)),  # collected by each charge, consumption up to `reference_mwh`
        ("collected_s", "<i8", (CHARGES,)),  # when, by the meter's clock
        ("collected", "<i8", (CHARGES,)),  # how much, the last time
        ("days_until_s", "<i8"),  # meter's clock: charges by time are collected up to here; 0 where there are none
        ("appointments_s", "<i8"),  # meter's clock: what was appointed up to here is done, or came too late
        ("provided_s", "<i8"),  # meter's clock: since then payments were charged with `provided`
        ("provided", "<i8"),
        ("account_status", "u1"),
        ("emergency", "u1"),
        ("warned", "u1"),  # of low credit
        ("cut_off", "u1"),  # the switch is open for want of credit, or for tamper
        ("tampered", "u1"),
        ("spared", "u1"),  # supplied without credit, the hours being friendly
        # The decoder.
        ("made", "u1"),  # 0 in a row of a meter that has not been set up
        ("encryption_algorithm", "u1"),
        ("key_revision_number", "u1"),
        ("key_type", "u1"),
        ("tariff_index", "u1"),
        ("key_expiry_number", "u1"),
        ("base_date", "u1"),
        ("supply_group_code", "<u4"),
        ("decoder_key", "V16"),
        ("token_identifiers", "<u4", (TOKEN_IDENTIFIERS_REMEMBERED,)),
        ("token_identifiers_known", "<u4"),
        ("sections", "V20", (KEY_CHANGE_SECTIONS_MAX,)),  # of a key change under way, as their digits
        ("sections_known", "u1"),  # a bit for each
        ("sections_until_ms", "<i8"),
        ("wrong_entries", "<u4"),
        ("locked_until_ms", "<i8"),
        # What tokens have set.
        ("power_limit_w", "<u4"),
        ("phase_unbalance_limit_w", "<u4"),
        ("tariff_rate", "<u4"),
        ("water_factor", "<u4"),
        ("extended_set", "<u4"),
        # The last token.
        ("token", "V20"),
        ("token_octets", "u1"),
        ("token_s", "<i8"),
        ("token_delivery", "u1"),
        ("token_result", "u1"),
        ("display", f"V{DISPLAY_OCTETS}"),
        ("display_octets", "u1"),
        ("tokens_accepted", "<u4"),
        ("tokens_refused", "<u4"),
    ]
)
FILE: Final = "payment.nvm"


def payment_file(directory: Path, count: int) -> MappedFile | None:
    """The file in the memory's directory; None when no meter of the fleet has prepayment. Raises StoreError."""
    path = directory / FILE
    if not path.exists():
        return None
    file = MappedFile(path, PAYMENT, SLOTS)
    if len(file.rows) != count:
        raise StoreError(f"{path} holds another number of meters", expected=count, got=len(file.rows))
    return file


def create_payment_file(directory: Path, count: int) -> MappedFile:
    """Make the file, with rows of meters that are yet to be set up: all of it appears, or nothing."""
    part = directory / f"{FILE}.part"
    part.unlink(missing_ok=True)
    CommittedRows.create(MappedFile.create(part, PAYMENT, count, SLOTS), np.zeros(count, PAYMENT))
    part.rename(directory / FILE)
    return MappedFile(directory / FILE, PAYMENT, SLOTS)
